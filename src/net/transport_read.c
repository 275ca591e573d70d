/* SPDX-License-Identifier: MIT */
/* What comes: one receive in each pass in which there is something, so that connections take
 * turns (S36 to S38). */
#include "base/sys.h"
#include "net/transport.h"

enum { ROOM = 64 << 10 };

static void end_of_stream(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    transport->eof = true;
    sm_watch_stop(&transport->in);
    bool keep =
        protocol->eof_received && protocol->eof_received(transport, transport->user);
    if (!keep || !transport->wire->send)
        simul_transport_close(transport);
}

/* How many bytes came; 0: none, and it is seen to why. */
static size_t receive(struct simul_transport *transport, void *data, size_t size)
{
    ssize_t n = transport->tls ? transport->tls->receive(transport, data, size)
                               : transport->wire->receive(transport, data, size);
    if (n == 0)
        end_of_stream(transport);
    else if (n < 0 && n != -EAGAIN)
        sm_transport_lose(transport, (int)n);
    return n > 0 ? (size_t)n : 0;
}

static void read_into_theirs(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    size_t size = 0;
    void *data = protocol->get_buffer(transport, transport->user, -1, &size);
    if (transport->closing || transport->paused)
        return; /* by that call */
    if (!data || size == 0) {
        sm_transport_lose(transport, -ENOBUFS);
        return;
    }
    size_t n = receive(transport, data, size);
    if (n > 0 && protocol->buffer_updated)
        protocol->buffer_updated(transport, transport->user, n);
}

static void read_into_ours(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    void *data = sm_malloc(ROOM);
    if (!data) {
        sm_transport_lose(transport, -ENOMEM);
        return;
    }
    size_t n = receive(transport, data, ROOM);
    if (n > 0 && protocol->data_received)
        protocol->data_received(transport, transport->user, data, n);
    sm_free(data);
}

void sm_transport_readable(struct simul_transport *transport)
{
    if (transport->protocol->get_buffer)
        read_into_theirs(transport);
    else
        read_into_ours(transport);
}

void sm_transport_start_reading(struct simul_transport *transport)
{
    if (transport->closing || transport->paused || transport->eof || !transport->begun
        || transport->handshake)
        return;
    if (transport->tls && transport->tls->has(transport))
        sm_transport_again(transport);
    else
        sm_watch_start(&transport->in);
}

/* That the reader of a pipe leaves is noticed in any case; and what TLS waits for is read. */
void simul_transport_pause_reading(simul_transport *transport)
{
    if (!simul_transport_is_reading(transport))
        return;
    transport->paused = true;
    if (!transport->tls || !transport->tls->held_up(transport))
        sm_watch_stop(&transport->in);
}

void simul_transport_resume_reading(simul_transport *transport)
{
    if (transport->closing || !transport->paused)
        return;
    transport->paused = false;
    sm_transport_start_reading(transport);
}

bool simul_transport_is_reading(const simul_transport *transport)
{
    return !transport->closing && !transport->paused && transport->wire->receive;
}
