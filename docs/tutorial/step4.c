/* SPDX-License-Identifier: MIT */
/*
 * A group with a deadline: three jobs at once, and what is not ready after a while is
 * cancelled. Nothing outlives the group. (asyncio: TaskGroup in timeout())
 */
#include <simul.h>
#include <stdio.h>

struct job {
    const char *name;
    double seconds;
};

static int work(void *arg)
{
    const struct job *job = arg;
    int r = simul_sleep(job->seconds);
    printf("%s: %s\n", job->name, r == 0 ? "done" : simul_strerror(r));
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    struct job jobs[] = {{"quick", 0.01}, {"slower", 0.05}, {"too slow", 3600}};
    simul_timeout deadline;
    simul_group group;
    simul_timeout_enter(&deadline, 0.2);
    simul_group_enter(&group);
    for (int i = 0; i < 3; i++)
        simul_group_create_task(&group, work, &jobs[i]);
    int r = simul_group_exit(&group, 0); /* awaits all */
    r = (int)simul_timeout_exit(&deadline, r);
    if (r == -ETIMEDOUT)
        puts("time is over");
    return r == -ETIMEDOUT ? 0 : r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
