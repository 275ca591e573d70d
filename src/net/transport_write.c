/* SPDX-License-Identifier: MIT */
/* What goes: at once as far as the kernel takes it, the rest is kept (S35 to S37). */
#include <limits.h>
#include <string.h>

#include "base/log.h"
#include "base/sys.h"
#include "net/cursor.h"
#include "net/transport.h"

enum { HIGH_WATER = 64 << 10, TOO_OFTEN = 5, AT_ONCE = 64 };

/* ---- water marks ---------------------------------------------------------------------- */

void sm_transport_pause_if_full(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    if (transport->writing_paused || sm_transport_unsent(transport) <= transport->high)
        return;
    transport->writing_paused = true;
    if (protocol && protocol->pause_writing)
        protocol->pause_writing(transport, transport->user);
}

void sm_transport_resume_if_drained(struct simul_transport *transport)
{
    const simul_protocol *protocol = transport->protocol;
    if (!transport->writing_paused || sm_transport_unsent(transport) > transport->low)
        return;
    transport->writing_paused = false;
    if (protocol && protocol->resume_writing)
        protocol->resume_writing(transport, transport->user);
}

int sm_transport_limit(size_t *high, size_t *low, const simul_connect_opts *opts)
{
    size_t wanted = opts ? opts->high_water : 0, least = opts ? opts->low_water : 0;
    *high = wanted ? wanted : HIGH_WATER;
    *low = least ? least : *high / 4;
    return *low <= *high ? 0 : -EINVAL;
}

int simul_transport_set_write_buffer_limits(simul_transport *transport, ssize_t high,
                                            ssize_t low)
{
    if (high < -1 || low < -1 || (high == -1 && low > SSIZE_MAX / 4))
        return -EINVAL;
    if (high == -1)
        high = low == -1 ? HIGH_WATER : 4 * low;
    if (low == -1)
        low = high / 4;
    if (low > high)
        return -EINVAL;
    transport->high = (size_t)high;
    transport->low = (size_t)low;
    if (!transport->lost)
        sm_transport_pause_if_full(transport);
    return 0;
}

void simul_transport_get_write_buffer_limits(const simul_transport *transport,
                                             size_t *low, size_t *high)
{
    if (low)
        *low = transport->low;
    if (high)
        *high = transport->high;
}

size_t simul_transport_get_write_buffer_size(const simul_transport *transport)
{
    return sm_transport_unsent(transport);
}

/* ---- what is kept --------------------------------------------------------------------- */

void sm_transport_drop_kept(struct simul_transport *transport)
{
    sm_transport_drop_queue(transport);
    sm_free(transport->kept);
    transport->kept = NULL;
    transport->kept_start = transport->kept_len = transport->kept_size = 0;
}

/* Room for n bytes more behind what is kept: 0 or -ENOMEM. It doubles, so that many small
 * writes are copied a bounded number of times. */
static int make_room(struct simul_transport *transport, size_t n)
{
    size_t len = transport->kept_len;
    if (len > 0 && transport->kept_start > 0)
        memmove(transport->kept, transport->kept + transport->kept_start, len);
    transport->kept_start = 0;
    if (n > SSIZE_MAX - len)
        return -ENOMEM;
    size_t size = 2 * (len + n);
    char *kept = sm_realloc(transport->kept, size);
    if (!kept)
        return -ENOMEM;
    transport->kept = kept;
    transport->kept_size = size;
    return 0;
}

int sm_transport_keep(struct simul_transport *transport, const void *data, size_t n)
{
    size_t end = transport->kept_start + transport->kept_len;
    int r = n > transport->kept_size - end ? make_room(transport, n) : 0;
    if (r < 0)
        return r;
    memcpy(transport->kept + transport->kept_start + transport->kept_len, data, n);
    transport->kept_len += n;
    return 0;
}

/* All pieces but the first `sent` bytes. */
static int keep_rest(struct simul_transport *transport, const struct iovec *pieces,
                     int n, size_t sent)
{
    int r = 0;
    for (int i = 0; i < n && r == 0; i++) {
        size_t len = pieces[i].iov_len, skip = sent < len ? sent : len;
        if (skip < len)
            r = sm_transport_keep(transport, (const char *)pieces[i].iov_base + skip,
                                  len - skip);
        sent -= skip;
    }
    return r;
}

/* ---- sending -------------------------------------------------------------------------- */

/* All is sent. */
static void drained(struct simul_transport *transport)
{
    sm_watch_stop(&transport->out);
    sm_transport_drop_kept(transport);
    if (transport->tls)
        transport->tls->drained(transport);
    else if (transport->closing)
        sm_transport_lose(transport, 0);
    else if (transport->ended)
        transport->wire->end(transport);
}

