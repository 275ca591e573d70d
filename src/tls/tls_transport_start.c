/* SPDX-License-Identifier: MIT */
/*
 * Going over to TLS with a transport that is in use. For the handshake its socket is lent to
 * a stream (T5), with what is still to be sent; afterwards it is given back, together with
 * the layer.
 */
#include "base/sys.h"
#include "net/tcp.h"
#include "net/transport.h"
#include "task/wait.h"
#include "tls/tls.h"

static int may_start(const struct simul_transport *transport)
{
    if (transport->handshake)
        return -SIMUL_ECONCURRENT;
    if (transport->closing || transport->ended || transport->eof || !transport->begun)
        return -SIMUL_ESTATE;
    if (transport->datagram || transport->wire != &sm_socket_wire || transport->tls)
        return -ENOTSUP;
    return 0;
}

/* The poller may still have the descriptor, and would not give it to another. */
static void await_quiet(struct simul_transport *transport)
{
    sm_watch_stop(&transport->in);
    sm_watch_stop(&transport->out);
    if (transport->in.busy || transport->out.busy)
        sm_wait_for_pass(&transport->quiet, "start_tls");
}

static int lend(struct simul_transport *transport)
{
    const simul_connect_opts opts = {.high_water = transport->high};
    struct simul_stream *stream;
    int r = sm_stream_of_socket(&stream, transport->loop, transport->fd, &opts);
    if (r < 0)
        return r;
    stream->released = true; /* whatever becomes of this task */
    transport->handshake = stream;
    transport->fd = -1;
    await_quiet(transport);
    return 0;
}

/* What was written before goes out before. */
static int lend_kept(struct simul_transport *transport)
{
    struct simul_stream *stream = transport->handshake;
    if (stream->closing)
        return -ECONNABORTED; /* meanwhile */
    if (transport->kept_len == 0)
        return 0;
    struct iovec kept = {transport->kept + transport->kept_start, transport->kept_len};
    ssize_t r = stream->top->ops->write(stream->top, &kept, 1, SM_NOWAIT);
    if (r < 0)
        return (int)r;
    sm_transport_drop_kept(transport);
    return 0;
}

static int shake_hands(struct simul_transport *transport,
                       struct sm_tls_context *context, const simul_start_tls_opts *opts)
{
    struct simul_stream *stream = transport->handshake;
    int r = sm_tls_start_now(context, stream, opts->server_hostname,
                             opts->handshake_timeout, opts->shutdown_timeout);
    return r == 0 ? sm_stream_settle(stream) : r;
}

/* The socket is the transport's again; or both are at their end. */
static int take_back(struct simul_transport *transport, int fd, int r)
{
    struct simul_stream *stream = transport->handshake;
    if (r == 0)
        r = sm_tls_take_off(stream, transport);
    transport->handshake = NULL;
    if (r == 0) {
        transport->fd = fd;
        sm_stream_leave_socket(stream);
    } else {
        stream->told = true;
        simul_stream_abort(stream);
    }
    simul_stream_release(stream);
    return r;
}

static int start(struct simul_transport *transport, struct sm_tls_context *context,
                 const simul_start_tls_opts *opts)
{
    int fd = transport->fd;
    int r = lend(transport);
    if (r == 0)
        r = lend_kept(transport);
    if (r == 0)
        r = shake_hands(transport, context, opts);
    if (transport->handshake)
        r = take_back(transport, fd, r);
    if (r == 0)
        sm_transport_again(transport);
    else
        sm_transport_lose(transport, r == -ECANCELED ? 0 : r);
    return r;
}

int simul_transport_start_tls(simul_transport *transport, simul_tls_context *context,
                              const simul_start_tls_opts *opts)
{
    static const simul_start_tls_opts defaults;
    opts = opts ? opts : &defaults;
    if (!transport || !context || (!context->server && !opts->server_hostname))
        return -EINVAL;
    if (!sm_current())
        return -SIMUL_ENOTASK;
    int r = may_start(transport);
    if (r < 0)
        return r;
    transport->calls++;
    r = sm_checkpoint();
    if (r == 0)
        r = may_start(transport); /* others may have run */
    if (r == 0)
        r = start(transport, sm_tls_context_of(context), opts);
    else if (r == -ECANCELED)
        simul_transport_abort(transport);
    transport->calls--;
    sm_transport_look(transport);
    return r;
}
