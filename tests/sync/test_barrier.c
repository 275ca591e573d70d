/* SPDX-License-Identifier: MIT */
/* The barrier: rounds, reset, abort, and cancels at each moment (S31). */
#include "task/trace.h"

#include <errno.h>
#include <simul/sync.h>

static simul_barrier barrier;

static int meet(void *name)
{
    int r = simul_barrier_wait(&barrier);
    if (r < 0)
        trace("%s:%s", (char *)name, simul_error_name(r));
    else
        trace("%s:%d", (char *)name, r);
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

static void set(int parties)
{
    barrier = (simul_barrier)SIMUL_BARRIER(parties);
}

TASK_TEST(all_go_on_when_the_last_has_come) /* M10, S31 */
{
    set(3);
    simul_task *tasks[] = {simul_create_task(meet, a), simul_create_task(meet, b)};
    let_run(2);
    ck_assert_trace("");
    ck_assert_int_eq(simul_barrier_parties(&barrier), 3);
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 2);

    ck_assert_int_eq(simul_barrier_wait(&barrier), 2);
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 0);
    end_all(tasks, 2);
    ck_assert_trace("a:0 b:1");
}

static int meet_often(void *name)
{
    for (int i = 0; i < 3; i++)
        if (meet(name) < 0)
            return -ECANCELED;
    return 0;
}

TASK_TEST(rounds_do_not_mix) /* S31: who has been let through may come again at once */
{
    set(2);
    simul_task *tasks[] = {simul_create_task(meet_often, a),
                           simul_create_task(meet_often, b)};
    end_all(tasks, 2);
    ck_assert_trace("b:1 a:0 a:1 b:0 b:1 a:0");
}

TASK_TEST(barrier_of_one_never_waits)
{
    set(1);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 0);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 0);
}

TASK_TEST(barrier_of_nobody_is_refused)
{
    set(0);
    ck_assert_int_eq(simul_barrier_wait(&barrier), -EINVAL);
    set(-1);
    ck_assert_int_eq(simul_barrier_wait(&barrier), -EINVAL);
}

TASK_TEST(cancelled_before_the_last_comes_has_not_come) /* M10, S31 */
{
    set(3);
    simul_task *tasks[] = {simul_create_task(meet, a), simul_create_task(meet, b)};
    let_run(1);
    simul_cancel(tasks[0]);
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 1);
    simul_task *more[] = {simul_create_task(meet, c), simul_create_task(meet, d)};
    end_all(tasks, 2);
    end_all(more, 2);
    ck_assert_trace("a:ECANCELED d:2 b:0 c:1");
}

/* In the turn of the cancel, before the cancelled one has run. */
TASK_TEST(nobody_is_taken_for_the_last_because_of_one_that_is_cancelled) /* S31 */
{
    set(2);
    simul_task *t = simul_create_task(meet, a);
    let_run(1);
    simul_cancel(t);
    ck_assert_int_eq(simul_within(1, simul_barrier_wait(&barrier)), -ETIMEDOUT);
    end_all(&t, 1);
    ck_assert_trace("a:ECANCELED");
}

static int meet_and_sleep(void *name)
{
    meet(name);
    int r = simul_sleep(0);
    trace("%s", simul_error_name(r));
    return r;
}

TASK_TEST(let_through_then_cancelled_has_passed) /* S31; the others have */
{
    set(2);
    simul_task *t = simul_create_task(meet_and_sleep, a);
    let_run(1);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 1);
    simul_cancel(t);
    end_all(&t, 1);
    ck_assert_trace("a:0 ECANCELED");
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 0);
}

TASK_TEST(reset_sends_away_who_waits) /* S31, M10 */
{
    set(2);
    simul_task *t = simul_create_task(meet, a);
    let_run(1);
    ck_assert_int_eq(simul_barrier_reset(&barrier), 0);
    ck_assert(!simul_barrier_broken(&barrier));
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 0);
    simul_task *more[] = {simul_create_task(meet, b), simul_create_task(meet, c)};
    end_all(&t, 1);
    end_all(more, 2);
    ck_assert_trace("a:SIMUL_EBARRIER c:1 b:0");
}

TASK_TEST(reset_with_nobody_waiting_changes_nothing)
{
    set(1);
    ck_assert_int_eq(simul_barrier_reset(&barrier), 0);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 0);
}

TASK_TEST(abort_breaks_it_until_it_is_reset) /* S31, M10 */
{
    set(2);
    simul_task *t = simul_create_task(meet, a);
    let_run(1);
    ck_assert_int_eq(simul_barrier_abort(&barrier), 0);
    ck_assert(simul_barrier_broken(&barrier));
    ck_assert_int_eq(simul_barrier_wait(&barrier), -SIMUL_EBARRIER);
    end_all(&t, 1);
    ck_assert_trace("a:SIMUL_EBARRIER");

    ck_assert_int_eq(simul_barrier_reset(&barrier), 0);
    ck_assert(!simul_barrier_broken(&barrier));
    t = simul_create_task(meet, a);
    let_run(1);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 1);
    end_all(&t, 1);
    ck_assert_trace("a:0");
}

TASK_TEST(who_was_let_through_before_an_abort_has_passed)
{
    set(2);
    simul_task *t = simul_create_task(meet, a);
    let_run(1);
    ck_assert_int_eq(simul_barrier_wait(&barrier), 1);
    simul_barrier_abort(&barrier);
    end_all(&t, 1);
    ck_assert_trace("a:0");
}

TEST(loop_closed_while_tasks_wait_leaves_it_empty) /* C6 */
{
    simul_loop *loop;
    capture_log();
    set(3);
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_release(simul_loop_create_task(loop, meet, a, NULL));
    simul_release(simul_loop_create_task(loop, meet, b, NULL));
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 2);
    simul_loop_close(loop);
    ck_assert_int_eq(simul_barrier_n_waiting(&barrier), 0);
}

HARNESS_MAIN_BACKEND("barrier")
