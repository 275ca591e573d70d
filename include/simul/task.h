/* SPDX-License-Identifier: MIT */
/*
 * Tasks. (asyncio: the page "Coroutines and Tasks".)
 *
 * A coroutine function is an ordinary C function, int fn(void *arg): >= 0 is its result,
 * < 0 its error. A task runs it on a stack of its own; a call that waits (simul_sleep,
 * simul_await, stream reads, …) suspends the task and lets others run.
 *
 * Cancellation. simul_cancel(task) makes the call in which the task waits return
 * -ECANCELED; a task that is not waiting gets it from the next call that has to. Nothing
 * is taken away by such a call: it has done nothing. From then on the cancellation is
 * *sticky*: every further call that could wait returns -ECANCELED at once, until the
 * task's function returns, or says
 *     simul_cancel_caught()                 Python's `except CancelledError:`
 * or is inside
 *     simul_cleanup_enter / _exit           Python's `finally:`
 * where waiting works and only a new cancel interrupts. An -ECANCELED that comes from an
 * awaited future which somebody else cancelled is an ordinary error and not sticky.
 * A task ends cancelled (simul_cancelled) if its function returns -ECANCELED, or returns a
 * result while a cancellation is sticky or not delivered yet, or if it was cancelled before
 * its first step: then the function is never called.
 *
 * Threads: the loop's own, unless a function says otherwise.
 */
#ifndef SIMUL_TASK_H
#define SIMUL_TASK_H

#include <simul/future.h>
#include <stdio.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A coroutine function (the signature of C11 threads). */
typedef int simul_fn(void *arg);

/** Keyword arguments of simul_create_task_opts(); zero and NULL mean the default. */
typedef struct simul_task_opts {
    const char *name; /* copied; default "Task-N" */
    /* Bytes of address space; default 64 KiB, so large buffers belong on the heap. Compile with
     * -fstack-clash-protection, as pkg-config says, or they may jump over the guard. */
    size_t stack_size;
    void (*release_arg)(void *arg); /* called exactly once, when the task has ended or
                                      could not be made, also if it never began */
    struct simul_context *context;  /* run in this one, shared, not in a copy of the
                                      creator's (simul/context.h); held by the task */
    int eager_start;                /* > 0: it runs until it first waits before
                                       simul_create_task_opts() returns; < 0: it does not,
                                       whatever the loop's factory says */
    void *_reserved[3];
} simul_task_opts;

/**
 * Schedule fn(arg) as a task of the running loop. It takes its first step after the
 * caller waits (but see eager_start); tasks start in the order in which they were made.
 *
 * @param arg  borrowed until the task has ended
 * @return     the task, to be released by the caller; NULL: no memory, no running loop, or
 *             arguments that make no sense (which every function that takes a task treats as -ENOMEM)
 *
 * Threads:  the loop's
 * asyncio:  create_task(coro)
 */
#define simul_create_task(fn, arg) simul_create_task_at((fn), (arg), NULL, SIMUL_HERE)

/** The same with keyword arguments: simul_create_task_opts(fn, arg,
 *  &(simul_task_opts){.name = "fetch"}). */
#define simul_create_task_opts(fn, arg, ...)                                           \
    simul_create_task_at((fn), (arg), (__VA_ARGS__), SIMUL_HERE)

/**
 * What both macros call.
 *
 * @param opts   NULL: all defaults
 * @param where  a string that lives for ever: where the task is made, for reports
 */
SIMUL_API simul_task *simul_create_task_at(simul_fn *fn, void *arg,
                                           const simul_task_opts *opts,
                                           const char *where);

/** The running task; NULL in callbacks and outside of a loop. asyncio: current_task() */
SIMUL_API simul_task *simul_current_task(void);

/**
 * All tasks of the running loop that are not done.
 *
 * @param tasks  filled with up to max tasks, oldest first, each retained: release them
 * @return       how many there are (may be more than max)
 *
 * Threads:  the loop's
 * asyncio:  all_tasks()
 */
