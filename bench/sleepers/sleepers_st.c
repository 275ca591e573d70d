/* SPDX-License-Identifier: MIT */
/* Threads in st_sleep(), ended by st_thread_interrupt(). */
#include <st.h>

typedef st_thread_t handle_t;

#include "sleepers.h"

static void *sleeper(void *arg)
{
    (void)arg;
    sleeper_begins();
    st_sleep(3600);
    return NULL;
}

static handle_t create(void)
{
    st_thread_t thread = st_thread_create(sleeper, NULL, 1, 0);
    if (!thread)
        bench_fail("st_thread_create");
    return thread;
}

static void let_run(void)
{
    st_usleep(0);
}

static void stop(handle_t *threads, long n)
{
    for (long i = 0; i < n; i++)
        st_thread_interrupt(threads[i]);
    for (long i = 0; i < n; i++)
        st_thread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    sleepers_measure(bench_args(argc, argv));
    return 0;
}
