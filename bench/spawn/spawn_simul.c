/* SPDX-License-Identifier: MIT */
/* simul_create_task(), simul_await(), simul_release(). */
#include <simul.h>

typedef simul_task *handle_t;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static inline handle_t create(void)
{
    return simul_create_task(nothing, NULL);
}

static inline void join(handle_t task)
{
    simul_await(task);
    simul_release(task);
}

#include "spawn.h"

static int entry(void *arg)
{
    spawn_measure(*(struct bench *)arg);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
