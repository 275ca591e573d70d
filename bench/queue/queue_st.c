/* SPDX-License-Identifier: MIT */
/* State Threads has no queue: a ring with two condition variables, which need no mutex since
 * threads are only switched where they wait; signalled only when somebody may wait. */
#include <st.h>

#include "ring.h"

static st_cond_t some, room;

static inline void put(void *item)
{
    while (ring_full())
        st_cond_wait(room);
    if (ring_put(item))
        st_cond_signal(some);
}

static inline void *get(void)
{
    bool was_full;
    while (ring.count == 0)
        st_cond_wait(some);
    void *item = ring_get(&was_full);
    if (was_full)
        st_cond_signal(room);
    return item;
}

static void round_of(void)
{
    ring_make();
    some = st_cond_new();
    room = st_cond_new();
    st_thread_t threads[] = {st_thread_create(producer, NULL, 1, 0),
                             st_thread_create(consumer, NULL, 1, 0)};
    for (int i = 0; i < 2; i++)
        if (!threads[i] || st_thread_join(threads[i], NULL) < 0)
            bench_fail("st_thread_create");
    st_cond_destroy(some);
    st_cond_destroy(room);
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
