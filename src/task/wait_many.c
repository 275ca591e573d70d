/* SPDX-License-Identifier: MIT */
/* wait(): until some or all are done, or the time is over; cancels nobody (S21). */
#include <math.h>

#include "task/graph.h"
#include "task/task.h"
#include "task/wait.h"

struct many_wait {
    struct sm_wait wait;
    struct sm_timer timer;
    struct simul_future **futures; /* held */
    size_t n, left;
    enum simul_wait_until until;
    bool announced;
};

static void announce(struct many_wait *w)
{
    if (w->announced)
        return;
    w->announced = true;
    sm_wait_finish_soon(&w->wait, 0);
}

static void see(struct many_wait *w, const struct simul_future *future)
{
    bool failed = future->state == SM_FINISHED && future->result < 0;
    w->left--;
    if (w->left == 0 || w->until == SIMUL_FIRST_COMPLETED
        || (w->until == SIMUL_FIRST_ERROR && failed))
        announce(w);
}

static void fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct many_wait *w = waiter->owner;
    sm_waiter_give(future, waiter);
    see(w, future);
}

struct simul_future *sm_wait_awaiter(struct sm_waiter *waiter)
{
    return waiter->fire == fire ? ((struct many_wait *)waiter->owner)->wait.task : NULL;
}

static void time_over(struct sm_timer *timer)
{
    announce(sm_container_of(timer, struct many_wait, timer));
}

static void release_all(struct many_wait *w)
{
    for (size_t i = 0; i < w->n; i++)
        simul_release(w->futures[i]);
}

static void stop(struct many_wait *w)
{
    sm_timer_stop(&w->wait.task->sched->loop.timers, &w->timer);
    sm_unwatch_all(w->futures, w->n, w);
}

static bool abort_wait(struct sm_wait *wait)
{
    struct many_wait *w = sm_container_of(wait, struct many_wait, wait);
    if (wait->task->sched->loop.closed) { /* C6 */
        stop(w);
        release_all(w);
        return false;
    }
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static int count_done(simul_future **futures, size_t n)
{
    int done = 0;
    for (size_t i = 0; i < n; i++)
        done += simul_done(futures[i]);
    return done;
}

static int begin(struct many_wait *w, double timeout)
{
    struct simul_loop *loop = sm_running;
    simul_future **futures = w->futures;
    size_t n = w->n;
    if (timeout >= 0) {
        int r =
            sm_timer_start(&loop->timers, &w->timer, simul_loop_time(loop) + timeout);
        if (r < 0)
            return r;
    }
    int r = sm_watch_all(futures, n, fire, w);
    if (r < 0) {
        sm_timer_stop(&loop->timers, &w->timer);
        return r;
    }
    for (size_t i = 0; i < n; i++) {
        if (futures[i] && sm_future_done(futures[i]))
            see(w, futures[i]);
        else if (!futures[i] && --w->left == 0)
            announce(w);
    }
    return 0;
}

int simul_wait(simul_future **futures, size_t n, double timeout,
               enum simul_wait_until until)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (n == 0 || isnan(timeout) || until > SIMUL_ALL_COMPLETED)
        return -EINVAL;
    if (sm_any_foreign(futures, n, sm_sched_of(sm_running)))
        return -EXDEV;
    struct many_wait w = {
        .futures = futures, .n = n, .left = n, .until = until, .timer.fire = time_over};
    sm_wait_prepare(&w.wait, "wait", abort_wait);
    w.wait.holds = true;
    for (size_t i = 0; i < n; i++)
        simul_retain(futures[i]);
    r = begin(&w, timeout);
    if (r == 0) {
        r = (int)sm_wait_suspend(&w.wait);
        stop(&w);
        if (r >= 0)
            r = count_done(futures, n);
    }
    release_all(&w);
    return r;
}

/* ---- wait_for ------------------------------------------------------------------------ */

/* A pass after the future's end, as in asyncio, where a callback stands between. */
static int cancel_and_wait(simul_future *future)
{
    simul_cancel(future);
    int r = simul_wait(&future, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    if (r < 0)
        return r;
    r = simul_await(future);
    return r == -ECANCELED ? -ETIMEDOUT : r;
}

int simul_wait_for(simul_future *future, double timeout)
{
    if (isnan(timeout))
        return -EINVAL;
    if (timeout < 0 || simul_done(future) || future == sm_current())
        return simul_await(future);
    if (timeout == 0)
        return cancel_and_wait(future);
    simul_timeout limit;
    int r = simul_timeout_enter(&limit, timeout);
    if (r == 0)
        r = simul_await(future);
    return (int)simul_timeout_exit(&limit, r);
}