SIMUL_API size_t simul_all_tasks(simul_task **tasks, size_t max);

/** The task's name, borrowed while the task is held. asyncio: get_name() */
SIMUL_API const char *simul_task_name(simul_task *task);

/** Rename; copied. @error -ENOMEM, -EINVAL (NULL): the old name stays. asyncio: set_name() */
SIMUL_API int simul_task_set_name(simul_task *task, const char *name);

/** How many cancels are outstanding (not uncancelled). asyncio: cancelling() */
SIMUL_API int simul_cancelling(simul_task *task);

/**
 * Take one cancel request back; at zero a request that was not delivered yet is
 * rescinded. It does not end stickiness: that is simul_cancel_caught().
 *
 * @return  how many are left
 *
 * Threads:  the loop's
 * asyncio:  uncancel()
 */
SIMUL_API int simul_uncancel(simul_task *task);

/**
 * The running task has dealt with a delivered cancellation and goes on: calls wait again.
 * Never changes simul_cancelling().
 *
 * @return  true if there was one
 *
 * Threads:  the loop's
 * asyncio:  except CancelledError
 */
SIMUL_API bool simul_cancel_caught(void);

/** Python's finally. On the stack, left in the function that entered it. */
typedef struct simul_cleanup {
    uintptr_t _private[8];
} simul_cleanup;

/**
 * Begin a cleanup scope: until simul_cleanup_exit() calls wait again even if a cancellation
 * was delivered before; a new cancel interrupts as usual. Cannot fail; outside of a task
 * it does nothing.
 *
 * Awaits:   never
 * asyncio:  finally:
 */
#define simul_cleanup_enter(cleanup) simul_cleanup_enter_at((cleanup), SIMUL_HERE)
SIMUL_API void simul_cleanup_enter_at(simul_cleanup *cleanup, const char *where);

/** End a cleanup scope: a cancellation delivered before or in it is sticky again. */
SIMUL_API void simul_cleanup_exit(simul_cleanup *cleanup);

/**
 * Only as the last word of a task's own function: `return simul_return(ptr, destroy);`
 * gives the task a value, read with simul_result(). `destroy` (may be NULL) is called
 * exactly once, also if there is no memory or nobody asks.
 *
 * @return  0 or -ENOMEM, to be returned
 *
 * asyncio:  return value
 */
SIMUL_API int simul_return(void *value, simul_destroy_fn *destroy);

/**
 * `return simul_fail(err, "fmt", …);` gives the task's error a message, read with
 * simul_message(); kept when the error is passed on by those who await it.
 *
 * @return  err
 *
 * asyncio:  raise
 */
