/* SPDX-License-Identifier: MIT */
/*
 * Items through a bounded queue, from one task to another, for the libraries in C.
 *
 * The includer defines  static inline void put(void *item)  and  static inline void
 * *get(void)  before it includes this file, and gets the bodies of two tasks, produce() and
 * consume(). The clock starts when as many items as fit in have gone through, a few times,
 * and stops with the last one; the numbers are added up, so that none is lost unseen.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "support/bench.h"

static struct {
    long size, warm, n; /* places; items before the clock starts; items */
    double start, end;
    long sum;
} run_;

static inline void produce(void)
{
    for (long i = 0; i < run_.warm; i++)
        put((void *)0);
    run_.start = bench_cpu();
    for (long i = 1; i <= run_.n; i++)
        put((void *)i);
}

static inline void consume(void)
{
    long sum = 0;
    for (long i = 0; i < run_.warm + run_.n; i++)
        sum += (long)get();
    run_.end = bench_cpu();
    run_.sum = sum;
}

/** Measure: round() makes a queue of run_.size places, runs both tasks, waits for them. */
static void queue_measure(struct bench bench, void (*round)(void))
{
    double raw[BENCH_REPETITIONS_MAX];
    char name[64];
    for (int i = 0; i < bench.repetitions; i++) {
        memset(&run_, 0, sizeof run_);
        run_.size = atol(bench.shape);
        run_.warm = 4 * run_.size + 16;
        run_.n = bench.n;
        round();
        if (run_.sum != run_.n * (run_.n + 1) / 2)
            bench_fail("passing each item once");
        raw[i] = (run_.end - run_.start) * 1e9 / (double)run_.n;
    }
    snprintf(name, sizeof name, "queue.%s", bench.shape);
    bench_print(name, "ns", bench.n, bench.repetitions, raw);
}

#endif
