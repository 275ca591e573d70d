/* SPDX-License-Identifier: MIT */
/*
 * TaskGroup (S26). All of it lies in the scope's block, since the children look at it, and
 * the user's struct may be gone when they do (wait.h, Z2).
 *
 *  N1. Each child is in `children`, linked through its node for a first watcher, from its
 *      making until the group has heard of its end, a pass after it (sm_group_child_done,
 *      where asyncio has the done callback); the group holds a reference until then.
 *  N2. The parent is cancelled by the group at most once (parent_cancelled), and exit()
 *      takes exactly that one back.
 *  N3. exit() returns when children is empty, and not before; so does abandoning it.
 */
#include "base/sys.h"
#include "task/graph.h"
#include "task/wait.h"

struct group { /* the user's */
    struct sm_anchor anchor;
    bool failed; /* no memory for the scope: the parent was cancelled at once */
};

struct sm_group {
    struct sm_scope scope; /* scope.task: the parent */
    struct sm_list children;
    struct sm_wait *waiting;    /* the parent, in exit() */
    struct sm_message *message; /* of error */
    int error;                  /* the first */
    bool aborting;              /* the children were cancelled, no new ones are taken */
    bool parent_cancelled;      /* N2 */
    bool exiting;
};

static struct sm_group *group_of(const simul_group *public)
{
    return (struct sm_group *)sm_scope_of(&((const struct group *)public)->anchor);
}

static void put(struct sm_group *g)
{
    sm_message_unref(g->message);
    sm_scope_put(g->scope.task->sched, &g->scope);
}

/* ---- children ------------------------------------------------------------------------ */

static struct simul_future *child_of(struct sm_list *link)
{
    return sm_container_of(link, struct simul_future, first.link);
}

static void abort_children(struct sm_group *g)
{
    g->aborting = true;
    if (g->scope.task->sched->loop.closed)
        return;
    sm_list_each_safe (it, &g->children)
        if (!simul_done(child_of(it))) /* else it would count as asked: see hear() */
            simul_cancel(child_of(it));
}

static void unlink_child(struct simul_future *child)
{
    sm_list_remove(&child->first.link);
    child->first_taken = false;
    child->in_group = false;
}

/* Left early: cancel the children, and let the loop have them. */
static void abandon(struct sm_scope *scope)
{
    struct sm_group *g = sm_container_of(scope, struct sm_group, scope);
    abort_children(g);
    while (!sm_list_empty(&g->children)) {
        struct simul_future *child = child_of(g->children.next);
        unlink_child(child);
        if (child->ready.run != sm_group_child_done)
            sm_future_unref(child); /* else its last word is in the ring, and does it */
    }
    put(g);
}

/* ---- a child has ended ----------------------------------------------------------------- */

static void cancel_parent(struct sm_group *g)
{
    g->parent_cancelled = true;
    simul_cancel(g->scope.task);
}

/* A child has failed, or could not be made. */
static void fail(struct sm_group *g, int error, struct sm_message *message)
{
    if (!g->error) {
        g->error = error;
        g->message = message;
        if (message)
            message->refs++;
    }
    if (g->aborting || g->parent_cancelled)
        return;
    abort_children(g);
    cancel_parent(g);
}

static void hear(struct sm_group *g, struct simul_future *child)
{
    if (child->state != SM_FINISHED || child->result >= 0)
        return;
    if (g->error && !child->asked)
        sm_report(child, "another error in a group");
    child->asked = true;
    fail(g, child->result, child->extra ? child->extra->message : NULL);
}

static void child_ended(struct sm_group *g, struct simul_future *child)
{
    unlink_child(child);
    if (g->waiting && sm_list_empty(&g->children)) {
        sm_wait_finish(g->waiting, 0);
        g->waiting = NULL;
    }
    hear(g, child);
}

void sm_group_child_done(struct sm_ready *ready)
{
    struct simul_future *child = sm_container_of(ready, struct simul_future, ready);
    if (child->in_group)
        child_ended(child->group, child);
    sm_future_unref(child);
}

struct simul_future *sm_group_parent(const struct simul_future *child)
{
    return child->in_group ? child->group->scope.task : NULL;
}

/* ---- enter, create ------------------------------------------------------------------- */

static void init(struct sm_group *g)
{
    sm_list_init(&g->children);
    g->waiting = NULL;
    g->message = NULL;
    g->error = 0;
    g->aborting = g->parent_cancelled = g->exiting = false;
}

int simul_group_enter_at(simul_group *public, const char *where)
{
    _Static_assert(sizeof(struct group) <= sizeof *public, "simul_group is too small");
    _Static_assert(sizeof(struct sm_group) <= SM_SCOPE_BLOCK, "it needs a block");
    struct group *group = (struct group *)public;
    int r = sm_scope_enter(&group->anchor, sizeof *group, where, abandon, sm_frame());
    group->failed = r == -ENOMEM;
    if (r == 0)
        init((struct sm_group *)group->anchor.scope);
    else if (r == -ENOMEM) /* as if a child had failed */
        sm_task_cancel(group->anchor.task);
    return r;
}

static bool takes_no_more(const struct sm_group *g)
{
    return !g || g->aborting || (g->exiting && sm_list_empty(&g->children));
}

/* As soon as it is made: if it is eager it may end, or end the group, in its first step. */
void sm_group_adopt(struct sm_group *g, struct simul_future *child)
{
    child->group = g;
    child->in_group = true;
    child->first_taken = true;
    sm_list_push(&g->children, &child->first.link);
}

