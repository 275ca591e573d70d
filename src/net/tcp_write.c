/* SPDX-License-Identifier: MIT */
/*
 * Writing to a socket.
 *
 * A write is tried at once. What the kernel does not take, up to high_water bytes, is
 * copied into the outbox and sent by an operation that belongs to nobody but the stream; a
 * larger rest is first sent from the caller's memory while he waits. So a stream whose peer
 * keeps up allocates nothing, and one whose peer does not keeps high_water bytes at most.
 *
 * When there is no memory for the outbox the caller waits until all is sent instead.
 */
#include <limits.h>
#include <string.h>

#include "base/sys.h"
#include "net/tcp.h"

enum { CHUNK = 16 << 10, PIECES = 16, HIGH_WATER = 64 << 10 };

/* What is left of a write. */
struct cursor {
    const struct iovec *iov; /* the first piece that is not done */
    size_t skip;             /* bytes of it that are */
    size_t left, total;
};

static void advance(struct cursor *cursor, size_t n)
{
    cursor->left -= n;
    cursor->skip += n;
    while (cursor->left > 0 && cursor->skip >= cursor->iov->iov_len)
        cursor->skip -= cursor->iov++->iov_len;
}

/* Up to PIECES of what is left, for a system call; how many. */
static int pieces_of(const struct cursor *cursor, struct iovec *pieces)
{
    size_t left = cursor->left, skip = cursor->skip;
    int n = 0;
    for (const struct iovec *it = cursor->iov; left > 0 && n < PIECES; it++, skip = 0) {
        pieces[n] = (struct iovec){(char *)it->iov_base + skip, it->iov_len - skip};
        left -= pieces[n++].iov_len;
    }
    return n;
}

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

/* ---- the outbox ---------------------------------------------------------------------- */

static void free_outbox(struct sm_tcp *tcp)
{
    struct sm_outbox *outbox = tcp->outbox;
    tcp->outbox = NULL;
    for (struct sm_list *it; (it = sm_list_shift(&outbox->chunks));)
        sm_free(sm_container_of(it, struct sm_chunk, link));
    sm_free(outbox);
}

void sm_tcp_drop_outbox(struct sm_tcp *tcp)
{
    struct sm_outbox *outbox = tcp->outbox;
    struct simul_loop *loop = tcp->layer.stream->loop;
    if (!outbox)
        return;
    if (loop->poll
        && sm_poll_ops(loop->poll)->cancel(loop->poll, &outbox->op) != SM_OP_REMOVED)
        return; /* sent() will be called */
    sm_loop_unhold(loop, true);
    free_outbox(tcp);
}

static void wake_all(struct sm_list *queue, int result)
{
    while (sm_waitq_wake(queue, result))
        ;
}

void sm_tcp_wake_flushers(struct sm_tcp *tcp)
{
    wake_all(&tcp->flushers, -EAGAIN);
}

void sm_tcp_wake_writers(struct sm_tcp *tcp)
{
    if (tcp->room)
        sm_wait_finish(tcp->room, 0);
    tcp->room = NULL;
    if (tcp->fd < 0)
        wake_all(&tcp->flushers, tcp->aborted ? -ECONNABORTED : tcp->error);
}

/* The connection is lost for writing. */
static void fail(struct sm_tcp *tcp, int error)
{
    if (!tcp->error)
        tcp->error = error;
    if (tcp->outbox)
        free_outbox(tcp);
    wake_all(&tcp->flushers, tcp->error);
    sm_tcp_wake_writers(tcp);
}

/* Nothing is kept, nor half sent: say the end, if it was to be. */
static void end_if_due(struct sm_tcp *tcp)
{
    if (!tcp->ending || tcp->ended || tcp->outbox || tcp->half || tcp->fd < 0)
        return;
    tcp->ended = true;
    long r = tcp->wire->end(tcp);
    if (r < 0 && !tcp->error)
        tcp->error = (int)r;
}

static void drained(struct sm_tcp *tcp)
{
    if (!tcp->error)
        end_if_due(tcp);
    wake_all(&tcp->flushers, tcp->error);
    sm_tcp_wake_writers(tcp);
}

