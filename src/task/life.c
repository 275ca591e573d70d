/* SPDX-License-Identifier: MIT */
/*
 * The life of a loop with tasks: made, run until something is done, closed. A closed loop's
 * memory goes with the last future that somebody still holds, so that results can be looked
 * at after a run.
 */
#include <limits.h>
#include <stdlib.h>

#include "base/fault.h"
#include "base/log.h"
#include "base/sys.h"
#include "task/coro.h"
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

/* To the log, as one message; without memory for that, to standard error. */
static void report_deadlock(struct simul_loop *loop)
{
    static const char title[] = "deadlock: nothing is left that could wake these tasks";
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) {
        fprintf(stderr, "simul: error: %s\n", title);
        sm_dump(loop, stderr);
        return;
    }
    sm_dump(loop, out);
    fclose(out);
    while (size > 0 && text[size - 1] == '\n')
        text[--size] = '\0';
    sm_log(SIMUL_LOG_ERROR, "%s\n%s", title, text ? text : "");
    free(text);
}

/* ---- whose context is current -------------------------------------------------------- */

static struct simul_context **context_place(struct simul_loop *loop)
{
    struct simul_future *task = sm_sched_of(loop)->current;
    if (!task)
        return NULL;
    if (!task->has_context) {
        task->variables = NULL;
        task->has_context = true;
    }
    return &task->variables;
}

/* ---- making -------------------------------------------------------------------------- */

static void init(struct sm_sched *sched, const simul_loop_opts *opts)
{
    sm_list_init(&sched->tasks);
    sm_list_init(&sched->closables);
    sm_list_init(&sched->aborts);
    sm_stack_pool_init(&sched->stacks);
    sched->budget = 256;
    sched->loop.on_enter = sm_sched_enter_thread;
    sched->loop.on_deadlock = report_deadlock;
    sched->loop.describe = describe_entry;
    sched->loop.context_place = context_place;
    if (opts && opts->budget)
        sched->budget = opts->budget < 0 ? INT_MAX : opts->budget;
    if (opts && opts->stack_size)
        sched->stacks.size = opts->stack_size;
    if (opts)
        sched->stacks.accept_canaries = opts->accept_canaries;
    sched->budget_left = sched->budget;
    if (!opts || !opts->no_overflow_report)
        sched->overflow_watched = sm_overflow_enter(sm_stack_describe) == 0;
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
    sched->loop.escaped = true; /* whoever has it may give it to another thread */
    *ret = &sched->loop;
    return 0;
}

/* ---- closing ------------------------------------------------------------------------- */

/* C6 */
static void forget_wait(struct simul_future *task)
{
    struct sm_wait *wait = task->wait;
    if (wait && wait->abort && (!wait->finished || wait->holds))
        wait->abort(wait);
    task->wait = NULL;
}

/* A task that will never run again. Its frames are never left: what the user's code holds
 * in them is lost, what ours holds is not. */
static void destroy_pending(struct simul_future *task)
{
    struct sm_sched *sched = task->sched;
    sm_report(task, "a task was destroyed while it was pending");
    sm_scopes_end(task);
    if (task->extra && task->extra->release_arg) {
        task->extra->release_arg(task->arg);
        task->extra->release_arg = NULL;
    }
    sm_coro_lose_all(task);
    if (task->stack)
        sm_stack_put(&sched->stacks, task->stack);
    task->stack = NULL;
    task->state = SM_CANCELLED;
    task->result = -ECANCELED;
    sm_list_remove(&task->all);
    sched->task_count--;
}

/* Before the first stack goes all waits are off their lists: a lock that some wait for may
 * lie in the frame of another. */
static void destroy_all(struct sm_sched *sched)
{
    sm_list_each_safe (it, &sched->tasks)
        forget_wait(sm_container_of(it, struct simul_future, all));
    while (!sm_list_empty(&sched->tasks)) {
        struct simul_future *task =
            sm_container_of(sched->tasks.next, struct simul_future, all);
        destroy_pending(task);
        sm_future_unref(task);
    }
}

