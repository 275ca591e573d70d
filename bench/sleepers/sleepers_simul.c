/* SPDX-License-Identifier: MIT */
/* Tasks in simul_sleep(), ended by simul_cancel(). */
#include <simul.h>

typedef simul_task *handle_t;

#include "sleepers.h"

static int sleeper(void *arg)
{
    (void)arg;
    sleeper_begins();
    return simul_sleep(3600);
}

static handle_t create(void)
{
    simul_task *task = simul_create_task(sleeper, NULL);
    if (!task)
        bench_fail("simul_create_task");
    return task;
}

static void let_run(void)
{
    if (simul_sleep(0) < 0)
        bench_fail("simul_sleep");
}

static void stop(handle_t *tasks, long n)
{
    for (long i = 0; i < n; i++)
        simul_cancel(tasks[i]);
    if (simul_gather(tasks, (size_t)n, SIMUL_RETURN_EXCEPTIONS) < 0)
        bench_fail("simul_gather");
    simul_release_all(tasks, (size_t)n);
}

static int entry(void *arg)
{
    sleepers_measure(*(struct bench *)arg);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
