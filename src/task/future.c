/* SPDX-License-Identifier: MIT */
/* Futures: making, finishing, watching, releasing. See task.h for the states. */
#include <string.h>

#include "base/sys.h"
#include "task/graph.h"
#include "task/task.h"
#include "task/wait.h"

/* ---- making ------------------------------------------------------------------------- */

simul_future *simul_loop_create_future(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    if (sm_loop_mine(loop) < 0)
        return NULL;
    struct simul_future *future = sm_future_alloc(sm_sched_of(loop));
    if (!future)
        return NULL;
    future->refs = 1;
    sm_list_init(&future->waiters);
    return future;
}

simul_future *simul_create_future(void)
{
    return simul_loop_create_future(NULL);
}

/* ---- watching ----------------------------------------------------------------------- */

struct sm_waiter *sm_waiter_take(struct simul_future *future)
{
    if (!future->first_taken) {
        future->first_taken = true;
        return &future->first;
    }
    return sm_malloc(sizeof(struct sm_waiter));
}

void sm_waiter_give(struct simul_future *future, struct sm_waiter *waiter)
{
    if (waiter == &future->first)
        future->first_taken = false;
    else
        sm_free(waiter);
}

/* ---- finishing ---------------------------------------------------------------------- */

void sm_future_finish(struct simul_future *future, enum sm_state state, int result)
{
    sm_future_finish_here(future, state, result);
}

static int check_settable(simul_future *future)
{
    if (!future)
        return -ENOMEM;
    if (sm_loop_foreign(&future->sched->loop))
        return sm_loop_refuse(&future->sched->loop);
    if (future->is_task)
        return -EINVAL;
    return sm_future_done(future) ? -SIMUL_ESTATE : 0;
}

int simul_set_result(simul_future *future, int result)
{
    int r = check_settable(future);
    if (r < 0)
        return r;
    if (result < 0)
        return -EINVAL;
    sm_future_finish(future, SM_FINISHED, result);
    return 0;
}

int simul_set_value(simul_future *future, void *value, simul_destroy_fn *destroy)
{
    int r = check_settable(future);
    if (r < 0)
        return r;
    struct sm_extra *extra = sm_extra_of(future);
    if (!extra)
        return -ENOMEM;
    extra->value = value;
    extra->destroy = destroy;
    sm_future_finish(future, SM_FINISHED, 0);
    return 0;
}

int simul_set_error(simul_future *future, int error)
{
    int r = check_settable(future);
    if (r < 0)
        return r;
    if (error >= 0)
        return -EINVAL;
    sm_future_finish(future, error == -ECANCELED ? SM_CANCELLED : SM_FINISHED, error);
    return 0;
}

/* ---- releasing ---------------------------------------------------------------------- */

simul_future *simul_retain(simul_future *future)
{
    if (future)
        sm_future_ref(future);
    return future;
}

static void call_handler(void *arg)
{
    const simul_error_context *context = arg;
    simul_call_exception_handler(&context->future->sched->loop, context);
}

/* The handler runs in the task's context, as in asyncio. */
void sm_report(struct simul_future *future, const char *message)
{
    char text[256], label[96];
    future->asked = true;
    if (future->is_task) {
        sm_task_label(future, label, sizeof label);
        snprintf(text, sizeof text, "%s (%s, made at %s)", message, label,
                 future->where ? future->where : "?");
    } else {
        snprintf(text, sizeof text, "%s", message);
    }
    simul_error_context context = {.message = text,
                                   .error = future->result,
                                   .detail = simul_message(future),
                                   .future = future};
    if (future->has_context)
        sm_context_call_in(&future->variables, call_handler, &context);
    else
        call_handler(&context);
}

/* Nobody can ask any more. */
void sm_future_last_unref(struct simul_future *future)
{
    if (sm_unlikely(future->result < 0) && future->state == SM_FINISHED
        && !future->asked) {
        future->refs = 1; /* the handler may look at it */
        sm_report(future, future->is_task ? "a task failed and nobody asked why"
                                          : "a future failed and nobody asked why");
        if (--future->refs > 0)
            return; /* and may have kept it */
    }
    if (sm_unlikely(future->extra != NULL))
        sm_extra_free(future);
    if (sm_unlikely(future->has_context))
        simul_context_release(future->variables);
    if (future->is_task && !future->sched->loop.closed)
        sm_ring_unreserve_n(&future->sched->loop.ready, 2);
    sm_future_free(future);
}

