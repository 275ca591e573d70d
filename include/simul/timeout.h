/* SPDX-License-Identifier: MIT */
/*
 * Time limits for blocks of code. (asyncio: timeout(), timeout_at().)
 *
 *     simul_timeout limit;
 *     simul_timeout_enter(&limit, 5.0);
 *     r = work();                            // interrupted after five seconds
 *     r = simul_timeout_exit(&limit, r);     // -ETIMEDOUT if it was
 *
 * A timeout is a scope: a struct on the stack of the function that enters and leaves it.
 *
 * Threads: the loop's own, unless a function says otherwise.
 */
#ifndef SIMUL_TIMEOUT_H
#define SIMUL_TIMEOUT_H

#include <simul/task.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_timeout {
    uintptr_t _private[16];
} simul_timeout;

/**
 * Begin. When the time is over the running task is cancelled, once, and
 * simul_timeout_exit() turns that into -ETIMEDOUT.
 *
 * @param delay  seconds from now; <= 0: at the next wait; SIMUL_FOREVER is not "never"
 *               here: use INFINITY (asyncio's None)
 * @return       0
 * @error -SIMUL_ENOTASK  outside of a task; exit() passes r through
 * @error -EINVAL         not a number
 * @error -ENOMEM         no memory for the timer
 *
 * After -EINVAL and -ENOMEM the scope is entered, as if its time were over: the next wait
 * is interrupted, and exit() then returns this error, so that the result of enter() need
 * not be looked at.
 *
 * Awaits:   never
 * asyncio:  async with timeout(delay)
 */
#define simul_timeout_enter(timeout, delay)                                            \
    simul_timeout_enter_after((timeout), (delay), SIMUL_HERE)
SIMUL_API int simul_timeout_enter_after(simul_timeout *timeout, double delay,
                                        const char *where);

/** As simul_timeout_enter(), at a time of simul_time(). asyncio: timeout_at(when) */
#define simul_timeout_enter_at(timeout, when)                                          \
    simul_timeout_enter_when((timeout), (when), SIMUL_HERE)
SIMUL_API int simul_timeout_enter_when(simul_timeout *timeout, double when,
                                       const char *where);

/**
 * End. The time-out decides by its own state, not by r: if its cancel was delivered and
 * not caught, and nobody else cancelled the task, the task is no longer cancelled and
 * the result is -ETIMEDOUT. A foreign cancel stays and gives -ECANCELED. Else r.
 *
 * Awaits:   never
 * asyncio:  the end of the block
 */
SIMUL_API ssize_t simul_timeout_exit(simul_timeout *timeout, ssize_t r);

/**
 * Move the deadline, to a time of simul_time(); INFINITY for never.
 *
 * @error -SIMUL_ESTATE  not entered, already expired, or left
 * @error -ENOMEM        and the old deadline stays
 *
 * asyncio:  reschedule()
 */
SIMUL_API int simul_timeout_reschedule(simul_timeout *timeout, double when);

/** The deadline; INFINITY if there is none. asyncio: when() */
SIMUL_API double simul_timeout_when(const simul_timeout *timeout);

/** True from the moment it fires, even if nothing came of it. asyncio: expired() */
SIMUL_API bool simul_timeout_expired(const simul_timeout *timeout);

/**
 * Bound one call: r = simul_within(0.5, simul_stream_read(s, buf, n));
 *
 * Awaits:   as the call does
 * asyncio:  wait_for(call, seconds)
 */
#define simul_within(seconds, expr)                                                    \
    __extension__({                                                                    \
        simul_timeout simul_within_;                                                   \
        simul_timeout_enter(&simul_within_, (seconds));                                \
        (__typeof__(expr))simul_timeout_exit(&simul_within_, (expr));                  \
    })

#ifdef __cplusplus
}
#endif

#endif
