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

enum state { OUTSIDE, ENTERED, EXPIRING, EXPIRED, EXITED };

struct timeout {
    struct sm_scope scope;
    struct timeout_hop *hop; /* NULL: none, see error */
    double when;
    uint32_t baseline; /* cancelling() at enter */
    uint8_t state;
    bool foreign; /* a cancel was pending, or sticky, at enter: it is not ours */
    int error;    /* why it has no deadline: instead it has expired at once */
};

struct timeout_hop {
    struct sm_ready ready;
    struct sm_timer timer;
    struct sm_sched *sched;
    struct timeout *owner;     /* NULL: left meanwhile */
    struct simul_future *task; /* the owner's */
    bool queued, due; /* in the ring; and is to expire the owner when its turn comes */
    struct timeout_hop *next; /* in sched->hops */
    struct timeout_hop *next_of_all;
};

/* ---- hops ---------------------------------------------------------------------------- */

static void hop_put(struct sm_sched *sched, struct timeout_hop *hop)
{
    hop->owner = NULL;
    hop->next = sched->hops;
    sched->hops = hop;
}

/* The scope may have been left early, and its memory be somebody else's. */
static __attribute__((no_sanitize_address)) bool
still_there(const struct timeout_hop *hop)
{
    const struct timeout *t = hop->owner;
    return t && sm_scope_intact(&t->scope, hop->task) && t->hop == hop;
}

static void expire(struct timeout *t)
{
    t->state = EXPIRING;
    sm_task_cancel(t->scope.task);
}

static void hop_run(struct sm_ready *ready)
{
    struct timeout_hop *hop = sm_container_of(ready, struct timeout_hop, ready);
    bool due = hop->due;
    hop->queued = hop->due = false;
    if (!hop->owner)
        hop_put(hop->sched, hop);
    else if (due && still_there(hop))
        expire(hop->owner);
}

static void queue(struct timeout_hop *hop)
{
    hop->due = true;
    if (!hop->queued)
        sm_loop_ready(&hop->sched->loop, &hop->ready, SM_READY_INLINE);
    hop->queued = true;
}

static void fire(struct sm_timer *timer)
{
    queue(sm_container_of(timer, struct timeout_hop, timer));
}

static struct timeout_hop *hop_new(struct sm_sched *sched)
{
    if (sm_ring_reserve(&sched->loop.ready) < 0)
        return NULL;
    struct timeout_hop *hop = sm_zalloc(sizeof *hop);
    if (!hop) {
        sm_ring_unreserve(&sched->loop.ready);
        return NULL;
    }
    hop->ready.run = hop_run;
    hop->sched = sched;
    hop->next_of_all = sched->all_hops;
    sched->all_hops = hop;
    return hop;
}

static struct timeout_hop *hop_get(struct sm_sched *sched)
{
    struct timeout_hop *hop = sched->hops;
    if (hop)
        sched->hops = hop->next;
    else
        hop = hop_new(sched);
    return hop;
}

void sm_hops_finish(struct sm_sched *sched)
{
    for (struct timeout_hop *hop = sched->all_hops, *next; hop; hop = next) {
        next = hop->next_of_all;
        sm_free(hop);
    }
    sched->hops = sched->all_hops = NULL;
}

static void stop(struct timeout_hop *hop)
{
    sm_timer_stop(&hop->sched->loop.timers, &hop->timer);
    hop->due = false;
}

static void disarm(struct timeout_hop *hop)
{
    stop(hop);
    hop->owner = NULL;
    if (!hop->queued)
        hop_put(hop->sched, hop); /* else hop_run() does */
}

/* ---- enter --------------------------------------------------------------------------- */

static int arm(struct timeout_hop *hop, double when)
{
    struct simul_loop *loop = &hop->sched->loop;
    if (when > simul_loop_time(loop))
        return sm_timer_start(&loop->timers, &hop->timer, when);
    queue(hop); /* asyncio: call_soon */
    return 0;
}

/* Our pointer to the hop cannot be trusted any more; the hop's to us can. */
static void abandon(struct sm_scope *scope, struct simul_future *task)
{
    struct timeout *t = sm_container_of(scope, struct timeout, scope);
    struct timeout_hop *hop = task->sched->all_hops;
    while (hop && hop->owner != t)
        hop = hop->next_of_all;
    if (hop)
        disarm(hop);
}

static int start(struct timeout *t, struct simul_future *task)
{
    if (isnan(t->when))
        return -EINVAL;
    struct timeout_hop *hop = hop_get(task->sched);
    if (!hop)
        return -ENOMEM;
    hop->owner = t;
    hop->task = task;
    hop->timer = (struct sm_timer){.fire = fire};
    int r = arm(hop, t->when);
    if (r < 0)
        hop_put(task->sched, hop);
    else
        t->hop = hop;
    return r;
}

static int enter(struct timeout *t, double when, const char *where, const void *frame)
{
    int r = sm_scope_enter(&t->scope, sizeof *t, where, abandon, frame);
    struct simul_future *task = t->scope.task;
    t->state = OUTSIDE;
    t->when = INFINITY;
    t->hop = NULL;
    if (r < 0)
        return r;
    t->state = ENTERED;
    t->when = when;
    t->baseline = task->cancels;
    t->foreign = task->must_cancel || sm_sticky(task);
    t->error = start(t, task);
    if (t->error < 0)
        expire(t); /* better than to wait without a limit */
    return t->error;
}

int simul_timeout_enter_when(simul_timeout *public, double when, const char *where)
{
    _Static_assert(sizeof(struct timeout) <= sizeof *public,
                   "simul_timeout is too small");
    return enter((struct timeout *)public, when, where, __builtin_frame_address(0));
}

int simul_timeout_enter_after(simul_timeout *public, double delay, const char *where)
{
    return enter((struct timeout *)public, simul_time() + delay, where,
                 __builtin_frame_address(0));
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
    return t->error < 0 ? t->error : -ETIMEDOUT;
}

ssize_t simul_timeout_exit(simul_timeout *public, ssize_t r)
{
    struct timeout *t = (struct timeout *)public;
    if (t->state == OUTSIDE)
        return r;
    struct simul_future *task = t->scope.task;
    if (!task)
        return -SIMUL_ESCOPE; /* left before, or abandoned */
    sm_scope_exit(&t->scope);
    if (t->hop)
        disarm(t->hop);
    t->hop = NULL;
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
    if (t->state != ENTERED)
        return -SIMUL_ESTATE;
    if (isnan(when))
        return -EINVAL;
    stop(t->hop);
    int r = arm(t->hop, when);
    if (r < 0)
        arm(t->hop, t->when); /* the entry that was stopped makes room */
    else
        t->when = when;
    return r;
}

double simul_timeout_when(const simul_timeout *public)
{
    return ((const struct timeout *)public)->when;
}

bool simul_timeout_expired(const simul_timeout *public)
{
    const struct timeout *t = (const struct timeout *)public;
    return (t->state == EXPIRING || t->state == EXPIRED) && t->error == 0;
}
