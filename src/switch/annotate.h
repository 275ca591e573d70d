/* SPDX-License-Identifier: MIT */
/*
 * What sanitizers must be told about a switch. Empty functions in other builds.
 *
 * A switch reads:
 *
 *     sm_annotate_leave(from, to, from_dies);
 *     sm_switch(&from->context, to->context);
 *     sm_annotate_arrive(from);          // whenever somebody resumes it
 *
 * and the entry function of a fresh context begins with sm_annotate_arrive(self). Nothing
 * may be between the three, and the functions are always inlined: a function that begins
 * in one fiber and ends in another would upset ThreadSanitizer's record of calls.
 *
 * `from_dies`: the context is never resumed, so AddressSanitizer frees its fake stack. A
 * trampoline that is kept for more work does not die. The stack of a thread takes part
 * as a struct sm_stack filled by sm_stack_of_thread().
 *
 * Valgrind is told of a stack when it is carved, LeakSanitizer when it is handed out and
 * put back (roots.c); neither needs to know of switches.
 */
#ifndef SM_SWITCH_ANNOTATE_H
#define SM_SWITCH_ANNOTATE_H

#include "switch/stack.h"

#define SM_ANNOTATE static inline __attribute__((always_inline))

#if SM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>

/* The stack of the calling thread, while it is parked (roots.c). */
extern __thread struct sm_stack *sm_annotate_parked_thread;

/* A bound below what is in use, the registers included that the switch is going to save. */
SM_ANNOTATE void *sm_annotate_bound(void)
{
#if defined(SM_SWITCH_UCONTEXT)
    return (char *)__builtin_frame_address(0) - 8192;
#elif defined(__x86_64__)
    char *sp;
    __asm__ volatile("mov %%rsp, %0" : "=r"(sp));
    return sp - 256;
#elif defined(__aarch64__)
    char *sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    return sp - 256;
#else
    return (char *)__builtin_frame_address(0) - 8192;
#endif
}

SM_ANNOTATE void sm_annotate_leave(struct sm_stack *from, struct sm_stack *to,
                                   bool from_dies)
{
    from->parked = sm_annotate_bound();
    __sanitizer_start_switch_fiber(from_dies ? NULL : &from->asan_fake, to->base,
                                   (size_t)((char *)to->top - (char *)to->base));
    if (from_dies)
        from->asan_fake = NULL;
    if (from->state == SM_STACK_OUTSIDE)
        sm_annotate_parked_thread = from;
}

/* Frames in this memory will not be returned from: their red zones must not stay. */
SM_ANNOTATE void sm_annotate_left_for_good(const void *from, const void *to)
{
    ASAN_UNPOISON_MEMORY_REGION(from, (size_t)((const char *)to - (const char *)from));
}

SM_ANNOTATE void sm_annotate_arrive(struct sm_stack *self)
{
    __sanitizer_finish_switch_fiber(self->asan_fake, NULL, NULL);
    self->asan_fake = NULL;
    if (self->state == SM_STACK_OUTSIDE)
        sm_annotate_parked_thread = NULL;
}

#elif SM_TSAN

#define sm_annotate_left_for_good(from, to) ((void)(from), (void)(to))

/* Declared here, as not every compiler ships <sanitizer/tsan_interface.h>. */
void *__tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void *fiber, unsigned flags);

SM_ANNOTATE void sm_annotate_leave(struct sm_stack *from, struct sm_stack *to,
                                   bool from_dies)
{
    (void)from, (void)from_dies;
    if (!to->tsan)
        to->tsan = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(to->tsan, 0);
}

SM_ANNOTATE void sm_annotate_arrive(struct sm_stack *self)
{
    (void)self;
}

#else

#define sm_annotate_left_for_good(from, to) ((void)(from), (void)(to))

SM_ANNOTATE void sm_annotate_leave(struct sm_stack *from, struct sm_stack *to,
                                   bool from_dies)
{
    (void)from, (void)to, (void)from_dies;
}

SM_ANNOTATE void sm_annotate_arrive(struct sm_stack *self)
{
    (void)self;
}

#endif
#endif
