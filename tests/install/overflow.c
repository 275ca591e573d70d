/* SPDX-License-Identifier: MIT */
/* A handler with an array as large as its stack, as one writes it at first. It has to end in the
 * guard, not in the stack of another task. */
#include <simul.h>
#include <string.h>

static int greedy(void *unused)
{
    char buf[3 * 65536];
    (void)unused;
    memset(buf, 0, 1);
    return simul_sleep(0) + buf[0];
}

static int entry(void *unused)
{
    simul_task *others[8], *task;
    for (int i = 0; i < 8; i++)
        others[i] = simul_create_task(greedy, unused);
    task = simul_create_task_opts(greedy, unused, &(simul_task_opts){.name = "greedy"});
    int r = simul_await(task);
    simul_release(task);
    simul_release_all(others, 8);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
