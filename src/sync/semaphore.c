/* SPDX-License-Identifier: MIT */
/*
 * The semaphore. A release takes the permit off the value on behalf of the first waiter, who
 * from then on counts as granted until he runs. While somebody is granted newcomers queue,
 * so that all return in the order in which they came; whoever leaves the queue wakes as many
 * as there are permits for (S30).
 */
#include <simul/sync.h>

#include "sync/waitlist.h"

static struct sm_waitlist *waiters(const simul_semaphore *semaphore)
{
    return sm_waitlist_of(semaphore->_waiters);
}

static void grant(simul_semaphore *semaphore)
{
    while (semaphore->_value > 0 && sm_waitlist_wake(waiters(semaphore), 0)) {
        semaphore->_value--;
        semaphore->_granted++;
    }
}

static void give_back(simul_semaphore *semaphore)
{
    semaphore->_granted--;
    semaphore->_value++;
    grant(semaphore);
}

/* Only when the loop closes is it one that was woken. */
static void left(struct sm_waitnode *node)
{
    if (sm_waitlist_woken(node))
        give_back((simul_semaphore *)node->wait.on);
}

static int wait_for(simul_semaphore *semaphore)
{
    int r = sm_waitlist_check(waiters(semaphore));
    if (r < 0)
        return r;
    struct sm_waitnode node;
    sm_waitlist_enter(waiters(semaphore), &node, "semaphore", semaphore, left);
    r = (int)sm_wait_suspend(&node.wait);
    if (r == 0) {
        semaphore->_granted--;
        grant(semaphore);
    } else if (sm_waitlist_woken(&node)) {
        give_back(semaphore);
    }
    return r;
}

int simul_semaphore_acquire(simul_semaphore *semaphore)
{
    int r = sm_checkpoint();
    if (sm_unlikely(r < 0))
        return r;
    if (sm_unlikely(semaphore->_value < 0))
        return -EINVAL;
    if (simul_semaphore_locked(semaphore))
        return wait_for(semaphore);
    semaphore->_value--;
    return 0;
}

int simul_semaphore_release(simul_semaphore *semaphore)
{
    if (sm_unlikely(semaphore->_value < 0))
        return -EINVAL;
    if (semaphore->_bounded && semaphore->_value >= semaphore->_bound)
        return -SIMUL_ESTATE;
    int r = sm_waitlist_check(waiters(semaphore));
    if (r < 0)
        return r;
    semaphore->_value++;
    grant(semaphore);
    return 0;
}

bool simul_semaphore_locked(const simul_semaphore *semaphore)
{
    return semaphore->_value <= 0 || semaphore->_granted > 0
           || !sm_waitlist_empty(waiters(semaphore));
}
