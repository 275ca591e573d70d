/* SPDX-License-Identifier: MIT */
/* Three counts at once: takes one second, not three. (asyncio: "count", with gather) */
#include <simul.h>
#include <stdio.h>

static int count(void *arg)
{
    (void)arg;
    puts("One");
    int r = simul_sleep(1.0);
    if (r < 0)
        return r;
    puts("Two");
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
    return simul_exit(simul_run(entry, NULL));
}
