/* SPDX-License-Identifier: MIT */
/*
 * run_coroutine_threadsafe(): a task of a loop, and a future of it for other threads.
 *
 * Both sides hold the future. What passes between them is posted in memory of its own, once
 * each way: `begin` to the loop, and `cancel`. `loop` is NULL from the moment in which the
 * task has ended or the loop is closed: then nothing is posted any more.
 */
#include <math.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"
#include "thread/executor.h"

struct simul_concurrent_future {
    unsigned refs; /* atomic: the user's, the loop's, that of a cancel under way */
    struct sm_mutex lock;
    pthread_cond_t ended;
    /* guarded by the lock */
    struct simul_loop *loop;
    bool done;
    int result;
    char *message; /* owned; NULL: that of the code */
    /* the loop's thread only, once `begin` was posted */
    struct sm_post begin, cancel;
    struct sm_closable closable;
    struct sm_waiter waiter;
    struct simul_future *task; /* held while it runs */
    simul_fn *fn;
    void *arg;
    void (*release_arg)(void *arg);
    struct simul_context *context; /* of who asked; owned */
    const char *where;
};

static void unref(struct simul_concurrent_future *future)
{
    if (__atomic_sub_fetch(&future->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sm_mutex_finish_condition(&future->lock, &future->ended);
    sm_mutex_finish(&future->lock);
    simul_context_release(future->context);
    sm_free(future->message);
    sm_free(future);
}

/* ---- in the loop's thread ----------------------------------------------------------- */

/* The loop has no part in it any more. */
static void leave_loop(struct simul_concurrent_future *future, int result,
                       const char *message)
{
    sm_mutex_lock(&future->lock);
    future->loop = NULL;
    if (!future->done) { /* else it was cancelled from the other side */
        future->done = true;
        future->result = result;
        future->message = message ? sm_strdup(message) : NULL;
    }
    pthread_cond_broadcast(&future->ended);
    sm_mutex_unlock(&future->lock);
    unref(future);
}

static void forget_task(struct simul_concurrent_future *future)
{
    struct simul_future *task = future->task;
    future->task = NULL;
    sm_list_remove(&future->closable.link);
    sm_list_remove(&future->waiter.link);
    sm_future_unref(task);
}

/* The loop's own reference to the task outlives this call. */
static void task_ended(struct sm_waiter *waiter, struct simul_future *task)
{
    struct simul_concurrent_future *future =
        sm_container_of(waiter, struct simul_concurrent_future, waiter);
    task->asked = true;
    forget_task(future);
    leave_loop(future, task->result, task->result < 0 ? simul_message(task) : NULL);
}

/* The loop is closed while the task is pending. */
static void task_dropped(struct sm_closable *closable)
{
    struct simul_concurrent_future *future =
        sm_container_of(closable, struct simul_concurrent_future, closable);
    forget_task(future);
    leave_loop(future, -ECANCELED, NULL);
}

static void start(struct simul_concurrent_future *future, struct simul_loop *loop)
{
    const simul_task_opts opts = {.release_arg = future->release_arg,
                                  .context = future->context};
    struct simul_future *task = sm_task_create(sm_sched_of(loop), future->fn,
                                               future->arg, &opts, future->where);
    if (!task) {
        leave_loop(future, -ENOMEM, NULL);
        return;
    }
    future->task = task;
    future->waiter.fire = task_ended;
    future->closable.drop = task_dropped;
    sm_future_watch(task, &future->waiter);
    sm_list_push(&sm_sched_of(loop)->closables, &future->closable.link);
}

static void give_up(struct simul_concurrent_future *future)
{
    if (future->release_arg)
        future->release_arg(future->arg);
    leave_loop(future, -ECANCELED, NULL);
}

static void run_begin(struct sm_ready *ready)
{
    struct simul_concurrent_future *future =
        sm_container_of(ready, struct simul_concurrent_future, begin.ready);
    sm_post_arrived(future->loop, &future->begin);
    if (simul_concurrent_future_done(future))
        give_up(future); /* cancelled before it began */
    else
        start(future, future->loop);
}

static void drop_begin(struct sm_post *post)
{
    give_up(sm_container_of(post, struct simul_concurrent_future, begin));
}

static void run_cancel(struct sm_ready *ready)
{
    struct simul_concurrent_future *future =
        sm_container_of(ready, struct simul_concurrent_future, cancel.ready);
    sm_post_arrived(sm_running, &future->cancel);
    simul_cancel(future->task);
    unref(future);
}

static void drop_cancel(struct sm_post *post)
{
    unref(sm_container_of(post, struct simul_concurrent_future, cancel));
}

/* ---- in the other thread ---------------------------------------------------------------- */

static void init_clock(pthread_cond_t *ended)
{
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(ended, &attr);
    pthread_condattr_destroy(&attr);
}

static simul_concurrent_future *new_future(struct simul_loop *loop)
{
    struct simul_concurrent_future *future = sm_zalloc(sizeof *future);
    if (!future)
        return NULL;
    future->context = simul_copy_context();
    if (!future->context) {
        sm_free(future);
        return NULL;
    }
    future->refs = 2;
    future->loop = loop;
    sm_mutex_init(&future->lock);
    init_clock(&future->ended);
    future->begin.ready.run = run_begin;
    future->begin.drop = drop_begin;
    future->cancel.ready.run = run_cancel;
    future->cancel.drop = drop_cancel;
    return future;
}

simul_concurrent_future *
simul_run_coroutine_threadsafe_at(simul_loop *loop, simul_fn *fn, void *arg,
                                  void (*release_arg)(void *arg), const char *where)
{
    bool usable = sm_loop_usable(loop) == 0 && fn;
    struct simul_concurrent_future *future = usable ? new_future(loop) : NULL;
    if (!future) {
        if (release_arg)
            release_arg(arg);
        return NULL;
    }
    future->fn = fn;
    future->arg = arg;
    future->release_arg = release_arg;
    future->where = where;
    sm_inbox_post(loop, &future->begin);
    return future;
}

static bool later(double timeout, struct timespec *when)
{
    static const double MAX_S = 1e9; /* longer than any machine runs */
    if (timeout < 0 || timeout > MAX_S)
        return false;
    double seconds = floor(timeout);
    clock_gettime(CLOCK_MONOTONIC, when);
    when->tv_sec += (time_t)seconds;
    when->tv_nsec += (long)((timeout - seconds) * 1e9);
    if (when->tv_nsec >= 1000000000) {
        when->tv_nsec -= 1000000000;
        when->tv_sec++;
    }
    return true;
}

/* The lock is held. */
static int wait_until_done(struct simul_concurrent_future *future, double timeout)
{
    struct timespec when;
    if (!future->done && !sm_mutex_is_shared(&future->lock))
        return -SIMUL_ECLOSEDLOOP; /* the loop is the parent's */
    bool limited = later(timeout, &when);
    while (!future->done) {
        pthread_mutex_t *lock = &future->lock.mutex;
        int r = limited ? pthread_cond_timedwait(&future->ended, lock, &when)
                        : pthread_cond_wait(&future->ended, lock);
        if (r == ETIMEDOUT && !future->done)
            return -ETIMEDOUT;
    }
    return future->result;
}

int simul_concurrent_future_result(simul_concurrent_future *future, double timeout)
{
    if (!future)
        return -ENOMEM;
    if (isnan(timeout))
        return -EINVAL;
    sm_mutex_lock(&future->lock);
    bool own = !future->done && sm_running && future->loop == sm_running;
    int r = own ? -EDEADLK : wait_until_done(future, timeout);
    sm_mutex_unlock(&future->lock);
    return r;
}

bool simul_concurrent_future_cancel(simul_concurrent_future *future)
{
    if (!future)
        return false;
    sm_mutex_lock(&future->lock);
    bool was_pending = !future->done;
    if (was_pending) {
        future->done = true;
        future->result = -ECANCELED;
        pthread_cond_broadcast(&future->ended);
    }
    if (was_pending && future->loop) {
        __atomic_add_fetch(&future->refs, 1, __ATOMIC_RELAXED);
        sm_inbox_post(future->loop, &future->cancel);
    }
    sm_mutex_unlock(&future->lock);
    return was_pending;
}

bool simul_concurrent_future_done(simul_concurrent_future *future)
{
    if (!future)
        return true;
    sm_mutex_lock(&future->lock);
    bool done = future->done;
    sm_mutex_unlock(&future->lock);
    return done;
}

const char *simul_concurrent_future_message(simul_concurrent_future *future)
{
    if (!future)
        return simul_strerror(-ENOMEM);
    sm_mutex_lock(&future->lock);
    const char *message = future->message;
    if (!message)
        message = !future->done        ? "pending"
                  : future->result < 0 ? simul_strerror(future->result)
                                       : "success";
    sm_mutex_unlock(&future->lock);
    return message;
}

void simul_concurrent_future_release(simul_concurrent_future *future)
{
    if (future)
        unref(future);
}
