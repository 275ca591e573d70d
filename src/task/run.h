/* SPDX-License-Identifier: MIT */
/*
 * A runner from inside: a loop, the main task of the run that goes on in it, and the
 * signals that end it.
 *
 * The first signal of a run cancels its main task. A second one, or one that comes while
 * the runner closes, ends it without waiting for anybody.
 */
#ifndef SM_TASK_RUN_H
#define SM_TASK_RUN_H

#include <simul/run.h>

#include "task/task.h"

struct simul_runner {
    struct simul_loop *loop;       /* owned */
    struct simul_context *context; /* owned; of all its runs; NULL: each has its own */
    struct simul_future *main;     /* of the last run; NULL: none yet */
    int interrupts;                /* in this run */
    bool cancelled_main;           /* the first signal did */
    bool no_signals, terminate;
    bool watches[2]; /* SIGINT, SIGTERM */
    bool at_once;    /* wait for nobody */
};

/* interrupt.c */
int sm_run_watch_signals(struct simul_runner *run);
void sm_run_unwatch_signals(struct simul_runner *run);

#endif
