/* SPDX-License-Identifier: MIT */
/*
 * Switching stacks. (Seam 1 of four: the architecture. See ARCHITECTURE.md.)
 *
 * A context is a suspended computation: its stack pointer, below which the switch has
 * pushed what the ABI obliges a callee to keep. There is one function, symmetric: it
 * suspends the caller into *from and resumes *to.
 *
 *  W1. All callee-saved registers of the ABI survive, and so do the floating-point control
 *      state (rounding mode, exception masks: MXCSR and the x87 control word; FPCR).
 *      Caller-saved registers, the signal mask and errno do not belong to a context.
 *  W2. A context is resumed exactly once per suspension, by the thread that suspended it.
 *  W3. sm_context_make() prepares a context that calls entry(arg) with an aligned stack,
 *      and a frame that ends backtraces cleanly. entry must not return.
 *  W4. gdb, perf and valgrind can unwind a running and a suspended context (CFI), and the
 *      object files carry IBT/BTI and non-executable-stack notes.
 *  W5. C++ exceptions may be thrown, caught and be in flight across a switch; the caller
 *      (task/) keeps __cxa_get_globals' two words per task.
 *
 * A new architecture is one .S file and one line in CMakeLists.txt; switch_ucontext.c
 * serves where there is none, and everywhere with -DSIMUL_SWITCH=ucontext.
 */
#ifndef SM_SWITCH_SWITCH_H
#define SM_SWITCH_SWITCH_H

#include <stddef.h>

/* The stack pointer of a suspended context (for ucontext: its ucontext_t). */
typedef void *sm_context;

/**
 * Suspend the caller into *from and resume `to`. Returns when somebody resumes *from.
 * noinline, one `ret`: see docs/decisions.md for what was measured.
 */
void sm_switch(sm_context *from, sm_context to);

/**
 * Prepare a context on a fresh stack.
 *
 * @param base   lowest usable byte of the stack
 * @param top    one past its highest usable byte, any alignment
 * @param entry  called with arg at the first resume; never returns
 */
sm_context sm_context_make(void *base, void *top, void (*entry)(void *), void *arg);

/**
 * Let a suspended context go on with the caller's floating-point control state instead
 * of its own: for a context that is kept for other work. (A new one begins with that of
 * whoever made it.) A handful of instructions.
 */
void sm_context_inherit_fp(sm_context context);

#endif
