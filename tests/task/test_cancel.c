/* SPDX-License-Identifier: MIT */
/* The cancellation protocol: asyncio's, and what C needs on top (sticky until caught). */
#include "support/sweep.h"
#include "task/trace.h"

#include <errno.h>

static int await_it(void *future)
{
    return simul_await(future);
}

/* ---- asking (S9, S10, S12, T02, T03, T05, T08) ----------------------------------------- */

static int say_body(void *unused)
{
    (void)unused;
    trace("body");
    return 0;
}

TASK_TEST(task_cancelled_before_its_first_step_never_runs) /* T02, S10 */
{
    simul_task *t = simul_create_task(say_body, NULL);

    ck_assert(simul_cancel_msg(t, "m"));
    ck_assert(!simul_cancelled(t));
    ck_assert_int_eq(simul_cancelling(t), 1);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    ck_assert_str_eq(simul_message(t), "m");
    ck_assert_trace("");
    simul_release(t);
}

static int count_and_catch(void *unused)
{
    (void)unused;
    int n = 0;
    while (simul_sleep(INFINITY) == -ECANCELED && n < 2) {
        n++;
        simul_cancel_caught();
    }
    simul_cancel_caught();
    return n;
}

TASK_TEST(two_requests_before_a_delivery_are_delivered_once) /* T03, S9 */
{
    simul_task *t = simul_create_task(count_and_catch, NULL);
    let_run(1);
    ck_assert(simul_cancel(t));
    ck_assert(simul_cancel(t));
    ck_assert_int_eq(simul_cancelling(t), 2);

    let_run(2);
    ck_assert(!simul_done(t));
    simul_cancel(t);
    let_run(2);
    ck_assert(!simul_done(t));
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), 2);
    ck_assert_int_eq(simul_cancelling(t), 4);
    simul_release(t);
}

TASK_TEST(task_that_is_done_cannot_be_cancelled)
{
    simul_task *t = simul_create_task(nothing, NULL);
    simul_await(t);

    ck_assert(!simul_cancel(t));
    ck_assert_int_eq(simul_cancelling(t), 0);
    ck_assert(!simul_cancelled(t));
    simul_release(t);
}

static int cancel_self_and_return(void *r)
{
    simul_cancel(simul_current_task());
    return *(int *)r;
}

TASK_TEST(cancel_of_oneself_drops_the_result_at_the_end) /* T05, S12 */
{
    int result = 42;
    simul_task *t = simul_create_task(cancel_self_and_return, &result);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    simul_release(t);
}

TASK_TEST(
    cancel_of_oneself_does_not_drop_an_error) /* S12: an exception wins in asyncio */
{
    int result = -EIO;
    simul_task *t = simul_create_task(cancel_self_and_return, &result);

    ck_assert_int_eq(simul_await(t), -EIO);
    ck_assert(!simul_cancelled(t));
    simul_release(t);
}

static int cancel_and_uncancel(void *unused)
{
    (void)unused;
    simul_cancel(simul_current_task());
    trace("%d", simul_uncancel(simul_current_task()));
    int r = simul_sleep(0);
    return r < 0 ? r : 7;
}

TASK_TEST(uncancel_to_zero_rescinds_what_was_not_delivered) /* T08, S15 */
{
    simul_task *t = simul_create_task(cancel_and_uncancel, NULL);

    ck_assert_int_eq(simul_await(t), 7);
    ck_assert_trace("0");
    simul_release(t);
}

TASK_TEST(uncancel_stops_at_zero)
{
    ck_assert_int_eq(simul_uncancel(simul_current_task()), 0);
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
}

static int cancel_twice_uncancel_once(void *unused)
{
    (void)unused;
    simul_task *me = simul_current_task();
    simul_cancel(me);
    simul_cancel(me);
    trace("%d", simul_uncancel(me));
    return simul_sleep(0);
}

TASK_TEST(uncancel_above_zero_leaves_the_request_in_force) /* S15 */
{
    simul_task *t = simul_create_task(cancel_twice_uncancel_once, NULL);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("1");
    simul_release(t);
}

/* ---- where it is delivered (S13, T06) ------------------------------------------------------ */

