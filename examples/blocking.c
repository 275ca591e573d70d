/* SPDX-License-Identifier: MIT */
/*
 * Blocking work in a pool of threads: what would stop the loop is done beside it, and a
 * task awaits it like anything else. (asyncio: to_thread(), run_in_executor())
 */
#include <simul.h>
#include <stdio.h>
#include <time.h>

static simul_context_var user = {.name = "user", .default_value = "nobody"};

struct sum {
    long n, result;
    const char *who; /* asked */
};

/* In a thread: here only what says "Threads: any" may be called. It may block: sleep, read
 * a file, ask a library that knows nothing of loops. */
static int add_up(void *arg)
{
    struct sum *sum = arg;
    for (long i = 1; i <= sum->n; i++)
        sum->result += i;
    nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    sum->who = simul_context_var_get(&user); /* the task's values came along */
    return 0;
}

/* The loop is not stopped meanwhile. */
static int tick(void *arg)
{
    (void)arg;
    puts("tick");
    return simul_sleep(0.01);
}

static int entry(void *arg)
{
    (void)arg;
    int r = simul_context_var_set(&user, (void *)"ann", NULL, NULL);
    if (r < 0)
        return r;
    simul_task *ticking = simul_create_task(tick, NULL);
    struct sum sum = {.n = 1000};
    r = simul_to_thread(add_up, &sum); /* sum is ours again when this returns */
    if (r == 0)
        printf("%s: 1 + ... + %ld = %ld\n", sum.who, sum.n, sum.result);
    if (r == 0)
        r = simul_await(ticking);
    simul_release(ticking);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
