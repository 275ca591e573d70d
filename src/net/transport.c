/* SPDX-License-Identifier: MIT */
/* A transport's life (S36). */
#include "net/transport.h"

#include <fcntl.h>

#include "base/log.h"
#include "base/sys.h"
#include "loop/context.h"
#include "net/datagram.h"
#include "net/socket.h"

enum { PLACES = 5 }; /* in the ring: begin, end, again, and both directions */

/* ---- the end -------------------------------------------------------------------------- */

static void free_if_unused(struct simul_transport *transport)
{
    if (!transport->gone || transport->held || transport->creator)
        return;
    if (transport->tls)
        transport->tls->release(transport);
    sm_free(transport);
}

/* T2, T3 */
void sm_transport_look(struct simul_transport *transport)
{
    if (!transport->over || transport->in.busy || transport->out.busy
        || transport->again_busy || transport->calls > 0)
        return;
    transport->gone = true;
    sm_list_remove(&transport->at_close.link);
    sm_ring_unreserve_n(&transport->loop->ready, PLACES);
    simul_context_release(transport->context);
    free_if_unused(transport);
}

static void idle(struct simul_transport *transport)
{
    struct sm_wait *quiet = transport->quiet;
    if (quiet && !transport->in.busy && !transport->out.busy) {
        transport->quiet = NULL;
        sm_wait_finish(quiet, 0);
    }
    sm_transport_look(transport);
}

static void in_idle(struct sm_watch *watch)
{
    idle(sm_container_of(watch, struct simul_transport, in));
}

static void out_idle(struct sm_watch *watch)
{
    idle(sm_container_of(watch, struct simul_transport, out));
}

static void close_socket(struct simul_transport *transport)
{
    if (transport->datagram) {
        simul_datagram_release(transport->datagram);
    } else if (transport->fd >= 0) {
        if (transport->dropped) /* the peer must not take a part for the whole */
            sm_socket_reset_on_close(transport->loop, transport->fd);
        if (transport->restore >= 0)
            sm_socket_restore(transport->loop, transport->fd, transport->restore);
        sm_socket_close(transport->loop, transport->fd);
    }
    transport->fd = -1;
}

/* It is over; the owner hears of that once, though it may take a while until it is gone. */
static void leave(struct simul_transport *transport)
{
    struct sm_stream_owner *owner = transport->owner;
    transport->owner = NULL;
    transport->over = true;
    sm_transport_look(transport);
    if (owner)
        owner->closed(owner);
}

static void tell_lost(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    if (protocol && protocol->connection_lost)
        protocol->connection_lost(transport, transport->user, transport->error);
}

static void end(struct sm_ready *ready)
{
    struct simul_transport *transport =
        sm_container_of(ready, struct simul_transport, end);
    sm_transport_call(transport, tell_lost);
    close_socket(transport);
    leave(transport);
}

void sm_transport_lose(struct simul_transport *transport, int error)
{
    if (transport->lost)
        return;
    transport->closing = transport->lost = true;
    transport->error = error;
    transport->dropped = sm_transport_unsent(transport) > 0;
    sm_transport_drop_kept(transport);
    sm_watch_stop(&transport->in);
    sm_watch_stop(&transport->out);
    if (transport->handshake)
        simul_stream_abort(transport->handshake);
    if (transport->tls)
        transport->tls->lost(transport);
    if (!transport->loop->closed) /* else end_with_loop() is to come */
        sm_loop_ready(transport->loop, &transport->end, SM_READY_CALL);
}

void simul_transport_close(simul_transport *transport)
{
    if (transport->closing)
        return;
    transport->closing = true;
    sm_watch_stop(&transport->in);
    bool forked = sm_loop_forked(transport->loop); /* nothing can be sent */
    if (transport->tls && !forked)
        transport->tls->close(transport);
    else if (transport->kept_len == 0 || forked)
        sm_transport_lose(transport, 0);
}

void simul_transport_abort(simul_transport *transport)
{
    sm_transport_lose(transport, 0);
}

bool simul_transport_is_closing(const simul_transport *transport)
{
    return transport->closing;
}

void simul_transport_release(simul_transport *transport)
{
    if (!transport)
        return;
    transport->held = false;
    free_if_unused(transport);
}

/* The poller is closed, what was in the ring will not run: the protocol hears nothing. */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_transport *transport =
        sm_container_of(at_close, struct simul_transport, at_close);
    if (transport->loop->debug && !transport->closing)
        sm_log(SIMUL_LOG_WARNING, "a transport was not closed before its loop");
    transport->dropped |= sm_transport_unsent(transport) > 0;
    sm_transport_drop_kept(transport);
    if (transport->fd >= 0)
        close_socket(transport);
    transport->closing = transport->lost = true;
    transport->in.busy = transport->out.busy = transport->again_busy = false;
    transport->calls = 0;
    transport->creator = transport->quiet = NULL; /* their tasks are dead */
    leave(transport);
}

