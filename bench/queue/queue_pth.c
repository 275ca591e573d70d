/* SPDX-License-Identifier: MIT */
/* Pth has no queue of a size: a ring with a mutex and two condition variables. */
#include <pth.h>

#include "ring.h"

static pth_mutex_t mutex;
static pth_cond_t some, room;

static inline void put(void *item)
{
    pth_mutex_acquire(&mutex, FALSE, NULL);
    while (ring_full())
        pth_cond_await(&room, &mutex, NULL);
    if (ring_put(item))
        pth_cond_notify(&some, FALSE);
    pth_mutex_release(&mutex);
}

static inline void *get(void)
{
    bool was_full;
    pth_mutex_acquire(&mutex, FALSE, NULL);
    while (ring.count == 0)
        pth_cond_await(&some, &mutex, NULL);
    void *item = ring_get(&was_full);
    if (was_full)
        pth_cond_notify(&room, FALSE);
    pth_mutex_release(&mutex);
    return item;
}

static void round_of(void)
{
    ring_make();
    pth_mutex_init(&mutex);
    pth_cond_init(&some);
    pth_cond_init(&room);
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
