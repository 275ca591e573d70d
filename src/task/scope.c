/* SPDX-License-Identifier: MIT */
/* Scopes on the user's stack, and the cleanup scope. See wait.h. */
#include "base/log.h"
#include "base/sys.h"
#include "task/wait.h"

static void set_innermost(struct simul_future *task, struct sm_scope *scope)
{
    task->scope = scope;
    if (scope)
        task->attention |= SM_ATTEND_SCOPE;
    else
        task->attention &= (uint8_t)~SM_ATTEND_SCOPE;
}

static void report(struct simul_future *task, const char *where)
{
    char label[96];
    if (task->sched->loop.closed)
        return; /* it is not the task's fault */
    sm_task_label(task, label, sizeof label);
    sm_log(
        SIMUL_LOG_ERROR,
        "task %s: the scope entered at %s was not left in the function that entered it",
        label, where);
}

/* ---- scopes that were left early ----------------------------------------------------- */

/* Take `scope` out of the chain and undo what it held; `inner` is the next one inside. */
static void abandon(struct simul_future *task, struct sm_scope *inner,
                    struct sm_scope *scope)
{
    bool intact = sm_scope_intact(scope, task);
    struct sm_scope *outer = intact ? scope->outer : NULL; /* else the way is lost */
    report(task, intact ? scope->where : "(its memory was overwritten)");
    if (inner)
        inner->outer = outer;
    else
        set_innermost(task, outer);
    if (!intact)
        return;
    scope->task = NULL;
    scope->cookie = 0;
    scope->abandon(scope, task);
}

static bool on_stack(const struct simul_future *task, const void *address)
{
    return address >= task->stack->base && address < task->stack->top;
}

/* Below the caller's frame means: in a frame that has returned. Structs that lie elsewhere
 * (sanitizers' fake stacks, the heap) are judged by their cookie only. */
static bool is_gone(const struct simul_future *task, const struct sm_scope *scope,
                    const void *frame)
{
    return (on_stack(task, scope) && (const void *)scope < frame)
           || !sm_scope_intact(scope, task);
}

void sm_scopes_check(struct simul_future *task, const void *frame)
{
    while (sm_innermost(task) && is_gone(task, task->scope, frame))
        abandon(task, NULL, task->scope);
}

void sm_scopes_end(struct simul_future *task)
{
    while (sm_innermost(task))
        abandon(task, NULL, task->scope);
}

static bool overlap(const struct sm_scope *a, const void *b, uint32_t size)
{
    return (const char *)a < (const char *)b + size
           && (const char *)b < (const char *)a + a->size;
}

/* Two that live cannot share memory: what lies where a new one begins is gone. */
static void make_room(struct simul_future *task, const void *memory, uint32_t size)
{
    struct sm_scope *inner = NULL, *scope = sm_innermost(task), *outer;
    for (; scope && sm_scope_intact(scope, task); scope = outer) {
        outer = scope->outer;
        if (overlap(scope, memory, size))
            abandon(task, inner, scope);
        else
            inner = scope;
    }
}

/* ---- entering and leaving ------------------------------------------------------------- */

int sm_scope_enter(struct sm_scope *scope, uint32_t size, const char *where,
                   void (*undo)(struct sm_scope *, struct simul_future *),
                   const void *frame)
{
    struct simul_future *task = sm_current();
    if (task && sm_innermost(task)) {
        sm_scopes_check(task, frame);
        make_room(task, scope, size);
    }
    scope->task = task;
    if (!task)
        return -SIMUL_ENOTASK;
    scope->outer = sm_innermost(task);
    scope->cookie = sm_scope_cookie(scope);
    scope->where = where;
    scope->abandon = undo;
    scope->size = size;
    set_innermost(task, scope);
    return 0;
}

static bool in_chain(const struct simul_future *task, const struct sm_scope *scope)
{
    const struct sm_scope *it = sm_innermost(task);
    while (it && it != scope && sm_scope_intact(it, task))
        it = it->outer;
    return it == scope;
}

void sm_scope_exit(struct sm_scope *scope)
{
    struct simul_future *task = scope->task;
    if (in_chain(task, scope)) {
        while (task->scope != scope)
            abandon(task, NULL, task->scope);
        set_innermost(task, scope->outer);
    }
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

static void cleanup_abandon(struct sm_scope *scope, struct simul_future *task)
{
    struct cleanup *cleanup = sm_container_of(scope, struct cleanup, scope);
    sm_sticky_restore(task, cleanup->was_sticky);
}

void simul_cleanup_enter_at(simul_cleanup *public, const char *where)
{
    _Static_assert(sizeof(struct cleanup) <= sizeof *public,
                   "simul_cleanup is too small");
    struct cleanup *cleanup = (struct cleanup *)public;
    if (sm_scope_enter(&cleanup->scope, sizeof *cleanup, where, cleanup_abandon,
                       __builtin_frame_address(0))
        == 0)
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
