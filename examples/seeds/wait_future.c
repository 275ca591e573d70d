/* SPDX-License-Identifier: MIT */
/*
 * asyncio.wait([future]): nobody ever makes this one done, so waiting for it alone would be
 * a deadlock (which simul finds, and reports). With a time limit wait() returns when that is
 * over, without harm to the future.
 *
 * Python: document 003, "Main Concepts", Futures.
 */
#include <simul.h>
#include <stdio.h>

static int entry(void *arg)
{
    (void)arg;
    simul_future *future = simul_create_future();
    int n = simul_wait(&future, 1, 1.0, SIMUL_ALL_COMPLETED);
    if (n >= 0)
        printf("done: %d, pending: %d\n", n, 1 - n);
    if (n >= 0)
        n = simul_set_result(future, 0);
    if (n >= 0)
        n = simul_wait(&future, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    if (n >= 0)
        printf("done: %d, pending: %d\n", n, 1 - n);
    simul_release(future);
    return n < 0 ? n : 0;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
