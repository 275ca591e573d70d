/* SPDX-License-Identifier: MIT */
/* sleep(): yielding, or waiting for a timer. */
#include <math.h>

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

static int sleep_timed(struct simul_loop *loop, double delay)
{
    struct sleep_wait w;
    sm_wait_prepare(&w.wait, "sleep", abort_sleep);
    w.timer = (struct sm_timer){.fire = fire};
    int r = sm_timer_start(&loop->timers, &w.timer, simul_loop_time(loop) + delay);
    return r < 0 ? r : (int)sm_wait_suspend(&w.wait);
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

    struct simul_future *task = sm_sched_of(loop)->current;
    sm_yield(sm_sched_of(loop), task);
    return sm_unlikely(task->must_cancel) ? sm_cancel_deliver(task) : 0;
}
