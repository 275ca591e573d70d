/* SPDX-License-Identifier: MIT */
/* Yielding with simul: simul_sleep(0). */
#include <simul.h>

static inline void pass(long self)
{
    (void)self;
    simul_sleep(0);
}

#include "yield.h"

static int same(void *arg)
{
    yield_same((long)arg);
    return 0;
}

static int deep_a(void *arg)
{
    yield_deep_a((long)arg);
    return 0;
}

static int deep_b(void *arg)
{
    yield_deep_b((long)arg);
    return 0;
}

static void round_of(int deep)
{
    simul_task **tasks = bench_array(tasks_, sizeof *tasks);
    for (long i = 0; i < tasks_; i++)
        tasks[i] = simul_create_task(!deep ? same : i % 2 ? deep_b : deep_a, (void *)i);
    if (simul_gather(tasks, (size_t)tasks_, 0) < 0)
        bench_fail("simul_gather");
    simul_release_all(tasks, (size_t)tasks_);
    free(tasks);
}

static int entry(void *arg)
{
    yield_measure(*(struct bench *)arg, round_of);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