void sm_transport_disown(struct simul_transport *transport)
{
    transport->owner = NULL;
}

void sm_transport_never_begun(struct simul_transport *transport)
{
    if (!transport)
        return;
    close_socket(transport);
    leave(transport);
}

/* ---- the beginning -------------------------------------------------------------------- */

struct call {
    struct simul_transport *transport;
    void (*fn)(struct simul_transport *transport);
};

static void call(void *arg)
{
    const struct call *call = arg;
    call->fn(call->transport);
}

void sm_transport_call(struct simul_transport *transport,
                       void (*fn)(struct simul_transport *transport))
{
    transport->calls++;
    sm_context_call(&transport->context, call, &(struct call){transport, fn});
    transport->calls--;
}

static void tell_made(struct simul_transport *transport)
{
    if (transport->factory)
        transport->protocol =
            transport->factory(transport->factory_arg, &transport->user);
    if (!transport->protocol)
        simul_transport_abort(transport);
    else if (transport->protocol->connection_made)
        transport->protocol->connection_made(transport, transport->user);
}

static void begin(struct sm_ready *ready)
{
    struct simul_transport *transport =
        sm_container_of(ready, struct simul_transport, begin);
    sm_transport_call(transport, tell_made);
    transport->begun = true;
    sm_transport_start_reading(transport);
    if (transport->creator)
        sm_wait_finish(transport->creator, 0);
    sm_transport_look(transport);
}

void sm_transport_begin(struct simul_transport *transport,
                        struct sm_stream_owner *owner)
{
    transport->owner = owner;
    transport->at_close.close = end_with_loop;
    sm_list_push(&transport->loop->at_close, &transport->at_close.link);
    sm_loop_ready(transport->loop, &transport->begin, SM_READY_CALL);
}

static void again(struct sm_ready *ready)
{
    struct simul_transport *transport =
        sm_container_of(ready, struct simul_transport, again);
    transport->again_busy = false;
    if (!transport->lost)
        sm_transport_call(transport, transport->tls->again);
    sm_transport_look(transport);
}

void sm_transport_again(struct simul_transport *transport)
{
    if (transport->again_busy || transport->loop->closed)
        return;
    transport->again_busy = true;
    sm_loop_ready(transport->loop, &transport->again, SM_READY_CALL);
}

static void in_ready(struct sm_watch *watch, int error)
{
    struct simul_transport *transport =
        sm_container_of(watch, struct simul_transport, in);
    if (error < 0)
        sm_transport_lose(transport, error);
    else
        sm_transport_call(transport, transport->readable);
}

static void out_ready(struct sm_watch *watch, int error)
{
    struct simul_transport *transport =
        sm_container_of(watch, struct simul_transport, out);
    if (error < 0)
        sm_transport_lose(transport, error);
    else
        sm_transport_call(transport, transport->writable);
}

static void watch_both(struct simul_transport *transport)
{
    sm_watch_init(&transport->in, transport->loop, transport->fd, POLLIN);
    sm_watch_init(&transport->out, transport->loop, transport->fd, POLLOUT);
    transport->in.call = in_ready;
    transport->in.idle = in_idle;
    transport->out.call = out_ready;
    transport->out.idle = out_idle;
}

/* As in asyncio the names are those of the beginning: they can be had to the end. */
static void ask_names(struct simul_transport *transport)
{
    simul_address *peer = &transport->peername, *own = &transport->sockname;
    peer->length = own->length = sizeof own->socket;
    if (sm_getpeername(transport->fd, (struct sockaddr *)&peer->socket, &peer->length)
        < 0)
        peer->length = 0;
    if (sm_getsockname(transport->fd, (struct sockaddr *)&own->socket, &own->length)
        < 0)
        own->length = 0;
}

/* What may fail. */
static int get_means(struct simul_transport *transport)
{
    int r = sm_context_copy(sm_context_current(), &transport->context);
    if (r < 0)
        return r;
    r = sm_ring_reserve_n(&transport->loop->ready, PLACES);
    if (r < 0)
        simul_context_release(transport->context);
    return r;
}

int sm_transport_new(struct simul_transport **ret, struct simul_loop *loop, int fd,
                     const simul_connect_opts *opts)
{
    struct simul_transport *transport = sm_zalloc(sizeof *transport);
    if (!transport)
        return -ENOMEM;
    transport->loop = loop;
    transport->fd = fd;
    int r = sm_transport_limit(&transport->high, &transport->low, opts);
    if (r == 0)
        r = get_means(transport);
    if (r < 0) {
        sm_free(transport);
        return r;
    }
    transport->begin.run = begin;
    transport->end.run = end;
    transport->again.run = again;
    transport->wire = &sm_socket_wire;
    transport->restore = -1;
    transport->readable = sm_transport_readable;
    transport->writable = sm_transport_writable;
    sm_list_init(&transport->queue);
    watch_both(transport);
    ask_names(transport);
    *ret = transport;
    return 0;
}
