/* SPDX-License-Identifier: MIT */
/*
 * The bottom layer over pipes and the like: reading, the calls, the end. Writing is that of
 * sockets (tcp_write.c) with other system calls.
 *
 *  N1. out.fd is -1 when there is nothing to write to, or no longer: the end of the stream
 *      is said by closing it.
 *  N2. A pipe's reader that leaves is noticed without writing (S46): `gone` waits for that,
 *      for nothing else, and holds nobody. The end (Y7) waits for it as for the outbox; the
 *      loop is held then, as the poller's answer to the cancel is still to come.
 */
#include "net/pipe.h"

#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/socket.h"

struct sm_pipe {
    struct sm_tcp out; /* its fd: N1 */
    struct sm_pipe_end in_end, out_end;
    bool one;      /* both are the same descriptor */
    bool closed;   /* so are the descriptors */
    bool watching; /* `gone` is pending: N2 */
    bool ending;   /* … and was cancelled: the loop is held */
    struct sm_op gone;
};

struct sm_pipe_stream {
    struct simul_stream stream;
    struct sm_pipe pipe;
};

static struct sm_pipe *pipe_of(struct sm_tcp *tcp)
{
    return sm_container_of(tcp, struct sm_pipe, out);
}

/* Will a call in this direction not wait? (D4) */
static long ask(int fd, short events)
{
    const struct timespec now = {0, 0};
    struct pollfd ready = {.fd = fd, .events = events};
    long r = sm_ppoll(&ready, 1, &now);
    return r == 0 || r == -EINTR ? -EAGAIN : r;
}

/* For a descriptor that is asked first. It holds a virtual clock, as reads do. */
static ssize_t wait_until(struct sm_op *op, const char *what)
{
    struct simul_loop *loop = sm_running;
    bool asks = op->code == SM_OP_POLL;
    if (asks)
        sm_loop_hold(loop, true);
    ssize_t r = sm_op_wait(op, what);
    if (asks)
        sm_loop_unhold(loop, true);
    return r;
}

/* ---- reading ------------------------------------------------------------------------- */

static ssize_t read_at_once(struct sm_pipe *pipe, void *buf, size_t n)
{
    long r = pipe->in_end.patient ? ask(pipe->in_end.fd, POLLIN) : 0;
    return r < 0 ? r : sm_read(pipe->in_end.fd, buf, n);
}

/* One that was asked may be read from now, if nobody has closed it meanwhile. */
static ssize_t read_waiting(struct sm_pipe *pipe, void *buf, size_t n)
{
    struct sm_op op = {.fd = pipe->in_end.fd, .code = SM_OP_READ, .buf = {buf, n}};
    if (pipe->in_end.patient)
        op = (struct sm_op){.fd = pipe->in_end.fd, .code = SM_OP_POLL, .flags = POLLIN};
    pipe->out.reading = &op;
    ssize_t got = wait_until(&op, "read");
    pipe->out.reading = NULL;
    if (op.code == SM_OP_READ || got < 0)
        return got;
    return pipe->closed ? -ECANCELED : sm_read(pipe->in_end.fd, buf, n);
}

static ssize_t pipe_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    struct sm_pipe *pipe = pipe_of(tcp_of(layer));
    if (pipe->in_end.fd < 0)
        return -EBADF;
    if (flags & SM_NOWAIT)
        return read_at_once(pipe, buf, n);
    ssize_t got;
    do
        got = read_waiting(pipe, buf, n);
    while (got == -EAGAIN);
    if (got == -ECANCELED && !sm_was_cancelled())
        return pipe->out.closing ? sm_stream_after_close(layer->stream) : -EAGAIN;
    return got;
}

/* ---- the calls by which bytes go out --------------------------------------------------- */

static ssize_t pipe_send(struct sm_tcp *tcp, const struct iovec *pieces, int n)
{
    if (n == 1)
        return sm_write(tcp->fd, pieces->iov_base, pieces->iov_len);
    return sm_writev(tcp->fd, pieces, n);
}

