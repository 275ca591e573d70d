/* SPDX-License-Identifier: MIT */
/*
 * Scopes that are not left in the function that entered them: reported with the line that
 * entered them, at the next wait, and without harm to the memory that they lay in.
 */
#include "task/trace.h"

#include <errno.h>
#include <string.h>

#define NOT_LEFT "was not left in the function that entered it"

static int line; /* of the last scope that was left early */

/* ---- left by an early return ---------------------------------------------------------- */

static __attribute__((noinline)) int leave_timeout(double delay)
{
    simul_timeout limit;
    line = __LINE__ + 1;
    simul_timeout_enter(&limit, delay);
    return delay > 0;
}

static __attribute__((noinline)) int leave_cleanup(void)
{
    simul_cleanup cleanup;
    line = __LINE__ + 1;
    simul_cleanup_enter(&cleanup);
    return *(volatile int *)&line;
}

static simul_task *child;

static __attribute__((noinline)) int leave_group(void)
{
    simul_group group;
    line = __LINE__ + 1;
    simul_group_enter(&group);
    child = simul_retain(simul_group_create_task(&group, sleep_forever, NULL));
    return child != NULL;
}

/* Once, with the line of the enter. */
static void check_report(void)
{
    char place[64];
    snprintf(place, sizeof place, "test_scope.c:%d " NOT_LEFT, line);
    ck_assert_int_eq(logged(NOT_LEFT), 1);
    ck_assert_int_eq(logged(place), 1);
}

TASK_TEST(timeout_left_early_is_reported_and_never_fires)
{
    capture_log();
    leave_timeout(1);

    ck_assert_int_eq(simul_sleep(0), 0);
    check_report();
    ck_assert_int_eq(simul_sleep(5), 0);
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
}

TASK_TEST(timeout_left_early_that_is_due_already_does_not_fire)
{
    capture_log();
    leave_timeout(0);

    ck_assert_int_eq(simul_sleep(0), 0);
    check_report();
    ck_assert_int_eq(simul_sleep(5), 0);
}

/* With so much above it that nobody writes where it lay. */
static __attribute__((noinline)) int leave_timeout_deep_below(void)
{
    struct {
        simul_timeout limit;
        char above[16384];
    } frame;
    __asm__ volatile("" : : "r"(&frame) : "memory");
    line = __LINE__ + 1;
    simul_timeout_enter(&frame.limit, 1);
    return *(volatile int *)&line;
}

TASK_TEST(timeout_left_early_is_noticed_by_where_it_lies)
{
    capture_log();
    leave_timeout_deep_below();

    ck_assert_int_eq(simul_sleep(0), 0);
    check_report();
    ck_assert_int_eq(simul_sleep(5), 0);
}

TASK_TEST(cleanup_left_early_is_reported_and_ends)
{
    capture_log();
    simul_cancel(simul_current_task());
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    leave_cleanup();

    ck_assert_int_eq(simul_sleep(0), -ECANCELED); /* sticky again */
    check_report();
    ck_assert(simul_cancel_caught());
}

TASK_TEST(group_left_early_is_reported_and_its_children_are_cancelled)
{
    capture_log();
    leave_group();

    ck_assert_int_eq(simul_sleep(0), 0);
    check_report();
    ck_assert_int_eq(simul_await(child), -ECANCELED);
    simul_release(child);
}

static int return_inside(void *unused)
{
    (void)unused;
    leave_timeout(1);
    leave_group();
    return 4;
}

TASK_TEST(scopes_left_by_the_end_of_the_task_are_reported)
{
    capture_log();
    simul_task *t = simul_create_task(return_inside, NULL);

    ck_assert_int_eq(simul_await(t), 4);
    ck_assert_int_eq(logged(NOT_LEFT), 2);
    ck_assert_int_eq(simul_await(child), -ECANCELED);
    simul_release(child);
    simul_release(t);
}

TASK_TEST(outer_scope_survives_one_that_was_left_early)
{
    simul_timeout outer;
    capture_log();
    simul_timeout_enter(&outer, 2);
    leave_timeout(1);

    int r = simul_sleep(9);
    ck_assert_int_eq(simul_timeout_exit(&outer, r), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 2);
    check_report();
}

TASK_TEST(exit_of_an_outer_scope_reports_what_was_left_inside)
{
    simul_timeout outer;
    capture_log();
    simul_timeout_enter(&outer, 2);
    leave_timeout(1);

    ck_assert_int_eq(simul_timeout_exit(&outer, 7), 7);
    check_report();
    ck_assert_int_eq(simul_sleep(5), 0);
}

/* ---- the same function again: its scope lies where the last one lay --------------------- */

