/* SPDX-License-Identifier: MIT */
/*
 * The result of a coroutine, by await: to call it is to await it.
 *
 * Python: document 001, "two ways to read the output of an async function", the first.
 */
#include <simul.h>
#include <stdio.h>

static int add_numbers(int a, int b)
{
    return a + b;
}

static int entry(void *arg)
{
    (void)arg;
    printf("%d\n", add_numbers(2, 10));
    return 0;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
