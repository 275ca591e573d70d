/* SPDX-License-Identifier: MIT */
/*
 * The front of a stream: its life, writing through to the layers, questions. Reading is in
 * stream_read.c, what layers are in stream.h.
 */
#include "net/stream.h"

#include "base/log.h"
#include "base/sys.h"

enum { LIMIT = 64 << 10, IOV_PIECES_MAX = 1024 };

/* ---- layers that pass on ------------------------------------------------------------- */

ssize_t sm_pass_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    return layer->below->ops->read(layer->below, buf, n, flags);
}

ssize_t sm_pass_write(struct sm_layer *layer, const struct iovec *iov, int n,
                      unsigned flags)
{
    return layer->below->ops->write(layer->below, iov, n, flags);
}

int sm_pass_flush(struct sm_layer *layer)
{
    return layer->below->ops->flush(layer->below);
}

int sm_pass_shutdown(struct sm_layer *layer)
{
    return layer->below->ops->shutdown(layer->below);
}

void sm_pass_close(struct sm_layer *layer, unsigned flags)
{
    layer->below->ops->close(layer->below, flags);
}

void sm_pass_wake(struct sm_layer *layer)
{
    layer->below->ops->wake(layer->below);
}

int sm_pass_info(const struct sm_layer *layer, enum sm_info what, void *answer)
{
    return layer->below->ops->info(layer->below, what, answer);
}

static int ask(const struct simul_stream *stream, enum sm_info what, void *answer)
{
    return stream->top->ops->info(stream->top, what, answer);
}

/* ---- making -------------------------------------------------------------------------- */

/* The loop is closed, and the poller with it: nothing can be sent any more. */
static void cut_off(struct simul_stream *stream)
{
    size_t kept = 0;
    ask(stream, SM_INFO_KEPT, &kept);
    if (kept > 0)
        sm_log(SIMUL_LOG_WARNING,
               "a loop was closed while a stream had %zu bytes to send; they are lost",
               kept);
    stream->told = stream->closing = stream->aborted = true;
    stream->top->ops->close(stream->top, SM_ABORT);
}

/* No task will return from a call that it was in (Z1). */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_stream *stream =
        sm_container_of(at_close, struct simul_stream, at_close);
    stream->refs = 1 + !stream->released;
    if (stream->loop->debug && !stream->closing && !stream->released)
        sm_log(SIMUL_LOG_WARNING, "a stream was not closed before its loop");
    if (!stream->closed)
        cut_off(stream);
    else
        sm_stream_unref(stream);
}

void sm_stream_init(struct simul_stream *stream, struct simul_loop *loop,
                    struct sm_layer *bottom, size_t limit)
{
    stream->loop = loop;
    stream->top = bottom;
    bottom->stream = stream;
    stream->limit = limit ? limit : LIMIT;
    stream->refs = 2; /* Z1 */
    sm_list_init(&stream->waiters);
    stream->at_close.close = end_with_loop;
    sm_list_push(&loop->at_close, &stream->at_close.link);
}

void sm_stream_push(struct simul_stream *stream, struct sm_layer *layer)
{
    layer->stream = stream;
    layer->below = stream->top;
    stream->top = layer;
}

/* ---- the end ------------------------------------------------------------------------- */

void sm_stream_last_unref(struct simul_stream *stream)
{
    sm_list_remove(&stream->at_close.link);
    sm_free(stream->in);
    stream->in = NULL;
    for (struct sm_layer *it = stream->top, *below; it; it = below) {
        below = it->below;
        it->ops->release(it);
    }
}

/* Nobody is left who could ask. */
static void report(struct simul_stream *stream, int error)
{
    simul_call_exception_handler(
        stream->loop,
        &(simul_error_context){.message =
                                   "a stream could not send all that was written to it",
                               .error = error});
}

void sm_stream_closed(struct simul_stream *stream, int error)
{
    sm_assert(!stream->closed);
    stream->closed = true;
    if (!stream->close_error)
        stream->close_error = error;
    while (sm_waitq_wake(&stream->waiters, 0))
        ;
    if (stream->close_error && stream->released && !stream->told)
        report(stream, stream->close_error);
    struct sm_stream_owner *owner = stream->owner;
    stream->owner = NULL;
    if (owner)
        owner->closed(owner);
    sm_stream_unref(stream);
}

static void end(struct simul_stream *stream, unsigned flags)
{
    bool again = stream->closing && (stream->aborted || !(flags & SM_ABORT));
    if (again || stream->closed)
        return;
    if (sm_loop_over(stream->loop)) /* nothing can be said */
        flags |= SM_ABORT;
    if (stream->sending) { /* half a file must not look like the whole */
        *stream->sending = -1;
        flags |= SM_ABORT | SM_RESET;
    }
    stream->closing = true;
    stream->aborted |= (flags & SM_ABORT) != 0;
    stream->top->ops->close(stream->top, flags);
}

void simul_stream_close(simul_stream *stream)
{
    if (stream)
        end(stream, 0);
}

void simul_stream_abort(simul_stream *stream)
{
    if (stream)
        end(stream, SM_ABORT);
}

