/* SPDX-License-Identifier: MIT */
/* st_mutex_lock(), whose unlock makes the first waiter the owner. */
#include <st.h>

static st_mutex_t mutex;

static inline void acquire(void)
{
    st_mutex_lock(mutex);
}

static inline void release(void)
{
    st_mutex_unlock(mutex);
}

#include "lock.h"

static void *holder(void *self)
{
    hold((long)self);
    return NULL;
}

static void round_of(void)
{
    mutex = st_mutex_new();
    acquire();
    st_thread_t threads[] = {st_thread_create(holder, (void *)0, 1, 0),
                             st_thread_create(holder, (void *)1, 1, 0)};
    st_usleep(0);
    release();
    for (int i = 0; i < 2; i++)
        if (!threads[i] || st_thread_join(threads[i], NULL) < 0)
            bench_fail("st_thread_create");
    st_mutex_destroy(mutex);
}

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    lock_measure(bench_args(argc, argv), round_of);
    return 0;
}
