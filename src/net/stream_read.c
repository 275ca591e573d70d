/* SPDX-License-Identifier: MIT */
/*
 * Reading: what the front keeps, and when it asks the layers for more.
 *
 * A large read with nothing kept goes straight into the caller's memory. Everything else
 * goes through `in`, which exists only while something is in it: a task that waits with
 * nothing kept receives into a small array on its own stack, which is safe, because it
 * stays parked until the operation is over, and costs an idle connection nothing.
 *
 * A cancel that comes together with bytes wins, since they can be put back: they are kept,
 * and the next read finds them. Only when there is no memory to keep them in are they
 * given to the caller, and the cancel stays pending.
 */
#include <string.h>

#include "base/sys.h"
#include "net/stream.h"

enum {
    DIRECT = 256,    /* reads of so many bytes go past the buffer */
    IDLE = 1024,     /* the array on the stack */
    ROOM_MIN = 1024, /* to read into behind what is kept */
    FIRST = 4 << 10, /* the first size of the buffer */
    BULK = 64 << 10, /* its size where bytes come faster than they are read */
};

/* ---- what is kept -------------------------------------------------------------------- */

static void restore_nul(struct simul_stream *stream)
{
    if (stream->nul)
        *stream->nul = stream->nul_was;
    stream->nul = NULL;
}

static void drop_buffer(struct simul_stream *stream)
{
    sm_free(stream->in);
    stream->in = stream->nul = NULL;
    stream->in_start = stream->in_len = stream->in_size = 0;
}

static char *kept(const struct simul_stream *stream)
{
    return stream->in + stream->in_start;
}

static size_t room_of(const struct simul_stream *stream)
{
    return stream->in_size - stream->in_start - stream->in_len;
}

static void move_to(struct simul_stream *stream, size_t start)
{
    if (stream->in_len > 0)
        memmove(stream->in + start, kept(stream), stream->in_len);
    stream->in_start = start;
}

/* Have room for n bytes behind what is kept; 0 or -ENOMEM, and nothing has changed. */
static int make_room(struct simul_stream *stream, size_t n)
{
    if (room_of(stream) >= n)
        return 0;
    if (stream->in_size - stream->in_len >= n && stream->in_start >= stream->in_len) {
        move_to(stream, 0);
        return 0;
    }
    size_t size = stream->in_size ? 2 * stream->in_size : FIRST;
    while (size < stream->in_start + stream->in_len + n)
        size *= 2;
    char *grown = sm_realloc(stream->in, size + 1); /* Z2 */
    if (!grown)
        return -ENOMEM;
    stream->in = grown;
    stream->in_size = size;
    return 0;
}

static int append(struct simul_stream *stream, const void *data, size_t n)
{
    int r = make_room(stream, n);
    if (r < 0)
        return r;
    memcpy(kept(stream) + stream->in_len, data, n);
    stream->in_len += n;
    return 0;
}

/* Take n of the bytes that are kept. The last takes the buffer's place to its beginning, but
 * moves nothing: the caller may still look at it. */
static void take(struct simul_stream *stream, size_t n)
{
    stream->in_len -= n;
    stream->in_start = stream->in_len > 0 ? stream->in_start + n : 0;
}

static size_t take_into(struct simul_stream *stream, void *buf, size_t n)
{
    if (n > stream->in_len)
        n = stream->in_len;
    if (n > 0)
        memcpy(buf, kept(stream), n);
    take(stream, n);
    return n;
}

/* Put bytes that were taken back, before what is kept. If there is no memory they are
 * lost, and the stream must not go on as if they had not been. */
static int put_back(struct simul_stream *stream, const void *data, size_t n)
{
    if (n == 0)
        return 0;
    size_t start = stream->in_start;
    if (start < n) {
        int r = make_room(stream, n);
        if (r < 0)
            return r;
        move_to(stream, stream->in_start + n);
    }
    stream->in_start -= n;
    stream->in_len += n;
    memcpy(kept(stream), data, n);
    return 0;
}

