/* SPDX-License-Identifier: MIT */
/*
 * A blocking call starves the loop: sleep(), which blocks the thread, stands for any library
 * that knows nothing of loops. The metronome, due every tenth of a second, is late by as
 * long as it takes. In debug mode the loop names who did it, and where it was made, on
 * standard error.
 *
 * Python: document 001, "When not use Async" (blocking library functions); document 003,
 * "time.sleep() and asyncio.sleep()".
 */
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

static double worst; /* seconds that a tick was late */

static int metronome(void *arg)
{
    (void)arg;
    for (;;) {
        double due = simul_time() + 0.1;
        int r = simul_sleep(0.1);
        if (r < 0)
            return r;
        if (simul_time() - due > worst)
            worst = simul_time() - due;
    }
}

static int blocks(void *arg)
{
    (void)arg;
    int r = simul_sleep(0.3);
    if (r == 0)
        sleep(1); /* simul_sleep(1), or simul_to_thread() with what blocks */
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *ticks = simul_create_task(metronome, NULL);
    simul_task *culprit =
        simul_create_task_opts(blocks, NULL, &(simul_task_opts){.name = "culprit"});
    int r = simul_await(culprit);
    if (r == 0)
        r = simul_sleep(0.2);
    simul_cancel(ticks);
    simul_release(culprit);
    simul_release(ticks);
    return r;
}

int main(void)
{
    const simul_loop_opts opts = {.debug = true};
    int r = simul_run_opts(entry, NULL, &opts);
    if (r == 0)
        printf("a tick was late by %.1f seconds\n", worst);
    return simul_exit(r);
}
