/* SPDX-License-Identifier: MIT */
/* Runners: a loop for one main task after another; and run(), which is one for one (S51). */
#include <stdio.h>
#include <stdlib.h>

#include "base/sys.h"
#include "loop/context.h"
#include "task/run.h"
#include "task/wait.h"

/* ---- the end: cancel the rest, and wait for them ---------------------------------------- */

static void on_leftover(simul_future *future, void *arg)
{
    (void)arg;
    if (future->state == SM_FINISHED && future->result < 0 && !future->asked)
        sm_report(future, "a task failed while the run was shutting down");
}

static void cancel_all(struct sm_sched *sched)
{
    sm_list_each_safe (it, &sched->tasks) {
        struct simul_future *task = sm_container_of(it, struct simul_future, all);
        simul_add_done_callback(task, on_leftover, NULL);
        simul_cancel(task);
    }
}

static struct simul_future *oldest(struct sm_sched *sched)
{
    if (sm_list_empty(&sched->tasks))
        return NULL;
    return sm_container_of(sched->tasks.next, struct simul_future, all);
}

/* Wait for all tasks up to number `last`; no cancel interrupts them a second time. */
static int wait_for_all(struct simul_runner *run, uint32_t last)
{
    enum { TRIES = 8 }; /* a poller that fails now may not do so the next time */
    struct simul_future *task;
    int r = 0, failed = 0;
    while (!run->at_once && failed < TRIES && (task = oldest(sm_sched_of(run->loop)))
           && (int32_t)(task->id - last) <= 0) {
        r = sm_run_until(run->loop, task);
        if (r == -EDEADLK)
            return r;
        failed = r < 0 && r != -SIMUL_ESTOPPED ? failed + 1 : 0;
    }
    return failed ? r : 0;
}

/* Until no task is left; those made meanwhile are cancelled in the next round. */
static int finish_tasks(struct simul_runner *run)
{
    struct sm_sched *sched = sm_sched_of(run->loop);
    int r = 0;
    while (sched->task_count > 0 && !run->at_once && r == 0) {
        cancel_all(sched);
        r = wait_for_all(run, sched->next_id);
    }
    return r;
}

/* What an upper layer wants to end in a task; and what that left behind. */
static int end_with(struct simul_runner *run, simul_fn *fn)
{
    struct sm_sched *sched = sm_sched_of(run->loop);
    if (!fn || run->at_once)
        return 0;
    struct simul_future *task = sm_task_create(sched, fn, NULL, NULL, "simul_run");
    if (!task)
        return -ENOMEM;
    int r = sm_run_until(run->loop, task);
    if (r == 0)
        r = simul_error(task);
    sm_future_unref(task);
    int end = finish_tasks(run);
    return r < 0 ? r : end;
}

/* In asyncio's order (S51): generators, then threads. */
static int shut_down(struct simul_runner *run)
{
    struct sm_sched *sched = sm_sched_of(run->loop);
    int r = end_with(run, sched->shut_down);
    int end = end_with(run, sched->end_threads);
    return r < 0 ? r : end;
}

/* ---- what the main task said, for simul_exit() ------------------------------------------ */

static __thread struct {
    int error;
    char text[512];
} last;

static void remember(struct simul_future *task, int r)
{
    last.error = r;
    last.text[0] = '\0';
    if (r < 0 && simul_done(task) && task->result == r)
        snprintf(last.text, sizeof last.text, "%s", simul_message(task));
}

/* Which backend was asked for, and by whom, is what one has to know of a refusal. */
static void remember_no_loop(const simul_loop_opts *opts, int r)
{
    const char *env = getenv("SIMUL_BACKEND");
    bool by_opts = opts && opts->backend && *opts->backend;
    last.error = r;
    snprintf(last.text, sizeof last.text, "an event loop cannot be made%s%s: %s",
             by_opts       ? ", backend "
             : env && *env ? ", SIMUL_BACKEND="
                           : "",
             by_opts ? opts->backend
             : env   ? env
                     : "",
             simul_strerror(r));
}

/* ---- runners ---------------------------------------------------------------------------- */

