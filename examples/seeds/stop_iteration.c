/* SPDX-License-Identifier: MIT */
/*
 * A generator and its frame: made, and nothing is printed; active, Hello; resumed, World; and
 * then the end, which Python raises as StopIteration and simul_gen_next() returns as 0.
 *
 * Python: document 003, "Generators", "Generators and Stack Frames".
 */
#include <simul.h>
#include <stdio.h>

static int simple_generator(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, "Hello", NULL);
    if (r == 0)
        r = simul_yield(self, "World", NULL);
    return r;
}

static int print_next(simul_gen *gen)
{
    void *value;
    int r = simul_gen_next(gen, &value);
    if (r > 0)
        puts(value);
    else if (r == 0)
        puts("StopIteration");
    return r;
}

int main(void)
{
    simul_gen *gen = simul_gen_new(simple_generator, NULL); /* its code has not begun */
    int r = print_next(gen); /* its frame becomes active */
    if (r > 0)
        r = print_next(gen); /* it is resumed where it left off */
    if (r > 0)
        r = print_next(gen); /* the end: its frame is given back */
    simul_gen_release(gen);
    return simul_exit(r);
}