/* Give out n bytes of what is kept, with an end (Z3), and take them. */
static ssize_t show_and_take(struct simul_stream *stream, size_t n, char **data)
{
    static char nothing[1];
    *data = stream->in ? kept(stream) : nothing;
    if (stream->in) {
        stream->nul = kept(stream) + n;
        stream->nul_was = *stream->nul;
        *stream->nul = '\0';
    }
    take(stream, n);
    return (ssize_t)n;
}

char *sm_stream_hand_over(struct simul_stream *stream, size_t *start, size_t *n)
{
    char *in = stream->in;
    restore_nul(stream);
    *start = stream->in_start;
    *n = stream->in_len;
    if (*n == 0)
        return NULL;
    stream->in = NULL;
    stream->in_start = stream->in_len = stream->in_size = 0;
    stream->more = false;
    return in;
}

/* ---- asking below -------------------------------------------------------------------- */

/* What the connection says for good (Y2). */
static bool stays(ssize_t error)
{
    return error != -ECANCELED && error != -EAGAIN && error != -ENOMEM
           && error != -ENOBUFS && error != -EBUSY && error != -SIMUL_ENOTASK;
}

/* One read of the layers, and what it says about the stream's state. */
static ssize_t pull(struct simul_stream *stream, void *buf, size_t n, unsigned flags)
{
    ssize_t got = stream->top->ops->read(stream->top, buf, n, flags);
    if (sm_unlikely(stream->closing) && got != -ECANCELED)
        return sm_stream_after_close(stream);
    if (sm_unlikely(got == 0))
        stream->eof = true;
    else if (sm_unlikely(got < 0) && stays(got))
        stream->read_error = (int)got;
    stream->more = got == (ssize_t)n;
    return got;
}

/* With nothing kept, and nothing known to come. */
static __attribute__((noinline)) ssize_t fill_idle(struct simul_stream *stream)
{
    char bytes[IDLE];
    drop_buffer(stream);
    ssize_t n = pull(stream, bytes, sizeof bytes, 0);
    if (n > 0 && append(stream, bytes, (size_t)n) < 0)
        n = stream->read_error = -ENOMEM;
    return n;
}

static ssize_t fill_buffer(struct simul_stream *stream, size_t room, unsigned flags)
{
    int r = make_room(stream, room);
    if (r < 0)
        return r;
    ssize_t n = pull(stream, kept(stream) + stream->in_len, room_of(stream), flags);
    if (n > 0)
        stream->in_len += (size_t)n;
    return n;
}

static ssize_t fill_somehow(struct simul_stream *stream)
{
    if (stream->in_len > 0)
        return fill_buffer(stream, stream->more ? stream->in_size / 2 : ROOM_MIN, 0);
    if (stream->more) {
        ssize_t n = fill_buffer(stream, BULK, SM_NOWAIT);
        if (n != -EAGAIN && n != -ENOMEM)
            return n;
    }
    return fill_idle(stream);
}

/* Why nothing can come any more: an error, or 0 at the end; 1 if it can. */
static int state_of(const struct simul_stream *stream)
{
    if (stream->closing)
        return (int)sm_stream_after_close(stream);
    if (stream->read_error)
        return stream->read_error;
    return stream->eof ? 0 : 1;
}

/* Wait until more is kept: how much, 0 at the end of the stream, or an error. */
static ssize_t fill(struct simul_stream *stream)
{
    struct simul_future *task = sm_current();
    int state = state_of(stream);
    if (state <= 0)
        return state;
    bool was = task->must_cancel;
    ssize_t n = fill_somehow(stream);
    if (sm_unlikely(task->must_cancel) && !was) /* it came while we waited */
        return sm_cancel_deliver(task);
    return n;
}

/* ---- entering and leaving ------------------------------------------------------------ */

