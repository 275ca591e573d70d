/* SPDX-License-Identifier: MIT */
/*
 * Generators from inside: a coroutine (task/coro.h) with something passed in and
 * out at each switch.
 *
 *     CREATED --first step--> RUNNING <--sm_gen_enter / yield--> SUSPENDED
 *        \                       \--------its function returns---> CLOSED
 *         \--close, throw-----------------------------------------/
 *
 *  G1. It has a stack exactly while RUNNING or SUSPENDED, and release_arg is called when it
 *      becomes CLOSED, by whoever made it so, not on its own stack.
 *  G2. The memory goes when it is an orphan (its owner has released it), CLOSED, and nobody
 *      `uses` it: a generator that gives its values, a task that closes it.
 *  G3. An asynchronous one is on its loop's list of closables from its first step until it
 *      is CLOSED. An orphan that is SUSPENDED belongs to that list: a task, the end of the
 *      run, or at last the closing of the loop close it.
 *  G4. Where it is suspended, the task that entered it is in no scope that it had not
 *      entered before: scopes never outlive a step.
 */
#ifndef SM_GEN_GEN_H
#define SM_GEN_GEN_H

#include <simul/gen.h>

#include "task/coro.h"

struct simul_gen {
    struct sm_coro coro;
    uint8_t state; /* enum simul_gen_state */
    bool is_async;
    bool orphan;               /* G2 */
    bool settling;             /* an orphan that is being ended */
    bool closer_tried;         /* an asynchronous one was given to a task */
    bool ignores_exit;         /* it has yielded while it was being closed */
    unsigned uses;             /* G2 */
    unsigned lent;             /* of these, asynchronous ones that give its values */
    int error;                 /* passed in: what the yield returns */
    int result;                /* of its function */
    const void *sent;          /* passed in; borrowed during the step */
    const void *value;         /* passed out; borrowed */
    const char *at, *function; /* the yield, when SUSPENDED */
    struct simul_gen *from;    /* the one whose values it gives; borrowed */
    simul_gen_fn *fn;
    void *arg;
    void (*release_arg)(void *arg);
    void *returned; /* simul_gen_return()'s */
    simul_destroy_fn *destroy;
    struct sm_sched *sched; /* G3; else NULL */
    struct sm_closable closable;
    size_t stack_size; /* 0: the default */
};

static inline struct simul_gen *sm_gen_of(struct sm_coro *coro)
{
    return sm_container_of(coro, struct simul_gen, coro);
}

/* ---- gen.c --------------------------------------------------------------------------- */
struct simul_gen *sm_gen_new(simul_gen_fn *fn, void *arg, const simul_gen_opts *opts,
                             const char *where, bool is_async);
/** G1: it is CLOSED from here on. */
void sm_gen_end(struct simul_gen *gen, int result);
static inline void sm_gen_use(struct simul_gen *gen)
{
    gen->uses++;
}
/** G2; may free it. */
void sm_gen_unuse(struct simul_gen *gen);
/** If it is an orphan that nobody uses: end it, free it, or give it to somebody who will.
 *  False: it is not. */
bool sm_gen_settle(struct simul_gen *gen);
/** What goes wrong when nobody is there to be told. */
void sm_gen_complain(const struct simul_gen *gen, const char *what, int r);

/* ---- step.c -------------------------------------------------------------------------- */
int sm_gen_step_slow(struct simul_gen *gen, const void *sent, void **value);
int sm_gen_left(struct simul_gen *gen, void **value);

/** Into a suspended one and back: 1 with a value, 0 at the end, or an error. It may be
 *  released meanwhile, by its own function even; then it is not to be touched any more. */
static inline __attribute__((always_inline)) int
sm_gen_enter(struct simul_gen *gen, int error, const void *sent, void **value)
{
    gen->state = SIMUL_GEN_RUNNING;
    gen->error = error;
    gen->sent = sent;
    sm_coro_enter(&gen->coro);
    if (sm_unlikely(!gen->coro.stack || gen->orphan))
        return sm_gen_left(gen, value);
    if (value)
        *value = (void *)gen->value;
    return 1;
}

/** Go into it, unless it is closed or running. */
static inline __attribute__((always_inline)) int
sm_gen_step(struct simul_gen *gen, const void *sent, void **value)
{
    if (sm_unlikely(gen->state != SIMUL_GEN_SUSPENDED || !sm_coro_mine(&gen->coro)))
        return sm_gen_step_slow(gen, sent, value);
    return sm_gen_enter(gen, 0, sent, value);
}

int sm_gen_throw(struct simul_gen *gen, int error, void **value);
int sm_gen_close(struct simul_gen *gen);

/* ---- agen.c -------------------------------------------------------------------------- */
/** Another generator gives its values: 0, and if it has not begun, its loop knows it now. */
int sm_agen_lend(struct simul_gen *agen);
/** Its owner has released it while it is suspended. */
void sm_agen_orphaned(struct simul_gen *agen);
/** It is CLOSED. */
void sm_agen_ended(struct simul_gen *agen);

#endif
