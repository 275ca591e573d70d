/* SPDX-License-Identifier: MIT */
/* simul_gen_next() and simul_agen_next(). */
#include <simul.h>

#include "gen.h"

static bool is_async;
static simul_gen *gen;

static int count_on(simul_gen *self, void *arg)
{
    (void)arg;
    int r = 0;
    for (long i = 1; r == 0; i++)
        r = simul_yield(self, &i, NULL);
    return r;
}

GEN_INLINE long next(void)
{
    void *value;
    int r = is_async ? simul_agen_next(gen, &value) : simul_gen_next(gen, &value);
    if (r != 1)
        bench_fail("taking a value");
    return *(long *)value;
}

static void plain(void)
{
    gen = simul_gen_new(count_on, NULL);
    gen_consume();
    simul_gen_release(gen);
}

static void asynchronous(void)
{
    gen = simul_agen_new(count_on, NULL);
    gen_consume();
    simul_agen_close(gen);
    simul_agen_release(gen);
}

static int entry(void *arg)
{
    gen_measure(*(struct bench *)arg, asynchronous);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    is_async = strcmp(bench.shape, "async") == 0;
    if (is_async)
        return simul_exit(simul_run(entry, &bench));
    gen_measure(bench, plain);
    return 0;
}