static ssize_t pipe_send_waiting(struct sm_tcp *tcp, const struct iovec *pieces, int n)
{
    (void)n;
    struct sm_op op = {
        .fd = tcp->fd, .code = SM_OP_WRITE, .buf = {pieces->iov_base, pieces->iov_len}};
    return sm_op_wait(&op, "write");
}

/* What a pipe that is ready has room for; of a terminal it is likely. */
static ssize_t patient_send(struct sm_tcp *tcp, const struct iovec *pieces, int n)
{
    const size_t most = pipe_of(tcp)->out_end.is_fifo ? PIPE_BUF : 256;
    (void)n;
    long r = ask(tcp->fd, POLLOUT);
    if (r < 0)
        return r;
    size_t size = pieces->iov_len < most ? pieces->iov_len : most;
    return sm_write(tcp->fd, pieces->iov_base, size);
}

static ssize_t patient_send_waiting(struct sm_tcp *tcp, const struct iovec *pieces,
                                    int n)
{
    struct sm_op op = {.fd = tcp->fd, .code = SM_OP_POLL, .flags = POLLOUT};
    ssize_t r = wait_until(&op, "write");
    if (r < 0)
        return r;
    if (tcp->fd < 0)
        return -ECANCELED; /* closed meanwhile */
    r = patient_send(tcp, pieces, n);
    return r == -EAGAIN ? 0 : r;
}

/* ---- the end ------------------------------------------------------------------------- */

static void close_end(struct simul_loop *loop, struct sm_pipe_end *end)
{
    if (end->fd < 0)
        return;
    if (end->flags >= 0)
        sm_socket_restore(loop, end->fd, end->flags); /* D3 */
    sm_socket_close(loop, end->fd);
    end->fd = -1;
}

static void watch_ended(struct sm_pipe *pipe)
{
    pipe->watching = false;
    if (pipe->ending)
        sm_loop_unhold(pipe->out.layer.stream->loop, true);
    pipe->ending = false;
}

static void watch_no_longer(struct sm_pipe *pipe)
{
    struct simul_loop *loop = pipe->out.layer.stream->loop;
    if (sm_loop_over(loop))
        pipe->watching = false;
    if (!pipe->watching || pipe->ending)
        return;
    pipe->ending = true;
    sm_loop_hold(loop, true);
    if (sm_poll_ops(loop->poll)->cancel(loop->poll, &pipe->gone) == SM_OP_REMOVED)
        watch_ended(pipe);
}

static void close_out(struct sm_pipe *pipe)
{
    watch_no_longer(pipe);
    close_end(pipe->out.layer.stream->loop, &pipe->out_end);
    pipe->out.fd = -1;
}

static long pipe_end(struct sm_tcp *tcp)
{
    close_out(pipe_of(tcp));
    return 0;
}

static void close_all(struct sm_pipe *pipe)
{
    pipe->closed = true;
    if (pipe->one)
        pipe->in_end.fd = -1;
    close_end(pipe->out.layer.stream->loop, &pipe->in_end);
    close_out(pipe);
    sm_tcp_wake_writers(&pipe->out);
}

static void pipe_finish(struct sm_tcp *tcp)
{
    struct sm_pipe *pipe = pipe_of(tcp);
    struct simul_stream *stream = tcp->layer.stream;
    bool over = sm_loop_over(stream->loop);
    if (!pipe->closed || over)
        sm_tcp_drop_outbox(tcp);
    if (!pipe->closed)
        close_all(pipe);
    else if (over)
        pipe->watching = false;
    if (!tcp->outbox && !pipe->watching)
        sm_stream_closed(stream, sm_tcp_error_at_end(tcp));
}

static void pipe_close(struct sm_layer *layer, unsigned flags)
{
    struct sm_tcp *tcp = tcp_of(layer);
    sm_tcp_close(tcp, pipe_of(tcp)->closed, flags);
}

static void pipe_release(struct sm_layer *layer)
{
    sm_free(sm_container_of(pipe_of(tcp_of(layer)), struct sm_pipe_stream, pipe));
}

/* ---- the reader that leaves (N2) -------------------------------------------------------- */

