/* SPDX-License-Identifier: MIT */
/*
 * Generators. (Python: generators and asynchronous generators; the language reference,
 * "Yield expressions".)
 *
 * A generator is a function that gives out values one by one, and is suspended, with all
 * its local variables, until somebody asks for the next:
 *
 *     static int words(simul_gen *self, void *arg)
 *     {
 *         int r = simul_yield(self, "Hello", NULL);
 *         if (r >= 0)
 *             r = simul_yield(self, "World", NULL);
 *         return r;
 *     }
 *
 *     simul_gen *gen = simul_gen_new(words, NULL);
 *     void *word;
 *     while ((r = simul_gen_next(gen, &word)) > 0)
 *         puts(word);                 // r is 0 at the end, or the generator's error
 *     simul_gen_release(gen);
 *
 * It runs on a stack of its own, which it has from its first step to its end; a step costs
 * about as much as two calls of a function. Neither a loop nor a task is needed.
 *
 * What is given out is a pointer, and what it points to is the generator's: a local variable
 * of its function will do, and holds its value until the generator is entered again.
 *
 * Values go both ways: simul_gen_send() makes the yield in which the generator is suspended
 * hand it a pointer (Python's `value = yield`), simul_gen_throw() makes it return an error,
 * simul_gen_close() makes it return -SIMUL_EGENEXIT, upon which the function has to return.
 *
 * The function may wait (simul_sleep, simul_await, …) if it is a task that asks: to the task
 * that is like a call that waits. A generator of which that is to be expected should be an
 * *asynchronous* one, simul_agen: it is stepped by tasks only, and closed when the run ends.
 *
 * A yield inside of a scope of the generator's own (a time-out, a group, a cleanup) is
 * refused: the scope would go on acting on whichever task asked last (PEP 789).
 *
 * Threads: a generator belongs to the thread that made it; other threads get -EXDEV. When
 * the thread ends, what is left of its generators is closed.
 */
#ifndef SIMUL_GEN_H
#define SIMUL_GEN_H

#include <simul/future.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_gen simul_gen;
typedef struct simul_gen simul_agen; /* an asynchronous one: simul_agen_new() */

/** A generator function: >= 0 is its result, < 0 its error. */
typedef int simul_gen_fn(simul_gen *self, void *arg);

/** Options of simul_gen_new_opts() and simul_agen_new_opts(); zero means the default. */
typedef struct simul_gen_opts {
    size_t stack_size; /* bytes of address space; default 64 KiB */
    void (*release_arg)(
        void *arg);          /* called exactly once, when the generator is closed or
                                       could not be made, also if it never began */
    bool no_overflow_report; /* outside of a loop: install no signal handler that
                                       reports overflows of stacks (simul/loop.h) */
    void *_reserved[5];
} simul_gen_opts;

/** What simul_gen_state() says. */
enum simul_gen_state {
    SIMUL_GEN_CREATED,   /* not begun */
    SIMUL_GEN_RUNNING,   /* somebody is in it; he may be waiting there */
    SIMUL_GEN_SUSPENDED, /* in a yield */
    SIMUL_GEN_CLOSED,    /* its function has returned, or never will */
};

/* ---- making and releasing ------------------------------------------------------------ */

/**
 * A generator that will run fn(self, arg) from the first simul_gen_next() on.
 *
 * @param arg  borrowed until the generator is closed
 * @return     to be released by the caller; NULL: no memory (which every function that
 *             takes a generator treats as -ENOMEM)
 *
 * Threads:  any; see above
 * asyncio:  calling a generator function
 */
#define simul_gen_new(fn, arg) simul_gen_new_at((fn), (arg), NULL, SIMUL_HERE)

/** The same with options: simul_gen_new_opts(fn, arg, &(simul_gen_opts){.stack_size =
 *  1 << 20}). */
#define simul_gen_new_opts(fn, arg, ...)                                               \
    simul_gen_new_at((fn), (arg), (__VA_ARGS__), SIMUL_HERE)

/** What both macros call; `where` lives for ever. */
SIMUL_API simul_gen *simul_gen_new_at(simul_gen_fn *fn, void *arg,
                                      const simul_gen_opts *opts, const char *where);

/**
 * Give a generator back. A suspended one is closed first, so that its function cleans up;
 * what goes wrong with that is told to the log. One that is running (it, or what it calls,
 * releases itself) goes when that step is over. An asynchronous one that is suspended is
 * closed by a task of its loop, later. NULL does nothing.
 *
 * Awaits:   never, unless the function of a generator that is not asynchronous does while
 *           it is closed
 * asyncio:  del generator
 */
SIMUL_API void simul_gen_release(simul_gen *gen);

/* ---- inside -------------------------------------------------------------------------- */