/* What was still to run, and what would have run. Only the last word of a group's child
 * holds something that is on no other list. */
static void drop_ready(struct sm_sched *sched)
{
    struct sm_ring *ring = &sched->loop.ready;
    sched->loop.carry = 0;
    while (sm_ring_count(ring) > 0) {
        struct sm_ready *ready = sm_ready_of(sm_ring_shift(ring));
        if (ready->run == sm_group_child_done)
            ready->run(ready);
    }
    while (!sm_list_empty(&sched->closables)) {
        struct sm_closable *closable =
            sm_container_of(sched->closables.next, struct sm_closable, link);
        closable->drop(closable);
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
    sm_loop_tell_closing(loop);
    sched->blocks++; /* not before we are through */
    loop->closed = true;
    destroy_all(sched);
    drop_ready(sched);
    sm_loop_finish(loop);
    sm_scopes_finish(sched);
    sm_stack_pool_finish(&sched->stacks);
    if (sched->overflow_watched)
        sm_overflow_leave();
    if (--sched->blocks == 0)
        sm_sched_free(sched);
    return 0;
}

/* ---- running until something is done -------------------------------------------------- */

/* Not on the stack: when the loop fails, its hop may stay behind in the ring. */
struct until {
    struct sm_closable closable;
    struct sm_waiter waiter;
    struct sm_ready hop;
    struct simul_loop *loop;
    bool queued, left; /* the hop is in the ring; nobody waits for it any more */
};

static void until_free(struct until *until)
{
    sm_ring_unreserve(&until->loop->ready);
    sm_list_remove(&until->waiter.link);
    sm_list_remove(&until->closable.link);
    sm_free(until);
}

static void until_drop(struct sm_closable *closable)
{
    until_free(sm_container_of(closable, struct until, closable));
}

static void until_hop(struct sm_ready *ready)
{
    struct until *until = sm_container_of(ready, struct until, hop);
    until->queued = false;
    if (until->left)
        until_free(until);
    else
        simul_loop_stop(until->loop);
}

static void until_fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct until *until = sm_container_of(waiter, struct until, waiter);
    (void)future;
    until->queued = true;
    sm_loop_ready(until->loop, &until->hop, SM_READY_INLINE);
}

static struct until *until_new(struct simul_loop *loop, struct simul_future *future)
{
    if (sm_ring_reserve(&loop->ready) < 0)
        return NULL;
    struct until *until = sm_zalloc(sizeof *until);
    if (!until) {
        sm_ring_unreserve(&loop->ready);
        return NULL;
    }
    until->closable.drop = until_drop;
    until->waiter.fire = until_fire;
    until->hop.run = until_hop;
    until->loop = loop;
    sm_list_push(&sm_sched_of(loop)->closables, &until->closable.link);
    if (sm_future_done(future))
        until_fire(&until->waiter, future);
    else
        sm_future_watch(future, &until->waiter);
    return until;
}

int sm_run_until(struct simul_loop *loop, struct simul_future *future)
{
    int r = sm_loop_usable(loop);
    if (r < 0)
        return r;
    if (sm_running || loop->running)
        return -SIMUL_ERUNNING;
    struct until *until = until_new(loop, future);
    if (!until)
        return -ENOMEM;
    r = sm_loop_run(loop);
    if (until->queued && r == 0) /* it was stopped in the pass in which it got done */
        r = sm_loop_run(loop);
    until->left = true;
    if (!until->queued)
        until_free(until);
    return r < 0 ? r : sm_future_done(future) ? 0 : -SIMUL_ESTOPPED;
}

int simul_loop_run_until_complete(simul_loop *loop, simul_future *future)
{
    int r = sm_loop_usable(loop);
    if (r < 0)
        return r;
    if (!future)
        return -ENOMEM;
    if (future->sched != sm_sched_of(loop))
        return -EXDEV;
    if (loop == sm_running && loop->reentrant)
        return sm_run_nested(loop, future);
    sm_future_ref(future);
    r = sm_run_until(loop, future);
    if (r == 0)
        r = simul_error(future);
    sm_future_unref(future);
    return r;
}