simul_task *simul_group_create_task_at(simul_group *public, simul_fn *fn, void *arg,
                                       const simul_task_opts *opts, const char *where)
{
    struct sm_group *g = group_of(public);
    if (takes_no_more(g))
        return sm_task_refuse(arg, opts);
    struct sm_sched *sched = g->scope.task->sched;
    sched->joining = g;
    struct simul_future *child =
        simul_loop_create_task_at(&sched->loop, fn, arg, opts, where);
    sched->joining = NULL;
    if (!child)
        fail(g, -ENOMEM, NULL);
    return child; /* the caller's reference is the group's (N1) */
}

void simul_group_cancel(simul_group *public)
{
    struct sm_group *g = group_of(public);
    if (!g || g->parent_cancelled)
        return;
    if (!g->aborting)
        abort_children(g);
    cancel_parent(g);
}

/* ---- exit ---------------------------------------------------------------------------- */

static bool abort_exit(struct sm_wait *wait)
{
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

/* Wait for the children however often the parent is cancelled; true if it was by somebody
 * else (or the body had been). */
static bool wait_for_children(struct sm_group *g)
{
    bool cancelled = false;
    while (!sm_list_empty(&g->children)) {
        struct sm_wait wait;
        sm_wait_prepare(&wait, "group", abort_exit);
        g->waiting = &wait;
        ssize_t r = sm_wait_suspend(&wait);
        g->waiting = NULL;
        if (r != -ECANCELED)
            continue;
        sm_set_sticky(g->scope.task, false);
        if (!g->aborting) {
            cancelled = true;
            abort_children(g);
        }
    }
    return cancelled;
}

/* Give the first error's message to the parent, to be passed on with the error. */
static void pass_message(struct sm_group *g, struct simul_future *task)
{
    struct sm_extra *extra = g->message ? sm_extra_of(task) : NULL;
    if (!extra)
        return;
    sm_message_unref(extra->passing);
    extra->passing = g->message;
    extra->passing_error = g->error;
    g->message = NULL;
}

/* The body's own error is one like the children's; an awaited child's is that child's. */
static void body_failed(struct sm_group *g, int r)
{
    if (!g->error)
        g->error = r;
    if (g->error == r)
        return;
    simul_error_context context = {.message = "another error in a group, of its body",
                                   .error = r,
                                   .detail = simul_strerror(r),
                                   .future = g->scope.task};
    simul_call_exception_handler(&g->scope.task->sched->loop, &context);
}

/* What ends with the group? */
struct ending {
    bool cancelled, sticky; /* the parent, and it was told */
    int error;
};

static struct ending end(struct sm_group *g, int r)
{
    struct simul_future *task = g->scope.task;
    struct ending e = {.sticky = sm_sticky_save(task)};
    e.cancelled = e.sticky || r == -ECANCELED;
    g->exiting = true;
    if (r < 0 && r != -ECANCELED)
        body_failed(g, r);
    if ((e.cancelled || r < 0) && !g->aborting)
        abort_children(g);
    if (wait_for_children(g))
        e.cancelled = e.sticky = true;
    if (g->parent_cancelled && simul_uncancel(task) == 0)
        e.cancelled = false;
    e.error = g->error;
    if (e.error)
        pass_message(g, task);
    return e;
}

static int settle(struct simul_future *task, const struct ending *e, int r)
{
    if (e->error) {
        if (task->cancels > 0) { /* somebody else's: once more, at the next wait */
            simul_uncancel(task);
            simul_cancel(task);
        }
        return e->error;
    }
    if (!e->cancelled)
        return r == -ECANCELED ? 0 : r;
    sm_sticky_restore(task, e->sticky);
    return -ECANCELED;
}

/* There never was a scope. */
static int exit_failed(struct group *group, int r)
{
    struct simul_future *task = group->anchor.task;
    struct ending e = {.error = r < 0 && r != -ECANCELED ? r : -ENOMEM};
    group->anchor.task = NULL;
    group->failed = false;
    sm_set_sticky(task, false);
    simul_uncancel(task);
    return settle(task, &e, r);
}

int simul_group_exit(simul_group *public, int r)
{
    struct group *group = (struct group *)public;
    struct simul_future *task = group->anchor.task;
    struct sm_group *g = group_of(public);
    if (task && group->failed)
        return exit_failed(group, r);
    if (!g)
        return r < 0 ? r : task ? -SIMUL_ESCOPE : -SIMUL_ENOTASK;

    struct ending e = end(g, r);
    sm_scope_exit(&group->anchor);
    put(g);
    return settle(task, &e, r);
}

/* ---- for_each ------------------------------------------------------------------------ */

struct each {
    char *next, *end;
    size_t size;
    simul_fn *fn;
    simul_group *group;
    bool failed;
};

/* One of at_once workers, each taking the next item until there is none. */
static int work(void *arg)
{
    struct each *each = arg;
    while (each->next < each->end && !each->failed
           && !group_of(each->group)->aborting) {
        char *item = each->next;
        each->next += each->size;
        int r = each->fn(item);
        if (r < 0) {
            each->failed = true;
            return r;
        }
    }
    return 0;
}

int simul_for_each(void *items, size_t n, size_t size, simul_fn *fn, size_t at_once)
{
    simul_group group;
    struct each each = {.next = items,
                        .end = n ? (char *)items + n * size : items,
                        .size = size,
                        .fn = fn,
                        .group = &group};
    if (at_once == 0 || at_once > n)
        at_once = n;
    simul_group_enter(&group); /* exit() tells if it failed */
    for (size_t i = 0; i < at_once; i++)
        simul_group_create_task(&group, work, &each);
    return simul_group_exit(&group, 0);
}
