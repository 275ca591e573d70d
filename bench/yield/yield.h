/* SPDX-License-Identifier: MIT */
/*
 * The shapes in which yielding is measured, for the libraries with stacks.
 *
 * The includer defines  static inline void pass(long self)  - let the next task run -
 * before it includes this file, and gets three bodies for its tasks:
 *
 *     yield_same(self)     the loop yields itself; all tasks run the same code
 *     yield_deep_a(self)   the loop calls a function that calls a function that calls a
 *     yield_deep_b(self)   function that yields; the two share no code
 *
 * Clock: every task first yields WARM_UP times, so that all of them run and their pages
 * are there. The first one past that starts the clock, the last one to finish stops it;
 * in between lie n yields, whatever the number of tasks.
 */
#ifndef YIELD_H
#define YIELD_H

#include "support/bench.h"

#define WARM_UP          4
#define NOINLINE         __attribute__((noinline))
/* Keeps a call from becoming a jump, and two functions from becoming one. */
#define NOT_LAST(number) __asm__ volatile("" ::"i"(number) : "memory")

static struct {
    long each;         /* yields of one task */
    long begun, ended; /* tasks */
    double start, end; /* seconds */
} run_;

static inline void yield_begin(void)
{
    if (run_.begun++ == 0)
        run_.start = bench_cpu();
}

static inline void yield_end(long tasks)
{
    if (++run_.ended == tasks)
        run_.end = bench_cpu();
}

static long tasks_;

#define YIELD_BODY(step)                                                               \
    for (int i = 0; i < WARM_UP; i++)                                                  \
        step;                                                                          \
    yield_begin();                                                                     \
    for (long i = 0; i < run_.each; i++)                                               \
        step;                                                                          \
    yield_end(tasks_)

static inline void yield_same(long self)
{
    YIELD_BODY(pass(self));
}

#define YIELD_DEEP(letter, number)                                                     \
    static NOINLINE void letter##_third(long self)                                     \
    {                                                                                  \
        pass(self);                                                                    \
        NOT_LAST(number + 3);                                                          \
    }                                                                                  \
    static NOINLINE void letter##_second(long self)                                    \
    {                                                                                  \
        letter##_third(self);                                                          \
        NOT_LAST(number + 2);                                                          \
    }                                                                                  \
    static NOINLINE void letter##_first(long self)                                     \
    {                                                                                  \
        letter##_second(self);                                                         \
        NOT_LAST(number + 1);                                                          \
    }                                                                                  \
    static inline void yield_deep_##letter(long self)                                  \
    {                                                                                  \
        YIELD_BODY(letter##_first(self));                                              \
    }

YIELD_DEEP(a, 10)
YIELD_DEEP(b, 20)

/**
 * Measure the shape that the arguments name ("same", "deep", or a number of tasks) by
 * calling round(deep) once a repetition; it starts tasks_ tasks and waits for all.
 */
static void yield_measure(struct bench bench, void (*round)(int deep))
{
    double raw[BENCH_REPETITIONS_MAX];
    char name[64];
    int deep = strcmp(bench.shape, "deep") == 0;
    tasks_ = deep || strcmp(bench.shape, "same") == 0 ? 2 : atol(bench.shape);
    for (int i = 0; i < bench.repetitions; i++) {
        memset(&run_, 0, sizeof run_);
        run_.each = bench.n / tasks_;
        round(deep);
        raw[i] = (run_.end - run_.start) * 1e9 / (double)(run_.each * tasks_);
    }
    snprintf(name, sizeof name, "yield.%s", bench.shape);
    bench_print(name, "ns", run_.each * tasks_, bench.repetitions, raw);
}

#endif