static int pass_done_futures(void *f)
{
    simul_cancel(simul_current_task());
    for (int i = 0; i < 5; i++)
        trace("%d", simul_await(f));
    trace("%d", simul_sleep(0) == -ECANCELED);
    return 0;
}

TASK_TEST(done_futures_are_no_delivery_points_and_sleep_0_is_one) /* T06, S13 */
{
    simul_future *f = simul_create_future();
    simul_set_result(f, 3);
    simul_task *t = simul_create_task(pass_done_futures, f);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("3 3 3 3 3 1");
    simul_release(t);
    simul_release(f);
}

static int await_and_say(void *f)
{
    int r = simul_await(f);
    trace("%s %d", simul_error_name(r), simul_error(f));
    return r;
}

TASK_TEST(cancel_after_completion_and_before_resumption_wins) /* T04, S11 */
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(await_and_say, f);
    let_run(1);

    simul_set_result(f, 5);
    ck_assert(simul_cancel(t));
    ck_assert_int_eq(simul_wait(&t, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED), 1);
    ck_assert_trace("ECANCELED 5");
    ck_assert(simul_cancelled(t));
    simul_release(t);
    simul_release(f);
}

TASK_TEST(cancel_goes_on_to_what_is_awaited) /* S9 */
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(await_and_say, f);
    let_run(1);

    simul_cancel_msg(t, "enough");
    ck_assert(simul_cancelled(f));
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_str_eq(simul_message(f), "enough");
    ck_assert_str_eq(simul_message(t), "enough");
    simul_release(t);
    simul_release(f);
}

/* ---- swallowing (S16, S17, T07, T10) --------------------------------------------------------- */

static int swallow(void *unused)
{
    (void)unused;
    simul_sleep(10);
    simul_cancel_caught();
    return simul_cancelling(simul_current_task());
}

TASK_TEST(task_that_catches_ends_normally_and_stays_cancelling) /* T07, S17 */
{
    simul_task *t = simul_create_task(swallow, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), 1);
    ck_assert(!simul_cancelled(t));
    ck_assert_int_eq(simul_cancelling(t), 1);
    simul_release(t);
}

static int replace(void *unused)
{
    (void)unused;
    return simul_sleep(10) == -ECANCELED ? -EPIPE : 0;
}

TASK_TEST(task_that_answers_a_cancel_with_an_error_failed) /* T07 */
{
    simul_task *t = simul_create_task(replace, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -EPIPE);
    ck_assert(!simul_cancelled(t));
    simul_release(t);
}

static int swallow_and_sleep(void *unused)
{
    (void)unused;
    simul_sleep(10);
    simul_cancel_caught();
    int r = simul_sleep(1);
    return r < 0 ? r : 9;
}

TASK_TEST(
    after_it_was_caught_a_cancel_interrupts_nothing_more) /* S17: edge-triggered */
{
    simul_task *t = simul_create_task(swallow_and_sleep, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), 9);
    simul_release(t);
}

static int who_was_it(void *inner)
{
    if (simul_await(inner) == -ECANCELED)
        trace(simul_cancelling(simul_current_task()) ? "me" : "child");
    trace("%d", simul_sleep(0.1));
    return 0;
}

TASK_TEST(cancel_of_what_is_awaited_is_an_ordinary_error_and_not_sticky) /* T10, S16 */
{
    simul_task *inner = simul_create_task(sleep_forever, NULL);
    simul_task *outer = simul_create_task(who_was_it, inner);
    let_run(1);
    simul_cancel(inner);

    ck_assert_int_eq(simul_await(outer), 0);
    ck_assert_trace("child 0");
    simul_release(inner);
    simul_release(outer);
}

TASK_TEST(nothing_to_catch_without_a_delivery)
{
    ck_assert(!simul_cancel_caught());
    simul_cancel(simul_current_task());
    ck_assert(!simul_cancel_caught());
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    ck_assert(simul_cancel_caught());
    ck_assert(!simul_cancel_caught());
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 1);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TEST(nothing_to_catch_outside_of_a_task)
{
    ck_assert(!simul_cancel_caught());
}

/* ---- chains and circles ------------------------------------------------------------------ */

