/* SPDX-License-Identifier: MIT */
/*
 * Futures: results that are not there yet. (asyncio: the page "Futures".)
 *
 * A task is a future with a coroutine; both have one type, and every function of this
 * page takes either. A future is PENDING, then once and for all FINISHED (with a result
 * or an error) or CANCELLED.
 *
 * A result is an int >= 0, and optionally a pointer (the value). An error is an int < 0,
 * and optionally a message.
 *
 * Ownership: who makes a future releases it, once. Releasing a running task detaches it:
 * it runs on, the loop owns it. NULL is accepted everywhere a future is, stands for one
 * that could not be made, and behaves like a future that failed with -ENOMEM.
 *
 * All of this is for the loop's own thread; from others: simul_call_soon_threadsafe().
 */
#ifndef SIMUL_FUTURE_H
#define SIMUL_FUTURE_H

#include <simul/error.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_future simul_future;
typedef struct simul_future simul_task; /* a future that has a coroutine */
typedef struct simul_loop simul_loop;

/** This place in the source, "file.c:12", for reports: where a task was made, or a scope
 *  entered. The macros that take it pass it by themselves. */
#define SIMUL_HERE      __FILE__ ":" SIMUL_TEXT_(__LINE__)
#define SIMUL_TEXT_(x)  SIMUL_TEXT2_(x)
#define SIMUL_TEXT2_(x) #x

/** Called with a future that is done; see simul_add_done_callback(). */
typedef void simul_done_fn(simul_future *future, void *arg);

/** Called once with a value that nobody holds any more. */
typedef void simul_destroy_fn(void *value);

/**
 * A pending future of the running loop.
 *
 * @return  the future, to be released by the caller; NULL: no memory, or no loop runs
 *
 * Threads:  the loop's
 * asyncio:  loop.create_future()
 */
SIMUL_API simul_future *simul_create_future(void);

/** The loop that a future or task belongs to; NULL of NULL. Valid while the loop is open. Threads: any.
 *  asyncio: Future.get_loop() */
SIMUL_API simul_loop *simul_get_loop(const simul_future *future);

/**
 * One more reference. @return future
 *
 * Threads:  the loop's
 * asyncio:  (another name bound to it)
 */
SIMUL_API simul_future *simul_retain(simul_future *future);

/**
 * Give a reference back; the last one frees the future. A task that is not done runs
 * on, detached, and the loop owns it; if it fails, or has failed and nobody asked for
 * its error, the loop's exception handler is told. NULL does nothing.
 *
 * Threads:  the loop's
 * asyncio:  (the name goes out of scope)
 */
SIMUL_API void simul_release(simul_future *future);

/**
 * simul_release() for each of an array; each entry becomes NULL.
 *
 * Threads:  the loop's
 * asyncio:  (a list goes out of scope)
 */
SIMUL_API void simul_release_all(simul_future **futures, size_t n);

/**
 * Wait until the future is done and take its result. If it is done already, returns at
 * once. Any number of tasks may await one future. If the awaiting task is cancelled, so
 * is the future (use simul_shield() to prevent that), and the wait ends when the future
 * does.
 *
 * @return  the result (>= 0) or the error of the future
 * @error -ECANCELED       the future was cancelled, or the awaiting task was
 * @error -ENOMEM          the future is NULL, or it has several awaiters and there was
 *                         no memory for one more
 * @error -EDEADLK         a task awaits itself
 * @error -SIMUL_ENOTASK   called outside of a task
 *
 * Awaits:   only if not done
 * Threads:  the loop's
 * asyncio:  await future
 */
SIMUL_API int simul_await(simul_future *future);

/** PENDING no more. Threads: the loop's. asyncio: done() */
SIMUL_API bool simul_done(const simul_future *future);

/** Ended by a cancellation. Threads: the loop's. asyncio: cancelled() */
SIMUL_API bool simul_cancelled(const simul_future *future);

