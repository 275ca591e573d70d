/* SPDX-License-Identifier: MIT */
/*
 * The event loop. (asyncio: the page "Event Loop".)
 *
 * Most programs need simul_run() only. A loop belongs to the thread that runs it; each
 * thread may run one at a time. Where a function takes a loop, NULL means the one that
 * runs in this thread.
 *
 * One pass: what the poller has to give, due timers, then every callback and task step
 * that was ready by then, in the order in which they became ready. What these make ready
 * runs in the next pass.
 *
 * In the child of a fork no loop runs, and the parent's are of no use: what needs one of them
 * fails with -SIMUL_ECLOSEDLOOP. The child may make loops of its own, _exit(), exec(); and
 * give back what it has of the parent's: simul_loop_close() (of a loop that did not run at the
 * fork), and everything that closes, cancels, removes or releases. That frees memory and
 * descriptors of the child and nothing else: what waits in the parent goes on waiting there,
 * its connections stay as they are, and nothing is sent on them.
 *
 * Threads: the loop's own, unless a function says otherwise.
 */
#ifndef SIMUL_LOOP_H
#define SIMUL_LOOP_H

#include <simul/run.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_handle simul_handle;

/** A callback: runs on the loop's stack and must not wait. */
typedef void simul_callback_fn(void *arg);

/**
 * Make a loop.
 *
 * @param ret   the loop, to be closed with simul_loop_close()
 * @error -EINVAL   an unknown backend, or options that make no sense
 * @error -errno    the kernel refused (a backend that was asked for by name is never
 *                  replaced by another)
 *
 * Threads:  any
 * asyncio:  new_event_loop()
 */
SIMUL_API int simul_loop_new(simul_loop **ret, const simul_loop_opts *opts);

/**
 * Close and free a loop that does not run. Callbacks that are still scheduled are dropped;
 * tasks that have not ended are reported, and freed without running any further. NULL
 * does nothing.
 *
 * @error -SIMUL_ERUNNING  it runs, or did so at the fork of which this is the child; nothing
 *                         happened
 *
 * Threads:  the one that ran it last
 * asyncio:  close()
 */
SIMUL_API int simul_loop_close(simul_loop *loop);

/** The loop that runs in this thread; NULL if none does. asyncio: get_running_loop() */
SIMUL_API simul_loop *simul_get_running_loop(void);

/**
 * Run until simul_loop_stop().
 *
 * @error -SIMUL_ERUNNING  a loop runs in this thread
 * @error -EDEADLK         nothing is left that could happen
 * @error -errno           the poller failed
 *
 * asyncio:  run_forever()
 */
SIMUL_API int simul_loop_run_forever(simul_loop *loop);

/**
 * Run until the future is done. A loop that runs already refuses, unless it may be
 * re-entered: see simul_loop_set_reentrant().
 *
 * @return  its result or error
 * @error -SIMUL_ESTOPPED  somebody stopped the loop before
 * @error                  else as simul_loop_run_forever()
 *
 * asyncio:  run_until_complete()
 */
SIMUL_API int simul_loop_run_until_complete(simul_loop *loop, simul_future *future);

/**
 * Whether the loop may be run from inside of itself; off by default, as asyncio has it. When
 * it is on, inside of a running loop
 *
 *   - simul_loop_run_until_complete() in a task waits for the future, and others go on. It
 *     is what simul_await() is, with its cancellation point.
 *   - in a callback it turns the loop until the future is done: the tasks run, the callback
 *     does not return before. No cancellation point.
 *   - simul_run() runs its function as a task of the running loop, and waits for that; its
 *     options are not looked at.
 *
 * The loop may be NULL: the running one.
 *
 * Threads:  the loop's
 * asyncio:  (none; what nest_asyncio.apply() does)
 */
SIMUL_API void simul_loop_set_reentrant(simul_loop *loop, bool on);

/**
 * Start a task on a loop that need not run (yet).
 * As simul_create_task_opts() else.
 *
 * asyncio:  loop.create_task()
 */
#define simul_loop_create_task(loop, fn, arg, opts)                                    \
    simul_loop_create_task_at((loop), (fn), (arg), (opts), SIMUL_HERE)