static int await_the_one_before(void *arg)
{
    simul_task **self = arg;
    return simul_await(self[-1]);
}

TASK_TEST(cancel_goes_down_a_chain_of_any_length)
{
    const int N = sweep_wanted() ? 100 : 5000;
    simul_task **tasks = calloc(N, sizeof *tasks);
    tasks[0] = simul_create_task(sleep_forever, NULL);
    for (int i = 1; i < N; i++)
        tasks[i] = simul_create_task(await_the_one_before, &tasks[i]);
    let_run(1);

    ck_assert(simul_cancel(tasks[N - 1]));
    ck_assert_int_eq(simul_gather(tasks, N, SIMUL_RETURN_EXCEPTIONS), 0);
    for (int i = 0; i < N; i++) {
        ck_assert(simul_cancelled(tasks[i]));
        ck_assert_int_eq(simul_cancelling(tasks[i]), 1);
    }
    simul_release_all(tasks, N);
    free(tasks);
}

static simul_task *circle[3];

static int await_in_circle(void *index)
{
    int next = (*(int *)index + 1) % 3;
    int r = simul_await(circle[next]);
    return r;
}

static int gather_in_circle(void *index)
{
    int next = (*(int *)index + 1) % 3;
    return simul_gather(&circle[next], 1, 0);
}

static int gather_future_in_circle(void *index)
{
    int next = (*(int *)index + 1) % 3;
    simul_future *outer = simul_gather_future(&circle[next], 1, 0);
    int r = simul_await(outer);
    simul_release(outer);
    return r;
}

TASK_TEST(cancel_ends_a_circle_of_tasks_that_await_each_other)
{
    static int indices[] = {0, 1, 2};
    simul_fn *const kinds[] = {await_in_circle, gather_in_circle,
                               gather_future_in_circle};
    for (int kind = 0; kind < 3; kind++)
        for (int first = 0; first < 3; first++) {
            for (int i = 0; i < 3; i++)
                circle[i] = simul_create_task(kinds[(kind + i) % 3], &indices[i]);
            let_run(1);
            ck_assert(simul_cancel(circle[first]));
            ck_assert_int_eq(simul_gather(circle, 3, SIMUL_RETURN_EXCEPTIONS), 0);
            for (int i = 0; i < 3; i++)
                ck_assert(simul_cancelled(circle[i]));
            simul_release_all(circle, 3);
        }
}

static int gather_two(void *tasks)
{
    return simul_gather(tasks, 2, 0);
}

TASK_TEST(cancel_reaches_what_two_await_twice) /* a diamond */
{
    simul_task *low = simul_create_task(sleep_forever, NULL);
    simul_task *sides[] = {simul_create_task(await_it, low),
                           simul_create_task(await_it, low)};
    simul_task *top = simul_create_task(gather_two, sides);
    let_run(2);

    simul_cancel(top);
    ck_assert_int_eq(simul_await(top), -ECANCELED);
    ck_assert_int_eq(simul_cancelling(low), 2);
    ck_assert(simul_cancelled(low));
    simul_release_all(sides, 2);
    simul_release(low);
    simul_release(top);
}

/* ---- messages (S14) ------------------------------------------------------------------------------ */

TASK_TEST(message_of_a_cancelled_future_goes_to_those_who_await_it) /* S14 */
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(await_it, f);
    let_run(1);

    simul_cancel_msg(f, "why");
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_str_eq(simul_message(t), "why");
    simul_release(t);
    simul_release(f);
}

TASK_TEST(last_message_counts) /* S14 */
{
    simul_task *t = simul_create_task(sleep_forever, NULL);

    simul_cancel_msg(t, "first");
    simul_cancel_msg(t, "second");
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_str_eq(simul_message(t), "second");
    simul_release(t);
}

TASK_TEST(cancel_without_a_message_forgets_the_one_before) /* S14 */
{
    simul_task *t = simul_create_task(sleep_forever, NULL);

    simul_cancel_msg(t, "first");
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_str_eq(simul_message(t), simul_strerror(-ECANCELED));
    simul_release(t);
}

static int explain_cancel(void *unused)
{
    (void)unused;
    int r = simul_sleep(INFINITY);
    trace("%s", simul_explain(r));
    return r;
}