static int may_read(struct simul_stream *stream)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (stream->reading)
        return -SIMUL_ECONCURRENT;
    restore_nul(stream);
    if (stream->closing)
        drop_buffer(stream);
    return stream->closing ? 0 : stream->read_error;
}

/* The checkpoint may let others run, who may release the stream. */
static int enter(struct simul_stream *stream)
{
    if (!stream)
        return -EINVAL;
    sm_stream_ref(stream);
    int r = may_read(stream);
    if (r < 0)
        sm_stream_unref(stream);
    else
        stream->reading = true;
    return r;
}

static ssize_t leave(struct simul_stream *stream, ssize_t r)
{
    stream->reading = false;
    sm_stream_unref(stream);
    return r;
}

/* ---- read ---------------------------------------------------------------------------- */

/* Bytes came into the caller's memory, and so did a cancel. */
static __attribute__((noinline)) ssize_t give_up(struct simul_stream *stream,
                                                 struct simul_future *task,
                                                 const void *buf, ssize_t n)
{
    if (n > 0 && put_back(stream, buf, (size_t)n) < 0)
        return n;
    return sm_cancel_deliver(task);
}

static ssize_t read_direct(struct simul_stream *stream, void *buf, size_t n)
{
    struct simul_future *task = sm_current();
    bool was = task->must_cancel;
    if (sm_unlikely(stream->in != NULL))
        drop_buffer(stream);
    ssize_t got = pull(stream, buf, n, 0);
    if (sm_unlikely(task->must_cancel) && !was)
        return give_up(stream, task, buf, got);
    return got;
}

static ssize_t read_some(struct simul_stream *stream, void *buf, size_t n)
{
    if (n == 0)
        return 0;
    if (stream->in_len == 0 && n >= DIRECT) {
        int state = state_of(stream);
        return state <= 0 ? state : read_direct(stream, buf, n);
    }
    ssize_t r = stream->in_len > 0 ? 1 : fill(stream);
    return r <= 0 ? r : (ssize_t)take_into(stream, buf, n);
}

ssize_t simul_stream_read(simul_stream *stream, void *buf, size_t n)
{
    int r = enter(stream);
    return r < 0 ? r : leave(stream, read_some(stream, buf, n));
}

/* What was read so far was not enough, and has to stay. */
static ssize_t undo(struct simul_stream *stream, const void *buf, size_t n,
                    ssize_t error)
{
    if (put_back(stream, buf, n) < 0)
        stream->read_error = -ENOMEM;
    return error;
}

static ssize_t read_exactly(struct simul_stream *stream, char *buf, size_t n)
{
    size_t have = 0;
    while (have < n) {
        ssize_t r = read_some(stream, buf + have, n - have);
        if (r < 0)
            return undo(stream, buf, have, r);
        if (r == 0) {
            stream->partial = have;
            return -SIMUL_EINCOMPLETE;
        }
        have += (size_t)r;
    }
    return (ssize_t)n;
}

ssize_t simul_stream_readexactly(simul_stream *stream, void *buf, size_t n)
{
    int r = enter(stream);
    return r < 0 ? r : leave(stream, read_exactly(stream, buf, n));
}

/* ---- up to a separator ---------------------------------------------------------------- */

static ssize_t over_limit(struct simul_stream *stream, size_t consumed)
{
    stream->partial = consumed;
    return -SIMUL_ELIMIT;
}

static ssize_t incomplete(struct simul_stream *stream, char **data)
{
    stream->partial = stream->in_len;
    show_and_take(stream, stream->in_len, data);
    return -SIMUL_EINCOMPLETE;
}

/* As in asyncio the limit does not count the separator, and what was searched once is not
 * searched again. */
