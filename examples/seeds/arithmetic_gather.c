/* SPDX-License-Identifier: MIT */
/*
 * The same four with gather: 7 seconds, and their results in the order in which they were
 * given to it, not in the order in which they came.
 *
 * Python: document 004, "Execute Multiple Coroutines using gather() Method".
 */
#include <simul.h>
#include <stdio.h>

static struct operation {
    double a, b, result;
} division = {10, 20, 0}, subtraction = {10, 20, 0}, addition = {10, 20, 0},
  multiplication = {10, 20, 0};

static int add(void *arg)
{
    struct operation *it = arg;
    it->result = it->a + it->b;
    return simul_sleep(3);
}

static int multiply(void *arg)
{
    struct operation *it = arg;
    it->result = it->a * it->b;
    return simul_sleep(1);
}

static int divide(void *arg)
{
    struct operation *it = arg;
    it->result = it->a / it->b;
    return simul_sleep(5);
}

static int subtract(void *arg)
{
    struct operation *it = arg;
    it->result = it->a - it->b;
    return simul_sleep(7);
}

static int entry(void *arg)
{
    (void)arg;
    simul_task *tasks[] = {
        simul_create_task(divide, &division),
        simul_create_task(subtract, &subtraction),
        simul_create_task(add, &addition),
        simul_create_task(multiply, &multiplication),
    };
    int r = simul_gather(tasks, 4, 0);
    simul_release_all(tasks, 4);
    if (r < 0)
        return r;
    printf("Division : %g\n", division.result);
    printf("Subtraction : %g\n", subtraction.result);
    printf("Addition : %g\n", addition.result);
    printf("Multiplication : %g\n", multiplication.result);
    return 0;
}

int main(void)
{
    double start = simul_time();
    int r = simul_run(entry, NULL);
    if (r == 0)
        printf("\nTotal Time Taken : %.2f Seconds\n", simul_time() - start);
    return simul_exit(r);
}
