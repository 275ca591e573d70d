/* SPDX-License-Identifier: MIT */
/*
 * Methods, gathered: 4, 5 and 5 seconds, together 5. The original is a cell of a notebook,
 * in which a loop runs already; it calls nest_asyncio.apply() to be allowed to run another
 * in it. Here notebook() stands for that, and simul_loop_set_reentrant() for the call.
 *
 * Python: document 000, "Async example-2" (Main and Main2).
 */
#include <simul.h>
#include <stdio.h>

/* class Main */
static struct object {
    int a, b;
} object = {10, 20};

static int async_fn1(void *self)
{
    (void)self;
    return simul_sleep(4);
}

static int hello(void *self)
{
    (void)self;
    return simul_sleep(5);
}

/* class Main2, which has no object */
static int async_fn_from_main2(void *arg)
{
    (void)arg;
    return simul_sleep(5);
}

static int main_of(void *self)
{
    simul_task *tasks[] = {simul_create_task(async_fn1, self),
                           simul_create_task(hello, self),
                           simul_create_task(async_fn_from_main2, NULL)};
    int r = simul_gather(tasks, 3, 0);
    simul_release_all(tasks, 3);
    if (r == 0)
        puts("got the data");
    return r;
}

/* asyncio.run(Main().main()) */
static int cell(void)
{
    double start = simul_time();
    int r = simul_run(main_of, &object);
    if (r == 0)
        printf("took %.2f seconds\n", simul_time() - start);
    return r;
}

static int notebook(void *arg)
{
    (void)arg;
    printf("without: %s\n", simul_strerror(simul_run(main_of, &object)));
    simul_loop_set_reentrant(NULL, true); /* nest_asyncio.apply() */
    return cell();
}

int main(void)
{
    return simul_exit(simul_run(notebook, NULL));
}
