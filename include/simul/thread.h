/* SPDX-License-Identifier: MIT */
/*
 * Threads: blocking work in a pool, and calling in from outside. (asyncio: "Running in
 * Threads" and "Scheduling From Other Threads" on the page "Coroutines and Tasks",
 * "Executing code in thread or process pools" on the page "Event Loop".)
 *
 * A function that runs in a thread of a pool may block, and may call only what says
 * "Threads: any". Pool threads take no signals of the process. Nothing can stop a job that
 * runs; one that has not begun can be cancelled.
 *
 * In the child of a fork an executor is dead: it has no threads there. What is submitted to
 * it fails with -SIMUL_ESHUTDOWN, nobody waits for its threads, and what they had locked is
 * no obstacle.
 */
#ifndef SIMUL_THREAD_H
#define SIMUL_THREAD_H

#include <simul/loop.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- executors ------------------------------------------------------------------------ */

/** A pool of threads, begun when they are needed, that take jobs in the order of their
 *  coming. asyncio: concurrent.futures.ThreadPoolExecutor */
typedef struct simul_executor simul_executor;

/** Keyword arguments of simul_executor_new(); zero and NULL mean the default. */
typedef struct simul_executor_opts {
    int max_workers; /* threads at once; default min(32, processors + 4) */
    const char *thread_name_prefix; /* copied, up to 10 bytes; default "simul" */
    size_t stack_size;              /* bytes; default: the system's */
    void *_reserved[5];
} simul_executor_opts;

/**
 * Make a pool; its threads begin with its jobs.
 *
 * @param ret   the pool, to be released with simul_executor_release()
 * @error -EINVAL  max_workers < 0, or a stack that is too small for the system
 * @error -ENOMEM
 *
 * Threads:  any
 * asyncio:  ThreadPoolExecutor()
 */
SIMUL_API int simul_executor_new(simul_executor **ret, const simul_executor_opts *opts);

/** Flags of simul_executor_shutdown(). */
enum {
    SIMUL_SHUTDOWN_WAIT = 1, /* until all threads have ended */
    SIMUL_SHUTDOWN_CANCEL =
        2, /* what has not begun is cancelled, else it is still done */
};

/**
 * Take no more jobs; threads end when there is nothing left to do. May be called again.
 *
 * @return  0
 * @error -ECANCELED  the task was cancelled while it waited; the shutdown goes on
 * @error -EDEADLK    a job would wait for its own thread
 *
 * Awaits:   with SIMUL_SHUTDOWN_WAIT, in a task; elsewhere it blocks the thread
 * Threads:  any
 * asyncio:  Executor.shutdown(wait=…, cancel_futures=…)
 */
SIMUL_API int simul_executor_shutdown(simul_executor *executor, int flags);

/**
 * Give the pool back. What was submitted is still done, by threads that nobody waits for:
 * to wait, or to cancel, shut it down before. NULL does nothing.
 *
 * Threads:  any
 * asyncio:  (the name goes out of scope)
 */
SIMUL_API void simul_executor_release(simul_executor *executor);

/* ---- work for them ---------------------------------------------------------------------- */

/** Keyword arguments of jobs; zero and NULL mean the default. */
typedef struct simul_job_opts {
    void (*release_arg)(void *arg); /* called exactly once, when the job has ended, was
                                      cancelled before it began, or could not be made.
                                      In the loop's thread; or in the job's, if the loop
                                      was closed meanwhile */
    simul_executor *executor;       /* of simul_to_thread_opts(); default: the loop's */
    void *_reserved[4];
} simul_job_opts;

/**
 * Have fn(arg) called in a thread of the pool.
 *
 * Cancelling the future takes the job back if it has not begun; if it runs, the future is
 * cancelled at once, the job goes on, and its result is dropped. So `arg` must live until
 * the job has ended, which release_arg tells. The context (simul/context.h) is not copied.
 *
 * @param loop      NULL: the running one
 * @param executor  NULL: the loop's default one; held until the job has ended
 * @param opts      NULL: all defaults
 * @return          a future with the result (>= 0) or error of fn, to be released by the
 *                  caller; NULL: no memory, or the loop is not the caller's. Failed already
 *                  with -SIMUL_ESHUTDOWN: the executor is shut down; with -EAGAIN: the
 *                  system grants no thread.
 *
 * Threads:  the loop's
 * asyncio:  loop.run_in_executor()
 */
#define simul_run_in_executor(loop, executor, fn, arg)                                 \
    simul_run_in_executor_opts((loop), (executor), (fn), (arg), NULL)
SIMUL_API simul_future *simul_run_in_executor_opts(simul_loop *loop,
                                                   simul_executor *executor,
                                                   simul_fn *fn, void *arg,
                                                   const simul_job_opts *opts);

