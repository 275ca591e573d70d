/* SPDX-License-Identifier: MIT */
/* Asynchronous generators that are left open: who closes them, and when (A01 to A04). */
#include "task/trace.h"

#include <simul/gen.h>

/* Two values; cleans up in two passes of the loop, and fails with *(int *)arg if given. */
static int resource(simul_agen *self, void *result)
{
    int r = simul_yield(self, "1", NULL);
    if (r >= 0)
        r = simul_yield(self, "2", NULL);
    simul_sleep(0);
    trace("closed:%s", simul_error_name(r));
    return result ? *(int *)result : r;
}

static simul_agen *begin(int *result)
{
    simul_agen *agen = simul_agen_new(resource, result);
    simul_agen_next(agen, NULL);
    return agen;
}

TASK_TEST(released_one_is_closed_by_a_task_of_the_loop) /* S52, A01 */
{
    simul_agen_release(begin(NULL));
    ck_assert_trace("");
    let_run(3);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
}

static simul_task *closer_task;

static int tells_its_task(simul_agen *self, void *arg)
{
    int r = simul_yield(self, arg, NULL);
    closer_task = simul_current_task();
    return r;
}

TASK_TEST(cleanup_of_a_released_one_runs_in_another_task) /* A04, S52 */
{
    simul_agen *agen = simul_agen_new(tells_its_task, NULL);
    simul_agen_next(agen, NULL);
    simul_agen_release(agen);
    let_run(3);
    ck_assert(closer_task && closer_task != simul_current_task());
}

TASK_TEST(error_of_such_a_close_goes_to_the_exception_handler)
{
    int error = -EDOM;
    trace_errors();
    simul_agen_release(begin(&error));
    let_run(3);
    const char *said = trace_take();
    ck_assert_msg(strstr(said, "closed:SIMUL_EGENEXIT (EDOM: ") == said, "%s", said);
}

TASK_TEST(shutdown_closes_all_at_once_and_reports_errors) /* A03 */
{
    int error = -EDOM;
    trace_errors();
    simul_agen *agens[] = {begin(NULL), begin(&error), begin(NULL)};

    ck_assert_int_eq(simul_shutdown_asyncgens(), 0);
    const char *said = trace_take();
    ck_assert_msg(strstr(said, "closed:SIMUL_EGENEXIT closed:SIMUL_EGENEXIT "
                               "closed:SIMUL_EGENEXIT (EDOM: an asynchronous generator "
                               "could not be closed well")
                      == said,
                  "%s", said);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_gen_state(agens[i]), SIMUL_GEN_CLOSED);
        simul_agen_release(agens[i]);
    }
    ck_assert_int_eq(simul_shutdown_asyncgens(), 0);
}

TASK_TEST(one_begun_after_the_shutdown_is_warned_of) /* A03 */
{
    capture_log();
    simul_shutdown_asyncgens();
    simul_agen *agen = begin(NULL);
    ck_assert_int_eq(logged("after simul_shutdown_asyncgens()"), 1);
    simul_agen_close(agen);
    simul_agen_release(agen);
    trace_take();
}

/* ---- the end of the run ----------------------------------------------------------------------- */

static simul_agen *open_one;

static int leave_open(void *unused)
{
    (void)unused;
    open_one = begin(NULL);
    return 5;
}

TEST(run_closes_what_is_left_open) /* S52, S51 */
{
    ck_assert_int_eq(run_like_asyncio(leave_open, NULL), 5);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
    ck_assert_int_eq(simul_gen_state(open_one), SIMUL_GEN_CLOSED);
    simul_agen_release(open_one);
}

static int waits_forever(void *agen)
{
    int r = simul_sleep(INFINITY);
    trace("task:%s", simul_error_name(r));
    return simul_agen_next(agen, NULL);
}

static int leave_with_a_task(void *unused)
{
    (void)unused;
    open_one = begin(NULL);
    simul_release(simul_create_task(waits_forever, open_one));
    return simul_sleep(0);
}

TEST(run_cancels_tasks_first_and_closes_generators_then) /* S51 */
{
    ck_assert_int_eq(run_like_asyncio(leave_with_a_task, NULL), 0);
    ck_assert_trace("task:ECANCELED closed:SIMUL_EGENEXIT");
    simul_agen_release(open_one);
}

static int release_and_cancel_the_closer(void *unused)
{
    simul_task *tasks[2] = {NULL, NULL};
    (void)unused;
    simul_agen_release(begin(NULL));
    ck_assert_uint_eq(simul_all_tasks(tasks, 2), 2);
    simul_cancel(tasks[1]); /* before it begins */
    simul_release_all(tasks, 2);
    let_run(3);
    ck_assert_trace("");
    return 0;
}

TEST(released_one_whose_closer_is_cancelled_is_closed_by_the_run)
{
    ck_assert_int_eq(run_like_asyncio(release_and_cancel_the_closer, NULL), 0);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
}

static int will_not(simul_agen *self, void *arg)
{
    (void)arg;
    while (simul_yield(self, NULL, NULL) <= 0)
        continue;
    return 0;
}

static int leave_one_that_will_not(void *released)
{
    open_one = simul_agen_new(will_not, NULL);
    simul_agen_next(open_one, NULL);
    if (released)
        simul_agen_release(open_one);
    return 0;
}

