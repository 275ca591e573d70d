/* SPDX-License-Identifier: MIT */
/* What is suspended on a stack, function by function. */
#ifndef SM_TASK_BACKTRACE_H
#define SM_TASK_BACKTRACE_H

#include "task/coro.h"

/** Of one stack. */
void sm_print_suspended(struct sm_stack *stack, sm_context context, FILE *out);

/** Of a task: of the stack that it is on, and those that it came there from. */
void sm_print_stack(struct simul_future *task, FILE *out);

#endif
