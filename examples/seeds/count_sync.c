/* SPDX-License-Identifier: MIT */
/*
 * The blocking version of count.c: three seconds. sleep() stands for any call that blocks
 * the thread; in a task it would stop all others as well (starved.c).
 *
 * Python: document 003, "Synchronous Version".
 */
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

static double start;

static void count(void)
{
    printf("One - elapsed(%.2f)\n", simul_time() - start);
    sleep(1);
    printf("Two - elapsed(%.2f)\n", simul_time() - start);
}

int main(void)
{
    start = simul_time();
    for (int i = 0; i < 3; i++)
        count();
    printf("executed in %.2f seconds.\n", simul_time() - start);
    return 0;
}
