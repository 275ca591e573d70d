/* SPDX-License-Identifier: MIT */
/*
 * Whether this is still the process in which something was made, or the child of a fork that
 * came after (S57). What the kernel has of it is then shared with the parent, and is the
 * parent's; its threads are not there, though they may have held locks.
 *
 * Who wants to know it keeps sm_forks as it was when the thing was made, and compares.
 */
#ifndef SM_BASE_FORK_H
#define SM_BASE_FORK_H

#include <pthread.h>

/* How often this process is the child of a fork, since somebody watches. */
extern unsigned sm_forks;

/**
 * A mutex of the process's: each fork waits until it is free, and holds it meanwhile, so
 * that in the child nobody has it, and what it guards is whole. Who has it takes no other
 * one. Each is a line of its file:
 *
 *     SM_HELD_OVER_FORKS(lock)
 */
void sm_hold_over_forks(pthread_mutex_t *mutex);

#define SM_HELD_OVER_FORKS(mutex_)                                                     \
    __attribute__((constructor)) static void hold_over_forks(void)                     \
    {                                                                                  \
        sm_hold_over_forks(&(mutex_));                                                 \
    }

/* Called in the child, which has only what is async-signal-safe; NULL: nobody. */
extern void (*sm_in_child)(void);

/** Watch for forks from now on: 0, or -ENOMEM. Threads: any. */
int sm_watch_forks(void);

#endif
