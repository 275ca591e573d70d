/* SPDX-License-Identifier: MIT */
/*
 * Locks and their kind, between the tasks of one loop. (asyncio: the page "Synchronization
 * Primitives".)
 *
 * All are plain structs which need no memory, no init and no free: zeroed, or written with
 * the macro that stands behind the type, they are ready. Their fields are private, and while
 * a task waits at one it must neither move nor go away: a task that is cancelled and finds
 * that it has, reports so instead of writing there.
 *
 *     simul_lock lock = {0};
 *     simul_semaphore permits = SIMUL_SEMAPHORE(10);
 *     …
 *     permits = (simul_semaphore)SIMUL_SEMAPHORE(n);
 *
 * Tasks are served in the order in which they came. Nobody overtakes: who has been woken has
 * what he waited for, although he runs later. A call that returns -ECANCELED has done nothing;
 * what it was given in that same turn goes on to the next one.
 *
 * No function here takes a time limit: simul_within(0.5, simul_lock_acquire(&lock)).
 *
 * Threads: the loop's own. While a task of one loop waits at a primitive, another thread's
 * loop gets -EXDEV from it.
 */
#ifndef SIMUL_SYNC_H
#define SIMUL_SYNC_H

#include <simul/error.h>
#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- lock --------------------------------------------------------------------------- */

/** A mutual exclusion between tasks; not owned, not re-entrant. Zeroed: free. */
typedef struct simul_lock {
    void *_waiters[2];
    int _state;
} simul_lock;

/**
 * Take the lock; wait until it is free.
 *
 * A task that holds it and asks again waits for itself.
 *
 * @return  0
 * @error -ECANCELED      the task was cancelled; it does not hold the lock
 * @error -EXDEV          tasks of another loop wait for it
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if not free
 * asyncio:  Lock.acquire()
 */
SIMUL_API int simul_lock_acquire(simul_lock *lock);

/**
 * Give the lock back; any task may. The one that has waited longest gets it: until it
 * runs the lock is not locked, but nobody else can take it.
 *
 * @return  0
 * @error -SIMUL_ESTATE  it is not locked
 * @error -EXDEV         tasks of another loop wait for it
 *
 * Awaits:   never
 * asyncio:  Lock.release()
 */
SIMUL_API int simul_lock_release(simul_lock *lock);

/** Whether somebody holds it. asyncio: Lock.locked() */
SIMUL_API bool simul_lock_locked(const simul_lock *lock);

/* ---- event -------------------------------------------------------------------------- */

/** A flag that tasks wait for. Zeroed: not set. */
typedef struct simul_event {
    void *_waiters[2];
    bool _set;
} simul_event;

/**
 * Wait until the event is set; return at once if it is.
 *
 * @return  0
 * @error -ECANCELED      the task was cancelled while waiting; nothing has changed
 * @error -EXDEV          tasks of another loop wait for it
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if not set
 * asyncio:  Event.wait()
 */
SIMUL_API int simul_event_wait(simul_event *event);

/**
 * Set it. All who wait now are woken, even if it is cleared before they run.
 *
 * @return  0
 * @error -EXDEV  tasks of another loop wait for it; nothing has changed
 *
 * Awaits:   never
 * asyncio:  Event.set()
 */
SIMUL_API int simul_event_set(simul_event *event);

/** Not set any more. asyncio: Event.clear() */
SIMUL_API void simul_event_clear(simul_event *event);

/** Whether it is set. asyncio: Event.is_set() */
SIMUL_API bool simul_event_is_set(const simul_event *event);

/* ---- condition ---------------------------------------------------------------------- */

/** A lock, and waiting until its holder says that something has changed. Zeroed: with a lock
 *  of its own. */
typedef struct simul_condition {
    simul_lock _own;
    simul_lock *_lock;
    void *_waiters[2];
} simul_condition;

/* clang-format off */
/** A condition over a lock that others use, too; it must live as long. */
#define SIMUL_CONDITION(lock) {{{NULL, NULL}, 0}, (lock), {NULL, NULL}}
/* clang-format on */

/** Take its lock: as simul_lock_acquire(). asyncio: Condition.acquire() */
SIMUL_API int simul_condition_acquire(simul_condition *condition);

/** Give its lock back: as simul_lock_release(). asyncio: Condition.release() */
SIMUL_API int simul_condition_release(simul_condition *condition);

/** Whether somebody holds its lock. asyncio: Condition.locked() */
SIMUL_API bool simul_condition_locked(const simul_condition *condition);

/**
 * Give the lock back, wait for a notification, take the lock again.
 *
 * The lock is held when this returns, also after an error: taking it again is a cleanup
 * scope in itself, which a cancel does not interrupt. A cancel that comes meanwhile is
 * delivered at its end, and the notification goes on to the next who waits.
 *
 * @return  0
 * @error -SIMUL_ESTATE   the lock is not locked
 * @error -ECANCELED      the task was cancelled; the lock is held
 * @error -EXDEV          tasks of another loop wait here
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   always
 * asyncio:  Condition.wait()
 */
SIMUL_API int simul_condition_wait(simul_condition *condition);

/** Says whether to go on: 0 to wait on, anything else to return it; errors are < 0. Called
 *  with the lock held; must not wait. */
