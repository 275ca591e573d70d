/* SPDX-License-Identifier: MIT */
/* timeout(): deadlines for blocks of code (S25). */
#include "task/trace.h"

#include <errno.h>

static simul_task *me(void)
{
    return simul_current_task();
}

/* ---- one (O01) ------------------------------------------------------------------------ */

TASK_TEST(deadline_interrupts_the_block_and_becomes_a_time_out) /* O01, S25 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 0.25);
    int r = simul_sleep(9);
    ck_assert_int_eq(r, -ECANCELED);
    ck_assert(simul_timeout_expired(&limit));

    ck_assert_int_eq(simul_timeout_exit(&limit, r), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 0.25);
    ck_assert(simul_timeout_expired(&limit));
    ck_assert_int_eq(simul_cancelling(me()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(block_that_does_not_wait_never_times_out) /* O01, S25 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 0);
    ck_assert_int_eq(simul_timeout_exit(&limit, 2), 2);
    ck_assert(!simul_timeout_expired(&limit));
    ck_assert_int_eq(simul_sleep(1), 0);
}

TASK_TEST(yielding_once_is_enough_for_a_deadline_that_has_passed) /* O01 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, -1);
    ck_assert_int_eq(simul_timeout_exit(&limit, simul_sleep(0)), -ETIMEDOUT);
}

TASK_TEST(no_deadline) /* O01 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, INFINITY);
    ck_assert_int_eq(simul_sleep(1e6), 0);
    ck_assert(isinf(simul_timeout_when(&limit)));
    ck_assert_int_eq(simul_timeout_exit(&limit, 4), 4);
    ck_assert(!simul_timeout_expired(&limit));
}

TASK_TEST(time_out_at_a_time)
{
    simul_timeout limit;
    simul_timeout_enter_at(&limit, simul_time() + 2);
    ck_assert_double_eq(simul_timeout_when(&limit), 2);
    ck_assert_int_eq(simul_timeout_exit(&limit, simul_sleep(9)), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 2);
}

TASK_TEST(result_of_the_block_does_not_matter_once_the_cancel_was_delivered)
{
    const int results[] = {0, 17, -EIO, -ECANCELED};
    for (int i = 0; i < 4; i++) {
        simul_timeout limit;
        simul_timeout_enter(&limit, 1);
        simul_sleep(9);
        ck_assert_int_eq(simul_timeout_exit(&limit, results[i]), -ETIMEDOUT);
    }
}

TASK_TEST(within_bounds_one_call)
{
    ck_assert_int_eq(simul_within(1, simul_sleep(9)), -ETIMEDOUT);
    ck_assert_int_eq(simul_within(9, simul_sleep(1)), 0);
    ck_assert_double_eq(simul_time(), 2);
}

/* ---- caught inside (O04) ---------------------------------------------------------------- */

TASK_TEST(block_that_catches_is_not_timed_out_but_expired) /* O04, S25 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    ck_assert_int_eq(simul_sleep(9), -ECANCELED);
    ck_assert(simul_cancel_caught());

    ck_assert_int_eq(simul_timeout_exit(&limit, 6), 6);
    ck_assert(simul_timeout_expired(&limit));
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

TASK_TEST(error_of_a_block_that_catches_is_its_own) /* O04: 1/0 in finally */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    simul_sleep(9);
    simul_cancel_caught();

    ck_assert_int_eq(simul_timeout_exit(&limit, -EIO), -EIO);
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

static int time_out_after_a_swallowed_cancel(void *unused)
{
    (void)unused;
    simul_cancel(me());
    simul_sleep(9);
    simul_cancel_caught(); /* cancelling() == 1 is the baseline from here on */
    int r = simul_within(1, simul_sleep(9));
    trace("%s %d", simul_error_name(r), simul_cancelling(me()));
    return simul_sleep(0);
}

TASK_TEST(cancel_swallowed_before_does_not_count) /* O04, S15 */
{
    simul_task *t = simul_create_task(time_out_after_a_swallowed_cancel, NULL);
    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_trace("ETIMEDOUT 1");
    simul_release(t);
}

/* ---- cancels of others (O06, S25) ---------------------------------------------------------- */

static int enter_while_cancelled(void *delay)
{
    simul_timeout limit;
    simul_cancel(me());
    simul_timeout_enter(&limit, *(double *)delay);
    int r = (int)simul_timeout_exit(&limit, simul_sleep(1));
    trace("%s", simul_error_name(r));
    return simul_sleep(0);
}

TASK_TEST(
    time_out_does_not_swallow_a_cancel_that_was_pending) /* O06; lost in asyncio */
{
    static double delays[] = {0.001, 0, -1, 5};
    for (int i = 0; i < 4; i++) {
        simul_task *t = simul_create_task(enter_while_cancelled, &delays[i]);
        ck_assert_int_eq(simul_await(t), -ECANCELED);
        ck_assert(simul_cancelled(t));
        ck_assert_trace("ECANCELED");
        simul_release(t);
    }
}

static int bounded_sleep(void *unused)
{
    (void)unused;
    int r = simul_within(1, simul_sleep(9));
    trace("%s %d", simul_error_name(r), simul_cancelling(me()));
    return r;
}

static void cancel_it(void *task)
{
    simul_cancel(task);
}

TASK_TEST(cancel_from_outside_before_the_deadline_stays_a_cancel)
{
    simul_task *t = simul_create_task(bounded_sleep, NULL);
    ck_assert_int_eq(simul_call_later(NULL, 0.5, cancel_it, t, NULL), 0);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("ECANCELED 1");
    simul_release(t);
}

