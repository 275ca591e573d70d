/* SPDX-License-Identifier: MIT */
/*
 * Writing to a socket.
 *
 * A write is tried at once. What the kernel does not take, up to high_water bytes, is
 * copied into the outbox (tcp_outbox.c) and sent in the background; a larger rest is first
 * sent from the caller's memory while he waits. So a stream whose peer keeps up allocates
 * nothing, and one whose peer does not keeps high_water bytes at most.
 *
 * When there is no memory for the outbox the caller waits until all is sent instead.
 */
#include <limits.h>

#include "base/sys.h"
#include "net/cursor.h"
#include "net/tcp.h"

enum { PIECES = 16, HIGH_WATER = 64 << 10 };

/* May anything be written at all? */
static int usable(const struct sm_tcp *tcp)
{
    if (sm_unlikely(tcp->closing))
        return -SIMUL_ESTATE;
    if (sm_unlikely(tcp->broken))
        return -SIMUL_EBROKEN;
    return tcp->error;
}

static int writable(const struct sm_tcp *tcp)
{
    return sm_unlikely(tcp->ending) ? -SIMUL_ESTATE : usable(tcp);
}

/* The kernel's word that the connection is lost; not one of ours, nor one about memory. */
static bool is_final(int error)
{
    return error > -SIMUL_EEOF && error != -ECANCELED && error != -ENOBUFS
           && error != -ENOMEM && error != -EFAULT && error != -EBUSY;
}

static ssize_t send_at_once(struct sm_tcp *tcp, const struct sm_cursor *cursor)
{
    struct iovec pieces[PIECES];
    return tcp->wire->send(tcp, pieces, sm_cursor_pieces(cursor, pieces, PIECES));
}

static ssize_t send_waiting(struct sm_tcp *tcp, const struct sm_cursor *cursor)
{
    struct iovec pieces[PIECES];
    return tcp->wire->send_waiting(tcp, pieces,
                                   sm_cursor_pieces(cursor, pieces, PIECES));
}

/* A write ended before its end: with an error of the connection, or by a cancel or close. */
static int cut_off(struct sm_tcp *tcp, const struct sm_cursor *cursor, int error)
{
    bool half = cursor->left < cursor->total;
    if (error == -ECANCELED && tcp->closing && !sm_was_cancelled())
        error = -SIMUL_ESTATE;
    if (is_final(error) && !tcp->error)
        tcp->error = error;
    if (half && !tcp->error)
        tcp->broken = true;
    return tcp->error ? tcp->error : half ? -SIMUL_EBROKEN : error;
}

/* More is left than may be kept: wait until it is less. Others may run at the checkpoint,
 * too, so that one large write does not keep the loop for itself. */
static ssize_t send_rest(struct sm_tcp *tcp, struct sm_cursor *cursor)
{
    ssize_t n = 0;
    while (n >= 0 && cursor->left > 0) {
        if (cursor->left <= tcp->high && sm_tcp_keep(tcp, cursor))
            break;
        tcp->half = cursor->left < cursor->total;
        n = sm_checkpoint();
        if (n == 0)
            n = usable(tcp);
        if (n == 0)
            n = send_waiting(tcp, cursor);
        tcp->half = false;
        if (n > 0)
            sm_cursor_advance(cursor, (size_t)n);
        if (tcp->closing && n >= 0)
            n = -ECANCELED;
    }
    sm_tcp_end_if_due(tcp);
    return n < 0 && cursor->left > 0 ? cut_off(tcp, cursor, (int)n)
                                     : (ssize_t)cursor->total;
}

/* `n` is what the first attempt has said. */
static ssize_t go_on(struct sm_tcp *tcp, struct sm_cursor *cursor, ssize_t n)
{
    if (sm_likely(n == (ssize_t)cursor->left))
        return n;
    if (n < 0 && n != -EAGAIN)
        return cut_off(tcp, cursor, (int)n);
    if (n > 0)
        sm_cursor_advance(cursor, (size_t)n);
    return send_rest(tcp, cursor);
}

