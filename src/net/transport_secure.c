/* SPDX-License-Identifier: MIT */
/*
 * How TLS comes to transports. The handshake is that of streams: straight-line code, in a
 * task, with its messages and time limits. When it is over the socket goes over to a
 * transport, and the layer with what it has agreed on; the stream is left behind, empty.
 */
#include "base/sys.h"
#include "net/connect.h"
#include "net/socket.h"
#include "net/tcp.h"
#include "net/transport.h"

/* The last words of the handshake may still be kept. */
int sm_stream_settle(struct simul_stream *stream)
{
    struct sm_layer *top = stream->top;
    size_t kept;
    int r;
    do {
        kept = 0;
        r = top->ops->flush(top);
        if (stream->closing && r != -ECANCELED)
            return -ECONNABORTED;
        top->ops->info(top, SM_INFO_KEPT, &kept);
    } while (r == 0 && kept > 0);
    return r;
}

static void forget(struct simul_transport *transport)
{
    transport->fd = -1;
    sm_transport_never_begun(transport);
}

int sm_transport_of_stream(struct simul_transport **ret, struct simul_stream *stream,
                           const simul_connect_opts *opts)
{
    struct simul_transport *transport;
    int fd = -1, r = sm_stream_settle(stream);
    if (r == 0)
        r = stream->top->ops->info(stream->top, SM_INFO_FD, &fd);
    if (r == 0)
        r = sm_transport_new(&transport, stream->loop, fd, opts);
    if (r < 0)
        return r;
    r = opts->tls->take_off(stream, transport);
    if (r < 0) {
        forget(transport);
        return r;
    }
    sm_stream_leave_socket(stream);
    *ret = transport;
    return 0;
}

static int secure(struct simul_transport **ret, struct simul_stream *made,
                  const char *host, const simul_connect_opts *opts)
{
    struct simul_stream *stream;
    int r = sm_secured(&stream, made, host, opts);
    if (r < 0)
        return r;
    r = sm_transport_of_stream(ret, stream, opts);
    if (r < 0)
        simul_stream_abort(stream);
    simul_stream_release(stream);
    return r;
}

int sm_transport_secure(struct simul_transport **ret, int fd, const char *host,
                        const simul_connect_opts *opts)
{
    struct simul_stream *made;
    int r = sm_stream_of_socket(&made, sm_running, fd, opts);
    if (r < 0) {
        sm_socket_close(sm_running, fd);
        return r;
    }
    made->released = true; /* whatever becomes of this task */
    return secure(ret, made, host, opts);
}
