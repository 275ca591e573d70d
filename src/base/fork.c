/* SPDX-License-Identifier: MIT */
#include "base/fork.h"

#include <pthread.h>

unsigned sm_forks;
void (*sm_in_child)(void);

static int watched;

static void forked(void)
{
    sm_forks++;
    if (sm_in_child)
        sm_in_child();
}

static void watch(void)
{
    watched = -pthread_atfork(NULL, NULL, forked);
}

int sm_watch_forks(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, watch);
    return watched;
}
