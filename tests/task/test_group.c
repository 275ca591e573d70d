/* SPDX-License-Identifier: MIT */
/* Groups of tasks (S26), and for_each(). */
#include "task/trace.h"

#include <errno.h>
#include <string.h>

static simul_task *me(void)
{
    return simul_current_task();
}

static int sibling(void *unused)
{
    (void)unused;
    int r = simul_sleep(9);
    trace("sibling %s", simul_error_name(r));
    return r;
}

static int bad(void *unused)
{
    (void)unused;
    int r = simul_sleep(0.001);
    return r < 0 ? r : simul_fail(-EIO, "child");
}

static int say(void *text)
{
    trace("%s", (char *)text);
    return 0;
}

/* ---- going well (K01) ------------------------------------------------------------------- */

TASK_TEST(exit_awaits_all_children) /* K01 */
{
    static double seconds[] = {0.5, 1, 0.25};
    simul_group group;
    simul_group_enter(&group);
    for (int i = 0; i < 3; i++)
        simul_group_create_task(&group, sleeper, &seconds[i]);

    ck_assert_int_eq(simul_group_exit(&group, 5), 5);
    ck_assert_double_eq(simul_time(), 1);
    ck_assert_uint_eq(simul_all_tasks(NULL, 0), 1);
}

TASK_TEST(group_without_children_does_not_wait)
{
    static char tick[] = "tick"; /* its callback runs when this frame is gone */
    simul_group group;
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, tick, NULL), 0);
    simul_group_enter(&group);
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert_trace("");
}

static int start_another(void *group)
{
    static char text[] = "grandchild";
    simul_group_create_task((simul_group *)group, say, text);
    return 0;
}

TASK_TEST(child_may_start_others_while_exit_waits) /* K07, S26 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, start_another, &group);
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert_trace("grandchild");
}

TASK_TEST(after_exit_no_child_is_taken) /* K07 */
{
    static const simul_task_opts opts = {.release_arg = trace_text};
    char arg[] = "released";
    simul_group group;
    simul_group_enter(&group);
    simul_group_exit(&group, 0);

    ck_assert_ptr_null(simul_group_create_task_opts(&group, nothing, arg, &opts));
    ck_assert_trace("released");
}

TASK_TEST(child_that_was_retained_may_be_looked_at_after_exit)
{
    simul_group group;
    simul_group_enter(&group);
    simul_task *t = simul_retain(simul_group_create_task(&group, nothing, NULL));
    simul_group_exit(&group, 0);

    ck_assert_int_eq(simul_error(t), 0);
    simul_release(t);
}

/* ---- errors (K02, K03, K06, K09) ------------------------------------------------------------ */

