/* SPDX-License-Identifier: MIT */
/*
 * async, await, and their old form, yield from: in C all three are a call.
 *
 * Python: document 003, "async/await" (async, await, old implementation).
 */
#include <simul.h>
#include <stdio.h>

static int hello_world(void)
{
    puts("Hello, World!");
    return 0;
}

static int old_style_coroutine(void)
{
    return simul_sleep(1); /* yield from asyncio.sleep(1) */
}

static int entry(void *arg)
{
    (void)arg;
    int r = hello_world();
    double start = simul_time();
    if (r == 0)
        r = old_style_coroutine();
    if (r == 0)
        printf("took %.2f seconds\n", simul_time() - start);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
