/* SPDX-License-Identifier: MIT */
/*
 * timeout(): a scope that cancels its task at a deadline (S25).
 *
 *     ENTERED --its turn in the ring--> EXPIRING --exit--> EXPIRED
 *         \------------exit-----------------------------> EXITED
 *
 * When the deadline passes, asyncio runs a callback in that pass, behind what was ready
 * before; so do we, through an entry in the ready ring. It may still be there when the
 * scope is left: then it puts the block back.
 */
#include <math.h>

#include "base/sys.h"
#include "task/wait.h"

enum state { OUTSIDE, FAILED, ENTERED, EXPIRING, EXPIRED, EXITED };

struct timeout { /* the user's */
    struct sm_anchor anchor;
    double when;       /* outside */
    uint8_t state;     /* outside */
    bool foreign;      /* a cancel was pending, or sticky, at enter: it is not ours */
    uint32_t baseline; /* cancelling() at enter */
    int error;         /* FAILED: why; the task was cancelled at once */
};

struct timeout_scope {
    struct sm_scope scope;
    struct sm_timer timer;
    struct sm_ready ready;
    double when;
    struct sm_sched *sched;
    bool expiring;
    bool queued, due, left; /* in the ring; and is to expire then; or only to be put */
};

static struct timeout_scope *scope_of(const struct timeout *t)
{
    return (struct timeout_scope *)sm_scope_of(&t->anchor);
}

/* ---- the deadline -------------------------------------------------------------------- */

static void put(struct timeout_scope *s)
{
    sm_ring_unreserve(&s->sched->loop.ready);
    sm_scope_put(s->sched, &s->scope);
}

static void its_turn(struct sm_ready *ready)
{
    struct timeout_scope *s = sm_container_of(ready, struct timeout_scope, ready);
    bool due = s->due;
    s->queued = s->due = false;
    if (s->left) {
        put(s);
    } else if (due) {
        s->expiring = true;
        simul_cancel(s->scope.task);
    }
}

static void queue(struct timeout_scope *s)
{
    s->due = true;
    if (!s->queued)
        sm_loop_ready(&s->sched->loop, &s->ready, SM_READY_INLINE);
    s->queued = true;
}

static void fire(struct sm_timer *timer)
{
    queue(sm_container_of(timer, struct timeout_scope, timer));
}

static int arm(struct timeout_scope *s, double when)
{
    struct simul_loop *loop = &s->sched->loop;
    if (when > simul_loop_time(loop))
        return sm_timer_start(&loop->timers, &s->timer, when);
    queue(s); /* asyncio: call_soon */
    return 0;
}

static void disarm(struct timeout_scope *s)
{
    sm_timer_stop(&s->sched->loop.timers, &s->timer);
    s->due = false;
}

static void leave(struct timeout_scope *s)
{
    disarm(s);
    s->left = true;
    if (!s->queued)
        put(s);
}

static void abandon(struct sm_scope *scope)
{
    leave(sm_container_of(scope, struct timeout_scope, scope));
}

/* ---- enter --------------------------------------------------------------------------- */

static int start(struct timeout_scope *s, struct sm_sched *sched, double when)
{
    s->sched = sched;
    s->when = when;
    s->timer = (struct sm_timer){.fire = fire};
    s->ready.run = its_turn;
    s->expiring = s->queued = s->due = s->left = false;
    if (isnan(when))
        return -EINVAL;
    int r = sm_ring_reserve(&sched->loop.ready);
    if (r < 0)
        return r;
    r = arm(s, when);
    if (r < 0)
        sm_ring_unreserve(&sched->loop.ready);
    return r;
}

/* Better to be interrupted at once than to wait without a limit. */
static int failed(struct timeout *t, struct simul_future *task, int error)
{
    struct sm_scope *scope = sm_scope_of(&t->anchor);
    sm_scope_exit(&t->anchor);
    if (scope)
        sm_scope_put(task->sched, scope);
    t->anchor.task = task;
    t->state = FAILED;
    t->when = INFINITY;
    t->error = error;
    sm_task_cancel(task);
    return error;
}

static int enter(struct timeout *t, double when, const char *where, const void *frame)
{
    _Static_assert(sizeof(struct timeout_scope) <= SM_SCOPE_BLOCK, "it needs a block");
    int r = sm_scope_enter(&t->anchor, sizeof *t, where, abandon, frame);
    struct simul_future *task = t->anchor.task;
    t->state = OUTSIDE;
    t->when = INFINITY;
    if (!task)
        return r;
    t->baseline = task->cancels;
    t->foreign = task->must_cancel || sm_sticky(task);
    t->error = 0;
    if (r == 0)
        r = start((struct timeout_scope *)t->anchor.scope, task->sched, when);
    if (r < 0)
        return failed(t, task, r);
    t->state = ENTERED;
    return 0;
}

int simul_timeout_enter_when(simul_timeout *public, double when, const char *where)
{
    _Static_assert(sizeof(struct timeout) <= sizeof *public,
                   "simul_timeout is too small");
    return enter((struct timeout *)public, when, where, sm_frame());
}

int simul_timeout_enter_after(simul_timeout *public, double delay, const char *where)
{
    return enter((struct timeout *)public, simul_time() + delay, where, sm_frame());
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

/* True if it had expired. */
static bool close(struct timeout *t, struct timeout_scope *s)
{
    bool expired = s->expiring;
    t->when = s->when;
    t->state = expired ? EXPIRED : EXITED;
    sm_scope_exit(&t->anchor);
    leave(s);
    return expired;
}

ssize_t simul_timeout_exit(simul_timeout *public, ssize_t r)
{
    struct timeout *t = (struct timeout *)public;
    struct simul_future *task = t->anchor.task;
    struct timeout_scope *s = scope_of(t);
    if (t->state == OUTSIDE)
        return r;
    if (t->state == FAILED) {
        t->anchor.task = NULL;
        t->state = EXITED;
        return settle(t, task, r);
    }
    if (!s)
        return -SIMUL_ESCOPE; /* left before, or abandoned */
    return close(t, s) ? settle(t, task, r) : r;
}

/* ---- the rest ------------------------------------------------------------------------ */

int simul_timeout_reschedule(simul_timeout *public, double when)
{
    struct timeout *t = (struct timeout *)public;
    struct timeout_scope *s = t->state == ENTERED ? scope_of(t) : NULL;
    if (!s || s->expiring)
        return -SIMUL_ESTATE;
    if (isnan(when))
        return -EINVAL;
    disarm(s);
    int r = arm(s, when);
    if (r < 0)
        arm(s, s->when); /* the entry that was stopped makes room */
    else
        s->when = when;
    return r;
}

double simul_timeout_when(const simul_timeout *public)
{
    const struct timeout *t = (const struct timeout *)public;
    const struct timeout_scope *s = t->state == ENTERED ? scope_of(t) : NULL;
    return s ? s->when : t->when;
}

bool simul_timeout_expired(const simul_timeout *public)
{
    const struct timeout *t = (const struct timeout *)public;
    const struct timeout_scope *s = t->state == ENTERED ? scope_of(t) : NULL;
    return s ? s->expiring : t->state == EXPIRED;
}
