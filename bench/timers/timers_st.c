/* SPDX-License-Identifier: MIT */
/* Timers with State Threads: threads in st_usleep(). */
#include <st.h>

#include "timers.h"

static void *sleeper(void *arg)
{
    st_usleep((st_utime_t)(long)arg);
    left_--;
    return NULL;
}

static void all(long n)
{
    st_thread_t *threads = bench_array(n, sizeof *threads);
    for (long i = 0; i < n; i++) {
        long length = (long)(next_length() * 1e6);
        threads[i] = st_thread_create(sleeper, (void *)length, 1, 0);
        if (!threads[i])
            bench_fail("st_thread_create");
    }
    for (long i = 0; i < n; i++)
        st_thread_join(threads[i], NULL);
    free(threads);
}

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    timers_measure(bench_args(argc, argv));
    return 0;
}