SIMUL_API simul_task *simul_loop_create_task_at(simul_loop *loop, simul_fn *fn,
                                                void *arg, const simul_task_opts *opts,
                                                const char *where);

/**
 * Makes the tasks of a loop: called by all of simul_…create_task…() with their arguments
 * (opts may be NULL). It has to pass them on to simul_task_new(), changed as it likes; if
 * it makes none, it calls opts->release_arg.
 *
 * @param factory_arg  what simul_set_task_factory() was given
 * @return             a new task, the caller's; or NULL
 */
typedef simul_task *simul_task_factory_fn(simul_loop *loop, simul_fn *fn, void *arg,
                                          const simul_task_opts *opts,
                                          const char *where, void *factory_arg);

/** Who makes the loop's tasks from now on; NULL: simul_task_new(). The loop may be NULL: the
 *  running one. Threads: the loop's. asyncio: set_task_factory() */
SIMUL_API void simul_set_task_factory(simul_loop *loop, simul_task_factory_fn *factory,
                                      void *factory_arg);

/** The loop's factory, and in *factory_arg (unless that is NULL) its argument; NULL if it
 *  has none. asyncio: get_task_factory() */
SIMUL_API simul_task_factory_fn *simul_get_task_factory(const simul_loop *loop,
                                                        void **factory_arg);

/** What simul_loop_create_task_at() does without a factory, and what factories call.
 *  asyncio: Task() */
SIMUL_API simul_task *simul_task_new(simul_loop *loop, simul_fn *fn, void *arg,
                                     const simul_task_opts *opts, const char *where);

/**
 * A factory whose tasks run at once until they first wait, inside the call that makes
 * them: one that need not wait at all is done when it returns.
 *
 *     simul_set_task_factory(NULL, simul_eager_task_factory, NULL);
 *
 * Tasks of a loop that does not run are scheduled, and so are those made where nothing can
 * run in between (in a release_arg, in the exception handler).
 *
 * asyncio:  eager_task_factory()
 */
SIMUL_API simul_task *simul_eager_task_factory(simul_loop *loop, simul_fn *fn,
                                               void *arg, const simul_task_opts *opts,
                                               const char *where, void *factory_arg);

/** As simul_create_future(), on a loop that need not run. asyncio: loop.create_future() */
SIMUL_API simul_future *simul_loop_create_future(simul_loop *loop);

/**
 * One pass, for a loop that lives in a foreign one: waits for at most `timeout` seconds
 * (0: not at all; < 0: until something happens) and runs what is ready.
 *
 * @return  1 if more is ready now, else 0; errors as simul_loop_run_forever()
 *
 * asyncio:  (none)
 */
SIMUL_API int simul_loop_run_once(simul_loop *loop, double timeout);

/**
 * The descriptor for the foreign loop to poll for reading; then call run_once(0). Look at
 * simul_loop_timeout() as well each time.
 *
 * @error -ENOTSUP  this backend has none (poll)
 */
SIMUL_API int simul_loop_fileno(simul_loop *loop);

/** Seconds until run_once() must be called at the latest; 0: now; < 0: no timer. */
SIMUL_API double simul_loop_timeout(simul_loop *loop);

/** Leave run_forever() at the end of this pass; what is ready then stays. asyncio: stop() */
SIMUL_API void simul_loop_stop(simul_loop *loop);

/** asyncio: is_running() */
SIMUL_API bool simul_loop_is_running(const simul_loop *loop);

/** The clock of the running loop, seconds; monotonic. asyncio: loop.time() */
SIMUL_API double simul_time(void);

/** The clock of a loop, which may be virtual. asyncio: loop.time() */
SIMUL_API double simul_loop_time(const simul_loop *loop);

/** Which backend it has: "io_uring", "epoll", "poll". */
SIMUL_API const char *simul_loop_backend(const simul_loop *loop);