TASK_TEST(body_is_told_the_message_of_its_cancel) /* S14 */
{
    simul_task *t = simul_create_task(explain_cancel, NULL);
    let_run(1);

    simul_cancel_msg(t, "enough");
    simul_await(t);
    ck_assert_trace("enough");
    simul_release(t);
}

TASK_TEST(message_of_a_cancel_that_is_on_its_way_stays) /* S14 */
{
    simul_task *t = simul_create_task(explain_cancel, NULL);
    let_run(1);

    simul_cancel_msg(t, "first");
    ck_assert(simul_cancel(t));
    ck_assert_int_eq(simul_cancelling(t), 2);
    simul_await(t);
    ck_assert_trace("first");
    simul_release(t);
}

static int gather_one(void *task)
{
    return simul_gather((simul_task *[]){task}, 1, 0);
}

TASK_TEST(message_of_a_cancel_goes_down_through_a_gather) /* S14 */
{
    simul_task *child = simul_create_task(explain_cancel, NULL);
    simul_task *t = simul_create_task(gather_one, child);
    simul_future *outer = simul_gather_future(&child, 1, 0);
    let_run(1);

    simul_cancel_msg(t, "down");
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("down");
    ck_assert_int_eq(simul_await(outer), -ECANCELED);
    ck_assert_str_eq(simul_message(outer), "down");
    simul_release(outer);
    simul_release(t);
    simul_release(child);
}

TASK_TEST(cancel_by_a_deadline_has_no_message_of_another) /* S14, S25 */
{
    simul_timeout limit;
    simul_task *self = simul_current_task();
    simul_cancel_msg(self, "old");
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    simul_cancel_caught();
    simul_uncancel(self);

    simul_timeout_enter(&limit, 1);
    int r = simul_sleep(2);
    ck_assert_str_eq(simul_explain(r), simul_strerror(-ECANCELED));
    ck_assert_int_eq((int)simul_timeout_exit(&limit, r), -ETIMEDOUT);
}

TASK_TEST(message_of_a_cancel_survives_a_result_that_was_dropped) /* S14 */
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(await_it, f);
    let_run(1);

    simul_set_result(f, 1);
    simul_cancel_msg(t, "too late");
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_str_eq(simul_message(t), "too late");
    simul_release(t);
    simul_release(f);
}

/* ---- sticky until caught ---------------------------------------------------------------------------- */

static int try_everything(void *unused)
{
    (void)unused;
    simul_future *future = simul_create_future(), *done = simul_create_future();
    simul_set_result(done, 0);
    simul_sleep(INFINITY);

    trace("%d", simul_sleep(0) == -ECANCELED);
    trace("%d", simul_sleep(1) == -ECANCELED);
    trace("%d", simul_await(future) == -ECANCELED);
    trace("%d", simul_await(done) == -ECANCELED);
    trace("%d", simul_gather(&future, 1, 0) == -ECANCELED);
    trace("%d", simul_wait(&future, 1, 1, SIMUL_ALL_COMPLETED) == -ECANCELED);
    trace("%d", simul_wait_for(future, 1) == -ECANCELED);
    trace("%d", simul_within(1, simul_sleep(0)) == -ECANCELED);
    trace("pending %d", !simul_done(future));
    simul_release(future);
    simul_release(done);
    return 0;
}

