/* SPDX-License-Identifier: MIT */
/*
 * What a coroutine function is: in C a function like any other. What exists before it has
 * begun, and can be looked at, is a task.
 *
 * Python: document 001, "Achieving Async without the help of your OS", type(hello()).
 */
#include <simul.h>
#include <stdio.h>

static int hello(void *arg)
{
    (void)arg;
    return 0;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *task = simul_create_task(hello, NULL);
    if (!task)
        return -ENOMEM;
    printf("a task named %s, %s\n", simul_task_name(task),
           simul_done(task) ? "done" : "pending");
    int r = simul_await(task);
    if (r == 0)
        printf("a task named %s, %s\n", simul_task_name(task),
               simul_done(task) ? "done" : "pending");
    simul_release(task);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
