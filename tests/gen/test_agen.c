/* SPDX-License-Identifier: MIT */
/* Asynchronous generators: stepped by tasks (PEP 525). */
#include "task/trace.h"

#include <simul/gen.h>

/* Waits a second before each of "1", "2", "3"; after an error it waits for its cleanup. */
static int ticker(simul_agen *self, void *name)
{
    static char *const names[] = {"1", "2", "3"};
    int r = 0;
    for (int i = 0; i < 3 && r >= 0; i++) {
        void *sent = NULL;
        r = simul_sleep(1);
        if (r >= 0)
            r = simul_yield(self, names[i], &sent);
        if (sent)
            trace("got:%s", (char *)sent);
    }
    if (r < 0) {
        simul_cleanup cleanup;
        simul_cleanup_enter(&cleanup);
        trace("%s:%s", (char *)name, simul_error_name(r));
        trace("%s:%d", (char *)name, simul_sleep(1));
        simul_cleanup_exit(&cleanup);
    }
    return r;
}

static double start;

static int iterate(void *agen)
{
    void *value;
    int r;
    while ((r = simul_agen_next(agen, &value)) > 0)
        trace("%s@%g", (char *)value, simul_time() - start);
    return r;
}

TASK_TEST(async_for_waits_between_values)
{
    start = simul_time();
    simul_agen *agen = simul_agen_new(ticker, "t");
    ck_assert_int_eq(iterate(agen), 0);
    ck_assert_trace("1@1 2@2 3@3");
    ck_assert_int_eq(simul_agen_next(agen, NULL), 0);
    simul_agen_release(agen);
}

static int iterate_own(void *name)
{
    simul_agen *agen = simul_agen_new(ticker, name);
    int r = iterate(agen);
    simul_agen_release(agen);
    return r;
}

TASK_TEST(two_tasks_iterate_side_by_side)
{
    start = simul_time();
    simul_task *tasks[] = {simul_create_task(iterate_own, "a"),
                           simul_create_task(iterate_own, "b")};
    ck_assert_int_eq(simul_gather(tasks, 2, 0), 0);
    ck_assert_trace("1@1 1@1 2@2 2@2 3@3 3@3");
    simul_release_all(tasks, 2);
}

TASK_TEST(asend_and_athrow)
{
    void *value = NULL;
    simul_agen *agen = simul_agen_new(ticker, "t");

    ck_assert_int_eq(simul_agen_send(agen, "early", &value), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_agen_send(agen, NULL, &value), 1);
    ck_assert_str_eq(value, "1");
    ck_assert_int_eq(simul_agen_send(agen, "x", &value), 1);
    ck_assert_str_eq(value, "2");
    ck_assert_int_eq(simul_agen_throw(agen, -EIO, &value), -EIO);
    ck_assert_trace("got:x t:EIO t:0");
    ck_assert_int_eq(simul_agen_next(agen, NULL), 0);
    simul_agen_release(agen);
}

TASK_TEST(aclose_waits_for_the_cleanup)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    simul_agen_next(agen, NULL);
    start = simul_time();

    ck_assert_int_eq(simul_agen_close(agen), 0);
    ck_assert_trace("t:SIMUL_EGENEXIT t:0");
    ck_assert(simul_time() - start >= 1);
    ck_assert_int_eq(simul_agen_close(agen), 0);
    simul_agen_release(agen);
}

TASK_TEST(aclose_before_the_beginning_runs_nothing)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    ck_assert_int_eq(simul_agen_close(agen), 0);
    ck_assert_int_eq(simul_agen_next(agen, NULL), 0);
    ck_assert_trace("");
    simul_agen_release(agen);
}

static int ignores(simul_agen *self, void *arg)
{
    (void)arg;
    while (simul_yield(self, NULL, NULL) != -EDOM)
        continue;
    return 0;
}

TASK_TEST(yield_in_aclose_is_an_error)
{
    simul_agen *agen = simul_agen_new(ignores, NULL);
    simul_agen_next(agen, NULL);
    ck_assert_int_eq(simul_agen_close(agen), -SIMUL_EGENIGNORED);
    ck_assert_int_eq(simul_agen_throw(agen, -EDOM, NULL), 0);
    simul_agen_release(agen);

    agen = simul_agen_new(ignores, NULL); /* and is not waited for */
    simul_agen_next(agen, NULL);
    ck_assert_int_eq(simul_agen_close(agen), -SIMUL_EGENIGNORED);
    simul_agen_release(agen);
}

/* ---- several tasks ------------------------------------------------------------------------ */

static int one_next(void *agen)
{
    void *value;
    int r = simul_agen_next(agen, &value);
    trace("%s", r > 0 ? (char *)value : simul_error_name(r));
    return 0;
}

static int one_close(void *agen)
{
    trace("%s", simul_error_name(simul_agen_close(agen)));
    return 0;
}

TASK_TEST(concurrent_anext_and_aclose_are_refused)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    simul_task *tasks[] = {simul_create_task(one_next, agen),
                           simul_create_task(one_next, agen),
                           simul_create_task(one_close, agen)};
    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    ck_assert_trace("SIMUL_EEXECUTING SIMUL_EEXECUTING 1");
    simul_release_all(tasks, 3);
    simul_agen_close(agen);
    simul_agen_release(agen);
}

