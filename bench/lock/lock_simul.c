/* SPDX-License-Identifier: MIT */
/* simul_lock. */
#include <simul.h>

static simul_lock lock;

static inline void acquire(void)
{
    simul_lock_acquire(&lock);
}

static inline void release(void)
{
    simul_lock_release(&lock);
}

#include "lock.h"

static int holder(void *self)
{
    hold((long)self);
    return 0;
}

static void round_of(void)
{
    acquire();
    simul_task *tasks[] = {simul_create_task(holder, (void *)0),
                           simul_create_task(holder, (void *)1)};
    simul_sleep(0);
    release();
    if (simul_gather(tasks, 2, 0) < 0)
        bench_fail("simul_gather");
    simul_release_all(tasks, 2);
}

static int entry(void *arg)
{
    lock_measure(*(struct bench *)arg, round_of);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
