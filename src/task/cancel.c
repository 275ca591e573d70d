/* SPDX-License-Identifier: MIT */
/* Asking for cancellation, and taking it back; asyncio's protocol (S9 to S17). */
#include "task/task.h"
#include "task/wait.h"

bool sm_task_cancel(struct simul_future *task)
{
    if (sm_future_done(task))
        return false;
    task->cancels++;
    struct sm_wait *wait = task->wait;
    bool closed = task->sched->loop.closed; /* then abort is for life.c (C6) */
    if (wait && !wait->finished && !closed && wait->abort && wait->abort(wait)) {
        wait->aborted = true;
        return true;
    }
    task->must_cancel = true;
    return true;
}

bool simul_cancel_msg(simul_future *future, const char *message)
{
    if (!future)
        return false;
    if (sm_future_done(future)) {
        future->asked = true; /* as in asyncio, a late cancel silences the error */
        return false;
    }
    if (message || future->extra)
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