static int init(struct simul_runner *run, const simul_loop_opts *opts)
{
    *run = (struct simul_runner){0};
    if (opts) {
        run->no_signals = opts->no_signals;
        run->terminate = opts->terminate;
    }
    int r = simul_loop_new(&run->loop, opts);
    if (r == 0)
        run->loop->escaped = false; /* nobody has seen it */
    else
        remember_no_loop(opts, r);
    return r;
}

static int result_of(struct simul_runner *run, int r)
{
    bool by_signal = run->cancelled_main && simul_cancelled(run->main)
                     && simul_uncancel(run->main) == 0;
    if (run->at_once || by_signal)
        return -SIMUL_EINTERRUPTED;
    return r;
}

/* Whoever called run() was given its error. */
static void drop_main(struct simul_runner *run)
{
    if (run->main)
        run->main->asked = true;
    simul_release(run->main);
    run->main = NULL;
}

static int run_main(struct simul_runner *run, simul_fn *fn, void *arg)
{
    drop_main(run);
    run->interrupts = 0;
    run->cancelled_main = run->at_once = false;
    int r = sm_run_watch_signals(run);
    if (r < 0)
        return r;
    const simul_task_opts opts = {.context = run->context};
    run->main = simul_loop_create_task_at(run->loop, fn, arg, &opts, "simul_run");
    if (!run->main)
        return -ENOMEM;
    return simul_loop_run_until_complete(run->loop, run->main);
}

/* Wait for all others, and close the loop; what a signal says meanwhile is r's part, too. */
static int finish(struct simul_runner *run, int r)
{
    int end = finish_tasks(run);
    if (end == 0)
        end = shut_down(run);
    r = result_of(run, r >= 0 && end < 0 ? end : r);
    if (run->main)
        remember(run->main, r);
    sm_run_unwatch_signals(run);
    drop_main(run);
    simul_loop_close(run->loop);
    return r;
}

int simul_runner_new(simul_runner **ret, const simul_loop_opts *opts)
{
    struct simul_runner *run = sm_malloc(sizeof *run);
    if (!run)
        return -ENOMEM;
    int r = init(run, opts);
    if (r == 0 && !(run->context = simul_copy_context())) {
        simul_loop_close(run->loop);
        r = -ENOMEM;
    }
    if (r < 0)
        sm_free(run);
    else
        *ret = run;
    return r;
}

int simul_runner_run(simul_runner *run, simul_fn *fn, void *arg)
{
    if (!run || !fn)
        return -EINVAL;
    if (sm_running)
        return -SIMUL_ERUNNING;
    int r = run_main(run, fn, arg);
    sm_run_unwatch_signals(run);
    r = result_of(run, r);
    if (run->main)
        remember(run->main, r);
    return r;
}

simul_loop *simul_runner_get_loop(simul_runner *run)
{
    if (!run)
        return NULL;
    run->loop->escaped = true;
    return run->loop;
}

int simul_runner_close(simul_runner *run)
{
    if (!run)
        return 0;
    if (sm_running)
        return -SIMUL_ERUNNING;
    drop_main(run);
    run->at_once = false;
    sm_run_watch_signals(run); /* without them, nothing interrupts the waiting */
    int r = finish(run, 0);
    simul_context_release(run->context);
    sm_free(run);
    return r;
}

static int run_nested(simul_fn *fn, void *arg)
{
    struct simul_future *task =
        simul_loop_create_task_at(sm_running, fn, arg, NULL, "simul_run");
    int r = task ? sm_run_nested(sm_running, task) : -ENOMEM;
    simul_release(task);
    return r;
}

int simul_run_opts(simul_fn *fn, void *arg, const simul_loop_opts *opts)
{
    if (sm_running)
        return sm_running->reentrant ? run_nested(fn, arg) : -SIMUL_ERUNNING;
    struct simul_runner run;
    int r = init(&run, opts);
    if (r < 0)
        return r;
    return finish(&run, run_main(&run, fn, arg));
}

int simul_exit(int r)
{
    if (r >= 0)
        return 0;
    if (r == -SIMUL_EINTERRUPTED)
        return 130;
    const char *text = last.error == r && last.text[0] ? last.text : simul_strerror(r);
    fprintf(stderr, "error: %s (%s)\n", text, simul_error_name(r));
    return 1;
}
