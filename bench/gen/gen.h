/* SPDX-License-Identifier: MIT */
/*
 * Values of a generator, one by one; the consumer adds them up.
 *
 *     next    a generator, without a loop
 *     async   an asynchronous one, in a task; it does not wait between its values
 *
 * The includer defines  GEN_INLINE long next(void), the next value, of what it has prepared
 * in round(), which calls gen_consume(). Inline, as one writes a loop over values: no return
 * of the program's own is between them.
 */
#ifndef GEN_H
#define GEN_H

#include "support/bench.h"

enum { GEN_WARM_UP = 1000 };

static struct {
    long n;
    double start, end;
} run_;

#define GEN_INLINE static inline __attribute__((always_inline))

GEN_INLINE long next(void);

/** The generator counts from 1. */
static inline void gen_consume(void)
{
    long sum = 0;
    for (long i = 0; i < GEN_WARM_UP; i++)
        sum += next();
    run_.start = bench_cpu();
    for (long i = 0; i < run_.n; i++)
        sum += next();
    run_.end = bench_cpu();
    long all = GEN_WARM_UP + run_.n;
    if (sum != all * (all + 1) / 2)
        bench_fail("taking each value once");
}

static void gen_measure(struct bench bench, void (*round)(void))
{
    double raw[BENCH_REPETITIONS_MAX];
    char name[32];
    for (int i = 0; i < bench.repetitions; i++) {
        run_.n = bench.n;
        round();
        raw[i] = (run_.end - run_.start) * 1e9 / (double)bench.n;
    }
    snprintf(name, sizeof name, "gen.%s", bench.shape);
    bench_print(name, "ns", bench.n, bench.repetitions, raw);
}

#endif