/* What is being written finds out by itself. */
static void reader_left(struct sm_tcp *tcp)
{
    if (!tcp->error && !tcp->outbox && !tcp->writing)
        tcp->error = -EPIPE;
}

static void gone(struct sm_op *op)
{
    struct sm_pipe *pipe = op->user;
    watch_ended(pipe);
    if (pipe->closed)
        pipe_finish(&pipe->out);
    else if (op->result > 0 && op->result & (POLLERR | POLLHUP))
        reader_left(&pipe->out);
}

/* Events that are not asked for are told: POLLERR is. Without memory for it, a write will
 * tell. */
static void watch_reader(struct sm_pipe *pipe, struct simul_loop *loop)
{
    if (!pipe->out_end.is_fifo || pipe->one)
        return;
    pipe->gone = (struct sm_op){
        .done = gone, .fd = pipe->out.fd, .code = SM_OP_POLL, .user = pipe};
    pipe->watching = true;
    if (sm_poll_ops(loop->poll)->submit(loop->poll, &pipe->gone))
        gone(&pipe->gone);
}

/* ---- the rest of the table ---------------------------------------------------------------- */

static bool is_writable(struct sm_layer *layer)
{
    return pipe_of(tcp_of(layer))->out_end.given >= 0;
}

static ssize_t pipe_write(struct sm_layer *layer, const struct iovec *iov, int n,
                          unsigned flags)
{
    return is_writable(layer) ? sm_tcp_write(layer, iov, n, flags) : -EBADF;
}

static int pipe_flush(struct sm_layer *layer)
{
    return is_writable(layer) ? sm_tcp_flush(layer) : -EBADF;
}

static int pipe_shutdown(struct sm_layer *layer)
{
    if (!is_writable(layer))
        return -EBADF;
    return pipe_of(tcp_of(layer))->one ? -ENOTSUP : sm_tcp_shutdown(layer);
}

static int pipe_info(const struct sm_layer *layer, enum sm_info what, void *answer)
{
    const struct sm_tcp *tcp = sm_container_of(layer, struct sm_tcp, layer);
    const struct sm_pipe *pipe = sm_container_of(tcp, struct sm_pipe, out);
    if (what != SM_INFO_FD)
        return sm_tcp_info(tcp, what, answer);
    *(int *)answer = pipe->in_end.fd >= 0 ? pipe->in_end.fd : tcp->fd;
    return *(int *)answer < 0 ? -SIMUL_ESTATE : 0;
}

static const struct sm_layer_ops pipe_ops = {
    .name = "pipe",
    .read = pipe_read,
    .write = pipe_write,
    .flush = pipe_flush,
    .shutdown = pipe_shutdown,
    .close = pipe_close,
    .wake = sm_tcp_wake,
    .info = pipe_info,
    .release = pipe_release,
};

static const struct sm_wire pipe_wire = {
    .code = SM_OP_WRITE,
    .send = pipe_send,
    .send_waiting = pipe_send_waiting,
    .end = pipe_end,
    .finish = pipe_finish,
};

static const struct sm_wire patient_wire = {
    .code = SM_OP_POLL,
    .send = patient_send,
    .send_waiting = patient_send_waiting,
    .end = pipe_end,
    .finish = pipe_finish,
};

int sm_stream_of_pipe(struct simul_stream **stream, struct simul_loop *loop,
                      const struct sm_pipe_end *in, const struct sm_pipe_end *out,
                      const simul_connect_opts *opts)
{
    struct sm_pipe_stream *made = sm_zalloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    struct sm_pipe *pipe = &made->pipe;
    pipe->in_end = *in;
    pipe->out_end = *out;
    pipe->one = in->fd >= 0 && in->fd == out->fd;
    pipe->out.layer.ops = &pipe_ops;
    sm_tcp_init(&pipe->out, out->patient ? &patient_wire : &pipe_wire, out->fd, opts);
    sm_stream_init(&made->stream, loop, &pipe->out.layer, opts ? opts->limit : 0);
    watch_reader(pipe, loop);
    *stream = &made->stream;
    return 0;
}
