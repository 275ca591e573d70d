/* SPDX-License-Identifier: MIT */
/*
 * Threads in pth_sleep(), ended by pth_cancel(). The scheduler walks all waiting threads
 * each time it looks for events, so that the cost of one grows with their number; the
 * runner gives it fewer.
 */
#include <pth.h>

typedef pth_t handle_t;

#include "sleepers.h"

static void *sleeper(void *arg)
{
    (void)arg;
    sleeper_begins();
    pth_sleep(3600);
    return NULL;
}

static handle_t create(void)
{
    pth_t thread = pth_spawn(PTH_ATTR_DEFAULT, sleeper, NULL);
    if (!thread)
        bench_fail("pth_spawn");
    return thread;
}

static void let_run(void)
{
    pth_yield(NULL);
}

static void stop(handle_t *threads, long n)
{
    for (long i = 0; i < n; i++)
        pth_abort(threads[i]);
    for (long i = 0; i < n; i++)
        pth_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    if (!pth_init())
        bench_fail("pth_init");
    sleepers_measure(bench_args(argc, argv));
    return 0;
}