/**
 * Have fn(arg) called in the next pass. Calls are made in the order of scheduling.
 *
 * @param handle  if not NULL: set to a handle to cancel it with, to be released with
 *                simul_handle_release()
 * @error -ENOMEM           nothing was scheduled
 * @error -SIMUL_ENOLOOP      loop is NULL and none runs here; or it runs in another thread
 * @error -SIMUL_ECLOSEDLOOP  the loop is being closed
 *
 * Threads:  the loop's
 * asyncio:  call_soon()
 */
SIMUL_API int simul_call_soon(simul_loop *loop, simul_callback_fn *fn, void *arg,
                              simul_handle **handle);

/**
 * The same from any thread, and wakes the loop. The loop must not be closed meanwhile. From
 * a signal handler use simul_add_signal_handler() instead.
 *
 * Threads:  any
 * asyncio:  call_soon_threadsafe()
 */
SIMUL_API int simul_call_soon_threadsafe(simul_loop *loop, simul_callback_fn *fn,
                                         void *arg, simul_handle **handle);

/**
 * Have fn(arg) called after `delay` seconds (<= 0: in the next pass, after what was
 * scheduled before). Equal times keep their order. Never early.
 * Errors as simul_call_soon(), and -EINVAL: not a number.
 *
 * asyncio:  call_later()
 */
SIMUL_API int simul_call_later(simul_loop *loop, double delay, simul_callback_fn *fn,
                               void *arg, simul_handle **handle);

/** The same at a time of simul_loop_time(). asyncio: call_at() */
SIMUL_API int simul_call_at(simul_loop *loop, double when, simul_callback_fn *fn,
                            void *arg, simul_handle **handle);

/**
 * It will not be called. Cancelling twice, or late (also: when the loop is closed), does
 * nothing.
 *
 * Threads:  the loop's; any for a handle of simul_call_soon_threadsafe()
 * asyncio:  Handle.cancel()
 */
SIMUL_API void simul_handle_cancel(simul_handle *handle);

/** asyncio: Handle.cancelled() */
SIMUL_API bool simul_handle_cancelled(const simul_handle *handle);

/** When a timer is due; 0 for others. asyncio: TimerHandle.when() */
SIMUL_API double simul_handle_when(const simul_handle *handle);

/** Give the handle back; the callback stays scheduled. NULL does nothing. */
SIMUL_API void simul_handle_release(simul_handle *handle);

/**
 * Have fn(arg) called in each pass in which the descriptor is readable (level-triggered).
 * Again for the same descriptor: replaces. The descriptor stays the caller's; remove the
 * reader before closing it. Not for regular files.
 *
 * @error -EBADF   not a descriptor
 * @error -EBUSY   a stream or another operation uses it
 * @error -ENOMEM
 *
 * Threads:  the loop's
 * asyncio:  add_reader()
 */
SIMUL_API int simul_add_reader(simul_loop *loop, int fd, simul_callback_fn *fn,
                               void *arg);

/** @return 1 if there was one, else 0. asyncio: remove_reader() */
SIMUL_API int simul_remove_reader(simul_loop *loop, int fd);

/** As simul_add_reader(), for writing. asyncio: add_writer() */
SIMUL_API int simul_add_writer(simul_loop *loop, int fd, simul_callback_fn *fn,
                               void *arg);

/** @return 1 if there was one, else 0. asyncio: remove_writer() */
SIMUL_API int simul_remove_writer(simul_loop *loop, int fd);

/**
 * Something outside will wake the loop, on its own time: a transfer of a library whose
 * descriptors it watches, a child. Until simul_loop_unhold() a virtual clock does not jump,
 * but goes like a real one, and the loop is not taken for deadlocked. Holds are counted.
 *
 * What waits in the library holds by itself: reads and writes of streams and sockets that
 * are not finished, connections under way, questions to name servers, jobs in threads,
 * files, children, HTTP transfers. So what limits these (a handshake's time-out, a read
 * within a deadline) takes as long on a virtual clock as on a real one. What may wait for
 * ever does not hold: accepting, datagrams, registered readers and writers, transports,
 * signal handlers.
 *
 * @return  0
 * @error -SIMUL_ENOLOOP  loop is NULL and none runs here
 *
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API int simul_loop_hold(simul_loop *loop);

/**
 * The opposite of simul_loop_hold().
 *
 * @return  0
 * @error -SIMUL_ENOLOOP  loop is NULL and none runs here
 *
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API int simul_loop_unhold(simul_loop *loop);

/** Who wants to hear of a loop's end; zeroed: nobody. The fields are the library's. */
typedef struct simul_on_close {
    void *_private[4];
} simul_on_close;

