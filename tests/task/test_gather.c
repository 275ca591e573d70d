/* SPDX-License-Identifier: MIT */
/* gather(), awaited at once and as a future (S20). */
#include "task/trace.h"

#include <errno.h>
#include <string.h>

struct job {
    double delay;
    int r; /* < 0: fail with it */
    const char *name;
};

static int do_job(void *arg)
{
    const struct job *job = arg;
    int r = simul_sleep(job->delay);
    trace("%s%s", job->name, r == -ECANCELED ? "-cancelled" : "");
    return r < 0 ? r : job->r;
}

/* ---- results and errors (G01, G02, G03) ----------------------------------------------- */

TASK_TEST(results_stay_in_the_futures) /* G01 */
{
    static struct job jobs[] = {{0.3, 1, "a"}, {0.1, 2, "b"}, {0.2, 3, "c"}};
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(do_job, &jobs[i]);

    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    ck_assert_trace("b c a");
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_error(tasks[i]), i + 1);
    simul_release_all(tasks, 3);
}

/* Traced as soon as somebody waits. */
static void tick_soon(void)
{
    static char tick[] = "tick"; /* its callback runs when the caller's frame is gone */
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, tick, NULL), 0);
}

TASK_TEST(gather_of_nothing_is_done_at_once)
{
    tick_soon();
    ck_assert_int_eq(simul_gather(NULL, 0, 0), 0);
    ck_assert_trace("");
}

TASK_TEST(first_error_returns_at_once_and_the_others_run_on) /* G02, S20 */
{
    static struct job jobs[] = {{0.01, -EIO, "first"}, {0.02, 0, "sibling"}};
    simul_task *tasks[] = {simul_create_task(do_job, &jobs[0]),
                           simul_create_task(do_job, &jobs[1])};

    ck_assert_int_eq(simul_gather(tasks, 2, 0), -EIO);
    ck_assert_trace("first");
    ck_assert(!simul_done(tasks[1]));
    simul_sleep(1);
    ck_assert_trace("sibling");
    simul_release_all(tasks, 2);
}

TASK_TEST(later_errors_are_reported_not_dropped) /* S20, G02, 2.8: asyncio drops them */
{
    static struct job jobs[] = {{0.01, -EIO, "1"}, {0.02, -EPIPE, "2"}};
    simul_task *tasks[] = {simul_create_task(do_job, &jobs[0]),
                           simul_create_task(do_job, &jobs[1])};
    trace_errors();

    ck_assert_int_eq(simul_gather(tasks, 2, 0), -EIO);
    simul_release_all(tasks, 2);
    ck_assert_trace("1");
    simul_sleep(1);
    const char *all = trace_take();
    ck_assert_int_eq(strncmp(all, "2 (EPIPE: a task failed and nobody asked why", 43),
                     0);
}

TASK_TEST(errors_returned_in_place) /* G01: return_exceptions */
{
    static struct job jobs[] = {{0.02, 5, "a"}, {0.01, -EIO, "b"}, {0.03, 0, "c"}};
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(do_job, &jobs[i]);

    ck_assert_int_eq(simul_gather(tasks, 3, SIMUL_RETURN_EXCEPTIONS), 0);
    ck_assert_trace("b a c");
    ck_assert_int_eq(simul_error(tasks[0]), 5);
    ck_assert_int_eq(simul_error(tasks[1]), -EIO);
    ck_assert_int_eq(simul_error(tasks[2]), 0);
    simul_release_all(tasks, 3);
}

static int gather_with_one_cancelled(int flags)
{
    static struct job jobs[] = {{10, 0, "t"}, {0.002, 0, "u"}};
    simul_task *tasks[] = {simul_create_task(do_job, &jobs[0]),
                           simul_create_task(do_job, &jobs[1])};
    simul_future *outer = simul_gather_future(tasks, 2, flags);
    let_run(1);
    simul_cancel(tasks[0]);

    int r = simul_await(outer);
    trace("sibling %d, %d", simul_cancelled(tasks[1]), simul_done(tasks[1]));
    simul_gather(tasks, 2, SIMUL_RETURN_EXCEPTIONS);
    simul_release(outer);
    simul_release_all(tasks, 2);
    return r;
}

TASK_TEST(cancelled_child_counts_as_an_error) /* G03 */
{
    ck_assert_int_eq(gather_with_one_cancelled(0), -ECANCELED);
    ck_assert_trace("t-cancelled sibling 0, 0 u");
    ck_assert_int_eq(simul_sleep(0), 0); /* it was not us: nothing is sticky */

    ck_assert_int_eq(gather_with_one_cancelled(SIMUL_RETURN_EXCEPTIONS), 0);
    ck_assert_trace("t-cancelled u sibling 0, 1");
}

static int fails_with_text(void *unused)
{
    (void)unused;
    return simul_fail(-EIO, "no %s", "disk");
}

