/* SPDX-License-Identifier: MIT */
/*
 * A loop of one's own, where simul_run() does all of that: made, run until a coroutine is
 * complete, then until a task is, closed. Tasks without a name are numbered.
 *
 * Python: document 003, "Main Concepts" (event loop, coroutines, tasks); document 004,
 * "Event Loops", whose main() runs main() on the loop in which it runs itself: asyncio
 * refuses that, and so does simul; nested_run.c is about it.
 */
#include <simul.h>
#include <stdio.h>

static int hello_world(void *arg)
{
    (void)arg;
    puts("Hello World");
    return 0;
}

static int operation(void *arg)
{
    (void)arg;
    printf("%s Started.\n", simul_task_name(simul_current_task()));
    return simul_sleep(1);
}

static int four_operations(void *arg)
{
    (void)arg;
    simul_task *tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = simul_create_task(operation, NULL);
    int r = simul_gather(tasks, 4, 0);
    simul_release_all(tasks, 4);
    return r;
}

/* loop.run_until_complete(coroutine): of a task, since a coroutine has to be one to run. */
static int run_until_complete(simul_loop *loop, simul_fn *fn)
{
    simul_task *task = simul_loop_create_task(loop, fn, NULL, NULL);
    int r = simul_loop_run_until_complete(loop, task);
    simul_release(task);
    return r;
}

int main(void)
{
    simul_loop *loop;
    int r = simul_loop_new(&loop, NULL);
    if (r < 0)
        return simul_exit(r);
    r = run_until_complete(loop, hello_world);
    if (r == 0)
        r = run_until_complete(loop, four_operations);
    if (r == 0)
        printf("the loop is %s\n",
               simul_loop_is_running(loop) ? "running" : "not running");
    simul_loop_close(loop);
    return simul_exit(r);
}
