/* SPDX-License-Identifier: MIT */
/*
 * TaskGroup (S26). The scope on the parent's stack holds what only the parent looks at;
 * what the children look at lies in the loop's memory (struct sm_group, made with the first
 * child), since the scope may be left early and its memory be somebody else's by then.
 *
 *  N1. Each child is in `children`, linked through its node for a first watcher, from its
 *      making until the group has heard of its end, a pass after it (sm_group_child_done,
 *      where asyncio has the done callback); the group holds a reference until then.
 *  N2. The parent is cancelled by the group at most once (parent_cancelled), and exit()
 *      takes exactly that one back.
 *  N3. exit() returns when children is empty, and not before.
 *  N4. A group without a scope (owner NULL) has no children.
 */
#include "base/sys.h"
#include "task/wait.h"

struct group_scope {
    struct sm_scope
        scope; /* scope.task: the parent; NULL before enter and after exit */
    struct sm_group *group; /* NULL: no child was made yet */
    int error;              /* the first */
    bool aborting;          /* the children were cancelled, no new ones are taken */
    bool parent_cancelled;  /* N2 */
    bool exiting;
};

struct sm_group {
    struct sm_list children;
    struct group_scope *owner;
    struct simul_future *parent;
    struct sm_wait *waiting;    /* the parent, in exit() */
    struct sm_message *message; /* of owner->error */
    struct sm_group *next;      /* in sched->groups */
    struct sm_group *next_of_all;
};

/* ---- groups -------------------------------------------------------------------------- */

static struct sm_group *group_get(struct sm_sched *sched)
{
    struct sm_group *g = sched->groups;
    if (g) {
        sched->groups = g->next;
        return g;
    }
    g = sm_zalloc(sizeof *g);
    if (!g)
        return NULL;
    sm_list_init(&g->children);
    g->next_of_all = sched->all_groups;
    sched->all_groups = g;
    return g;
}

static void group_put(struct sm_group *g)
{
    struct sm_sched *sched = g->parent->sched;
    sm_message_unref(g->message);
    g->message = NULL;
    g->owner = NULL;
    g->next = sched->groups;
    sched->groups = g;
}

void sm_groups_finish(struct sm_sched *sched)
{
    for (struct sm_group *g = sched->all_groups, *next; g; g = next) {
        next = g->next_of_all;
        sm_free(g);
    }
    sched->groups = sched->all_groups = NULL;
}

static struct simul_future *child_of(struct sm_list *link)
{
    return sm_container_of(link, struct simul_future, first.link);
}

static void cancel_children(struct sm_group *g)
{
    if (!g || g->parent->sched->loop.closed)
        return;
    sm_list_each_safe (it, &g->children)
        simul_cancel(child_of(it));
}

static void unlink_child(struct simul_future *child)
{
    sm_list_remove(&child->first.link);
    child->first_taken = false;
    child->in_group = false;
}

/* The scope is gone: cancel the children, and let the loop have them. */
static void disband(struct sm_group *g)
{
    cancel_children(g);
    while (!sm_list_empty(&g->children)) {
        struct simul_future *child = child_of(g->children.next);
        unlink_child(child);
        if (child->ready.run != sm_group_child_done)
            sm_future_unref(child); /* else its last word is in the ring, and does it */
    }
    group_put(g);
}

/* ---- a child has ended ----------------------------------------------------------------- */

static void abort_children(struct group_scope *s)
{
    s->aborting = true;
    cancel_children(s->group);
}

/* A child has failed, or could not be made. */
static void fail(struct group_scope *s, int error, struct sm_message *message)
{
    if (!s->error) {
        s->error = error;
        if (message && s->group) {
            s->group->message = message;
            message->refs++;
        }
    }
    if (s->aborting || s->parent_cancelled)
        return;
    abort_children(s);
    s->parent_cancelled = true;
    sm_task_cancel(s->scope.task);
}

static void hear(struct group_scope *s, struct simul_future *child)
{
    if (child->state != SM_FINISHED || child->result >= 0)
        return;
    if (s->error && !child->asked)
        sm_report(child, "another error in a group");
    child->asked = true;
    fail(s, child->result, child->extra ? child->extra->message : NULL);
}

static __attribute__((no_sanitize_address)) bool still_there(const struct sm_group *g)
{
    return sm_scope_intact(&g->owner->scope, g->parent) && g->owner->group == g;
}

static void child_ended(struct sm_group *g, struct simul_future *child)
{
    unlink_child(child);
    if (!still_there(g)) {
        disband(g);
        return;
    }
    if (g->waiting && sm_list_empty(&g->children)) {
        sm_wait_finish(g->waiting, 0);
        g->waiting = NULL;
    }
    hear(g->owner, child);
}

void sm_group_child_done(struct sm_ready *ready)
{
    struct simul_future *child = sm_container_of(ready, struct simul_future, ready);
    if (child->in_group)
        child_ended(child->group, child);
    sm_future_unref(child);
}

/* ---- enter, create ------------------------------------------------------------------- */

/* Left early. Our pointer to the group cannot be trusted any more; the group's to us can. */
static void abandon(struct sm_scope *scope, struct simul_future *task)
{
    struct group_scope *s = sm_container_of(scope, struct group_scope, scope);
    struct sm_group *g = task->sched->all_groups;
    while (g && g->owner != s)
        g = g->next_of_all;
    if (g)
        disband(g);
}

int simul_group_enter_at(simul_group *public, const char *where)
{
    _Static_assert(sizeof(struct group_scope) <= sizeof *public,
                   "simul_group is too small");
    struct group_scope *s = (struct group_scope *)public;
    int r = sm_scope_enter(&s->scope, sizeof *s, where, abandon,
                           __builtin_frame_address(0));
    s->group = NULL;
    s->error = 0;
    s->aborting = s->parent_cancelled = s->exiting = false;
    return r;
}

