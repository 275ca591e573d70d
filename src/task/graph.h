/* SPDX-License-Identifier: MIT */
/*
 * The call graph from inside. Who awaits a future: each kind of waiter tells whom it belongs
 * to, if the waiter is of its kind; NULL if not.
 */
#ifndef SM_TASK_GRAPH_H
#define SM_TASK_GRAPH_H

#include "task/task.h"

/* ---- graph.c ------------------------------------------------------------------------- */
struct simul_call_graph;

/** `from`: an address of code in the caller; of the running task, only what is further out. */
struct simul_call_graph *sm_graph_capture(struct simul_future *future,
                                          const void *from);
size_t sm_graph_size(const struct simul_call_graph *graph);

/* ---- the kinds of waiters ------------------------------------------------------------- */
struct simul_future *sm_await_awaiter(struct sm_waiter *waiter);
struct simul_future *sm_gather_awaiter(struct sm_waiter *waiter);
struct simul_future *sm_wait_awaiter(struct sm_waiter *waiter);
struct simul_future *sm_as_completed_awaiter(struct sm_waiter *waiter);
struct simul_future *sm_shield_awaiter(struct sm_waiter *waiter);
struct simul_future *sm_edge_awaiter(struct sm_waiter *waiter);

/** The task whose group it is a child of, or NULL. */
struct simul_future *sm_group_parent(const struct simul_future *child);

#endif
