/* SPDX-License-Identifier: MIT */
/* The cleanup scope, Python's finally: inside it, what was sticky is put aside. */
#include "task/wait.h"

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

struct cleanup { /* the user's */
    struct sm_anchor anchor;
    bool was_sticky;
};

struct cleanup_scope {
    struct sm_scope scope;
    bool was_sticky;
};

static void abandon(struct sm_scope *scope)
{
    struct cleanup_scope *s = sm_container_of(scope, struct cleanup_scope, scope);
    sm_sticky_restore(scope->task, s->was_sticky);
    sm_scope_put(scope->task->sched, scope);
}

/* Without memory it works all the same; it is only not found if it is left early. */
void simul_cleanup_enter_at(simul_cleanup *public, const char *where)
{
    _Static_assert(sizeof(struct cleanup) <= sizeof *public,
                   "simul_cleanup is too small");
    _Static_assert(sizeof(struct cleanup_scope) <= SM_SCOPE_BLOCK, "it needs a block");
    struct cleanup *cleanup = (struct cleanup *)public;
    int r =
        sm_scope_enter(&cleanup->anchor, sizeof *cleanup, where, abandon, sm_frame());
    if (r == -SIMUL_ENOTASK)
        return;
    cleanup->was_sticky = sm_sticky_save(cleanup->anchor.task);
    if (r == 0)
        ((struct cleanup_scope *)cleanup->anchor.scope)->was_sticky =
            cleanup->was_sticky;
}

void simul_cleanup_exit(simul_cleanup *public)
{
    struct cleanup *cleanup = (struct cleanup *)public;
    struct simul_future *task = cleanup->anchor.task;
    struct sm_scope *scope = sm_scope_of(&cleanup->anchor);
    bool abandoned = !scope && cleanup->anchor.scope;
    sm_scope_exit(&cleanup->anchor);
    if (!task || abandoned)
        return;
    sm_sticky_restore(task, cleanup->was_sticky);
    if (scope)
        sm_scope_put(task->sched, scope);
}
