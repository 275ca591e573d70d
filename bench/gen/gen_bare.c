/* SPDX-License-Identifier: MIT */
/* A stack for the generator and a bare switch there and back, nothing else. */
#include "bare_switch.h"
#include "gen.h"

static void *consumer, *generator;
static char stack[64 << 10];
static long value;

static void count_on(long from)
{
    for (;;) {
        value = ++from;
        bare_switch(&generator, consumer);
    }
}

GEN_INLINE long next(void)
{
    bare_switch(&consumer, generator);
    return value;
}

static void round_of(void)
{
    generator = bare_make(stack + sizeof stack, count_on, 0);
    gen_consume();
}

int main(int argc, char **argv)
{
    gen_measure(bench_args(argc, argv), round_of);
    return 0;
}
