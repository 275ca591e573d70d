/* SPDX-License-Identifier: MIT */
/*
 * timeout(): a scope that cancels its task at a deadline (S25).
 *
 *     ENTERED --the hop runs--> EXPIRING --exit--> EXPIRED
 *         \------------exit--------------------> EXITED
 *
 * When the deadline passes, asyncio runs a callback in that pass, behind what was ready
 * before; so do we, through a *hop*: an entry in the ready ring that points back to the
 * scope. It lies in the loop's memory, since the scope may be left, and its stack used
 * for something else, while the hop is still in the ring.
 */
#include <math.h>

#include "base/sys.h"
#include "task/wait.h"

enum state { FAILED, ENTERED, EXPIRING, EXPIRED, EXITED };

struct timeout {
    struct sm_scope scope;
    struct sm_timer timer;
    struct timeout_hop *hop;
    double when;
    uint32_t baseline; /* cancelling() at enter */
    uint8_t state;
    bool foreign; /* a cancel was pending, or sticky, at enter: it is not ours */
    int error;    /* FAILED: why */
};

struct timeout_hop {
    struct sm_ready ready;
    struct timeout *owner; /* NULL: left meanwhile */
    bool queued;
    struct timeout_hop *next; /* in sched->hops */
};

/* ---- hops ---------------------------------------------------------------------------- */

static void hop_put(struct sm_sched *sched, struct timeout_hop *hop)
{
    hop->owner = NULL;
    hop->next = sched->hops;
    sched->hops = hop;
}

static void expire(struct timeout *t)
{
    t->state = EXPIRING;
    sm_task_cancel(t->scope.task);
}

static void hop_run(struct sm_ready *ready)
{
    struct timeout_hop *hop = sm_container_of(ready, struct timeout_hop, ready);
    hop->queued = false;
    if (hop->owner)
        expire(hop->owner);
    else
        hop_put(sm_sched_of(sm_running), hop);
}

static struct timeout_hop *hop_get(struct sm_sched *sched)
{
    struct timeout_hop *hop = sched->hops;
    if (hop) {
        sched->hops = hop->next;
        return hop;
    }
    if (sm_ring_reserve(&sched->loop.ready) < 0)
        return NULL;
    hop = sm_zalloc(sizeof *hop);
    if (!hop)
        sm_ring_unreserve(&sched->loop.ready);
    else
        hop->ready.run = hop_run;
    return hop;
}

void sm_hops_finish(struct sm_sched *sched)
{
    for (struct timeout_hop *hop = sched->hops, *next; hop; hop = next) {
        next = hop->next;
        sm_free(hop);
    }
    sched->hops = NULL;
}

static void queue_hop(struct timeout *t)
{
    t->hop->queued = true;
    sm_loop_ready(&t->scope.task->sched->loop, &t->hop->ready, SM_READY_INLINE);
}

static void fire(struct sm_timer *timer)
{
    queue_hop(sm_container_of(timer, struct timeout, timer));
}

static void disarm(struct timeout *t, struct sm_sched *sched)
{
    sm_timer_stop(&sched->loop.timers, &t->timer);
    t->hop->owner = NULL;
    if (!t->hop->queued)
        hop_put(sched, t->hop);
    t->hop = NULL;
}

/* ---- enter --------------------------------------------------------------------------- */

static int arm(struct timeout *t, struct simul_loop *loop)
{
    if (t->when > simul_loop_time(loop))
        return sm_timer_start(&loop->timers, &t->timer, t->when);
    queue_hop(t); /* asyncio: call_soon */
    return 0;
}

static void abandon(struct sm_scope *scope)
{
    struct timeout *t = sm_container_of(scope, struct timeout, scope);
    disarm(t, sm_sched_of(sm_running));
    t->state = EXITED;
}

static int start(struct timeout *t, double when, const char *where)
{
    struct simul_future *task = sm_current();
    if (!task)
        return -SIMUL_ENOTASK;
    if (isnan(when))
        return -EINVAL;
    t->hop = hop_get(task->sched);
    if (!t->hop)
        return -ENOMEM;
    t->hop->owner = t;
    t->when = when;
    t->timer = (struct sm_timer){.fire = fire};
    t->scope.task = task;
    int r = arm(t, &task->sched->loop);
    if (r < 0) {
        hop_put(task->sched, t->hop);
        return r;
    }

    t->baseline = task->cancels;
    t->foreign = task->must_cancel || sm_sticky(task);
    t->state = ENTERED;
    return sm_scope_enter(&t->scope, where, abandon);
}

int simul_timeout_enter_when(simul_timeout *public, double when, const char *where)
{
    _Static_assert(sizeof(struct timeout) <= sizeof *public,
                   "simul_timeout is too small");
    struct timeout *t = (struct timeout *)public;
    t->state = FAILED;
    t->when = INFINITY;
    t->error = start(t, when, where);
    return t->error;
}

int simul_timeout_enter_after(simul_timeout *public, double delay, const char *where)
{
    return simul_timeout_enter_when(public, simul_time() + delay, where);
}

/* ---- exit ---------------------------------------------------------------------------- */

/* Its own cancel was requested: was it delivered, and was it the only one? */
static ssize_t settle(struct timeout *t, struct simul_future *task, ssize_t r)
{
    bool ours = (uint32_t)simul_uncancel(task) <= t->baseline && !t->foreign;
    if (!sm_sticky(task)) {
        if (ours)
            task->must_cancel = false; /* never delivered, and nobody else asked */
        return r;
    }
    if (!ours)
        return -ECANCELED;
    sm_set_sticky(task, false);
    return -ETIMEDOUT;
}

ssize_t simul_timeout_exit(simul_timeout *public, ssize_t r)
{
    struct timeout *t = (struct timeout *)public;
    if (t->state == FAILED)
        return r >= 0 && t->error != -SIMUL_ENOTASK ? t->error : r;
    struct simul_future *task = t->scope.task;
    if (!task)
        return -SIMUL_ESCOPE; /* abandoned before */
    sm_scope_exit(&t->scope);
    disarm(t, task->sched);
    if (t->state != EXPIRING) {
        t->state = EXITED;
        return r;
    }
    t->state = EXPIRED;
    return settle(t, task, r);
}

/* ---- the rest ------------------------------------------------------------------------ */

int simul_timeout_reschedule(simul_timeout *public, double when)
{
    struct timeout *t = (struct timeout *)public;
    if (t->state != ENTERED || t->hop->queued)
        return -SIMUL_ESTATE;
    if (isnan(when))
        return -EINVAL;
    struct simul_loop *loop = &t->scope.task->sched->loop;
    double before = t->when;
    sm_timer_stop(&loop->timers, &t->timer);
    t->when = when;
    int r = arm(t, loop);
    if (r < 0) { /* cannot fail: the entry that was stopped makes room */
        t->when = before;
        sm_timer_start(&loop->timers, &t->timer, before);
    }
    return r;
}

double simul_timeout_when(const simul_timeout *public)
{
    return ((const struct timeout *)public)->when;
}

bool simul_timeout_expired(const simul_timeout *public)
{
    const struct timeout *t = (const struct timeout *)public;
    return t->state == EXPIRING || t->state == EXPIRED;
}
