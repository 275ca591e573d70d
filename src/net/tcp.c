/* SPDX-License-Identifier: MIT */
/*
 * The bottom layer over a socket, TCP or Unix: reading, questions, the end. Receiving goes
 * straight into the memory of whoever asked: he stays parked until the operation is over.
 */
#include "net/tcp.h"

#include "base/sys.h"
#include "net/socket.h"

struct sm_tcp_stream {
    struct simul_stream stream;
    struct sm_tcp tcp;
};

/* ---- reading ------------------------------------------------------------------------- */

static ssize_t tcp_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    struct sm_tcp *tcp = tcp_of(layer);
    if (flags & SM_NOWAIT)
        return sm_recv(tcp->fd, buf, n, MSG_DONTWAIT);
    struct sm_op op = {.fd = tcp->fd, .code = SM_OP_RECV, .buf = {buf, n}};
    tcp->reading = &op;
    ssize_t got = sm_op_wait(&op, "read");
    tcp->reading = NULL;
    if (sm_unlikely(got == -ECANCELED) && !sm_was_cancelled())
        return tcp->closing ? sm_stream_after_close(layer->stream) : -EAGAIN;
    return got;
}

/* The descriptor lives on for a while: take only this operation from it. An operation that
 * has completed, with its task not resumed yet, keeps its result. */
void sm_tcp_wake_reader(struct sm_tcp *tcp)
{
    struct simul_loop *loop = tcp->layer.stream->loop;
    struct sm_op *op = tcp->reading;
    if (!op || op->state == SM_OP_IDLE)
        return;
    if (sm_poll_ops(loop->poll)->cancel(loop->poll, op) != SM_OP_REMOVED)
        return; /* its done() is still to come */
    op->result = -ECANCELED;
    op->done(op);
}

/* ---- the end ------------------------------------------------------------------------- */

int sm_tcp_error_at_end(const struct sm_tcp *tcp)
{
    return tcp->broken ? -SIMUL_EBROKEN : tcp->error;
}

static void tcp_finish(struct sm_tcp *tcp)
{
    struct simul_stream *stream = tcp->layer.stream;
    bool dropped = tcp->outbox;
    if (tcp->fd >= 0 || sm_loop_over(stream->loop))
        sm_tcp_drop_outbox(tcp);
    if (tcp->fd >= 0) {
        if (dropped || tcp->broken)
            sm_socket_reset_on_close(stream->loop, tcp->fd);
        sm_socket_close(stream->loop, tcp->fd);
        tcp->fd = -1;
        sm_tcp_wake_writers(tcp);
    }
    if (!tcp->outbox)
        sm_stream_closed(stream, sm_tcp_error_at_end(tcp));
}

void sm_tcp_close(struct sm_tcp *tcp, bool closed, unsigned flags)
{
    bool over = sm_loop_over(tcp->layer.stream->loop);
    if (over)
        flags |= SM_ABORT;
    else if (closed || (tcp->closing && !(flags & SM_ABORT)))
        return;
    tcp->closing = true;
    tcp->aborted = flags & SM_ABORT;
    tcp->broken |= tcp->half || flags & SM_RESET;
    if (tcp->aborted || !tcp->outbox) {
        tcp->wire->finish(tcp);
        return;
    }
    sm_tcp_wake_reader(tcp);
    sm_tcp_wake_writers(tcp);
}

static void tcp_close(struct sm_layer *layer, unsigned flags)
{
    struct sm_tcp *tcp = tcp_of(layer);
    sm_tcp_close(tcp, tcp->fd < 0, flags);
}

void sm_tcp_wake(struct sm_layer *layer)
{
    sm_tcp_wake_reader(tcp_of(layer));
    sm_tcp_wake_flushers(tcp_of(layer));
}

static void tcp_release(struct sm_layer *layer)
{
    sm_free(sm_container_of(tcp_of(layer), struct sm_tcp_stream, tcp));
}

/* ---- the calls ------------------------------------------------------------------------ */

