/* SPDX-License-Identifier: MIT */
/* st_thread_create() of a joinable thread, st_thread_join(). */
#include <st.h>
#include <stddef.h>

typedef st_thread_t handle_t;

static void *nothing(void *arg)
{
    (void)arg;
    return NULL;
}

static inline handle_t create(void)
{
    return st_thread_create(nothing, NULL, 1, 0);
}

static inline void join(handle_t thread)
{
    st_thread_join(thread, NULL);
}

#include "spawn.h"

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    spawn_measure(bench_args(argc, argv));
    return 0;
}