static bool takes_no_more(const struct group_scope *s)
{
    bool empty = !s->group || sm_list_empty(&s->group->children);
    return !s->scope.task || s->aborting || (s->exiting && empty);
}

static bool have_group(struct group_scope *s)
{
    struct simul_future *parent = s->scope.task;
    if (s->group)
        return true;
    s->group = group_get(parent->sched);
    if (!s->group)
        return false;
    s->group->owner = s;
    s->group->parent = parent;
    return true;
}

static simul_task *refuse(const simul_task_opts *opts, void *arg)
{
    if (opts && opts->release_arg)
        opts->release_arg(arg);
    return NULL;
}

simul_task *simul_group_create_task_at(simul_group *public, simul_fn *fn, void *arg,
                                       const simul_task_opts *opts, const char *where)
{
    struct group_scope *s = (struct group_scope *)public;
    if (takes_no_more(s))
        return refuse(opts, arg);
    struct simul_future *child = NULL;
    if (have_group(s))
        child = simul_loop_create_task_at(&s->scope.task->sched->loop, fn, arg, opts,
                                          where);
    else
        refuse(opts, arg);
    if (!child) {
        fail(s, -ENOMEM, NULL);
        return NULL;
    }
    child->group = s->group;
    child->in_group = true;
    child->first_taken = true;
    sm_list_push(&s->group->children, &child->first.link);
    return child; /* the caller's reference is the group's (N1) */
}

void simul_group_cancel(simul_group *public)
{
    struct group_scope *s = (struct group_scope *)public;
    if (!s->scope.task || s->parent_cancelled)
        return;
    if (!s->aborting)
        abort_children(s);
    s->parent_cancelled = true;
    sm_task_cancel(s->scope.task);
}

/* ---- exit ---------------------------------------------------------------------------- */

static bool abort_exit(struct sm_wait *wait)
{
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

/* Wait for the children however often the parent is cancelled; true if it was by somebody
 * else (or the body had been). */
static bool wait_for_children(struct group_scope *s)
{
    struct sm_group *g = s->group;
    bool cancelled = false;
    while (g && !sm_list_empty(&g->children)) {
        struct sm_wait wait;
        sm_wait_prepare(&wait, "group", abort_exit);
        g->waiting = &wait;
        ssize_t r = sm_wait_suspend(&wait);
        g->waiting = NULL;
        if (r != -ECANCELED)
            continue;
        sm_set_sticky(s->scope.task, false);
        if (!s->aborting) {
            cancelled = true;
            abort_children(s);
        }
    }
    return cancelled;
}

/* Give the first error's message to the parent, to be passed on with the error. */
static void pass_message(struct sm_group *g, struct simul_future *task, int error)
{
    struct sm_extra *extra = g && g->message ? sm_extra_of(task) : NULL;
    if (!extra)
        return;
    sm_message_unref(extra->passing);
    extra->passing = g->message;
    extra->passing_error = error;
    g->message = NULL;
}

/* The body's own error is one like the children's; an awaited child's is that child's. */
static void body_failed(struct group_scope *s, int r)
{
    if (!s->error)
        s->error = r;
    if (s->error == r)
        return;
    simul_context context = {.message = "another error in a group, of its body",
                             .error = r,
                             .detail = simul_strerror(r),
                             .future = s->scope.task};
    simul_call_exception_handler(&s->scope.task->sched->loop, &context);
}

/* The children have ended: what comes of it all? */
static int settle(struct group_scope *s, struct simul_future *task, int r,
                  bool cancelled, bool sticky)
{
    if (s->parent_cancelled && simul_uncancel(task) == 0)
        cancelled = false;
    if (s->error) {
        if (task->cancels > 0) { /* somebody else's: once more, at the next wait */
            simul_uncancel(task);
            sm_task_cancel(task);
        }
        return s->error;
    }
    if (!cancelled)
        return r == -ECANCELED ? 0 : r;
    sm_sticky_restore(task, sticky);
    return -ECANCELED;
}

int simul_group_exit(simul_group *public, int r)
{
    struct group_scope *s = (struct group_scope *)public;
    struct simul_future *task = s->scope.task;
    if (!task)
        return r < 0 ? r : -SIMUL_ENOTASK;
    bool sticky = sm_sticky_save(task);
    bool cancelled = sticky || r == -ECANCELED;
    s->exiting = true;
    if (r < 0 && r != -ECANCELED)
        body_failed(s, r);
    if ((cancelled || r < 0) && !s->aborting)
        abort_children(s);
    if (wait_for_children(s))
        cancelled = sticky = true;
    sm_scope_exit(&s->scope);

    if (s->error)
        pass_message(s->group, task, s->error);
    if (s->group)
        group_put(s->group);
    s->group = NULL;
    return settle(s, task, r, cancelled, sticky);
}

/* ---- for_each ------------------------------------------------------------------------ */

struct each {
    char *next, *end;
    size_t size;
    simul_fn *fn;
    struct group_scope *group;
    bool failed;
};

/* One of at_once workers, each taking the next item until there is none. */
static int work(void *arg)
{
    struct each *each = arg;
    while (each->next < each->end && !each->failed && !each->group->aborting) {
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
                        .end = (char *)items + n * size,
                        .size = size,
                        .fn = fn,
                        .group = (struct group_scope *)&group};
    if (at_once == 0 || at_once > n)
        at_once = n;
    int r = simul_group_enter(&group);
    if (r < 0)
        return r;
    for (size_t i = 0; i < at_once; i++)
        simul_group_create_task(&group, work, &each);
    return simul_group_exit(&group, 0);
}
