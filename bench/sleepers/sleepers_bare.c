/* SPDX-License-Identifier: MIT */
/*
 * What the kernel takes for a million stacks and nothing else: a bare loop that guards
 * and touches the same pages that a library with stacks has to.
 *
 * Address space is reserved in slabs without huge pages; the lowest page of each stack of
 * 64 KiB becomes a guard, BATCH of them with one call; then the highest page of each is
 * written to. No control blocks, no switches. "Warm": the pages are written to again.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "support/bench.h"

#define STACK_SIZE ((size_t)64 << 10)
#define PAGE       ((size_t)4096)
#define SLAB       1024 /* stacks */
#define BATCH      128  /* guards */

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

static const char *how = "process_madvise";
static int self_fd = -1;

static char *reserve(void)
{
    char *slab = mmap(NULL, SLAB * STACK_SIZE, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab == MAP_FAILED)
        bench_fail("mmap");
    madvise(slab, SLAB * STACK_SIZE, MADV_NOHUGEPAGE);
    return slab;
}

/* Older kernels have the guards but not the batch, or neither. */
static void guard_one(char *page)
{
    if (madvise(page, PAGE, MADV_GUARD_INSTALL) == 0) {
        how = "madvise";
    } else {
        how = "mprotect";
        if (mprotect(page, PAGE, PROT_NONE) < 0)
            bench_fail("mprotect");
    }
}

static void guard(char *first, int n)
{
    struct iovec pages[BATCH];
    for (int i = 0; i < n; i++)
        pages[i] = (struct iovec){first + (size_t)i * STACK_SIZE, PAGE};
    if (self_fd >= 0
        && syscall(SYS_process_madvise, self_fd, pages, n, MADV_GUARD_INSTALL, 0)
               == n * (long)PAGE)
        return;
    for (int i = 0; i < n; i++)
        guard_one(pages[i].iov_base);
}

static inline void touch(char *stack)
{
    *(volatile long *)(stack + STACK_SIZE - sizeof(long)) = 1;
}

static double cold(char **slabs, long n)
{
    double start = bench_cpu();
    for (long i = 0; i < n; i++) {
        if (i % SLAB == 0)
            slabs[i / SLAB] = reserve();
        char *stack = slabs[i / SLAB] + (size_t)(i % SLAB) * STACK_SIZE;
        if (i % BATCH == 0)
            guard(stack, BATCH);
        touch(stack);
    }
    return (bench_cpu() - start) * 1e9 / (double)n;
}

static double warm(char **slabs, long n)
{
    double start = bench_cpu();
    for (long i = 0; i < n; i++)
        touch(slabs[i / SLAB] + (size_t)(i % SLAB) * STACK_SIZE);
    return (bench_cpu() - start) * 1e9 / (double)n;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    char **slabs = bench_array(bench.n / SLAB + 1, sizeof *slabs);
    double raw[BENCH_REPETITIONS_MAX];
    self_fd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    double before = bench_resident();
    double cold_ns = cold(slabs, bench.n);
    double bytes = (bench_resident() - before) / (double)bench.n;
    bench_print_one("sleepers.bytes", "B", bench.n, bytes);
    bench_print_one("sleepers.cold", "ns", bench.n, cold_ns);
    for (int i = 0; i < bench.repetitions; i++)
        raw[i] = warm(slabs, bench.n);
    bench_print("sleepers.warm", "ns", bench.n, bench.repetitions, raw);
    fprintf(stderr, "guards by %s\n", how);
    return 0;
}
