/* SPDX-License-Identifier: MIT */
/*
 * A future: foo waits for it, bar makes it done. (The original then calls its result as if
 * that were a function, which Python would not do either.)
 *
 * Python: document 004, "Futures in Asyncio".
 */
#include <simul.h>
#include <stdio.h>

static int bar(void *arg)
{
    simul_future *future = arg;
    puts("bar will sleep for 2 seconds");
    int r = simul_sleep(2);
    if (r < 0)
        return r;
    puts("bar resolving the future");
    return simul_set_value(future, "future is resolved", NULL);
}

static int foo(void *arg)
{
    simul_future *future = arg;
    puts("foo will await the future");
    int r = simul_await(future);
    if (r < 0)
        return r;
    printf("Future result: %s\n", (char *)simul_result(future));
    printf("Is future is done: %s\n", simul_done(future) ? "True" : "False");
    return simul_return(simul_result(future), NULL);
}

static const char *text(simul_task *task)
{
    return simul_result(task) ? simul_result(task) : "None";
}

/* Each task holds the future that it was given, and lets it go when it ends. */
static void release(void *future)
{
    simul_release(future);
}

static simul_task *start(simul_fn *fn, simul_future *future)
{
    return simul_create_task_opts(fn, simul_retain(future),
                                  &(simul_task_opts){.release_arg = release});
}

static int entry(void *arg)
{
    (void)arg;
    simul_future *future = simul_create_future();
    simul_task *tasks[] = {start(foo, future), start(bar, future)};
    int r = simul_gather(tasks, 2, 0);
    if (r == 0)
        printf("['%s', %s]\n", text(tasks[0]),
               text(tasks[1])); /* bar returns nothing */
    simul_release_all(tasks, 2);
    simul_release(future);
    return r;
}

int main(void)
{
    int r = simul_run(entry, NULL);
    if (r == 0)
        puts("main exiting");
    return simul_exit(r);
}