static ssize_t tcp_send(struct sm_tcp *tcp, const struct iovec *pieces, int n)
{
    const int flags = MSG_NOSIGNAL | MSG_DONTWAIT;
    if (sm_likely(n == 1))
        return sm_send(tcp->fd, pieces->iov_base, pieces->iov_len, flags);
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)n};
    return sm_sendmsg(tcp->fd, &message, flags);
}

static ssize_t tcp_send_waiting(struct sm_tcp *tcp, const struct iovec *pieces, int n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)n};
    struct sm_op op = {.fd = tcp->fd, .code = SM_OP_SENDMSG, .msg = &message};
    return sm_op_wait(&op, "write");
}

/* One that the peer has reset is not connected, says shutdown(2); the others say why. */
static long tcp_end(struct sm_tcp *tcp)
{
    long r = sm_shutdown(tcp->fd, SHUT_WR);
    return r == -ENOTCONN ? -ECONNRESET : r;
}

static const struct sm_wire tcp_wire = {
    .code = SM_OP_SEND,
    .send = tcp_send,
    .send_waiting = tcp_send_waiting,
    .end = tcp_end,
    .finish = tcp_finish,
};

/* ---- questions ----------------------------------------------------------------------- */

static int name_of(const struct sm_tcp *tcp, bool peer, simul_address *answer)
{
    simul_address found = {.length = sizeof found.socket};
    struct sockaddr *socket = (struct sockaddr *)&found.socket;
    if (tcp->fd < 0)
        return -SIMUL_ESTATE;
    long r = peer ? sm_getpeername(tcp->fd, socket, &found.length)
                  : sm_getsockname(tcp->fd, socket, &found.length);
    if (r < 0)
        return (int)r;
    *answer = found;
    return 0;
}

int sm_tcp_info(const struct sm_tcp *tcp, enum sm_info what, void *answer)
{
    switch (what) {
    case SM_INFO_KEPT:
        *(size_t *)answer = tcp->outbox && tcp->fd >= 0 ? tcp->outbox->len : 0;
        return 0;
    case SM_INFO_ERROR:
        *(int *)answer = sm_tcp_error_at_end(tcp);
        return 0;
    case SM_INFO_HIGH:
        *(size_t *)answer = tcp->high;
        return 0;
    default:
        return -ENOTSUP;
    }
}

static int tcp_info(const struct sm_layer *layer, enum sm_info what, void *answer)
{
    const struct sm_tcp *tcp = sm_container_of(layer, struct sm_tcp, layer);
    switch (what) {
    case SM_INFO_FD:
        *(int *)answer = tcp->fd;
        return tcp->fd < 0 ? -SIMUL_ESTATE : 0;
    case SM_INFO_PEERNAME:
    case SM_INFO_SOCKNAME:
        return name_of(tcp, what == SM_INFO_PEERNAME, answer);
    default:
        return sm_tcp_info(tcp, what, answer);
    }
}

/* ---- making -------------------------------------------------------------------------- */

static const struct sm_layer_ops tcp_ops = {
    .name = "tcp",
    .read = tcp_read,
    .write = sm_tcp_write,
    .flush = sm_tcp_flush,
    .shutdown = sm_tcp_shutdown,
    .close = tcp_close,
    .wake = sm_tcp_wake,
    .info = tcp_info,
    .release = tcp_release,
};

int sm_stream_of_socket(struct simul_stream **stream, struct simul_loop *loop, int fd,
                        const simul_connect_opts *opts)
{
    struct sm_tcp_stream *made = sm_zalloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    made->tcp.layer.ops = &tcp_ops;
    sm_tcp_init(&made->tcp, &tcp_wire, fd, opts);
    sm_stream_init(&made->stream, loop, &made->tcp.layer, opts ? opts->limit : 0);
    *stream = &made->stream;
    return 0;
}

void sm_stream_leave_socket(struct simul_stream *stream)
{
    struct sm_tcp *tcp = tcp_of(stream->top);
    sm_assert(!tcp->outbox && !tcp->reading);
    tcp->fd = -1;
    tcp->closing = stream->closing = true;
    stream->owner = NULL;
    sm_stream_closed(stream, 0);
}
