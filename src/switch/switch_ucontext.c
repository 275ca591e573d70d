/* SPDX-License-Identifier: MIT */
/*
 * The switch for machines without assembly of ours: POSIX's ucontext. Slow (swapcontext
 * makes a system call for the signal mask), but complete; copy the shape, not the speed.
 *
 * A context is a `struct suspended`: of a running computation it is a local variable of
 * sm_switch(), which lives exactly as long as the suspension; of a fresh one it lies at
 * the top of its stack.
 */
#include "switch/switch.h"

#include <fenv.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

struct suspended {
    ucontext_t machine;
    bool has_fp; /* go on with fp, the control state somebody left for it */
    fenv_t fp;
    void (*entry)(void *); /* of a fresh context */
    void *arg;
};

/* The signal mask is not part of a context (W1): take the current one along. */
static void keep_signal_mask(ucontext_t *to)
{
    pthread_sigmask(SIG_SETMASK, NULL, &to->uc_sigmask);
}

void sm_switch(sm_context *from, sm_context to)
{
    struct suspended here = {.has_fp = false}, *there = to;
    *from = &here;
    keep_signal_mask(&there->machine);
    swapcontext(&here.machine, &there->machine);
    if (here.has_fp)
        fesetenv(&here.fp);
}

/* makecontext() passes ints only, so the address comes in two halves. */
static void start(unsigned high, unsigned low)
{
    struct suspended *self = (void *)(uintptr_t)((uint64_t)high << 32 | low);
    if (self->has_fp)
        fesetenv(&self->fp);
    self->entry(self->arg);
    __builtin_trap();
}

sm_context sm_context_make(void *base, void *top, void (*entry)(void *), void *arg)
{
    uintptr_t place = ((uintptr_t)top - sizeof(struct suspended)) & ~(uintptr_t)63;
    struct suspended *self = (void *)place;
    memset(self, 0, sizeof *self);
    getcontext(&self->machine);
    self->machine.uc_stack.ss_sp = base;
    self->machine.uc_stack.ss_size = place - (uintptr_t)base;
    self->machine.uc_link = NULL;
    self->entry = entry;
    self->arg = arg;
    makecontext(&self->machine, (void (*)(void))(uintptr_t)start, 2,
                (unsigned)((uint64_t)place >> 32), (unsigned)place);
    return self;
}

void sm_context_set_fp(sm_context context, uint64_t word)
{
    struct suspended *self = context;
    uint64_t ours = sm_fp_get();
    sm_fp_set(word);
    fegetenv(&self->fp);
    sm_fp_set(ours);
    self->has_fp = true;
}

#if !defined(__x86_64__) && !defined(__aarch64__)
/* A whole environment does not fit into a word; here tasks inherit the last one's. */
uint64_t sm_fp_get(void)
{
    return 0;
}

void sm_fp_set(uint64_t word)
{
    (void)word;
}
#endif