typedef int simul_predicate_fn(void *arg);

/**
 * Wait until a predicate holds: it is asked first, and after each notification.
 *
 * @param predicate  not 0 ends the waiting
 * @param arg        passed on to it
 * @return           what the predicate returned, or an error of simul_condition_wait()
 *
 * Awaits:   unless it holds at once
 * asyncio:  Condition.wait_for()
 */
SIMUL_API int simul_condition_wait_for(simul_condition *condition,
                                       simul_predicate_fn *predicate, void *arg);

/**
 * Wake up to n of those who wait, those first who came first. They go on when they get the
 * lock, which the caller still holds.
 *
 * @return  how many
 * @error -SIMUL_ESTATE  the lock is not locked
 * @error -EXDEV         tasks of another loop wait here
 *
 * Awaits:   never
 * asyncio:  Condition.notify(n)
 */
SIMUL_API int simul_condition_notify(simul_condition *condition, int n);

/** Wake all: as simul_condition_notify(). asyncio: Condition.notify_all() */
SIMUL_API int simul_condition_notify_all(simul_condition *condition);

/* ---- semaphore ---------------------------------------------------------------------- */

/** A number of permits. Zeroed: none yet. */
typedef struct simul_semaphore {
    long _value, _bound;
    bool _bounded;
    unsigned _granted;
    void *_waiters[2];
} simul_semaphore;

/* clang-format off */
/** With n permits to begin with. */
#define SIMUL_SEMAPHORE(n) {(n), 0, false, 0, {NULL, NULL}}
/* clang-format on */

/* clang-format off */
/** The same, and it is an error to give back more than were taken. asyncio:
 *  BoundedSemaphore */
#define SIMUL_BOUNDED_SEMAPHORE(n) {(n), (n), true, 0, {NULL, NULL}}
/* clang-format on */

/**
 * Take a permit; wait until there is one.
 *
 * @return  0
 * @error -ECANCELED      the task was cancelled; it has no permit
 * @error -EINVAL         it was made with less than no permits
 * @error -EXDEV          tasks of another loop wait for it
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if simul_semaphore_locked()
 * asyncio:  Semaphore.acquire()
 */
SIMUL_API int simul_semaphore_acquire(simul_semaphore *semaphore);

/**
 * Give a permit back, or add one. The one that has waited longest has it from then on.
 *
 * @return  0
 * @error -SIMUL_ESTATE  it is bounded and has all its permits
 * @error -EINVAL        it was made with less than no permits
 * @error -EXDEV         tasks of another loop wait for it
 *
 * Awaits:   never
 * asyncio:  Semaphore.release()
 */
SIMUL_API int simul_semaphore_release(simul_semaphore *semaphore);

/** Whether acquire would wait: no permit is left, or others come first. asyncio:
 *  Semaphore.locked() */
SIMUL_API bool simul_semaphore_locked(const simul_semaphore *semaphore);

/* ---- barrier ------------------------------------------------------------------------ */

/** A place where a number of tasks wait for each other, again and again. */
typedef struct simul_barrier {
    int _parties, _count;
    bool _broken;
    void *_waiters[2];
} simul_barrier;

/* clang-format off */
/** For n parties; n >= 1. */
#define SIMUL_BARRIER(n) {(n), 0, false, {NULL, NULL}}
/* clang-format on */

/**
 * Wait until all parties have come. Then the next round begins, at once.
 *
 * A task that is cancelled before has not come. One that is cancelled after the last has come,
 * but has not run since, has been let through: it gets its number, and the cancel is delivered
 * at its next wait.
 *
 * @return  0 … parties - 1, a different number for each of a round, in order of arrival
 * @error -SIMUL_EBARRIER  the barrier is broken, or was reset while the task waited
 * @error -ECANCELED       the task was cancelled
 * @error -EINVAL          it was made for less than one
 * @error -EXDEV           tasks of another loop wait here
 * @error -SIMUL_ENOTASK   called outside of a task
 *
 * Awaits:   unless the caller is the last one
 * asyncio:  Barrier.wait()
 */
SIMUL_API int simul_barrier_wait(simul_barrier *barrier);

/**
 * Begin again, empty: who waits gets -SIMUL_EBARRIER. A broken barrier is whole afterwards.
 *
 * @return  0
 * @error -EXDEV  tasks of another loop wait here
 *
 * Awaits:   never
 * asyncio:  Barrier.reset()
 */
SIMUL_API int simul_barrier_reset(simul_barrier *barrier);

/**
 * Break it: who waits, and who comes until it is reset, gets -SIMUL_EBARRIER.
 *
 * @return  0
 * @error -EXDEV  tasks of another loop wait here
 *
 * Awaits:   never
 * asyncio:  Barrier.abort()
 */
SIMUL_API int simul_barrier_abort(simul_barrier *barrier);

/** How many it is for. asyncio: Barrier.parties */
SIMUL_API int simul_barrier_parties(const simul_barrier *barrier);

/** How many have come and wait. asyncio: Barrier.n_waiting */
SIMUL_API int simul_barrier_n_waiting(const simul_barrier *barrier);

/** Whether it was aborted. asyncio: Barrier.broken */
SIMUL_API bool simul_barrier_broken(const simul_barrier *barrier);

#ifdef __cplusplus
}
#endif

#endif
