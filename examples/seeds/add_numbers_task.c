/* SPDX-License-Identifier: MIT */
/*
 * The result of a coroutine, from a task on a loop of one's own.
 *
 * Python: document 001, "two ways to read the output of an async function", the second.
 */
#include <simul.h>
#include <stdio.h>

struct numbers {
    int a, b;
};

static int add_numbers(void *arg)
{
    const struct numbers *numbers = arg;
    return numbers->a + numbers->b;
}

int main(void)
{
    simul_loop *loop;
    int r = simul_loop_new(&loop, NULL);
    if (r < 0)
        return simul_exit(r);
    struct numbers numbers = {2, 10};
    simul_task *task = simul_loop_create_task(loop, add_numbers, &numbers, NULL);
    r = simul_loop_run_until_complete(loop, task);
    if (r >= 0)
        printf("%d\n", simul_error(task)); /* its result, unless it is below zero */
    simul_release(task);
    simul_loop_close(loop);
    return simul_exit(r);
}