/**
 * Have fn(arg) called when the loop is closed, as the first that happens then: the loop does
 * not run, and no task will run any more, but readers, timers and handles are there, to be
 * removed by what has made them and must not outlive the loop. It must not close the loop.
 * For what is built on top of loops, as a session of simul/http.h is, to give back what it
 * has and to say that it was left open.
 *
 * @param on_close  in the caller's memory, and not to move, until fn is called or
 *                  simul_on_close_remove()
 * @return          0
 * @error -SIMUL_ENOLOOP      loop is NULL and none runs here; or it runs in another thread
 * @error -SIMUL_ECLOSEDLOOP  the loop is being closed
 *
 * Threads:  the loop's
 * asyncio:  (none; objects have __del__())
 */
SIMUL_API int simul_loop_on_close(simul_loop *loop, simul_on_close *on_close,
                                  simul_callback_fn *fn, void *arg);

/** It is not to be called. Does nothing if it was, or is zeroed. Threads: the loop's.
 *  asyncio: (none) */
SIMUL_API void simul_on_close_remove(simul_on_close *on_close);

/**
 * Have fn(arg) called on the loop after the process got a signal. Again for the same
 * signal: replaces. One loop at a time may handle a signal.
 *
 * @error -EINVAL  not a signal, or one that cannot be caught
 * @error -EBUSY   another loop handles it
 *
 * Threads:  the loop's
 * asyncio:  add_signal_handler()
 */
SIMUL_API int simul_add_signal_handler(simul_loop *loop, int signum,
                                       simul_callback_fn *fn, void *arg);

/** @return 1 if there was one (the former disposition is back), else 0.
 *  asyncio: remove_signal_handler() */
SIMUL_API int simul_remove_signal_handler(simul_loop *loop, int signum);

/** What the exception handler is told; all borrowed for the time of the call. */
typedef struct simul_error_context {
    const char *message;  /* what happened, a sentence; never NULL */
    int error;            /* the error, < 0; 0 if there is none */
    const char *detail;   /* its message or text; may be NULL */
    simul_future *future; /* the future or task concerned; may be NULL */
} simul_error_context;

typedef void simul_exception_handler_fn(simul_loop *loop,
                                        const simul_error_context *context, void *arg);

/** Who is told of errors that nobody asked for; NULL: the default, which writes them to
 *  the log. asyncio: set_exception_handler() */
SIMUL_API void simul_set_exception_handler(simul_loop *loop,
                                           simul_exception_handler_fn *fn, void *arg);

/** The handler, and in *arg (unless that is NULL) its argument; NULL: the default.
 *  asyncio: get_exception_handler() */
SIMUL_API simul_exception_handler_fn *
simul_get_exception_handler(const simul_loop *loop, void **arg);

/** Write it to the log, as it is done without a handler. asyncio: default_exception_handler() */
SIMUL_API void simul_default_exception_handler(simul_loop *loop,
                                               const simul_error_context *context);

/** Tell the handler. asyncio: call_exception_handler() */
SIMUL_API void simul_call_exception_handler(simul_loop *loop,
                                            const simul_error_context *context);

/** asyncio: set_debug() */
SIMUL_API void simul_loop_set_debug(simul_loop *loop, bool on);

/** asyncio: get_debug() */
SIMUL_API bool simul_loop_get_debug(const simul_loop *loop);

/** From how many seconds on a callback or a step of a task is slow, in debug mode.
 *  @error -SIMUL_ENOLOOP, -EINVAL (NaN, < 0). asyncio: slow_callback_duration */
SIMUL_API int simul_loop_set_slow_callback(simul_loop *loop, double seconds);

#ifdef __cplusplus
}
#endif

#endif
