/* SPDX-License-Identifier: MIT */
/* as_completed(): futures in the order in which they get done (S22). */
#include <math.h>

#include "base/sys.h"
#include "task/graph.h"
#include "task/task.h"
#include "task/wait.h"

struct simul_as_completed {
    struct sm_closable closable;
    struct simul_loop *loop; /* NULL: it was closed */
    struct sm_timer timer;
    struct sm_wait *waiting; /* the task in next(), NULL: none */
    size_t n, done, given;   /* given <= done <= n */
    bool expired;
    struct simul_future **order;    /* the first `done` entries: done, oldest first */
    struct simul_future *futures[]; /* held; then as many entries for `order` */
};

static void wake(struct simul_as_completed *it)
{
    struct sm_wait *wait = it->waiting;
    it->waiting = NULL;
    if (wait)
        sm_wait_finish_soon(wait, 0);
}

static void fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct simul_as_completed *it = waiter->owner;
    sm_waiter_give(future, waiter);
    it->order[it->done++] = future;
    if (it->done == it->n)
        sm_timer_stop(&it->loop->timers, &it->timer);
    wake(it);
}

struct simul_future *sm_as_completed_awaiter(struct sm_waiter *waiter)
{
    struct simul_as_completed *it = waiter->owner;
    return waiter->fire == fire && it->waiting ? it->waiting->task : NULL;
}

static void time_over(struct sm_timer *timer)
{
    struct simul_as_completed *it =
        sm_container_of(timer, struct simul_as_completed, timer);
    it->expired = true;
    sm_unwatch_all(it->futures, it->n, it); /* what comes now comes too late */
    wake(it);
}

static void stop(struct simul_as_completed *it)
{
    if (!it->loop)
        return;
    sm_timer_stop(&it->loop->timers, &it->timer);
    sm_unwatch_all(it->futures, it->n, it);
    sm_list_remove(&it->closable.link);
    it->loop = NULL;
}

/* The loop closes before the iterator is released. */
static void drop(struct sm_closable *closable)
{
    stop(sm_container_of(closable, struct simul_as_completed, closable));
}

static int begin(struct simul_as_completed *it, double timeout)
{
    if (timeout >= 0 && it->done < it->n) {
        double when = simul_loop_time(it->loop) + timeout;
        int r = sm_timer_start(&it->loop->timers, &it->timer, when);
        if (r < 0)
            return r;
    }
    return sm_watch_all(it->futures, it->n, fire, it);
}

/* Each once. What is done already comes first. */
static void take(struct simul_as_completed *it, simul_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (futures[i] && futures[i]->marked)
            continue;
        if (futures[i])
            futures[i]->marked = true;
        it->futures[it->n++] = simul_retain(futures[i]);
        if (simul_done(futures[i]))
            it->order[it->done++] = futures[i];
    }
    for (size_t i = 0; i < it->n; i++)
        if (it->futures[i])
            it->futures[i]->marked = false;
}

simul_as_completed *simul_as_completed_new(simul_future **futures, size_t n,
                                           double timeout)
{
    if (!sm_running || isnan(timeout)
        || sm_any_foreign(futures, n, sm_sched_of(sm_running)))
        return NULL;
    struct simul_as_completed *it =
        sm_zalloc(sizeof *it + 2 * n * sizeof(struct simul_future *));
    if (!it)
        return NULL;
    it->loop = sm_running;
    it->timer.fire = time_over;
    it->closable.drop = drop;
    sm_list_push(&sm_sched_of(it->loop)->closables, &it->closable.link);
    it->order = it->futures + n;
    take(it, futures, n);
    if (begin(it, timeout) == 0)
        return it;
    simul_as_completed_release(it);
    return NULL;
}

static bool abort_next(struct sm_wait *wait)
{
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static int wait_for_one(struct simul_as_completed *it)
{
    struct sm_wait wait;
    sm_wait_prepare(&wait, "as_completed", abort_next);
    it->waiting = &wait;
    int r = (int)sm_wait_suspend(&wait);
    it->waiting = NULL;
    return r;
}

int simul_as_completed_next(simul_as_completed *it, simul_future **future)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (!it)
        return -ENOMEM;
    if (it->loop != sm_running)
        return -EXDEV;
    if (it->waiting)
        return -SIMUL_ECONCURRENT;
    if (it->given == it->n)
        return 0;
    if (it->given == it->done && !it->expired) {
        r = wait_for_one(it);
        if (r < 0)
            return r;
    }
    if (it->given == it->done)
        return -ETIMEDOUT;
    *future = it->order[it->given++];
    return 1;
}

void simul_as_completed_release(simul_as_completed *it)
{
    if (!it)
        return;
    stop(it);
    for (size_t i = 0; i < it->n; i++)
        simul_release(it->futures[i]);
    sm_free(it);
}