/* What the operation of the outbox has sent. One that only waited for room sends now. */
static ssize_t outcome(struct sm_tcp *tcp, const struct sm_op *op)
{
    if (op->code != SM_OP_POLL || op->result < 0)
        return op->result;
    ssize_t n = tcp->wire->send(tcp, &(struct iovec){op->buf.data, op->buf.len}, 1);
    return n == -EAGAIN ? 0 : n;
}

/* The first chunk was sent as far as `sent` says. */
static void account(struct sm_tcp *tcp, ssize_t sent)
{
    struct sm_outbox *outbox = tcp->outbox;
    struct sm_chunk *chunk =
        sm_container_of(outbox->chunks.next, struct sm_chunk, link);
    if (sent < 0) {
        fail(tcp, (int)sent);
        return;
    }
    outbox->len -= (size_t)sent;
    chunk->start += (size_t)sent;
    if (chunk->start == chunk->end && outbox->len > 0) {
        sm_list_remove(&chunk->link);
        sm_free(chunk);
    }
    if (outbox->len == 0) {
        free_outbox(tcp);
        drained(tcp);
    } else if (tcp->room && outbox->len <= tcp->room_level) {
        sm_tcp_wake_writers(tcp);
    }
}

/* Send until the kernel has enough, or nothing is left. May free the stream. */
static void pump(struct sm_tcp *tcp)
{
    struct simul_loop *loop = tcp->layer.stream->loop;
    struct sm_outbox *outbox;
    while ((outbox = tcp->outbox)) {
        struct sm_chunk *chunk =
            sm_container_of(outbox->chunks.next, struct sm_chunk, link);
        outbox->op.buf.data = chunk->data + chunk->start;
        outbox->op.buf.len = chunk->end - chunk->start;
        if (!sm_poll_ops(loop->poll)->submit(loop->poll, &outbox->op)) {
            sm_loop_hold(loop, true);
            return;
        }
        account(tcp, outcome(tcp, &outbox->op));
    }
    if (tcp->closing)
        tcp->wire->finish(tcp);
}

static void sent(struct sm_op *op)
{
    struct sm_tcp *tcp = op->user;
    sm_loop_unhold(tcp->layer.stream->loop, true);
    if (tcp->fd >= 0) {
        account(tcp, outcome(tcp, op));
        pump(tcp);
    } else { /* B3 */
        free_outbox(tcp);
        tcp->wire->finish(tcp);
    }
}

static bool make_outbox(struct sm_tcp *tcp)
{
    struct sm_outbox *outbox = sm_zalloc(sizeof *outbox);
    if (!outbox)
        return false;
    tcp->outbox = outbox;
    outbox->op = (struct sm_op){
        .done = sent, .fd = tcp->fd, .code = tcp->wire->code, .user = tcp};
    if (tcp->wire->code == SM_OP_POLL)
        outbox->op.flags = POLLOUT;
    sm_list_init(&outbox->chunks);
    return true;
}

static struct sm_chunk *last_chunk(struct sm_outbox *outbox)
{
    return sm_list_empty(&outbox->chunks)
               ? NULL
               : sm_container_of(outbox->chunks.prev, struct sm_chunk, link);
}

static void copy(struct sm_chunk *chunk, struct cursor *cursor)
{
    while (cursor->left > 0 && chunk->end < chunk->size) {
        size_t n = cursor->iov->iov_len - cursor->skip;
        if (n > chunk->size - chunk->end)
            n = chunk->size - chunk->end;
        memcpy(chunk->data + chunk->end, (char *)cursor->iov->iov_base + cursor->skip,
               n);
        chunk->end += n;
        advance(cursor, n);
    }
}

/* Keep all that is left; false: no memory, and nothing has changed. */
static bool put(struct sm_outbox *outbox, struct cursor *cursor)
{
    struct sm_chunk *last = last_chunk(outbox), *fresh = NULL;
    size_t fits = last ? last->size - last->end : 0, left = cursor->left;
    if (left > fits) {
        size_t size = left - fits > CHUNK ? left - fits : CHUNK;
        fresh = sm_malloc(sizeof *fresh + size);
        if (!fresh)
            return false;
        fresh->start = fresh->end = 0;
        fresh->size = size;
    }
    outbox->len += left;
    if (fits > 0)
        copy(last, cursor);
    if (fresh) {
        copy(fresh, cursor);
        sm_list_push(&outbox->chunks, &fresh->link);
    }
    return true;
}

