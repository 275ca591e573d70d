/* SPDX-License-Identifier: MIT */
#include "base/fork.h"

#include "base/assert.h"

unsigned sm_forks;
void (*sm_in_child)(void);

static int watched;

enum { HELD_MAX = 8 };
static pthread_mutex_t *held[HELD_MAX];
static int held_count;

/* Before main(), and so by one thread. */
void sm_hold_over_forks(pthread_mutex_t *mutex)
{
    sm_assert(held_count < HELD_MAX);
    held[held_count++] = mutex;
}

static void hold(void)
{
    for (int i = 0; i < held_count; i++)
        pthread_mutex_lock(held[i]);
}

static void let_go(void)
{
    for (int i = 0; i < held_count; i++)
        pthread_mutex_unlock(held[i]);
}

static void forked(void)
{
    sm_forks++;
    let_go();
    if (sm_in_child)
        sm_in_child();
}

static void watch(void)
{
    watched = -pthread_atfork(hold, let_go, forked);
}

int sm_watch_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
    return watched;
}
