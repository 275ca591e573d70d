/* SPDX-License-Identifier: MIT */
/*
 * A lock that two tasks take and give back, again and again, while the other waits for it: each
 * release hands it over. That they alternate is checked.
 *
 * The includer defines  static inline void acquire(void)  and  release(void)  before it
 * includes this file, and gets the body of its tasks, hold(self).
 */
#ifndef LOCK_H
#define LOCK_H

#include "support/bench.h"

enum { LOCK_WARM_UP = 16 };

static struct {
    long each;         /* times that one of the two takes it */
    long last, handed; /* who had it last; how often it was another */
    long begun, ended;
    double start, end;
} run_;

static inline void hold_once(long self)
{
    acquire();
    run_.handed += self != run_.last;
    run_.last = self;
    release();
}

static inline void hold(long self)
{
    for (int i = 0; i < LOCK_WARM_UP; i++)
        hold_once(self);
    if (run_.begun++ == 0)
        run_.start = bench_cpu();
    for (long i = 0; i < run_.each; i++)
        hold_once(self);
    if (++run_.ended == 2)
        run_.end = bench_cpu();
}

/** Measure: round() holds the lock until both tasks, hold(0) and hold(1), wait for it. */
static void lock_measure(struct bench bench, void (*round)(void))
{
    double raw[BENCH_REPETITIONS_MAX];
    for (int i = 0; i < bench.repetitions; i++) {
        memset(&run_, 0, sizeof run_);
        run_.each = bench.n / 2;
        run_.last = 1;
        round();
        if (run_.handed < 2 * run_.each)
            bench_fail("handing over each time");
        raw[i] = (run_.end - run_.start) * 1e9 / (double)(2 * run_.each);
    }
    bench_print("lock.handover", "ns", bench.n, bench.repetitions, raw);
}

#endif
