/* SPDX-License-Identifier: MIT */
/* simul_queue_put() and simul_queue_get(). */
#include <simul.h>

static simul_queue *queue;

static inline void put(void *item)
{
    simul_queue_put(queue, item);
}

static inline void *get(void)
{
    void *item = NULL;
    simul_queue_get(queue, &item);
    return item;
}

#include "queue.h"

static int producer(void *arg)
{
    (void)arg;
    produce();
    return 0;
}

static int consumer(void *arg)
{
    (void)arg;
    consume();
    return 0;
}

static void round_of(void)
{
    queue = simul_queue_new((size_t)run_.size, NULL);
    simul_task *tasks[] = {simul_create_task(producer, NULL),
                           simul_create_task(consumer, NULL)};
    if (simul_gather(tasks, 2, 0) < 0)
        bench_fail("simul_gather");
    simul_release_all(tasks, 2);
    simul_queue_release(queue);
}

static int entry(void *arg)
{
    queue_measure(*(struct bench *)arg, round_of);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    return simul_exit(simul_run(entry, &bench));
}
