/* SPDX-License-Identifier: MIT */
/* The condition: who waits here holds no lock, who returns does. */
#include <limits.h>

#include "sync/lock.h"
#include "sync/waitlist.h"

static struct sm_waitlist *waiters(const simul_condition *condition)
{
    return sm_waitlist_of(condition->_waiters);
}

static simul_lock *lock_of(const simul_condition *condition)
{
    return condition->_lock ? condition->_lock : (simul_lock *)&condition->_own;
}

int simul_condition_acquire(simul_condition *condition)
{
    return simul_lock_acquire(lock_of(condition));
}

int simul_condition_release(simul_condition *condition)
{
    return simul_lock_release(lock_of(condition));
}

bool simul_condition_locked(const simul_condition *condition)
{
    return simul_lock_locked(lock_of(condition));
}

/* Only when the loop closes is it one that was notified. */
static void left(struct sm_waitnode *node)
{
    if (sm_waitlist_woken(node))
        sm_waitlist_wake(node->list, 0);
}

/* All cancels that came, while waiting and while taking the lock again, are one; and a
 * notification that reached somebody who cannot use it is for the next one (S29). */
static int wait_unlocked(simul_condition *condition)
{
    struct sm_waitnode node;
    sm_waitlist_enter(waiters(condition), &node, "condition", condition, left);
    int r = (int)sm_wait_suspend(&node.wait);
    sm_lock_take(lock_of(condition));
    if (sm_cancel_deliver(node.wait.task) < 0)
        r = -ECANCELED;
    if (r < 0 && sm_waitlist_woken(&node))
        sm_waitlist_wake(waiters(condition), 0);
    return r;
}

int simul_condition_wait(simul_condition *condition)
{
    int r = sm_checkpoint();
    if (r == 0)
        r = sm_waitlist_check(waiters(condition));
    if (r == 0)
        r = simul_lock_release(lock_of(condition));
    return r < 0 ? r : wait_unlocked(condition);
}

int simul_condition_wait_for(simul_condition *condition, simul_predicate_fn *predicate,
                             void *arg)
{
    int r = sm_checkpoint(), result;
    if (r < 0)
        return r;
    while ((result = predicate(arg)) == 0) {
        r = simul_condition_wait(condition);
        if (r < 0)
            return r;
    }
    return result;
}

int simul_condition_notify(simul_condition *condition, int n)
{
    if (!simul_condition_locked(condition))
        return -SIMUL_ESTATE;
    int r = sm_waitlist_check(waiters(condition)), woken = 0;
    if (r < 0)
        return r;
    while (woken < n && sm_waitlist_wake(waiters(condition), 0))
        woken++;
    return woken;
}

int simul_condition_notify_all(simul_condition *condition)
{
    return simul_condition_notify(condition, INT_MAX);
}
