/* SPDX-License-Identifier: MIT */
/*
 * Watching many futures at once, for gather, wait and as_completed. The node of a first
 * watcher lies in the future itself, so that watching a million tasks allocates nothing.
 */
#include "base/sys.h"
#include "task/task.h"

bool sm_any_foreign(struct simul_future **futures, size_t n,
                    const struct sm_sched *sched)
{
    for (size_t i = 0; i < n; i++)
        if (futures[i] && futures[i]->sched != sched)
            return true;
    return false;
}

int sm_watch_all(struct simul_future **futures, size_t n,
                 void (*fire)(struct sm_waiter *, struct simul_future *), void *owner)
{
    for (size_t i = 0; i < n; i++) {
        if (!futures[i] || sm_future_done(futures[i]))
            continue;
        struct sm_waiter *waiter = sm_waiter_take(futures[i]);
        if (!waiter) {
            sm_unwatch_all(futures, i, owner);
            return -ENOMEM;
        }
        waiter->fire = fire;
        sm_future_watch(futures[i], waiter);
        waiter->owner = owner;
    }
    return 0;
}

/* A future that stands several times in the array has as many nodes; all go at once. */
static void unwatch(struct simul_future *future, void *owner)
{
    sm_list_each_safe (it, &future->waiters) {
        struct sm_waiter *waiter = sm_container_of(it, struct sm_waiter, link);
        if (waiter->owner != owner)
            continue;
        sm_list_remove(it);
        sm_waiter_give(future, waiter);
    }
}

/* Who is done has let go of his watchers; but not if it was by the loop's closing. */
void sm_unwatch_all(struct simul_future **futures, size_t n, void *owner)
{
    for (size_t i = 0; i < n; i++)
        if (futures[i]
            && (!sm_future_done(futures[i]) || futures[i]->sched->loop.closed))
            unwatch(futures[i], owner);
}
