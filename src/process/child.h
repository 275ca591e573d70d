/* SPDX-License-Identifier: MIT */
/*
 * A child that runs: hearing of its end, collecting its status, sending it signals.
 *
 * A descriptor becomes readable when it has ended: a pidfd; or, where there are none (Linux
 * before 5.3, some sandboxes), a pipe whose other end is held by a thread that waits for
 * this one child (child_thread.c). Either way the status is collected by the loop's thread.
 *
 *  H1. The status is collected and returncode set in one step, in the loop's thread; so as
 *      long as it is SIMUL_RUNNING the number is the child's, ended or not, and a signal
 *      meets nobody else. (Unless others collect what is not theirs: a pidfd is proof
 *      against that, too.)
 *  H2. A child that runs holds the loop and its virtual clock.
 *  H3. ended() is called once, when returncode has been set.
 */
#ifndef SM_PROCESS_CHILD_H
#define SM_PROCESS_CHILD_H

#include <simul/process.h>

#include "loop/loop.h"

struct sm_child {
    struct simul_loop *loop;
    pid_t pid;
    int fd;                                /* owned; -1: it has ended */
    bool is_pidfd;                         /* so is fd */
    int returncode;                        /* or SIMUL_RUNNING */
    struct sm_op op;                       /* of fd */
    void (*ended)(struct sm_child *child); /* H3 */
};

/** Look after a child that was started. On failure it is killed, and reaped: -errno; ended()
 *  was not called. The child may have ended when it returns. */
int sm_child_watch(struct sm_child *child, struct simul_loop *loop, pid_t pid,
                   void (*ended)(struct sm_child *child));

/** 0 or -errno; -ESRCH: it has ended, or is not ours. */
int sm_child_signal(struct sm_child *child, int signum);

/** Its loop is closed: kill it, if it runs and is ours, and wait for that. Not `expected`: it
 *  is told, since nobody has closed what it belongs to. */
void sm_child_end_with_loop(struct sm_child *child, bool expected);

/** Have a thread wait for a child: a descriptor that is readable when it has ended, or
 *  -errno. (child_thread.c) */
int sm_child_thread_start(pid_t pid);

#endif