TASK_TEST(anext_by_one_task_after_the_other)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    for (int i = 0; i < 3; i++) {
        simul_task *task = simul_create_task(one_next, agen);
        ck_assert_int_eq(simul_await(task), 0);
        simul_release(task);
    }
    ck_assert_int_eq(simul_agen_next(agen, NULL), 0);
    ck_assert_trace("1 2 3");
    simul_agen_release(agen);
}

TASK_TEST(agen_released_while_another_task_is_inside)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    simul_task *task = simul_create_task(one_next, agen);
    simul_sleep(0.5);
    simul_agen_release(agen);
    ck_assert_trace("");
    ck_assert_int_eq(simul_await(task), 0); /* gets no value; it is closed by a task */
    simul_sleep(2);
    ck_assert_trace("0 t:SIMUL_EGENEXIT t:0");
    simul_release(task);
}

/* ---- cancellation --------------------------------------------------------------------------- */

TASK_TEST(cancel_of_the_iterating_task_goes_into_the_agen)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    simul_task *task = simul_create_task(iterate, agen);
    simul_sleep(1.5);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert(simul_cancelled(task));
    ck_assert_trace("1@1 t:ECANCELED t:0");
    ck_assert_int_eq(simul_gen_state(agen), SIMUL_GEN_CLOSED);
    simul_release(task);
    simul_agen_release(agen);
}

static int survivor(simul_agen *self, void *arg)
{
    (void)arg;
    for (;;) {
        if (simul_sleep(1) == -ECANCELED && simul_cancel_caught())
            trace("caught");
        int r = simul_yield(self, "value", NULL);
        if (r < 0)
            return r;
    }
}

static int two_nexts(void *agen)
{
    int r = simul_agen_next(agen, NULL);
    trace("%d", r);
    r = simul_agen_next(agen, NULL);
    trace("%d", r);
    return simul_agen_close(agen);
}

TASK_TEST(agen_that_catches_the_cancellation_goes_on)
{
    simul_agen *agen = simul_agen_new(survivor, NULL);
    simul_task *task = simul_create_task(two_nexts, agen);
    simul_sleep(0.5);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_trace("caught 1 1");
    simul_release(task);
    simul_agen_release(agen);
}

/* Relies on being closed in a cleanup scope. */
static int waits_when_closed(simul_agen *self, void *arg)
{
    int r = simul_yield(self, arg, NULL);
    trace("%s:%d", simul_error_name(r), simul_sleep(1));
    return r;
}

static int closes_after_a_cancel(void *agen)
{
    simul_agen_next(agen, NULL);
    int r = simul_sleep(10);
    trace("%s", simul_error_name(r));
    ck_assert_int_eq(simul_agen_next(agen, NULL), -ECANCELED); /* sticky: not entered */
    ck_assert_int_eq(simul_gen_state(agen), SIMUL_GEN_SUSPENDED);
    ck_assert_int_eq(simul_agen_close(agen), 0); /* as in a finally */
    ck_assert_int_eq(simul_sleep(1), -ECANCELED);
    return r;
}

TASK_TEST(aclose_in_a_cancelled_task_may_wait)
{
    simul_agen *agen = simul_agen_new(waits_when_closed, NULL);
    simul_task *task = simul_create_task(closes_after_a_cancel, agen);
    simul_sleep(2);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_trace("ECANCELED SIMUL_EGENEXIT:0");
    simul_release(task);
    simul_agen_release(agen);
}

TASK_TEST(timeout_around_anext)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    int r = (int)simul_within(0.5, simul_agen_next(agen, NULL));
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_trace("t:ECANCELED t:0");
    simul_agen_release(agen);
}

/* ---- delegation, and what is refused ----------------------------------------------------------- */

static int twice(simul_agen *self, void *arg)
{
    int r = 0;
    for (int i = 0; i < 2 && r >= 0; i++) {
        simul_agen *inner = simul_agen_new(ticker, arg);
        r = simul_yield_from(self, inner);
        simul_agen_release(inner);
    }
    return r;
}

TASK_TEST(agen_gives_the_values_of_another)
{
    start = simul_time();
    simul_agen *agen = simul_agen_new(twice, "t");
    ck_assert_int_eq(iterate(agen), 0);
    ck_assert_trace("1@1 2@2 3@3 1@4 2@5 3@6");
    simul_agen_release(agen);
}

TASK_TEST(the_two_kinds_are_not_mixed_up)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    simul_gen *gen = simul_gen_new(ticker, "t");
    ck_assert_int_eq(simul_gen_next(agen, NULL), -EINVAL);
    ck_assert_int_eq(simul_gen_throw(agen, -EIO, NULL), -EINVAL);
    ck_assert_int_eq(simul_gen_close(agen), -EINVAL);
    ck_assert_int_eq(simul_agen_next(gen, NULL), -EINVAL);
    ck_assert_int_eq(simul_agen_throw(gen, -EIO, NULL), -EINVAL);
    ck_assert_int_eq(simul_agen_close(gen), -EINVAL);
    ck_assert_int_eq(simul_agen_next(NULL, NULL), -ENOMEM);
    ck_assert_int_eq(simul_agen_close(NULL), -ENOMEM);
    simul_agen_release(agen);
    simul_gen_release(gen);
}

TEST(anext_outside_of_a_task_is_refused)
{
    simul_agen *agen = simul_agen_new(ticker, "t");
    ck_assert_int_eq(simul_agen_next(agen, NULL), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_agen_throw(agen, -EIO, NULL), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_agen_close(agen),
                     0); /* has not begun: nothing to wait for */
    simul_agen_release(agen);
}

HARNESS_MAIN_BACKEND("agen")
