/* SPDX-License-Identifier: MIT */
/* Futures: states, results, errors, callbacks, who asked. Ids in comments are those of the
 * semantic rules and tests that these answer to. */
#include "task/trace.h"

#include <errno.h>

/* ---- states (F01, S8) ---------------------------------------------------------------- */

TASK_TEST(pending_future_has_no_result_yet) /* F01 */
{
    simul_future *f = simul_create_future();

    ck_assert(!simul_done(f));
    ck_assert(!simul_cancelled(f));
    ck_assert_int_eq(simul_error(f), -SIMUL_ESTATE);
    ck_assert_ptr_null(simul_result(f));
    simul_release(f);
}

TASK_TEST(finished_future_takes_no_second_result) /* F01, S8 */
{
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_set_result(f, 1), 0);

    ck_assert_int_eq(simul_set_result(f, 2), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_set_error(f, -EIO), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_set_value(f, f, NULL), -SIMUL_ESTATE);
    ck_assert(!simul_cancel(f));
    ck_assert(simul_done(f));
    ck_assert(!simul_cancelled(f));
    ck_assert_int_eq(simul_error(f), 1);
    simul_release(f);
}

TASK_TEST(cancelled_future_stays_cancelled_and_keeps_the_message) /* F01, S14 */
{
    simul_future *f = simul_create_future();

    ck_assert(simul_cancel_msg(f, "why"));
    ck_assert(!simul_cancel(f));
    ck_assert(simul_cancelled(f));
    ck_assert(simul_done(f));
    ck_assert_int_eq(simul_set_result(f, 3), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_error(f), -ECANCELED);
    ck_assert_str_eq(simul_message(f), "why");
    ck_assert_int_eq(simul_await(f), -ECANCELED);
    simul_release(f);
}

TASK_TEST(setting_the_error_ECANCELED_cancels_the_future)
{
    simul_future *f = simul_create_future();

    ck_assert_int_eq(simul_set_error(f, -ECANCELED), 0);
    ck_assert(simul_cancelled(f));
    simul_release(f);
}

TASK_TEST(results_and_errors_of_the_wrong_sign_are_refused)
{
    simul_future *f = simul_create_future();

    ck_assert_int_eq(simul_set_result(f, -1), -EINVAL);
    ck_assert_int_eq(simul_set_error(f, 0), -EINVAL);
    ck_assert_int_eq(simul_set_error(f, 1), -EINVAL);
    ck_assert(!simul_done(f));
    simul_release(f);
}

TASK_TEST(task_takes_no_result_from_outside) /* F04 */
{
    simul_task *t = simul_create_task(nothing, NULL);

    ck_assert_int_eq(simul_set_result(t, 1), -EINVAL);
    ck_assert_int_eq(simul_set_error(t, -EIO), -EINVAL);
    ck_assert_int_eq(simul_set_value(t, t, NULL), -EINVAL);
    ck_assert_int_eq(simul_await(t), 0);
    simul_release(t);
}

/* ---- callbacks (F02, B02, S8) --------------------------------------------------------- */

TASK_TEST(callbacks_never_run_inside_set_result) /* F02, S8 */
{
    simul_future *f = simul_create_future();
    char cb[] = "cb", two[] = "2", late[] = "late";
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb), 0);
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, two), 0);
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb), 0);

    ck_assert_int_eq(simul_remove_done_callback(f, trace_done, cb), 2);
    ck_assert_int_eq(simul_remove_done_callback(f, trace_done, cb), 0);
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb), 0);
    ck_assert_int_eq(simul_set_result(f, 0), 0);
    ck_assert_trace("");
    let_run(1);
    ck_assert_trace("2 cb");

    ck_assert_int_eq(simul_add_done_callback(f, trace_done, late), 0);
    ck_assert_trace("");
    let_run(1);
    ck_assert_trace("late");
    simul_release(f);
}

static void add_another(simul_future *f, void *arg)
{
    trace("first");
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, arg), 0);
}

TASK_TEST(callback_added_by_a_callback_runs_a_pass_later) /* B02, S8 */
{
    simul_future *f = simul_create_future();
    char added[] = "added", second[] = "second";
    ck_assert_int_eq(simul_add_done_callback(f, add_another, added), 0);
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, second), 0);

    simul_set_result(f, 0);
    let_run(1);
    ck_assert_trace("first second");
    let_run(1);
    ck_assert_trace("added");
    simul_release(f);
}

