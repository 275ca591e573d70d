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

/* How often this process is the child of a fork, since somebody watches. */
extern unsigned sm_forks;

/* Called in the child, which has only what is async-signal-safe; NULL: nobody. */
extern void (*sm_in_child)(void);

/** Watch for forks from now on: 0, or -ENOMEM. Threads: any. */
int sm_watch_forks(void);

#endif