static int gather_them(void *tasks)
{
    return simul_gather(tasks, 2, 0);
}

TASK_TEST(message_of_the_first_error_is_passed_on)
{
    simul_task *tasks[] = {simul_create_task(nothing, NULL),
                           simul_create_task(fails_with_text, NULL)};
    simul_task *t = simul_create_task(gather_them, tasks);
    simul_future *outer = simul_gather_future(tasks, 2, 0);

    ck_assert_int_eq(simul_await(t), -EIO);
    ck_assert_str_eq(simul_message(t), "no disk");
    ck_assert_int_eq(simul_await(outer), -EIO);
    ck_assert_str_eq(simul_message(outer), "no disk");
    simul_release(outer);
    simul_release(t);
    simul_release_all(tasks, 2);
}

/* ---- the same future several times, done ones, NULL -------------------------------------- */

TASK_TEST(same_future_may_stand_several_times) /* S20, G01: duplicates */
{
    static struct job job = {0.1, 4, "once"};
    simul_task *t = simul_create_task(do_job, &job);
    simul_task *tasks[] = {t, t, t};

    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    ck_assert_trace("once");
    simul_release(t);
}

/* A result, an error, and one that is not done. */
static void make_three(simul_future *futures[3])
{
    for (int i = 0; i < 3; i++)
        futures[i] = simul_create_future();
    simul_set_result(futures[0], 1);
    simul_set_error(futures[1], -EIO);
}

TASK_TEST(futures_that_are_done_already_are_not_waited_for) /* S20, since 3.12 */
{
    simul_future *futures[3];
    make_three(futures);
    tick_soon();

    ck_assert_int_eq(simul_gather(futures, 1, 0), 0);
    ck_assert_int_eq(simul_gather(futures, 2, SIMUL_RETURN_EXCEPTIONS), 0);
    ck_assert_int_eq(simul_gather(futures, 3, 0), -EIO);
    ck_assert_trace("");
    simul_release_all(futures, 3);
}

TASK_TEST(gather_future_over_what_is_done_is_done) /* S20, since 3.12 */
{
    simul_future *futures[3];
    make_three(futures);
    simul_future *all = simul_gather_future(futures, 2, SIMUL_RETURN_EXCEPTIONS);
    simul_future *failed = simul_gather_future(futures, 3, 0);
    simul_future *waiting = simul_gather_future(futures, 3, SIMUL_RETURN_EXCEPTIONS);

    ck_assert_int_eq(simul_error(all), 0);
    ck_assert_int_eq(simul_error(failed), -EIO);
    ck_assert(!simul_done(waiting));
    simul_set_result(futures[2], 3);
    ck_assert_int_eq(simul_await(waiting), 0);
    simul_release(waiting);
    simul_release(failed);
    simul_release(all);
    simul_release_all(futures, 3);
}

TASK_TEST(gather_over_a_task_that_could_not_be_made_cancels_and_awaits_the_others)
{
    static struct job job = {1, 0, "other"};
    simul_task *tasks[] = {simul_create_task(do_job, &job), NULL};
    let_run(1);

    ck_assert_int_eq(simul_gather(tasks, 2, 0), -ENOMEM);
    ck_assert_trace("other-cancelled");
    ck_assert(simul_cancelled(tasks[0]));

    ck_assert_int_eq(simul_gather(tasks, 2, SIMUL_RETURN_EXCEPTIONS), -ENOMEM);
    simul_future *outer = simul_gather_future(tasks, 2, 0);
    ck_assert_int_eq(simul_await(outer), -ENOMEM);
    simul_release(outer);
    simul_release_all(tasks, 2);
}

TASK_TEST(gather_releases_nothing_of_the_callers)
{
    simul_task *t = simul_create_task(nothing, NULL);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_gather(&t, 1, 0), 0);
    ck_assert_int_eq(simul_error(t), 0);
    simul_release(t);
}

/* ---- cancelling the gather (G04) --------------------------------------------------------------- */

static int linger(void *unused)
{
    (void)unused;
    int r = simul_sleep(10);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    simul_sleep(1);
    simul_cleanup_exit(&cleanup);
    trace("lingered");
    return r;
}

static int gather_all(void *tasks)
{
    int r = simul_gather(tasks, 2, SIMUL_RETURN_EXCEPTIONS);
    trace("gather %s", simul_error_name(r));
    return r;
}

TASK_TEST(cancelled_gather_cancels_all_and_waits_for_all) /* G04, S20 */
{
    simul_task *tasks[] = {simul_create_task(linger, NULL),
                           simul_create_task(sleep_forever, NULL)};
    simul_task *t = simul_create_task(gather_all, tasks);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    ck_assert_trace("lingered gather ECANCELED");
    ck_assert(simul_cancelled(tasks[0]) && simul_cancelled(tasks[1]));
    simul_release(t);
    simul_release_all(tasks, 2);
}

