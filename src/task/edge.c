/* SPDX-License-Identifier: MIT */
/* Edges of the call graph that the user draws: a waiter that does nothing. */
#include "base/sys.h"
#include "task/graph.h"

#include <simul/debug.h>

struct edge {
    struct sm_closable closable;
    struct sm_waiter waiter;
    struct simul_future *future, *awaiter; /* held */
};

static void edge_free(struct edge *edge)
{
    sm_list_remove(&edge->closable.link);
    sm_list_remove(&edge->waiter.link);
    sm_future_unref(edge->awaiter);
    sm_future_unref(edge->future);
    sm_free(edge);
}

static void drop(struct sm_closable *closable)
{
    edge_free(sm_container_of(closable, struct edge, closable));
}

/* Whoever finishes the future holds it. */
static void fire(struct sm_waiter *waiter, struct simul_future *future)
{
    (void)future;
    edge_free(sm_container_of(waiter, struct edge, waiter));
}

struct simul_future *sm_edge_awaiter(struct sm_waiter *waiter)
{
    if (waiter->fire != fire)
        return NULL;
    return sm_container_of(waiter, struct edge, waiter)->awaiter;
}

static struct edge *find(struct simul_future *future, struct simul_future *awaiter)
{
    sm_list_each (it, &future->waiters) {
        struct sm_waiter *waiter = sm_container_of(it, struct sm_waiter, link);
        if (sm_edge_awaiter(waiter) == awaiter)
            return sm_container_of(waiter, struct edge, waiter);
    }
    return NULL;
}

int simul_future_add_to_awaited_by(simul_future *future, simul_future *waiter)
{
    if (!future || !waiter)
        return -ENOMEM;
    if (future->sched != waiter->sched)
        return -EXDEV;
    if (sm_future_done(future) || future->sched->loop.closed || find(future, waiter))
        return 0;
    struct edge *edge = sm_zalloc(sizeof *edge);
    if (!edge)
        return -ENOMEM;
    edge->closable.drop = drop;
    edge->waiter.fire = fire;
    edge->future = simul_retain(future);
    edge->awaiter = simul_retain(waiter);
    sm_list_push(&future->sched->closables, &edge->closable.link);
    sm_future_watch(future, &edge->waiter);
    return 0;
}

void simul_future_discard_from_awaited_by(simul_future *future, simul_future *waiter)
{
    struct edge *edge = future && waiter ? find(future, waiter) : NULL;
    if (edge)
        edge_free(edge);
}
