/* SPDX-License-Identifier: MIT */
/* The waiting primitive; its contract is in wait.h. */
#include "task/wait.h"

#include "base/fault.h"
#include "base/log.h"
#include "base/sys.h"
#include "poll/op.h"

enum { IGNORED_MAX = 1000, SLICE = 256, ABANDON_TRIES = 1000 };

/* ---- checkpoints -------------------------------------------------------------------- */

void sm_overspent(struct simul_future *task)
{
    sm_yield(task->sched, task);
}

/* A test cancels at the n-th await of the whole run (base/fault.h). */
static void sweep(struct simul_future *task)
{
    if (sm_cancel_due())
        sm_task_cancel(task);
}

static void told_again(struct simul_future *task)
{
    char label[96];
    task->ignored++;
    if (task->ignored == IGNORED_MAX) {
        sm_task_label(task, label, sizeof label);
        sm_log(SIMUL_LOG_WARNING,
               "task %s (made at %s) ignores its cancellation: %d calls have returned "
               "-ECANCELED to it",
               label, task->where ? task->where : "?", IGNORED_MAX);
    }
    if (task->ignored >= IGNORED_MAX && task->ignored % SLICE == 0)
        sm_yield(task->sched, task);
}

int sm_attend(struct simul_future *task, void *frame)
{
    if (task->attention & SM_ATTEND_SCOPE)
        sm_scopes_check(task, frame);
    if (task->attention & SM_ATTEND_SWEEP)
        sweep(task);
    if (!sm_sticky(task))
        return 0;
    told_again(task);
    return -ECANCELED;
}

/* ---- delivery ----------------------------------------------------------------------- */

static int deliver(struct simul_future *task)
{
    sm_set_sticky(task, true);
    sm_pass_cancel_message(task);
    task->ignored = 0;
    return -ECANCELED;
}

int sm_cancel_deliver(struct simul_future *task)
{
    if (!task->must_cancel)
        return 0;
    task->must_cancel = false;
    return deliver(task);
}

/* ---- suspending --------------------------------------------------------------------- */

ssize_t sm_wait_settle(struct simul_future *task, struct sm_wait *wait)
{
    bool completed = wait->result != -ECANCELED;
    if (wait->keeps && completed) {
        task->must_cancel |= wait->aborted;
        return wait->result;
    }
    if (task->must_cancel)
        return sm_cancel_deliver(task);
    if (wait->aborted && !completed)
        return deliver(task);
    return wait->result;
}

void sm_wait_begin_cancelled(struct sm_wait *wait)
{
    if (!wait->finished && wait->abort && wait->abort(wait)) {
        wait->task->must_cancel = false;
        wait->aborted = true;
    }
}

/* The entry is in the ring before the task's own, so the wait is still there. */
static void hop(struct sm_ready *ready)
{
    struct sm_wait *wait = sm_container_of(ready, struct sm_wait, hop);
    sm_wait_finish(wait, wait->result);
}

void sm_wait_finish_soon(struct sm_wait *wait, ssize_t result)
{
    if (wait->finished)
        return;
    wait->result = result;
    wait->hop.run = hop;
    sm_loop_ready(&wait->task->sched->loop, &wait->hop, SM_READY_INLINE);
}

/* ---- operations of the poller ------------------------------------------------------- */

struct op_wait {
    struct sm_wait wait;
    struct sm_op *op;
    void (*done)(struct sm_op *op);
};

static void op_done(struct sm_op *op)
{
    struct sm_wait *wait = (struct sm_wait *)op->user;
    sm_wait_finish(wait, op->result);
}

/* C6. The buffer may be freed when this returns, so what the kernel does with it is waited
 * for (a bounded number of times without memory; -EEXIST: its thread is gone, and with it
 * the operation). Nobody will hear of a descriptor. */
static void op_abandon(struct op_wait *w)
{
    struct sm_poll *poll = w->wait.task->sched->loop.poll;
    for (int tries = 0, r = 0; tries < ABANDON_TRIES && r != -EEXIST; tries += r < 0) {
        if (sm_poll_ops(poll)->cancel(poll, w->op) == SM_OP_REMOVED)
            break;
        r = sm_poll_ops(poll)->wait(poll, -1);
    }
    if (w->wait.finished && sm_op_gives_descriptor(w->op) && w->op->result >= 0)
        sm_close((int)w->op->result);
}

static bool op_abort(struct sm_wait *wait)
{
    struct op_wait *w = sm_container_of(wait, struct op_wait, wait);
    struct sm_poll *poll = wait->task->sched->loop.poll;
    if (wait->task->sched->loop.closed)
        op_abandon(w);
    else if (sm_poll_ops(poll)->cancel(poll, w->op) == SM_OP_REMOVED)
        sm_wait_finish(wait, -ECANCELED);
    return true; /* else done() is still to come, and the buffer is the kernel's till then */
}

static bool op_go_on(struct sm_wait *wait)
{
    if (wait->task->sched->loop.closed)
        op_abort(wait);
    return false;
}

/* What the virtual clock waits for: not for somebody to connect, or a readiness. */
static bool holds_clock(const struct sm_op *op)
{
    return op->code != SM_OP_ACCEPT && op->code != SM_OP_POLL;
}

ssize_t sm_op_await(struct sm_op *op, const char *what)
{
    int r = sm_checkpoint();
    return r < 0 ? r : sm_op_wait(op, what);
}

static ssize_t wait_for_op(struct sm_op *op, const char *what,
                           bool (*abort)(struct sm_wait *))
{
    struct simul_loop *loop = sm_running;
    op->done = op_done;
    op->state = SM_OP_IDLE;
    if (sm_poll_ops(loop->poll)->submit(loop->poll, op))
        return op->result;

    struct op_wait w = {.op = op};
    sm_wait_prepare(&w.wait, what, abort);
    w.wait.keeps = true;
    w.wait.holds = sm_op_gives_descriptor(op);
    op->user = &w.wait;
    sm_loop_hold(loop, holds_clock(op));
    ssize_t n = sm_wait_suspend(&w.wait);
    sm_loop_unhold(loop, holds_clock(op));
    return n;
}

ssize_t sm_op_wait(struct sm_op *op, const char *what)
{
    return wait_for_op(op, what, op_abort);
}

ssize_t sm_op_wait_to_end(struct sm_op *op, const char *what)
{
    return wait_for_op(op, what, op_go_on);
}

/* ---- a pass ---------------------------------------------------------------------------- */

static bool refuse_abort(struct sm_wait *wait)
{
    (void)wait;
    return false;
}

void sm_wait_for_pass(struct sm_wait **who, const char *what)
{
    struct sm_wait wait;
    sm_wait_prepare(&wait, what, refuse_abort);
    wait.keeps = true;
    *who = &wait;
    sm_wait_suspend(&wait);
    *who = NULL;
}
