/* SPDX-License-Identifier: MIT */
/*
 * The contract of switch.h (W1 to W4), for whichever switch this program is linked
 * with: the machine's own as a function or inline, or ucontext. W5 is in test_switch_exceptions.cpp.
 */
#include "support/harness.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unwind.h>

#include "contract/two_stacks.h"

/* ---- W1: what survives --------------------------------------------------------------- */

#if defined(__x86_64__) || defined(__aarch64__)
#if defined(__x86_64__)
enum { REGISTERS = 6 };
#else
enum { REGISTERS = 19 };
#endif

void registers_across(const uint64_t *in, uint64_t *out, void (*fn)(void));

struct registers {
    uint64_t in[REGISTERS], out[REGISTERS];
};

static void fill(struct registers *set, uint64_t seed)
{
    for (int i = 0; i < REGISTERS; i++)
        set->in[i] = seed + (uint64_t)i * 0x0101010101010101u;
    memset(set->out, 0, sizeof set->out);
}

static void switch_there_with_registers(void *arg)
{
    struct registers *set = arg;
    registers_across(set->in, set->out, back);
}

TEST(every_register_of_a_callee_survives_on_both_sides)
{
    struct registers ours, theirs;
    fill(&ours, 0x1111);
    fill(&theirs, 0xf00d);
    prepare(switch_there_with_registers, &theirs);

    registers_across(ours.in, ours.out, go);
    go();

    ck_assert_mem_eq(ours.out, ours.in, sizeof ours.in);
    ck_assert_mem_eq(theirs.out, theirs.in, sizeof theirs.in);
}
#endif

static void round_upward(void *arg)
{
    int *seen = arg;
    seen[0] = fegetround();
    fesetround(FE_UPWARD);
    back();
    seen[1] = fegetround();
}

TEST(each_context_has_a_rounding_mode_of_its_own)
{
    int seen[2] = {-1, -1};
    fesetround(FE_DOWNWARD);
    prepare(round_upward, seen);

    go();
    int after = fegetround();
    fesetround(FE_TOWARDZERO);
    go();

    ck_assert_int_eq(seen[0], FE_DOWNWARD); /* that of who made it */
    ck_assert_int_eq(after, FE_DOWNWARD);
    ck_assert_int_eq(seen[1], FE_UPWARD);
    ck_assert_int_eq(fegetround(), FE_TOWARDZERO);
}

TEST(a_kept_context_can_inherit_the_rounding_mode)
{
    int seen[2] = {-1, -1};
    prepare(round_upward, seen);
    go();

    fesetround(FE_TOWARDZERO);
    sm_context_set_fp(there.context, sm_fp_get());
    go();

    ck_assert_int_eq(seen[1], FE_TOWARDZERO);
}

TEST(a_fresh_context_can_inherit_the_rounding_mode)
{
    int seen[2] = {-1, -1};
    prepare(round_upward, seen);

    fesetround(FE_DOWNWARD);
    sm_context_set_fp(there.context, sm_fp_get());
    go();
    go();

    ck_assert_int_eq(seen[0], FE_DOWNWARD);
}

#if defined(__x86_64__)
static unsigned mxcsr(void)
{
    unsigned word;
    __asm__ volatile("stmxcsr %0" : "=m"(word));
    return word;
}

static unsigned short x87_control(void)
{
    unsigned short word;
    __asm__ volatile("fnstcw %0" : "=m"(word));
    return word;
}

/* Rounding, each word its own way, which fesetround() would not do. */
enum { MXCSR_DOWN = 0x2000, MXCSR_MASK = 0x6000, X87_UP = 0x0800, X87_MASK = 0x0c00 };

static void set_both_words(void *arg)
{
    unsigned down = (mxcsr() & ~(unsigned)MXCSR_MASK) | MXCSR_DOWN;
    unsigned short up = (unsigned short)((x87_control() & ~X87_MASK) | X87_UP);
    (void)arg;
    __asm__ volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(down), "m"(up));
    back();
    ck_assert_uint_eq(mxcsr() & MXCSR_MASK, MXCSR_DOWN);
    ck_assert_uint_eq(x87_control() & X87_MASK, X87_UP);
}

static void set_x87_alone(void *arg)
{
    unsigned short up = (unsigned short)((x87_control() & ~X87_MASK) | X87_UP);
    (void)arg;
    __asm__ volatile("fldcw %0" : : "m"(up));
    back();
    ck_assert_uint_eq(mxcsr() & MXCSR_MASK, 0);
    ck_assert_uint_eq(x87_control() & X87_MASK, X87_UP);
}