/**
 * Give out a value, and be suspended until somebody asks for the next. To be called by the
 * generator's function, or what it calls.
 *
 * @param value  for who asked; what it points to has to last until this returns
 * @param sent   [may be NULL] set to what was sent; NULL if nothing was
 * @return       0
 * @error -SIMUL_EGENEXIT  the generator is being closed: clean up and return (Python:
 *                         GeneratorExit)
 * @error (others)         what simul_gen_throw() was given
 * @error -SIMUL_ESCOPE    inside of a scope that the generator has entered; nothing was
 *                         given out, and the log has the place
 * @error -SIMUL_ESTATE    not called on the generator's own stack
 *
 * Awaits:   never: others run only if who asked waits
 * asyncio:  sent = yield value
 */
#define simul_yield(self, value, sent)                                                 \
    simul_yield_at((self), (value), (sent), SIMUL_HERE, __func__)

/** What the macro calls; `where` and `function` live for ever. */
SIMUL_API int simul_yield_at(simul_gen *self, const void *value, void **sent,
                             const char *where, const char *function);

/**
 * Give out all values of another generator, as if the function of `self` had yielded them:
 * what is sent, thrown, and a close go to `inner`.
 *
 * @param inner  borrowed. Closed when this returns, unless it was running
 * @return       the result of inner's function (>= 0); simul_gen_result(inner) has its value
 * @error (any)  inner's error; or, after a close that went well, -SIMUL_EGENEXIT
 * @error -SIMUL_ENOTASK  inner is an asynchronous one, and this is outside of a task
 *
 * Awaits:   if the function of inner does
 * asyncio:  yield from inner
 */
#define simul_yield_from(self, inner)                                                  \
    simul_yield_from_at((self), (inner), SIMUL_HERE, __func__)

/** What the macro calls; `where` and `function` live for ever. */
SIMUL_API int simul_yield_from_at(simul_gen *self, simul_gen *inner, const char *where,
                                  const char *function);

/**
 * Only as the last word of a generator's function: `return simul_gen_return(self, ptr,
 * destroy);` gives it a value, read with simul_gen_result().
 *
 * @param destroy  [may be NULL] called exactly once, when the generator is released
 * @return         0, to be returned
 *
 * asyncio:  return value
 */
SIMUL_API int simul_gen_return(simul_gen *self, void *value, simul_destroy_fn *destroy);

/* ---- outside ------------------------------------------------------------------------- */

/**
 * The next value.
 *
 * @param value  [may be NULL] set on 1; valid until the generator is entered again
 * @return       1; or 0: its function has returned (now, or before)
 * @error -ENOMEM            no memory for its stack, and it is as it was; or gen is NULL
 * @error -SIMUL_EEXECUTING  it is running: this is itself that asks, or another task is
 *                           waiting inside
 * @error -EINVAL            it is an asynchronous one
 * @error -EXDEV             it belongs to another thread
 * @error (any)              its function has returned this; from now on the answer is 0
 *
 * Awaits:   if its function does
 * asyncio:  next(generator), for value in generator
 */
SIMUL_API int simul_gen_next(simul_gen *gen, void **value);

/**
 * As simul_gen_next(); the yield in which it is suspended hands it `sent`.
 *
 * @error -SIMUL_ESTATE  it has not begun, so no yield waits for a value (sent is not NULL):
 *                       call simul_gen_next() first
 *
 * Awaits:   if its function does
 * asyncio:  generator.send(sent)
 */
SIMUL_API int simul_gen_send(simul_gen *gen, const void *sent, void **value);

/**
 * As simul_gen_next(); the yield in which it is suspended returns `error`. One that has not
 * begun is closed, never begins, and the error is returned; so it is by one that is closed.
 *
 * @param error      < 0
 * @error -EINVAL    it is not
 *
 * Awaits:   if its function does
 * asyncio:  generator.throw(error)
 */
SIMUL_API int simul_gen_throw(simul_gen *gen, int error, void **value);

/**
 * End it: the yield in which it is suspended returns -SIMUL_EGENEXIT, and its function is
 * expected to clean up and return. One that has not begun never will.
 *
 * @return                    0, also if it is closed
 * @error -SIMUL_EGENIGNORED  it has yielded again, and is suspended there
 * @error (any)               its function has returned this
 *
 * Awaits:   if its function does
 * asyncio:  generator.close()
 */
SIMUL_API int simul_gen_close(simul_gen *gen);

/**
 * What the function of a closed generator has returned; of one that never began 0, or the
 * error that was thrown into it.
 *
 * @error -SIMUL_ESTATE   it is not closed
 * @error -ECANCELED      its frames were lost: its loop was closed while a task was in it
 *
 * asyncio:  StopIteration
 */
SIMUL_API int simul_gen_error(const simul_gen *gen);

