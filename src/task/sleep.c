/* SPDX-License-Identifier: MIT */
/* sleep(): yielding, or waiting for a timer. */
#include <math.h>

#include "switch/switch.h"
#include "task/wait.h"

struct sleep_wait {
    struct sm_wait wait;
    struct sm_timer timer;
};

static void fire(struct sm_timer *timer)
{
    sm_wait_finish_soon(&sm_container_of(timer, struct sleep_wait, timer)->wait, 0);
}

static bool abort_sleep(struct sm_wait *wait)
{
    struct sleep_wait *w = sm_container_of(wait, struct sleep_wait, wait);
    sm_timer_stop(&wait->task->sched->loop.timers, &w->timer);
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static __attribute__((noinline)) int sleep_timed(struct simul_loop *loop, double delay)
{
    struct sleep_wait w;
    sm_wait_prepare(&w.wait, "sleep", abort_sleep);
    w.timer = (struct sm_timer){.fire = fire};
    int r = sm_timer_start(&loop->timers, &w.timer, simul_loop_time(loop) + delay);
    return r < 0 ? r : (int)sm_wait_suspend(&w.wait);
}

SM_RETURNS_BY_JUMP static __attribute__((noinline)) int by_jump(int r)
{
    return r;
}

/*
 * Between two tasks that yield at the same place a `ret` is predicted, from the call of the
 * other one; so are the returns of their callers, since calls and returns stay in step. Where
 * the places differ it never is, and the callers' are not either: there a jump (switch.h) is
 * one wrong prediction less, of four in a loop three calls deep.
 */
static inline __attribute__((always_inline)) void yield(struct sm_sched *sched)
{
    sched->yielded_to = __builtin_return_address(0);
    sm_yield(sched, sched->current);
}

int simul_sleep(double delay)
{
    int r = sm_checkpoint();
    if (sm_unlikely(r < 0))
        return r;
    struct simul_loop *loop = sm_running;
    if (delay > 0)
        return sleep_timed(loop, delay);
    if (sm_unlikely(isnan(delay)))
        return -EINVAL;

    struct sm_sched *sched = sm_sched_of(loop);
    struct simul_future *task = sched->current;
    yield(sched);
    if (sm_unlikely(task->must_cancel))
        return sm_cancel_deliver(task);
    return sched->yielded_to == __builtin_return_address(0) ? 0 : by_jump(0);
}
