/* SPDX-License-Identifier: MIT */
/* wait(), wait_for(), as_completed(), shield() (S21 to S24). */
#include "task/trace.h"

#include <errno.h>
#include <string.h>

#include "loop/loop.h"

struct job {
    double delay;
    int r;
};

static int do_job(void *arg)
{
    const struct job *job = arg;
    int r = simul_sleep(job->delay);
    return r < 0 ? r : job->r;
}

static void make_jobs(simul_task *tasks[], struct job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        tasks[i] = simul_create_task(do_job, &jobs[i]);
}

static void finish_jobs(simul_task *tasks[], size_t n)
{
    for (size_t i = 0; i < n; i++)
        simul_cancel(tasks[i]);
    simul_wait(tasks, n, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    for (size_t i = 0; i < n; i++)
        simul_error(tasks[i]);
    simul_release_all(tasks, n);
}

/* ---- wait() (W01, W02, S21) ------------------------------------------------------------- */

static void wait_for_abc(double timeout, enum simul_wait_until until)
{
    static struct job jobs[] = {{0.001, 0}, {0.01, -EIO}, {0.03, 0}};
    simul_task *tasks[3];
    make_jobs(tasks, jobs, 3);
    trace("%d", simul_wait(tasks, 3, timeout, until));
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_cancelling(tasks[i]), 0);
        if (simul_done(tasks[i]))
            trace("%c", 'a' + i);
    }
    finish_jobs(tasks, 3);
}

TASK_TEST(wait_until_first_completed) /* W01 */
{
    wait_for_abc(SIMUL_FOREVER, SIMUL_FIRST_COMPLETED);
    ck_assert_trace("1 a");
}

TASK_TEST(wait_until_first_error) /* W01 */
{
    wait_for_abc(SIMUL_FOREVER, SIMUL_FIRST_ERROR);
    ck_assert_trace("2 a b");
}

TASK_TEST(wait_until_the_time_is_over) /* W01, S21 */
{
    wait_for_abc(0.005, SIMUL_ALL_COMPLETED);
    ck_assert_trace("1 a");
}

TASK_TEST(wait_for_no_time)
{
    wait_for_abc(0, SIMUL_ALL_COMPLETED);
    ck_assert_trace("0");
}