TASK_TEST(callback_that_is_scheduled_cannot_be_removed)
{
    simul_future *f = simul_create_future();
    char cb[] = "cb";
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb), 0);
    simul_set_result(f, 0);

    ck_assert_int_eq(simul_remove_done_callback(f, trace_done, cb), 0);
    let_run(1);
    ck_assert_trace("cb");
    simul_release(f);
}

TASK_TEST(future_is_held_until_its_callbacks_have_run)
{
    simul_future *f = simul_create_future();
    char cb[] = "cb";
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb), 0);
    simul_set_result(f, 0);

    simul_release(f);
    let_run(1);
    ck_assert_trace("cb");
}

static void cancel_it(void *future)
{
    simul_cancel(future);
}

TASK_TEST(awaiters_and_callbacks_wake_in_the_order_in_which_they_came) /* B02 */
{
    simul_future *f = simul_create_future();
    char cb1[] = "cb1", cb2[] = "cb2";
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb1), 0);
    ck_assert_int_eq(simul_call_soon(NULL, cancel_it, f, NULL), 0);
    ck_assert_int_eq(simul_add_done_callback(f, trace_done, cb2), 0);

    ck_assert_int_eq(simul_await(f), -ECANCELED);
    ck_assert_trace("cb1 cb2");
    simul_release(f);
}

/* ---- awaiting -------------------------------------------------------------------------- */

TASK_TEST(awaiting_a_done_future_does_not_suspend) /* F05, S7, S13 */
{
    simul_future *f = simul_create_future();
    char tick[] = "tick";
    simul_set_result(f, 1);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, tick, NULL), 0);

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(simul_await(f), 1);
    ck_assert_trace("");
    let_run(1);
    ck_assert_trace("tick");
    simul_release(f);
}

static int await_it(void *f)
{
    int r = simul_await(f);
    trace("%d", r);
    return r;
}

TASK_TEST(any_number_of_tasks_may_await_one_future)
{
    simul_future *f = simul_create_future();
    simul_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = simul_create_task(await_it, f);
    let_run(1);

    simul_set_result(f, 7);
    ck_assert_int_eq(simul_gather(tasks, 5, 0), 0);
    ck_assert_trace("7 7 7 7 7");
    simul_release_all(tasks, 5);
    ck_assert_ptr_null(tasks[0]);
    simul_release(f);
}

TASK_TEST(future_released_while_it_is_awaited_lives_on)
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(await_it, f);
    let_run(1);

    simul_set_result(f, 9);
    simul_release(f);
    ck_assert_int_eq(simul_await(t), 9);
    ck_assert_trace("9");
    simul_release(t);
}

TEST(future_without_a_loop_cannot_be_made)
{
    ck_assert_ptr_null(simul_create_future());
    ck_assert_ptr_null(simul_create_task(nothing, NULL));
}

TEST(null_stands_for_a_future_that_failed_without_memory)
{
    ck_assert(simul_done(NULL));
    ck_assert(!simul_cancelled(NULL));
    ck_assert_int_eq(simul_error(NULL), -ENOMEM);
    ck_assert_ptr_null(simul_result(NULL));
    ck_assert_str_eq(simul_message(NULL), simul_strerror(-ENOMEM));
    ck_assert_int_eq(simul_set_result(NULL, 0), -ENOMEM);
    ck_assert(!simul_cancel(NULL));
    ck_assert_int_eq(simul_add_done_callback(NULL, trace_done, NULL), -ENOMEM);
    ck_assert_int_eq(simul_remove_done_callback(NULL, trace_done, NULL), 0);
    ck_assert_ptr_null(simul_retain(NULL));
    simul_release(NULL);
    simul_release_all(NULL, 0);
}

TEST(await_outside_of_a_task_is_an_error)
{
    ck_assert_int_eq(simul_await(NULL), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_sleep(0), -SIMUL_ENOTASK);
}

static void await_in_callback(void *f)
{
    trace("%d", simul_await(f) == -SIMUL_ENOTASK);
    trace("%d", simul_sleep(1) == -SIMUL_ENOTASK);
    trace("%d", simul_gather(NULL, 0, 0) == -SIMUL_ENOTASK);
}

TASK_TEST(await_in_a_callback_is_an_error)
{
    simul_future *f = simul_create_future();

    ck_assert_int_eq(simul_call_soon(NULL, await_in_callback, f, NULL), 0);
    let_run(1);
    ck_assert_trace("1 1 1");
    simul_release(f);
}

/* ---- values and messages ---------------------------------------------------------------- */

static int destroyed;

static void destroy(void *value)
{
    destroyed += *(int *)value;
}

