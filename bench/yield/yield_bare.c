/* SPDX-License-Identifier: MIT */
/*
 * Two stacks and the bare switch between them, in the shapes of yield.h. The main program
 * resumes the first, and is resumed when both have ended.
 */
#include "bare_switch.h"

static void *contexts[2], *starter;
static char stacks[2][64 << 10];

static inline void pass(long self)
{
    bare_switch(&contexts[self], contexts[self ^ 1]);
}

#include "yield.h"

static void leave(long self)
{
    if (run_.ended < 2)
        pass(self);
    bare_switch(&contexts[self], starter);
}

static void same(long self)
{
    yield_same(self);
    leave(self);
}

static void deep_a(long self)
{
    yield_deep_a(self);
    leave(self);
}

static void deep_b(long self)
{
    yield_deep_b(self);
    leave(self);
}

/* The second stack begins 192 bytes lower, so that the two are in different cache sets. */
static void round_of(int deep)
{
    if (tasks_ != 2)
        bench_fail("more than two stacks");
    contexts[0] = bare_make(stacks[0] + sizeof stacks[0], deep ? deep_a : same, 0);
    contexts[1] = bare_make(stacks[1] + sizeof stacks[1] - 192, deep ? deep_b : same, 1);
    bare_switch(&starter, contexts[0]);
}

int main(int argc, char **argv)
{
    yield_measure(bench_args(argc, argv), round_of);
    return 0;
}
