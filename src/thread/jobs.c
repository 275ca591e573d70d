/* SPDX-License-Identifier: MIT */
/* A loop's jobs, and those that have a future: run_in_executor(). See jobs.h. */
#include "thread/jobs.h"

#include "base/log.h"
#include "base/sys.h"

struct future_job {
    struct sm_loop_job base;
    struct sm_list link;         /* jobs->futures */
    struct simul_future *future; /* held; the loop's thread only */
    void (*release_arg)(void *arg);
};

/* ---- what a loop has ---------------------------------------------------------------- */

static void jobs_unref(struct sm_jobs *jobs)
{
    if (__atomic_sub_fetch(&jobs->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    sm_mutex_finish_condition(&jobs->lock, &jobs->delivered);
    sm_mutex_finish(&jobs->lock);
    sm_free(jobs);
}

static void close_jobs(struct sm_closable *closable);

struct sm_jobs *sm_jobs_of(struct simul_loop *loop)
{
    if (loop->jobs)
        return loop->jobs;
    struct sm_jobs *jobs = sm_zalloc(sizeof *jobs);
    if (!jobs)
        return NULL;
    jobs->refs = 1;
    jobs->loop = loop;
    jobs->closable.drop = close_jobs;
    sm_mutex_init(&jobs->lock);
    pthread_cond_init(&jobs->delivered, NULL);
    sm_list_init(&jobs->futures);
    sm_list_push(&sm_sched_of(loop)->closables, &jobs->closable.link);
    loop->jobs = jobs;
    sm_sched_of(loop)->end_threads = sm_finish_default_executor;
    return jobs;
}

static int default_executor(struct sm_jobs *jobs, struct simul_executor **executor)
{
    if (jobs->shut)
        return -SIMUL_ESHUTDOWN;
    int r = jobs->executor ? 0 : simul_executor_new(&jobs->executor, NULL);
    *executor = jobs->executor;
    return r;
}

int simul_loop_set_default_executor(simul_loop *loop, simul_executor *executor)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_mine(loop);
    if (r < 0)
        return r;
    if (!executor)
        return -EINVAL;
    struct sm_jobs *jobs = sm_jobs_of(loop);
    if (!jobs)
        return -ENOMEM;
    sm_executor_hold(executor);
    simul_executor_release(jobs->executor);
    jobs->executor = executor;
    return 0;
}

/* ---- doing, delivering ------------------------------------------------------------------ */

/* J1, J2 */
static void deliver(struct sm_job *self)
{
    struct sm_loop_job *job = sm_container_of(self, struct sm_loop_job, job);
    struct sm_jobs *jobs = job->jobs;
    sm_mutex_lock(&jobs->lock);
    bool orphan = job->orphaned;
    job->delivered = true;
    if (!orphan)
        sm_inbox_post(jobs->loop, &job->post);
    pthread_cond_broadcast(&jobs->delivered);
    sm_mutex_unlock(&jobs->lock);
    if (orphan)
        job->orphan(job);
    jobs_unref(jobs);
}

static void call(void *arg)
{
    struct sm_loop_job *job = arg;
    job->result = job->fn(job->arg);
}

static void run(struct sm_job *self)
{
    struct sm_loop_job *job = sm_container_of(self, struct sm_loop_job, job);
    unsigned forks = sm_forks;
    sm_context_call(&job->context, call, job);
    if (sm_forks == forks) /* else this is a child, and what waits is its parent's */
        deliver(self);
}

static void drop(struct sm_job *self)
{
    sm_container_of(self, struct sm_loop_job, job)->result = -ECANCELED;
    deliver(self);
}

int sm_loop_job_begin(struct sm_loop_job *job, struct simul_loop *loop,
                      struct simul_executor *executor)
{
    struct sm_jobs *jobs = sm_jobs_of(loop);
    if (!jobs)
        return -ENOMEM;
    int r = executor ? 0 : default_executor(jobs, &executor);
    if (r < 0)
        return r;
    job->job.run = run;
    job->job.drop = drop;
    job->post.reserved = true;
    job->post.link = (struct sm_list){0};
    job->jobs = jobs;
    job->executor = executor;
    job->delivered = job->orphaned = false;
    __atomic_add_fetch(&jobs->refs, 1, __ATOMIC_RELAXED);
    sm_executor_ref(executor);
    sm_loop_hold(loop, true);
    r = sm_executor_submit(executor, &job->job);
    if (r < 0) {
        jobs_unref(jobs);
        sm_executor_unref(executor);
        sm_loop_unhold(loop, true);
    }
    return r;
}

/* In the child of a fork there is no thread that will ever deliver it. */
bool sm_loop_job_take_back(struct sm_loop_job *job)
{
    bool mine = sm_executor_dead(job->executor)
                    ? !job->delivered
                    : sm_executor_take_back(job->executor, &job->job);
    if (!mine)
        return false;
    job->delivered = true; /* nobody will */
    jobs_unref(job->jobs);
    return true;
}

/* Of an orphan, too. */
static void give_back(struct sm_loop_job *job)
{
    sm_executor_unref(job->executor);
    simul_context_release(job->context);
}

void sm_loop_job_end(struct sm_loop_job *job)
{
    sm_loop_unhold(job->jobs->loop, true);
    give_back(job);
}

void sm_loop_job_close(struct sm_loop_job *job)
{
    struct sm_jobs *jobs = job->jobs;
    if (!sm_loop_job_take_back(job)) {
        sm_mutex_lock(&jobs->lock);
        while (!job->delivered)
            pthread_cond_wait(&jobs->delivered, &jobs->lock.mutex);
        sm_mutex_unlock(&jobs->lock);
        sm_inbox_withdraw(jobs->loop, &job->post);
    }
    sm_loop_job_end(job);
}

/* ---- with a future ------------------------------------------------------------------------- */

static void free_job(struct future_job *job)
{
    give_back(&job->base);
    if (job->release_arg)
        job->release_arg(job->base.arg);
    sm_free(job);
}

static void orphan(struct sm_loop_job *base)
{
    free_job(sm_container_of(base, struct future_job, base));
}

/* The job is over; its future may be since long. */
static void end(struct future_job *job, int result)
{
    struct simul_future *future = job->future;
    struct simul_loop *loop = &future->sched->loop;
    sm_list_remove(&job->link);
    sm_ring_unreserve(&loop->ready);
    sm_loop_unhold(loop, true);
    free_job(job);
    if (!sm_future_done(future)) {
        future->on_cancel = NULL;
        sm_future_finish(future, result == -ECANCELED ? SM_CANCELLED : SM_FINISHED,
                         result);
    }
    sm_future_unref(future);
}

static void end_delivered(struct sm_ready *ready)
{
    struct future_job *job = sm_container_of(ready, struct future_job, base.post.ready);
    end(job, job->base.result);
}

/* What runs cannot be stopped: it goes on, and its result is dropped (S50, L10). */
static bool cancel(struct simul_future *future)
{
    struct future_job *job = future->arg;
    if (sm_loop_job_take_back(&job->base)) {
        end(job, -ECANCELED);
        return true;
    }
    future->on_cancel = NULL;
    sm_future_finish(future, SM_CANCELLED, -ECANCELED);
    return true;
}

/* A job with a future and a place in the ring; NULL: no memory. */
static struct future_job *new_job(struct simul_loop *loop)
{
    if (sm_ring_reserve(&loop->ready) < 0)
        return NULL;
    struct future_job *job = sm_zalloc(sizeof *job);
    struct simul_future *future = job ? simul_loop_create_future(loop) : NULL;
    if (!future) {
        sm_ring_unreserve(&loop->ready);
        sm_free(job);
        return NULL;
    }
    job->future = future;
    job->base.post.ready.run = end_delivered;
    job->base.post.tag = SM_READY_CALL;
    job->base.orphan = orphan;
    future->on_cancel = cancel;
    future->arg = job;
    return job;
}

/* It could not be begun: the future says why, if it is not memory. */
static struct simul_future *fail(struct future_job *job, int r)
{
    struct simul_future *future = job->future;
    sm_ring_unreserve(&future->sched->loop.ready);
    sm_free(job);
    future->on_cancel = NULL;
    sm_future_finish(future, SM_FINISHED, r);
    if (r != -ENOMEM)
        return future;
    future->asked = true;
    sm_future_unref(future);
    return NULL;
}

static struct simul_future *begin(struct simul_loop *loop, simul_fn *fn, void *arg,
                                  const simul_job_opts *opts,
                                  struct simul_context *context)
{
    struct future_job *job = new_job(loop);
    if (!job)
        return NULL;
    struct simul_future *future = job->future;
    job->base.fn = fn;
    job->base.arg = arg;
    job->base.context = context;
    job->release_arg = opts->release_arg;
    sm_future_ref(future); /* the job's */
    int r = sm_loop_job_begin(&job->base, loop, opts->executor);
    if (r < 0) {
        sm_future_unref(future);
        return fail(job, r);
    }
    sm_list_push(&loop->jobs->futures, &job->link);
    return future;
}

struct simul_future *sm_run_job(struct simul_loop *loop, simul_fn *fn, void *arg,
                                const simul_job_opts *opts,
                                struct simul_context *context)
{
    bool usable = sm_loop_mine(loop) == 0 && fn;
    struct simul_future *future = usable ? begin(loop, fn, arg, opts, context) : NULL;
    if (future && !sm_future_done(future))
        return future;
    simul_context_release(context);
    if (opts->release_arg)
        opts->release_arg(arg);
    return future;
}

simul_future *simul_run_in_executor_opts(simul_loop *loop, simul_executor *executor,
                                         simul_fn *fn, void *arg,
                                         const simul_job_opts *opts)
{
    simul_job_opts own = opts ? *opts : (simul_job_opts){0};
    own.executor = executor;
    return sm_run_job(sm_loop_or_running(loop), fn, arg, &own, NULL);
}

/* ---- the loop closes --------------------------------------------------------------------------- */

/* True: a thread has it, and may have freed it by now. */
static bool left_behind(struct future_job *job)
{
    struct sm_jobs *jobs = job->base.jobs;
    if (sm_loop_job_take_back(&job->base))
        return false;
    sm_mutex_lock(&jobs->lock);
    bool delivered = job->base.delivered;
    job->base.orphaned = !delivered;
    sm_mutex_unlock(&jobs->lock);
    return !delivered;
}

static bool close_job(struct simul_loop *loop, struct future_job *job)
{
    struct simul_future *future = job->future;
    sm_list_remove(&job->link);
    if (!sm_future_done(future))
        future->on_cancel = NULL;
    bool left = left_behind(job);
    if (!left) {
        sm_inbox_withdraw(loop, &job->base.post);
        free_job(job);
    }
    sm_future_unref(future);
    return left;
}

/* Who has delivered the last may still be waking the poller, which is not to be closed
 * meanwhile. */
static void wait_for_deliverers(struct sm_jobs *jobs)
{
    sm_mutex_lock(&jobs->lock);
    sm_mutex_unlock(&jobs->lock);
}

static void close_jobs(struct sm_closable *closable)
{
    struct sm_jobs *jobs = sm_container_of(closable, struct sm_jobs, closable);
    struct simul_loop *loop = jobs->loop;
    int left = 0;
    sm_list_remove(&closable->link);
    while (!sm_list_empty(&jobs->futures))
        left += close_job(loop,
                          sm_container_of(jobs->futures.next, struct future_job, link));
    wait_for_deliverers(jobs);
    if (left > 0 && loop->debug)
        sm_log(SIMUL_LOG_WARNING,
               "the loop was closed while %d jobs were running in threads", left);
    if (jobs->executor)
        sm_executor_shut(jobs->executor, false);
    simul_executor_release(jobs->executor);
    jobs->executor = NULL;
    loop->jobs = NULL;
    jobs_unref(jobs);
}
