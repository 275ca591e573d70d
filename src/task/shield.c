/* SPDX-License-Identifier: MIT */
/* shield(): an outer future that ends as the inner one does, and may be cancelled alone. */
#include "base/sys.h"
#include "task/graph.h"
#include "task/task.h"
#include "task/wait.h"

struct shield {
    struct sm_closable closable;
    struct sm_waiter waiter; /* on inner */
    struct sm_ready hop;
    struct simul_future *inner, *outer; /* held */
};

static void shield_free(struct shield *shield)
{
    sm_ring_unreserve(&shield->inner->sched->loop.ready);
    sm_list_remove(&shield->closable.link);
    sm_future_unref(shield->inner);
    sm_future_unref(shield->outer);
    sm_free(shield);
}

static void pass_on(struct shield *shield)
{
    struct simul_future *inner = shield->inner, *outer = shield->outer;
    inner->asked = true;
    if (inner->result < 0) {
        sm_pass_message(outer, inner);
        if (outer->extra)
            sm_keep_message(outer, inner->result);
    } else if (inner->extra && inner->extra->value && sm_extra_of(outer)) {
        outer->extra->value =
            inner->extra->value; /* borrowed: the caller holds inner */
    }
    sm_future_finish(outer, inner->state, inner->result);
}

/* The outer one was cancelled before: an error has nobody left to go to (S23). */
static void tell(struct simul_future *inner)
{
    if (inner->state == SM_FINISHED && inner->result < 0 && !inner->asked)
        sm_report(inner, "an error in a shielded future");
}

static void hop(struct sm_ready *ready)
{
    struct shield *shield = sm_container_of(ready, struct shield, hop);
    if (sm_future_done(shield->outer))
        tell(shield->inner);
    else
        pass_on(shield);
    shield_free(shield);
}

static void fire(struct sm_waiter *waiter, struct simul_future *inner)
{
    struct shield *shield = sm_container_of(waiter, struct shield, waiter);
    sm_loop_ready(&inner->sched->loop, &shield->hop, SM_READY_INLINE);
}

struct simul_future *sm_shield_awaiter(struct sm_waiter *waiter)
{
    if (waiter->fire != fire)
        return NULL;
    return sm_container_of(waiter, struct shield, waiter)->outer;
}

/* The loop closes: outer stays as it is. */
static void drop(struct sm_closable *closable)
{
    struct shield *shield = sm_container_of(closable, struct shield, closable);
    sm_list_remove(&shield->waiter.link);
    shield_free(shield);
}

simul_future *simul_shield(simul_future *inner)
{
    if (!inner || sm_future_done(inner))
        return simul_retain(inner);
    struct simul_loop *loop = &inner->sched->loop;
    if (loop->closed)
        return NULL;
    if (sm_ring_reserve(&loop->ready) < 0)
        return NULL;
    struct shield *shield = sm_zalloc(sizeof *shield);
    struct simul_future *outer = shield ? simul_loop_create_future(loop) : NULL;
    if (!outer) {
        sm_free(shield);
        sm_ring_unreserve(&loop->ready);
        return NULL;
    }
    shield->closable.drop = drop;
    sm_list_push(&inner->sched->closables, &shield->closable.link);
    shield->waiter.fire = fire;
    shield->hop.run = hop;
    shield->inner = simul_retain(inner);
    shield->outer = simul_retain(outer);
    sm_future_watch(inner, &shield->waiter);
    return outer;
}
