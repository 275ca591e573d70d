/* SPDX-License-Identifier: MIT */
/* Submitting, canceling, forgetting. */
#include <errno.h>

#include "base/sys.h"
#include "poll/io_uring.h"

/* A receive from what is certainly empty is not tried (P9); should that be wrong, the
 * kernel, which looks for itself, completes it in the next wait(). */
static bool try_now(struct sm_uring_poll *self, struct sm_op *op)
{
    struct sm_record *record = sm_record_find(&self->records, op->fd);
    if (op->code == SM_OP_POLL || sm_uring_connects(op)
        || (record && record->empty && sm_op_is_receive(op)) || !sm_op_try(op))
        return false;
    sm_uring_learn(self, op, 0);
    return true;
}

/* An entry for a number that is no descriptor would say so too, but it has no record. */
static bool take(struct sm_uring_poll *self, struct sm_op *op)
{
    if (op->fd < 0)
        return sm_op_ended(op, op->code == SM_OP_POLL ? POLLNVAL : -EBADF);
    int r = sm_record_reserve(&self->records, op->fd);
    if (r < 0)
        return sm_op_ended(op, r);
    bool by_poll = op->code == SM_OP_READ || op->code == SM_OP_WRITE
                   || (op->code == SM_OP_CONNECT && !sm_uring_connects(op));
    sm_record_attach(&self->records, op);
    op->state = SM_OP_PENDING;
    op->backend[1] = by_poll ? SM_URING_BY_POLL : 0;
    sm_uring_enqueue(self, op);
    sm_uring_hand_over(self);
    return false;
}

bool sm_uring_poll_offers(struct sm_poll *poll, enum sm_op_code code)
{
    return code > SM_OP_POLL
           && sm_uring_knows(&sm_uring_poll_of(poll)->ring,
                             sm_uring_opcode_of_file(code));
}

/* U7: nothing to try, no direction to take. */
static bool take_file(struct sm_uring_poll *self, struct sm_op *op)
{
    if (!sm_uring_poll_offers((struct sm_poll *)self, op->code))
        return sm_op_ended(op, -EOPNOTSUPP);
    int r = sm_file_fault();
    if (r < 0)
        return sm_op_ended(op, r);
    op->state = SM_OP_PENDING;
    op->backend[1] = op->code == SM_OP_OPEN ? SM_URING_ASYNC : 0;
    sm_uring_enqueue(self, op);
    sm_uring_hand_over(self);
    return false;
}

bool sm_uring_poll_submit(struct sm_poll *poll, struct sm_op *op)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    sm_assert(op->state == SM_OP_IDLE);
    if (sm_op_is_of_file(op))
        return take_file(self, op);
    if (sm_record_is_busy(sm_record_find(&self->records, op->fd), sm_op_directions(op)))
        return sm_op_ended(op, -EBUSY);
    return try_now(self, op) || take(self, op);
}

/* ---- canceling ---------------------------------------------------------------------- */

/* U2: true if the kernel has not seen the operation, and will not. */
static bool call_back(struct sm_uring_poll *self, struct sm_op *op)
{
    if (!sm_uring_is_at(op, SM_URING_RINGED)) {
        sm_list_remove(&op->link);
        return true;
    }
    struct io_uring_sqe *sqe = sm_uring_still_queued(&self->ring, op->backend[0]);
    if (!sqe)
        return false;
    sm_list_remove(&op->link); /* from the files */
    *sqe = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = SM_URING_NOBODY};
    self->in_ring--;
    return true;
}

static void request_cancel(struct sm_uring_poll *self, struct sm_op *op)
{
    if (op->state == SM_OP_CANCEL)
        return;
    op->state = SM_OP_CANCEL;
    if (sm_uring_enqueue_cancel(self, op)) {
        sm_uring_hand_over(self);
        return;
    }
    sm_list_remove(&op->link); /* from the files */
    sm_list_push(&self->cancels, &op->link);
}

enum sm_op_cancel sm_uring_poll_cancel(struct sm_poll *poll, struct sm_op *op)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    if (op->state == SM_OP_IDLE)
        return SM_OP_REMOVED;
    if (!call_back(self, op)) {
        request_cancel(self, op);
        return SM_OP_CANCELING;
    }
    sm_record_detach(&self->records, op);
    op->state = SM_OP_IDLE;
    return SM_OP_REMOVED;
}

bool sm_uring_drop(struct sm_uring_poll *self, struct sm_op *op)
{
    if (!op)
        return false;
    sm_record_detach(&self->records, op);
    if (!call_back(self, op)) {
        request_cancel(self, op);
        return true;
    }
    sm_uring_put_at(op, SM_URING_CANCELED);
    sm_list_push(&self->canceled, &op->link);
    sm_uring_poll_wake((struct sm_poll *)self); /* for fileno() */
    return false;
}

/* What the kernel holds keeps the file open after close(2): a port stays taken, a peer
 * sees no end. So the cancels are handed over now, and their effects let happen. */
void sm_uring_poll_forget(struct sm_poll *poll, int fd)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    struct sm_record *record = sm_record_find(&self->records, fd);
    if (!record)
        return;
    bool held = sm_uring_drop(self, record->in);
    held |= sm_uring_drop(self, record->out);
    *record = (struct sm_record){0};
    if (held)
        sm_uring_enter(&self->ring, 0, 0);
}
