/* SPDX-License-Identifier: MIT */
/*
 * Contexts from inside. A context is an object with a map (vars.h) that is replaced when a
 * variable is set; NULL stands for one in which nothing was ever set, so that programs which
 * do not use them pay a comparison.
 *
 * The current one is in a *place*: the running task's, or the thread's. Callbacks run on
 * the thread's stack, one after another: each has its own put into the thread's place
 * while it is called. The loop knows nothing of tasks, so it is told by a function.
 */
#ifndef SM_LOOP_CONTEXT_H
#define SM_LOOP_CONTEXT_H

#include <simul/context.h>
#include <simul/loop.h>

/* The thread's place; owned. */
extern __thread struct simul_context *sm_thread_context
    __attribute__((tls_model("initial-exec")));

/** What is current here; NULL: nothing was set. Borrowed. */
struct simul_context *sm_context_current(void);

/** A copy for somebody else: 0, or -ENOMEM. NULL if there is nothing in it. */
int sm_context_copy(const struct simul_context *context, struct simul_context **copy);

struct simul_context *sm_context_ref(struct simul_context *context);

/** A callback in its own context, which it may change, or make. */
static inline void sm_context_call(struct simul_context **context,
                                   simul_callback_fn *fn, void *arg)
{
    struct simul_context *outer = sm_thread_context;
    sm_thread_context = *context;
    fn(arg);
    *context = sm_thread_context;
    sm_thread_context = outer;
}

/** The same for what is called again and again, and may be replaced while it is called. */
static inline void sm_context_call_held(struct simul_context *context,
                                        simul_callback_fn *fn, void *arg)
{
    sm_context_ref(context);
    sm_context_call(&context, fn, arg);
    simul_context_release(context);
}

/** A callback in this context instead of the current one, whichever that is. */
void sm_context_call_in(struct simul_context **context, simul_callback_fn *fn,
                        void *arg);

#endif
