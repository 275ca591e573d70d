/* SPDX-License-Identifier: MIT */
/*
 * The same four as tasks: they wait at the same time, so all together take as long as the
 * longest, 7 seconds, and the quickest prints first.
 *
 * Python: document 004, "Create Tasks for Parallel Execution using create_task() Method".
 */
#include <simul.h>
#include <stdio.h>

/* What the tasks get must live as long as they do: if one of them fails, the others run on
 * when entry() has returned. */
static const struct numbers {
    double a, b;
} numbers = {10, 20};

static int addition(void *arg)
{
    const struct numbers *n = arg;
    int r = simul_sleep(3);
    if (r == 0)
        printf("Addition Result : %g\n", n->a + n->b);
    return r;
}

static int multiplication(void *arg)
{
    const struct numbers *n = arg;
    int r = simul_sleep(1);
    if (r == 0)
        printf("Multiplication Result : %g\n", n->a * n->b);
    return r;
}

static int division(void *arg)
{
    const struct numbers *n = arg;
    int r = simul_sleep(5);
    if (r == 0)
        printf("Division Result : %g\n", n->a / n->b);
    return r;
}

static int subtraction(void *arg)
{
    const struct numbers *n = arg;
    int r = simul_sleep(7);
    if (r == 0)
        printf("Subtraction Result : %g\n", n->a - n->b);
    return r;
}

static int entry(void *arg)
{
    simul_task *tasks[] = {
        simul_create_task(division, arg),
        simul_create_task_opts(subtraction, arg,
                               &(simul_task_opts){.name = "Subtraction"}),
        simul_create_task(addition, arg),
        simul_create_task(multiplication, arg),
    };
    int r = 0;
    for (int i = 0; r == 0 && i < 4; i++)
        r = simul_await(tasks[i]);
    simul_release_all(tasks, 4);
    return r;
}

int main(void)
{
    double start = simul_time();
    int r = simul_run(entry, (void *)&numbers);
    if (r == 0)
        printf("\nTotal Time Taken : %.2f Seconds\n", simul_time() - start);
    return simul_exit(r);
}
