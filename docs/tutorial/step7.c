/* SPDX-License-Identifier: MIT */
/*
 * A queue between those who have work and those who do it, and a lock around what only one may
 * touch at a time. (asyncio: Queue, Lock)
 */
#include <simul.h>
#include <stdio.h>

enum { JOBS = 6 };

static simul_queue *jobs;
static simul_lock lock; /* zeroed is ready */
static int total;

/* Awaits in the middle, so that without the lock others would come in between. */
static int add(int n)
{
    int r = simul_lock_acquire(&lock);
    if (r < 0)
        return r;
    int before = total;
    r = simul_sleep(0.001);
    total = before + n;
    simul_lock_release(&lock);
    return r;
}

static int worker(void *arg)
{
    void *item;
    int r;
    (void)arg;
    while ((r = simul_queue_get(jobs, &item)) == 0) {
        r = add(*(int *)item);
        simul_queue_task_done(jobs);
        if (r < 0)
            return r;
    }
    return r == -SIMUL_ESHUTDOWN ? 0 : r; /* nothing comes any more */
}

static int hand_out(void *arg)
{
    int *numbers = arg, r = 0;
    for (int i = 0; i < JOBS && r == 0; i++)
        r = simul_queue_put(jobs, &numbers[i]); /* waits while there are two */
    if (r == 0)
        r = simul_queue_join(jobs); /* until all are done */
    printf("the sum is %d\n", total);
    simul_queue_shutdown(jobs, false);
    return r;
}

static int entry(void *arg)
{
    int numbers[JOBS] = {1, 2, 3, 4, 5, 6};
    (void)arg;
    jobs = simul_queue_new(2, NULL);
    simul_group group;
    simul_group_enter(&group);
    for (int i = 0; i < 3; i++)
        simul_group_create_task(&group, worker, NULL);
    simul_group_create_task(&group, hand_out, numbers);
    int r = simul_group_exit(&group, 0);
    simul_queue_release(jobs);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
