/* SPDX-License-Identifier: MIT */
/*
 * A bottom layer without a kernel: what one end writes lies in the memory of the other
 * until it is read there. What is in that memory counts as sent, as with a socket's
 * buffer, but for what a write without waiting has put in beyond its ROOM: that counts as
 * kept. Closing is done at once.
 */
#include <string.h>

#include "base/sys.h"
#include "contract/layers.h"

enum { ROOM = 8192 };

struct memory {
    struct sm_layer layer;
    struct memory *peer; /* NULL: released, or closed */
    char *in;            /* owned: what has come, in_len bytes */
    size_t in_len, in_size;
    bool in_ended; /* nothing more will come */
    bool in_reset; /* … and something is missing */
    bool writing, half, broken, ended, closed;
    struct sm_list readers; /* the task in read() */
    struct sm_list turns;   /* tasks that wait to write */
    struct sm_list room;    /* the peer's task that waits for room in `in` */
};

struct memory_stream {
    struct simul_stream stream;
    struct memory memory;
};

static struct memory *memory_of(struct sm_layer *layer)
{
    return sm_container_of(layer, struct memory, layer);
}

/* ---- reading ------------------------------------------------------------------------- */

static size_t take(struct memory *memory, void *buf, size_t n)
{
    if (n > memory->in_len)
        n = memory->in_len;
    memcpy(buf, memory->in, n);
    memory->in_len -= n;
    memmove(memory->in, memory->in + n, memory->in_len);
    sm_waitq_wake(&memory->room, 0);
    return n;
}

static ssize_t memory_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    struct memory *memory = memory_of(layer);
    while (memory->in_len == 0 && !memory->in_ended) {
        if (flags & SM_NOWAIT)
            return -EAGAIN;
        ssize_t r = sm_waitq_sleep(&memory->readers, "read", memory, NULL);
        if (r < 0)
            return r; /* Y1: nothing was taken */
        if (memory->closed)
            return sm_stream_after_close(layer->stream);
    }
    if (memory->in_len > 0)
        return (ssize_t)take(memory, buf, n);
    return memory->in_reset ? -ECONNRESET : 0;
}

/* ---- writing ------------------------------------------------------------------------- */

static int usable(const struct memory *memory)
{
    if (memory->closed)
        return -SIMUL_ESTATE;
    if (memory->broken)
        return -SIMUL_EBROKEN;
    return memory->peer ? 0 : -EPIPE;
}

static int writable(const struct memory *memory)
{
    return memory->ended ? -SIMUL_ESTATE : usable(memory);
}

static int make_room(struct memory *memory, size_t n)
{
    if (memory->in_len + n <= memory->in_size)
        return 0;
    char *grown = sm_realloc(memory->in, memory->in_len + n);
    if (!grown)
        return -ENOMEM;
    memory->in = grown;
    memory->in_size = memory->in_len + n;
    return 0;
}

/* The caller has made room. */
static void give(struct memory *to, const char *data, size_t n)
{
    memcpy(to->in + to->in_len, data, n);
    to->in_len += n;
    sm_waitq_wake(&to->readers, 0);
}

/* What fits at once is waited for as a whole, so that a cancel finds nothing written. */
static int wait_for_room(struct memory *memory, size_t n)
{
    size_t level = n < ROOM ? ROOM - n : 0;
    while (memory->peer && memory->peer->in_len > level) {
        ssize_t r = sm_waitq_sleep(&memory->peer->room, "write", memory, NULL);
        if (r < 0)
            return (int)r;
    }
    return usable(memory);
}

static int give_piece(struct memory *memory, const char *data, size_t n)
{
    int r = wait_for_room(memory, n);
    if (r == 0)
        r = make_room(memory->peer, n);
    if (r == 0)
        give(memory->peer, data, n);
    return r;
}

static ssize_t give_all(struct memory *memory, const char *data, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t piece = n - at < ROOM ? n - at : ROOM;
        memory->half = at > 0;
        int r = give_piece(memory, data + at, piece);
        memory->half = false;
        if (r < 0 && at > 0)
            memory->broken |= r != -EPIPE;
        if (r < 0)
            return memory->broken ? -SIMUL_EBROKEN : r;
        at += piece;
    }
    return (ssize_t)n;
}

static void end_for_peer(struct memory *memory, bool reset)
{
    struct memory *peer = memory->peer;
    if (!peer)
        return;
    peer->in_ended = true;
    peer->in_reset = reset;
    if (reset)
        peer->in_len = 0;
    sm_waitq_wake(&peer->readers, 0);
}

/* Y5: the end comes behind the write that has the turn. */
static void pass_turn(struct memory *memory)
{
    memory->writing = sm_waitq_wake(&memory->turns, 0);
    if (memory->ended)
        end_for_peer(memory, false);
}

static ssize_t write_in_turn(struct memory *memory, const char *data, size_t n)
{
    if (memory->writing) {
        bool woken;
        ssize_t r = sm_waitq_sleep(&memory->turns, "write", memory, &woken);
        if (r < 0) {
            if (woken)
                pass_turn(memory);
            return r;
        }
    }
    memory->writing = true;
    ssize_t r = writable(memory);
    if (r == 0)
        r = give_all(memory, data, n);
    pass_turn(memory);
    return r;
}