TASK_TEST(delivered_cancel_is_sticky_for_every_call_that_waits)
{
    simul_task *t = simul_create_task(try_everything, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("1 1 1 1 1 1 1 1 pending 1");
    simul_release(t);
}

static int sticky_error(void *unused)
{
    (void)unused;
    simul_sleep(1);
    return 3;
}

TASK_TEST(result_of_a_task_whose_cancel_is_sticky_is_dropped)
{
    simul_task *t = simul_create_task(sticky_error, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    simul_release(t);
}

static int ignore_for_long(void *deliveries)
{
    for (int i = *(int *)deliveries; i > 0; i--)
        simul_sleep(1);
    return 0;
}

TASK_TEST(task_that_ignores_a_thousand_deliveries_is_reported_once_by_name_and_place)
{
    static const simul_task_opts opts = {.name = "deaf"};
    int deliveries = 5000;
    capture_log();
    simul_task *t = simul_create_task_opts(ignore_for_long, &deliveries, &opts);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_int_eq(logged("task deaf (made at "), 1);
    ck_assert_int_eq(logged("test_cancel.c:"), 1);
    ck_assert_int_eq(logged("ignores its cancellation: 1000 calls"), 1);
    simul_release(t);
}

TASK_TEST(task_that_ignores_999_deliveries_is_not_reported)
{
    int deliveries = 1000; /* the first of them is the delivery itself */
    capture_log();
    simul_task *t = simul_create_task(ignore_for_long, &deliveries);
    let_run(1);
    simul_cancel(t);

    simul_await(t);
    ck_assert_int_eq(logged("ignores"), 0);
    simul_release(t);
}

static int ignore_until(void *stop)
{
    while (!*(volatile bool *)stop)
        simul_sleep(1);
    return 0;
}

static void raise_flag(void *flag)
{
    *(volatile bool *)flag = true;
}

TASK_TEST(
    task_that_ignores_its_cancel_does_not_starve_the_rest) /* even without a budget */
{
    static bool stop;
    capture_log();
    simul_task *t = simul_create_task(ignore_until, &stop);
    let_run(1);
    simul_cancel(t);

    let_run(20);
    ck_assert_int_eq(simul_call_soon(NULL, raise_flag, &stop, NULL), 0);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    simul_release(t);
}

/* ---- cleanup scopes: Python's finally (S18, T20) ------------------------------------------------------ */

static int clean_up(void *unused)
{
    (void)unused;
    int r = simul_sleep(10);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    trace(simul_sleep(0.001) == 0 ? "done" : "interrupted");
    simul_cleanup_exit(&cleanup);
    trace("%d", simul_sleep(1) == -ECANCELED);
    return r;
}

TASK_TEST(cleanup_may_wait_after_a_cancel) /* T20, S18 */
{
    simul_task *t = simul_create_task(clean_up, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("done 1");
    simul_release(t);
}

TASK_TEST(cleanup_is_interrupted_by_another_cancel) /* T20, S18 */
{
    simul_task *t = simul_create_task(clean_up, NULL);
    let_run(1);
    simul_cancel(t);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("interrupted 1");
    simul_release(t);
}

TASK_TEST(cleanup_without_a_cancel_changes_nothing)
{
    simul_task *t = simul_create_task(clean_up, NULL);

    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_trace("done 0");
    simul_release(t);
}

static int nested_cleanups(void *unused)
{
    (void)unused;
    simul_cleanup outer, inner;
    simul_sleep(10);
    simul_cleanup_enter(&outer);
    trace("%d", simul_sleep(0) == -ECANCELED); /* the second cancel */
    simul_cleanup_enter(&inner);
    trace("%d", simul_sleep(0));
    simul_cleanup_exit(&inner);
    trace("%d", simul_sleep(0) == -ECANCELED); /* sticky since the second */
    ck_assert(simul_cancel_caught());
    trace("%d", simul_sleep(0));
    simul_cleanup_exit(&outer);
    trace("%d", simul_sleep(0) == -ECANCELED); /* sticky since the first */
    return 0;
}

TASK_TEST(each_cleanup_scope_puts_back_what_was_sticky_outside_of_it)
{
    simul_task *t = simul_create_task(nested_cleanups, NULL);
    let_run(1);
    simul_cancel(t);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("1 0 1 0 1");
    simul_release(t);
}

static int deliver_in_cleanup(void *unused)
{
    (void)unused;
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    trace("%d", simul_sleep(10) == -ECANCELED);
    simul_cleanup_exit(&cleanup);
    trace("%d", simul_sleep(0) == -ECANCELED);
    return 0;
}

TASK_TEST(cancel_delivered_in_a_cleanup_stays_after_it)
{
    simul_task *t = simul_create_task(deliver_in_cleanup, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("1 1");
    simul_release(t);
}

TEST(cleanup_outside_of_a_task_does_nothing)
{
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    simul_cleanup_exit(&cleanup);
    ck_assert_int_eq(simul_sleep(0), -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("cancel")
