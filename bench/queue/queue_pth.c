/* SPDX-License-Identifier: MIT */
/* Pth has no queue of a size: a ring with a mutex and two condition variables. */
#include <pth.h>

static struct {
    void **slots;
    long size, head, count;
    pth_mutex_t mutex;
    pth_cond_t some, room;
} ring;

static inline void put(void *item)
{
    pth_mutex_acquire(&ring.mutex, FALSE, NULL);
    while (ring.count == ring.size)
        pth_cond_await(&ring.room, &ring.mutex, NULL);
    ring.slots[(ring.head + ring.count) & (ring.size - 1)] = item;
    if (ring.count++ == 0)
        pth_cond_notify(&ring.some, FALSE);
    pth_mutex_release(&ring.mutex);
}

static inline void *get(void)
{
    pth_mutex_acquire(&ring.mutex, FALSE, NULL);
    while (ring.count == 0)
        pth_cond_await(&ring.some, &ring.mutex, NULL);
    void *item = ring.slots[ring.head++ & (ring.size - 1)];
    if (ring.count-- == ring.size)
        pth_cond_notify(&ring.room, FALSE);
    pth_mutex_release(&ring.mutex);
    return item;
}

#include "queue.h"

static void *producer(void *arg)
{
    produce();
    return arg;
}

static void *consumer(void *arg)
{
    consume();
    return arg;
}

static void round_of(void)
{
    memset(&ring, 0, sizeof ring);
    ring.size = run_.size;
    ring.slots = bench_array(ring.size, sizeof *ring.slots);
    pth_mutex_init(&ring.mutex);
    pth_cond_init(&ring.some);
    pth_cond_init(&ring.room);
    pth_t threads[] = {pth_spawn(PTH_ATTR_DEFAULT, producer, NULL),
                       pth_spawn(PTH_ATTR_DEFAULT, consumer, NULL)};
    for (int i = 0; i < 2; i++)
        if (!threads[i] || !pth_join(threads[i], NULL))
            bench_fail("pth_spawn");
    free(ring.slots);
}

int main(int argc, char **argv)
{
    if (!pth_init())
        bench_fail("pth_init");
    queue_measure(bench_args(argc, argv), round_of);
    return 0;
}
