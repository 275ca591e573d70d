/* SPDX-License-Identifier: MIT */
/* Waiting until the threads of an executor have ended: a task awaits it, others block. */
#include <math.h>

#include "base/log.h"
#include "base/sys.h"
#include "task/wait.h"
#include "thread/jobs.h"

static const double RUN_WAITS_S = 300; /* asyncio's */

/* ---- blocking -------------------------------------------------------------------------- */

struct block {
    struct sm_executor_watch watch;
    sem_t ended;
};

static void unblock(struct sm_executor_watch *watch)
{
    sem_post(&sm_container_of(watch, struct block, watch)->ended);
}

static void block(struct simul_executor *executor)
{
    struct block b = {.watch.ended = unblock};
    sem_init(&b.ended, 0, 0);
    if (sm_executor_watch(executor, &b.watch))
        while (sem_wait(&b.ended) < 0)
            ; /* EINTR */
    sem_destroy(&b.ended);
}

/* ---- awaiting -------------------------------------------------------------------------- */

struct end_wait {
    struct sm_wait wait;
    struct sm_executor_watch watch;
    struct sm_post post;
    struct simul_executor *executor;
};

static void post_end(struct sm_executor_watch *watch)
{
    struct end_wait *w = sm_container_of(watch, struct end_wait, watch);
    sm_inbox_post(&w->wait.task->sched->loop, &w->post);
}

static void end(struct sm_ready *ready)
{
    sm_wait_finish(&sm_container_of(ready, struct end_wait, post.ready)->wait, 0);
}

static bool abort_wait(struct sm_wait *wait)
{
    struct end_wait *w = sm_container_of(wait, struct end_wait, wait);
    struct simul_loop *loop = &wait->task->sched->loop;
    bool waits = sm_executor_unwatch(w->executor, &w->watch);
    if (loop->closed) {
        sm_inbox_withdraw(loop, &w->post);
        sm_executor_unref(w->executor);
    } else if (waits) {
        sm_wait_finish(wait, -ECANCELED);
        return true;
    }
    return false; /* the word is on its way */
}

static int await(struct simul_executor *executor)
{
    struct end_wait w = {
        .watch.ended = post_end,
        .post = {.ready.run = end, .reserved = true, .tag = SM_READY_INLINE},
        .executor = executor};
    struct simul_loop *loop = sm_running;
    sm_wait_prepare(&w.wait, "threads of an executor", abort_wait);
    w.wait.holds = true;
    if (!sm_executor_watch(executor, &w.watch))
        return 0;
    sm_loop_hold(loop, true);
    sm_executor_ref(executor);
    int r = (int)sm_wait_suspend(&w.wait);
    sm_executor_unwatch(executor, &w.watch); /* post_end() has returned */
    sm_executor_unref(executor);
    sm_loop_unhold(loop, true);
    return r;
}

/* ---- either -------------------------------------------------------------------------------- */

/* Not a part of wait_with_limit(): see sm_frame(). */
__attribute__((noinline)) int sm_executor_wait(struct simul_executor *executor)
{
    if (sm_executor_dead(executor))
        return 0;
    if (sm_working_for == executor)
        return -EDEADLK;
    int r = sm_checkpoint();
    if (r == -SIMUL_ENOTASK) {
        block(executor);
        r = 0;
    } else if (r == 0) {
        r = await(executor);
    }
    if (r == 0)
        sm_executor_join(executor);
    return r;
}

int simul_executor_shutdown(simul_executor *executor, int flags)
{
    if (!executor)
        return -EINVAL;
    sm_executor_shut(executor, flags & SIMUL_SHUTDOWN_CANCEL);
    return flags & SIMUL_SHUTDOWN_WAIT ? sm_executor_wait(executor) : 0;
}

/* ---- a loop's own --------------------------------------------------------------------------- */

static int wait_with_limit(struct simul_executor *executor, double timeout)
{
    simul_timeout limit;
    simul_timeout_enter(&limit, timeout < 0 ? INFINITY : timeout);
    int r = sm_executor_wait(executor);
    return simul_timeout_exit(&limit, r);
}

int simul_loop_shutdown_default_executor(double timeout)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    struct sm_jobs *jobs = sm_jobs_of(sm_running);
    if (!jobs)
        return -ENOMEM;
    struct simul_executor *executor = jobs->executor;
    jobs->shut = true;
    jobs->executor = NULL;
    if (!executor)
        return 0;

    sm_executor_shut(executor, false);
    r = wait_with_limit(executor, timeout);
    if (r == -ETIMEDOUT)
        sm_log(SIMUL_LOG_WARNING,
               "the threads of the default executor did not end within %g seconds",
               timeout);
    simul_executor_release(executor);
    return r;
}

/* That they took too long is a warning, and does not change what the run has come to. */
int sm_finish_default_executor(void *unused)
{
    (void)unused;
    int r = 0;
    if (sm_running->jobs->executor)
        r = simul_loop_shutdown_default_executor(RUN_WAITS_S);
    return r == -ETIMEDOUT ? 0 : r;
}
