/* SPDX-License-Identifier: MIT */
/*
 * Running a loop from inside of itself, if the user allows it. A task need not: it has a
 * stack of its own, so it waits as for anything else. A callback has the loop's stack, and
 * turns the loop on top of itself.
 */
#include "task/task.h"
#include "task/wait.h"

/* The outer turn goes on with what this leaves in the ring: in the next pass. */
static int turn_until(struct simul_loop *loop, struct simul_future *future)
{
    while (!sm_future_done(future) && !loop->stopping) {
        int r = sm_loop_turn(loop, -1);
        if (r < 0)
            return r;
    }
    return sm_future_done(future) ? 0 : -SIMUL_ESTOPPED;
}

int sm_run_nested(struct simul_loop *loop, struct simul_future *future)
{
    struct sm_sched *sched = sm_sched_of(loop);
    if (sched->current)
        return simul_await(future);
    if (sched->loop_context)
        return -SIMUL_ERUNNING; /* on the stack of a task that cannot wait any more */
    sm_future_ref(future);
    int r = turn_until(loop, future);
    if (r == 0)
        r = simul_error(future);
    sm_future_unref(future);
    return r;
}