TASK_TEST(failing_child_cancels_siblings_and_body) /* K02, S26 */
{
    simul_group group;
    trace_errors();
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    simul_group_create_task(&group, bad, NULL);
    int r = simul_sleep(9);
    trace("body %s", simul_error_name(r));

    ck_assert_int_eq(simul_group_exit(&group, r), -EIO);
    ck_assert_trace("sibling ECANCELED body ECANCELED");
    ck_assert_int_eq(simul_cancelling(me()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(
    errors_after_the_first_go_to_the_exception_handler) /* K02: KeyError of the body */
{
    simul_group group;
    trace_errors();
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    simul_group_create_task(&group, bad, NULL);
    simul_sleep(9);

    ck_assert_int_eq(simul_group_exit(&group, -EPIPE), -EIO);
    ck_assert_trace("sibling ECANCELED (EPIPE: another error in a group, of its body)");
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

static int fails_on_cancel(void *r)
{
    return simul_sleep(9) < 0 ? *(int *)r : 0;
}

TASK_TEST(errors_of_cancelled_siblings_go_to_the_exception_handler)
{
    static int error = -EPIPE;
    simul_group group;
    trace_errors();
    simul_group_enter(&group);
    simul_group_create_task(&group, fails_on_cancel, &error);
    simul_group_create_task(&group, bad, NULL);

    ck_assert_int_eq(simul_group_exit(&group, 0), -EIO);
    ck_assert_int_eq(
        strncmp(trace_take(), "(EPIPE: another error in a group (Task-", 39), 0);
}

/* The second has failed already when the first one's end cancels the others. */
TASK_TEST(an_error_of_the_same_pass_goes_to_the_exception_handler)
{
    simul_group group;
    trace_errors();
    simul_group_enter(&group);
    simul_group_create_task(&group, bad, NULL);
    simul_group_create_task(&group, bad, NULL);

    ck_assert_int_eq(simul_group_exit(&group, 0), -EIO);
    ck_assert_int_eq(strncmp(trace_take(), "(EIO: another error in a group (Task-", 37),
                     0);
}

static int group_with_message(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, bad, NULL);
    return simul_group_exit(&group, 0);
}

TASK_TEST(message_of_the_first_error_is_passed_on)
{
    simul_task *t = simul_create_task(group_with_message, NULL);
    ck_assert_int_eq(simul_await(t), -EIO);
    ck_assert_str_eq(simul_message(t), "child");
    simul_release(t);
}

TASK_TEST(error_of_the_body_cancels_children_and_those_not_started_never_run) /* K03 */
{
    char started[] = "started";
    simul_group group;
    simul_group_enter(&group);
    simul_task *t = simul_retain(simul_group_create_task(&group, say, started));

    ck_assert_int_eq(simul_group_exit(&group, -EIO), -EIO);
    ck_assert(simul_cancelled(t));
    ck_assert_trace("");
    simul_release(t);
}

TASK_TEST(child_cancelled_alone_is_no_error) /* S26 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_task *t = simul_group_create_task(&group, sibling, NULL);
    let_run(1);
    simul_cancel(t);

    ck_assert_int_eq(simul_group_exit(&group, 3), 3);
    ck_assert_trace("sibling ECANCELED");
}

static int bad_soon(void *error)
{
    int r = simul_sleep(0);
    return r < 0 ? r : *(int *)error;
}

TASK_TEST(nested_groups_that_both_fail) /* K06 */
{
    static int eo = -EIO, ei = -EPIPE;
    simul_group outer, inner;
    simul_group_enter(&outer);
    simul_group_enter(&inner);
    simul_group_create_task(&outer, bad_soon, &eo);
    simul_group_create_task(&inner, bad_soon, &ei);
    int r = simul_group_exit(&inner, 0);
    trace("inner %s", simul_error_name(r));
    r = simul_sleep(9);
    trace("then %s", simul_error_name(r));
    r = simul_group_exit(&outer, r);
    trace("outer %s", simul_error_name(r));

    ck_assert_trace("inner EPIPE then ECANCELED outer EIO");
    ck_assert_int_eq(simul_cancelling(me()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(error_of_an_inner_group_reaches_the_outer_one)
{
    static int error = -EPIPE;
    simul_group outer, inner;
    simul_group_enter(&outer);
    simul_group_create_task(&outer, sibling, NULL);
    let_run(1);
    simul_group_enter(&inner);
    simul_group_create_task(&inner, bad_soon, &error);

    ck_assert_int_eq(simul_group_exit(&outer, simul_group_exit(&inner, 0)), -EPIPE);
    ck_assert_trace("sibling ECANCELED");
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

TASK_TEST(no_counting_drift_after_many_groups_that_failed) /* K09, 2.8, S26 */
{
    static int error = -EIO;
    for (int i = 0; i < 100; i++) {
        simul_group group;
        simul_group_enter(&group);
        simul_group_create_task(&group, bad_soon, &error);
        int r = i % 2 ? simul_sleep(9) : 0;
        ck_assert_int_eq(simul_group_exit(&group, i % 3 ? r : -EIO), -EIO);
        ck_assert_int_eq(simul_cancelling(me()), 0);
    }
    ck_assert_int_eq(simul_sleep(0), 0);
}

/* ---- cancels from outside (K05) ------------------------------------------------------------------ */

static int boom(void *unused)
{
    (void)unused;
    return simul_sleep(9) < 0 ? -EIO : 0;
}

static int error_and_cancel(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, boom, NULL);
    int r = simul_group_exit(&group, simul_sleep(9));
    trace("%s %d", simul_error_name(r), simul_cancelling(me()));
    trace("%s", simul_error_name(simul_sleep(0)));
    return 0;
}

TASK_TEST(
    cancel_from_outside_and_an_error_gives_both_one_after_the_other) /* K05, S26 */
{
    simul_task *t = simul_create_task(error_and_cancel, NULL);
    simul_sleep(0.001);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("EIO 1 ECANCELED");
    simul_release(t);
}

static int group_of_two(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    simul_group_create_task(&group, sibling, NULL);
    int r = simul_group_exit(&group, 0);
    trace("exit %s", simul_error_name(r));
    trace("%s", simul_error_name(simul_sleep(1)));
    return r;
}

TASK_TEST(cancel_from_outside_while_exit_waits_cancels_the_children)
{
    simul_task *t = simul_create_task(group_of_two, NULL);
    let_run(2);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    ck_assert_trace("sibling ECANCELED sibling ECANCELED exit ECANCELED ECANCELED");
    simul_release(t);
}

static int stubborn(void *unused)
{
    (void)unused;
    simul_sleep(9);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    simul_sleep(1);
    simul_cleanup_exit(&cleanup);
    trace("child ended");
    return -ECANCELED;
}

static int group_of_stubborn(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, stubborn, NULL);
    int r = simul_group_exit(&group, 0);
    trace("exit %s", simul_error_name(r));
    return r;
}

TASK_TEST(exit_waits_for_its_children_however_often_it_is_cancelled) /* S26 */
{
    simul_task *t = simul_create_task(group_of_stubborn, NULL);
    let_run(2);
    for (int i = 0; i < 5; i++) {
        simul_cancel(t);
        simul_sleep(0.1);
    }

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("child ended exit ECANCELED");
    ck_assert_int_eq(simul_cancelling(t), 5);
    simul_release(t);
}

static int cancelled_in_body(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    int r = simul_sleep(9);
    r = simul_group_exit(&group, r);
    trace("exit %s", simul_error_name(r));
    return r;
}

TASK_TEST(cancel_of_the_body_cancels_the_children_and_goes_on)
{
    simul_task *t = simul_create_task(cancelled_in_body, NULL);
    let_run(2);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("sibling ECANCELED exit ECANCELED");
    simul_release(t);
}

TASK_TEST(deadline_around_a_group)
{
    simul_timeout limit;
    simul_group group;
    simul_timeout_enter(&limit, 1);
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    int r = simul_group_exit(&group, 0);

    ck_assert_int_eq(r, -ECANCELED);
    ck_assert_int_eq(simul_timeout_exit(&limit, r), -ETIMEDOUT);
    ck_assert_trace("sibling ECANCELED");
    ck_assert_double_eq(simul_time(), 1);
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(deadline_inside_a_group)
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    ck_assert_int_eq(simul_within(1, simul_sleep(5)), -ETIMEDOUT);

    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert_trace("sibling 0");
}

/* ---- group_cancel (K08, K11) ---------------------------------------------------------------------------- */

static void cancel_group(void *group)
{
    simul_group_cancel((simul_group *)group);
}

TASK_TEST(cancelled_group_exits_without_an_error) /* K08 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_task *t = simul_retain(simul_group_create_task(&group, sibling, NULL));
    let_run(1);
    simul_group_cancel(&group);
    simul_group_cancel(&group);
    int r = simul_sleep(9);
    ck_assert_int_eq(r, -ECANCELED);

    ck_assert_int_eq(simul_group_exit(&group, r), 0);
    ck_assert_trace("sibling ECANCELED");
    ck_assert(simul_cancelled(t));
    ck_assert_int_eq(simul_cancelling(me()), 0);
    simul_group_cancel(&group);
    ck_assert_int_eq(simul_sleep(0), 0);
    simul_release(t);
}

TASK_TEST(body_of_a_cancelled_group_runs_on_to_its_next_wait) /* K08 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_cancel(&group);
    trace("runs on");
    int r = simul_sleep(0);
    ck_assert_int_eq(r, -ECANCELED);
    ck_assert_int_eq(simul_group_exit(&group, r), 0);
    ck_assert_trace("runs on");
}

TASK_TEST(group_cancelled_while_exit_waits) /* K08 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    ck_assert_int_eq(simul_call_soon(NULL, cancel_group, &group, NULL), 0);

    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert_trace("sibling ECANCELED");
    ck_assert_int_eq(simul_sleep(0), 0);
}

TASK_TEST(errors_still_come_out_of_a_cancelled_group) /* K08 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_cancel(&group);
    ck_assert_int_eq(simul_group_exit(&group, -EIO), -EIO);
    ck_assert_int_eq(simul_cancelling(me()), 0);
    ck_assert_int_eq(simul_sleep(0), 0);
}

static int cancel_my_group(void *group)
{
    simul_group_cancel((simul_group *)group);
    return simul_sleep(INFINITY);
}

TASK_TEST(child_that_cancels_its_group_is_cancelled_too) /* K11 */
{
    simul_group group;
    simul_group_enter(&group);
    simul_task *t =
        simul_retain(simul_group_create_task(&group, cancel_my_group, &group));
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert(simul_cancelled(t));
    simul_release(t);
}

TASK_TEST(cancelled_group_takes_no_more_children)
{
    static const simul_task_opts opts = {.release_arg = trace_text};
    char arg[] = "released";
    simul_group group;
    simul_group_enter(&group);
    simul_group_cancel(&group);
    ck_assert_ptr_null(simul_group_create_task_opts(&group, nothing, arg, &opts));
    ck_assert_trace("released");
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
}

static int cancelled_group_in_cancelled_task(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sibling, NULL);
    simul_group_cancel(&group);
    simul_cancel(me());
    int r = simul_group_exit(&group, simul_sleep(9));
    trace("exit %s %d", simul_error_name(r), simul_cancelling(me()));
    return r;
}

TASK_TEST(cancel_from_outside_is_not_lost_in_a_cancelled_group)
{
    simul_task *t = simul_create_task(cancelled_group_in_cancelled_task, NULL);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_trace("exit ECANCELED 1");
    simul_release(t);
}

/* ---- for_each ---------------------------------------------------------------------------------------------- */

static int running, most;

static int work(void *item)
{
    int *n = item;
    if (++running > most)
        most = running;
    int r = simul_sleep(1);
    running--;
    if (r < 0)
        return r;
    if (*n < 0)
        return *n;
    *n += 100;
    return 0;
}

TASK_TEST(for_each_works_on_all_items_so_many_at_once)
{
    int items[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
    ck_assert_int_eq(simul_for_each(items, 10, sizeof *items, work, 3), 0);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(items[i], 100 + i);
    ck_assert_int_eq(most, 3);
    ck_assert_double_eq(simul_time(), 4);
}

TASK_TEST(for_each_of_all_at_once_and_of_nothing)
{
    int items[5] = {0};
    ck_assert_int_eq(simul_for_each(items, 5, sizeof *items, work, 0), 0);
    ck_assert_double_eq(simul_time(), 1);
    ck_assert_int_eq(most, 5);
    ck_assert_int_eq(simul_for_each(NULL, 0, 4, work, 3), 0);
    ck_assert_double_eq(simul_time(), 1);
}

TASK_TEST(for_each_begins_nothing_after_an_error)
{
    int items[10] = {0, 0, -EIO};
    ck_assert_int_eq(simul_for_each(items, 10, sizeof *items, work, 2), -EIO);
    ck_assert_int_eq(items[0] + items[1], 200);
    for (int i = 3; i < 10; i++)
        ck_assert_int_lt(items[i], 200);
    ck_assert_int_eq(items[9], 0);
    ck_assert_int_eq(running, 0);
    ck_assert_int_eq(simul_cancelling(me()), 0);
}

static int catch_and_count(void *item)
{
    simul_sleep(1);
    simul_cancel_caught();
    ++*(int *)item;
    return 0;
}

static int for_each_that_catches(void *items)
{
    return simul_for_each(items, 10, sizeof(int), catch_and_count, 1);
}

TASK_TEST(for_each_begins_nothing_after_a_cancel)
{
    int items[10] = {0};
    simul_task *t = simul_create_task(for_each_that_catches, items);
    simul_sleep(1.5);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_int_eq(items[1], 1);
    ck_assert_int_eq(items[2], 0);
    simul_release(t);
}

TEST(for_each_outside_of_a_task_is_an_error)
{
    int items[3] = {0};
    ck_assert_int_eq(simul_for_each(items, 3, sizeof *items, work, 0), -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("group")
