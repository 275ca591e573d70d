/* SPDX-License-Identifier: MIT */
/* Asking for cancellation, and taking it back; asyncio's protocol (S9 to S17). */
#include "task/task.h"
#include "task/wait.h"

/* C1: the wait stays where it is until its task resumes, whatever abort does. */
static void abort_one(struct sm_wait *wait)
{
    if (wait->finished || !wait->abort(wait))
        wait->task->must_cancel = true;
    else
        wait->aborted = true;
}

/*
 * A cancel goes on from task to task along what they await, to any depth: so the waits
 * that it reaches are put on a list, not on the stack. Their order is that of a recursion:
 * what one adds comes before the others, and behind it stands that one again, to be closed.
 */
static void run_aborts(struct sm_sched *sched)
{
    sched->aborting = true;
    for (struct sm_list *it; (it = sm_list_shift(&sched->aborts));) {
        struct sm_wait *wait = sm_container_of(it, struct sm_wait, abort_link);
        if (wait->abort_state == SM_ABORT_OPEN) {
            wait->abort_state = SM_ABORT_NONE;
            continue;
        }
        struct sm_list others;
        sm_list_init(&others);
        sm_list_splice(&others, &sched->aborts);
        wait->abort_state = SM_ABORT_OPEN;
        abort_one(wait);
        sm_list_push(&sched->aborts, it);
        sm_list_splice(&sched->aborts, &others);
    }
    sched->aborting = false;
}

bool sm_task_cancel(struct simul_future *task)
{
    struct sm_sched *sched = task->sched;
    struct sm_wait *wait = task->wait;
    bool closed = sched->loop.closed; /* then abort is for life.c (C6) */
    if (sm_future_done(task))
        return false;
    if (wait && !wait->finished && wait->abort_state == SM_ABORT_OPEN)
        return false; /* tasks that await each other in a circle */
    task->cancels++;
    if (!wait || wait->finished || !wait->abort || closed) {
        task->must_cancel = true;
    } else if (wait->abort_state == SM_ABORT_NONE) {
        wait->abort_state = SM_ABORT_QUEUED;
        sm_list_push(&sched->aborts, &wait->abort_link);
        if (!sched->aborting)
            run_aborts(sched);
    }
    return true;
}

/* A cancel with its message is on its way, and ends the wait: another adds to the count only,
 * and is delivered together with it (S14). */
static bool under_way(const struct simul_future *future)
{
    const struct sm_wait *wait = future->is_task ? future->wait : NULL;
    return wait && wait->finished && wait->aborted;
}

bool simul_cancel_msg(simul_future *future, const char *message)
{
    if (!future)
        return false;
    if (sm_loop_foreign(&future->sched->loop)) {
        sm_loop_refuse(&future->sched->loop);
        return false;
    }
    if (sm_future_done(future)) {
        future->asked = true; /* as in asyncio, a late cancel silences the error */
        return false;
    }
    if ((message || future->extra) && !under_way(future))
        sm_cancel_message(future, message);
    if (future->is_task)
        return sm_task_cancel(future);
    if (future->on_cancel)
        return future->on_cancel(future);
    sm_future_finish(future, SM_CANCELLED, -ECANCELED);
    return true;
}

bool simul_cancel(simul_future *future)
{
    return simul_cancel_msg(future, NULL);
}

int simul_cancelling(simul_task *task)
{
    return task ? (int)task->cancels : 0;
}

int simul_uncancel(simul_task *task)
{
    if (!task)
        return 0;
    if (task->cancels > 0 && --task->cancels == 0)
        task->must_cancel = false;
    return (int)task->cancels;
}

bool simul_cancel_caught(void)
{
    struct simul_future *task = sm_current();
    if (!task || !sm_sticky(task))
        return false;
    sm_set_sticky(task, false);
    task->ignored = 0;
    return true;
}
