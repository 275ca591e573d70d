/* SPDX-License-Identifier: MIT */
/*
 * TaskGroup (S26). The group is a scope on its task's stack; its children are linked
 * through the node that each future has for a first watcher.
 *
 *  N1. Each child is in `children` from its making until the group has heard of its end, a
 *      pass after it (sm_group_child_done, where asyncio has the done callback); the group
 *      holds a reference until then.
 *  N2. The parent is cancelled by the group at most once (parent_cancelled), and exit()
 *      takes exactly that one back.
 *  N3. exit() returns when children is empty, and not before.
 */
#include "base/sys.h"
#include "task/wait.h"

struct sm_group {
    struct sm_scope
        scope; /* scope.task: the parent; NULL before enter and after exit */
    struct sm_list children;
    struct sm_wait *waiting; /* the parent, in exit() */
    struct sm_message *message;
    int error;             /* the first */
    bool aborting;         /* the children were cancelled, no new ones are taken */
    bool parent_cancelled; /* N2 */
    bool exiting;
};

static struct simul_future *child_of(struct sm_list *link)
{
    return sm_container_of(link, struct simul_future, first.link);
}

static void abort_children(struct sm_group *g)
{
    g->aborting = true;
    sm_list_each_safe (it, &g->children)
        simul_cancel(child_of(it));
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
    g->parent_cancelled = true;
    sm_task_cancel(g->scope.task);
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

void sm_group_child_done(struct sm_ready *ready)
{
    struct simul_future *child = sm_container_of(ready, struct simul_future, ready);
    if (child->in_group) {
        struct sm_group *g = child->group;
        child->in_group = false;
        sm_list_remove(&child->first.link);
        child->first_taken = false;
        if (g->waiting && sm_list_empty(&g->children)) {
            sm_wait_finish(g->waiting, 0);
            g->waiting = NULL;
        }
        hear(g, child);
    }
    sm_future_unref(child);
}

/* ---- enter, create ------------------------------------------------------------------- */

/* Its function returned without leaving it: the children must not outlive the struct. */
static void abandon(struct sm_scope *scope)
{
    struct sm_group *g = sm_container_of(scope, struct sm_group, scope);
    abort_children(g);
    for (struct sm_list *it; (it = sm_list_shift(&g->children));) {
        struct simul_future *child = child_of(it);
        child->first_taken = false;
        child->in_group = false;
        if (!sm_future_done(child))
            sm_future_unref(child); /* else its last word is in the ring, and does it */
    }
    sm_message_unref(g->message);
}

int simul_group_enter_at(simul_group *public, const char *where)
{
    _Static_assert(sizeof(struct sm_group) <= sizeof *public,
                   "simul_group is too small");
    struct sm_group *g = (struct sm_group *)public;
    *g = (struct sm_group){0};
    sm_list_init(&g->children);
    return sm_scope_enter(&g->scope, where, abandon);
}

static bool takes_no_more(const struct sm_group *g)
{
    return !g->scope.task || g->aborting || (g->exiting && sm_list_empty(&g->children));
}

simul_task *simul_group_create_task_at(simul_group *public, simul_fn *fn, void *arg,
                                       const simul_task_opts *opts, const char *where)
{
    struct sm_group *g = (struct sm_group *)public;
    if (takes_no_more(g)) {
        if (opts && opts->release_arg)
            opts->release_arg(arg);
        return NULL;
    }
    struct simul_future *child =
        sm_task_create(g->scope.task->sched, fn, arg, opts, where);
    if (!child) {
        fail(g, -ENOMEM, NULL);
        return NULL;
    }
    child->group = g;
    child->in_group = true;
    child->first_taken = true;
    sm_list_push(&g->children, &child->first.link);
    return child; /* the caller's reference is the group's (N1) */
}

void simul_group_cancel(simul_group *public)
{
    struct sm_group *g = (struct sm_group *)public;
    if (!g->scope.task || g->parent_cancelled)
        return;
    if (!g->aborting)
        abort_children(g);
    g->parent_cancelled = true;
    sm_task_cancel(g->scope.task);
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

/* Give the first error to the parent, whose other cancels stay in force. */
static int end_with_error(struct sm_group *g, struct simul_future *task)
{
    if (task->cancels > 0) { /* once more, at the next wait */
        simul_uncancel(task);
        sm_task_cancel(task);
    }
    struct sm_extra *extra = g->message ? sm_extra_of(task) : NULL;
    if (extra) {
        sm_message_unref(extra->passing);
        extra->passing = g->message;
        extra->passing_error = g->error;
        g->message = NULL;
    }
    sm_message_unref(g->message);
    return g->error;
}

int simul_group_exit(simul_group *public, int r)
{
    struct sm_group *g = (struct sm_group *)public;
    struct simul_future *task = g->scope.task;
    if (!task)
        return r < 0 ? r : -SIMUL_ENOTASK;
    bool sticky = sm_sticky_save(task);
    bool cancelled = sticky || r == -ECANCELED;
    g->exiting = true;
    if (!cancelled && r < 0 && !g->error)
        g->error = r;
    if ((cancelled || r < 0) && !g->aborting)
        abort_children(g);
    if (wait_for_children(g))
        cancelled = sticky = true;
    sm_scope_exit(&g->scope);

    if (g->parent_cancelled && simul_uncancel(task) == 0)
        cancelled = false;
    if (g->error)
        return end_with_error(g, task);
    if (cancelled) {
        sm_sticky_restore(task, sticky);
        return -ECANCELED;
    }
    return r == -ECANCELED ? 0 : r;
}

/* ---- for_each ------------------------------------------------------------------------ */

struct each {
    char *next, *end;
    size_t size;
    simul_fn *fn;
    bool failed;
};

/* One of at_once workers, each taking the next item until there is none. */
static int work(void *arg)
{
    struct each *each = arg;
    while (each->next < each->end && !each->failed) {
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
    struct each each = {
        .next = items, .end = (char *)items + n * size, .size = size, .fn = fn};
    simul_group group;
    if (at_once == 0 || at_once > n)
        at_once = n;
    int r = simul_group_enter(&group);
    if (r < 0)
        return r;
    for (size_t i = 0; i < at_once; i++)
        simul_group_create_task(&group, work, &each);
    return simul_group_exit(&group, 0);
}