TASK_TEST(scope_entered_where_one_was_left_early)
{
    capture_log();
    for (int i = 0; i < 5; i++)
        leave_timeout(1 + i);
    ck_assert_int_ge(logged(NOT_LEFT), 4);

    ck_assert_int_eq(simul_sleep(9), 0);
    ck_assert_int_eq(logged(NOT_LEFT), 5);
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
}

TASK_TEST(struct_entered_again_without_an_exit)
{
    simul_timeout limit;
    capture_log();
    simul_timeout_enter(&limit, 1);
    simul_timeout_enter(&limit, 2);

    int r = simul_sleep(9);
    ck_assert_int_eq(logged(NOT_LEFT), 1);
    ck_assert_int_eq(simul_timeout_exit(&limit, r), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 2);
}

TASK_TEST(group_entered_where_one_was_left_early)
{
    simul_task *children[3];
    capture_log();
    for (int i = 0; i < 3; i++) {
        leave_group();
        children[i] = child;
    }

    ck_assert_int_eq(simul_gather(children, 3, SIMUL_RETURN_EXCEPTIONS), 0);
    for (int i = 0; i < 3; i++)
        ck_assert(simul_cancelled(children[i]));
    ck_assert_int_eq(logged(NOT_LEFT), 3);
    simul_release_all(children, 3);
}

/* ---- a deeper function waits where the scope lay ------------------------------------------ */

/* Its buffer lies over the scope that the function before left; it waits, and looks
 * whether anybody has written there. */
static __attribute__((noinline)) int wait_over_it(unsigned char byte)
{
    unsigned char buffer[4096];
    memset(buffer, byte, sizeof buffer);
    __asm__ volatile("" : : "r"(buffer) : "memory");
    int r = simul_sleep(5);
    for (size_t i = 0; i < sizeof buffer; i++)
        if (buffer[i] != byte)
            return -EFAULT;
    return r;
}

TASK_TEST(timeout_left_early_does_not_touch_memory_that_others_use_by_then)
{
    capture_log();
    leave_timeout(1);
    ck_assert_int_eq(wait_over_it(0xa5), 0);
    leave_timeout(0);
    ck_assert_int_eq(wait_over_it(0), 0);
    ck_assert_int_eq(simul_sleep(1), 0);
}

static void cancel_child(void *unused)
{
    (void)unused;
    simul_cancel(child);
}

TASK_TEST(group_left_early_does_not_touch_memory_that_others_use_by_then)
{
    capture_log();
    for (int i = 0; i < 2; i++) {
        leave_group();
        ck_assert_int_eq(simul_call_later(NULL, 1, cancel_child, NULL, NULL), 0);
        ck_assert_int_eq(wait_over_it(i ? 0xa5 : 0), 0);
        simul_release(child);
    }
}

/* ---- misuse without a crash ------------------------------------------------------------------ */

TASK_TEST(exit_twice_is_an_error_for_a_timeout_and_nothing_for_the_rest)
{
    simul_timeout limit;
    simul_cleanup cleanup;
    simul_group group;
    simul_timeout_enter(&limit, 1);
    simul_cleanup_enter(&cleanup);
    simul_group_enter(&group);
    ck_assert_int_eq(simul_group_exit(&group, 3), 3);
    simul_cleanup_exit(&cleanup);
    ck_assert_int_eq(simul_timeout_exit(&limit, 3), 3);

    ck_assert_int_eq(simul_timeout_exit(&limit, 3), -SIMUL_ESCOPE);
    simul_cleanup_exit(&cleanup);
    ck_assert_int_lt(simul_group_exit(&group, 3), 0);
    ck_assert_ptr_null(simul_group_create_task(&group, nothing, NULL));
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 3), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(scopes_left_in_the_wrong_order)
{
    simul_timeout first, second;
    capture_log();
    simul_timeout_enter(&first, 1);
    simul_timeout_enter(&second, 2);

    ck_assert_int_eq(simul_timeout_exit(&first, 1), 1);
    ck_assert_int_eq(logged(NOT_LEFT), 1);
    ck_assert_int_eq(simul_timeout_exit(&second, 1), -SIMUL_ESCOPE);
    ck_assert_int_eq(simul_sleep(5), 0);
}

TEST(scopes_outside_of_a_task_do_nothing)
{
    simul_timeout limit;
    simul_group group;
    ck_assert_int_eq(simul_timeout_enter(&limit, 1), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_timeout_exit(&limit, 5), 5);
    ck_assert_int_eq(simul_timeout_exit(&limit, -EIO), -EIO);
    ck_assert(!simul_timeout_expired(&limit));
    ck_assert_int_eq(simul_group_enter(&group), -SIMUL_ENOTASK);
    ck_assert_ptr_null(simul_group_create_task(&group, nothing, NULL));
    simul_group_cancel(&group);
    ck_assert_int_eq(simul_group_exit(&group, 0), -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("scope")
