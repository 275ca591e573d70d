/* SPDX-License-Identifier: MIT */
/*
 * gather(): one core that counts, and two ways to hear of its end: a wait on the stack of
 * the task (simul_gather, which allocates nothing), or a future (simul_gather_future).
 *
 *  G1. left counts the futures (with repetition) whose end was not yet seen.
 *  G2. It ends when left is 0; or at the first error, unless errors are to be returned, or
 *      a cancel was passed on to the children: then all are waited for (S20).
 *  G3. If what is done before it begins is enough for that, nobody waits.
 */
#include "base/sys.h"
#include "task/graph.h"
#include "task/task.h"
#include "task/wait.h"

struct gather {
    struct simul_future **futures;
    size_t n, left;
    int flags;
    int error; /* the first */
    struct simul_future *failed;
    bool cancelled; /* a cancel was passed on */
    bool ended;
    void (*end)(struct gather *gather, int result);
};

static void stop(struct gather *g)
{
    g->ended = true;
    sm_unwatch_all(g->futures, g->n, g);
}

static void end_gather(struct gather *g, int result)
{
    stop(g);
    g->end(g, result);
}

static void see(struct gather *g, struct simul_future *future)
{
    g->left--;
    if (future->result < 0 && !g->error) {
        g->error = future->result;
        g->failed = future;
    }
}

/* G2 */
static bool is_over(const struct gather *g)
{
    bool early = g->error && !(g->flags & SIMUL_RETURN_EXCEPTIONS) && !g->cancelled;
    return g->left == 0 || early;
}

static int end_of(const struct gather *g)
{
    if (g->cancelled)
        return -ECANCELED;
    return g->flags & SIMUL_RETURN_EXCEPTIONS ? 0 : g->error;
}

static void fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct gather *g = waiter->owner;
    sm_waiter_give(future, waiter);
    see(g, future);
    if (!g->ended && is_over(g))
        end_gather(g, end_of(g));
}

static bool cancel_all(struct gather *g, const char *message)
{
    bool any = false;
    for (size_t i = 0; i < g->n; i++)
        if (g->futures[i] && !sm_future_done(g->futures[i]))
            any |= simul_cancel_msg(g->futures[i], message);
    return any;
}

/* A gather over a task that could not be made: the others are cancelled and awaited. */
static void check_null(struct gather *g)
{
    for (size_t i = 0; i < g->n && !g->error; i++)
        if (!g->futures[i])
            g->error = -ENOMEM;
    if (!g->error)
        return;
    cancel_all(g, NULL);
    g->flags |= SIMUL_RETURN_EXCEPTIONS; /* wait for all … */
}

/* 0 if it is under way, or has ended (G3); or -errno. */
static int begin(struct gather *g)
{
    check_null(g);
    int r = sm_watch_all(g->futures, g->n, fire, g);
    if (r < 0)
        return r;
    for (size_t i = 0; i < g->n; i++) {
        if (!g->futures[i])
            g->left--;
        else if (sm_future_done(g->futures[i]))
            see(g, g->futures[i]);
    }
    if (is_over(g))
        stop(g);
    return 0;
}

static int result_of(struct gather *g, int result)
{
    bool had_null = g->error == -ENOMEM && !g->failed;
    if (had_null && result >= 0)
        return -ENOMEM;
    if (result < 0 && g->failed && result == g->error)
        g->failed->asked = true;
    return result;
}

/* ---- awaited at once ----------------------------------------------------------------- */

static void ref_all(struct simul_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (futures[i])
            sm_future_ref(futures[i]);
}

static void unref_all(struct simul_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (futures[i])
            sm_future_unref(futures[i]);
}

struct gather_wait {
    struct gather core;
    struct sm_wait wait;
};

static void wait_end(struct gather *g, int result)
{
    struct gather_wait *w = sm_container_of(g, struct gather_wait, core);
    sm_wait_finish_soon(&w->wait, result);
}

/* C6 */
static bool wait_close(struct gather *g)
{
    if (!g->ended)
        sm_unwatch_all(g->futures, g->n, g);
    unref_all(g->futures, g->n);
    return false;
}

static bool wait_abort(struct sm_wait *wait)
{
    struct gather_wait *w = sm_container_of(wait, struct gather_wait, wait);
    if (wait->task->sched->loop.closed)
        return wait_close(&w->core);
    if (w->core.ended) { /* only its hop is outstanding */
        cancel_all(&w->core, sm_cancel_text(wait->task));
        return false;
    }
    w->core.cancelled = true;
    if (!cancel_all(&w->core, sm_cancel_text(wait->task))) /* C1 */
        end_gather(&w->core, -ECANCELED);
    return true;
}

