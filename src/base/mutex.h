/* SPDX-License-Identifier: MIT */
/*
 * A mutex of one object's. In the child of a fork the object belongs to one thread, the only
 * one that is there; one of the parent's may have had the mutex, and would never give it
 * back, or may have waited for a condition beside it. So in the child nobody takes it.
 */
#ifndef SM_BASE_MUTEX_H
#define SM_BASE_MUTEX_H

#include <pthread.h>
#include <stdbool.h>

#include "base/fork.h"

struct sm_mutex {
    pthread_mutex_t mutex;
    unsigned forks; /* sm_forks when it was made */
};

/** Whether there may be other threads: this is the process in which it was made. */
static inline bool sm_mutex_is_shared(const struct sm_mutex *mutex)
{
    return mutex->forks == sm_forks;
}

static inline void sm_mutex_init(struct sm_mutex *mutex)
{
    pthread_mutex_init(&mutex->mutex, NULL);
    mutex->forks = sm_forks;
}

static inline void sm_mutex_finish(struct sm_mutex *mutex)
{
    if (sm_mutex_is_shared(mutex))
        pthread_mutex_destroy(&mutex->mutex);
}

static inline void sm_mutex_lock(struct sm_mutex *mutex)
{
    if (sm_mutex_is_shared(mutex))
        pthread_mutex_lock(&mutex->mutex);
}

static inline void sm_mutex_unlock(struct sm_mutex *mutex)
{
    if (sm_mutex_is_shared(mutex))
        pthread_mutex_unlock(&mutex->mutex);
}

/** The condition that goes with it: its waiters are not in the child, and destroying it
 *  would wait for them. */
static inline void sm_mutex_finish_condition(const struct sm_mutex *mutex,
                                             pthread_cond_t *condition)
{
    if (sm_mutex_is_shared(mutex))
        pthread_cond_destroy(condition);
}

#endif