/** The pointer that it gave to simul_gen_return(), borrowed; NULL: none.
 *  asyncio: StopIteration.value */
SIMUL_API void *simul_gen_result(const simul_gen *gen);

/* ---- asynchronous generators --------------------------------------------------------- */

/**
 * An asynchronous generator: it may wait between its values, and is stepped by tasks. The
 * run in which it is first stepped closes it at its end, if nobody else does: after its
 * tasks have ended, as asyncio does. Otherwise as simul_gen_new(); released with
 * simul_agen_release().
 *
 * asyncio:  calling an asynchronous generator function
 */
#define simul_agen_new(fn, arg) simul_agen_new_at((fn), (arg), NULL, SIMUL_HERE)

/** The same with options. */
#define simul_agen_new_opts(fn, arg, ...)                                              \
    simul_agen_new_at((fn), (arg), (__VA_ARGS__), SIMUL_HERE)

/** What both macros call; `where` lives for ever. */
SIMUL_API simul_agen *simul_agen_new_at(simul_gen_fn *fn, void *arg,
                                        const simul_gen_opts *opts, const char *where);

/** As simul_gen_release(). A suspended one is closed by a task of its loop: when that has
 *  had its turn, or at the end of the run. Awaits: never. asyncio: del agen */
SIMUL_API void simul_agen_release(simul_agen *agen);

/**
 * The next value, as simul_gen_next().
 *
 * If the task is cancelled while the function waits, it is the function's call that returns
 * -ECANCELED: usually it returns that, is closed, and so does this.
 *
 * @error -SIMUL_ENOTASK     called outside of a task
 * @error -SIMUL_EEXECUTING  another task is waiting inside
 * @error -EINVAL            it is not an asynchronous one
 * @error -ECANCELED         a cancellation of the task is sticky: it was not entered; or as
 *                           above
 *
 * Awaits:   if its function does
 * asyncio:  anext(agen), async for value in agen
 */
SIMUL_API int simul_agen_next(simul_agen *agen, void **value);

/** simul_gen_send() for these. @return as that. Awaits: if its function does.
 *  asyncio: agen.asend(sent) */
SIMUL_API int simul_agen_send(simul_agen *agen, const void *sent, void **value);

/** simul_gen_throw() for these. @return as that. Awaits: if its function does.
 *  asyncio: agen.athrow(error) */
SIMUL_API int simul_agen_throw(simul_agen *agen, int error, void **value);

/**
 * simul_gen_close() for these. It is a cleanup scope in itself: the function may wait although
 * a cancellation of the task is sticky. One that has not begun, or is closed, may be closed
 * by anybody.
 *
 * @return  as simul_gen_close()
 *
 * Awaits:   if its function does
 * asyncio:  agen.aclose(), contextlib.aclosing()
 */
SIMUL_API int simul_agen_close(simul_agen *agen);

/**
 * Close all asynchronous generators of the running loop that are suspended, all at once,
 * and wait for that. Errors go to the exception handler. simul_run() does this at its end;
 * to be called by programs that run a loop themselves.
 *
 * @return  0
 * @error -ECANCELED   the task was cancelled: so was their closing
 * @error -ENOMEM      some are as they were
 *
 * Awaits:   if there are any
 * asyncio:  loop.shutdown_asyncgens()
 */
SIMUL_API int simul_shutdown_asyncgens(void);

/* ---- looking at one ------------------------------------------------------------------ */

/** @return the state; of NULL: closed. asyncio: inspect.getgeneratorstate(),
 *  inspect.getasyncgenstate() */
SIMUL_API enum simul_gen_state simul_gen_state(const simul_gen *gen);

/** The yield it is suspended in, as "file.c:12", else where it was made; never NULL.
 *  asyncio: gi_frame.f_lineno */
SIMUL_API const char *simul_gen_where(const simul_gen *gen);

/** The function whose yield it is suspended in; NULL: it is not suspended.
 *  asyncio: gi_frame.f_code */
SIMUL_API const char *simul_gen_function(const simul_gen *gen);

/** The generator that it gives the values of; NULL: none. asyncio: gi_yieldfrom */
SIMUL_API simul_gen *simul_gen_yieldfrom(const simul_gen *gen);

/** Bytes of its stack that are in use while it is suspended: what it costs to keep its local
 *  variables. @return 0 if it is not suspended. asyncio: gi_frame.f_locals */
SIMUL_API size_t simul_gen_stack_use(const simul_gen *gen);

/**
 * Write what is known of it: state, place, stack, and while it is suspended the functions
 * it is in.
 *
 * asyncio:  gi_frame
 */
SIMUL_API void simul_print_gen(const simul_gen *gen, FILE *out);

#ifdef __cplusplus
}
#endif

#endif
