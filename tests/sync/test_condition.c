/* SPDX-License-Identifier: MIT */
/* The condition: no notification is lost, and the lock is held behind every wait (S29). */
#include "task/trace.h"

#include <errno.h>
#include <simul/sync.h>

static simul_condition condition;

static int wait_and_say(void *name)
{
    int r = simul_condition_acquire(&condition);
    if (r < 0)
        return r;
    r = simul_condition_wait(&condition);
    ck_assert(simul_condition_locked(&condition));
    trace("%s%s", (char *)name, r < 0 ? "-cancelled" : "");
    simul_condition_release(&condition);
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c";

static void notify(int n, int expected)
{
    simul_condition_acquire(&condition);
    ck_assert_int_eq(simul_condition_notify(&condition, n), expected);
    simul_condition_release(&condition);
}

static void start(simul_task *tasks[3])
{
    tasks[0] = simul_create_task(wait_and_say, a);
    tasks[1] = simul_create_task(wait_and_say, b);
    tasks[2] = simul_create_task(wait_and_say, c);
    let_run(2);
}

TASK_TEST(notify_wakes_as_many_as_asked_for_oldest_first)
{
    simul_task *tasks[3];
    start(tasks);
    ck_assert(!simul_condition_locked(&condition));
    notify(1, 1);
    let_run(4);
    ck_assert_trace("a");
    notify(2048, 2);
    end_all(tasks, 3);
    ck_assert_trace("b c");
}

TASK_TEST(notify_all_wakes_all)
{
    simul_task *tasks[3];
    start(tasks);
    simul_condition_acquire(&condition);
    ck_assert_int_eq(simul_condition_notify_all(&condition), 3);
    let_run(3);
    ck_assert_trace(""); /* not before the lock is given back */
    simul_condition_release(&condition);
    end_all(tasks, 3);
    ck_assert_trace("a b c");
}

TASK_TEST(notify_with_nobody_waiting_is_forgotten)
{
    notify(1, 0);
    simul_task *t = simul_create_task(wait_and_say, a);
    let_run(3);
    ck_assert(!simul_done(t));
    notify(1, 1);
    end_all(&t, 1);
    ck_assert_trace("a");
}

TASK_TEST(without_the_lock_nothing_can_be_done) /* M05 */
{
    ck_assert_int_eq(simul_condition_wait(&condition), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_condition_notify(&condition, 1), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_condition_notify_all(&condition), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_condition_release(&condition), -SIMUL_ESTATE);
}

/* ---- cancelled ---------------------------------------------------------------------------- */

TASK_TEST(cancelled_wait_takes_the_lock_again) /* M05, S29 */
{
    simul_task *t = simul_create_task(wait_and_say, a);
    let_run(1);
    simul_condition_acquire(&condition);
    simul_cancel(t);
    let_run(2);
    ck_assert(!simul_done(t));

    simul_condition_release(&condition);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert(simul_cancelled(t));
    ck_assert(!simul_condition_locked(&condition));
    ck_assert_trace("a-cancelled");
    simul_release(t);
}

TASK_TEST(cancels_while_taking_the_lock_again_do_not_interrupt_it) /* M05, S29 */
{
    simul_task *t = simul_create_task(wait_and_say, a);
    let_run(1);
    simul_condition_acquire(&condition);
    for (int i = 0; i < 3; i++) {
        simul_cancel(t);
        let_run(2);
        ck_assert(!simul_done(t));
    }
    simul_condition_release(&condition);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    ck_assert_int_eq(simul_cancelling(t), 3);
    ck_assert_trace("a-cancelled");
    simul_release(t);
}

static int wait_catch_and_sleep(void *unused)
{
    (void)unused;
    simul_condition_acquire(&condition);
    int r = simul_condition_wait(&condition);
    simul_condition_release(&condition);
    trace("%s", simul_error_name(r));
    simul_cancel_caught();
    return simul_sleep(0);
}

TASK_TEST(all_cancels_of_one_wait_are_one) /* S29: the last one is raised */
{
    simul_task *t = simul_create_task(wait_catch_and_sleep, NULL);
    let_run(1);
    simul_condition_acquire(&condition);
    simul_cancel(t);
    let_run(2);
    simul_cancel(t);
    simul_condition_release(&condition);
    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_trace("ECANCELED");
    simul_release(t);
}

TASK_TEST(notified_then_cancelled_notifies_the_next) /* M06, S29, gh-112202 */
{
    simul_task *tasks[3];
    start(tasks);
    simul_condition_acquire(&condition);
    ck_assert_int_eq(simul_condition_notify(&condition, 1), 1);
    simul_cancel(tasks[0]);
    simul_condition_release(&condition);
    let_run(5);
    ck_assert_trace("a-cancelled b");
    ck_assert(!simul_done(tasks[2]));
    notify(1, 1);
    end_all(tasks, 3);
    ck_assert_trace("c");
}

TASK_TEST(notified_then_cancelled_while_it_takes_the_lock_notifies_the_next) /* S29 */
{
    simul_task *tasks[3];
    start(tasks);
    simul_condition_acquire(&condition);
    simul_condition_notify(&condition, 1);
    let_run(2); /* it waits for the lock by now */
    simul_cancel(tasks[0]);
    let_run(2);
    ck_assert_trace("");
    simul_condition_release(&condition);
    let_run(5);
    ck_assert_trace("a-cancelled b");
    notify(1, 1);
    end_all(tasks, 3);
    ck_assert_trace("c");
}

TASK_TEST(cancelled_before_any_notification_wakes_nobody)
{
    simul_task *tasks[3];
    start(tasks);
    simul_cancel(tasks[0]);
    let_run(5);
    ck_assert_trace("a-cancelled");
    notify(2, 2);
    end_all(tasks, 3);
    ck_assert_trace("b c");
}

TASK_TEST(time_limit_leaves_the_lock_held)
{
    simul_condition_acquire(&condition);
    ck_assert_int_eq(simul_within(1, simul_condition_wait(&condition)), -ETIMEDOUT);
    ck_assert(simul_condition_locked(&condition));
    ck_assert_int_eq(simul_sleep(0), 0);
}

/* ---- wait_for ------------------------------------------------------------------------------- */

static int level;

static int reached(void *wanted)
{
    trace("?");
    return level >= *(int *)wanted ? level : 0;
}

static int wait_for_level(void *wanted)
{
    int r = simul_condition_acquire(&condition);
    if (r < 0)
        return r;
    r = simul_condition_wait_for(&condition, reached, wanted);
    simul_condition_release(&condition);
    return r;
}

TASK_TEST(wait_for_asks_again_at_each_notification) /* M07 */
{
    int wanted = 2;
    simul_task *t = simul_create_task(wait_for_level, &wanted);
    for (level = 0; level < 2; level++) {
        let_run(3);
        ck_assert_trace("?");
        ck_assert(!simul_done(t));
        simul_condition_acquire(&condition);
        simul_condition_notify(&condition, 1);
        simul_condition_release(&condition);
    }
    ck_assert_int_eq(simul_await(t), 2);
    ck_assert_trace("?");
    simul_release(t);
}

TASK_TEST(wait_for_what_holds_already_does_not_wait)
{
    int wanted = 2;
    level = 5;
    ck_assert_int_eq(simul_condition_wait_for(&condition, reached, &wanted), 5);
    level = 0; /* and needs no lock before it waits */
    ck_assert_int_eq(simul_condition_wait_for(&condition, reached, &wanted),
                     -SIMUL_ESTATE);
}

static int always_fail(void *unused)
{
    (void)unused;
    return -EIO;
}

TASK_TEST(error_of_the_predicate_ends_wait_for)
{
    simul_condition_acquire(&condition);
    ck_assert_int_eq(simul_condition_wait_for(&condition, always_fail, NULL), -EIO);
    ck_assert(simul_condition_locked(&condition));
}

/* ---- with a lock of others ------------------------------------------------------------------- */

TASK_TEST(two_conditions_share_a_lock)
{
    static simul_lock lock;
    simul_condition one = SIMUL_CONDITION(&lock), two = SIMUL_CONDITION(&lock);
    ck_assert_int_eq(simul_condition_acquire(&one), 0);
    ck_assert(simul_lock_locked(&lock));
    ck_assert(simul_condition_locked(&two));
    ck_assert_int_eq(simul_within(1, simul_condition_wait(&two)), -ETIMEDOUT);
    ck_assert_int_eq(simul_lock_release(&lock), 0);
    ck_assert(!simul_condition_locked(&one));
}

/* ---- loops that are closed (C6) ---------------------------------------------------------------- */

TEST(loop_closed_while_tasks_wait_and_take_the_lock_leaves_both_usable)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_release(simul_loop_create_task(loop, wait_and_say, a, NULL));
    simul_release(simul_loop_create_task(loop, wait_and_say, b, NULL));
    simul_task *t = simul_loop_create_task(loop, wait_and_say, c, NULL);
    for (int i = 0; i < 3; i++)
        simul_loop_run_once(loop, 0);
    simul_cancel(t); /* it comes to take the lock, which is free, and is done */
    simul_loop_run_once(loop, 0);
    simul_release(t);
    simul_loop_close(loop);
    ck_assert_trace("c-cancelled");
    ck_assert(!simul_condition_locked(&condition));
    ck_assert_ptr_null(condition._waiters[0]);
    ck_assert_ptr_null(condition._own._waiters[0]);
}

static int acquire_and_leave(void *unused)
{
    (void)unused;
    return simul_condition_acquire(&condition);
}

TEST(loop_closed_while_a_cancelled_wait_takes_the_lock_again)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *t = simul_loop_create_task(loop, wait_and_say, a, NULL);
    simul_loop_run_once(loop, 0);
    simul_release(simul_loop_create_task(loop, acquire_and_leave, NULL, NULL));
    simul_loop_run_once(loop, 0);
    simul_cancel(t);
    simul_loop_run_once(loop, 0);
    ck_assert(!simul_done(t));
    simul_release(t);
    simul_loop_close(loop);
    ck_assert(simul_condition_locked(&condition));
    ck_assert_ptr_null(condition._own._waiters[0]);
}

HARNESS_MAIN_BACKEND("condition")
