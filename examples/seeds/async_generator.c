/* SPDX-License-Identifier: MIT */
/*
 * Asynchronous iteration: a generator that waits between its values, and a task that goes
 * over them with `async for`, while others run. It ends where Python raises
 * StopAsyncIteration.
 *
 * Python: document 001, asynchronous generators (PEP 525, aiter and anext); document 003,
 * "The Rules of Async IO", g() of "Some examples".
 */
#include <simul.h>
#include <stdio.h>

/* Counts down from where it is told, a second each. */
static int countdown(simul_agen *self, void *arg)
{
    int r = 0;
    for (int n = *(int *)arg; r == 0 && n > 0; n--) {
        r = simul_sleep(1);
        if (r == 0)
            r = simul_yield(self, &n, NULL);
    }
    return r;
}

static int iterate(void *arg)
{
    double start = simul_time();
    simul_agen *counting = simul_agen_new(countdown, arg);
    void *n;
    int r;
    while ((r = simul_agen_next(counting, &n)) > 0)
        printf("%d after %.2f seconds\n", *(int *)n, simul_time() - start);
    if (r == 0)
        puts("StopAsyncIteration");
    simul_agen_release(counting);
    return r;
}

static int from[] = {3, 2};

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[] = {simul_create_task(iterate, &from[0]),
                           simul_create_task(iterate, &from[1])};
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
