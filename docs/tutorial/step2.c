/* SPDX-License-Identifier: MIT */
/* Arguments, results, values, errors with a message. */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sum {
    int a, b; /* in */
    int sum;  /* out */
};

static int add(void *arg)
{
    struct sum *sum = arg;
    int r = simul_sleep(0.01);
    if (r < 0)
        return r;
    sum->sum = sum->a + sum->b;
    return 0;
}

static int greet(void *arg)
{
    char *text = malloc(64);
    if (!text)
        return -ENOMEM;
    snprintf(text, 64, "hello, %s", (const char *)arg);
    return simul_return(text, free);
}

static int divide(void *arg)
{
    const struct sum *sum = arg;
    if (sum->b == 0)
        return simul_fail(-EDOM, "cannot divide %d by zero", sum->a);
    return sum->a / sum->b;
}

static int entry(void *arg)
{
    (void)arg;
    struct sum sum = {2, 10, 0}, ratio = {7, 0, 0};
    simul_task *tasks[3] = {
        simul_create_task(add, &sum),
        simul_create_task(greet, "world"),
        simul_create_task(divide, &ratio),
    };
    int r = simul_gather(tasks, 3, SIMUL_RETURN_EXCEPTIONS); /* each keeps its own */
    if (simul_error(tasks[0]) == 0)
        printf("%d\n", sum.sum);
    if (simul_error(tasks[1]) == 0)
        printf("%s\n", (const char *)simul_result(tasks[1]));
    if (simul_error(tasks[2]) < 0)
        printf("%s\n", simul_message(tasks[2]));
    simul_release_all(tasks, 3);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
