/* SPDX-License-Identifier: MIT */
/*
 * The life of a loop with tasks: made, run until something is done, closed. A closed loop's
 * memory goes with the last future that somebody still holds, so that results can be looked
 * at after a run.
 */
#include <limits.h>

#include "base/fault.h"
#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

/* ---- what reports say ---------------------------------------------------------------- */

static void describe_entry(struct simul_loop *loop, uintptr_t entry, char *text,
                           size_t size)
{
    (void)loop;
    if ((entry & SM_READY_TAGS) != SM_READY_TASK) {
        snprintf(text, size, "a callback");
        return;
    }
    char label[96];
    const struct simul_future *task =
        sm_container_of(sm_ready_of(entry), struct simul_future, ready);
    sm_task_label(task, label, sizeof label);
    snprintf(text, size, "a step of task %s (made at %s)", label,
             task->where ? task->where : "?");
}

static void describe_stack(const struct sm_stack *stack, char *text, size_t size)
{
    const struct simul_future *task = stack->owner;
    char label[96] = "(none)";
    if (task)
        sm_task_label(task, label, sizeof label);
    snprintf(text, size, "task %s, made at %s", label,
             task && task->where ? task->where : "?");
}

static void report_deadlock(struct simul_loop *loop)
{
    fprintf(stderr, "simul: deadlock: nothing is left that could wake these tasks\n");
    sm_dump(loop, stderr);
}

/* ---- making -------------------------------------------------------------------------- */

static void init(struct sm_sched *sched, const simul_loop_opts *opts)
{
    sm_list_init(&sched->tasks);
    sm_stack_pool_init(&sched->stacks);
    sched->budget = 256;
    sched->sweep = SM_COUNTS_AWAITS;
    sched->loop.on_enter = sm_sched_enter_thread;
    sched->loop.on_deadlock = report_deadlock;
    sched->loop.describe = describe_entry;
    if (opts && opts->budget)
        sched->budget = opts->budget < 0 ? INT_MAX : opts->budget;
    if (opts && opts->stack_size)
        sched->stacks.size = opts->stack_size;
    if (opts)
        sched->stacks.accept_canaries = opts->accept_canaries;
    sched->budget_left = sched->budget;
    if (!opts || !opts->no_overflow_report)
        sched->overflow_watched = sm_overflow_enter(describe_stack) == 0;
}

int simul_loop_new(simul_loop **ret, const simul_loop_opts *opts)
{
    if (opts && opts->stack_size && opts->stack_size < SM_STACK_SIZE_MIN)
        return -EINVAL;
    struct sm_sched *sched = sm_zalloc(sizeof *sched);
    if (!sched)
        return -ENOMEM;
    int r = sm_loop_init(&sched->loop, opts);
    if (r < 0) {
        sm_free(sched);
        return r;
    }
    init(sched, opts);
    *ret = &sched->loop;
    return 0;
}

/* ---- closing ------------------------------------------------------------------------- */

/* A task that will never run again: what it waits for forgets it, and so does its stack. */
static void destroy_pending(struct simul_future *task)
{
    struct sm_sched *sched = task->sched;
    struct sm_wait *wait = task->wait;
    sm_report(task, "a task was destroyed while it was pending");
    if (wait && !wait->finished && wait->abort)
        wait->abort(wait);
    if (task->extra && task->extra->release_arg) {
        task->extra->release_arg(task->arg);
        task->extra->release_arg = NULL;
    }
    if (task->stack)
        sm_stack_put(&sched->stacks, task->stack);
    task->stack = NULL;
    task->wait = NULL;
    task->attention &= (uint8_t)~SM_ATTEND_SCOPE;
    task->in_group = false;
    task->state = SM_CANCELLED;
    task->result = -ECANCELED;
    sm_list_init(&task->waiters);
    sm_list_remove(&task->all);
    sched->task_count--;
}

static void destroy_all(struct sm_sched *sched)
{
    while (!sm_list_empty(&sched->tasks)) {
        struct simul_future *task =
            sm_container_of(sched->tasks.next, struct simul_future, all);
        destroy_pending(task);
        sm_future_unref(task);
    }
}

void sm_sched_free(struct sm_sched *sched)
{
    sm_slabs_finish(sched);
    sm_free(sched);
}

int simul_loop_close(simul_loop *loop)
{
    if (!loop)
        return 0;
    if (loop->running)
        return -SIMUL_ERUNNING;
    struct sm_sched *sched = sm_sched_of(loop);
    sched->blocks++; /* not before we are through */
    destroy_all(sched);
    sm_loop_finish(loop);
    sm_hops_finish(sched);
    sm_stack_pool_finish(&sched->stacks);
    if (sched->overflow_watched)
        sm_overflow_leave();
    if (--sched->blocks == 0)
        sm_sched_free(sched);
    return 0;
}

/* ---- running until something is done -------------------------------------------------- */

struct until {
    struct sm_waiter waiter;
    struct sm_ready hop;
    struct simul_loop *loop;
    bool done;
};

static void until_hop(struct sm_ready *ready)
{
    struct until *until = sm_container_of(ready, struct until, hop);
    until->done = true;
    simul_loop_stop(until->loop);
}

static void until_fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct until *until = sm_container_of(waiter, struct until, waiter);
    (void)future;
    sm_loop_ready(until->loop, &until->hop, SM_READY_INLINE);
}

/* 0 when it is done, or -errno */
static int run_until(struct simul_loop *loop, struct simul_future *future)
{
    struct until until = {
        .waiter.fire = until_fire, .hop.run = until_hop, .loop = loop};
    int r = sm_ring_reserve(&loop->ready);
    if (r < 0)
        return r;
    if (sm_future_done(future))
        until_fire(&until.waiter, future);
    else
        sm_future_watch(future, &until.waiter);
    r = sm_loop_run(loop);
    if (!sm_future_done(future))
        sm_list_remove(&until.waiter.link);
    else if (!until.done && r == 0) /* its hop is still in the ring: take it out */
        r = sm_loop_run(loop);
    sm_ring_unreserve(&loop->ready);
    return r < 0 ? r : sm_future_done(future) ? 0 : -SIMUL_ESTOPPED;
}

int simul_loop_run_until_complete(simul_loop *loop, simul_future *future)
{
    if (!loop)
        return -SIMUL_ENOLOOP;
    if (!future)
        return -ENOMEM;
    if (future->sched != sm_sched_of(loop))
        return -EXDEV;
    sm_future_ref(future);
    int r = run_until(loop, future);
    if (r == 0)
        r = simul_error(future);
    sm_future_unref(future);
    return r;
}
