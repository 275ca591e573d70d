/* SPDX-License-Identifier: MIT */
#include "net/watch.h"

static void become_ready(struct sm_watch *watch)
{
    watch->pending = false;
    sm_loop_ready(watch->loop, &watch->ready, SM_READY_CALL);
}

static void op_done(struct sm_op *op)
{
    struct sm_watch *watch = sm_container_of(op, struct sm_watch, op);
    sm_loop_unhold(watch->loop, false);
    become_ready(watch);
}

static void arm(struct sm_watch *watch)
{
    struct sm_poll *poll = watch->loop->poll;
    watch->busy = watch->pending = true;
    sm_loop_hold(watch->loop, false);
    if (sm_poll_ops(poll)->submit(poll, &watch->op))
        op_done(&watch->op);
}

static void become_idle(struct sm_watch *watch)
{
    watch->busy = false;
    watch->idle(watch);
}

/* An operation that was cancelled and is wanted again says nothing; it is made anew. */
static void run(struct sm_ready *ready)
{
    struct sm_watch *watch = sm_container_of(ready, struct sm_watch, ready);
    ssize_t r = watch->op.result;
    if (watch->wanted && r != -ECANCELED)
        watch->call(watch, r < 0 ? (int)r : 0);
    if (watch->wanted)
        arm(watch);
    else
        become_idle(watch);
}

void sm_watch_init(struct sm_watch *watch, struct simul_loop *loop, int fd, int events)
{
    watch->ready.run = run;
    watch->op =
        (struct sm_op){.done = op_done, .fd = fd, .code = SM_OP_POLL, .flags = events};
    watch->loop = loop;
}

void sm_watch_start(struct sm_watch *watch)
{
    if (watch->loop->closed)
        return;
    watch->wanted = true;
    if (!watch->busy)
        arm(watch);
}

void sm_watch_stop(struct sm_watch *watch)
{
    struct sm_poll *poll = watch->loop->poll;
    watch->wanted = false;
    if (watch->loop->closed || !watch->pending
        || sm_poll_ops(poll)->cancel(poll, &watch->op) != SM_OP_REMOVED)
        return; /* run() is still to come */
    watch->pending = false;
    sm_loop_unhold(watch->loop, false);
    become_idle(watch);
}
