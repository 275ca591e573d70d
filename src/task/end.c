/* SPDX-License-Identifier: MIT */
/* The end of a task: its state, its message, its argument, and who is told. */
#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

/* CANCELLED if a cancellation is what ended it (S12, S17; see simul/task.h). */
static enum sm_state end_state(const struct simul_future *task, int r)
{
    bool cancelled = task->must_cancel || sm_sticky(task);
    return sm_unlikely(r == -ECANCELED || (cancelled && r >= 0)) ? SM_CANCELLED
                                                                 : SM_FINISHED;
}

static inline __attribute__((always_inline)) void finish(struct simul_future *task,
                                                         enum sm_state state, int r)
{
    struct sm_sched *sched = task->sched;
    if (sm_unlikely(state == SM_CANCELLED))
        r = -ECANCELED;
    if (sm_unlikely(task->extra != NULL)) {
        if (task->extra->release_arg)
            task->extra->release_arg(task->arg);
        task->extra->release_arg = NULL;
        if (r < 0)
            sm_keep_message(task, r);
    }

    sm_list_remove(&task->all);
    sched->task_count--;
    sm_timers_unreserve(&sched->loop.timers);
    /* The group hears of it first, a pass later, as in asyncio. */
    if (sm_unlikely(task->in_group)) {
        task->ready.run = sm_group_child_done;
        sm_loop_ready(&sched->loop, &task->ready, SM_READY_INLINE);
    }
    sm_future_finish_here(task, state, r);
    sm_future_unref(task);
}

/* On the task's own stack: its function has returned r. */
void sm_task_end(struct simul_future *task, int r)
{
    if (sm_unlikely(sm_innermost(task) != NULL))
        sm_scopes_end(task);
    task->stack->owner = NULL;
    task->stack = NULL;
    task->sched->current = NULL; /* what finish() calls of the user's cannot wait */
    finish(task, end_state(task, r), r);
}

void sm_task_end_unstarted(struct simul_future *task, int r)
{
    task->sched->current = NULL;
    if (r == -ENOMEM && sm_extra_of(task)) {
        task->extra->message = sm_message_new(sm_stack_reason());
        task->extra->message_error = r;
    }
    finish(task, r == -ECANCELED ? SM_CANCELLED : SM_FINISHED, r);
}
