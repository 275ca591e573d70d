/* SPDX-License-Identifier: MIT */
/*
 * Many tasks that all sleep, in C.
 *
 * The includer defines  handle_t, create(), let_run() - give way until the new ones have
 * begun - and stop(handles, n) - wake all and wait for them; its task calls
 * sleeper_begins() and then sleeps. sleepers_measure() takes the time from the first
 * create until the last task has begun, cold and once more after all have ended, and what
 * the process holds resident for them while they sleep the first time.
 */
#ifndef SLEEPERS_H
#define SLEEPERS_H

#include "support/bench.h"

static long asleep_;

static inline void sleeper_begins(void)
{
    asleep_++;
}

static handle_t create(void);
static void let_run(void);
static void stop(handle_t *handles, long n);

static double sleepers_start(handle_t *handles, long n)
{
    asleep_ = 0;
    double start = bench_cpu();
    for (long i = 0; i < n; i++)
        handles[i] = create();
    while (asleep_ < n)
        let_run();
    return bench_cpu() - start;
}

static void sleepers_measure(struct bench bench)
{
    double n = (double)bench.n;
    handle_t *handles = bench_array(bench.n, sizeof *handles);
    double before = bench_resident();
    double cold = sleepers_start(handles, bench.n);
    bench_print_one("sleepers.bytes", "B", bench.n, (bench_resident() - before) / n);
    bench_print_one("sleepers.cold", "ns", bench.n, cold * 1e9 / n);
    stop(handles, bench.n);
    double warm[BENCH_REPETITIONS_MAX];
    for (int i = 0; i < bench.repetitions; i++) {
        warm[i] = sleepers_start(handles, bench.n) * 1e9 / n;
        stop(handles, bench.n);
    }
    bench_print("sleepers.warm", "ns", bench.n, bench.repetitions, warm);
    free(handles);
}

#endif
