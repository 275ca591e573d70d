/* SPDX-License-Identifier: MIT */
/* State Threads has no queue: a ring with two condition variables, which need no mutex since
 * threads are only switched where they wait; signalled only when somebody may wait. */
#include <st.h>
#include <stddef.h>

static struct {
    void **slots;
    long size, head, count;
    st_cond_t some, room;
} ring;

static inline void put(void *item)
{
    while (ring.count == ring.size)
        st_cond_wait(ring.room);
    ring.slots[(ring.head + ring.count) & (ring.size - 1)] = item;
    if (ring.count++ == 0)
        st_cond_signal(ring.some);
}

static inline void *get(void)
{
    while (ring.count == 0)
        st_cond_wait(ring.some);
    void *item = ring.slots[ring.head++ & (ring.size - 1)];
    if (ring.count-- == ring.size)
        st_cond_signal(ring.room);
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
    ring.some = st_cond_new();
    ring.room = st_cond_new();
    st_thread_t threads[] = {st_thread_create(producer, NULL, 1, 0),
                             st_thread_create(consumer, NULL, 1, 0)};
    for (int i = 0; i < 2; i++)
        if (!threads[i] || st_thread_join(threads[i], NULL) < 0)
            bench_fail("st_thread_create");
    st_cond_destroy(ring.some);
    st_cond_destroy(ring.room);
    free(ring.slots);
}

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    queue_measure(bench_args(argc, argv), round_of);
    return 0;
}