static bool keep(struct sm_tcp *tcp, struct cursor *cursor)
{
    bool fresh = !tcp->outbox;
    if (fresh && !make_outbox(tcp))
        return false;
    if (!put(tcp->outbox, cursor)) {
        if (fresh)
            free_outbox(tcp);
        return false;
    }
    if (fresh)
        pump(tcp);
    return true;
}

/* ---- writing ------------------------------------------------------------------------- */

/* The kernel's word that the connection is lost; not one of ours, nor one about memory. */
static bool is_final(int error)
{
    return error > -SIMUL_EEOF && error != -ECANCELED && error != -ENOBUFS
           && error != -ENOMEM && error != -EFAULT && error != -EBUSY;
}

static ssize_t send_at_once(struct sm_tcp *tcp, const struct cursor *cursor)
{
    struct iovec pieces[PIECES];
    return tcp->wire->send(tcp, pieces, pieces_of(cursor, pieces));
}

static ssize_t send_waiting(struct sm_tcp *tcp, const struct cursor *cursor)
{
    struct iovec pieces[PIECES];
    return tcp->wire->send_waiting(tcp, pieces, pieces_of(cursor, pieces));
}

/* A write ended before its end: with an error of the connection, or by a cancel or close. */
static int cut_off(struct sm_tcp *tcp, const struct cursor *cursor, int error)
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
static ssize_t send_rest(struct sm_tcp *tcp, struct cursor *cursor)
{
    ssize_t n = 0;
    while (n >= 0 && cursor->left > 0) {
        if (cursor->left <= tcp->high && keep(tcp, cursor))
            break;
        tcp->half = cursor->left < cursor->total;
        n = sm_checkpoint();
        if (n == 0)
            n = usable(tcp);
        if (n == 0)
            n = send_waiting(tcp, cursor);
        tcp->half = false;
        if (n > 0)
            advance(cursor, (size_t)n);
        if (tcp->closing && n >= 0)
            n = -ECANCELED;
    }
    end_if_due(tcp);
    return n < 0 && cursor->left > 0 ? cut_off(tcp, cursor, (int)n)
                                     : (ssize_t)cursor->total;
}

/* `n` is what the first attempt has said. */
static ssize_t go_on(struct sm_tcp *tcp, struct cursor *cursor, ssize_t n)
{
    if (sm_likely(n == (ssize_t)cursor->left))
        return n;
    if (n < 0 && n != -EAGAIN)
        return cut_off(tcp, cursor, (int)n);
    if (n > 0)
        advance(cursor, (size_t)n);
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

static ssize_t write_in_turn(struct sm_tcp *tcp, struct cursor *cursor)
{
    size_t total = cursor->total;
    if (tcp->outbox && tcp->outbox->len + total > tcp->high) {
        int r = wait_for_room(tcp, level_for(tcp, total));
        if (r < 0)
            return r;
    }
    if (tcp->outbox && keep(tcp, cursor))
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
static ssize_t write_at_once(struct sm_tcp *tcp, struct cursor *cursor)
{
    if (tcp->half)
        return -EAGAIN; /* it must not come between */
    if (!tcp->outbox) {
        ssize_t n = send_at_once(tcp, cursor);
        if (n < 0 && n != -EAGAIN)
            return cut_off(tcp, cursor, (int)n);
        advance(cursor, n > 0 ? (size_t)n : 0);
    }
    if (cursor->left == 0 || keep(tcp, cursor))
        return (ssize_t)cursor->total;
    return cut_off(tcp, cursor, -ENOMEM);
}

static ssize_t size_of(const struct iovec *iov, int n)
{
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        if (iov[i].iov_len > SSIZE_MAX - total)
            return -EINVAL;
        total += iov[i].iov_len;
    }
    return (ssize_t)total;
}

static ssize_t write_pieces(struct sm_tcp *tcp, const struct iovec *iov, int n,
                            unsigned flags)
{
    ssize_t total = size_of(iov, n);
    struct cursor cursor = {.iov = iov, .left = (size_t)total, .total = (size_t)total};
    int r = writable(tcp);
    if (total <= 0 || r < 0)
        return r < 0 ? r : total;
    advance(&cursor, 0); /* over empty pieces */
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
    struct cursor cursor = {.iov = iov, .left = size, .total = size};
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
    end_if_due(tcp);
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