int simul_gather(simul_future **futures, size_t n, int flags)
{
    int r = sm_checkpoint();
    if (r < 0 || n == 0)
        return r;
    struct simul_future *task = sm_current();
    if (sm_any_foreign(futures, n, task->sched))
        return -EXDEV;
    for (size_t i = 0; i < n; i++)
        if (futures[i] == task)
            return -EDEADLK;

    struct gather_wait w = {
        .core = {
            .futures = futures, .n = n, .left = n, .flags = flags, .end = wait_end}};
    sm_wait_prepare(&w.wait, "gather", wait_abort);
    w.wait.holds = true;
    ref_all(futures, n);
    r = begin(&w.core);
    if (r == 0) {
        r = w.core.ended ? end_of(&w.core) : (int)sm_wait_suspend(&w.wait);
        if (!w.core.ended)
            sm_unwatch_all(futures, n, &w.core);
        r = result_of(&w.core, r);
        if (r < 0 && w.core.failed && r == w.core.error)
            sm_pass_message(task, w.core.failed);
    }
    unref_all(futures, n);
    return r;
}

/* ---- as a future --------------------------------------------------------------------- */

struct gather_future {
    struct gather core;
    struct sm_closable closable;
    struct sm_ready hop;
    struct simul_future *outer; /* held until the end */
    int result;
    struct simul_future *futures[]; /* held */
};

static void future_free(struct gather_future *gf)
{
    sm_list_remove(&gf->closable.link);
    unref_all(gf->core.futures, gf->core.n);
    sm_ring_unreserve(&gf->outer->sched->loop.ready);
    sm_future_unref(gf->outer);
    sm_free(gf);
}

static void future_hop(struct sm_ready *ready)
{
    struct gather_future *gf = sm_container_of(ready, struct gather_future, hop);
    int r = result_of(&gf->core, gf->result);
    gf->outer->on_cancel = NULL;
    if (!sm_future_done(gf->outer)) {
        if (r < 0 && gf->core.failed && r == gf->core.error)
            sm_pass_message(gf->outer, gf->core.failed);
        if (r < 0 && gf->outer->extra)
            sm_keep_message(gf->outer, r);
        sm_future_finish(gf->outer, r == -ECANCELED ? SM_CANCELLED : SM_FINISHED, r);
    }
    future_free(gf);
}

static void future_end(struct gather *g, int result)
{
    struct gather_future *gf = sm_container_of(g, struct gather_future, core);
    gf->result = result;
    gf->outer->ending = true;
    sm_loop_ready(&gf->outer->sched->loop, &gf->hop, SM_READY_INLINE);
}

/* The loop closes: outer stays as it is. */
static void future_drop(struct sm_closable *closable)
{
    struct gather_future *gf =
        sm_container_of(closable, struct gather_future, closable);
    gf->outer->on_cancel = NULL;
    if (!gf->core.ended)
        sm_unwatch_all(gf->futures, gf->core.n, &gf->core);
    future_free(gf);
}

static bool future_cancel(struct simul_future *outer)
{
    struct gather_future *gf = outer->arg;
    bool before = gf->core.cancelled;
    gf->core.cancelled = true;
    bool any = cancel_all(&gf->core, sm_cancel_text(outer));
    gf->core.cancelled = any || before;
    return any;
}

static struct gather_future *future_new(struct simul_loop *loop, size_t n)
{
    struct gather_future *gf =
        sm_zalloc(sizeof *gf + n * sizeof(struct simul_future *));
    if (!gf)
        return NULL;
    if (sm_ring_reserve(&loop->ready) < 0)
        goto free_it;
    gf->outer = simul_loop_create_future(loop);
    if (!gf->outer)
        goto unreserve;
    return gf;
unreserve:
    sm_ring_unreserve(&loop->ready);
free_it:
    sm_free(gf);
    return NULL;
}

simul_future *simul_gather_future(simul_future **futures, size_t n, int flags)
{
    struct simul_loop *loop = sm_running;
    if (!loop || sm_any_foreign(futures, n, sm_sched_of(loop)))
        return NULL;
    struct gather_future *gf = future_new(loop, n);
    if (!gf)
        return NULL;
    for (size_t i = 0; i < n; i++)
        gf->futures[i] = futures[i];
    gf->core = (struct gather){
        .futures = gf->futures, .n = n, .left = n, .flags = flags, .end = future_end};
    gf->hop.run = future_hop;
    gf->closable.drop = future_drop;
    sm_list_push(&sm_sched_of(loop)->closables, &gf->closable.link);
    gf->outer->arg = gf;
    gf->outer->on_cancel = future_cancel;
    ref_all(gf->futures, n);

    struct simul_future *outer = gf->outer;
    sm_future_ref(outer); /* the caller's */
    if (begin(&gf->core) == 0) {
        if (gf->core.ended) { /* G3 */
            gf->result = end_of(&gf->core);
            future_hop(&gf->hop);
        }
        return outer;
    }
    outer->on_cancel = NULL;
    future_free(gf);
    sm_future_unref(outer);
    return NULL;
}

/* ---- for the call graph ---------------------------------------------------------------- */

struct simul_future *sm_gather_awaiter(struct sm_waiter *waiter)
{
    struct gather *g = waiter->owner;
    if (waiter->fire != fire)
        return NULL;
    if (g->end == wait_end)
        return sm_container_of(g, struct gather_wait, core)->wait.task;
    return sm_container_of(g, struct gather_future, core)->outer;
}
