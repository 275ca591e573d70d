/* SPDX-License-Identifier: MIT */
/* Yielding with GNU Pth: pth_yield(). */
#include <pth.h>

static inline void pass(long self)
{
    (void)self;
    pth_yield(NULL);
}

#include "yield.h"

static void *same(void *arg)
{
    yield_same((long)arg);
    return NULL;
}

static void *deep_a(void *arg)
{
    yield_deep_a((long)arg);
    return NULL;
}

static void *deep_b(void *arg)
{
    yield_deep_b((long)arg);
    return NULL;
}

static void round_of(int deep)
{
    pth_t *threads = bench_array(tasks_, sizeof *threads);
    for (long i = 0; i < tasks_; i++) {
        threads[i] = pth_spawn(PTH_ATTR_DEFAULT,
                               !deep   ? same
                               : i % 2 ? deep_b
                                       : deep_a,
                               (void *)i);
        if (!threads[i])
            bench_fail("pth_spawn");
    }
    for (long i = 0; i < tasks_; i++)
        pth_join(threads[i], NULL);
    free(threads);
}

int main(int argc, char **argv)
{
    if (!pth_init())
        bench_fail("pth_init");
    yield_measure(bench_args(argc, argv), round_of);
    return 0;
}
