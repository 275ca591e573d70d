/* SPDX-License-Identifier: MIT */
/*
 * Looking at what runs. (asyncio: the page "Call Graph Introspection", and the ps tool.)
 */
#ifndef SIMUL_DEBUG_H
#define SIMUL_DEBUG_H

#include <simul/loop.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write a report of all tasks of a loop: for each its name, state, what it waits for and
 * since when, where it was made, and its stack. NULL: the running loop.
 *
 * Threads:  the loop's
 * asyncio:  print_call_graph(), asyncio ps
 */
SIMUL_API void simul_dump_tasks(simul_loop *loop, FILE *out);

/**
 * Write that report to standard error whenever the process gets `signum`.
 * Errors as simul_add_signal_handler().
 *
 * Threads:  the loop's
 * asyncio:  (asyncio ps PID)
 */
SIMUL_API int simul_dump_tasks_on_signal(simul_loop *loop, int signum);

#ifdef __cplusplus
}
#endif

#endif
