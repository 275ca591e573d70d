/* SPDX-License-Identifier: MIT */
/* Done callbacks: always through the loop, in the order in which they were added (S8). */
#include "base/sys.h"
#include "task/task.h"

struct done_callback {
    struct sm_closable closable;
    struct sm_waiter waiter;
    struct sm_ready ready;
    struct simul_future *future; /* held */
    simul_done_fn *fn;
    void *arg;
    struct simul_context *context; /* of who added it; owned */
};

static void free_callback(struct done_callback *callback)
{
    struct simul_future *future = callback->future;
    sm_ring_unreserve(&future->sched->loop.ready);
    sm_list_remove(&callback->closable.link);
    simul_context_release(callback->context);
    sm_free(callback);
    sm_future_unref(future);
}

/* The loop closes: it will not be called. */
static void drop(struct sm_closable *closable)
{
    struct done_callback *callback =
        sm_container_of(closable, struct done_callback, closable);
    sm_list_remove(&callback->waiter.link);
    free_callback(callback);
}

static void call(void *arg)
{
    struct done_callback *callback = arg;
    callback->fn(callback->future, callback->arg);
}

static void run(struct sm_ready *ready)
{
    struct done_callback *callback =
        sm_container_of(ready, struct done_callback, ready);
    sm_context_call(&callback->context, call, callback);
    free_callback(callback);
}

static void fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct done_callback *callback =
        sm_container_of(waiter, struct done_callback, waiter);
    sm_loop_ready(&future->sched->loop, &callback->ready, SM_READY_CALL);
}

static struct done_callback *new_callback(void)
{
    struct done_callback *callback = sm_zalloc(sizeof *callback);
    if (!callback)
        return NULL;
    if (sm_context_copy(sm_context_current(), &callback->context) == 0)
        return callback;
    sm_free(callback);
    return NULL;
}

int simul_add_done_callback(simul_future *future, simul_done_fn *fn, void *arg)
{
    if (!future)
        return -ENOMEM;
    int r = sm_loop_mine(&future->sched->loop);
    if (r < 0)
        return r;
    struct sm_ring *ring = &future->sched->loop.ready;
    if (sm_ring_reserve(ring) < 0)
        return -ENOMEM;
    struct done_callback *callback = new_callback();
    if (!callback) {
        sm_ring_unreserve(ring);
        return -ENOMEM;
    }
    callback->closable.drop = drop;
    sm_list_push(&future->sched->closables, &callback->closable.link);
    callback->waiter.fire = fire;
    callback->ready.run = run;
    callback->future = future;
    callback->fn = fn;
    callback->arg = arg;
    sm_future_ref(future);
    if (sm_future_done(future))
        fire(&callback->waiter, future);
    else
        sm_future_watch(future, &callback->waiter);
    return 0;
}

int simul_remove_done_callback(simul_future *future, simul_done_fn *fn, void *arg)
{
    if (!future)
        return 0;
    int removed = 0;
    sm_future_ref(future);
    sm_list_each_safe (it, &future->waiters) {
        struct sm_waiter *waiter = sm_container_of(it, struct sm_waiter, link);
        if (waiter->fire != fire)
            continue;
        struct done_callback *callback =
            sm_container_of(waiter, struct done_callback, waiter);
        if (callback->fn != fn || callback->arg != arg)
            continue;
        sm_list_remove(it);
        free_callback(callback);
        removed++;
    }
    sm_future_unref(future);
    return removed;
}
