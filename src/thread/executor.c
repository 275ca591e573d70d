/* SPDX-License-Identifier: MIT */
/* The pool of threads; see executor.h. */
#include "thread/executor.h"

#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "loop/loop.h"

enum { WORKERS_MAX = 32, WORKERS_MORE = 4 };

__thread struct simul_executor *sm_working_for
    __attribute__((tls_model("initial-exec")));

/* ---- counting ------------------------------------------------------------------------- */

void sm_executor_ref(struct simul_executor *executor)
{
    __atomic_add_fetch(&executor->refs, 1, __ATOMIC_RELAXED);
}

bool sm_executor_dead(const struct simul_executor *executor)
{
    return !sm_mutex_is_shared(&executor->lock);
}

void sm_executor_join(struct simul_executor *executor)
{
    sm_mutex_lock(&executor->lock);
    bool has_last = executor->has_last;
    executor->has_last = false;
    pthread_t last = executor->last;
    sm_mutex_unlock(&executor->lock);
    if (!has_last)
        return;
    if (pthread_equal(last, pthread_self()))
        pthread_detach(last);
    else
        pthread_join(last, NULL);
}

static void free_executor(struct simul_executor *executor)
{
    if (!sm_executor_dead(executor))
        sm_executor_join(executor);
    sm_list_each_safe (it, &executor->all) {
        struct sm_worker *worker = sm_container_of(it, struct sm_worker, all);
        sem_destroy(&worker->wake);
        sm_free(worker);
    }
    sm_mutex_finish(&executor->lock);
    sm_free(executor);
}

/* The threads of a dead one are not there to give up theirs, nor to be joined. */
void sm_executor_unref(struct simul_executor *executor)
{
    unsigned theirs = sm_executor_dead(executor) ? (unsigned)executor->workers : 0;
    if (__atomic_sub_fetch(&executor->refs, 1, __ATOMIC_ACQ_REL) == theirs)
        free_executor(executor);
}

/* ---- making ---------------------------------------------------------------------------- */

static int processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static int workers_by_default(void)
{
    int n = processors() + WORKERS_MORE;
    return n < WORKERS_MAX ? n : WORKERS_MAX;
}

int simul_executor_new(simul_executor **ret, const simul_executor_opts *opts)
{
    static const simul_executor_opts defaults;
    if (!opts)
        opts = &defaults;
    if (opts->max_workers < 0
        || (opts->stack_size && opts->stack_size < (size_t)PTHREAD_STACK_MIN))
        return -EINVAL;
    int r = sm_watch_forks();
    if (r < 0)
        return r;
    struct simul_executor *executor = sm_zalloc(sizeof *executor);
    if (!executor)
        return -ENOMEM;

    const char *prefix = opts->thread_name_prefix;
    snprintf(executor->prefix, sizeof executor->prefix, "%s",
             prefix ? prefix : "simul");
    executor->refs = executor->holders = 1;
    executor->stack_size = opts->stack_size;
    executor->max_workers =
        opts->max_workers ? opts->max_workers : workers_by_default();
    sm_mutex_init(&executor->lock);
    sm_list_init(&executor->queue);
    sm_list_init(&executor->idle);
    sm_list_init(&executor->all);
    sm_list_init(&executor->watches);
    *ret = executor;
    return 0;
}

/* ---- a thread ---------------------------------------------------------------------------- */

/* Sleep until a job is handed over, or the executor is shut (NULL). */
static struct sm_job *sleep_idle(struct sm_worker *self)
{
    sm_list_push_front(&self->executor->idle, &self->link);
    sm_mutex_unlock(&self->executor->lock);
    while (sem_wait(&self->wake) < 0)
        ; /* EINTR, of a debugger: signals are blocked */
    struct sm_job *job = self->job;
    self->job = NULL;
    return job;
}

/* NULL: there is nothing left to do, and the lock is held. */
static struct sm_job *next_job(struct sm_worker *self)
{
    struct simul_executor *executor = self->executor;
    struct sm_job *job = NULL;
    while (!job) {
        sm_mutex_lock(&executor->lock);
        struct sm_list *it = sm_list_shift(&executor->queue);
        if (it) {
            sm_mutex_unlock(&executor->lock);
            return sm_container_of(it, struct sm_job, link);
        }
        if (executor->shut)
            return NULL;
        job = sleep_idle(self);
    }
    return job;
}

static void tell_watches(struct simul_executor *executor)
{
    for (struct sm_list *it; (it = sm_list_shift(&executor->watches));) {
        struct sm_executor_watch *watch =
            sm_container_of(it, struct sm_executor_watch, link);
        watch->ended(watch);
    }
}

/* The lock is held. */
static void end(struct simul_executor *executor)
{
    bool has_before = executor->has_last;
    pthread_t before = executor->last;
    executor->last = pthread_self();
    executor->has_last = true;
    if (--executor->workers == 0)
        tell_watches(executor);
    sm_mutex_unlock(&executor->lock);
    if (has_before)
        pthread_join(before, NULL);
    sm_executor_unref(executor);
}

