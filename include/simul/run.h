/* SPDX-License-Identifier: MIT */
/*
 * Running the main task. (asyncio: the page "Runners".)
 *
 *     int main(void) { return simul_exit(simul_run(entry, NULL)); }
 */
#ifndef SIMUL_RUN_H
#define SIMUL_RUN_H

#include <simul/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Keyword arguments of simul_run_opts() and simul_loop_new(); zero means the default. */
typedef struct simul_loop_opts {
    const char *backend; /* "io_uring", "epoll", "poll"; NULL: $SIMUL_BACKEND, else the
                                 best that the kernel grants */
    bool virtual_clock;  /* time begins at 0 and jumps to the next timer when nothing else
                              can happen; what it waits for: simul_loop_hold() */
    bool debug;          /* reported: slow callbacks, calls from the wrong thread, what
                                 was not closed before the loop; also $SIMUL_DEBUG=1 */
    bool no_signals;     /* run: SIGINT is left alone */
    bool terminate;      /* run: SIGTERM cancels the main task as SIGINT does */
    bool
        accept_canaries; /* more tasks than guard pages can be had: go on with canaries */
    bool no_overflow_report; /* leave SIGSEGV alone */
    int poll_interval;    /* passes between looks at the poller while tasks are ready;
                                 default 64, 1 is asyncio's */
    int budget;           /* operations that a task may do without waiting before it has
                                 to yield; default 256; < 0: no limit, as in asyncio */
    size_t stack_size;    /* default of tasks, bytes; default 64 KiB */
    double slow_callback; /* debug: seconds from which on a callback is slow; 0.1 */
    void *_reserved[6];
} simul_loop_opts;

/**
 * Make a loop, run main(arg) as its first task, and close it. Before it returns, all other
 * tasks are cancelled and waited for. The first SIGINT cancels the main task, and if it
 * ends cancelled by that the result is -SIMUL_EINTERRUPTED; a second SIGINT ends the run
 * without waiting for anybody; a third that finds the first not noticed, because a task
 * never waits, does what SIGINT did before the run: it kills the process. May be called again and again, and in several threads at
 * once (signals are for the main thread's).
 *
 * @return  what main returned
 * @error -SIMUL_ERUNNING      a loop runs in this thread already (and may not be re-entered:
 *                             see simul_loop_set_reentrant())
 * @error -SIMUL_EINTERRUPTED  see above
 * @error -ECANCELED           main ended cancelled
 * @error -EDEADLK             nothing that could wake any of the tasks is left; a report
 *                             of all tasks was written to the log
 * @error -errno               the loop could not be made
 *
 * Threads:  any
 * asyncio:  run()
 */
#define simul_run(fn, arg) simul_run_opts((fn), (arg), NULL)
SIMUL_API int simul_run_opts(simul_fn *fn, void *arg, const simul_loop_opts *opts);

/**
 * A loop that is kept for several runs, one after another: what the first leaves behind
 * (tasks that were not awaited, registered readers) goes on when the next one runs, and
 * what it sets in the context (simul/context.h) is there. Each run looks after SIGINT as
 * simul_run() does.
 *
 *     simul_runner *runner;
 *     int r = simul_runner_new(&runner, NULL);
 *     if (r == 0) {
 *         r = simul_runner_run(runner, first, NULL);
 *         if (r >= 0)
 *             r = simul_runner_run(runner, second, NULL);
 *         int end = simul_runner_close(runner);
 *         r = r < 0 ? r : end;
 *     }
 *
 * asyncio:  Runner
 */
typedef struct simul_runner simul_runner;

/**
 * Make a runner and its loop. It is the caller's, to be closed.
 *
 * @error -ENOMEM, -errno  as simul_loop_new(); *ret is untouched
 *
 * Threads:  any; the runner belongs to the one that uses it first
 * asyncio:  Runner(); its loop is made at once and not at the first use
 */
SIMUL_API int simul_runner_new(simul_runner **ret, const simul_loop_opts *opts);

/**
 * Run main(arg) as a task until it is done. Other tasks are left as they are.
 *
 * @return  what main returned
 * @error   as simul_run(); after any of them the runner can run again
 *
 * Threads:  the runner's
 * asyncio:  Runner.run()
 */
SIMUL_API int simul_runner_run(simul_runner *runner, simul_fn *main, void *arg);

/** The loop, the runner's; NULL of no runner. Threads: any. asyncio: Runner.get_loop() */
SIMUL_API simul_loop *simul_runner_get_loop(simul_runner *runner);

/**
 * Cancel all tasks and wait for them, close the loop and release the runner. NULL is fine.
 *
 * @return  0
 * @error -SIMUL_ERUNNING      a loop runs in this thread: nothing was done
 * @error -SIMUL_EINTERRUPTED  a SIGINT came meanwhile: it was closed without waiting
 * @error -EDEADLK             a task could not be waited for, as nothing would wake it
 *
 * Threads:  the runner's
 * asyncio:  Runner.close()
 */
SIMUL_API int simul_runner_close(simul_runner *runner);

/**
 * Turn the result of a run into an exit status: 0 for r >= 0; for an error one line is
 * written to standard error, with the message of the main task of this thread's last run
 * if that is what failed, and it is 1 (130 after an interrupt).
 *
 * @return  the exit status
 *
 * Threads:  any
 * asyncio:  (what the interpreter does with an exception)
 */
SIMUL_API int simul_exit(int r);

#ifdef __cplusplus
}
#endif

#endif
