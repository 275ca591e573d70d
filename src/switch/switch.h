/* SPDX-License-Identifier: MIT */
/*
 * Switching stacks. (Seam 1 of four: the architecture. See ARCHITECTURE.md.)
 *
 * A context is a suspended computation: its stack pointer, below which the switch has
 * pushed what must be kept. There is one operation, symmetric, as a function and inline:
 * it suspends the caller into *from and resumes `to`, however that was suspended.
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
 * A new architecture is one .S file and one line in files.cmake; switch_ucontext.c
 * serves where there is none, and everywhere with -DSIMUL_SWITCH=ucontext.
 */
#ifndef SM_SWITCH_SWITCH_H
#define SM_SWITCH_SWITCH_H

#include <stddef.h>
#include <stdint.h>

/* The stack pointer of a suspended context (for ucontext: its ucontext_t). */
typedef void *sm_context;

/** Suspend the caller into *from and resume `to`. Returns when somebody resumes *from. */
void sm_switch(sm_context *from, sm_context to);

#ifdef __AVX512F__
#define SM_CLOBBER_AVX512                                                              \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", \
        "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2",     \
        "k3", "k4", "k5", "k6", "k7"
#else
#define SM_CLOBBER_AVX512
#endif

/**
 * The same, inlined: what is live is saved by the compiler, and where to go on is an
 * address of the caller's. Only in functions that call others as well (a leaf function
 * may have data below its stack pointer).
 */
static inline __attribute__((always_inline)) void sm_switch_here(sm_context *from,
                                                                 sm_context to)
{
#if defined(__x86_64__) && !defined(SM_SWITCH_UCONTEXT)
    /* Every register but rsp and rbp is clobbered, with the vector registers that the
     * compiler may use. */
    __asm__ volatile("leaq 1f(%%rip), %%rdx\n\t"
                     "jmp sm_switch_jump\n"
                     "1:\n\t"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12",
                       "r13", "r14", "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
                       "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11",
                       "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)", "st(2)",
                       "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory",
                       "cc" SM_CLOBBER_AVX512);
#else
    sm_switch(from, to);
#endif
}

/*
 * For functions that switch to a stack and come back from another place of it: they return
 * by an indirect jump, which the processor predicts from the history of branches, and not by
 * `ret`, which it predicts from the last call, of the other stack, always wrongly. (Two tasks
 * that suspend in the same function have the same calls behind them, and need no such thing.)
 * Measured, x86-64, a generator's next: 13 ns, and 33 without.
 */
#if defined(__x86_64__) && !defined(SM_SWITCH_UCONTEXT) && defined(__has_attribute)
#if __has_attribute(function_return)
#define SM_RETURNS_BY_JUMP __attribute__((function_return("thunk-extern")))
#endif
#endif
#ifndef SM_RETURNS_BY_JUMP
#define SM_RETURNS_BY_JUMP
#endif

/*
 * The floating-point control state of the caller, as one word, and putting it back: for a
 * stack that goes on with the next task, which must not inherit the last one's.
 */
#if defined(__x86_64__)
#define SM_CONTEXT_FP 0 /* from a context's stack pointer: see the .S files */

static inline uint64_t sm_fp_get(void)
{
    uint32_t mxcsr;
    uint16_t x87;
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(x87));
    return (mxcsr & 0xffc0) | (uint64_t)x87 << 32; /* without the status bits */
}

static inline void sm_fp_set(uint64_t word)
{
    if (__builtin_expect(sm_fp_get() == word, 1))
        return;
    uint32_t mxcsr = (uint32_t)word;
    uint16_t x87 = (uint16_t)(word >> 32);
    __asm__ volatile("ldmxcsr %0\n\tfnclex\n\tfldcw %1" : : "m"(mxcsr), "m"(x87));
}
#elif defined(__aarch64__)
#define SM_CONTEXT_FP 160

static inline uint64_t sm_fp_get(void)
{
    uint64_t word;
    __asm__ volatile("mrs %0, fpcr" : "=r"(word));
    return word;
}

static inline void sm_fp_set(uint64_t word)
{
    if (sm_fp_get() != word)
        __asm__ volatile("msr fpcr, %0" : : "r"(word));
}
#else
uint64_t sm_fp_get(void);
void sm_fp_set(uint64_t word);
#endif

/**
 * Prepare a context on a fresh stack.
 *
 * @param base   lowest usable byte of the stack
 * @param top    one past its highest usable byte, any alignment
 * @param entry  called with arg at the first resume; never returns
 */
sm_context sm_context_make(void *base, void *top, void (*entry)(void *), void *arg);

/**
 * Let a suspended context go on with this floating-point control state (sm_fp_get()) instead
 * of its own: for a context that is kept for other work. (A new one begins with that of
 * whoever made it.)
 */
#if defined(SM_SWITCH_UCONTEXT) || !(defined(__x86_64__) || defined(__aarch64__))
void sm_context_set_fp(sm_context context, uint64_t word);
#else
static inline void sm_context_set_fp(sm_context context, uint64_t word)
{
    *(uint64_t *)((char *)context + SM_CONTEXT_FP) = word;
}
#endif

#endif
