/* SPDX-License-Identifier: MIT */
/*
 * The rules: who may await. g() awaits f(), and goes on when that is ready. What the Python
 * compiler refuses (await outside of a coroutine) C cannot see; the call says so. The
 * asynchronous generator is async_generator.c.
 *
 * Python: document 003, "The Rules of Async IO", g(), and f(), m() of "Some examples".
 */
#include <simul.h>
#include <stdio.h>

/* A coroutine that is its own: `async def noop(): pass`. */
static int noop(void)
{
    return 0;
}

static int f(int x)
{
    int r = simul_sleep(1);
    return r < 0 ? r : x + 1;
}

static int g(void)
{
    int r = f(1); /* pause here, and come back when f() is ready */
    return r;
}

/* A function like any other, but it awaits. */
static int m(int x)
{
    return f(x);
}

static int entry(void *arg)
{
    (void)arg;
    double start = simul_time();
    int r = noop();
    if (r == 0)
        r = g();
    if (r >= 0)
        printf("g() returned %d after %.2f seconds\n", r, simul_time() - start);
    return r < 0 ? r : 0;
}

/* Nor may a callback wait: it runs on the loop's stack. */
static void callback(void *arg)
{
    (void)arg;
    printf("m() in a callback: %s\n", simul_strerror(m(1)));
}

static int call_back(void *arg)
{
    (void)arg;
    int r = simul_call_soon(NULL, callback, NULL, NULL);
    return r < 0 ? r : simul_sleep(0);
}

int main(void)
{
    int r = simul_run(entry, NULL);
    if (r == 0)
        printf("m() outside of a loop: %s\n", simul_strerror(m(1)));
    if (r == 0)
        r = simul_run(call_back, NULL);
    return simul_exit(r);
}
