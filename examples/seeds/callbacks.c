/* SPDX-License-Identifier: MIT */
/*
 * Callbacks: a function that is handed over to be called. First as the original does it, at
 * once; then on the loop, which is what the document is about: call me when it is time.
 *
 * Python: document 001, "Achieving Async without the help of your OS", callback functions.
 */
#include <simul.h>
#include <stdio.h>

static long square(long num)
{
    return num * num;
}

static long cube(long num)
{
    return num * num * num;
}

static void arithmetic(const long *num, int n, long callback(long))
{
    for (int i = 0; i < n; i++)
        printf("%s%ld", i == 0 ? "[" : ", ", callback(num[i]));
    puts("]");
}

static double start;

static void announce(void *arg)
{
    printf("%s, after %.2f seconds\n", (const char *)arg, simul_time() - start);
}

static int entry(void *arg)
{
    (void)arg;
    start = simul_time();
    int r = simul_call_later(NULL, 2, announce, "later", NULL);
    if (r == 0)
        r = simul_call_later(NULL, 1, announce, "sooner", NULL);
    return r < 0 ? r : simul_sleep(3);
}

int main(void)
{
    const long num[] = {2, 3, 5};
    arithmetic(num, 3, square);
    arithmetic(num, 3, cube);
    return simul_exit(simul_run(entry, NULL));
}
