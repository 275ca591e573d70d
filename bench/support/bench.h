/* SPDX-License-Identifier: MIT */
/*
 * What every measuring program in C needs: its arguments, clocks, and the one format in
 * which results are printed.
 *
 * A program is called as  PROGRAM SHAPE N REPETITIONS  and prints one JSON object a line
 * for each thing that it measured:
 *
 *     {"name": "yield.same", "unit": "ns", "n": 4000000, "repetitions": 3,
 *      "value": 3.1, "raw": [3.4, 3.1, 3.0]}
 *
 * `raw` has each repetition in the order in which it was taken, `value` is their median.
 * The programs in other languages print the same.
 */
#ifndef BENCH_H
#define BENCH_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BENCH_REPETITIONS_MAX 100

struct bench {
    const char *shape;
    long n;          /* how many of what is measured */
    int repetitions; /* in this process */
};

static inline void bench_fail(const char *what)
{
    fprintf(stderr, "bench: %s failed\n", what);
    exit(1);
}

static inline struct bench bench_args(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: %s SHAPE N REPETITIONS\n", argv[0]);
        exit(2);
    }
    struct bench bench = {argv[1], atol(argv[2]), atoi(argv[3])};
    if (bench.n < 1 || bench.repetitions < 1
        || bench.repetitions > BENCH_REPETITIONS_MAX)
        bench_fail("reading the arguments");
    return bench;
}

/** Seconds on the monotonic clock. */
static inline double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/**
 * CPU seconds that this process has used, user and system, all threads: the clock of all
 * figures in which nobody waits. On an idle machine it shows what a clock on the wall
 * shows, on a busy one it leaves out what others have used meanwhile.
 */
static inline double bench_cpu(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec + (double)used.tv_nsec * 1e-9;
}

/** Resident bytes of this process. Allocates nothing, so that it measures not itself. */
static inline double bench_resident(void)
{
    char text[128] = "";
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        bench_fail("reading /proc/self/statm");
    close(fd);
    char *second = strchr(text, ' ');
    return second ? atof(second) * (double)sysconf(_SC_PAGESIZE) : 0;
}

/** The same random lengths in all languages: xorshift64*, 0 <= x < 1. */
static inline double bench_random(unsigned long long *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)(*state * 0x2545F4914F6CDD1DULL >> 11) * 0x1p-53;
}

#define BENCH_SEED 42

/** Memory for n things, touched, so that it is not counted as theirs. */
static inline void *bench_array(long n, size_t size)
{
    void *array = malloc((size_t)n * size);
    if (!array)
        bench_fail("malloc");
    memset(array, 0xff, (size_t)n * size);
    return array;
}

static inline int bench_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static inline void bench_print(const char *name, const char *unit, long n,
                               int repetitions, const double *raw)
{
    double sorted[BENCH_REPETITIONS_MAX];
    memcpy(sorted, raw, (size_t)repetitions * sizeof *raw);
    qsort(sorted, (size_t)repetitions, sizeof *sorted, bench_compare);
    double median = (sorted[(repetitions - 1) / 2] + sorted[repetitions / 2]) / 2;
    printf("{\"name\": \"%s\", \"unit\": \"%s\", \"n\": %ld, \"repetitions\": %d, "
           "\"value\": %.9g, \"raw\": [",
           name, unit, n, repetitions, median);
    for (int i = 0; i < repetitions; i++)
        printf("%s%.9g", i ? ", " : "", raw[i]);
    puts("]}");
    fflush(stdout);
}

/** One value, taken once in this process. */
static inline void bench_print_one(const char *name, const char *unit, long n,
                                   double value)
{
    bench_print(name, unit, n, 1, &value);
}

#endif
