/* SPDX-License-Identifier: MIT */
/*
 * Creating tasks that return at once and waiting for them, in C.
 *
 * The includer defines  handle_t, create() and join(handle_t), and calls
 * spawn_measure() where tasks can be made. Shape "await": one is created and awaited,
 * n times over. Shape "batch": n are created, then all are awaited in that order; for the
 * first time in this process, and again.
 */
#ifndef SPAWN_H
#define SPAWN_H

#include "support/bench.h"

static double spawn_await(long n)
{
    double start = bench_cpu();
    for (long i = 0; i < n; i++)
        join(create());
    return bench_cpu() - start;
}

static double spawn_batch(long n)
{
    handle_t *handles = bench_array(n, sizeof *handles);
    double start = bench_cpu();
    for (long i = 0; i < n; i++)
        handles[i] = create();
    for (long i = 0; i < n; i++)
        join(handles[i]);
    double took = bench_cpu() - start;
    free(handles);
    return took;
}

static void spawn_measure(struct bench bench)
{
    double raw[BENCH_REPETITIONS_MAX], n = (double)bench.n;
    int batch = strcmp(bench.shape, "batch") == 0;
    if (batch)
        bench_print_one("spawn.batch", "ns", bench.n, spawn_batch(bench.n) * 1e9 / n);
    for (int i = 0; i < bench.repetitions; i++)
        raw[i] = (batch ? spawn_batch : spawn_await)(bench.n) * 1e9 / n;
    bench_print(batch ? "spawn.again" : "spawn.await", "ns", bench.n, bench.repetitions,
                raw);
}

#endif
