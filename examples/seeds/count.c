/* SPDX-License-Identifier: MIT */
/*
 * Three counts at once: one second, not three. count_sync.c is the blocking version.
 *
 * Python: document 003, "The asyncio Package and async/await", "Coroutine Example".
 */
#include <simul.h>
#include <stdio.h>

static double start;

static int count(void *arg)
{
    (void)arg;
    printf("One - elapsed(%.2f)\n", simul_time() - start);
    int r = simul_sleep(1);
    if (r < 0)
        return r;
    printf("Two - elapsed(%.2f)\n", simul_time() - start);
    return 0;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *counts[3];
    for (int i = 0; i < 3; i++)
        counts[i] = simul_create_task(count, NULL);
    int r = simul_gather(counts, 3, 0);
    simul_release_all(counts, 3);
    return r;
}

int main(void)
{
    start = simul_time();
    int r = simul_run(entry, NULL);
    if (r == 0)
        printf("executed in %.2f seconds.\n", simul_time() - start);
    return simul_exit(r);
}
