/* SPDX-License-Identifier: MIT */
/*
 * Coroutines that somebody enters and that come back to him: what generators are made of
 * (gen/). Each has a stack of its own.
 *
 * Tasks switch to each other, at one place, as their turn comes; a coroutine is entered like
 * a function, by a task or by plain code, and suspends to whoever entered it. To a task it
 * is a piece of its own stack: what is called in it waits as ever, and it is the task that
 * waits.
 *
 *  N1. task->stack is the stack that the task is on: the coroutine's while it is inside,
 *      which is where task->context is, then, when the task waits. The stacks further out
 *      are found from there: a stack that is `of_coro` belongs to a struct sm_coro, which
 *      knows the stack it was entered from, and where that one goes on.
 *  N2. Entered means: between sm_coro_enter() and its return. It is entered by nobody or by
 *      one.
 *  N3. It is bound to its thread (W2), not to a loop: stacks come from a pool of the
 *      thread's, so that it may be made before a run and be used after it.
 *  N4. When the body has returned its stack is back in the pool, and `stack` is NULL.
 */
#ifndef SM_TASK_CORO_H
#define SM_TASK_CORO_H

#include "switch/annotate.h"
#include "task/wait.h"

/* What a thread has that uses coroutines; made when it first does. */
struct sm_home {
    struct sm_stack_pool stacks;
    struct sm_stack thread_stack; /* as plain code's, which is on no stack of ours */
    struct sm_list all;           /* of struct sm_coro, oldest first */
    uintptr_t *cxa;               /* C++'s two words; NULL: no C++ here */
    bool overflow_watched;        /* sm_overflow_enter() was called for it */
};

struct sm_coro {
    sm_context context;        /* suspended: where it goes on */
    sm_context outer_context;  /* entered: where he who entered goes on … */
    struct sm_stack *outer;    /* … which stack he is on (else NULL) … */
    struct simul_future *task; /* … which task it is; NULL: plain code … */
    struct sm_scope *scope;    /* … and the innermost scope he is in */
    struct sm_stack *stack;    /* owned from the first entry to the end; else NULL */
    struct sm_home *home;      /* NULL: its thread has ended */
    const char *where;         /* made there, for reports; lives for ever */
    struct sm_list link;       /* home->all */
    void (*body)(struct sm_coro *self);
    /* it will never go on, its frames are gone: the loop was closed, or the thread ends */
    void (*lost)(struct sm_coro *self);
    /* the thread ends: the last occasion to go on */
    void (*last_call)(struct sm_coro *self);
};

/** Make it this thread's. @error -ENOMEM */
int sm_coro_init(struct sm_coro *self, bool watch_overflow);
/** It must have no stack any more. */
void sm_coro_finish(struct sm_coro *self);

/** Bind a stack before the first entry. `size` 0: the default. @error -ENOMEM */
int sm_coro_begin(struct sm_coro *self, size_t size);

/** Give up a suspended one with its frames. */
void sm_coro_drop(struct sm_coro *self);

/** The loop closes: the coroutines that a task is in are lost; it is on its own stack. */
void sm_coro_lose_all(struct simul_future *task);

/** Whether the address lies on its stack. */
static inline bool sm_coro_has(const struct sm_coro *self, const void *address)
{
    return self->stack && address >= self->stack->base && address < self->stack->top;
}

/** That which a stack belongs to; NULL: a task's, or a thread's. */
static inline struct sm_coro *sm_coro_of(const struct sm_stack *stack)
{
    return stack && stack->of_coro ? stack->owner : NULL;
}

/** The stack that the caller is on. */
struct sm_stack *sm_stack_here(void);

/** For the overflow report: who runs on a stack. Async-signal-safe. */
void sm_stack_describe(const struct sm_stack *stack, char *text, size_t size);

/* ---- switching ----------------------------------------------------------------------- */

/* Inline, so that between the user's function and the switch lies one call: the processor
 * predicts returns by the calls that came before, and those were on another stack. */

extern __thread struct sm_home *sm_home_of_thread
    __attribute__((tls_model("initial-exec")));

/** Whether it is this thread's. */
static inline bool sm_coro_mine(const struct sm_coro *self)
{
    return sm_likely(self->home == sm_home_of_thread && self->home);
}

#if SM_ASAN || SM_TSAN
/* What is plain code to us may be on a stack of ours: what a task's end calls. */
struct sm_stack *sm_stack_of_plain_code(struct sm_home *home);
#else
static inline struct sm_stack *sm_stack_of_plain_code(struct sm_home *home)
{
    return &home->thread_stack;
}
#endif

#define SM_CORO_INLINE static inline __attribute__((always_inline))

SM_CORO_INLINE void sm_coro_switch(sm_context *save, struct sm_stack *from,
                                   sm_context context, struct sm_stack *to,
                                   uintptr_t *cxa)
{
    uintptr_t caught = 0, uncaught = 0;
    if (sm_unlikely(cxa != NULL)) {
        caught = cxa[0];
        uncaught = cxa[1];
    }
    sm_annotate_leave(from, to, false);
    sm_switch_here(save, context);
    sm_annotate_arrive(from);
    if (sm_unlikely(cxa != NULL)) {
        cxa[0] = caught;
        cxa[1] = uncaught;
    }
}

/** Go into it, until it suspends, or has ended (N4). */
SM_CORO_INLINE void sm_coro_enter(struct sm_coro *self)
{
    struct simul_future *task = sm_current();
    self->task = task;
    if (task) {
        self->scope = sm_innermost(task);
        self->outer = task->stack;
        task->stack = self->stack;
    } else {
        self->outer = sm_stack_of_plain_code(self->home);
    }
    sm_coro_switch(&self->outer_context, self->outer, self->context, self->stack,
                   self->home->cxa);
    if (task)
        task->stack = self->outer;
    self->outer = NULL;
}

/** On its own stack: go back to who entered it, until somebody enters it again. */
SM_CORO_INLINE void sm_coro_suspend(struct sm_coro *self)
{
    sm_coro_switch(&self->context, self->stack, self->outer_context, self->outer,
                   self->home->cxa);
}

#endif
