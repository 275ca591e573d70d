/* SPDX-License-Identifier: MIT */
/*
 * An instance in the child of a fork (P14). The queues of io_uring are memory that is shared
 * with the parent, and so is the set of epoll: what is asked of them in the child happens in
 * the parent. So nothing is asked any more, whatever the backend.
 */
#include <errno.h>

#include "poll/op.h"
#include "poll/poll.h"

static bool forked_submit(struct sm_poll *poll, struct sm_op *op)
{
    (void)poll;
    return sm_op_ended(op, -ECANCELED);
}

static enum sm_op_cancel forked_cancel(struct sm_poll *poll, struct sm_op *op)
{
    (void)poll;
    if (op->state != SM_OP_IDLE)
        sm_list_remove(&op->link);
    op->state = SM_OP_IDLE;
    return SM_OP_REMOVED;
}

static int forked_wait(struct sm_poll *poll, int64_t timeout_ns)
{
    (void)poll, (void)timeout_ns;
    return -EBADF;
}

static void forked_wake(struct sm_poll *poll)
{
    (void)poll;
}

static void forked_forget(struct sm_poll *poll, int fd)
{
    (void)poll, (void)fd;
}

static int forked_fileno(struct sm_poll *poll)
{
    (void)poll;
    return -EBADF;
}

static void forked_close(struct sm_poll *poll)
{
    ((struct sm_poll_base *)poll)->ops->release(poll);
}

const struct sm_poll_ops sm_poll_forked = {
    .name = "forked",
    .close = forked_close,
    .release = forked_close,
    .submit = forked_submit,
    .cancel = forked_cancel,
    .wait = forked_wait,
    .wake = forked_wake,
    .forget = forked_forget,
    .fileno = forked_fileno,
};
