/* SPDX-License-Identifier: MIT */
/*
 * What a loop has to do with threads: its default executor, and the jobs that it waits for.
 *
 * A job is begun by the loop's thread, done by one of a pool, and *delivered*: posted to the
 * loop, in whose thread it ends. The loop may close meanwhile: then each job that was not
 * delivered becomes an orphan, and ends in the thread that has it. Under the lock it is
 * decided which; what else threads use is counted.
 *
 *  J1. Each job that was begun is delivered once, or was taken back (executor.h, E1).
 *  J2. Delivering is the last that a thread does with a job that is no orphan: from then on
 *      the loop's thread may free it.
 */
#ifndef SM_THREAD_JOBS_H
#define SM_THREAD_JOBS_H

#include "task/task.h"
#include "thread/executor.h"

struct sm_jobs {
    struct sm_closable closable;
    unsigned refs; /* atomic: the loop's, and one of each job that is not delivered */
    struct sm_mutex lock;
    pthread_cond_t delivered;
    struct simul_loop *loop; /* gone when all its jobs are over, or orphans */
    /* the loop's thread only */
    struct sm_list futures;          /* of struct future_job (jobs.c) */
    struct simul_executor *executor; /* the default; held; NULL: none yet */
    bool shut;                       /* there will be no default any more */
};

struct sm_loop_job {
    struct sm_job job;
    struct sm_post post; /* its `run` ends the job in the loop's thread */
    struct sm_jobs *jobs;
    struct simul_executor *executor; /* held */
    simul_fn *fn;
    void *arg;
    struct simul_context *context; /* in which fn is called; owned */
    int result;
    bool delivered, orphaned;                 /* guarded by jobs->lock */
    void (*orphan)(struct sm_loop_job *self); /* NULL: there is always somebody */
};

/** The loop's; made at first use; NULL: no memory. */
struct sm_jobs *sm_jobs_of(struct simul_loop *loop);

/**
 * Begin a job of which fn, arg, context, post.ready.run, post.tag and orphan are set. Its
 * place in the ring is the caller's business.
 *
 * @param executor  NULL: the default
 * @return          0, -ENOMEM, -EAGAIN or -SIMUL_ESHUTDOWN
 */
int sm_loop_job_begin(struct sm_loop_job *job, struct simul_loop *loop,
                      struct simul_executor *executor);

/** Take it back; false: it runs, or has run. */
bool sm_loop_job_take_back(struct sm_loop_job *job);

/** It was delivered, or taken back: give back what begin() took. The loop's thread. */
void sm_loop_job_end(struct sm_loop_job *job);

/** The loop is closed: take it back, or block until it is delivered, and end it. */
void sm_loop_job_close(struct sm_loop_job *job);

/** simul_to_thread() in the default pool for what leaves something in `arg`: lost(arg) is
 * called if the loop closes and nobody will see it. Whether fn was called it must know. */
int sm_to_thread(simul_fn *fn, void *arg, void (*lost)(void *arg));

/** run_in_executor() with a context, which is taken. */
struct simul_future *sm_run_job(struct simul_loop *loop, simul_fn *fn, void *arg,
                                const simul_job_opts *opts,
                                struct simul_context *context);

/** shutdown.c: the coroutine with which a run ends. */
int sm_finish_default_executor(void *unused);

#endif