static bool abort_room(struct sm_wait *wait)
{
    struct sm_tcp *tcp = (struct sm_tcp *)wait->on;
    tcp->room = NULL;
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static int wait_for_room(struct sm_tcp *tcp, size_t level)
{
    while (tcp->outbox && tcp->outbox->len > level) {
        struct sm_wait wait;
        sm_wait_prepare(&wait, "write", abort_room);
        wait.on = tcp;
        tcp->room = &wait;
        tcp->room_level = level;
        ssize_t r = sm_wait_suspend(&wait);
        tcp->room = NULL;
        if (r < 0)
            return (int)r;
        r = writable(tcp);
        if (r < 0)
            return (int)r;
    }
    return 0;
}

static size_t level_for(const struct sm_tcp *tcp, size_t n)
{
    if (n >= tcp->high)
        return 0;
    return tcp->high - n < tcp->low ? tcp->high - n : tcp->low;
}

static ssize_t write_in_turn(struct sm_tcp *tcp, struct sm_cursor *cursor)
{
    size_t total = cursor->total;
    if (tcp->outbox && tcp->outbox->len + total > tcp->high) {
        int r = wait_for_room(tcp, level_for(tcp, total));
        if (r < 0)
            return r;
    }
    if (tcp->outbox && sm_tcp_keep(tcp, cursor))
        return (ssize_t)total;
    int r = wait_for_room(tcp, 0);
    return r < 0 ? r : go_on(tcp, cursor, send_at_once(tcp, cursor));
}

static void pass_turn(struct sm_tcp *tcp)
{
    tcp->writing = sm_waitq_wake(&tcp->turns, 0);
}

static int wait_for_turn(struct sm_tcp *tcp)
{
    bool woken;
    ssize_t r = sm_waitq_sleep(&tcp->turns, "write", tcp, &woken);
    if (r >= 0)
        r = writable(tcp);
    if (r < 0 && woken)
        pass_turn(tcp);
    return (int)r;
}

/* For layers above, while they read or close: no wait, however much is kept. */
static ssize_t write_at_once(struct sm_tcp *tcp, struct sm_cursor *cursor)
{
    if (tcp->half)
        return -EAGAIN; /* it must not come between */
    if (!tcp->outbox) {
        ssize_t n = send_at_once(tcp, cursor);
        if (n < 0 && n != -EAGAIN)
            return cut_off(tcp, cursor, (int)n);
        sm_cursor_advance(cursor, n > 0 ? (size_t)n : 0);
    }
    if (cursor->left == 0 || sm_tcp_keep(tcp, cursor))
        return (ssize_t)cursor->total;
    return cut_off(tcp, cursor, -ENOMEM);
}

static ssize_t write_pieces(struct sm_tcp *tcp, const struct iovec *iov, int n,
                            unsigned flags)
{
    ssize_t total = sm_pieces_size(iov, n);
    int r = writable(tcp);
    if (total <= 0 || r < 0)
        return r < 0 ? r : total;
    struct sm_cursor cursor = sm_cursor_of(iov, (size_t)total);
    if (flags & SM_NOWAIT)
        return write_at_once(tcp, &cursor);
    if (tcp->writing) {
        r = wait_for_turn(tcp);
        if (r < 0)
            return r;
    }
    tcp->writing = true;
    ssize_t done = write_in_turn(tcp, &cursor);
    pass_turn(tcp);
    return done;
}

/* Nobody writes, nothing is kept, and nothing has gone wrong. */
static bool is_free(const struct sm_tcp *tcp)
{
    return !(tcp->writing | tcp->closing | tcp->broken | tcp->ending) && !tcp->outbox
           && !tcp->error;
}

/* The short way is that of nearly all writes: one piece, which the kernel takes. */
ssize_t sm_tcp_write(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags)
{
    struct sm_tcp *tcp = tcp_of(layer);
    size_t size = n == 1 ? iov->iov_len : 0;
    if (size == 0 || size > SSIZE_MAX || flags || !is_free(tcp))
        return write_pieces(tcp, iov, n, flags);
    struct sm_cursor cursor = {.iov = iov, .left = size, .total = size};
    ssize_t done = send_at_once(tcp, &cursor);
    if (sm_likely(done == (ssize_t)size))
        return done;
    tcp->writing = true;
    done = go_on(tcp, &cursor, done);
    pass_turn(tcp);
    return done;
}

/* ---- flush, shutdown ----------------------------------------------------------------- */

int sm_tcp_flush(struct sm_layer *layer)
{
    struct sm_tcp *tcp = tcp_of(layer);
    int r = usable(tcp);
    if (r < 0 || !tcp->outbox)
        return r;
    return (int)sm_waitq_sleep(&tcp->flushers, "drain", tcp, NULL);
}

int sm_tcp_shutdown(struct sm_layer *layer)
{
    struct sm_tcp *tcp = tcp_of(layer);
    int r = usable(tcp);
    if (r < 0 || tcp->ending)
        return r;
    tcp->ending = true;
    sm_tcp_end_if_due(tcp);
    return tcp->error;
}

/* ---- making -------------------------------------------------------------------------- */

void sm_tcp_init(struct sm_tcp *tcp, const struct sm_wire *wire, int fd,
                 const simul_connect_opts *opts)
{
    tcp->wire = wire;
    tcp->fd = fd;
    tcp->high = opts && opts->high_water ? opts->high_water : HIGH_WATER;
    tcp->low = opts && opts->low_water ? opts->low_water : tcp->high / 4;
    sm_list_init(&tcp->turns);
    sm_list_init(&tcp->flushers);
}
