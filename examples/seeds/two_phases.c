/* SPDX-License-Identifier: MIT */
/*
 * Gather and run, and then gather and run again: the second phase begins when all of the
 * first is done, in one run or in two. 1 + 2 seconds.
 *
 * Python: document 000, "So I need to test whether I can gather and run and then again
 * start with below part", with the awaits that the original lacks (mid_main.c).
 */
#include <simul.h>
#include <stdio.h>

static double start;

static int work(const char *name, double seconds)
{
    int r = simul_sleep(seconds);
    if (r == 0)
        printf("%s: done after %.2f seconds\n", name, simul_time() - start);
    return r;
}

static int quick(void *arg)
{
    return work(arg, 1);
}

static int slow(void *arg)
{
    return work(arg, 2);
}

static int gather(simul_fn *fn, char *a, char *b)
{
    simul_task *tasks[] = {simul_create_task(fn, a), simul_create_task(fn, b)};
    int r = simul_gather(tasks, 2, 0);
    simul_release_all(tasks, 2);
    return r;
}

static int mid_main(void *arg)
{
    (void)arg;
    return gather(quick, "fn1", "fn2");
}

static int fin_main(void *arg)
{
    (void)arg;
    return gather(slow, "ahead", "ahead2");
}

int main(void)
{
    start = simul_time();
    int r = simul_run(mid_main, NULL);
    if (r == 0)
        r = simul_run(fin_main, NULL);
    return simul_exit(r);
}
