/* SPDX-License-Identifier: MIT */
/*
 * A coroutine that is called and not awaited. In Python that makes an object and runs
 * nothing. In C there is no such object: a call runs the function, and outside of a loop it
 * cannot wait and says so. What can be made and awaited later is a task.
 *
 * Python: document 004, "Creating A Coroutine", myCoroutine().
 */
#include "../support/random.h"

#include <simul.h>
#include <stdio.h>

static int my_coroutine(void *arg)
{
    (void)arg;
    int process_time = random_randint(2, 5);
    int r = simul_sleep(process_time);
    if (r < 0)
        return r;
    puts("This Task Has Been Completed!");
    return 0;
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *task = simul_create_task(my_coroutine, NULL);
    printf("a task: %s\n", simul_done(task) ? "done" : "not begun");
    int r = simul_await(task);
    simul_release(task);
    return r;
}

int main(void)
{
    random_seed(444);
    int r = my_coroutine(NULL);
    printf("just called: %s\n", simul_strerror(r));
    double start = simul_time();
    r = simul_run(entry, NULL);
    if (r == 0)
        printf("took %.2f seconds\n", simul_time() - start);
    return simul_exit(r);
}
