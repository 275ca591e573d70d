/* SPDX-License-Identifier: MIT */
/* Scopes on the user's stack; see wait.h. */
#include "base/log.h"
#include "base/sys.h"
#include "base/valgrind.h"
#include "task/wait.h"

/* ---- blocks -------------------------------------------------------------------------- */

static struct sm_scope *block_get(struct sm_sched *sched)
{
    struct sm_scope *scope = sched->free_scopes;
    if (scope) {
        sched->free_scopes = scope->outer;
        return scope;
    }
    scope = sm_zalloc(SM_SCOPE_BLOCK);
    if (scope) {
        scope->next_of_all = sched->all_scopes;
        sched->all_scopes = scope;
    }
    return scope;
}

void sm_scope_put(struct sm_sched *sched, struct sm_scope *scope)
{
    scope->anchor = NULL;
    scope->outer = sched->free_scopes;
    sched->free_scopes = scope;
}

void sm_scopes_finish(struct sm_sched *sched)
{
    for (struct sm_scope *scope = sched->all_scopes, *next; scope; scope = next) {
        next = scope->next_of_all;
        sm_free(scope);
    }
    sched->all_scopes = sched->free_scopes = NULL;
}

/* ---- anchors ------------------------------------------------------------------------- */

static uintptr_t cookie_of(const struct sm_anchor *anchor, const struct sm_scope *scope)
{
    return (uintptr_t)scope ^ (uintptr_t)anchor ^ (uintptr_t)0x5ca1ab1e0ddba11dULL;
}

/* The memory may be anybody's by now, and not yet written to: memcheck need not mind. */
static __attribute__((no_sanitize("address"))) bool
is_intact(const struct sm_scope *scope)
{
    const struct sm_anchor *anchor = scope->anchor;
    uintptr_t found[] = {(uintptr_t)anchor->scope, anchor->cookie};
    (void)VALGRIND_MAKE_MEM_DEFINED(found, sizeof found);
    return found[0] == (uintptr_t)scope && found[1] == cookie_of(anchor, scope);
}

struct sm_scope *sm_scope_of(const struct sm_anchor *anchor)
{
    struct sm_scope *it = anchor->task ? sm_innermost(anchor->task) : NULL;
    while (it && it->anchor != anchor)
        it = it->outer;
    return it && is_intact(it) ? it : NULL;
}

/* ---- scopes that were left early ----------------------------------------------------- */

static void set_innermost(struct simul_future *task, struct sm_scope *scope)
{
    task->scope = scope;
    if (scope)
        task->attention |= SM_ATTEND_SCOPE;
    else
        task->attention &= (uint8_t)~SM_ATTEND_SCOPE;
}

static void report(const struct sm_scope *scope)
{
    char label[96];
    if (scope->task->sched->loop.closed)
        return; /* it is not the task's fault */
    sm_task_label(scope->task, label, sizeof label);
    sm_log(
        SIMUL_LOG_ERROR,
        "task %s: the scope entered at %s was not left in the function that entered it",
        label, scope->where);
}

/* Take `scope` out of the chain and undo what it held; `inner` is the next one inside. */
static void abandon(struct sm_scope *inner, struct sm_scope *scope)
{
    report(scope);
    if (inner)
        inner->outer = scope->outer;
    else
        set_innermost(scope->task, scope->outer);
    scope->abandon(scope);
}

static void abandon_innermost(struct simul_future *task)
{
    abandon(NULL, task->scope);
}

static bool on_stack(const struct simul_future *task, const void *address)
{
    return address >= task->stack->base && address < task->stack->top;
}

/* Below the caller's frame means: in a frame that has returned. Structs that lie elsewhere
 * (sanitizers' fake stacks, the heap) are judged by their cookie only. */
static bool is_gone(const struct sm_scope *scope, const void *frame)
{
    const void *anchor = scope->anchor;
    return (on_stack(scope->task, anchor) && anchor < frame) || !is_intact(scope);
}

void sm_scopes_check(struct simul_future *task, const void *frame)
{
    while (sm_innermost(task) && is_gone(task->scope, frame))
        abandon_innermost(task);
}

void sm_scopes_end(struct simul_future *task)
{
    sm_scopes_end_to(task, NULL);
}

void sm_scopes_end_to(struct simul_future *task, const struct sm_scope *outer)
{
    const struct sm_scope *it = sm_innermost(task);
    while (it && it != outer)
        it = it->outer;
    if (it != outer)
        return; /* it is not there any more: who knows what these are */
    while (sm_innermost(task) != outer)
        abandon_innermost(task);
}

static bool overlap(const struct sm_scope *scope, const void *memory, uint32_t size)
{
    const char *a = (const char *)scope->anchor, *b = memory;
    return a < b + size && b < a + scope->size;
}

/* Two that live cannot share memory: what lies where a new one begins is gone. */
static void make_room(struct simul_future *task, const void *memory, uint32_t size)
{
    struct sm_scope *inner = NULL, *outer;
    for (struct sm_scope *scope = sm_innermost(task); scope; scope = outer) {
        outer = scope->outer;
        if (overlap(scope, memory, size))
            abandon(inner, scope);
        else
            inner = scope;
    }
}

/* ---- entering and leaving ------------------------------------------------------------ */

static int enter(struct simul_future *task, struct sm_anchor *anchor)
{
    struct sm_scope *scope = block_get(task->sched);
    anchor->scope = scope;
    if (!scope)
        return -ENOMEM;
    anchor->cookie = cookie_of(anchor, scope);
    scope->anchor = anchor;
    scope->task = task;
    scope->outer = sm_innermost(task);
    set_innermost(task, scope);
    return 0;
}

int sm_scope_enter(struct sm_anchor *anchor, uint32_t size, const char *where,
                   void (*undo)(struct sm_scope *), const void *frame)
{
    struct simul_future *task = sm_current();
    *anchor = (struct sm_anchor){.task = task};
    if (!task)
        return -SIMUL_ENOTASK;
    sm_scopes_check(task, frame);
    make_room(task, anchor, size);
    int r = enter(task, anchor);
    if (r < 0)
        return r;
    anchor->scope->size = size;
    anchor->scope->where = where;
    anchor->scope->abandon = undo;
    return 0;
}

void sm_scope_exit(struct sm_anchor *anchor)
{
    struct sm_scope *scope = sm_scope_of(anchor);
    struct simul_future *task = anchor->task;
    if (scope) {
        while (task->scope != scope)
            abandon_innermost(task);
        set_innermost(task, scope->outer);
    }
    *anchor = (struct sm_anchor){0};
}
