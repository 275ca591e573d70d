/* SPDX-License-Identifier: MIT */
/*
 * Task-local values. (Python: the module contextvars, which asyncio builds upon.)
 *
 *     static simul_context_var request_id = {.name = "request_id"};
 *
 *     simul_context_var_set(&request_id, id, NULL, NULL);    // in a task …
 *     log_line(simul_context_var_get(&request_id));          // … and far below it
 *
 * A context is a set of values of variables. Each task has one, and so has each thread for
 * what runs outside of tasks. They are *copied*: into a task when it is made, into a
 * callback when it is scheduled (call_soon() and the like, done callbacks, readers, signal
 * handlers), into the thread by simul_to_thread(). So what a task sets is seen by what it
 * starts afterwards, and by nobody else. A copy takes the same time however many values
 * there are, and nothing if there are none.
 *
 * A value is a pointer. What it points to is shared by all copies, and released when the
 * last context that has it goes.
 *
 * Threads: any, for the variables of the caller's own task or thread. A context is for one
 * thread at a time.
 */
#ifndef SIMUL_CONTEXT_H
#define SIMUL_CONTEXT_H

#include <simul/task.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A variable: static, or at least longer-lived than whoever asks for it. Private fields are
 *  zero. asyncio: ContextVar(name, default=…) */
typedef struct simul_context_var {
    const char *name;    /* for people; may be NULL */
    void *default_value; /* where it was not set; borrowed */
    uintptr_t _private[2];
} simul_context_var;

/** What a set has replaced; see simul_context_var_reset(). asyncio: Token */
typedef struct simul_context_token {
    uintptr_t _private[4];
} simul_context_token;

typedef struct simul_context simul_context;

/**
 * The variable's value in the current context.
 *
 * @return  what was set, borrowed until it is set to something else here; else the default
 *
 * Awaits:   never
 * asyncio:  ContextVar.get()
 */
SIMUL_API void *simul_context_var_get(const simul_context_var *var);

/**
 * Give the variable a value in the current context.
 *
 * @param value    what get() returns from now on
 * @param destroy  called once with the value when no context has it any more, by whichever
 *                 thread gave the last one back; may be NULL
 * @param token    if not NULL, keeps what was before for simul_context_var_reset(), and has
 *                 to be given to that or to simul_context_token_release()
 * @return         0
 * @error -ENOMEM   nothing has changed, the value is still the caller's
 *
 * Awaits:   never
 * asyncio:  ContextVar.set()
 */
SIMUL_API int simul_context_var_set(simul_context_var *var, void *value,
                                    simul_destroy_fn *destroy,
                                    simul_context_token *token);

/**
 * Give a variable the value back that it had (or not had) before the set which filled the
 * token; the token is empty then.
 *
 * @return  0
 * @error -SIMUL_ESTATE  the token is empty: used already, or the set had failed
 * @error -EINVAL        it was set in another context; the token stays as it is
 * @error -ENOMEM        nothing has changed. Cannot happen if what was set in between has
 *                       been reset before
 *
 * Awaits:   never
 * asyncio:  ContextVar.reset()
 */
SIMUL_API int simul_context_var_reset(simul_context_token *token);

/** Give a token back without resetting. An empty one, or NULL, does nothing.
 *  asyncio: (it goes out of scope) */
SIMUL_API void simul_context_token_release(simul_context_token *token);

/**
 * An empty context.
 *
 * @return  to be released by the caller; NULL: no memory
 *
 * asyncio:  Context()
 */
SIMUL_API simul_context *simul_context_new(void);

/**
 * A copy of the current context.
 *
 * @return  to be released by the caller; NULL: no memory
 *
 * asyncio:  copy_context()
 */
SIMUL_API simul_context *simul_copy_context(void);

/**
 * Call fn(arg) with this as the current context: what it sets stays in there. Within a task
 * fn may wait.
 *
 * @return  what fn returned
 * @error -SIMUL_ESTATE  another call runs in this context; fn was not called
 * @error -EINVAL        the context is NULL; fn was not called
 *
 * Awaits:   if fn does
 * asyncio:  Context.run()
 */
SIMUL_API int simul_context_run(simul_context *context, simul_fn *fn, void *arg);

/**
 * The variable's value in a context that need not be the current one.
 *
 * @return  as simul_context_var_get(); borrowed while the context is held and unchanged
 *
 * asyncio:  Context.get()
 */
SIMUL_API void *simul_context_get(const simul_context *context,
                                  const simul_context_var *var);

/** Give a context back. NULL does nothing. asyncio: (the name goes out of scope) */
SIMUL_API void simul_context_release(simul_context *context);

#ifdef __cplusplus
}
#endif

#endif
