/* SPDX-License-Identifier: MIT */
/*
 * Four coroutines, each awaited in turn: "asynchronous without actual implementation". It
 * takes as long as all of them together, 16 seconds.
 *
 * Python: document 004, "Creating A Coroutine", simple example of async and await.
 */
#include <simul.h>
#include <stdio.h>

static int addition(double a, double b)
{
    int r = simul_sleep(3);
    if (r == 0)
        printf("Addition Result : %g\n", a + b);
    return r;
}

static int multiplication(double a, double b)
{
    int r = simul_sleep(1);
    if (r == 0)
        printf("Multiplication Result : %g\n", a * b);
    return r;
}

static int division(double a, double b)
{
    int r = simul_sleep(5);
    if (r == 0)
        printf("Division Result : %g\n", a / b);
    return r;
}

static int subtraction(double a, double b)
{
    int r = simul_sleep(7);
    if (r == 0)
        printf("Subtraction Result : %g\n", a - b);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    int r = division(10, 20);
    if (r == 0)
        r = subtraction(10, 20);
    if (r == 0)
        r = addition(10, 20);
    if (r == 0)
        r = multiplication(10, 20);
    return r;
}

int main(void)
{
    double start = simul_time();
    int r = simul_run(entry, NULL);
    if (r == 0)
        printf("\nTotal Time Taken : %.2f Seconds\n", simul_time() - start);
    return simul_exit(r);
}
