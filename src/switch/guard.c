/* SPDX-License-Identifier: MIT */
/*
 * Guard pages, by the best means the kernel has.
 *
 * MADV_GUARD_INSTALL marks a page in the page table: no mapping is used, and a batch is
 * one system call. Before Linux 6.13 a guard is an mprotect, which splits the mapping:
 * two of the process's vm.max_map_count mappings each. Running out of those would make
 * unrelated calls of mmap fail, so a part is left alone.
 */
#include "switch/slab.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/valgrind.h"

#ifndef SYS_process_madvise
#define SYS_process_madvise 440
#endif
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

enum {
    GUARD_INSTALL = 102, /* MADV_GUARD_INSTALL, newer than the C library's headers */
    PIDFD_SELF = -10000, /* Linux 6.15 */
    BATCH_MAX = 128,
    MAPPINGS_LEFT_ALONE = 4096,
    MAX_MAP_COUNT_DEFAULT = 65530
};

static enum sm_guard forced;    /* tests: the best kind that is not refused */
static atomic_long budget = -1; /* guards by mprotect still allowed; -1: unread */
static atomic_bool pidfd_self_refused;   /* needs a descriptor of the process */
static atomic_bool batching_refused;     /* process_madvise does not do it */
static __thread const char *reason = ""; /* a static string */

void sm_stack_force(enum sm_guard best)
{
    forced = best;
    atomic_store(&batching_refused, false);
    atomic_store(&pidfd_self_refused, false);
}

void sm_stack_force_batch(enum sm_guard_batch best)
{
    atomic_store(&pidfd_self_refused, best > SM_BATCH_PIDFD_SELF);
    atomic_store(&batching_refused, best > SM_BATCH_PIDFD);
}

void sm_stack_set_budget(long guards)
{
    atomic_store(&budget, guards);
}

const char *sm_stack_reason(void)
{
    return reason;
}

int sm_stack_fail(const char *why)
{
    reason = why;
    return -ENOMEM;
}

/* ---- by madvise ---------------------------------------------------------------------- */

/* Before Linux 6.15 the process itself, too, is named by a descriptor. */
static long advise_self(const struct iovec *pages, unsigned n)
{
    long r = -EBADF;
    if (!atomic_load(&pidfd_self_refused))
        r = sm_process_madvise(PIDFD_SELF, pages, n, GUARD_INSTALL, 0);
    if (r != -EBADF)
        return r;
    atomic_store(&pidfd_self_refused, true);
    int self = (int)sm_pidfd_open(getpid(), 0);
    if (self < 0)
        return self;
    r = sm_process_madvise(self, pages, n, GUARD_INSTALL, 0);
    sm_close(self);
    return r;
}

/* Guard a batch in one call; the number of pages done, which may be 0. */
static unsigned advise_batch(char *first, size_t stride, unsigned n)
{
    struct iovec pages[BATCH_MAX];
    for (unsigned i = 0; i < n; i++)
        pages[i] = (struct iovec){first + i * stride, sm_page_size()};
    long r = advise_self(pages, n);
    if (r == -EINVAL || r == -EPERM || r == -ENOSYS)
        atomic_store(&batching_refused, true);
    return r < 0 ? 0 : (unsigned)((size_t)r / sm_page_size());
}

/* Emulators (qemu-user) take any advice as a hint and say yes. A guard that is one makes
 * the kernel say EFAULT of a path there; else it is the empty path. Valgrind would read
 * the path itself, and be hurt; it passes the advice on. */
static bool is_guarded(const char *page)
{
    return RUNNING_ON_VALGRIND || (access(page, F_OK) < 0 && errno == EFAULT);
}

/* The first guard of a pool is looked at. */
static unsigned trust(struct sm_stack_pool *pool, const char *first, unsigned done)
{
    if (done && pool->guard == SM_GUARD_NONE)
        pool->guard = is_guarded(first) ? SM_GUARD_MADVISE : SM_GUARD_MPROTECT;
    return pool->guard == SM_GUARD_MADVISE ? done : 0;
}

/* How many pages were guarded. A kernel that does not know the advice is not asked again. */
static unsigned by_madvise(struct sm_stack_pool *pool, char *first, size_t stride,
                           unsigned n)
{
    unsigned done = 0;
    if (pool->guard > SM_GUARD_MADVISE || forced > SM_GUARD_MADVISE)
        return 0;
    if (n > 1 && !atomic_load(&batching_refused) && !RUNNING_ON_VALGRIND)
        done = advise_batch(first, stride, n);
    for (; done < n; done++) {
        long r = sm_madvise(first + done * stride, sm_page_size(), GUARD_INSTALL);
        if (r == -EINVAL && done == 0)
            pool->guard = SM_GUARD_MPROTECT;
        if (r < 0)
            break;
    }
    return trust(pool, first, done);
}

/* ---- by mprotect --------------------------------------------------------------------- */

static long max_map_count(void)
{
    char text[24] = "";
    int fd = (int)sm_open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        if (sm_read(fd, text, sizeof text - 1) < 0)
            text[0] = '\0';
        sm_close(fd);
    }
    long count = strtol(text, NULL, 10);
    return count > 0 ? count : MAX_MAP_COUNT_DEFAULT;
}

/* A guard and the stack above it are a mapping each. An eighth, and some, stay free. */
static void read_budget(void)
{
    long unread = -1, count = max_map_count();
    long guards = (count - count / 8 - MAPPINGS_LEFT_ALONE) / 2;
    atomic_compare_exchange_strong(&budget, &unread, guards < 0 ? 0 : guards);
}

/* Take up to n guards from the budget. */
static unsigned take(unsigned n)
{
    if (atomic_load(&budget) < 0)
        read_budget();
    long left = atomic_load(&budget), want;
    do
        want = left < (long)n ? left : (long)n;
    while (!atomic_compare_exchange_weak(&budget, &left, left - want));
    return (unsigned)want;
}

void sm_guard_refund(unsigned n)
{
    if (n)
        atomic_fetch_add(&budget, (long)n);
}

static unsigned by_mprotect(char *first, size_t stride, unsigned n)
{
    unsigned done = 0;
    if (forced > SM_GUARD_MPROTECT)
        return 0;
    unsigned granted = take(n);
    while (done < granted
           && sm_mprotect(first + done * stride, sm_page_size(), PROT_NONE) == 0)
        done++;
    sm_guard_refund(granted - done);
    return done;
}

/* ---- choice -------------------------------------------------------------------------- */

int sm_guard_install(struct sm_stack_pool *pool, char *first, size_t stride, unsigned n,
                     enum sm_guard *kind)
{
    unsigned done = by_madvise(pool, first, stride, n > BATCH_MAX ? BATCH_MAX : n);
    *kind = SM_GUARD_MADVISE;
    if (!done) {
        done = by_mprotect(first, stride, n);
        *kind = SM_GUARD_MPROTECT;
    }
    if (!done && pool->accept_canaries) {
        done = n;
        *kind = SM_GUARD_CANARY;
    }
    if (!done)
        return sm_stack_fail(
            "the guards of the stacks have used up the memory mappings "
            "that vm.max_map_count allows: raise it, or accept stacks "
            "with canaries");
    return (int)done;
}
