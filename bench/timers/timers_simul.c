/* SPDX-License-Identifier: MIT */
/*
 * Timers with simul. Shape "callbacks": simul_call_later(); "tasks": tasks in
 * simul_sleep().
 */
#include <simul.h>

#include "timers.h"

static int sleeper(void *arg)
{
    double length;
    memcpy(&length, &arg, sizeof length);
    simul_sleep(length);
    left_--;
    return 0;
}

static void all_tasks(long n)
{
    simul_task **tasks = bench_array(n, sizeof *tasks);
    for (long i = 0; i < n; i++) {
        double length = next_length();
        void *arg;
        memcpy(&arg, &length, sizeof arg);
        tasks[i] = simul_create_task(sleeper, arg);
    }
    simul_gather(tasks, (size_t)n, 0);
    simul_release_all(tasks, (size_t)n);
    free(tasks);
}

static simul_future *fired_all;

static void fired(void *arg)
{
    (void)arg;
    if (--left_ == 0)
        simul_set_result(fired_all, 0);
}

static void all_callbacks(long n)
{
    simul_loop *loop = simul_get_running_loop();
    fired_all = simul_create_future();
    for (long i = 0; i < n; i++)
        if (simul_call_later(loop, next_length(), fired, NULL, NULL) < 0)
            bench_fail("simul_call_later");
    simul_await(fired_all);
    simul_release(fired_all);
}

static int callbacks;

static void all(long n)
{
    if (callbacks)
        all_callbacks(n);
    else
        all_tasks(n);
}

static int entry(void *arg)
{
    const struct bench *bench = arg;
    callbacks = strcmp(bench->shape, "callbacks") == 0;
    timers_measure(*bench);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