/**
 * Call fn(arg) in a thread of the default pool, in a copy of the current context, and wait
 * for it. Others run meanwhile.
 *
 * If the task is cancelled before the job has begun, the job is taken back. If it runs, the
 * job works on memory of this task's: so the call waits until it has ended and returns its
 * result, and the cancel stays pending for the next call that waits. A job with
 * `release_arg` owns its argument: then the call returns -ECANCELED at once, as asyncio's
 * does, and the job goes on alone.
 *
 * @return  the result (>= 0) or error of fn
 * @error -ECANCELED        the task was cancelled; without release_arg: fn was not called
 * @error -SIMUL_ESHUTDOWN  the executor is shut down
 * @error -EAGAIN           the system grants no thread
 * @error -ENOMEM
 * @error -SIMUL_ENOTASK    called outside of a task
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  to_thread()
 */
#define simul_to_thread(fn, arg) simul_to_thread_opts((fn), (arg), NULL)
SIMUL_API int simul_to_thread_opts(simul_fn *fn, void *arg, const simul_job_opts *opts);

/**
 * Use this executor where NULL is given. The loop holds it, and shuts it down when it closes;
 * the one of before is given back and not shut down.
 *
 * @return  0
 * @error -EINVAL         executor is NULL
 * @error -ENOMEM         nothing has changed
 * @error -SIMUL_ENOLOOP  loop is NULL and none runs here; or it runs in another thread
 *
 * Threads:  the loop's
 * asyncio:  loop.set_default_executor()
 */
SIMUL_API int simul_loop_set_default_executor(simul_loop *loop,
                                              simul_executor *executor);

/**
 * Shut the running loop's default executor down and wait until its threads have ended.
 * simul_run() does this at its end, with 300 seconds. There is no default executor after that.
 *
 * @param timeout  seconds; < 0: none. When it is over, a warning goes to the log
 * @return         0
 * @error -ETIMEDOUT  threads still run; nobody waits for them any more
 * @error -ECANCELED  the task was cancelled while it waited; the shutdown goes on
 * @error -ENOMEM
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   unless there are no threads
 * Threads:  the loop's
 * asyncio:  loop.shutdown_default_executor()
 */
SIMUL_API int simul_loop_shutdown_default_executor(double timeout);

/* ---- from outside ------------------------------------------------------------------------- */

/** A future for other threads than the loop's. asyncio: concurrent.futures.Future */
typedef struct simul_concurrent_future simul_concurrent_future;

/**
 * From another thread, have fn(arg) run as a task of the loop, in a copy of the caller's
 * context. The loop must not be closed before this returns; if it is later, the future ends
 * cancelled.
 *
 * @param release_arg  may be NULL; called exactly once, when the task has ended or could not
 *                     be made, in the loop's thread (in the caller's if NULL is returned)
 * @param where        a string that lives for ever: SIMUL_HERE
 * @return             to be released with simul_concurrent_future_release(); NULL: no
 *                     memory, or the loop is NULL or closed
 *
 * Threads:  any but the loop's, for who waits for it
 * asyncio:  run_coroutine_threadsafe()
 */
#define simul_run_coroutine_threadsafe(loop, fn, arg)                                  \
    simul_run_coroutine_threadsafe_at((loop), (fn), (arg), NULL, SIMUL_HERE)
SIMUL_API simul_concurrent_future *
simul_run_coroutine_threadsafe_at(simul_loop *loop, simul_fn *fn, void *arg,
                                  void (*release_arg)(void *arg), const char *where);

/**
 * Block this thread until the task has ended. What its function gave to simul_return() is
 * destroyed with it, in the loop's thread: what this thread is to have goes through `arg`.
 *
 * @param timeout  seconds; < 0: none
 * @return         the task's result or error
 * @error -ETIMEDOUT  it has not ended; nothing was cancelled
 * @error -ECANCELED  it was cancelled
 * @error -EDEADLK    this is the thread of the loop on which the task runs
 * @error -SIMUL_ECLOSEDLOOP  this is the child of a fork, and the loop its parent's
 * @error -ENOMEM     the future is NULL, or there was no memory for the task
 * @error -EINVAL     not a number
 *
 * Threads:  any
 * asyncio:  concurrent.futures.Future.result()
 */
SIMUL_API int simul_concurrent_future_result(simul_concurrent_future *future,
                                             double timeout);

/**
 * Cancel it: the future is cancelled at once, the task as simul_cancel() does, soon.
 *
 * @return  false if it has ended (or NULL)
 *
 * Threads:  any
 * asyncio:  concurrent.futures.Future.cancel()
 */
SIMUL_API bool simul_concurrent_future_cancel(simul_concurrent_future *future);

/** Has a result or an error, or was cancelled. Threads: any.
 *  asyncio: concurrent.futures.Future.done() */
SIMUL_API bool simul_concurrent_future_done(simul_concurrent_future *future);

/**
 * The message that came with its error; without one, the text of the error.
 *
 * @return  borrowed while the future is held; never NULL
 *
 * Threads:  any
 * asyncio:  str(concurrent.futures.Future.exception())
 */
SIMUL_API const char *simul_concurrent_future_message(simul_concurrent_future *future);

/** Give it back; the task runs on. NULL does nothing. Threads: any. asyncio: (none) */
SIMUL_API void simul_concurrent_future_release(simul_concurrent_future *future);

#ifdef __cplusplus
}
#endif

#endif
