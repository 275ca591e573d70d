/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous generators: stepped by tasks, known to their loop from the first step on, and
 * closed in tasks when nobody else has (PEP 525; S51, S52).
 *
 * That the function waits needs nothing here: the task is in the generator, and waits (N1).
 */
#include "gen/gen.h"

#include "base/log.h"
#include "base/sys.h"
#include "task/wait.h"

simul_agen *simul_agen_new_at(simul_gen_fn *fn, void *arg, const simul_gen_opts *opts,
                              const char *where)
{
    return sm_gen_new(fn, arg, opts, where, true);
}

void simul_agen_release(simul_agen *agen)
{
    simul_gen_release(agen);
}

/* ---- known to the loop (G3) -------------------------------------------------------------- */

static int shut_down(void *unused)
{
    (void)unused;
    return simul_shutdown_asyncgens();
}

/* The loop closes. */
static void drop(struct sm_closable *closable)
{
    struct simul_gen *agen = sm_container_of(closable, struct simul_gen, closable);
    sm_log(SIMUL_LOG_WARNING,
           "the asynchronous generator made at %s was not closed before its loop",
           agen->coro.where);
    sm_coro_drop(&agen->coro);
}

static void register_with(struct sm_sched *sched, struct simul_gen *agen)
{
    agen->sched = sched;
    agen->closable.drop = drop;
    sm_list_push(&sched->closables, &agen->closable.link);
    if (sched->agens_shut_down)
        sm_log(SIMUL_LOG_WARNING,
               "the asynchronous generator made at %s was begun after "
               "simul_shutdown_asyncgens()",
               agen->coro.where);
    sched->shut_down = shut_down;
}

void sm_agen_ended(struct simul_gen *agen)
{
    sm_list_remove(&agen->closable.link);
    agen->sched = NULL;
}

/* ---- stepping -------------------------------------------------------------------------- */

/* A task's, and in a state to be stepped? */
static inline int check(struct simul_gen *agen)
{
    if (sm_unlikely(!agen))
        return -ENOMEM;
    if (sm_unlikely(!agen->is_async))
        return -EINVAL;
    if (sm_unlikely(!sm_current()))
        return -SIMUL_ENOTASK;
    return sm_coro_mine(&agen->coro) ? 0 : -EXDEV;
}

int sm_agen_lend(struct simul_gen *agen)
{
    int r = check(agen);
    if (r == 0 && agen->state == SIMUL_GEN_CREATED)
        register_with(sm_sched_of(sm_running), agen);
    return r;
}

static __attribute__((noinline)) int begin(struct simul_gen *agen, const void *sent,
                                           void **value)
{
    if (!sent)
        register_with(sm_sched_of(sm_running), agen);
    return sm_gen_step(agen, sent, value);
}

static inline __attribute__((always_inline)) int step(simul_agen *agen,
                                                      const void *sent, void **value)
{
    int r = check(agen);
    if (r == 0)
        r = sm_checkpoint();
    if (sm_unlikely(r < 0))
        return r;
    if (sm_unlikely(agen->state == SIMUL_GEN_CREATED))
        return begin(agen, sent, value);
    return sm_gen_step(agen, sent, value);
}

SM_RETURNS_BY_JUMP int simul_agen_next(simul_agen *agen, void **value)
{
    return step(agen, NULL, value);
}

SM_RETURNS_BY_JUMP int simul_agen_send(simul_agen *agen, const void *sent, void **value)
{
    return step(agen, sent, value);
}

int simul_agen_throw(simul_agen *agen, int error, void **value)
{
    int r = check(agen);
    return r < 0 ? r : sm_gen_throw(agen, error, value);
}

int simul_agen_close(simul_agen *agen)
{
    if (!agen)
        return -ENOMEM;
    if (!agen->is_async)
        return -EINVAL;
    struct simul_future *task = sm_current();
    if (agen->state == SIMUL_GEN_SUSPENDED && !task)
        return -SIMUL_ENOTASK;
    bool was = task && sm_sticky_save(task);
    int r = sm_gen_close(agen);
    if (task)
        sm_sticky_restore(task, was);
    return r;
}

/* ---- closing in a task of its own ------------------------------------------------------- */

static int closer(void *arg)
{
    return simul_agen_close(arg);
}

static void closer_ended(void *arg)
{
    sm_gen_unuse(arg);
}

static struct simul_future *close_in_a_task(struct simul_gen *agen)
{
    simul_task_opts opts = {.release_arg = closer_ended};
    sm_gen_use(agen);
    return sm_task_create(agen->sched, closer, agen, &opts, agen->coro.where);
}

/* Once. If there is no memory for the task, or it is cancelled before it begins, the end of
 * the run tries again. */
void sm_agen_orphaned(struct simul_gen *agen)
{
    if (agen->closer_tried || agen->sched->loop.closed)
        return;
    agen->closer_tried = true;
    simul_release(close_in_a_task(agen));
}

/* ---- the end of the run ------------------------------------------------------------------ */

struct shutdown {
    struct sm_closable closable; /* tasks may never come back from waiting */
    size_t n;
    simul_task *tasks[]; /* held */
};

static void shutdown_free(struct shutdown *shutdown)
{
    sm_list_remove(&shutdown->closable.link);
    simul_release_all(shutdown->tasks, shutdown->n);
    sm_free(shutdown);
}

static void shutdown_drop(struct sm_closable *closable)
{
    shutdown_free(sm_container_of(closable, struct shutdown, closable));
}

/* The next after `it` that is suspended; NULL: none. What is lent is closed by who has it. */
static struct simul_gen *next_suspended(struct sm_sched *sched, struct sm_list *it)
{
    for (it = it->next; it != &sched->closables; it = it->next) {
        struct sm_closable *closable = sm_container_of(it, struct sm_closable, link);
        struct simul_gen *agen = sm_container_of(closable, struct simul_gen, closable);
        if (closable->drop == drop && agen->state == SIMUL_GEN_SUSPENDED && !agen->lent)
            return agen;
    }
    return NULL;
}

static size_t count(struct sm_sched *sched)
{
    size_t n = 0;
    struct simul_gen *it = next_suspended(sched, &sched->closables);
    for (; it; it = next_suspended(sched, &it->closable.link))
        n++;
    return n;
}

static struct shutdown *begin_all(struct sm_sched *sched, size_t n)
{
    struct shutdown *shutdown =
        sm_zalloc(sizeof *shutdown + n * sizeof shutdown->tasks[0]);
    if (!shutdown)
        return NULL;
    struct simul_gen *it = next_suspended(sched, &sched->closables);
    for (; it; it = next_suspended(sched, &it->closable.link))
        shutdown->tasks[shutdown->n++] = close_in_a_task(it);
    shutdown->closable.drop = shutdown_drop;
    sm_list_push(&sched->closables, &shutdown->closable.link);
    return shutdown;
}

static void report(struct simul_future *task)
{
    if (task && task->state == SM_FINISHED && task->result < 0 && !task->asked)
        sm_report(task, "an asynchronous generator could not be closed well");
}

int simul_shutdown_asyncgens(void)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    struct sm_sched *sched = sm_sched_of(sm_running);
    sched->agens_shut_down = true;
    size_t n = count(sched);
    if (n == 0)
        return 0;
    struct shutdown *shutdown = begin_all(sched, n);
    if (!shutdown)
        return -ENOMEM;
    r = simul_gather(shutdown->tasks, n, SIMUL_RETURN_EXCEPTIONS);
    for (size_t i = 0; i < n; i++)
        report(shutdown->tasks[i]);
    shutdown_free(shutdown);
    return r;
}