TASK_TEST(wait_until_all_completed) /* W01 */
{
    wait_for_abc(SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    ck_assert_trace("3 a b c");
}

static void cancel_it(void *future)
{
    simul_cancel(future);
}

TASK_TEST(cancelled_one_is_no_first_error) /* W01 */
{
    static struct job jobs[] = {{10, 0}, {0.002, 0}};
    simul_task *tasks[2];
    make_jobs(tasks, jobs, 2);
    ck_assert_int_eq(simul_call_soon(NULL, cancel_it, tasks[0], NULL), 0);

    ck_assert_int_eq(simul_wait(tasks, 2, SIMUL_FOREVER, SIMUL_FIRST_ERROR), 2);
    finish_jobs(tasks, 2);
}

TASK_TEST(wait_for_nothing_or_until_nonsense_is_refused) /* W02 */
{
    simul_task *t = simul_create_task(nothing, NULL);
    ck_assert_int_eq(simul_wait(NULL, 0, 1, SIMUL_ALL_COMPLETED), -EINVAL);
    ck_assert_int_eq(simul_wait(&t, 1, NAN, SIMUL_ALL_COMPLETED), -EINVAL);
    ck_assert_int_eq(simul_wait(&t, 1, 1, (enum simul_wait_until)7), -EINVAL);
    simul_await(t);
    simul_release(t);
}

static int wait_for_one(void *task)
{
    simul_task *t = task;
    return simul_wait(&t, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
}

TASK_TEST(cancelled_wait_leaves_the_futures_alone) /* W02, S21 */
{
    static struct job job = {0.005, 6};
    simul_task *kid = simul_create_task(do_job, &job);
    simul_task *waiter = simul_create_task(wait_for_one, kid);
    let_run(1);
    simul_cancel(waiter);

    ck_assert_int_eq(simul_await(waiter), -ECANCELED);
    ck_assert(simul_cancelled(waiter));
    ck_assert(!simul_done(kid));
    ck_assert_int_eq(simul_await(kid), 6);
    simul_release(kid);
    simul_release(waiter);
}

TASK_TEST(wait_over_futures_that_are_done_counts_all_of_them) /* W02, S21 */
{
    simul_future *futures[] = {simul_create_future(), simul_create_future()};
    simul_set_result(futures[0], 1);
    simul_set_result(futures[1], 2);

    ck_assert_int_eq(simul_wait(futures, 2, SIMUL_FOREVER, SIMUL_FIRST_COMPLETED), 2);
    simul_release_all(futures, 2);
}

TASK_TEST(wait_over_null_and_over_one_future_twice)
{
    static struct job job = {1, 0};
    simul_task *t = simul_create_task(do_job, &job);
    simul_future *futures[] = {t, NULL, t};

    ck_assert_int_eq(simul_wait(futures, 3, SIMUL_FOREVER, SIMUL_ALL_COMPLETED), 3);
    ck_assert_int_eq(simul_wait(futures + 1, 1, 5, SIMUL_FIRST_COMPLETED), 1);
    ck_assert_double_eq(simul_time(), 1);
    simul_release(t);
}

TASK_TEST(wait_with_a_limit_leaves_no_timer_behind) /* S5 */
{
    const struct sm_timers *timers = &simul_get_running_loop()->timers;
    uint32_t before = sm_timers_live(timers);
    simul_future *f = simul_create_future();
    simul_set_result(f, 0);
    ck_assert_int_eq(simul_wait(&f, 1, 100, SIMUL_ALL_COMPLETED), 1);

    ck_assert_uint_eq(sm_timers_live(timers), before);
    simul_release(f);
}

/* ---- shield() (H01, H02, S23) ---------------------------------------------------------------- */

static int inner_job(void *unused)
{
    (void)unused;
    int r = simul_sleep(0.002);
    trace("inner %d", r);
    return r;
}

static int await_shield(void *inner)
{
    simul_future *outer = simul_shield(inner);
    int r = simul_await(outer);
    trace("outer %s", simul_error_name(r));
    simul_release(outer);
    return r;
}

TASK_TEST(cancel_of_a_shield_leaves_the_inner_one_alone) /* H01, S23 */
{
    simul_task *inner = simul_create_task(inner_job, NULL);
    simul_task *outer = simul_create_task(await_shield, inner);
    let_run(1);
    simul_cancel(outer);

    ck_assert_int_eq(simul_await(outer), -ECANCELED);
    ck_assert_int_eq(simul_await(inner), 0);
    ck_assert_trace("outer ECANCELED inner 0");
    ck_assert(simul_cancelled(outer));
    simul_release(inner);
    simul_release(outer);
}

TASK_TEST(cancel_of_the_inner_one_cancels_the_shield) /* H01, S23 */
{
    simul_task *inner = simul_create_task(sleep_forever, NULL);
    simul_future *outer = simul_shield(inner);
    simul_cancel(inner);

    ck_assert_int_eq(simul_wait(&outer, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED), 1);
    ck_assert(simul_cancelled(outer));
    simul_release(inner);
    simul_release(outer);
}

TASK_TEST(shield_of_what_is_done_is_it) /* H01 */
{
    simul_future *f = simul_create_future();
    simul_set_result(f, 1);
    simul_future *outer = simul_shield(f);

    ck_assert_ptr_eq(outer, f);
    ck_assert_ptr_null(simul_shield(NULL));
    simul_release(outer);
    simul_release(f);
}

TASK_TEST(error_after_the_shield_was_cancelled_is_reported_once) /* H02, S23 */
{
    trace_errors();
    simul_future *f = simul_create_future(), *outer = simul_shield(f);
    simul_cancel(outer);
    let_run(1);
    simul_set_error(f, -EIO);
    let_run(1);

    ck_assert_trace("(EIO: an error in a shielded future)");
    simul_release(outer);
    simul_release(f);
    ck_assert_trace("");
}

TASK_TEST(
    error_after_the_shield_was_cancelled_that_others_await_is_not_reported) /* H02 */
{
    trace_errors();
    simul_future *f = simul_create_future(), *outer = simul_shield(f);
    simul_cancel(outer);
    char soon[] = "soon";
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, soon, NULL), 0);
    simul_set_error(f, -EIO);

    ck_assert_int_eq(simul_await(f), -EIO);
    let_run(1);
    ck_assert_trace("soon");
    simul_release(outer);
    simul_release(f);
}