static int refuse_to_be_cancelled(void *unused)
{
    (void)unused;
    simul_sleep(10);
    simul_cancel_caught();
    return 0;
}

TASK_TEST(cancelled_gather_is_cancelled_even_if_no_child_is) /* G04, S20 */
{
    simul_task *tasks[] = {simul_create_task(refuse_to_be_cancelled, NULL),
                           simul_create_task(refuse_to_be_cancelled, NULL)};
    simul_task *t = simul_create_task(gather_all, tasks);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_int_eq(simul_error(tasks[0]), 0);
    trace_take();
    simul_release(t);
    simul_release_all(tasks, 2);
}

TASK_TEST(cancel_of_the_future_of_a_gather) /* G04 */
{
    simul_task *tasks[] = {simul_create_task(linger, NULL),
                           simul_create_task(nothing, NULL)};
    simul_future *outer = simul_gather_future(tasks, 2, SIMUL_RETURN_EXCEPTIONS);
    let_run(2);

    ck_assert(simul_cancel(outer));
    ck_assert(!simul_done(outer));
    ck_assert_int_eq(simul_await(outer), -ECANCELED);
    ck_assert(simul_cancelled(outer));
    ck_assert_trace("lingered");
    ck_assert(!simul_cancel(outer));
    simul_release(outer);
    simul_release_all(tasks, 2);
}

TASK_TEST(gather_future_may_be_released_before_its_end)
{
    static struct job jobs[] = {{1, 0, "a"}, {2, -EIO, "b"}};
    simul_task *tasks[] = {simul_create_task(do_job, &jobs[0]),
                           simul_create_task(do_job, &jobs[1])};
    trace_errors();
    simul_release(simul_gather_future(tasks, 2, 0));
    simul_release_all(tasks, 2);

    simul_sleep(5);
    ck_assert_trace("a b (EIO: a future failed and nobody asked why)");
}

TASK_TEST(array_of_a_gather_future_may_go)
{
    simul_task **tasks = calloc(2, sizeof *tasks);
    tasks[0] = simul_create_task(nothing, NULL);
    tasks[1] = simul_create_task(nothing, NULL);
    simul_future *outer = simul_gather_future(tasks, 2, 0);
    simul_release_all(tasks, 2);
    free(tasks);

    ck_assert_int_eq(simul_await(outer), 0);
    simul_release(outer);
}

static int cancel_soon(void *task)
{
    return simul_cancel(task) ? 0 : 1;
}

TASK_TEST(cancel_in_the_pass_in_which_the_last_child_ends)
{
    simul_task *children[2];
    simul_task *t = simul_create_task(gather_all, children); /* it waits first */
    children[0] = simul_create_task(nothing, NULL);
    children[1] = simul_create_task(nothing, NULL);
    simul_task *killer = simul_create_task(cancel_soon, t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("gather ECANCELED");
    ck_assert_int_eq(simul_error(children[0]), 0);
    simul_await(killer);
    simul_release(killer);
    simul_release(t);
    simul_release_all(children, 2);
}

static int note_await(void *future)
{
    int r = simul_await(future);
    trace("awaited %s", simul_error_name(r));
    return r;
}

static int note_sleep(void *unused)
{
    (void)unused;
    int r = simul_sleep(5);
    trace("slept %s", simul_error_name(r));
    return r;
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

/* asyncio has the error come through, and the cancel is lost. */
TASK_TEST(
    cancel_in_the_pass_of_an_error_cancels_who_awaits_and_the_other_children) /* S20 */
{
    simul_task *children[] = {simul_create_task(note_sleep, NULL),
                              simul_create_task(fails, NULL)};
    simul_future *outer = simul_gather_future(children, 2, 0);
    simul_task *t = simul_create_task(note_await, outer);
    let_run(1);

    ck_assert(simul_done(children[1]) && !simul_done(outer));
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_int_eq(simul_error(outer), -EIO);
    ck_assert_int_eq(simul_await(children[0]), -ECANCELED);
    ck_assert_trace("slept ECANCELED awaited ECANCELED");
    simul_release(t);
    simul_release(outer);
    simul_release_all(children, 2);
}

/* As one is woken by it only in the pass after. */
TASK_TEST(cancel_of_a_gather_future_whose_children_are_done_comes_too_late) /* S20 */
{
    simul_task *child = simul_create_task(nothing, NULL);
    simul_future *outer = simul_gather_future(&child, 1, 0);
    let_run(1);

    ck_assert(simul_done(child) && !simul_done(outer));
    ck_assert(!simul_cancel(outer));
    ck_assert_int_eq(simul_await(outer), 0);
    simul_release(outer);
    simul_release(child);
}

TEST(gather_future_outside_of_a_loop_cannot_be_made)
{
    ck_assert_ptr_null(simul_gather_future(NULL, 0, 0));
    ck_assert_int_eq(simul_gather(NULL, 0, 0), -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("gather")
