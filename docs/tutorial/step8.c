/* SPDX-License-Identifier: MIT */
/*
 * Blocking calls in threads, several at once, while the loop goes on; and a thread that has
 * something done by the loop. (asyncio: to_thread(), run_coroutine_threadsafe())
 */
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

struct job {
    long n, sum; /* in, out */
};

/* In a thread: this may block, and compute while others do. */
static int add_up(void *arg)
{
    struct job *job = arg;
    usleep(10000); /* what blocks: a device, a library that knows no loop */
    for (long i = 1; i <= job->n; i++)
        job->sum += i;
    return 0;
}

/* In a task, which waits for its thread. */
static int in_thread(void *job)
{
    return simul_to_thread(add_up, job);
}

static int tick(void *arg)
{
    (void)arg;
    puts("meanwhile the loop goes on");
    return 0;
}

static int greet(void *name)
{
    int r = simul_sleep(0.01);
    if (r == 0)
        printf("hello, %s, from the loop\n", (const char *)name);
    return r;
}

/* In a thread again: what is not "Threads: any" has to be done by the loop. */
static int call_in(void *loop)
{
    simul_concurrent_future *future =
        simul_run_coroutine_threadsafe(loop, greet, "thread");
    int r = simul_concurrent_future_result(future, SIMUL_FOREVER); /* this one blocks */
    simul_concurrent_future_release(future);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    struct job jobs[] = {{.n = 10}, {.n = 1000}, {.n = 100000}};
    simul_task *ticking = simul_create_task(tick, NULL);
    int r = simul_for_each(jobs, 3, sizeof jobs[0], in_thread, 3);
    for (int i = 0; r == 0 && i < 3; i++)
        printf("1 + ... + %ld = %ld\n", jobs[i].n, jobs[i].sum);
    if (r == 0)
        r = simul_to_thread(call_in, simul_get_running_loop());
    simul_release(ticking);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
