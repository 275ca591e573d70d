/* SPDX-License-Identifier: MIT */
/*
 * A call that is made in another thread, which sleeps until it comes, and awaited: there and
 * back. Before including, define
 *
 *     static inline void call(void);    a round trip of an empty function
 */
#ifndef THREADS_H
#define THREADS_H

#include "support/bench.h"

enum { WARM_UP = 100 };

static inline void threads_measure(struct bench bench)
{
    double raw[BENCH_REPETITIONS_MAX];
    for (int i = 0; i < WARM_UP; i++)
        call();
    for (int r = 0; r < bench.repetitions; r++) {
        double start = bench_cpu();
        for (long i = 0; i < bench.n; i++)
            call();
        raw[r] = (bench_cpu() - start) * 1e9 / (double)bench.n;
    }
    bench_print("threads.call", "ns", bench.n, bench.repetitions, raw);
}

#endif