TEST(one_that_will_not_close_does_not_hold_up_the_run)
{
    capture_log();
    ck_assert_int_eq(run_like_asyncio(leave_one_that_will_not, NULL), 0);
    ck_assert_int_eq(logged("could not be closed well"), 1);
    ck_assert_int_eq(logged("was not closed before its loop"), 1);
    ck_assert_int_eq(simul_gen_state(open_one), SIMUL_GEN_CLOSED);
    simul_agen_release(open_one);

    ck_assert_int_eq(run_like_asyncio(leave_one_that_will_not, ""), 0);
}

static int opens_another_one(simul_agen *self, void *arg)
{
    int r = simul_yield(self, arg, NULL);
    simul_agen_release(begin(NULL));
    return r;
}

static int leave_one_that_opens_another(void *unused)
{
    (void)unused;
    open_one = simul_agen_new(opens_another_one, NULL);
    simul_agen_next(open_one, NULL);
    return 0;
}

TEST(one_opened_during_the_shutdown)
{
    capture_log();
    ck_assert_int_eq(run_like_asyncio(leave_one_that_opens_another, NULL), 0);
    ck_assert_int_eq(logged("after simul_shutdown_asyncgens()"), 1);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
    simul_agen_release(open_one);
}

/* ---- loops that are closed by hand --------------------------------------------------------------- */

static int next_of(void *agen)
{
    return simul_agen_next(agen, NULL);
}

static void step_on(simul_loop *loop, simul_agen *agen)
{
    simul_task *task = simul_loop_create_task(loop, next_of, agen, NULL);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, task), 1);
    simul_release(task);
}

TEST(loop_closed_with_a_suspended_one_loses_it)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_agen *kept = simul_agen_new(resource, NULL);
    simul_agen *given = simul_agen_new(resource, NULL);
    step_on(loop, kept);
    step_on(loop, given);
    simul_agen_release(given); /* its task never runs */

    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_int_eq(logged("was not closed before its loop"), 2);
    ck_assert_int_eq(simul_gen_state(kept), SIMUL_GEN_CLOSED);
    ck_assert_trace("");
    simul_agen_release(kept);
}

TEST(released_between_runs_is_closed_in_the_next)
{
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_agen *agen = simul_agen_new(resource, NULL);
    step_on(loop, agen);
    simul_agen_release(agen);
    simul_task *task = simul_loop_create_task(loop, sleep_forever, NULL, NULL);
    for (int i = 0; i < 3; i++)
        simul_loop_run_once(loop, 0);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
    capture_log();
    simul_release(task);
    simul_loop_close(loop);
}

static int slow_to_close(simul_agen *self, void *arg)
{
    int r = simul_yield(self, arg, NULL);
    simul_sleep(INFINITY);
    return r;
}

static int shut(void *unused)
{
    (void)unused;
    return simul_shutdown_asyncgens();
}

TEST(loop_closed_in_the_middle_of_the_shutdown)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_agen *agen = simul_agen_new(slow_to_close, NULL);
    step_on(loop, agen);
    simul_release(simul_loop_create_task(loop, shut, NULL, NULL));
    for (int i = 0; i < 3; i++)
        simul_loop_run_once(loop, 0);
    ck_assert_int_eq(simul_gen_state(agen), SIMUL_GEN_RUNNING);
    simul_agen_release(agen);
    ck_assert_int_eq(simul_loop_close(loop), 0);
}

/* ---- one that gives the values of another --------------------------------------------------- */

static int gives_those_of(simul_agen *self, void *inner)
{
    return simul_yield_from(self, inner);
}

TEST(loop_closed_while_one_gives_the_values_of_another)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_agen *inner = simul_agen_new(resource, NULL);
    simul_agen *agen = simul_agen_new(gives_those_of, inner);
    step_on(loop, agen);
    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_int_eq(logged("was not closed before its loop"), 2);
    ck_assert_int_eq(simul_gen_state(inner), SIMUL_GEN_CLOSED);
    simul_agen_release(agen);
    simul_agen_release(inner);
}

TASK_TEST(shutdown_closes_one_through_the_other_that_gives_its_values)
{
    capture_log();
    simul_agen *inner = simul_agen_new(resource, NULL);
    simul_agen *agen = simul_agen_new(gives_those_of, inner);
    ck_assert_int_eq(simul_agen_next(agen, NULL), 1);
    ck_assert_int_eq(simul_shutdown_asyncgens(), 0);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
    ck_assert_int_eq(simul_gen_state(agen), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(logged("could not be closed well"), 0);
    simul_agen_release(agen);
    simul_agen_release(inner);
}

TASK_TEST(shutdown_closes_one_whose_values_a_plain_generator_gives)
{
    simul_agen *inner = simul_agen_new(resource, NULL);
    simul_gen *gen = simul_gen_new(gives_those_of, inner);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    ck_assert_int_eq(simul_shutdown_asyncgens(), 0);
    ck_assert_trace("closed:SIMUL_EGENEXIT");
    simul_gen_release(gen);
    simul_agen_release(inner);
}

TEST(asynchronous_one_gives_no_values_to_a_generator_outside_of_a_task)
{
    simul_agen *inner = simul_agen_new(resource, NULL);
    simul_gen *gen = simul_gen_new(gives_those_of, inner);
    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_ENOTASK);
    simul_gen_release(gen);
    simul_agen_release(inner);
}

HARNESS_MAIN_BACKEND("agen_end")
