/* SPDX-License-Identifier: MIT */
/*
 * Long computation on tasks: who computes does not wait, so nobody else gets a turn; unless
 * it says sleep(0) once in each round. It gets no faster by that: it is one thread.
 *
 * Python: document 001, "When not use Async" (just sleep(0) once per loop).
 */
#include <simul.h>
#include <stdio.h>

enum { ROUNDS = 3 };

static struct job {
    const char *name;
    bool yields;
} selfish[] = {{"one", false}, {"two", false}}, fair[] = {{"one", true}, {"two", true}};

/* Long enough for an example. */
static long compute(long n)
{
    long sum = 0;
    for (long i = 1; i <= n; i++)
        sum += i * i % 7;
    return sum;
}

static int work(void *arg)
{
    const struct job *job = arg;
    for (int round = 1; round <= ROUNDS; round++) {
        long sum = compute(100000);
        printf("%s: round %d gives %ld\n", job->name, round, sum);
        int r = job->yields ? simul_sleep(0) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

static int both(struct job *jobs)
{
    simul_task *tasks[] = {simul_create_task(work, &jobs[0]),
                           simul_create_task(work, &jobs[1])};
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    puts("without sleep(0):");
    int r = both(selfish);
    if (r < 0)
        return r;
    puts("with:");
    return both(fair);
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
