/* SPDX-License-Identifier: MIT */
/*
 * Many timers of random length between 0 and 1 s, in C: CPU time (user and system) from
 * before the first is made until all have fired, and the time on the clock.
 *
 * The includer defines  static void all(long n): start n timers of next_length() seconds
 * and return when all of them have fired.
 */
#ifndef TIMERS_H
#define TIMERS_H

#include "support/bench.h"

static unsigned long long random_;
static long left_; /* timers that have not fired */

static inline double next_length(void)
{
    return bench_random(&random_);
}

static void all(long n);

static void timers_measure(struct bench bench)
{
    double cpu[BENCH_REPETITIONS_MAX], wall[BENCH_REPETITIONS_MAX];
    for (int i = 0; i < bench.repetitions; i++) {
        random_ = BENCH_SEED;
        left_ = bench.n;
        double cpu_before = bench_cpu(), before = bench_now();
        all(bench.n);
        wall[i] = bench_now() - before;
        cpu[i] = bench_cpu() - cpu_before;
        if (left_ != 0)
            bench_fail("firing all timers");
    }
    bench_print("timers.cpu", "s", bench.n, bench.repetitions, cpu);
    bench_print("timers.wall", "s", bench.n, bench.repetitions, wall);
}

#endif
