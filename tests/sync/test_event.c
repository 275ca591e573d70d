/* SPDX-License-Identifier: MIT */
/* The event: a flag, and all who wait for it (S28). */
#include "task/trace.h"

#include <errno.h>
#include <simul/sync.h>

static simul_event event;

static int wait_event(void *name)
{
    int r = simul_event_wait(&event);
    trace("%s%s", (char *)name, r < 0 ? "-cancelled" : "");
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c";

TASK_TEST(set_event_is_not_waited_for)
{
    ck_assert(!simul_event_is_set(&event));
    ck_assert_int_eq(simul_event_set(&event), 0);
    ck_assert(simul_event_is_set(&event));

    simul_cancel(simul_current_task()); /* no cancellation point (S13) */
    ck_assert_int_eq(simul_event_wait(&event), 0);
    ck_assert_int_eq(simul_uncancel(simul_current_task()), 0);
    simul_event_clear(&event);
    ck_assert(!simul_event_is_set(&event));
}

TEST(wait_outside_of_a_task_is_an_error)
{
    ck_assert_int_eq(simul_event_wait(&event), -SIMUL_ENOTASK);
}

TASK_TEST(set_wakes_all_in_the_order_in_which_they_came)
{
    simul_task *tasks[] = {simul_create_task(wait_event, a),
                           simul_create_task(wait_event, b),
                           simul_create_task(wait_event, c)};
    let_run(1);
    ck_assert_trace("");
    simul_event_set(&event);
    end_all(tasks, 3);
    ck_assert_trace("a b c");
}

TASK_TEST(set_and_cleared_at_once_still_wakes_all) /* M04, S28 */
{
    simul_task *tasks[] = {simul_create_task(wait_event, a),
                           simul_create_task(wait_event, b)};
    let_run(1);
    simul_event_set(&event);
    simul_event_clear(&event);
    end_all(tasks, 2);
    ck_assert_trace("a b");
    ck_assert(!simul_event_is_set(&event));
}

TASK_TEST(who_comes_after_the_clear_waits_for_the_next_set) /* S28 */
{
    simul_event_set(&event);
    simul_event_clear(&event);
    simul_task *t = simul_create_task(wait_event, a);
    let_run(2);
    ck_assert(!simul_done(t));
    simul_event_set(&event);
    end_all(&t, 1);
    ck_assert_trace("a");
}

TASK_TEST(cancelled_waiter_is_woken_by_nobody)
{
    simul_task *tasks[] = {simul_create_task(wait_event, a),
                           simul_create_task(wait_event, b)};
    let_run(1);
    simul_cancel(tasks[0]);
    simul_event_set(&event);
    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b");
}

TASK_TEST(woken_then_cancelled_is_cancelled) /* S11 */
{
    simul_task *t = simul_create_task(wait_event, a);
    let_run(1);
    simul_event_set(&event);
    simul_cancel(t);
    end_all(&t, 1);
    ck_assert_trace("a-cancelled");
    ck_assert(simul_event_is_set(&event));
}

TEST(set_between_two_runs_wakes_who_waits)
{
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *t = simul_loop_create_task(loop, wait_event, a, NULL);
    simul_loop_run_once(loop, 0);
    ck_assert(!simul_done(t));
    ck_assert_int_eq(simul_event_set(&event), 0);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 0);
    ck_assert_trace("a");
    simul_release(t);
    simul_loop_close(loop);
}

HARNESS_MAIN_BACKEND("event")
