/* SPDX-License-Identifier: MIT */
/* Running a loop from inside of itself, when that is allowed. */
#include "task/trace.h"

#include <errno.h>

static simul_loop *loop;

static int say_each_second(void *unused)
{
    (void)unused;
    for (int i = 1; i <= 4; i++) {
        int r = simul_sleep(1);
        if (r < 0)
            return r;
        trace("%d", i);
    }
    return 4;
}

static int sleep_and_return(void *seconds)
{
    int r = simul_sleep(*(double *)seconds);
    return r < 0 ? r : 42;
}

static double some = 2.5;

TASK_TEST(run_until_complete_in_a_task_lets_the_others_go_on)
{
    simul_loop_set_reentrant(NULL, true);
    simul_task *other = simul_create_task(say_each_second, NULL);
    simul_task *t = simul_create_task(sleep_and_return, &some);
    trace("%d", simul_loop_run_until_complete(simul_get_running_loop(), t));
    ck_assert_double_eq(simul_time(), 2.5);
    ck_assert_trace("1 2 42");
    ck_assert_int_eq(simul_await(other), 4);
    simul_release(other);
    simul_release(t);
}

TASK_TEST(run_in_a_run_is_a_task_of_the_same_loop)
{
    simul_loop_set_reentrant(NULL, true);
    simul_task *other = simul_create_task(say_each_second, NULL);
    trace("%d", simul_run(sleep_and_return, &some));
    ck_assert_trace("1 2 42");
    simul_cancel(other);
    simul_release(other);
}

static int run_three_deep(void *depth)
{
    int n = *(int *)depth, next = n + 1;
    simul_sleep(1);
    return n == 3 ? n : simul_run(run_three_deep, &next);
}

TASK_TEST(run_in_a_run_in_a_run)
{
    int zero = 0;
    simul_loop_set_reentrant(NULL, true);
    ck_assert_int_eq(simul_run(run_three_deep, &zero), 3);
    ck_assert_double_eq(simul_time(), 4);
}

static int run_inside(void *t)
{
    return simul_loop_run_until_complete(loop, t);
}

TASK_TEST(cancel_of_the_task_that_runs_the_loop_goes_on_to_what_it_waits_for)
{
    loop = simul_get_running_loop();
    simul_loop_set_reentrant(NULL, true);
    simul_task *inner = simul_create_task(sleep_and_return, &some);
    simul_task *outer = simul_create_task(run_inside, inner);
    let_run(1);
    simul_cancel(outer);
    ck_assert_int_eq(simul_await(outer), -ECANCELED);
    ck_assert(simul_cancelled(inner));
    simul_release(inner);
    simul_release(outer);
}

/* ---- in callbacks: on the loop's stack ------------------------------------------------------ */

static void run_in_callback(void *t)
{
    trace("(");
    trace("%d", simul_loop_run_until_complete(loop, t));
    trace(")");
}

TASK_TEST(callback_that_runs_the_loop)
{
    loop = simul_get_running_loop();
    simul_loop_set_reentrant(NULL, true);
    simul_task *other = simul_create_task(say_each_second, NULL);
    simul_task *t = simul_create_task(sleep_and_return, &some);
    ck_assert_int_eq(simul_call_soon(NULL, run_in_callback, t, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, "next", NULL), 0);
    ck_assert_int_eq(simul_await(other), 4);
    ck_assert_trace("( next 1 2 42 ) 3 4");
    simul_release(other);
    simul_release(t);
}

TASK_TEST(callbacks_that_run_the_loop_unwind_as_a_stack_does)
{
    static double longer = 5;
    loop = simul_get_running_loop();
    simul_loop_set_reentrant(NULL, true);
    simul_task *a = simul_create_task(sleep_and_return, &longer);
    simul_task *b = simul_create_task(sleep_and_return, &some);
    ck_assert_int_eq(simul_call_soon(NULL, run_in_callback, b, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, run_in_callback, a, NULL), 0);
    simul_await(a);
    let_run(2);
    ck_assert_trace("( ( 42 ) 42 )"); /* b was done first, under a's callback */
    simul_release(a);
    simul_release(b);
}

static void stop(void *unused)
{
    (void)unused;
    simul_loop_stop(loop);
}

static int wait_for_callback(void *unused)
{
    (void)unused;
    simul_loop_set_reentrant(NULL, true);
    simul_task *t = simul_create_task(sleep_and_return, &some);
    ck_assert_int_eq(simul_call_soon(NULL, run_in_callback, t, NULL), 0);
    ck_assert_int_eq(simul_call_later(NULL, 1, stop, NULL, NULL), 0);
    simul_sleep(99);
    simul_release(t);
    return 0;
}

TEST(stop_ends_the_nested_run_and_the_outer_one)
{
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *t = simul_loop_create_task(loop, wait_for_callback, NULL, NULL);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), -SIMUL_ESTOPPED);
    trace("%s", simul_done(t) ? "done" : "stopped");
    simul_cancel(t);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), -ECANCELED);
    char expected[40];
    snprintf(expected, sizeof expected, "( %d ) stopped", -SIMUL_ESTOPPED);
    ck_assert_trace(expected);
    simul_release(t);
    simul_loop_close(loop);
}

/* ---- refused ---------------------------------------------------------------------------------- */

TASK_TEST(without_leave_it_stays_an_error) /* L05 */
{
    simul_task *t = simul_create_task(nothing, NULL);
    simul_loop_set_reentrant(NULL, true);
    simul_loop_set_reentrant(NULL, false);
    ck_assert_int_eq(simul_loop_run_until_complete(simul_get_running_loop(), t),
                     -SIMUL_ERUNNING);
    ck_assert_int_eq(simul_run(nothing, NULL), -SIMUL_ERUNNING);
    simul_release(t);
}

static int run_oneself(void *unused)
{
    (void)unused;
    return simul_loop_run_until_complete(loop, simul_current_task());
}

TASK_TEST(task_that_runs_the_loop_until_its_own_end)
{
    loop = simul_get_running_loop();
    simul_loop_set_reentrant(NULL, true);
    simul_task *t = simul_create_task(run_oneself, NULL);
    ck_assert_int_eq(simul_await(t), -EDEADLK);
    simul_release(t);
}

HARNESS_MAIN_BACKEND("reentrant")
