/* SPDX-License-Identifier: MIT */
/* Transports of datagrams: what is different from those of streams (S39). The descriptor is
 * in an endpoint (datagram.c), which knows how to open and to close it. */
#include <limits.h>
#include <string.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/datagram.h"
#include "net/transport.h"

enum { ROOM = 64 << 10, OVERHEAD = 8 };

struct queued {
    struct sm_list link; /* transport->queue */
    simul_address to;    /* length 0: to whom it is connected */
    size_t n;
    char data[];
};

static void tell_error(struct simul_transport *transport, int error)
{
    const simul_protocol *protocol = transport->protocol;
    if (protocol->error_received)
        protocol->error_received(transport, transport->user, error);
}

/* ---- receiving ------------------------------------------------------------------------ */

static void received(struct simul_transport *transport, const void *data, size_t n,
                     const simul_address *from)
{
    const simul_protocol *protocol = transport->protocol;
    if (protocol->datagram_received)
        protocol->datagram_received(transport, transport->user, data, n, from);
}

static void receive_into(struct simul_transport *transport, void *data)
{
    simul_address from = {.length = sizeof from.socket};
    ssize_t n = sm_recvfrom(transport->fd, data, ROOM, MSG_DONTWAIT | MSG_TRUNC,
                            (struct sockaddr *)&from.socket, &from.length);
    if (n > ROOM)
        n = -EMSGSIZE;
    if (n >= 0)
        received(transport, data, (size_t)n, &from);
    else if (n != -EAGAIN)
        tell_error(transport, (int)n);
}

static void readable(struct simul_transport *transport)
{
    void *data = sm_malloc(ROOM);
    if (data)
        receive_into(transport, data);
    else
        tell_error(transport, -ENOMEM);
    sm_free(data);
}

/* ---- sending -------------------------------------------------------------------------- */

/* 0, or -errno; -EAGAIN: no room. `to` NULL: it is connected. */
static int send_at_once(struct simul_transport *transport, const void *data, size_t n,
                        const simul_address *to)
{
    struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    if (to) {
        message.msg_name = (void *)(uintptr_t)&to->socket;
        message.msg_namelen = to->length;
    }
    ssize_t r = sm_sendmsg(transport->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    return r < 0 ? (int)r : 0;
}

static int enqueue(struct simul_transport *transport, const void *data, size_t n,
                   const simul_address *to)
{
    struct queued *queued = n > SSIZE_MAX / 2 ? NULL : sm_malloc(sizeof *queued + n);
    if (!queued)
        return -ENOMEM;
    queued->link = (struct sm_list){0};
    queued->to.length = 0;
    if (to)
        queued->to = *to;
    queued->n = n;
    if (n > 0)
        memcpy(queued->data, data, n);
    sm_list_push(&transport->queue, &queued->link);
    transport->kept_len += n + OVERHEAD;
    sm_watch_start(&transport->out);
    sm_transport_pause_if_full(transport);
    return 0;
}

/* The first of the queue, which has been sent, or never will be. */
static void dequeue(struct simul_transport *transport)
{
    struct queued *queued =
        sm_container_of(sm_list_shift(&transport->queue), struct queued, link);
    transport->kept_len -= queued->n + OVERHEAD;
    sm_free(queued);
}

static void send_queued(struct simul_transport *transport)
{
    while (!sm_list_empty(&transport->queue)) {
        struct queued *first =
            sm_container_of(transport->queue.next, struct queued, link);
        int r = send_at_once(transport, first->data, first->n,
                             first->to.length ? &first->to : NULL);
        if (r == -EAGAIN)
            return;
        dequeue(transport);
        if (r < 0)
            tell_error(transport, r); /* which may abort */
    }
}

static void writable(struct simul_transport *transport)
{
    send_queued(transport);
    if (!transport->lost)
        sm_transport_resume_if_drained(transport);
    if (transport->lost || !sm_list_empty(&transport->queue))
        return;
    sm_watch_stop(&transport->out);
    if (transport->closing)
        sm_transport_lose(transport, 0);
}

void sm_transport_drop_queue(struct simul_transport *transport)
{
    while (!sm_list_empty(&transport->queue))
        dequeue(transport);
}

static bool same(const simul_address *a, const simul_address *b)
{
    return sm_address_same(a, b)
           || (a->length == b->length
               && memcmp(&a->socket, &b->socket, a->length) == 0);
}

/* To whom: 0, and *to is NULL if it is connected; or -errno. */
static int choose(const struct simul_transport *transport, const simul_address **to)
{
    if (transport->peername.length > 0) {
        bool other = *to && !same(*to, &transport->peername);
        *to = NULL;
        return other ? -EINVAL : 0;
    }
    if (!*to && !transport->over)
        *to = sm_datagram_peer(transport->datagram);
    return *to || transport->over ? 0 : -EDESTADDRREQ;
}

int simul_transport_sendto(simul_transport *transport, const void *data, size_t n,
                           const simul_address *to)
{
    int r = transport->datagram ? choose(transport, &to) : -ENOTSUP;
    if (r < 0)
        return r;
    if (transport->closing) {
        sm_transport_ignore(transport);
        return 0;
    }
    r = sm_list_empty(&transport->queue) ? send_at_once(transport, data, n, to)
                                         : -EAGAIN;
    if (r == -EAGAIN)
        return enqueue(transport, data, n, to);
    if (r < 0)
        tell_error(transport, r);
    return 0;
}

/* ---- making --------------------------------------------------------------------------- */

/* The endpoint is the transport's on success. */
static int create(simul_transport **ret, simul_datagram *datagram,
                  const simul_protocol *protocol, void *user)
{
    struct simul_transport *transport;
    int r =
        sm_transport_new(&transport, sm_running, simul_datagram_fileno(datagram), NULL);
    if (r < 0)
        return r;
    transport->datagram = datagram;
    transport->readable = readable;
    transport->writable = writable;
    sm_transport_start(ret, transport, protocol, user);
    return 0;
}

static const simul_connect_opts no_opts;

int simul_create_datagram_endpoint(simul_transport **transport,
                                   const simul_protocol *protocol, void *user,
                                   const simul_datagram_opts *opts)
{
    simul_datagram *datagram;
    int r = sm_transport_check(protocol, &no_opts);
    if (r == 0)
        r = simul_datagram_open(&datagram, opts);
    if (r < 0)
        return r;
    r = create(transport, datagram, protocol, user);
    if (r < 0)
        simul_datagram_release(datagram);
    return r;
}

int simul_create_datagram_endpoint_fd(simul_transport **transport, int fd,
                                      const simul_protocol *protocol, void *user)
{
    simul_datagram *datagram;
    int r = sm_transport_check(protocol, &no_opts);
    if (r == 0)
        r = sm_checkpoint();
    if (r == 0)
        r = simul_datagram_open_fd(&datagram, fd);
    if (r < 0)
        return r;
    r = create(transport, datagram, protocol, user);
    if (r < 0)
        sm_datagram_give_back(datagram);
    return r;
}