static void check_words_return(void (*body)(void *))
{
    prepare(body, NULL);
    for (int i = 0; i < 2; i++) {
        go();
        ck_assert_uint_eq(mxcsr() & MXCSR_MASK, 0);
        ck_assert_uint_eq(x87_control() & X87_MASK, 0);
    }
}

TEST(mxcsr_and_the_x87_control_word_are_each_kept)
{
    check_words_return(set_both_words);
    check_words_return(set_x87_alone);
}

static void unmask_division(void *arg)
{
    (void)arg;
    feenableexcept(FE_DIVBYZERO);
    back();
    fedisableexcept(FE_DIVBYZERO);
}

TEST(a_stale_exception_flag_does_not_trap_in_a_context_that_unmasks_it)
{
    volatile long double zero = 0, one = 1;
    prepare(unmask_division, NULL);
    go();

    zero = one / zero; /* raises the x87 flag, masked here */
    go();

    ck_assert(zero > 1);
}
#endif

static void look_at_mask(void *arg)
{
    sigset_t *seen = arg;
    pthread_sigmask(SIG_SETMASK, NULL, &seen[0]);
    back();
    pthread_sigmask(SIG_SETMASK, NULL, &seen[1]);
}

TEST(the_signal_mask_belongs_to_the_thread)
{
    sigset_t seen[2], usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    prepare(look_at_mask, seen);

    pthread_sigmask(SIG_BLOCK, &usr1, NULL);
    go();
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    go();

    ck_assert_int_eq(sigismember(&seen[0], SIGUSR1), 1);
    ck_assert_int_eq(sigismember(&seen[1], SIGUSR1), 0);
}

/* ---- W2, W3: fresh contexts ---------------------------------------------------------- */

static void note_frame(void *arg)
{
    *(uintptr_t *)arg = (uintptr_t)__builtin_frame_address(0);
}

TEST(the_stack_of_a_fresh_context_is_aligned_whatever_its_top)
{
    for (size_t off = 0; off <= 64; off++) {
        uintptr_t frame = 1;
        prepare(note_frame, &frame);
        there.top = (char *)there.base + THERE_SIZE - off;
        sm_stack_prepare(&there, run_there, &frame);

        go();

        ck_assert_uint_eq(frame % 16, 0);
        ck_assert(frame < (uintptr_t)there.top);
        ck_assert(frame > (uintptr_t)there.top - 16384); /* a ucontext_t is large */
    }
}

static void count_down(void *arg)
{
    for (int *left = arg; *left > 0; --*left)
        back();
}

TEST_TIMEOUT(a_million_switches_come_back, 120)
{
    int times = SM_TSAN ? 50000 : 500000; /* a switch takes ThreadSanitizer 10 us */
    int left = times, gone = 0;
    prepare(count_down, &left);

    while (left > 0) {
        go();
        gone++;
    }

    ck_assert_int_eq(gone, times + 1);
}

/* ---- W4: unwinding ------------------------------------------------------------------- */

struct trace {
    int frames, outside; /* outside: frames that do not lie on the stack `there` */
    bool saw_caller;
};

__attribute__((noinline)) static void caller(struct trace *trace);

static _Unwind_Reason_Code see(struct _Unwind_Context *context, void *arg)
{
    struct trace *trace = arg;
    uintptr_t cfa = _Unwind_GetCFA(context), ip = _Unwind_GetIP(context);
    if (++trace->frames > 100)
        return _URC_NORMAL_STOP;
    if (cfa < (uintptr_t)there.base || cfa > (uintptr_t)there.top)
        trace->outside++;
    if (_Unwind_FindEnclosingFunction((void *)ip) == (void *)(uintptr_t)caller)
        trace->saw_caller = true;
    return _URC_NO_REASON;
}

static void caller(struct trace *trace)
{
    ck_assert_int_eq(_Unwind_Backtrace(see, trace), _URC_END_OF_STACK);
    trace->frames++; /* no tail call */
}

static void trace_twice(void *arg)
{
    struct trace *traces = arg;
    caller(&traces[0]);
    back();
    caller(&traces[1]);
}

TEST(a_backtrace_within_a_context_ends_at_its_beginning)
{
    struct trace traces[2] = {0};
    prepare(trace_twice, traces);

    go();
    go();

    for (int i = 0; i < 2; i++) {
        ck_assert(traces[i].saw_caller);
        ck_assert_int_eq(traces[i].outside, 0);
        ck_assert_int_ge(traces[i].frames, 3);
        ck_assert_int_lt(traces[i].frames, 12);
    }
}

HARNESS_MAIN("switch")