static ssize_t read_until(struct simul_stream *stream, const void *separator,
                          size_t len, char **data)
{
    size_t seen = 0;
    for (;;) {
        if (stream->in_len >= seen + len) {
            char *at =
                memmem(kept(stream) + seen, stream->in_len - seen, separator, len);
            size_t before = at ? (size_t)(at - kept(stream)) : stream->in_len + 1 - len;
            if (before > stream->limit)
                return over_limit(stream, before);
            if (at)
                return show_and_take(stream, before + len, data);
            seen = before;
        }
        ssize_t r = fill(stream);
        if (r < 0)
            return r;
        if (r == 0)
            return incomplete(stream, data);
    }
}

ssize_t simul_stream_readuntil(simul_stream *stream, const void *separator,
                               size_t separator_len, char **data)
{
    if (separator_len == 0)
        return -EINVAL;
    int r = enter(stream);
    return r < 0 ? r
                 : leave(stream, read_until(stream, separator, separator_len, data));
}

static ssize_t read_line(struct simul_stream *stream, char **line)
{
    ssize_t r = read_until(stream, "\n", 1, line);
    if (r == -SIMUL_EINCOMPLETE)
        return (ssize_t)stream->partial;
    if (r == -SIMUL_ELIMIT) { /* drop it, as asyncio does */
        size_t n = stream->partial;
        bool whole = n < stream->in_len && kept(stream)[n] == '\n';
        take(stream, whole ? n + 1 : stream->in_len);
    }
    return r;
}

ssize_t simul_stream_readline(simul_stream *stream, char **line)
{
    int r = enter(stream);
    return r < 0 ? r : leave(stream, read_line(stream, line));
}

/* ---- to the end, and looking only ----------------------------------------------------- */

static ssize_t read_all(struct simul_stream *stream, char **data, size_t max)
{
    ssize_t r;
    do {
        if (max > 0 && stream->in_len > max)
            return -SIMUL_ETOOLARGE;
        r = fill(stream);
    } while (r > 0);
    return r < 0 ? r : show_and_take(stream, stream->in_len, data);
}

ssize_t simul_stream_read_all(simul_stream *stream, char **data, size_t max)
{
    int r = enter(stream);
    return r < 0 ? r : leave(stream, read_all(stream, data, max));
}

static ssize_t keep_all(struct simul_stream *stream)
{
    ssize_t r;
    do
        r = fill(stream);
    while (r > 0);
    return r;
}

int sm_stream_keep_all(struct simul_stream *stream)
{
    int r = enter(stream);
    return r < 0 ? r : (int)leave(stream, keep_all(stream));
}

size_t sm_stream_take_kept(struct simul_stream *stream, char **data)
{
    restore_nul(stream);
    return (size_t)show_and_take(stream, stream->in_len, data);
}

static ssize_t peek(struct simul_stream *stream, size_t min, char **data)
{
    if (min > stream->limit && min > stream->in_len)
        return over_limit(stream, stream->in_len);
    ssize_t r = 1;
    while (r > 0 && stream->in_len < (min ? min : 1))
        r = fill(stream);
    if (r < 0)
        return r;
    size_t n = stream->in_len;
    show_and_take(stream, n, data);
    stream->in_len = n;
    stream->in_start = stream->in ? (size_t)(*data - stream->in) : 0;
    return (ssize_t)n;
}

ssize_t simul_stream_peek(simul_stream *stream, size_t min, char **data)
{
    int r = enter(stream);
    return r < 0 ? r : leave(stream, peek(stream, min, data));
}

int simul_stream_consume(simul_stream *stream, size_t n)
{
    if (!stream || n > stream->in_len)
        return -EINVAL;
    if (stream->reading)
        return -SIMUL_ECONCURRENT;
    take(stream, n);
    return 0;
}

/* ---- questions ----------------------------------------------------------------------- */

size_t simul_stream_partial(const simul_stream *stream)
{
    return stream ? stream->partial : 0;
}

bool simul_stream_at_eof(const simul_stream *stream)
{
    return !stream || ((stream->eof || stream->closing) && stream->in_len == 0);
}
