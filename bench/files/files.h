/* SPDX-License-Identifier: MIT */
/*
 * Reads of 4 KiB from a file that is in memory (the page cache), SHAPE of them at once,
 * without blocking whoever else there is. Before including, define
 *
 *     static void read_all(int fd, long n, long at_once);    n reads, until the last has ended
 *
 * in which the i-th reads a page into memory of its own with page_of(i).
 */
#ifndef FILES_H
#define FILES_H

#include <sys/types.h>

#include "support/bench.h"

enum { PAGE = 4096, PAGES = 256, AT_ONCE_MAX = 64, WARM_UP = 1000 };

static char pages[AT_ONCE_MAX][PAGE];

/* Where the i-th read begins. */
static inline off_t page_of(long i)
{
    return (off_t)(i % PAGES) * PAGE;
}

/* On a disk, if there is one; gone with the descriptor. */
static inline int files_make(void)
{
    char path[] = "/var/tmp/simul-bench-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0)
        bench_fail("making a file in /var/tmp");
    unlink(path);
    for (int i = 0; i < PAGES; i++)
        if (pwrite(fd, pages[0], PAGE, page_of(i)) != PAGE)
            bench_fail("writing the file");
    return fd;
}

static void read_all(int fd, long n, long at_once);

static inline void files_measure(struct bench bench)
{
    double raw[BENCH_REPETITIONS_MAX];
    char name[32];
    long at_once = atol(bench.shape);
    if (at_once < 1 || at_once > AT_ONCE_MAX)
        bench_fail("reading how many at once");
    int fd = files_make();
    read_all(fd, WARM_UP, at_once);
    for (int r = 0; r < bench.repetitions; r++) {
        double start = bench_cpu();
        read_all(fd, bench.n, at_once);
        raw[r] = (bench_cpu() - start) * 1e9 / (double)bench.n;
    }
    close(fd);
    snprintf(name, sizeof name, "files.%ld", at_once);
    bench_print(name, "ns", bench.n, bench.repetitions, raw);
}

#endif
