/* SPDX-License-Identifier: MIT */
/*
 * A generator: each next() runs it as far as its next yield. (The original says next(_gen),
 * and means gen.)
 *
 * Python: document 000, "Generator".
 */
#include <simul.h>
#include <stdio.h>

static int generator(simul_gen *self, void *arg)
{
    (void)arg;
    puts("Generator, ");
    int r;
    do
        r = simul_yield(self, "Generates Final", NULL);
    while (r == 0);
    return r;
}

int main(void)
{
    simul_gen *gen = simul_gen_new(generator, NULL);
    void *value;
    int r = 1;
    for (int i = 0; r > 0 && i < 2; i++)
        if ((r = simul_gen_next(gen, &value)) > 0)
            puts(value);
    simul_gen_release(gen);
    return simul_exit(r);
}
