/* SPDX-License-Identifier: MIT */
/* What is suspended on a stack, function by function. */
#ifndef SM_TASK_BACKTRACE_H
#define SM_TASK_BACKTRACE_H

#include "task/coro.h"
#include "task/symbols.h"

/** Of one stack. */
void sm_print_suspended(struct sm_stack *stack, sm_context context, FILE *out);

/** Of a task: of the stack that it is on, and those that it came there from. */
void sm_print_stack(struct simul_future *task, struct sm_symbols *symbols, FILE *out);

/**
 * The same as addresses, innermost first; how many.
 *
 * @param from  an address of code: of the running task's, only those further out. NULL: all
 */
int sm_task_frames(struct simul_future *task, const void *from, void **frames, int max);

#endif
