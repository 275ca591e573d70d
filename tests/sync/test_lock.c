/* SPDX-License-Identifier: MIT */
/* The lock: first come first served, and right when a waiter is cancelled (S27). */
#include "task/trace.h"

#include <errno.h>
#include <simul/sync.h>
#include <string.h>

static simul_lock lock;

/* Takes the lock, says its name, lets others run, gives it back. */
static int hold(void *name)
{
    int r = simul_lock_acquire(&lock);
    if (r < 0) {
        trace("%s-cancelled", (char *)name);
        return r;
    }
    trace("%s", (char *)name);
    r = simul_sleep(0);
    simul_lock_release(&lock);
    return r;
}

/* Takes it and leaves it locked. */
static int take(void *name)
{
    int r = simul_lock_acquire(&lock);
    trace("%s%s", (char *)name, r < 0 ? "-cancelled" : "");
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c";

TASK_TEST(free_lock_is_taken_and_given_back)
{
    ck_assert(!simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
    ck_assert(simul_lock_locked(&lock));

    ck_assert_int_eq(simul_lock_release(&lock), 0);
    ck_assert(!simul_lock_locked(&lock));
}

TASK_TEST(release_of_what_is_not_locked_is_an_error)
{
    ck_assert_int_eq(simul_lock_release(&lock), -SIMUL_ESTATE);
    ck_assert(!simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
}

TEST(acquire_outside_of_a_task_is_an_error)
{
    ck_assert_int_eq(simul_lock_acquire(&lock), -SIMUL_ENOTASK);
    ck_assert(!simul_lock_locked(&lock));
}

TASK_TEST(release_wakes_the_oldest) /* M01, S27 */
{
    simul_lock_acquire(&lock);
    simul_task *tasks[] = {simul_create_task(hold, a), simul_create_task(hold, b),
                           simul_create_task(hold, c)};
    let_run(1);
    simul_lock_release(&lock);

    end_all(tasks, 3);
    ck_assert_trace("a b c");
    ck_assert(!simul_lock_locked(&lock));
}

TASK_TEST(nobody_overtakes_who_was_woken) /* S27: no barging, also by the releaser */
{
    simul_lock_acquire(&lock);
    simul_task *t = simul_create_task(hold, a);
    let_run(1);

    simul_lock_release(&lock);
    ck_assert(!simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_release(&lock), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
    ck_assert_trace("a");
    simul_lock_release(&lock);
    end_all(&t, 1);
}

TASK_TEST(woken_then_cancelled_passes_the_lock_on) /* M02, S11, S27 */
{
    simul_lock_acquire(&lock);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b)};
    let_run(1);
    simul_lock_release(&lock);
    simul_cancel(tasks[0]);

    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b");
    ck_assert(simul_lock_locked(&lock));
}

TASK_TEST(woken_then_cancelled_with_nobody_behind_leaves_it_free) /* S27 */
{
    simul_lock_acquire(&lock);
    simul_task *t = simul_create_task(take, a);
    let_run(1);
    simul_lock_release(&lock);
    simul_cancel(t);

    end_all(&t, 1);
    ck_assert_trace("a-cancelled");
    ck_assert(!simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
}

TASK_TEST(release_skips_who_was_cancelled_in_the_same_turn) /* S27, bpo-32734 */
{
    simul_lock_acquire(&lock);
    simul_task *tasks[] = {simul_create_task(hold, a), simul_create_task(hold, b)};
    let_run(1);
    simul_cancel(tasks[0]);
    simul_lock_release(&lock);

    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b");
    ck_assert(!simul_lock_locked(&lock));
}

/* Two are cancelled, one that was woken and one that waits behind it. */
TASK_TEST(lock_passes_over_all_who_are_cancelled)
{
    simul_lock_acquire(&lock);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b),
                           simul_create_task(take, c)};
    let_run(1);
    simul_lock_release(&lock);
    simul_cancel(tasks[0]);
    simul_cancel(tasks[1]);

    end_all(tasks, 3);
    ck_assert_trace("a-cancelled b-cancelled c");
}

TASK_TEST(cancelled_waiter_leaves_no_trace)
{
    simul_lock_acquire(&lock);
    simul_task *t = simul_create_task(take, a);
    let_run(1);
    simul_cancel(t);
    ck_assert_int_eq(simul_await(t), -ECANCELED);
    simul_release(t);

    ck_assert(simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_release(&lock), 0);
    ck_assert(!simul_lock_locked(&lock));
}

TASK_TEST(lock_is_not_re_entrant) /* M03 */
{
    simul_lock_acquire(&lock);
    ck_assert_int_eq(simul_within(0.002, simul_lock_acquire(&lock)), -ETIMEDOUT);
    ck_assert(simul_lock_locked(&lock));
}

static int release_it(void *unused)
{
    (void)unused;
    return simul_lock_release(&lock);
}

TASK_TEST(any_task_may_release) /* M03 */
{
    simul_lock_acquire(&lock);
    simul_task *t = simul_create_task(release_it, NULL);
    ck_assert_int_eq(simul_await(t), 0);
    simul_release(t);
    ck_assert(!simul_lock_locked(&lock));
}

static int take_turns(void *name)
{
    for (int i = 0; i < 3; i++) {
        int r = simul_lock_acquire(&lock);
        if (r < 0)
            return r;
        trace("%s", (char *)name);
        simul_lock_release(&lock);
    }
    return 0;
}

TASK_TEST(those_who_take_it_again_and_again_take_turns)
{
    simul_lock_acquire(&lock);
    simul_task *tasks[] = {simul_create_task(take_turns, a),
                           simul_create_task(take_turns, b)};
    let_run(1);
    simul_lock_release(&lock);
    end_all(tasks, 2);
    ck_assert_trace("a b a b a b");
}

/* ---- what must not happen to a lock --------------------------------------------------- */

TASK_TEST(lock_written_over_while_somebody_waits_is_reported)
{
    capture_log();
    simul_lock_acquire(&lock);
    simul_task *t = simul_create_task(take, a);
    let_run(1);
    memset(&lock, 0, sizeof lock);
    simul_cancel(t);

    ck_assert_int_eq(simul_await(t), -ECANCELED);
    simul_release(t);
    ck_assert_int_eq(logged("waits at a lock"), 1);
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
}

/* ---- loops that are closed while somebody waits (C6) ----------------------------------- */

static simul_loop *loop;

static void start(simul_fn *fn, void *arg)
{
    simul_release(simul_loop_create_task(loop, fn, arg, NULL));
}

static void run_ready(void)
{
    while (simul_loop_run_once(loop, 0) > 0)
        continue;
}

static int acquire_in_a_later_run(void *unused)
{
    (void)unused;
    return simul_lock_acquire(&lock);
}

TEST(loop_closed_while_tasks_wait_leaves_the_lock_usable)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    start(take, a);
    start(take, b);
    start(take, c);
    run_ready();
    simul_loop_close(loop);
    ck_assert_trace("a");

    ck_assert(simul_lock_locked(&lock));
    ck_assert_int_eq(simul_lock_release(&lock), 0);
    ck_assert_int_eq(run_like_asyncio(acquire_in_a_later_run, NULL), 0);
}

TEST(loop_closed_before_the_woken_one_runs_leaves_the_lock_free)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    start(take, a);
    start(take, b);
    start(take, c);
    run_ready();
    ck_assert_int_eq(simul_lock_release(&lock), 0); /* between two runs: b is woken */
    simul_loop_close(loop);
    ck_assert_trace("a");

    ck_assert(!simul_lock_locked(&lock));
    ck_assert_int_eq(run_like_asyncio(acquire_in_a_later_run, NULL), 0);
}

static int with_a_lock_on_its_stack(void *unused)
{
    simul_lock own = {0};
    simul_lock_acquire(&own);
    int r = simul_lock_acquire(&own);
    (void)unused;
    return r;
}

TEST(lock_in_a_frame_that_is_never_left_is_no_fault)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    start(with_a_lock_on_its_stack, NULL);
    run_ready();
    simul_loop_close(loop);
    ck_assert_int_eq(logged("written over"), 0);
}

HARNESS_MAIN_BACKEND("lock")
