/* SPDX-License-Identifier: MIT */
/* The clock: CLOCK_MONOTONIC, or one that jumps. */
#include <time.h>

#include "loop/loop.h"

double sm_clock_monotonic(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

double simul_loop_time(const simul_loop *loop)
{
    if (!loop)
        loop = sm_running;
    return loop && loop->virtual_clock ? loop->virtual_now : sm_clock_monotonic();
}

double simul_time(void)
{
    return simul_loop_time(NULL);
}