TASK_TEST(cancel_from_outside_in_the_pass_of_the_deadline_wins) /* S25 */
{
    simul_task *t = simul_create_task(bounded_sleep, NULL);
    ck_assert_int_eq(simul_call_later(NULL, 1, cancel_it, t, NULL), 0);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("ECANCELED 1");
    simul_release(t);
}

static int deadline_in_cleanup(void *unused)
{
    (void)unused;
    simul_sleep(9);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    trace("%s", simul_error_name(simul_within(1, simul_sleep(9))));
    trace("%d", simul_sleep(0));
    simul_cleanup_exit(&cleanup);
    return simul_sleep(0);
}

TASK_TEST(deadline_for_a_cleanup)
{
    simul_task *t = simul_create_task(deadline_in_cleanup, NULL);
    let_run(1);
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("ETIMEDOUT 0");
    simul_release(t);
}

static int time_out_after_a_delivery(void *unused)
{
    (void)unused;
    simul_sleep(9); /* cancelled, and sticky from here on */
    trace("%s", simul_error_name(simul_within(0, simul_sleep(9))));
    trace("%s", simul_error_name(simul_within(1, simul_sleep(9))));
    return 0;
}

TASK_TEST(sticky_cancel_is_not_the_time_outs)
{
    simul_task *t = simul_create_task(time_out_after_a_delivery, NULL);
    let_run(1);
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("ECANCELED ECANCELED");
    simul_release(t);
}

/* ---- nested (O02) ------------------------------------------------------------------------------ */

TASK_TEST(nested_deadlines_that_expire_in_one_pass) /* O02, S25 */
{
    simul_timeout outer, inner;
    simul_timeout_enter_at(&outer, 0.002);
    simul_timeout_enter_at(&inner, 0.002);
    ssize_t r = simul_timeout_exit(&inner, simul_sleep(9));
    trace("inner %s", simul_error_name((int)r));
    r = simul_timeout_exit(&outer, r);
    trace("outer %s", simul_error_name((int)r));

    ck_assert_trace("inner ECANCELED outer ETIMEDOUT");
    ck_assert(simul_timeout_expired(&outer) && simul_timeout_expired(&inner));
    ck_assert_int_eq(simul_cancelling(me()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(outer_deadline_passes_through_the_inner_one) /* O02 */
{
    simul_timeout outer, inner;
    simul_timeout_enter(&outer, 0.001);
    simul_timeout_enter(&inner, 9);
    ssize_t r = simul_timeout_exit(&inner, simul_sleep(9));
    ck_assert_int_eq(r, -ECANCELED);
    ck_assert(!simul_timeout_expired(&inner));
    ck_assert_int_eq(simul_timeout_exit(&outer, r), -ETIMEDOUT);
}

TASK_TEST(inner_deadline_does_not_touch_the_outer_one) /* O02 */
{
    simul_timeout outer, inner;
    simul_timeout_enter(&outer, 9);
    simul_timeout_enter(&inner, 0.001);
    ssize_t r = simul_timeout_exit(&inner, simul_sleep(9));
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_int_eq(simul_timeout_exit(&outer, 0), 0);
}

/* ---- reschedule (O05) ----------------------------------------------------------------------------- */

TASK_TEST(deadline_can_be_moved_while_it_has_not_passed) /* O05 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 3), 0);
    ck_assert_double_eq(simul_timeout_when(&limit), 3);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, NAN), -EINVAL);
    ck_assert_double_eq(simul_timeout_when(&limit), 3);

    ck_assert_int_eq(simul_timeout_exit(&limit, simul_sleep(9)), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 3);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 9), -SIMUL_ESTATE);
}

TASK_TEST(expiring_deadline_cannot_be_moved) /* O05 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, simul_time() - 1), 0);
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 9), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_timeout_exit(&limit, 0), -ETIMEDOUT);
}

TASK_TEST(deadline_can_be_taken_back_before_it_is_noticed) /* O05 */
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 0);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, INFINITY), 0);
    ck_assert_int_eq(simul_sleep(5), 0);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 0), 0);
    ck_assert_int_eq(simul_timeout_reschedule(&limit, 7), 0);
    ck_assert_int_eq(simul_timeout_exit(&limit, simul_sleep(9)), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 7);
}

/* ---- the rest -------------------------------------------------------------------------------------- */

TASK_TEST(no_number_interrupts_at_once_rather_than_never)
{
    simul_timeout limit;
    ck_assert_int_eq(simul_timeout_enter(&limit, NAN), -EINVAL);
    int r = simul_sleep(INFINITY);
    ck_assert_int_eq(r, -ECANCELED);
    ck_assert_int_eq(simul_timeout_exit(&limit, r), -EINVAL);
    ck_assert(!simul_timeout_expired(&limit));
    ck_assert_int_eq(simul_cancelling(me()), 0);

    ck_assert_int_eq(simul_within(NAN, 3), 3);
    ck_assert_int_eq(simul_sleep(1), 0);
}

TASK_TEST(many_deadlines_that_come_and_go)
{
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(simul_within(i % 3, simul_sleep(1)),
                         i % 3 == 2 ? 0 : -ETIMEDOUT);
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

TASK_TEST(deadline_in_the_past_left_while_it_is_queued)
{
    for (int i = 0; i < 100; i++) {
        simul_timeout limit;
        simul_timeout_enter(&limit, 0);
        ck_assert_int_eq(simul_timeout_exit(&limit, i), i);
    }
    ck_assert_int_eq(simul_sleep(1), 0);
}

HARNESS_MAIN_BACKEND("timeout")
