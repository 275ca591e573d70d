/* SPDX-License-Identifier: MIT */
/*
 * A gather that nobody awaits, twice. Its tasks exist when main ends, and take their first
 * step, as they were ready by then; but the run does not wait for them any longer: who is
 * not done is cancelled. So fn2, which waits for nothing, is complete, and fn1 is not. That
 * is what asyncio does, too (and it logs that the gather's exception, the cancellation, was
 * never retrieved; here a cancelled future that nobody holds is no loss). two_phases.c is
 * what was meant.
 *
 * Then the second run, on a loop of its own: nothing of the first is left.
 *
 * Python: document 000, "So I need to test whether I can gather and run".
 */
#include <simul.h>
#include <stdio.h>

static int waits(const char *name)
{
    printf("%s begins\n", name);
    int r = simul_sleep(1);
    printf("%s %s\n", name, r == -ECANCELED ? "is cancelled" : "ends");
    return r;
}

static int fn1(void *arg)
{
    (void)arg;
    return waits("fn1");
}

static int fn2(void *arg)
{
    (void)arg;
    puts("fn2 is complete");
    return 0;
}

/* asyncio.gather(a, b), not awaited; the tasks are the loop's from now on. */
static int gather_only(simul_fn *a, simul_fn *b)
{
    simul_task *tasks[] = {simul_create_task(a, NULL), simul_create_task(b, NULL)};
    simul_future *all = simul_gather_future(tasks, 2, 0);
    int r = all ? 0 : -ENOMEM;
    simul_release(all);
    simul_release_all(tasks, 2);
    return r;
}

static int mid_main(void *arg)
{
    (void)arg;
    int r = gather_only(fn1, fn2);
    puts("mid_main ends");
    return r;
}

static int ahead(void *arg)
{
    (void)arg;
    return waits("ahead");
}

static int ahead2(void *arg)
{
    (void)arg;
    puts("ahead2 is complete");
    return 0;
}

static int fin_main(void *arg)
{
    (void)arg;
    int r = gather_only(ahead, ahead2);
    puts("fin_main ends");
    return r;
}

int main(void)
{
    double start = simul_time();
    int r = simul_run(mid_main, NULL);
    if (r == 0)
        r = simul_run(fin_main, NULL);
    if (r == 0)
        printf("took %.2f seconds\n", simul_time() - start);
    return simul_exit(r);
}