TASK_TEST(shield_passes_on_the_error_its_message_and_the_value)
{
    int value;
    simul_future *inner = simul_create_future(), *outer = simul_shield(inner);
    simul_set_value(inner, &value, NULL);
    ck_assert_int_eq(simul_await(outer), 0);
    ck_assert_ptr_eq(simul_result(outer), &value);
    simul_release(outer);
    simul_release(inner);

    inner = simul_create_future();
    outer = simul_shield(inner);
    simul_cancel_msg(inner, "gone");
    ck_assert_int_eq(simul_await(outer), -ECANCELED);
    ck_assert_str_eq(simul_message(outer), "gone");
    simul_release(outer);
    simul_release(inner);
}

/* ---- wait_for() (V01 to V04, S24) ----------------------------------------------------------------- */

static int suppress(void *unused)
{
    (void)unused;
    simul_sleep(9);
    simul_cancel_caught();
    return 42;
}

static int fail_when_cancelled(void *unused)
{
    (void)unused;
    return simul_sleep(9) < 0 ? -EPIPE : 0;
}

static int slow_to_cancel(void *unused)
{
    (void)unused;
    int r = simul_sleep(9);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    simul_sleep(0.5);
    simul_cleanup_exit(&cleanup);
    return r;
}

TASK_TEST(wait_for_that_is_in_time) /* V01 */
{
    static struct job job = {1, 5};
    simul_task *t = simul_create_task(do_job, &job);

    ck_assert_int_eq(simul_wait_for(t, 2), 5);
    ck_assert_int_eq(simul_wait_for(t, 0), 5);
    ck_assert_int_eq(simul_wait_for(t, SIMUL_FOREVER), 5);
    ck_assert_int_eq(simul_wait_for(NULL, 1), -ENOMEM);
    ck_assert_int_eq(simul_wait_for(t, NAN), -EINVAL);
    simul_release(t);
}

TASK_TEST(wait_for_that_takes_too_long_cancels) /* V01, S24 */
{
    simul_task *t = simul_create_task(sleep_forever, NULL);

    ck_assert_int_eq(simul_wait_for(t, 0.25), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 0.25);
    ck_assert(simul_cancelled(t));
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
    simul_release(t);
}

TASK_TEST(wait_for_no_time_cancels_what_is_not_done) /* V01 */
{
    simul_task *t = simul_create_task(sleep_forever, NULL);

    ck_assert_int_eq(simul_wait_for(t, 0), -ETIMEDOUT);
    ck_assert(simul_cancelled(t));
    simul_release(t);
}

static int note_wait_for(void *future)
{
    int r = simul_wait_for(future, 0);
    trace("%s", simul_error_name(r));
    return r;
}

/* The differential test found that the future was cancelled and the time-out told in one go. */
TASK_TEST(
    wait_for_no_time_is_a_cancellation_point_also_over_a_plain_future) /* V01, S24 */
{
    simul_future *f = simul_create_future();
    simul_task *t = simul_create_task(note_wait_for, f);
    let_run(1);

    ck_assert(simul_cancelled(f));
    ck_assert(!simul_done(t));
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("ECANCELED");
    simul_release(t);
    simul_release(f);
}

TASK_TEST(result_in_spite_of_the_cancel_is_returned) /* V02, S24 */
{
    simul_task *t = simul_create_task(suppress, NULL);
    ck_assert_int_eq(simul_wait_for(t, 0.001), 42);
    simul_release(t);

    t = simul_create_task(suppress, NULL);
    let_run(1);
    ck_assert_int_eq(simul_wait_for(t, 0), 42);
    simul_release(t);
}

TASK_TEST(error_during_the_cancel_is_returned) /* V02, S24 */
{
    simul_task *t = simul_create_task(fail_when_cancelled, NULL);
    ck_assert_int_eq(simul_wait_for(t, 0.001), -EPIPE);
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
    simul_release(t);
}

TASK_TEST(wait_for_waits_until_the_cancel_is_over) /* V02, S24 */
{
    simul_task *t = simul_create_task(slow_to_cancel, NULL);
    ck_assert_int_eq(simul_wait_for(t, 0.25), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 0.75);
    simul_release(t);
}

static int wait_for_a_minute(void *t)
{
    return simul_wait_for(t, 60);
}

