/* SPDX-License-Identifier: MIT */
/*
 * The pool: threads that take jobs from a queue. It knows nothing of loops: a job has a
 * function that does the work and tells whoever waits for it.
 *
 * Idle threads sleep on a semaphore each, the one that became idle last is woken first, and
 * gets the job handed: it need not look at the queue. Jobs queue only while all threads
 * that may be are busy.
 *
 *  E1. A job is in the queue, or a thread has it, or it is over. sm_executor_take_back()
 *      decides which of two gets it: who cancels, or a thread.
 *  E2. run() or drop() is called exactly once for a job that was not taken back, without
 *      any lock held. The job may be freed in there.
 *  E3. Each thread joins the one that ended before it: who joins the last has joined all.
 */
#ifndef SM_THREAD_EXECUTOR_H
#define SM_THREAD_EXECUTOR_H

#include <pthread.h>
#include <semaphore.h>
#include <simul/thread.h>

#include "base/list.h"
#include "base/mutex.h"

struct sm_job {
    struct sm_list link;               /* executor->queue */
    void (*run)(struct sm_job *self);  /* in a thread of the pool */
    void (*drop)(struct sm_job *self); /* cancelled by a shutdown, in any thread */
};

struct sm_worker {
    struct sm_list link; /* executor->idle */
    struct sm_list all;  /* executor->all */
    struct simul_executor *executor;
    struct sm_job *job; /* handed to it; guarded by the lock, then by `wake` */
    sem_t wake;
    unsigned number;
};

/* Who waits for all threads to have ended. */
struct sm_executor_watch {
    struct sm_list link;
    void (*ended)(struct sm_executor_watch *self); /* with the lock held */
};

struct simul_executor {
    unsigned refs;    /* atomic: one of all holders together, of each job and thread */
    unsigned holders; /* atomic: the user, loops; without any it is shut */
    int max_workers;
    char prefix[11];
    size_t stack_size;

    struct sm_mutex lock;   /* guards what follows */
    struct sm_list queue;   /* of struct sm_job */
    struct sm_list idle;    /* of struct sm_worker */
    struct sm_list all;     /* of struct sm_worker; owned */
    struct sm_list watches; /* of struct sm_executor_watch */
    int workers;
    unsigned begun; /* threads, for their names */
    bool shut;
    bool has_last; /* `last` has ended, or is about to, and nobody has joined it (E3) */
    pthread_t last;
};

/** The executor whose thread this is; NULL: none. */
extern __thread struct simul_executor *sm_working_for
    __attribute__((tls_model("initial-exec")));

void sm_executor_ref(struct simul_executor *executor);
void sm_executor_unref(struct simul_executor *executor);

/** As somebody who may submit; given back with simul_executor_release(). */
void sm_executor_hold(struct simul_executor *executor);

/** Have the job done: 0, -SIMUL_ESHUTDOWN, or -EAGAIN and the job is the caller's. */
int sm_executor_submit(struct simul_executor *executor, struct sm_job *job);

/** True: no thread has begun with it, and none will. */
bool sm_executor_take_back(struct simul_executor *executor, struct sm_job *job);

/** Take no more jobs; see simul_executor_shutdown(). Waits for nobody. */
void sm_executor_shut(struct simul_executor *executor, bool cancel);

/** Watch for the end of all threads; false: they have ended. */
bool sm_executor_watch(struct simul_executor *executor,
                       struct sm_executor_watch *watch);

/** Stop watching; false: ended() was called. */
bool sm_executor_unwatch(struct simul_executor *executor,
                         struct sm_executor_watch *watch);

/** All threads have ended: wait until they are gone, which is soon. */
void sm_executor_join(struct simul_executor *executor);

/** shutdown.c: watch, and wait as the caller can. 0, -ECANCELED or -EDEADLK. */
int sm_executor_wait(struct simul_executor *executor);

/** Whether this is the child of a fork that came after the executor was made. */
bool sm_executor_dead(const struct simul_executor *executor);

#endif
