/* SPDX-License-Identifier: MIT */
/*
 * Generators: functions that give out values one by one. The first two need no loop; the
 * third waits between its values, so it is an asynchronous one.
 */
#include <simul.h>
#include <stdio.h>

/* yield b */
static int fibonacci(simul_gen *self, void *arg)
{
    (void)arg;
    long a = 0, b = 1;
    int r;
    while ((r = simul_yield(self, &b, NULL)) == 0) {
        long next = a + b;
        a = b;
        b = next;
    }
    return r; /* somebody has closed it */
}

/* value = yield average */
static int averager(simul_gen *self, void *arg)
{
    (void)arg;
    double sum = 0, average = 0;
    void *value;
    int r;
    for (int n = 1; (r = simul_yield(self, &average, &value)) == 0; n++) {
        sum += *(double *)value;
        average = sum / n;
    }
    return r;
}

static int countdown(simul_agen *self, void *arg)
{
    int r = 0;
    for (int n = *(int *)arg; r == 0 && n > 0; n--) {
        r = simul_sleep(0.01); /* others run */
        if (r == 0)
            r = simul_yield(self, &n, NULL);
    }
    return r;
}

/* for n in fibonacci(): if n > 5: break; print(n) */
static int count(void)
{
    simul_gen *numbers = simul_gen_new(fibonacci, NULL);
    void *n;
    int r;
    while ((r = simul_gen_next(numbers, &n)) > 0 && *(long *)n <= 5)
        printf("%ld\n", *(long *)n);
    simul_gen_release(numbers); /* closes it first */
    return r < 0 ? r : 0;
}

static int average(void)
{
    static const double values[] = {10, 20, 60};
    simul_gen *averaging = simul_gen_new(averager, NULL);
    void *so_far;
    int r = simul_gen_next(averaging, NULL); /* to its first yield */
    for (int i = 0; r > 0 && i < 3; i++)
        if ((r = simul_gen_send(averaging, &values[i], &so_far)) > 0)
            printf("%g: %g on average\n", values[i], *(double *)so_far);
    simul_gen_release(averaging);
    return r < 0 ? r : 0;
}

/* async for n in countdown(3) */
static int entry(void *arg)
{
    simul_agen *counting = simul_agen_new(countdown, arg);
    void *n;
    int r;
    while ((r = simul_agen_next(counting, &n)) > 0)
        printf("%d\n", *(int *)n);
    simul_agen_release(counting);
    return r;
}

int main(void)
{
    int three = 3, r = count();
    if (r == 0)
        r = average();
    if (r == 0)
        r = simul_run(entry, &three);
    return simul_exit(r);
}
