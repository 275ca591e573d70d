/* SPDX-License-Identifier: MIT */
/* simul_to_thread(). */
#include <simul.h>

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static inline void call(void)
{
    simul_to_thread(nothing, NULL);
}

#include "threads.h"

static int entry(void *arg)
{
    threads_measure(*(struct bench *)arg);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