SIMUL_API int simul_fail(int err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/**
 * The text for an error that the running task has just got from a call: the message that
 * came with it, else simul_strerror().
 *
 * @param err  what the call returned
 * @return     borrowed until the task's next call that fails or waits; never NULL
 *
 * Threads:  the loop's
 * asyncio:  except Exception as e: str(e)
 */
SIMUL_API const char *simul_explain(int err);

/**
 * Wait. A delay <= 0 lets every other ready task run once.
 *
 * @param delay  seconds; infinity waits for a cancel
 * @return       0
 * @error -EINVAL          not a number
 * @error -ECANCELED       the task was cancelled
 * @error -ENOMEM          no memory for the timer
 * @error -SIMUL_ENOTASK   called outside of a task
 *
 * Awaits:   always
 * asyncio:  sleep()
 */
SIMUL_API int simul_sleep(double delay);

/** Flags of simul_gather(). */
enum {
    SIMUL_RETURN_EXCEPTIONS = 1, /* errors stay in the futures; gather returns 0 */
};

/**
 * Wait for all. Returns 0 when all have succeeded; at the first error (a cancelled child
 * counts as one) returns it at once, and the others run on. If the waiting task is
 * cancelled, all are cancelled and waited for, then -ECANCELED. Results stay in the
 * futures; the same one may stand several times; errors that come after the first
 * are reported to the exception handler when their future is released unasked.
 *
 * @error -ENOMEM   one of them is NULL (the others are cancelled and awaited), or no memory
 *
 * Awaits:   unless all are done, or an error that it returns at once is there already
 * asyncio:  gather(*aws, return_exceptions=…)
 */
SIMUL_API int simul_gather(simul_future **futures, size_t n, int flags);

/**
 * A future that is done when all of an array are: asyncio's gather() itself, not awaited.
 * Cancelling it cancels the children. The array is copied, its futures are held.
 *
 * @return  the future, to be released by the caller; NULL: no memory
 *
 * asyncio:  gather()
 */
SIMUL_API simul_future *simul_gather_future(simul_future **futures, size_t n,
                                            int flags);

/** When simul_wait() returns. */
enum simul_wait_until {
    SIMUL_FIRST_COMPLETED,
    SIMUL_FIRST_ERROR, /* asyncio: FIRST_EXCEPTION; a cancelled one is no error */
    SIMUL_ALL_COMPLETED,
};

/** No time-out, wherever one is asked for. */
#define SIMUL_FOREVER (-1.0)

/**
 * Wait for some or all, without cancelling any and without failing for any.
 *
 * @param timeout  seconds; SIMUL_FOREVER (or any < 0): none. When it is over, simply returns
 * @return         how many are done (ask each with simul_done())
 * @error -EINVAL  n is 0
 * @error -ECANCELED the waiting task was cancelled; the futures were not
 *
 * Awaits:   always
 * asyncio:  wait()
 */
SIMUL_API int simul_wait(simul_future **futures, size_t n, double timeout,
                         enum simul_wait_until until);

/**
 * Await with a time limit; when it is over the future is cancelled and waited for.
 *
 * @param timeout  seconds; < 0: none; 0: its result if it is done, else it is cancelled
 * @return         as simul_await()
 * @error -ETIMEDOUT   it took too long. If it ended otherwise in spite of the cancel, that
 *                     result is returned.
 *
 * Awaits:   only if not done
 * asyncio:  wait_for()
 */
SIMUL_API int simul_wait_for(simul_future *future, double timeout);

/**
 * A future that ends as `inner` does, but whose cancellation leaves inner alone. An error
 * of inner after that goes to the exception handler. The caller keeps its hold on inner.
 *
 * @return  to be released by the caller (inner itself, retained, if it is done); NULL:
 *          no memory
 *
 * asyncio:  shield()
 */
SIMUL_API simul_future *simul_shield(simul_future *inner);

/** Iterates over futures in the order in which they get done; see the functions. */
typedef struct simul_as_completed simul_as_completed;

/**
 * Begin to iterate. The array is copied, its futures are held until the release; one that
 * stands several times is given once.
 *
 * @param timeout  seconds for all together; < 0: none
 * @return         to be released with simul_as_completed_release(); NULL: no memory
 *
 * asyncio:  as_completed()
 */
SIMUL_API simul_as_completed *simul_as_completed_new(simul_future **futures, size_t n,
                                                     double timeout);

/**
 * The next that is done.
 *
 * @param future  [if any] set on 1; borrowed
 * @return        1, or 0 when all have been given out
 * @error -ETIMEDOUT   the time is over; the rest runs on, and is not given any more
 * @error -ECANCELED   the task was cancelled; nothing is lost, call again
 *
 * Awaits:   only if none is done
 * asyncio:  async for future in as_completed()
 */
SIMUL_API int simul_as_completed_next(simul_as_completed *it, simul_future **future);

/** End the iteration; futures not given out run on. NULL does nothing. */
SIMUL_API void simul_as_completed_release(simul_as_completed *it);

#ifdef __cplusplus
}
#endif

#endif
