/* SPDX-License-Identifier: MIT */
/*
 * What a connection keeps for sending: chunks, sent by an operation that belongs to nobody
 * but the stream.
 */
#include <string.h>

#include "base/sys.h"
#include "net/cursor.h"
#include "net/tcp.h"

enum { CHUNK = 16 << 10 };

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
void sm_tcp_end_if_due(struct sm_tcp *tcp)
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
        sm_tcp_end_if_due(tcp);
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

static void copy(struct sm_chunk *chunk, struct sm_cursor *cursor)
{
    while (cursor->left > 0 && chunk->end < chunk->size) {
        size_t n = cursor->iov->iov_len - cursor->skip;
        if (n > chunk->size - chunk->end)
            n = chunk->size - chunk->end;
        memcpy(chunk->data + chunk->end, (char *)cursor->iov->iov_base + cursor->skip,
               n);
        chunk->end += n;
        sm_cursor_advance(cursor, n);
    }
}

/* Keep all that is left; false: no memory, and nothing has changed. */
static bool put(struct sm_outbox *outbox, struct sm_cursor *cursor)
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

bool sm_tcp_keep(struct sm_tcp *tcp, struct sm_cursor *cursor)
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