TASK_TEST(cancel_of_the_waiter_cancels_what_it_waits_for) /* V03 */
{
    simul_task *t = simul_create_task(sleep_forever, NULL);
    simul_task *waiter = simul_create_task(wait_for_a_minute, t);
    let_run(1);
    simul_cancel(waiter);

    ck_assert_int_eq(simul_await(waiter), -ECANCELED);
    ck_assert(simul_cancelled(waiter));
    ck_assert(simul_cancelled(t));
    simul_release(t);
    simul_release(waiter);
}

TASK_TEST(cancel_and_completion_in_one_pass_cancels_the_waiter) /* V04, S24e */
{
    simul_future *f = simul_create_future();
    simul_task *waiter = simul_create_task(wait_for_a_minute, f);
    let_run(1);
    simul_set_result(f, 3);
    simul_cancel(waiter);

    ck_assert_int_eq(simul_await(waiter), -ECANCELED);
    ck_assert(simul_cancelled(waiter));
    simul_release(f);
    simul_release(waiter);
}

TASK_TEST(shield_in_wait_for_keeps_the_inner_one) /* V04, S23 */
{
    static struct job job = {1, 8};
    simul_task *t = simul_create_task(do_job, &job);
    simul_future *shield = simul_shield(t);

    ck_assert_int_eq(simul_wait_for(shield, 0.5), -ETIMEDOUT);
    ck_assert_int_eq(simul_await(t), 8);
    ck_assert_double_eq(simul_time(), 1);
    simul_release(shield);
    simul_release(t);
}

/* ---- as_completed() (W03, S22) ------------------------------------------------------------------------ */

TASK_TEST(as_completed_gives_them_in_the_order_of_their_end) /* W03 */
{
    static struct job jobs[] = {{0.3, 3}, {0.1, 1}, {0.2, -EIO}};
    simul_task *tasks[3];
    simul_future *f;
    make_jobs(tasks, jobs, 3);
    simul_as_completed *it = simul_as_completed_new(tasks, 3, SIMUL_FOREVER);

    while (simul_as_completed_next(it, &f) > 0)
        trace("%d", simul_error(f));
    ck_assert_trace("1 -5 3");
    ck_assert_int_eq(simul_as_completed_next(it, &f), 0);
    simul_as_completed_release(it);
    simul_release_all(tasks, 3);
}

TASK_TEST(as_completed_times_out_and_cancels_nobody) /* W03, S22 */
{
    static struct job jobs[] = {{0.1, 1}, {2, 2}};
    simul_task *tasks[2];
    simul_future *f;
    make_jobs(tasks, jobs, 2);
    simul_as_completed *it = simul_as_completed_new(tasks, 2, 1);

    ck_assert_int_eq(simul_as_completed_next(it, &f), 1);
    ck_assert_ptr_eq(f, tasks[0]);
    ck_assert_int_eq(simul_as_completed_next(it, &f), -ETIMEDOUT);
    ck_assert_int_eq(simul_as_completed_next(it, &f), -ETIMEDOUT);
    simul_as_completed_release(it);
    ck_assert_int_eq(simul_await(tasks[1]), 2);
    simul_release_all(tasks, 2);
}

TASK_TEST(as_completed_gives_what_stands_several_times_once) /* S22 */
{
    simul_future *a = simul_create_future(), *b = simul_create_future(), *f;
    simul_future *all[] = {a, b, a, b, a};
    simul_set_result(b, 2);
    for (int i = 0; i < 2; i++) { /* the second time both are done */
        simul_as_completed *it = simul_as_completed_new(all, 5, SIMUL_FOREVER);
        simul_set_result(a, 1);
        while (simul_as_completed_next(it, &f) > 0)
            trace("%d", simul_error(f));
        simul_as_completed_release(it);
    }
    ck_assert_trace("2 1 1 2");
    simul_release(b);
    simul_release(a);
}

static double next_timer(void)
{
    return simul_loop_timeout(simul_get_running_loop());
}

/* On the loop's own clock, as it says how long it would wait. */
RUN_TEST(as_completed_has_no_timer_once_all_are_done, simul_run) /* S22 */
{
    simul_future *f = simul_create_future(), *given;
    simul_as_completed *late = simul_as_completed_new(&f, 1, 5);
    ck_assert_double_gt(next_timer(), 0);
    simul_set_result(f, 1);
    simul_as_completed *at_once = simul_as_completed_new(&f, 1, 5);
    ck_assert_double_lt(next_timer(), 0);
    ck_assert_int_eq(simul_as_completed_next(late, &given), 1);
    ck_assert_int_eq(simul_as_completed_next(at_once, &given), 1);
    simul_as_completed_release(at_once);
    simul_as_completed_release(late);
    simul_release(f);
}