static ssize_t write_at_once(struct memory *memory, const char *data, size_t n)
{
    int r = memory->half ? -EAGAIN : make_room(memory->peer, n);
    if (r < 0)
        return r;
    give(memory->peer, data, n);
    return (ssize_t)n;
}

static size_t join(char *whole, const struct iovec *iov, int n)
{
    size_t at = 0;
    for (int i = 0; i < n; at += iov[i++].iov_len)
        if (iov[i].iov_len > 0)
            memcpy(whole + at, iov[i].iov_base, iov[i].iov_len);
    return at;
}

static ssize_t memory_write(struct sm_layer *layer, const struct iovec *iov, int n,
                            unsigned flags)
{
    struct memory *memory = memory_of(layer);
    size_t size = 0;
    int r = writable(memory);
    if (r < 0)
        return r;
    for (int i = 0; i < n; i++)
        size += iov[i].iov_len;
    char *whole = sm_malloc(size);
    if (!whole)
        return -ENOMEM;
    join(whole, iov, n);
    ssize_t done = flags & SM_NOWAIT ? write_at_once(memory, whole, size)
                                     : write_in_turn(memory, whole, size);
    sm_free(whole);
    return done;
}

static size_t kept_for(const struct memory *peer)
{
    return peer && peer->in_len > ROOM ? peer->in_len - ROOM : 0;
}

static int memory_flush(struct sm_layer *layer)
{
    struct memory *memory = memory_of(layer);
    int r = usable(memory);
    while (r == 0 && kept_for(memory->peer) > 0) {
        r = (int)sm_waitq_sleep(&memory->peer->room, "drain", memory, NULL);
        if (r == 0)
            r = usable(memory);
    }
    return r;
}

/* Y11 */
static void memory_wake(struct sm_layer *layer)
{
    struct memory *memory = memory_of(layer);
    sm_waitq_wake(&memory->readers, -EAGAIN);
    while (memory->peer && sm_waitq_wake(&memory->peer->room, -EAGAIN))
        ;
}

/* ---- the end ------------------------------------------------------------------------- */

static int memory_shutdown(struct sm_layer *layer)
{
    struct memory *memory = memory_of(layer);
    int r = usable(memory);
    if (r < 0)
        return r;
    memory->ended = true;
    if (!memory->writing)
        end_for_peer(memory, false);
    return 0;
}

static void disconnect(struct memory *memory)
{
    if (memory->peer)
        memory->peer->peer = NULL;
    memory->peer = NULL;
    sm_waitq_wake(&memory->room, 0); /* the peer's writer */
}

static void memory_close(struct sm_layer *layer, unsigned flags)
{
    struct memory *memory = memory_of(layer), *peer = memory->peer;
    bool dropped = flags & SM_ABORT && kept_for(peer) > 0;
    if (memory->closed)
        return;
    memory->closed = true;
    memory->broken |= memory->half || flags & SM_RESET;
    end_for_peer(memory, memory->broken || dropped);
    if (peer)
        sm_waitq_wake(&peer->room, 0); /* our writer */
    disconnect(memory);
    sm_waitq_wake(&memory->readers, 0);
    sm_stream_closed(layer->stream, memory->broken ? -SIMUL_EBROKEN : 0);
}

static int memory_info(const struct sm_layer *layer, enum sm_info what, void *answer)
{
    const struct memory *memory = sm_container_of(layer, struct memory, layer);
    switch (what) {
    case SM_INFO_KEPT:
        *(size_t *)answer = kept_for(memory->peer);
        return 0;
    case SM_INFO_ERROR:
        *(int *)answer = memory->broken ? -SIMUL_EBROKEN : memory->peer ? 0 : -EPIPE;
        return 0;
    default:
        return -ENOTSUP;
    }
}

static void memory_release(struct sm_layer *layer)
{
    struct memory *memory = memory_of(layer);
    sm_free(memory->in);
    sm_free(sm_container_of(memory, struct memory_stream, memory));
}

static const struct sm_layer_ops memory_ops = {
    .name = "memory",
    .read = memory_read,
    .write = memory_write,
    .flush = memory_flush,
    .shutdown = memory_shutdown,
    .close = memory_close,
    .wake = memory_wake,
    .info = memory_info,
    .release = memory_release,
};

/* ---- making -------------------------------------------------------------------------- */

static void init(struct memory_stream *end, struct memory_stream *other,
                 struct simul_loop *loop)
{
    struct memory *memory = &end->memory;
    memory->layer.ops = &memory_ops;
    memory->peer = &other->memory;
    sm_list_init(&memory->readers);
    sm_list_init(&memory->turns);
    sm_list_init(&memory->room);
    sm_stream_init(&end->stream, loop, &memory->layer, 0);
}

int layer_memory_pair(simul_stream *pair[2], struct simul_loop *loop)
{
    struct memory_stream *a = sm_zalloc(sizeof *a), *b = sm_zalloc(sizeof *b);
    if (!a || !b) {
        sm_free(a);
        sm_free(b);
        return -ENOMEM;
    }
    init(a, b, loop);
    init(b, a, loop);
    pair[0] = &a->stream;
    pair[1] = &b->stream;
    return 0;
}
