/* SPDX-License-Identifier: MIT */
/*
 * run(): a loop for one main task, from beginning to end (S51, and the SIGINT protocol of
 * asyncio's Runner).
 */
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

struct run {
    struct simul_loop *loop;
    struct simul_future *main;
    int interrupts;
    bool cancelled_main; /* the first signal did */
    bool watches[2];     /* SIGINT, SIGTERM */
    bool at_once;        /* a second signal: wait for nobody */
};

static const int signals[2] = {SIGINT, SIGTERM};

/* ---- signals -------------------------------------------------------------------------- */

static void on_interrupt(void *arg)
{
    struct run *run = arg;
    if (++run->interrupts == 1 && !sm_future_done(run->main)) {
        run->cancelled_main = true;
        simul_cancel(run->main);
        return;
    }
    run->at_once = true;
    simul_loop_stop(run->loop);
}

static bool is_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

static bool is_default(int signum)
{
    struct sigaction now;
    return sigaction(signum, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

/* Only in the main thread, and only over the default disposition. */
static int watch_signals(struct run *run, const simul_loop_opts *opts)
{
    if (!is_main_thread())
        return 0;
    bool wanted[2] = {!opts || !opts->no_signals, opts && opts->terminate};
    for (int i = 0; i < 2; i++) {
        if (!wanted[i] || !is_default(signals[i]))
            continue;
        int r = sm_signal_add(run->loop, signals[i], on_interrupt, run, SM_SIGNAL_RUN);
        if (r < 0)
            return r;
        run->watches[i] = true;
    }
    return 0;
}

static void unwatch_signals(struct run *run)
{
    for (int i = 0; i < 2; i++)
        if (run->watches[i])
            sm_signal_remove_run(run->loop, signals[i]);
}

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
static int wait_for_all(struct run *run, uint32_t last)
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
static int finish_tasks(struct run *run)
{
    struct sm_sched *sched = sm_sched_of(run->loop);
    int r = 0;
    while (sched->task_count > 0 && !run->at_once && r == 0) {
        cancel_all(sched);
        r = wait_for_all(run, sched->next_id);
    }
    return r;
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

/* ---- run -------------------------------------------------------------------------------- */

static int result_of(struct run *run, int r)
{
    bool by_signal = run->cancelled_main && simul_cancelled(run->main)
                     && simul_uncancel(run->main) == 0;
    if (run->at_once || by_signal)
        return -SIMUL_EINTERRUPTED;
    return r;
}

static int run_main(struct run *run, simul_fn *fn, void *arg,
                    const simul_loop_opts *opts)
{
    int r = watch_signals(run, opts);
    if (r < 0)
        return r;
    run->main = simul_loop_create_task_at(run->loop, fn, arg, NULL, "simul_run");
    if (!run->main)
        return -ENOMEM;
    r = simul_loop_run_until_complete(run->loop, run->main);
    int end = finish_tasks(run);
    r = result_of(run, r >= 0 && end < 0 ? end : r);
    remember(run->main, r);
    return r;
}

int simul_run_opts(simul_fn *fn, void *arg, const simul_loop_opts *opts)
{
    if (sm_running)
        return -SIMUL_ERUNNING;
    struct run run = {0};
    int r = simul_loop_new(&run.loop, opts);
    if (r < 0)
        return r;
    run.loop->escaped = false; /* nobody has seen it */
    r = run_main(&run, fn, arg, opts);
    unwatch_signals(&run);
    if (run.main)
        run.main->asked = true; /* whoever called run() gets it */
    simul_release(run.main);
    simul_loop_close(run.loop);
    return r;
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