TASK_TEST(what_completes_after_the_time_is_not_given) /* S22 */
{
    static struct job jobs[] = {{1, 1}, {3, 3}};
    simul_task *tasks[2];
    simul_future *f;
    make_jobs(tasks, jobs, 2);
    simul_as_completed *it = simul_as_completed_new(tasks, 2, 2);

    simul_sleep(4);
    ck_assert_int_eq(simul_as_completed_next(it, &f), 1);
    ck_assert_ptr_eq(f, tasks[0]);
    ck_assert_int_eq(simul_as_completed_next(it, &f), -ETIMEDOUT);
    simul_as_completed_release(it);
    simul_release_all(tasks, 2);
}

TASK_TEST(as_completed_over_done_ones_null_and_nothing)
{
    simul_future *futures[] = {simul_create_future(), NULL}, *f = futures[0];
    simul_set_result(futures[0], 1);
    simul_as_completed *it = simul_as_completed_new(futures, 2, SIMUL_FOREVER);
    ck_assert_int_eq(simul_as_completed_next(it, &f), 1);
    ck_assert_ptr_eq(f, futures[0]);
    ck_assert_int_eq(simul_as_completed_next(it, &f), 1);
    ck_assert_ptr_null(f);
    ck_assert_int_eq(simul_as_completed_next(it, &f), 0);
    simul_as_completed_release(it);

    it = simul_as_completed_new(NULL, 0, 1);
    ck_assert_int_eq(simul_as_completed_next(it, &f), 0);
    simul_as_completed_release(it);
    ck_assert_int_eq(simul_as_completed_next(NULL, &f), -ENOMEM);
    simul_as_completed_release(NULL);
    simul_release_all(futures, 2);
}

static simul_as_completed *shared;

static int take_next(void *unused)
{
    (void)unused;
    simul_future *f = NULL;
    return simul_as_completed_next(shared, &f);
}

TASK_TEST(cancelled_next_loses_nothing) /* S22 */
{
    static struct job jobs[] = {{0.1, 1}};
    simul_task *tasks[1];
    make_jobs(tasks, jobs, 1);
    shared = simul_as_completed_new(tasks, 1, SIMUL_FOREVER);
    simul_task *taker = simul_create_task(take_next, NULL);
    let_run(1);

    ck_assert_int_eq(take_next(NULL), -SIMUL_ECONCURRENT);
    simul_cancel(taker);
    ck_assert_int_eq(simul_await(taker), -ECANCELED);
    ck_assert_int_eq(take_next(NULL), 1);
    ck_assert_int_eq(take_next(NULL), 0);
    simul_as_completed_release(shared);
    simul_release(taker);
    simul_release_all(tasks, 1);
}

TASK_TEST(next_cancelled_in_the_pass_of_the_completion_loses_nothing) /* S11 */
{
    simul_future *f = simul_create_future();
    shared = simul_as_completed_new(&f, 1, SIMUL_FOREVER);
    simul_task *taker = simul_create_task(take_next, NULL);
    let_run(1);
    simul_set_result(f, 1);
    simul_cancel(taker);

    ck_assert_int_eq(simul_await(taker), -ECANCELED);
    ck_assert_int_eq(take_next(NULL), 1);
    simul_as_completed_release(shared);
    simul_release(taker);
    simul_release(f);
}

TASK_TEST(abandoned_iterator_leaves_the_futures_running) /* S22 */
{
    static struct job jobs[] = {{1, 1}, {2, 2}};
    simul_task *tasks[2];
    make_jobs(tasks, jobs, 2);
    simul_as_completed_release(simul_as_completed_new(tasks, 2, 1));

    ck_assert_int_eq(simul_gather(tasks, 2, 0), 0);
    simul_release_all(tasks, 2);
}

static int leave_iterator(void *unused)
{
    (void)unused;
    simul_future *f = simul_create_future();
    shared = simul_as_completed_new(&f, 1, 10);
    simul_release(f);
    return 0;
}

TEST(iterator_may_be_released_after_the_run)
{
    ck_assert_int_eq(run_like_asyncio(leave_iterator, NULL), 0);
    simul_as_completed_release(shared);
}

HARNESS_MAIN_BACKEND("wait")
