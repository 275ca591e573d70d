/* SPDX-License-Identifier: MIT */
/* What a loop can be asked, and its settings. */
#include <errno.h>

#include "base/log.h"
#include "loop/loop.h"

simul_loop *simul_get_running_loop(void)
{
    if (sm_running)
        sm_running->escaped = true;
    return sm_running;
}

int simul_loop_fileno(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_usable(loop);
    return r < 0 ? r : sm_poll_ops(loop->poll)->fileno(loop->poll);
}

double simul_loop_timeout(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return -1;
    return sm_loop_wait_limit(loop, -1);
}

bool simul_loop_is_running(const simul_loop *loop)
{
    return loop && loop->running;
}

const char *simul_loop_backend(const simul_loop *loop)
{
    loop = loop ? loop : sm_running;
    return loop ? loop->backend_name : "none";
}

int simul_loop_hold(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return -SIMUL_ENOLOOP;
    sm_loop_hold(loop, true);
    return 0;
}

int simul_loop_unhold(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return -SIMUL_ENOLOOP;
    sm_loop_unhold(loop, true);
    return 0;
}

void simul_loop_set_reentrant(simul_loop *loop, bool on)
{
    loop = sm_loop_or_running(loop);
    if (loop)
        loop->reentrant = on;
}

void simul_loop_set_debug(simul_loop *loop, bool on)
{
    loop = sm_loop_or_running(loop);
    if (loop)
        loop->debug = on;
}

bool simul_loop_get_debug(const simul_loop *loop)
{
    loop = loop ? loop : sm_running;
    return loop && loop->debug;
}

int simul_loop_set_slow_callback(simul_loop *loop, double seconds)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return -SIMUL_ENOLOOP;
    if (!(seconds >= 0))
        return -EINVAL;
    loop->slow_callback = seconds;
    return 0;
}

/* ---- other threads ------------------------------------------------------------------- */

int sm_loop_refuse(const struct simul_loop *loop)
{
    if (loop->debug)
        sm_log(
            SIMUL_LOG_ERROR,
            "a function was refused that only the loop's own thread may call: others "
            "use simul_call_soon_threadsafe()");
    return -SIMUL_ENOLOOP;
}
