/* SPDX-License-Identifier: MIT */
/* Completions. */
#include <errno.h>

#include "poll/io_uring.h"

void sm_uring_learn(struct sm_uring_poll *self, struct sm_op *op, unsigned cqe_flags)
{
    struct sm_record *record = sm_record_find(&self->records, op->fd);
    if (record && sm_op_was_short(op))
        record->empty =
            !(cqe_flags & SM_CQE_SOCK_NONEMPTY) && sm_record_is_drained(record, op->fd);
    else if (record && sm_op_is_receive(op))
        record->empty = false;
}

static int finish(struct sm_uring_poll *self, struct sm_op *op, ssize_t result)
{
    sm_record_detach(&self->records, op);
    sm_op_finish(op, result);
    return 1;
}

/* The descriptor is ready, or the wait for that has failed. */
static int go_on(struct sm_uring_poll *self, struct sm_op *op, int result)
{
    if (result < 0)
        return finish(self, op, result);
    if (op->state == SM_OP_CANCEL)
        return finish(self, op, -ECANCELED);
    if (sm_op_retry(op)) {
        sm_uring_learn(self, op, 0);
        return finish(self, op, op->result);
    }
    sm_uring_enqueue(self, op);
    return 0;
}

/* EAGAIN: the kernel would not wait (U4); of a connect it is an answer (no ports, no
 * routes). EINTR: a thread of the kernel was canceled. */
static int settle(struct sm_uring_poll *self, struct sm_op *op,
                  const struct io_uring_cqe *cqe)
{
    op->result = cqe->res;
    bool unfinished =
        cqe->res == -EINTR || (cqe->res == -EAGAIN && op->code != SM_OP_CONNECT);
    if (unfinished) {
        if (op->state == SM_OP_CANCEL)
            return finish(self, op, -ECANCELED);
        op->backend[1] |= SM_URING_BY_POLL;
        sm_uring_enqueue(self, op);
        return 0;
    }
    if (op->code == SM_OP_POLL && cqe->res == -EBADF)
        op->result = POLLNVAL;
    sm_uring_learn(self, op, cqe->flags);
    return finish(self, op, op->result);
}

/* What the kernel would begin again after a signal (ERESTARTSYS and its kin) should never
 * be seen here, but an open that was interrupted says it. */
static bool was_interrupted(int result)
{
    return result == -EINTR || (result <= -512 && result >= -516);
}

/* U7. Interrupted: it was canceled before it had done anything. ECANCELED that nobody asked
 * for: there was no thread to be had. */
static int settle_file(struct sm_uring_poll *self, struct sm_op *op, int result)
{
    if (result == -ECANCELED && op->state != SM_OP_CANCEL)
        return finish(self, op, -EAGAIN);
    bool again = result == -EAGAIN && !(op->backend[1] & SM_URING_ASYNC);
    if (!was_interrupted(result) && !again)
        return finish(self, op, result);
    if (op->state == SM_OP_CANCEL)
        return finish(self, op, -ECANCELED);
    op->backend[1] |= SM_URING_ASYNC;
    sm_uring_enqueue(self, op);
    return 0;
}

struct sm_op *sm_uring_owner_of(struct sm_uring_poll *self,
                                const struct io_uring_cqe *cqe)
{
    if (cqe->user_data == SM_URING_WAKE && !(cqe->flags & SM_CQE_MORE))
        self->rearm = true;
    if (cqe->user_data == SM_URING_WAKE || cqe->user_data == SM_URING_NOBODY)
        return NULL;
    struct sm_op *op = (struct sm_op *)(uintptr_t)cqe->user_data;
    sm_list_remove(&op->link); /* from the cancels, or the files */
    self->in_ring--;
    return op;
}

static int end_entry(struct sm_uring_poll *self, struct sm_op *op,
                     const struct io_uring_cqe *cqe)
{
    if (sm_op_is_of_file(op))
        return settle_file(self, op, cqe->res);
    return op->backend[1] & SM_URING_BY_POLL ? go_on(self, op, cqe->res)
                                             : settle(self, op, cqe);
}

int sm_uring_reap(struct sm_uring_poll *self)
{
    int n = 0;
    struct io_uring_cqe cqe;
    for (unsigned left = sm_uring_ready(&self->ring); left > 0; left--) {
        sm_uring_pop(&self->ring, &cqe);
        struct sm_op *op = sm_uring_owner_of(self, &cqe);
        if (op)
            n += end_entry(self, op, &cqe);
    }
    return n;
}