static void *work(void *arg)
{
    struct sm_worker *self = arg;
    struct simul_executor *executor = self->executor;
    char name[16];
    snprintf(name, sizeof name, "%s_%u", executor->prefix, self->number % 1000);
    pthread_setname_np(pthread_self(), name);
    sm_working_for = executor;
    struct sm_job *job = self->job;
    self->job = NULL;
    for (; job; job = next_job(self)) {
        job->run(job);
        if (sm_executor_dead(executor))
            return NULL; /* the job has forked, and this is the child's only thread */
    }
    end(executor);
    return NULL;
}

/* ---- beginning one ------------------------------------------------------------------------- */

/* The process's signals are for its other threads. What this thread itself causes is not
 * blocked: blocked, it would kill without a word of those who report it. */
static void block_signals(sigset_t *before)
{
    static const int own[] = {SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                              SIGTRAP, SIGABRT, SIGSYS};
    sigset_t set;
    sigfillset(&set);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&set, own[i]);
    pthread_sigmask(SIG_SETMASK, &set, before);
}

static int create_thread(struct sm_worker *worker)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t before;
    size_t size = worker->executor->stack_size;
    pthread_attr_init(&attr);
    int r = size ? sm_thread_attr_setstacksize(&attr, size) : 0;
    block_signals(&before);
    if (r == 0)
        r = sm_thread_create(&thread, &attr, work, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return r;
}

static void forget_worker(struct sm_worker *worker)
{
    sm_list_remove(&worker->all);
    sem_destroy(&worker->wake);
    sm_free(worker);
}

/* The lock is held. */
static int begin_thread(struct simul_executor *executor, struct sm_job *job)
{
    struct sm_worker *worker = sm_zalloc(sizeof *worker);
    if (!worker)
        return -EAGAIN;
    worker->executor = executor;
    worker->job = job;
    worker->number = executor->begun;
    sem_init(&worker->wake, 0, 0);
    sm_list_push(&executor->all, &worker->all);
    sm_executor_ref(executor);
    executor->workers++;
    if (create_thread(worker) < 0) {
        executor->workers--;
        sm_executor_unref(executor); /* the caller has another */
        forget_worker(worker);
        return -EAGAIN;
    }
    executor->begun++;
    return 0;
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void hand_over(struct sm_list *idle, struct sm_job *job)
{
    struct sm_worker *worker = sm_container_of(idle, struct sm_worker, link);
    worker->job = job;
    sem_post(&worker->wake);
}

/* Without a new thread those that are there will do it. The lock is held. */
static int begin_or_queue(struct simul_executor *executor, struct sm_job *job)
{
    if (executor->workers < executor->max_workers && begin_thread(executor, job) == 0)
        return 0;
    if (executor->workers == 0)
        return -EAGAIN;
    sm_list_push(&executor->queue, &job->link);
    return 0;
}

int sm_executor_submit(struct simul_executor *executor, struct sm_job *job)
{
    if (sm_executor_dead(executor))
        return -SIMUL_ESHUTDOWN;
    int r = 0;
    job->link = (struct sm_list){0};
    sm_mutex_lock(&executor->lock);
    struct sm_list *idle = sm_list_shift(&executor->idle);
    if (executor->shut)
        r = -SIMUL_ESHUTDOWN;
    else if (!idle)
        r = begin_or_queue(executor, job);
    sm_mutex_unlock(&executor->lock);
    if (idle)
        hand_over(idle, job);
    return r;
}

bool sm_executor_take_back(struct simul_executor *executor, struct sm_job *job)
{
    sm_mutex_lock(&executor->lock);
    bool queued = sm_list_linked(&job->link);
    sm_list_remove(&job->link);
    sm_mutex_unlock(&executor->lock);
    return queued;
}

/* ---- the end ---------------------------------------------------------------------------------- */

void sm_executor_shut(struct simul_executor *executor, bool cancel)
{
    if (sm_executor_dead(executor))
        return;
    struct sm_list *it;
    sm_mutex_lock(&executor->lock);
    executor->shut = true;
    while ((it = sm_list_shift(&executor->idle)))
        hand_over(it, NULL);
    while (cancel && (it = sm_list_shift(&executor->queue))) {
        struct sm_job *job = sm_container_of(it, struct sm_job, link);
        sm_mutex_unlock(&executor->lock);
        job->drop(job);
        sm_mutex_lock(&executor->lock);
    }
    sm_mutex_unlock(&executor->lock);
}

bool sm_executor_watch(struct simul_executor *executor, struct sm_executor_watch *watch)
{
    sm_mutex_lock(&executor->lock);
    bool wait = executor->workers > 0;
    if (wait)
        sm_list_push(&executor->watches, &watch->link);
    sm_mutex_unlock(&executor->lock);
    return wait;
}

bool sm_executor_unwatch(struct simul_executor *executor,
                         struct sm_executor_watch *watch)
{
    sm_mutex_lock(&executor->lock);
    bool waits = sm_list_linked(&watch->link);
    sm_list_remove(&watch->link);
    sm_mutex_unlock(&executor->lock);
    return waits;
}

void sm_executor_hold(struct simul_executor *executor)
{
    __atomic_add_fetch(&executor->holders, 1, __ATOMIC_RELAXED);
}

void simul_executor_release(simul_executor *executor)
{
    if (!executor || __atomic_sub_fetch(&executor->holders, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sm_executor_shut(executor, false);
    sm_executor_unref(executor);
}
