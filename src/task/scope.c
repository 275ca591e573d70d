/* SPDX-License-Identifier: MIT */
/* Scopes on the user's stack, and the cleanup scope. See wait.h. */
#include "base/log.h"
#include "base/sys.h"
#include "task/wait.h"

static uintptr_t cookie_of(const struct sm_scope *scope)
{
    return (uintptr_t)scope ^ (uintptr_t)0x5ca1ab1e0ddba11dULL;
}

static void set_innermost(struct simul_future *task, struct sm_scope *scope)
{
    task->scope = scope;
    if (scope)
        task->attention |= SM_ATTEND_SCOPE;
    else
        task->attention &= (uint8_t)~SM_ATTEND_SCOPE;
}

int sm_scope_enter(struct sm_scope *scope, const char *where,
                   void (*abandon)(struct sm_scope *))
{
    struct simul_future *task = sm_current();
    scope->task = task;
    if (!task)
        return -SIMUL_ENOTASK;
    scope->outer = sm_innermost(task);
    scope->cookie = cookie_of(scope);
    scope->where = where;
    scope->abandon = abandon;
    set_innermost(task, scope);
    return 0;
}

static void report(struct simul_future *task, const struct sm_scope *scope, bool intact)
{
    char label[96];
    sm_task_label(task, label, sizeof label);
    sm_log(
        SIMUL_LOG_ERROR,
        "task %s: the scope entered at %s was not left in the function that entered it",
        label, intact ? scope->where : "(its memory was overwritten)");
}

/* The innermost scope is gone: undo what it held. */
static void abandon_innermost(struct simul_future *task)
{
    struct sm_scope *scope = sm_innermost(task);
    bool intact = scope->cookie == cookie_of(scope) && scope->task == task;
    report(task, scope, intact);
    if (!intact) { /* the way to the outer ones is lost with it */
        set_innermost(task, NULL);
        return;
    }
    set_innermost(task, scope->outer);
    scope->task = NULL;
    scope->cookie = 0;
    if (scope->abandon)
        scope->abandon(scope);
}

static bool on_stack(const struct simul_future *task, const void *address)
{
    return address >= task->stack->base && address < task->stack->top;
}

/* Below the caller's frame means: in a frame that has returned. Structs that lie elsewhere
 * (sanitizers' fake stacks, the heap) are judged by their cookie only. */
static bool is_gone(const struct simul_future *task, const void *frame)
{
    const struct sm_scope *scope = sm_innermost(task);
    return (on_stack(task, scope) && (const void *)scope < frame)
           || scope->cookie != cookie_of(scope) || scope->task != task;
}

void sm_scopes_check(struct simul_future *task, void *frame)
{
    while (sm_innermost(task) && is_gone(task, frame))
        abandon_innermost(task);
}

void sm_scopes_end(struct simul_future *task)
{
    while (sm_innermost(task))
        abandon_innermost(task);
}

void sm_scope_exit(struct sm_scope *scope)
{
    struct simul_future *task = scope->task;
    while (sm_innermost(task) && task->scope != scope)
        abandon_innermost(task);
    if (sm_innermost(task) == scope)
        set_innermost(task, scope->outer);
    scope->task = NULL;
    scope->cookie = 0;
}

/* ---- cleanup: Python's finally ------------------------------------------------------- */

bool sm_sticky_save(struct simul_future *task)
{
    bool was = sm_sticky(task);
    sm_set_sticky(task, false);
    return was;
}

void sm_sticky_restore(struct simul_future *task, bool was)
{
    if (was)
        sm_set_sticky(task, true);
}

struct cleanup {
    struct sm_scope scope;
    bool was_sticky;
};

static void cleanup_abandon(struct sm_scope *scope)
{
    struct cleanup *cleanup = sm_container_of(scope, struct cleanup, scope);
    sm_sticky_restore(sm_current(), cleanup->was_sticky);
}

void simul_cleanup_enter_at(simul_cleanup *public, const char *where)
{
    _Static_assert(sizeof(struct cleanup) <= sizeof *public,
                   "simul_cleanup is too small");
    struct cleanup *cleanup = (struct cleanup *)public;
    if (sm_scope_enter(&cleanup->scope, where, cleanup_abandon) == 0)
        cleanup->was_sticky = sm_sticky_save(cleanup->scope.task);
}

void simul_cleanup_exit(simul_cleanup *public)
{
    struct cleanup *cleanup = (struct cleanup *)public;
    struct simul_future *task = cleanup->scope.task;
    if (!task)
        return;
    sm_scope_exit(&cleanup->scope);
    sm_sticky_restore(task, cleanup->was_sticky);
}