/* What is kept: false if that is the end of the connection. */
static bool send_kept(struct simul_transport *transport)
{
    const struct iovec piece = {transport->kept + transport->kept_start,
                                transport->kept_len};
    ssize_t n = transport->wire->send(transport, &piece, 1);
    if (n < 0 && n != -EAGAIN) {
        sm_transport_lose(transport, (int)n);
        return false;
    }
    if (n > 0) {
        transport->kept_start += (size_t)n;
        transport->kept_len -= (size_t)n;
    }
    return true;
}

void sm_transport_writable(struct simul_transport *transport)
{
    if (!send_kept(transport))
        return;
    sm_transport_resume_if_drained(transport); /* which may write, or abort */
    if (transport->kept_len == 0 && !transport->lost)
        drained(transport);
}

void sm_transport_push(struct simul_transport *transport, bool waiting)
{
    if (transport->lost || transport->kept_len == 0
        || (!waiting && !send_kept(transport)))
        return;
    if (transport->kept_len == 0) {
        drained(transport);
        return;
    }
    sm_watch_start(&transport->out);
    sm_transport_pause_if_full(transport);
}

/* How much the kernel takes; -errno: the connection is lost. */
static ssize_t send_at_once(struct simul_transport *transport,
                            const struct iovec *pieces, int n)
{
    if (transport->kept_len > 0)
        return 0;
    ssize_t r = transport->wire->send(transport, pieces, n < AT_ONCE ? n : AT_ONCE);
    return r == -EAGAIN ? 0 : r;
}

void sm_transport_ignore(struct simul_transport *transport)
{
    if (++transport->ignored >= TOO_OFTEN)
        sm_log(SIMUL_LOG_WARNING, "writing to a transport that is closed");
}

static int write_all(struct simul_transport *transport, const struct iovec *pieces,
                     int n, size_t len)
{
    ssize_t sent = send_at_once(transport, pieces, n);
    if (sent < 0) {
        sm_transport_lose(transport, (int)sent);
        return 0;
    }
    if ((size_t)sent == len)
        return 0;
    int r = keep_rest(transport, pieces, n, (size_t)sent);
    if (r < 0) {
        sm_transport_lose(transport, r);
        return r;
    }
    sm_watch_start(&transport->out);
    sm_transport_pause_if_full(transport);
    return 0;
}

int simul_transport_writelines(simul_transport *transport, const struct iovec *pieces,
                               int n)
{
    bool writes = !transport->datagram && transport->wire->send;
    ssize_t len = writes ? sm_pieces_size(pieces, n) : -ENOTSUP;
    if (len < 0)
        return (int)len;
    if (transport->ended || transport->handshake)
        return -SIMUL_ESTATE;
    if (len == 0)
        return 0;
    if (transport->closing || sm_loop_forked(transport->loop)) {
        sm_transport_ignore(transport);
        return 0;
    }
    return transport->tls ? transport->tls->write(transport, pieces, n)
                          : write_all(transport, pieces, n, (size_t)len);
}

int simul_transport_write(simul_transport *transport, const void *data, size_t n)
{
    const struct iovec piece = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
    return simul_transport_writelines(transport, &piece, 1);
}

void simul_transport_write_eof(simul_transport *transport)
{
    if (transport->closing || transport->ended || transport->handshake
        || sm_loop_forked(transport->loop) || !simul_transport_can_write_eof(transport))
        return;
    transport->ended = true;
    if (transport->tls)
        transport->tls->end(transport);
    else if (transport->kept_len == 0)
        transport->wire->end(transport);
}

bool simul_transport_can_write_eof(const simul_transport *transport)
{
    return !transport->datagram && transport->wire->send;
}

/* ---- sockets --------------------------------------------------------------------------- */

static ssize_t socket_receive(struct simul_transport *transport, void *data,
                              size_t size)
{
    return sm_recv(transport->fd, data, size, MSG_DONTWAIT);
}

static ssize_t socket_send(struct simul_transport *transport,
                           const struct iovec *pieces, int n)
{
    struct msghdr message = {.msg_iov = (struct iovec *)pieces,
                             .msg_iovlen = (size_t)n};
    return sm_sendmsg(transport->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void socket_end(struct simul_transport *transport)
{
    long r = sm_shutdown(transport->fd, SHUT_WR);
    if (r < 0)
        sm_transport_lose(transport, (int)r);
}

const struct sm_transport_wire sm_socket_wire = {
    .receive = socket_receive, .send = socket_send, .end = socket_end};
