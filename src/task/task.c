/* SPDX-License-Identifier: MIT */
/* Making tasks, and asking which there are. */
#include <string.h>

#include "base/fault.h"
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

simul_task *sm_task_refuse(void *arg, const simul_task_opts *opts)
{
    if (opts && opts->release_arg)
        opts->release_arg(arg);
    return NULL;
}

static inline struct simul_future *make_task(struct sm_sched *sched, simul_fn *fn,
                                             void *arg, const simul_task_opts *opts,
                                             const char *where)
{
    struct simul_future *task = make(sched, opts);
    if (!task)
        return sm_task_refuse(arg, opts);
    task->is_task = true;
    task->ready.run = sm_task_resume;
    task->fn = fn;
    task->arg = arg;
    task->where = where;
    task->id = ++sched->next_id;
    task->attention = SM_COUNTS_AWAITS ? SM_ATTEND_SWEEP : 0;
    task->refs = 2; /* T5: the user's and the loop's */
    sm_list_init(&task->waiters);
    sm_list_push(&sched->tasks, &task->all);
    sched->task_count++;
    if (sm_unlikely(sched->joining != NULL)) {
        sm_group_adopt(sched->joining, task);
        sched->joining = NULL;
    }
    return task;
}

static inline struct simul_future *make_and_start(struct sm_sched *sched, simul_fn *fn,
                                                  void *arg,
                                                  const simul_task_opts *opts,
                                                  const char *where)
{
    struct simul_future *task = make_task(sched, fn, arg, opts, where);
    if (sm_unlikely(!task))
        return NULL;
    if (sm_unlikely(opts && opts->eager_start > 0))
        sm_task_run_now(sched, task);
    else
        sm_task_ready(task);
    return task;
}

struct simul_future *sm_task_create(struct sm_sched *sched, simul_fn *fn, void *arg,
                                    const simul_task_opts *opts, const char *where)
{
    return make_and_start(sched, fn, arg, opts, where);
}

static bool can_create(simul_loop *loop, simul_fn *fn, const simul_task_opts *opts)
{
    return sm_loop_mine(loop) == 0 && fn && (!opts || opts->stack_size <= UINT32_MAX);
}

static simul_task *create(simul_loop *loop, simul_fn *fn, void *arg,
                          const simul_task_opts *opts, const char *where)
{
    if (!can_create(loop, fn, opts))
        return sm_task_refuse(arg, opts);
    struct sm_sched *sched = sm_sched_of(loop);
    if (sm_unlikely(sched->factory != NULL))
        return sched->factory(loop, fn, arg, opts, where, sched->factory_arg);
    return make_and_start(sched, fn, arg, opts, where);
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

simul_task *simul_task_new(simul_loop *loop, simul_fn *fn, void *arg,
                           const simul_task_opts *opts, const char *where)
{
    loop = sm_loop_or_running(loop);
    if (!can_create(loop, fn, opts))
        return sm_task_refuse(arg, opts);
    return sm_task_create(sm_sched_of(loop), fn, arg, opts, where);
}

/* ---- factories ---------------------------------------------------------------------- */

void simul_set_task_factory(simul_loop *loop, simul_task_factory_fn *factory,
                            void *factory_arg)
{
    loop = sm_loop_or_running(loop);
    if (sm_loop_mine(loop) < 0)
        return;
    sm_sched_of(loop)->factory = factory;
    sm_sched_of(loop)->factory_arg = factory_arg;
}

simul_task_factory_fn *simul_get_task_factory(const simul_loop *loop,
                                              void **factory_arg)
{
    loop = loop ? loop : sm_running;
    if (!loop)
        return NULL;
    const struct sm_sched *sched = (const struct sm_sched *)loop;
    if (factory_arg)
        *factory_arg = sched->factory_arg;
    return sched->factory;
}

simul_task *simul_eager_task_factory(simul_loop *loop, simul_fn *fn, void *arg,
                                     const simul_task_opts *opts, const char *where,
                                     void *factory_arg)
{
    simul_task_opts eager = opts ? *opts : (simul_task_opts){0};
    (void)factory_arg;
    if (eager.eager_start == 0)
        eager.eager_start = 1;
    return simul_task_new(loop, fn, arg, &eager, where);
}

/* ---- asking ------------------------------------------------------------------------- */

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