static int wait_closed(struct simul_stream *stream)
{
    int r = stream->closed ? 0 : sm_checkpoint();
    if (r < 0)
        return r;
    if (!stream->closed)
        r = (int)sm_waitq_sleep(&stream->waiters, "wait_closed", stream, NULL);
    if (r == -ECANCELED && stream->closing)
        simul_stream_abort(stream);
    if (r < 0)
        return r;
    stream->told = true;
    return stream->close_error;
}

int simul_stream_wait_closed(simul_stream *stream)
{
    struct simul_future *task = sm_current();
    if (!stream)
        return -EINVAL;
    if (!task)
        return -SIMUL_ENOTASK;
    bool sticky = sm_sticky_save(task);
    sm_stream_ref(stream);
    int r = wait_closed(stream);
    sm_stream_unref(stream);
    sm_sticky_restore(task, sticky);
    return r;
}

void simul_stream_release(simul_stream *stream)
{
    if (!stream)
        return;
    stream->released = true;
    simul_stream_close(stream);
    sm_stream_unref(stream);
}

/* ---- writing ------------------------------------------------------------------------- */

/* May the running task write? The checkpoint may let others run, who may close it. */
static int enter_write(struct simul_stream *stream)
{
    if (!stream)
        return -EINVAL;
    sm_stream_ref(stream);
    int r = sm_checkpoint();
    if (r == 0 && (stream->closing || stream->ended || stream->sending))
        r = -SIMUL_ESTATE;
    if (r < 0)
        sm_stream_unref(stream);
    else
        stream->writing++;
    return r;
}

static ssize_t leave_write(struct simul_stream *stream, ssize_t r)
{
    if (r < 0 && r != -ECANCELED)
        stream->told = true;
    sm_stream_unref(stream);
    return r;
}

static ssize_t written(struct simul_stream *stream, ssize_t r)
{
    stream->writing--;
    return leave_write(stream, r);
}

ssize_t simul_stream_write(simul_stream *stream, const void *data, size_t n)
{
    struct iovec piece = {(void *)data, n};
    int r = enter_write(stream);
    if (r < 0)
        return r;
    return written(stream, stream->top->ops->write(stream->top, &piece, 1, 0));
}

ssize_t simul_stream_writev(simul_stream *stream, const struct iovec *iov, int n)
{
    if (n < 0 || n > IOV_PIECES_MAX)
        return -EINVAL;
    int r = enter_write(stream);
    if (r < 0)
        return r;
    return written(stream, stream->top->ops->write(stream->top, iov, n, 0));
}

int sm_stream_send_begin(struct simul_stream *stream, int *fd)
{
    int r = enter_write(stream);
    if (r < 0)
        return r;
    if (stream->writing > 1)
        return (int)written(stream, -SIMUL_ECONCURRENT);
    stream->sending = fd;
    return 0;
}

ssize_t sm_stream_send_end(struct simul_stream *stream, ssize_t r, bool cut_off)
{
    if (cut_off)
        end(stream, SM_ABORT | SM_RESET);
    stream->sending = NULL;
    return written(stream, r);
}

int simul_stream_drain(simul_stream *stream)
{
    if (!stream)
        return -EINVAL;
    sm_stream_ref(stream);
    ssize_t r = sm_checkpoint();
    if (r == 0)
        r = stream->closing ? -SIMUL_ESTATE : stream->top->ops->flush(stream->top);
    return (int)leave_write(stream, r);
}

int simul_stream_write_eof(simul_stream *stream)
{
    if (!stream)
        return -EINVAL;
    if (stream->closing || stream->sending || sm_loop_over(stream->loop))
        return -SIMUL_ESTATE;
    if (stream->ended)
        return 0;
    int r = stream->top->ops->shutdown(stream->top);
    if (r == 0)
        stream->ended = true;
    else if (r != -ENOTSUP)
        stream->told = true;
    return r;
}

/* ---- questions ----------------------------------------------------------------------- */

bool simul_stream_is_closing(const simul_stream *stream)
{
    int error = 0;
    if (!stream || stream->closing || stream->read_error)
        return true;
    return ask(stream, SM_INFO_ERROR, &error) == 0 && error < 0;
}

static int name(const struct simul_stream *stream, enum sm_info what, char *text,
                size_t size)
{
    simul_address address;
    if (size > 0)
        text[0] = '\0';
    int r = !stream ? -EINVAL : ask(stream, what, &address);
    return r < 0 ? r : simul_address_text(&address, text, size);
}

int simul_stream_peername(const simul_stream *stream, char *text, size_t size)
{
    return name(stream, SM_INFO_PEERNAME, text, size);
}

int simul_stream_sockname(const simul_stream *stream, char *text, size_t size)
{
    return name(stream, SM_INFO_SOCKNAME, text, size);
}

int simul_stream_fileno(const simul_stream *stream)
{
    int fd = -1;
    int r = stream ? ask(stream, SM_INFO_FD, &fd) : -EINVAL;
    return r < 0 ? r : fd;
}

size_t simul_stream_write_buffer_size(const simul_stream *stream)
{
    size_t kept = 0;
    if (stream)
        ask(stream, SM_INFO_KEPT, &kept);
    return kept;
}
