/* SPDX-License-Identifier: MIT */
/*
 * A queue: what is put in comes out; who gets before anything is there waits for it.
 *
 * Python: document 003, "Main Concepts", Queues.
 */
#include <simul.h>
#include <stdio.h>

static int get(void *arg)
{
    simul_queue *queue = arg;
    void *item;
    int r = simul_queue_get(queue, &item);
    if (r == 0)
        printf("got %s\n", (char *)item);
    return r;
}

static int put(simul_queue *queue)
{
    int r = simul_sleep(1);
    if (r == 0)
        r = simul_queue_put(queue, "another item");
    return r;
}

/* What waits at the queue ends before the queue is given back: a group sees to that. */
static int use(simul_queue *queue)
{
    simul_group group;
    int r = simul_queue_put(queue, "item");
    if (r == 0)
        r = get(queue);
    if (r < 0)
        return r;
    double start = simul_time();
    simul_group_enter(&group);
    simul_group_create_task(&group, get, queue);
    r = simul_group_exit(&group, put(queue));
    if (r == 0)
        printf("the second took %.2f seconds\n", simul_time() - start);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_queue *queue = simul_queue_new(0, NULL);
    int r = use(queue);
    simul_queue_release(queue);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