/**
 * The result (>= 0) or the error (< 0) of a future that is done. Counts as having
 * asked: an error is not reported any more.
 *
 * @error -SIMUL_ESTATE   it is not done
 *
 * Threads:  the loop's
 * asyncio:  result(), exception()
 */
SIMUL_API int simul_error(simul_future *future);

/**
 * The value of a future that is done: what simul_return() or simul_set_value() gave.
 *
 * @return  the pointer, borrowed while the future is held; NULL if there is none
 *
 * Threads:  the loop's
 * asyncio:  result()
 */
SIMUL_API void *simul_result(simul_future *future);

/**
 * The message that came with an error (simul_fail(), simul_cancel_msg()). Counts as having
 * asked, if the future is done: see simul_error().
 *
 * @return  borrowed while the future is held; never NULL: without a message the text
 *          of the error code
 *
 * Threads:  the loop's
 * asyncio:  str(exception())
 */
SIMUL_API const char *simul_message(simul_future *future);

/**
 * Finish a future. Its awaiters become ready and its callbacks scheduled, in the order
 * in which they came; none runs before this returns.
 *
 * @param result  >= 0
 * @error -EINVAL         it is a task, or result < 0
 * @error -SIMUL_ESTATE   it is done already (also: cancelled)
 * @error -SIMUL_ENOLOOP  its loop runs in another thread
 *
 * Threads:  the loop's
 * asyncio:  set_result()
 */
SIMUL_API int simul_set_result(simul_future *future, int result);

/**
 * As simul_set_result(), with a pointer. `destroy` (may be NULL) is called once, when the
 * last reference goes, and not at all if this function fails.
 *
 * @error -ENOMEM   and the future is as it was; else as simul_set_result()
 *
 * Threads:  the loop's
 * asyncio:  set_result()
 */
SIMUL_API int simul_set_value(simul_future *future, void *value,
                              simul_destroy_fn *destroy);

/**
 * Finish a future with an error (< 0). -ECANCELED makes it cancelled.
 * Errors as simul_set_result().
 *
 * Threads:  the loop's
 * asyncio:  set_exception()
 */
SIMUL_API int simul_set_error(simul_future *future, int error);

/**
 * Ask for cancellation. A plain future is cancelled at once. A task gets -ECANCELED from
 * the call in which it waits or will wait next (see simul/task.h for the protocol).
 *
 * @return  true if the request was taken; false if the future is done (or NULL, or of a
 *          loop that runs in another thread)
 *
 * Threads:  the loop's
 * asyncio:  cancel()
 */
SIMUL_API bool simul_cancel(simul_future *future);

/**
 * As simul_cancel(), with a message for simul_explain() in the task's body, and for
 * simul_message() of the future and of those who await it; the text is copied (and dropped
 * if there is no memory: the cancel is not). It goes with the cancel into what the task
 * awaits. The last message counts, until the cancel is on its way to the body.
 *
 * Threads:  the loop's
 * asyncio:  cancel(msg)
 */
SIMUL_API bool simul_cancel_msg(simul_future *future, const char *message);

/**
 * Have `fn(future, arg)` called in the next pass of the loop after the future is done
 * (also if it is already), on the loop's stack. Callbacks are called in the order in which
 * they were added. The future is held until then.
 *
 * @error -ENOMEM         nothing was added
 * @error -SIMUL_ENOLOOP  its loop runs in another thread
 *
 * Threads:  the loop's
 * asyncio:  add_done_callback()
 */
SIMUL_API int simul_add_done_callback(simul_future *future, simul_done_fn *fn,
                                      void *arg);

/**
 * Remove all callbacks with this function and argument that are not scheduled yet.
 *
 * @return  how many
 *
 * Threads:  the loop's
 * asyncio:  remove_done_callback()
 */
SIMUL_API int simul_remove_done_callback(simul_future *future, simul_done_fn *fn,
                                         void *arg);

#ifdef __cplusplus
}
#endif

#endif
