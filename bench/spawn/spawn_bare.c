/* SPDX-License-Identifier: MIT */
/*
 * What the memory of a million tasks takes and nothing else: a bare loop that writes to two
 * cache lines of as many blocks as a library with control blocks of 192 bytes has to (simul's
 * are), in slabs of 16 MiB from malloc(), and then goes through them again in that order. No
 * task is made.
 */
#include "support/bench.h"

#define BLOCK 192
#define SLAB  ((size_t)16 << 20)
#define EACH  (long)(SLAB / BLOCK) /* blocks in a slab */

static char *block(char **slabs, long i)
{
    return slabs[i / EACH] + (size_t)(i % EACH) * BLOCK;
}

/* The slabs stay, as a library keeps its blocks. */
static double batch(char **slabs, long n)
{
    double start = bench_cpu();
    for (long i = 0; i < n; i++) {
        if (i % EACH == 0 && !slabs[i / EACH] && !(slabs[i / EACH] = malloc(SLAB)))
            bench_fail("malloc");
        *(volatile long *)block(slabs, i) = i;
        *(volatile long *)(block(slabs, i) + 64) = i;
    }
    for (long i = 0; i < n; i++) {
        *(volatile long *)block(slabs, i) += 1;
        *(volatile long *)(block(slabs, i) + 64) += 1;
    }
    return (bench_cpu() - start) * 1e9 / (double)n;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    char **slabs = calloc((size_t)(bench.n / EACH + 1), sizeof *slabs);
    double raw[BENCH_REPETITIONS_MAX];
    if (!slabs)
        bench_fail("calloc");
    bench_print_one("spawn.batch", "ns", bench.n, batch(slabs, bench.n));
    for (int i = 0; i < bench.repetitions; i++)
        raw[i] = batch(slabs, bench.n);
    bench_print("spawn.again", "ns", bench.n, bench.repetitions, raw);
    return 0;
}
