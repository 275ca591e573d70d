/* SPDX-License-Identifier: MIT */
/*
 * A generator in a loop, and once more, step by step.
 *
 * Python: document 001, "Achieving Async without the help of your OS", generator functions.
 */
#include <simul.h>
#include <stdio.h>

static int generator_function(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, "something", NULL);
    if (r == 0)
        r = simul_yield(self, "other thing", NULL);
    return r;
}

static int loop_over(simul_gen *gen)
{
    void *val;
    int r;
    while ((r = simul_gen_next(gen, &val)) > 0)
        puts(val);
    return r;
}

static int two_steps(simul_gen *x)
{
    void *val;
    int r = simul_gen_next(x, &val);
    if (r > 0) {
        puts(val);
        r = simul_gen_next(x, &val);
    }
    if (r > 0)
        puts(val);
    return r;
}

int main(void)
{
    simul_gen *gen = simul_gen_new(generator_function, NULL);
    int r = loop_over(gen);
    simul_gen_release(gen);
    if (r < 0)
        return simul_exit(r);
    simul_gen *x = simul_gen_new(generator_function, NULL);
    r = two_steps(x);
    simul_gen_release(x);
    return simul_exit(r);
}
