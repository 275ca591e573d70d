/* SPDX-License-Identifier: MIT */
/* A generator that overflows its stack is named, with and without a loop. */
#include "task/trace.h"

#include <simul/gen.h>

#include "switch/child.h"

static volatile int depth_max = 1 << 30; /* not to be seen through */

__attribute__((noinline)) static int deeper(volatile char *below, int depth)
{
    volatile char frame[512];
    frame[0] = below[0];
    if (depth == depth_max)
        return 0;
    return deeper(frame, depth + 1) + frame[0];
}

static int overflows(simul_gen *self, void *arg)
{
    volatile char start = 0;
    (void)self, (void)arg;
    return deeper(&start, 0);
}

static void in_plain_code(void)
{
    simul_gen_next(simul_gen_new(overflows, NULL), NULL);
}

static int main_task(void *unused)
{
    (void)unused;
    return simul_gen_next(simul_gen_new(overflows, NULL), NULL);
}

static void in_a_task(void)
{
    simul_run(main_task, NULL);
}

static void check(void (*body)(void))
{
    struct end end = in_a_child(body);
    ck_assert(!WIFEXITED(end.status) || WEXITSTATUS(end.status) != 0);
    ck_assert_msg(said(&end, "stack overflow in a generator, made at "), "%s",
                  end.said);
    ck_assert_msg(said(&end, "test_gen_overflow.c:"), "%s", end.said);
}

TEST(overflow_of_a_generator_is_reported)
{
    check(in_plain_code);
}

TEST(overflow_of_a_generator_in_a_task_is_reported)
{
    check(in_a_task);
}

HARNESS_MAIN("gen_overflow")
