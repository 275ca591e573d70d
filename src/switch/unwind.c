/* SPDX-License-Identifier: MIT */
/*
 * The backtrace of a suspended context.
 *
 * x86-64: the unwinder of the compiler's runtime starts where it is called, so we have it
 * called there. The third word of a suspended context is the address at which it will go
 * on, and lies just where a call from that place would have pushed its return address. So
 * we put a second context eight bytes below the first, which enters probe() with the stack
 * pointer at that word, as if the suspended function had called it; probe() collects the
 * frames and switches back, and the two words that were in the way are put back.
 *
 * aarch64: the saved frame pointer leads from frame to frame.
 */
#include <execinfo.h>
#include <string.h>

#include "switch/annotate.h"

enum { ROOM_NEEDED = 24 * 1024 };

#if defined(__x86_64__) && !defined(SM_SWITCH_UCONTEXT)

struct probe {
    struct sm_stack *self, *stack;
    sm_context prober, probed;
    void **frames;
    int max, n;
};

static __thread struct probe *asked;

static __attribute__((noinline)) void probe(void)
{
    struct probe *p = asked;
    sm_annotate_arrive(p->stack);
    void *all[64];
    int n = backtrace(all, p->max + 1 < 64 ? p->max + 1 : 64) - 1; /* without us */
    p->n = n > 0 ? n : 0;
    memcpy(p->frames, all + 1, (size_t)p->n * sizeof *all);
    sm_annotate_leave(p->stack, p->self, false);
    sm_switch(&p->probed, p->prober);
}

/* The words lie below the suspended frame, in memory that AddressSanitizer may have
 * marked as a variable's surroundings. */
static __attribute__((no_sanitize("address"))) int collect(struct probe *p,
                                                           sm_context context)
{
    uintptr_t *words = context, saved[3] = {words[-1], words[0], words[1]};
    words[-1] = saved[1];        /* floating-point control */
    words[0] = saved[2];         /* rbp */
    words[1] = (uintptr_t)probe; /* where to go on; words[2] is its return address */
    asked = p;
    sm_annotate_leave(p->self, p->stack, false);
    sm_switch(&p->prober, words - 1);
    sm_annotate_arrive(p->self);
    sm_annotate_left_for_good(p->stack->base, words - 1);
    for (int i = 0; i < 3; i++)
        words[i - 1] = saved[i];
    return p->n;
}

static int backtrace_of(struct sm_stack *self, struct sm_stack *stack,
                        sm_context context, void **frames, int max)
{
    struct probe p = {.self = self, .stack = stack, .frames = frames, .max = max};
    return collect(&p, context);
}

#elif defined(__aarch64__) && !defined(SM_SWITCH_UCONTEXT)

static int backtrace_of(struct sm_stack *self, struct sm_stack *stack,
                        sm_context context, void **frames, int max)
{
    (void)self;
    const uintptr_t *frame = (const uintptr_t *)context + 10; /* x29, x30 */
    int n = 0;
    while (n < max && (void *)frame >= stack->base
           && (void *)(frame + 2) <= stack->top) {
        frames[n++] = (void *)frame[1];
        const uintptr_t *outer = (const uintptr_t *)frame[0];
        if (outer <= frame)
            break;
        frame = outer;
    }
    return n;
}

#else

static int backtrace_of(struct sm_stack *self, struct sm_stack *stack,
                        sm_context context, void **frames, int max)
{
    (void)self, (void)stack, (void)context, (void)frames, (void)max;
    return 0;
}

#endif

int sm_stack_backtrace(struct sm_stack *self, struct sm_stack *stack,
                       sm_context context, void **frames, int max)
{
    if ((char *)context - (char *)stack->base < ROOM_NEEDED)
        return 0;
    return backtrace_of(self, stack, context, frames, max);
}
