/* SPDX-License-Identifier: MIT */
/* Cancelling a task, catching it, and cleaning up. */
#include <simul.h>
#include <stdio.h>

/* Ends when it is cancelled; what it holds is given back first. */
static int worker(void *arg)
{
    (void)arg;
    int r = simul_sleep(3600);
    simul_cleanup finally;
    simul_cleanup_enter(&finally);
    simul_sleep(0.01); /* waiting works in here */
    puts("worker: cleaned up");
    simul_cleanup_exit(&finally);
    return r;
}

/* Refuses to be cancelled, once. */
static int stubborn(void *arg)
{
    (void)arg;
    if (simul_sleep(3600) == -ECANCELED && simul_cancel_caught())
        puts("stubborn: no");
    return simul_sleep(0.01);
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[2] = {simul_create_task(worker, NULL),
                            simul_create_task(stubborn, NULL)};
    simul_sleep(0.01);
    for (int i = 0; i < 2; i++)
        simul_cancel(tasks[i]);
    for (int i = 0; i < 2; i++) {
        int r = simul_await(tasks[i]);
        printf("%d: %s\n", i, r < 0 ? simul_error_name(r) : "done");
    }
    simul_release_all(tasks, 2);
    return 0;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
