/* SPDX-License-Identifier: MIT */
/* The semaphore: permits, handed over in the order of coming (S30). */
#include "task/trace.h"

#include <errno.h>
#include <simul/sync.h>

static simul_semaphore semaphore;

static int take(void *name)
{
    int r = simul_semaphore_acquire(&semaphore);
    trace("%s%s", (char *)name, r < 0 ? "-cancelled" : "");
    return r;
}

static int take_and_give(void *name)
{
    int r = take(name);
    if (r < 0)
        return r;
    r = simul_sleep(0);
    simul_semaphore_release(&semaphore);
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void set(long n)
{
    semaphore = (simul_semaphore)SIMUL_SEMAPHORE(n);
}

TASK_TEST(permits_are_counted)
{
    set(2);
    ck_assert(!simul_semaphore_locked(&semaphore));
    ck_assert_int_eq(simul_semaphore_acquire(&semaphore), 0);
    ck_assert(!simul_semaphore_locked(&semaphore));
    ck_assert_int_eq(simul_semaphore_acquire(&semaphore), 0);
    ck_assert(simul_semaphore_locked(&semaphore));
    ck_assert_int_eq(simul_semaphore_release(&semaphore), 0);
    ck_assert(!simul_semaphore_locked(&semaphore));
}

TASK_TEST(one_permit_goes_round_in_the_order_of_coming) /* M08, S30, gh-111693 */
{
    set(1);
    simul_task *tasks[] = {
        simul_create_task(take_and_give, a), simul_create_task(take_and_give, b),
        simul_create_task(take_and_give, c), simul_create_task(take_and_give, d)};
    end_all(tasks, 4);
    ck_assert_trace("a b c d");
    ck_assert(!simul_semaphore_locked(&semaphore));
}

TASK_TEST(granted_then_cancelled_hands_over) /* M08, S11, S30 */
{
    set(0);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b)};
    let_run(1);
    simul_semaphore_release(&semaphore);
    simul_cancel(tasks[0]);
    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b");
    ck_assert(simul_semaphore_locked(&semaphore));
}

TASK_TEST(granted_then_cancelled_with_nobody_behind_gives_back) /* S30, gh-90155 */
{
    set(0);
    simul_task *t = simul_create_task(take, a);
    let_run(1);
    simul_semaphore_release(&semaphore);
    simul_cancel(t);
    end_all(&t, 1);
    ck_assert(!simul_semaphore_locked(&semaphore));
    ck_assert_int_eq(simul_semaphore_acquire(&semaphore), 0);
    ck_assert(simul_semaphore_locked(&semaphore));
}

TASK_TEST(two_releases_wake_two) /* M08 */
{
    set(0);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b),
                           simul_create_task(take, c)};
    let_run(1);
    simul_semaphore_release(&semaphore);
    simul_semaphore_release(&semaphore);
    ck_assert(simul_semaphore_locked(&semaphore));
    let_run(2);
    ck_assert_trace("a b");
    ck_assert(simul_done(tasks[0]) && simul_done(tasks[1]) && !simul_done(tasks[2]));
    simul_cancel(tasks[2]);
    end_all(tasks, 3);
    ck_assert_trace("c-cancelled");
}

/* A permit is left over, and still the newcomer waits for who was granted before (S30). */
TASK_TEST(newcomer_does_not_overtake_who_was_granted)
{
    set(0);
    simul_task *t = simul_create_task(take, a);
    let_run(1);
    simul_semaphore_release(&semaphore);
    simul_semaphore_release(&semaphore);
    ck_assert(simul_semaphore_locked(&semaphore));
    ck_assert_int_eq(simul_semaphore_acquire(&semaphore), 0);
    ck_assert_trace("a");
    end_all(&t, 1);
    ck_assert(simul_semaphore_locked(&semaphore));
}

TASK_TEST(newcomer_behind_a_granted_one_that_is_cancelled_is_woken) /* S30 */
{
    set(0);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b)};
    simul_release(tasks[1]);
    let_run(1);
    tasks[1] = simul_create_task(take, c);
    simul_semaphore_release(&semaphore); /* a */
    simul_semaphore_release(&semaphore); /* b */
    simul_semaphore_release(&semaphore); /* one is left */
    simul_cancel(tasks[0]);
    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b c");
    ck_assert(!simul_semaphore_locked(&semaphore));
}

TASK_TEST(cancelled_before_a_release_gets_nothing) /* M08 */
{
    set(0);
    simul_task *tasks[] = {simul_create_task(take, a), simul_create_task(take, b)};
    let_run(1);
    simul_cancel(tasks[0]);
    simul_semaphore_release(&semaphore);
    end_all(tasks, 2);
    ck_assert_trace("a-cancelled b");
}

TASK_TEST(without_a_bound_it_may_have_more_than_to_begin_with) /* M09 */
{
    simul_semaphore zeroed = {0};
    ck_assert(simul_semaphore_locked(&zeroed));
    ck_assert_int_eq(simul_semaphore_release(&zeroed), 0);
    ck_assert_int_eq(simul_semaphore_release(&zeroed), 0);
    ck_assert(!simul_semaphore_locked(&zeroed));
}

TASK_TEST(bounded_one_cannot_have_more) /* M09 */
{
    simul_semaphore bounded = SIMUL_BOUNDED_SEMAPHORE(1);
    ck_assert_int_eq(simul_semaphore_release(&bounded), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_semaphore_acquire(&bounded), 0);
    ck_assert_int_eq(simul_semaphore_release(&bounded), 0);
    ck_assert_int_eq(simul_semaphore_release(&bounded), -SIMUL_ESTATE);
}

TASK_TEST(less_than_no_permits_is_refused) /* M09 */
{
    simul_semaphore less = SIMUL_SEMAPHORE(-1);
    ck_assert_int_eq(simul_semaphore_acquire(&less), -EINVAL);
    ck_assert_int_eq(simul_semaphore_release(&less), -EINVAL);
}

TEST(loop_closed_before_the_granted_one_runs_gives_the_permit_back) /* C6 */
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_release(simul_loop_create_task(loop, take, a, NULL));
    simul_release(simul_loop_create_task(loop, take, b, NULL));
    simul_loop_run_once(loop, 0);
    simul_semaphore_release(&semaphore);
    simul_loop_close(loop);
    ck_assert_trace("");
    ck_assert(!simul_semaphore_locked(&semaphore));
}

HARNESS_MAIN_BACKEND("semaphore")
