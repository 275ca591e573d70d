/* SPDX-License-Identifier: MIT */
/* Making tasks, and asking which there are. */
#include <string.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

/* T3: two places in the ring, and one timer that needs no memory. */
static inline int reserve(struct sm_sched *sched)
{
    if (sm_ring_reserve_n(&sched->loop.ready, 2) < 0)
        return -ENOMEM;
    if (sm_unlikely(sm_timers_reserve(&sched->loop.timers) < 0)) {
        sm_ring_unreserve_n(&sched->loop.ready, 2);
        return -ENOMEM;
    }
    return 0;
}

/* The task's context is a copy of this one, unless it was given another. */
static __attribute__((noinline)) int inherit(struct simul_future *task,
                                             const struct simul_context *context)
{
    if (task->has_context)
        return 0;
    int r = sm_context_copy(context, &task->variables);
    task->has_context = r == 0;
    return r;
}

static void take_context(struct simul_future *task, struct simul_context *context)
{
    task->variables = sm_context_ref(context);
    task->has_context = true;
}

/* What only a task with a name or a release function has. */
static int take_extra(struct simul_future *task, const simul_task_opts *opts)
{
    struct sm_extra *extra = sm_extra_of(task);
    if (!extra)
        return -ENOMEM;
    if (opts->name && !(extra->name = sm_strdup(opts->name))) {
        sm_extra_free(task);
        return -ENOMEM;
    }
    extra->release_arg = opts->release_arg;
    return 0;
}

static __attribute__((noinline)) int take_opts(struct simul_future *task,
                                               const simul_task_opts *opts)
{
    task->stack_size = (uint32_t)opts->stack_size;
    task->own_size = opts->stack_size > 0;
    int r = opts->name || opts->release_arg ? take_extra(task, opts) : 0;
    if (r == 0 && opts->context)
        take_context(task, opts->context);
    return r;
}

static struct simul_future *make(struct sm_sched *sched, const simul_task_opts *opts)
{
    struct simul_future *task = sm_future_alloc(sched);
    if (!task)
        return NULL;
    if (sm_unlikely(opts != NULL) && take_opts(task, opts) < 0)
        goto give_back;
    struct simul_context *current = sm_sched_context(sched);
    if (sm_unlikely(current != NULL) && inherit(task, current) < 0)
        goto free_extra;
    if (reserve(sched) < 0)
        goto free_context;
    return task;

free_context:
    if (task->has_context)
        simul_context_release(task->variables);
free_extra:
    if (task->extra)
        sm_extra_free(task);
give_back:
    sm_future_free(task);
    return NULL;
}

struct simul_future *sm_task_create(struct sm_sched *sched, simul_fn *fn, void *arg,
                                    const simul_task_opts *opts, const char *where)
{
    struct simul_future *task = make(sched, opts);
    if (!task) {
        if (opts && opts->release_arg)
            opts->release_arg(arg);
        return NULL;
    }
    task->is_task = true;
    task->ready.run = sm_task_resume;
    task->fn = fn;
    task->arg = arg;
    task->where = where;
    task->id = ++sched->next_id;
    task->attention = sched->sweep ? SM_ATTEND_SWEEP : 0;
    task->refs = 2; /* T5: the user's and the loop's */
    sm_list_init(&task->waiters);
    sm_list_push(&sched->tasks, &task->all);
    sched->task_count++;
    sm_task_ready(task);
    return task;
}

static simul_task *create(simul_loop *loop, simul_fn *fn, void *arg,
                          const simul_task_opts *opts, const char *where)
{
    if (sm_loop_mine(loop) == 0 && fn && (!opts || opts->stack_size <= UINT32_MAX))
        return sm_task_create(sm_sched_of(loop), fn, arg, opts, where);
    if (opts && opts->release_arg)
        opts->release_arg(arg);
    return NULL;
}

simul_task *simul_create_task_at(simul_fn *fn, void *arg, const simul_task_opts *opts,
                                 const char *where)
{
    return create(sm_running, fn, arg, opts, where);
}

simul_task *simul_loop_create_task_at(simul_loop *loop, simul_fn *fn, void *arg,
                                      const simul_task_opts *opts, const char *where)
{
    return create(sm_loop_or_running(loop), fn, arg, opts, where);
}

simul_task *simul_current_task(void)
{
    return sm_current();
}

size_t simul_all_tasks(simul_task **tasks, size_t max)
{
    if (!sm_running)
        return 0;
    struct sm_sched *sched = sm_sched_of(sm_running);
    size_t n = 0;
    sm_list_each (it, &sched->tasks) {
        if (n == max)
            break;
        tasks[n++] = simul_retain(sm_container_of(it, struct simul_future, all));
    }
    return sched->task_count;
}