TASK_TEST(value_is_destroyed_once_with_the_last_reference)
{
    int one = 1;
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_set_value(f, &one, destroy), 0);
    ck_assert_int_eq(simul_await(f), 0);
    ck_assert_ptr_eq(simul_result(f), &one);

    simul_retain(f);
    simul_release(f);
    ck_assert_int_eq(destroyed, 0);
    simul_release(f);
    ck_assert_int_eq(destroyed, 1);
}

TASK_TEST(value_of_a_failed_set_is_not_destroyed)
{
    int one = 1;
    simul_future *f = simul_create_future();
    simul_cancel(f);

    ck_assert_int_eq(simul_set_value(f, &one, destroy), -SIMUL_ESTATE);
    ck_assert_ptr_null(simul_result(f));
    simul_release(f);
    ck_assert_int_eq(destroyed, 0);
}

TASK_TEST(messages_of_futures_without_one_are_those_of_the_error)
{
    simul_future *f = simul_create_future();
    ck_assert_str_eq(simul_message(f), "pending");

    simul_set_error(f, -EIO);
    ck_assert_str_eq(simul_message(f), simul_strerror(-EIO));
    ck_assert_int_eq(simul_error(f), -EIO);
    simul_release(f);
}

/* ---- who asked (F03, S54) ---------------------------------------------------------------- */

TASK_TEST(error_of_a_future_nobody_asked_is_reported_when_it_goes) /* F03, S54 */
{
    trace_errors();
    simul_future *f = simul_create_future();
    simul_set_error(f, -EIO);
    let_run(2);
    ck_assert_trace("");

    simul_release(f);
    ck_assert_trace("(EIO: a future failed and nobody asked why)");
}

static void ask_message(simul_future *f)
{
    ck_assert_str_eq(simul_message(f), simul_strerror(-EIO));
}

static void ask_error(simul_future *f)
{
    simul_error(f);
}

static void ask_await(simul_future *f)
{
    simul_await(f);
}

static void ask_cancel(simul_future *f)
{
    ck_assert(!simul_cancel(f));
}

static void ask_result(simul_future *f)
{
    ck_assert_ptr_null(simul_result(f));
}

TASK_TEST(error_that_was_asked_for_is_not_reported) /* F03, S54 */
{
    void (*const ways[])(simul_future *) = {ask_error, ask_await, ask_cancel,
                                            ask_result, ask_message};
    trace_errors();
    for (int i = 0; i < 5; i++) {
        simul_future *f = simul_create_future();
        simul_set_error(f, -EIO);
        ways[i](f);
        simul_release(f);
    }
    ck_assert_trace("");
}

TASK_TEST(cancelled_future_is_not_reported)
{
    trace_errors();
    simul_future *f = simul_create_future();
    simul_cancel(f);
    simul_release(f);
    ck_assert_trace("");
}

static void keep_it(simul_loop *loop, const simul_error_context *context, void *arg)
{
    (void)loop;
    *(simul_future **)arg = simul_retain(context->future);
}

TASK_TEST(exception_handler_may_keep_the_future_it_is_told_of)
{
    simul_future *kept = NULL, *f = simul_create_future();
    simul_set_exception_handler(NULL, keep_it, &kept);
    simul_set_error(f, -EIO);

    simul_release(f);
    ck_assert_ptr_eq(kept, f);
    ck_assert_int_eq(simul_error(kept), -EIO);
    simul_release(kept);
}

/* ---- after the run ------------------------------------------------------------------------ */

static simul_future *left_over, *left_pending;

static int leave_futures(void *arg)
{
    (void)arg;
    left_over = simul_create_future();
    left_pending = simul_create_future();
    simul_set_value(left_over, left_over, NULL);
    return 0;
}

TEST(futures_may_be_looked_at_after_the_run)
{
    char late[] = "late";
    ck_assert_int_eq(run_like_asyncio(leave_futures, NULL), 0);

    ck_assert(simul_done(left_over));
    ck_assert_int_eq(simul_error(left_over), 0);
    ck_assert_ptr_eq(simul_result(left_over), left_over);
    ck_assert_int_eq(simul_add_done_callback(left_over, trace_done, late),
                     -SIMUL_ECLOSEDLOOP);
    ck_assert_int_eq(simul_add_done_callback(left_pending, trace_done, late),
                     -SIMUL_ECLOSEDLOOP);
    ck_assert_ptr_null(simul_shield(left_pending));
    ck_assert_int_eq(simul_set_result(left_pending, 4), 0);
    ck_assert_int_eq(simul_error(left_pending), 4);
    simul_release(left_over);
    simul_release(left_pending);
}

HARNESS_MAIN_BACKEND("future")
