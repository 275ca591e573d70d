/* SPDX-License-Identifier: MIT */
/* A user's program: two tasks, awaited together. */
#include <simul.h>
#include <stdio.h>

static int add(void *arg)
{
    int r = simul_sleep(0.001);
    if (r < 0)
        return r;
    *(int *)arg += 1;
    return 0;
}

static int entry(void *arg)
{
    simul_task *tasks[2];
    for (int i = 0; i < 2; i++)
        tasks[i] = simul_create_task(add, arg);
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    return r;
}

int main(void)
{
    int sum = 40;
    int r = simul_run(entry, &sum);
    printf("%d\n", sum);
    return simul_exit(r);
}
