/* SPDX-License-Identifier: MIT */
/*
 * Threads call in: what would block the loop runs in a thread of its own, which says so
 * when it is through, and a task awaits it like anything else. (asyncio: to_thread(),
 * call_soon_threadsafe())
 */
#include <pthread.h>
#include <sched.h>
#include <simul.h>
#include <stdio.h>

struct job {
    long n, sum; /* in, out */
    simul_loop *loop;
    simul_future *ended;
};

/* On the loop: here futures may be touched. */
static void ended(void *arg)
{
    struct job *job = arg;
    simul_set_result(job->ended, 0);
}

/* In the thread: here only what says "Threads: any" may be called. */
static void *work(void *arg)
{
    struct job *job = arg;
    for (long i = 1; i <= job->n; i++)
        job->sum += i;
    while (simul_call_soon_threadsafe(job->loop, ended, job, NULL) == -ENOMEM)
        sched_yield(); /* the task waits for the word: try until there is memory */
    return NULL;
}

/* A thread cannot be cancelled, and works on our memory: whatever comes, wait for it. */
static void wait_for_end(simul_future *ended)
{
    while (!simul_done(ended)) {
        simul_cleanup finally;
        simul_cleanup_enter(&finally);
        simul_wait(&ended, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
        simul_cleanup_exit(&finally);
    }
}

static int start(struct job *job)
{
    pthread_t thread;
    int r = pthread_create(&thread, NULL, work, job);
    if (r != 0)
        return -r;
    simul_loop_hold(job->loop); /* somebody outside will wake it: that is no deadlock */
    wait_for_end(job->ended);
    simul_loop_unhold(job->loop);
    pthread_join(thread, NULL); /* it has nothing left to do */
    return 0;
}

static int in_thread(void *arg)
{
    struct job *job = arg;
    job->loop = simul_get_running_loop();
    job->ended = simul_create_future();
    int r = job->ended ? start(job) : -ENOMEM;
    simul_release(job->ended);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    struct job jobs[] = {{.n = 10}, {.n = 1000}, {.n = 100000}};
    int r = simul_for_each(jobs, 3, sizeof jobs[0], in_thread, 2);
    for (int i = 0; r == 0 && i < 3; i++)
        printf("1 + ... + %ld = %ld\n", jobs[i].n, jobs[i].sum);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
