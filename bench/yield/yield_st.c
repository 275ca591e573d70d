/* SPDX-License-Identifier: MIT */
/*
 * Yielding with State Threads. The packaged version has no yield of its own; compiled
 * with -DRING each thread signals the next one's condition and waits for its own, the
 * cheapest switch that the library has, else it is st_usleep(0), which goes through
 * the poller.
 */
#include <st.h>

static st_cond_t *turn;

static inline void pass(long self);
#include "yield.h"

static inline void pass(long self)
{
#ifdef RING
    st_cond_signal(turn[self + 1 == tasks_ ? 0 : self + 1]);
    st_cond_wait(turn[self]);
#else
    (void)self;
    st_usleep(0);
#endif
}

/* The next one still waits for its last turn. */
static void *leave(long self)
{
#ifdef RING
    st_cond_signal(turn[self + 1 == tasks_ ? 0 : self + 1]);
#else
    (void)self;
#endif
    return NULL;
}

static void *same(void *arg)
{
    yield_same((long)arg);
    return leave((long)arg);
}

static void *deep_a(void *arg)
{
    yield_deep_a((long)arg);
    return leave((long)arg);
}

static void *deep_b(void *arg)
{
    yield_deep_b((long)arg);
    return leave((long)arg);
}

static void round_of(int deep)
{
    st_thread_t *threads = bench_array(tasks_, sizeof *threads);
    turn = bench_array(tasks_, sizeof *turn);
    for (long i = 0; i < tasks_; i++)
        turn[i] = st_cond_new();
    for (long i = 0; i < tasks_; i++) {
        threads[i] = st_thread_create(!deep   ? same
                                      : i % 2 ? deep_b
                                              : deep_a,
                                      (void *)i, 1, 0);
        if (!threads[i])
            bench_fail("st_thread_create");
    }
    for (long i = 0; i < tasks_; i++)
        st_thread_join(threads[i], NULL);
    for (long i = 0; i < tasks_; i++)
        st_cond_destroy(turn[i]);
    free(threads);
    free(turn);
}

int main(int argc, char **argv)
{
    st_set_eventsys(ST_EVENTSYS_ALT);
    if (st_init() < 0)
        bench_fail("st_init");
    yield_measure(bench_args(argc, argv), round_of);
    return 0;
}
