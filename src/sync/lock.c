/* SPDX-License-Identifier: MIT */
/*
 * The lock.
 *
 *     FREE --acquire--> LOCKED --release, somebody waits--> GRANTED --he runs--> LOCKED
 *       ^-----release, nobody waits--+      ^--he was cancelled, the next one--+
 *
 * GRANTED is asyncio's time between release and the waiter's resumption: not locked, so that
 * a second release is an error, but nobody else's either.
 */
#include "sync/lock.h"

#include "sync/waitlist.h"

enum { FREE, LOCKED, GRANTED };

static struct sm_waitlist *waiters(const simul_lock *lock)
{
    return sm_waitlist_of(lock->_waiters);
}

static inline void pass_on(simul_lock *lock)
{
    lock->_state = sm_waitlist_wake(waiters(lock), 0) ? GRANTED : FREE;
}

/* Only when the loop closes is it one that was woken. */
static void left(struct sm_waitnode *node)
{
    if (sm_waitlist_woken(node))
        pass_on((simul_lock *)node->wait.on);
}

static int wait_for(simul_lock *lock)
{
    int r = sm_waitlist_check(waiters(lock));
    if (r < 0)
        return r;
    struct sm_waitnode node;
    sm_waitlist_enter(waiters(lock), &node, "lock", lock, left);
    r = (int)sm_wait_suspend(&node.wait);
    if (sm_likely(r == 0))
        lock->_state = LOCKED;
    else if (sm_waitlist_woken(&node))
        pass_on(lock);
    return r;
}

int simul_lock_acquire(simul_lock *lock)
{
    int r = sm_checkpoint();
    if (sm_unlikely(r < 0))
        return r;
    if (lock->_state != FREE)
        return wait_for(lock);
    lock->_state = LOCKED;
    return 0;
}

/* Completion wins over a cancel that comes between (wait.h, C3). */
void sm_lock_take(simul_lock *lock)
{
    if (lock->_state != FREE) {
        struct sm_waitnode node;
        sm_waitlist_enter(waiters(lock), &node, "lock", lock, left);
        node.wait.keeps = node.stays = true;
        sm_wait_suspend(&node.wait);
    }
    lock->_state = LOCKED;
}

int simul_lock_release(simul_lock *lock)
{
    if (sm_unlikely(lock->_state != LOCKED))
        return -SIMUL_ESTATE;
    int r = sm_waitlist_check(waiters(lock));
    if (sm_likely(r == 0))
        pass_on(lock);
    return r;
}

bool simul_lock_locked(const simul_lock *lock)
{
    return lock->_state == LOCKED;
}
