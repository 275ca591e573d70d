/* SPDX-License-Identifier: MIT */
/*
 * Stacks as roots of LeakSanitizer, which knows the stack that a thread is running on
 * and no other: what only a parked task points to would be reported as a leak.
 *
 * When a check happens in the middle of a run, the whole of each live stack is a root
 * (in builds for AddressSanitizer, and up to a number, since LeakSanitizer searches its
 * roots linearly). At exit, where it matters, the roots are exact: of each parked stack
 * what is above its stack pointer. Stale words below it would hide real leaks.
 *
 * The library itself may have been built without sanitizers and only the program with
 * them; the roots at exit work then, too, hence the weak symbols.
 */
#include "switch/annotate.h"
#include "switch/slab.h"

#include <pthread.h>
#include <stdlib.h>

#pragma weak __lsan_register_root_region
#pragma weak __lsan_unregister_root_region
void __lsan_register_root_region(const void *begin, size_t size);
void __lsan_unregister_root_region(const void *begin, size_t size);

#if SM_ASAN
#include <sanitizer/asan_interface.h>

__thread struct sm_stack *sm_annotate_parked_thread;
#endif

enum { ROOTS_MAX = 1024 };

static size_t size_of(const struct sm_stack *stack)
{
    return (size_t)((char *)stack->top - (char *)stack->base);
}

void sm_roots_add(struct sm_stack_pool *pool, struct sm_stack *stack)
{
    if (!SM_ASAN || pool->live > ROOTS_MAX || !__lsan_register_root_region)
        return;
    __lsan_register_root_region(stack->base, size_of(stack));
    stack->rooted = true;
}

void sm_roots_remove(struct sm_stack *stack)
{
    if (!stack->rooted)
        return;
    __lsan_unregister_root_region(stack->base, size_of(stack));
    stack->rooted = false;
}

/* ---- at exit ------------------------------------------------------------------------- */

/* With detect_stack_use_after_return locals lie in frames elsewhere, to which the stack
 * points. Its red zones are read, too. */
#if SM_ASAN
__attribute__((no_sanitize("address"))) static void
add_fake_frames(struct sm_stack *stack, void **word)
{
    for (; stack->asan_fake && (void *)(word + 1) <= stack->top; word++) {
        void *start, *end;
        if (__asan_addr_is_in_fake_stack(stack->asan_fake, *word, &start, &end))
            __lsan_register_root_region(start, (size_t)((char *)end - (char *)start));
    }
}
#else
static void add_fake_frames(struct sm_stack *stack, void **word)
{
    (void)stack, (void)word;
}
#endif

/* How far down a stack is in use: all of the one that called exit(), and of every one if
 * the library was built without annotations. */
#if SM_ASAN
static bool is_within(const struct sm_stack *stack, const void *address)
{
    return address >= stack->base && address < stack->top;
}

static char *lowest_used(const struct sm_stack *stack)
{
    bool runs = is_within(stack, __builtin_frame_address(0));
    return !runs && is_within(stack, stack->parked) ? stack->parked : stack->base;
}
#else
static char *lowest_used(const struct sm_stack *stack)
{
    return stack->base;
}
#endif

static void add_exact(struct sm_stack *stack)
{
    char *from = lowest_used(stack);
    __lsan_register_root_region(from, (size_t)((char *)stack->top - from));
    add_fake_frames(stack, (void **)(((uintptr_t)from + 7) & ~(uintptr_t)7));
}

static void add_exact_of_slab(struct sm_slab *slab, void *arg)
{
    (void)arg;
    for (unsigned i = 0; i < slab->carved; i++) {
        sm_roots_remove(&slab->table[i]);
        if (slab->table[i].state == SM_STACK_LIVE)
            add_exact(&slab->table[i]);
    }
}

/* Handlers run in reverse order, and LeakSanitizer's was the first to be registered. */
static void at_exit(void)
{
    sm_slab_each(add_exact_of_slab, NULL);
#if SM_ASAN
    if (sm_annotate_parked_thread)
        add_exact(sm_annotate_parked_thread);
#endif
}

static void start(void)
{
    if (__lsan_register_root_region)
        atexit(at_exit);
}

void sm_roots_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, start);
}
