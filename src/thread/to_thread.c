/* SPDX-License-Identifier: MIT */
/*
 * to_thread(). The job lies on the stack of the task that waits for it and allocates
 * nothing; so, as the argument mostly lies there as well, the task stays until the job has
 * ended. A job that owns its argument is one of its own, and may be left alone.
 */
#include "base/sys.h"
#include "task/wait.h"
#include "thread/jobs.h"

struct thread_wait {
    struct sm_wait wait;
    struct sm_loop_job job;
    void (*lost)(void *arg); /* may be NULL: see sm_to_thread() */
};

static void end(struct sm_ready *ready)
{
    struct thread_wait *w = sm_container_of(ready, struct thread_wait, job.post.ready);
    sm_wait_finish(&w->wait, w->job.result);
}

static bool abort_wait(struct sm_wait *wait)
{
    struct thread_wait *w = sm_container_of(wait, struct thread_wait, wait);
    if (wait->task->sched->loop.closed) { /* C6: not before the job is off this stack */
        sm_loop_job_close(&w->job);
        if (w->lost)
            w->lost(w->job.arg);
        return false;
    }
    if (!sm_loop_job_take_back(&w->job))
        return false; /* it runs: C3 */
    sm_wait_finish(wait, -ECANCELED);
    return true;
}

static int wait_for_thread(simul_fn *fn, void *arg, struct simul_executor *executor,
                           void (*lost)(void *arg))
{
    struct simul_loop *loop = sm_running;
    struct thread_wait w = {.job = {.fn = fn, .arg = arg}, .lost = lost};
    int r = sm_context_copy(sm_context_current(), &w.job.context);
    if (r < 0)
        return r;
    w.job.post.ready.run = end;
    w.job.post.tag = SM_READY_INLINE; /* in the place of the wait's hop (T3) */
    sm_wait_prepare(&w.wait, "thread", abort_wait);
    w.wait.keeps = w.wait.holds = true;
    r = sm_loop_job_begin(&w.job, loop, executor);
    if (r < 0) {
        simul_context_release(w.job.context);
        return r;
    }
    r = (int)sm_wait_suspend(&w.wait);
    sm_loop_job_end(&w.job);
    return r;
}

/* Its own memory, its own argument: who waits may be cancelled, and the job goes on. */
static int wait_for_future(simul_fn *fn, void *arg, const simul_job_opts *opts)
{
    struct simul_context *context;
    int r = sm_context_copy(sm_context_current(), &context);
    if (r < 0) {
        opts->release_arg(arg);
        return r;
    }
    simul_future *future = sm_run_job(sm_running, fn, arg, opts, context);
    r = simul_await(future);
    if (future && !sm_future_done(future))
        simul_cancel(future); /* not even begun to wait */
    simul_release(future);
    return r;
}

int simul_to_thread_opts(simul_fn *fn, void *arg, const simul_job_opts *opts)
{
    bool owns = opts && opts->release_arg;
    int r = sm_checkpoint();
    if (r == 0 && !fn)
        r = -EINVAL;
    if (r < 0 && owns)
        opts->release_arg(arg);
    if (r < 0)
        return r;
    return owns ? wait_for_future(fn, arg, opts)
                : wait_for_thread(fn, arg, opts ? opts->executor : NULL, NULL);
}

int sm_to_thread(simul_fn *fn, void *arg, void (*lost)(void *arg))
{
    int r = sm_checkpoint();
    return r < 0 ? r : wait_for_thread(fn, arg, NULL, lost);
}
