/* SPDX-License-Identifier: MIT */
/* Many children, and much through their pipes: nothing is left behind. */
#include "process/fixture.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum { MANY = 1000, AT_ONCE = 100, MUCH = 100 << 20 };

static int run_one(void)
{
    simul_output output;
    simul_process *process =
        spawn(&(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE}, "cat", NULL);
    int r = simul_process_communicate(process, "x", 1, &output);
    if (r == 0)
        r = output.out_len == 1 && simul_process_returncode(process) == 0 ? 0 : -1;
    simul_process_release(process);
    return r;
}

static void one_after_another(void)
{
    for (int i = 0; i < MANY / 10; i++)
        ck_assert_int_eq(run_one(), 0);
    int fds = harness_open_fds();
    size_t used = mallinfo2().uordblks;
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(run_one(), 0);
    ck_assert_int_eq(harness_open_fds(), fds);
    ck_assert_uint_le(mallinfo2().uordblks,
                      used + 4096); /* 0 under ASan: it counts itself */
}

static int run_it(void *arg)
{
    (void)arg;
    return run_one();
}

static void all_at_once(void)
{
    simul_task *tasks[AT_ONCE];
    int fds = harness_open_fds();
    for (int i = 0; i < AT_ONCE; i++)
        tasks[i] = simul_create_task(run_it, NULL);
    ck_assert_int_eq(simul_gather(tasks, AT_ONCE, 0), 0);
    simul_release_all(tasks, AT_ONCE);
    ck_assert_int_eq(harness_open_fds(), fds);
}

static void much_both_ways(void)
{
    simul_output output;
    char *much = malloc(MUCH);
    ck_assert_ptr_nonnull(much);
    pattern(much, MUCH, 0);
    simul_process *process =
        spawn(&(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE}, "cat", NULL);
    int r = simul_process_communicate(process, much, MUCH, &output);
    ck_assert_int_eq(r, 0);
    ck_assert_uint_eq(output.out_len, MUCH);
    ck_assert(memcmp(output.out, much, MUCH) == 0);
    free(much);
    ck_assert_int_eq(end_of(process), 0);
}

static int main_of_test(void *arg)
{
    void (**body)(void) = arg;
    (*body)();
    return 0;
}

static void in_a_run(void (*body)(void))
{
    ck_assert_int_eq(simul_run(main_of_test, &body), 0);
    check_no_child();
}

TEST_TIMEOUT(a_thousand_children_one_after_another_leave_nothing, 120)
{
    in_a_run(one_after_another);
}

TEST_TIMEOUT(a_hundred_children_at_once_leave_nothing, 120)
{
    in_a_run(all_at_once);
}

TEST_TIMEOUT(a_hundred_megabytes_go_both_ways, 120)
{
    in_a_run(much_both_ways);
}

HARNESS_MAIN_BACKEND("many processes")