void simul_release(simul_future *future)
{
    if (future)
        sm_future_unref(future);
}

void simul_release_all(simul_future **futures, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        simul_release(futures[i]);
        futures[i] = NULL;
    }
}

/* ---- asking ------------------------------------------------------------------------- */

simul_loop *simul_get_loop(const simul_future *future)
{
    if (!future)
        return NULL;
    future->sched->loop.escaped = true;
    return &future->sched->loop;
}

bool simul_done(const simul_future *future)
{
    return !future || sm_future_done(future);
}

bool simul_cancelled(const simul_future *future)
{
    return future && future->state == SM_CANCELLED;
}

int simul_error(simul_future *future)
{
    if (!future)
        return -ENOMEM;
    if (!sm_future_done(future))
        return -SIMUL_ESTATE;
    future->asked = true;
    return future->result;
}

void *simul_result(simul_future *future)
{
    if (!future || !sm_future_done(future))
        return NULL;
    future->asked = true;
    return future->result >= 0 && future->extra ? future->extra->value : NULL;
}

/* ---- awaiting ----------------------------------------------------------------------- */

struct future_wait {
    struct sm_wait wait;
    struct sm_waiter waiter;
};

static void await_fire(struct sm_waiter *waiter, struct simul_future *future)
{
    struct future_wait *w = sm_container_of(waiter, struct future_wait, waiter);
    sm_wait_finish(&w->wait, future->result);
}

struct simul_future *sm_await_awaiter(struct sm_waiter *waiter)
{
    if (waiter->fire != await_fire)
        return NULL;
    return sm_container_of(waiter, struct future_wait, waiter)->wait.task;
}

/* C6 */
static bool await_close(struct future_wait *w)
{
    sm_list_remove(&w->waiter.link);
    sm_future_unref((struct simul_future *)w->wait.on);
    return false;
}

/* The cancel goes on to what is awaited; the wait ends when that does (S9), or at once if
 * that refuses (C1). */
static bool await_abort(struct sm_wait *wait)
{
    struct future_wait *w = sm_container_of(wait, struct future_wait, wait);
    if (wait->task->sched->loop.closed)
        return await_close(w);
    struct simul_future *future = (struct simul_future *)wait->on;
    bool taken = simul_cancel_msg(future, sm_cancel_text(wait->task));
    if (future->ending)
        return false;
    if (!taken) {
        sm_list_remove(&w->waiter.link);
        sm_wait_finish(wait, -ECANCELED);
    }
    return true;
}

static int await_pending(struct simul_future *task, struct simul_future *future)
{
    struct future_wait w;
    sm_wait_prepare_for(&w.wait, task, future->is_task ? "task" : "future",
                        await_abort);
    w.wait.on = future;
    w.wait.on_future = w.wait.holds = true;
    w.waiter.fire = await_fire;
    sm_future_watch(future, &w.waiter);

    sm_future_ref(future);
    int r = (int)sm_wait_suspend(&w.wait);
    if (sm_unlikely(r < 0 && r == future->result)) {
        future->asked = true;
        sm_pass_message(task, future);
    } else if (sm_unlikely(r >= 0 && future->extra)) {
        future->asked = true;
    }
    sm_future_unref(future);
    return r;
}

int simul_await(simul_future *future)
{
    struct simul_future *task;
    int r = sm_checkpoint_of(&task);
    if (sm_unlikely(r < 0))
        return r;
    if (sm_unlikely(!future))
        return -ENOMEM;
    if (sm_unlikely(future == task))
        return -EDEADLK;
    if (sm_unlikely(future->sched != task->sched))
        return -EXDEV;
    if (!sm_future_done(future))
        return await_pending(task, future);
    future->asked = true;
    if (future->result < 0)
        sm_pass_message(task, future);
    return future->result;
}
