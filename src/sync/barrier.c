/* SPDX-License-Identifier: MIT */
/*
 * The barrier. The last to come gives all who wait their numbers and begins the next round,
 * so that who comes before they have run is not mistaken for one of theirs, nor has to wait
 * until they have left, as in asyncio.
 */
#include <simul/sync.h>

#include "sync/waitlist.h"

static struct sm_waitlist *waiters(const simul_barrier *barrier)
{
    return sm_waitlist_of(barrier->_waiters);
}

/* At once, not when it runs: else somebody who comes meanwhile would be taken for the last. */
static void left(struct sm_waitnode *node)
{
    if (!node->wait.finished)
        ((simul_barrier *)node->wait.on)->_count--;
}

/* What it was let through for cannot be taken back: the others have passed (wait.h, C3). */
static int wait_for_others(simul_barrier *barrier)
{
    struct sm_waitnode node;
    sm_waitlist_enter(waiters(barrier), &node, "barrier", barrier, left);
    node.wait.keeps = true;
    barrier->_count++;
    return (int)sm_wait_suspend(&node.wait);
}

static void let_through(simul_barrier *barrier)
{
    for (int i = 0; sm_waitlist_wake(waiters(barrier), i); i++)
        ;
    barrier->_count = 0;
}

int simul_barrier_wait(simul_barrier *barrier)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (barrier->_parties < 1)
        return -EINVAL;
    if (barrier->_broken)
        return -SIMUL_EBARRIER;
    r = sm_waitlist_check(waiters(barrier));
    if (r < 0)
        return r;
    if (barrier->_count < barrier->_parties - 1)
        return wait_for_others(barrier);
    let_through(barrier);
    return barrier->_parties - 1;
}

static int send_away(simul_barrier *barrier, bool broken)
{
    int r = sm_waitlist_check(waiters(barrier));
    if (r < 0)
        return r;
    barrier->_broken = broken;
    barrier->_count = 0;
    sm_waitlist_wake_all(waiters(barrier), -SIMUL_EBARRIER);
    return 0;
}

int simul_barrier_reset(simul_barrier *barrier)
{
    return send_away(barrier, false);
}

int simul_barrier_abort(simul_barrier *barrier)
{
    return send_away(barrier, true);
}

int simul_barrier_parties(const simul_barrier *barrier)
{
    return barrier->_parties;
}

int simul_barrier_n_waiting(const simul_barrier *barrier)
{
    return barrier->_count;
}

bool simul_barrier_broken(const simul_barrier *barrier)
{
    return barrier->_broken;
}
