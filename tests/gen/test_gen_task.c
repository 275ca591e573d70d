/* SPDX-License-Identifier: MIT */
/*
 * Generators that are not asynchronous, used by tasks: their functions may wait, and it is
 * the task that does.
 */
#include "task/trace.h"

#include <simul/gen.h>

static int slow_count(simul_gen *self, void *arg)
{
    (void)arg;
    static char *const names[] = {"1", "2", "3"};
    for (int i = 0; i < 3; i++) {
        int r = simul_sleep(1);
        if (r >= 0)
            r = simul_yield(self, names[i], NULL);
        if (r < 0) {
            trace("%s", simul_error_name(r));
            return r;
        }
    }
    return 0;
}

TASK_TEST(task_waits_where_the_generator_does)
{
    double start = simul_time();
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    void *value;

    while (simul_gen_next(gen, &value) > 0)
        trace("%s at %g", (char *)value, simul_time() - start);
    ck_assert_trace("1 at 1 2 at 2 3 at 3");
    simul_gen_release(gen);
}

static int consume(void *name)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    void *value;
    while (simul_gen_next(gen, &value) > 0)
        trace("%s%s", (char *)name, (char *)value);
    simul_gen_release(gen);
    return 0;
}

TASK_TEST(tasks_in_generators_take_turns)
{
    simul_task *tasks[] = {simul_create_task(consume, "a"),
                           simul_create_task(consume, "b"),
                           simul_create_task(consume, "c")};
    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    ck_assert_trace("a1 b1 c1 a2 b2 c2 a3 b3 c3");
    simul_release_all(tasks, 3);
}

static int nested(simul_gen *self, void *depth)
{
    int below = *(int *)depth - 1;
    if (below == 0)
        return slow_count(self, NULL);
    simul_gen *gen = simul_gen_new(nested, &below);
    int r = simul_yield_from(self, gen);
    simul_gen_release(gen);
    return r;
}

TASK_TEST(wait_in_the_innermost_of_nested_ones)
{
    int depth = 5;
    simul_gen *gen = simul_gen_new(nested, &depth);
    void *value;

    while (simul_gen_next(gen, &value) > 0)
        trace("%s", (char *)value);
    ck_assert_trace("1 2 3");
    simul_gen_release(gen);
}

static int next_of(void *gen)
{
    void *value;
    int r = simul_gen_next(gen, &value);
    trace("%s", r > 0 ? (char *)value : simul_error_name(r));
    return r;
}

TASK_TEST(second_task_cannot_enter_while_the_first_waits_inside)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    simul_task *tasks[] = {simul_create_task(next_of, gen),
                           simul_create_task(next_of, gen)};
    simul_wait(tasks, 2, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    ck_assert_trace("SIMUL_EEXECUTING 1");
    simul_error(tasks[1]);
    simul_release_all(tasks, 2);
    simul_gen_release(gen);
    ck_assert_trace("SIMUL_EGENEXIT");
}

TASK_TEST(steps_by_different_tasks)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    for (int i = 0; i < 3; i++) {
        simul_task *task = simul_create_task(next_of, gen);
        ck_assert_int_eq(simul_await(task), 1);
        simul_release(task);
    }
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_trace("1 2 3");
    simul_gen_release(gen);
}

TASK_TEST(cancel_of_the_task_reaches_the_call_inside)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    simul_task *task = simul_create_task(next_of, gen);
    simul_sleep(0.5);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_trace("ECANCELED ECANCELED");
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_error(gen), -ECANCELED);
    simul_release(task);
    simul_gen_release(gen);
}

TASK_TEST(timeout_of_the_consumer_interrupts_the_call_inside)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    simul_timeout limit;
    simul_timeout_enter(&limit, 0.5);
    int r = simul_gen_next(gen, NULL);
    ck_assert_int_eq(r, -ECANCELED);
    ck_assert_int_eq((int)simul_timeout_exit(&limit, r), -ETIMEDOUT);
    ck_assert_trace("ECANCELED");
    ck_assert_int_eq(simul_sleep(0), 0);
    simul_gen_release(gen);
}

TASK_TEST(made_before_the_run_and_used_after_it_are_the_same)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    simul_gen_release(gen);
    ck_assert_trace("SIMUL_EGENEXIT");
}

static int words(simul_gen *self, void *arg)
{
    static char *const names[] = {"a", "b", "c"};
    (void)arg;
    for (int i = 0; i < 3; i++) {
        int r = simul_yield(self, names[i], NULL);
        if (r < 0)
            return r;
    }
    return 0;
}

TEST(one_generator_before_in_and_after_a_run)
{
    simul_gen *gen = simul_gen_new(words, NULL);
    next_of(gen);
    ck_assert_int_eq(run_like_asyncio(next_of, gen), 1);
    next_of(gen);
    ck_assert_trace("a b c");
    simul_gen_release(gen);
}

TEST(wait_outside_of_a_task_is_refused_inside)
{
    simul_gen *gen = simul_gen_new(slow_count, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_ENOTASK);
    ck_assert_trace("SIMUL_ENOTASK");
    simul_gen_release(gen);
}

static int a_sleep(void *unused)
{
    (void)unused;
    simul_gen *gen = simul_gen_new(words, NULL);
    int r = simul_gen_next(gen, NULL);
    if (simul_sleep(1) == 0)
        trace("slept");
    simul_gen_release(gen);
    return r;
}

static int runs_a_loop(simul_gen *self, void *arg)
{
    (void)arg;
    int r = run_like_asyncio(a_sleep, NULL);
    return r < 0 ? r : simul_yield(self, "ran", NULL);
}

TEST(loop_runs_inside_of_a_generator)
{
    simul_gen *gen = simul_gen_new(runs_a_loop, NULL);
    next_of(gen);
    ck_assert_trace("slept ran");
    simul_gen_release(gen);
}

/* ---- callbacks, and what the end of a task calls --------------------------------------------- */

static simul_gen *shared;

static void step_shared(void *unused)
{
    (void)unused;
    next_of(shared);
}

static int has_argument(void *arg)
{
    (void)arg;
    return simul_sleep(0);
}

TASK_TEST(callbacks_and_destructors_step_one)
{
    shared = simul_gen_new(words, NULL);
    ck_assert_int_eq(simul_call_soon(NULL, step_shared, NULL, NULL), 0);
    simul_task *task = simul_create_task_opts(
        has_argument, NULL, &(simul_task_opts){.release_arg = step_shared});
    simul_await(task);
    simul_release(task);
    next_of(shared);
    ck_assert_trace("a b c");
    simul_gen_release(shared);
}

/* ---- scopes (PEP 789) ------------------------------------------------------------------------- */

static int yields_in_a_timeout(simul_gen *self, void *arg)
{
    (void)arg;
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    int r = simul_yield(self, "value", NULL);
    trace("%s", simul_error_name(r));
    return (int)simul_timeout_exit(&limit, r);
}

TASK_TEST(yield_inside_of_a_scope_is_refused)
{
    capture_log();
    simul_gen *gen = simul_gen_new(yields_in_a_timeout, NULL);

    ck_assert_int_eq(simul_gen_next(gen, NULL), -SIMUL_ESCOPE);
    ck_assert_trace("SIMUL_ESCOPE");
    ck_assert_int_eq(logged("must not yield"), 1);
    ck_assert_int_eq(simul_sleep(5), 0);
    simul_gen_release(gen);
}

static int scopes_between_yields(simul_gen *self, void *arg)
{
    (void)arg;
    int r = 0;
    for (int i = 0; i < 3 && r >= 0; i++) {
        simul_timeout limit;
        simul_timeout_enter(&limit, 1);
        r = (int)simul_timeout_exit(&limit, simul_sleep(i < 2 ? 0.5 : 5));
        trace("%s", r < 0 ? simul_error_name(r) : "in time");
        if (r >= 0)
            r = simul_yield(self, NULL, NULL);
    }
    return r;
}

TASK_TEST(scopes_on_both_sides_of_a_yield)
{
    simul_gen *gen = simul_gen_new(scopes_between_yields, NULL);
    int r = 1;
    while (r > 0) {
        simul_timeout limit;
        simul_cleanup cleanup;
        simul_timeout_enter(&limit, 10);
        simul_cleanup_enter(&cleanup);
        r = simul_gen_next(gen, NULL);
        simul_cleanup_exit(&cleanup);
        r = (int)simul_timeout_exit(&limit, r);
    }
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_trace("in time in time ETIMEDOUT");
    simul_gen_release(gen);
}

static int leaves_a_scope_open(simul_gen *self, void *arg)
{
    (void)self, (void)arg;
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    return 0;
}

TASK_TEST(scope_that_the_function_leaves_open_is_reported)
{
    capture_log();
    simul_timeout outer;
    simul_timeout_enter(&outer, 3);
    simul_gen *gen = simul_gen_new(leaves_a_scope_open, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    ck_assert_int_eq(logged("was not left in the function that entered it"), 1);
    ck_assert_int_eq(simul_sleep(2), 0); /* only the outer one is left */
    ck_assert_int_eq(simul_sleep(2), -ECANCELED);
    ck_assert_int_eq((int)simul_timeout_exit(&outer, 0), -ETIMEDOUT);
    simul_gen_release(gen);
}

static __attribute__((noinline)) void enter_and_leave_early(void)
{
    simul_timeout limit;
    simul_timeout_enter(&limit, 1);
    __asm__ volatile("" : : "r"(&limit) : "memory");
}

static int leaves_early(simul_gen *self, void *arg)
{
    (void)arg;
    enter_and_leave_early();
    return simul_yield(self, "value", NULL);
}

TASK_TEST(scope_left_early_inside_is_found_at_the_yield)
{
    capture_log();
    simul_gen *gen = simul_gen_new(leaves_early, NULL);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    ck_assert_int_eq(logged("was not left in the function that entered it"), 1);
    simul_gen_release(gen);
}

/* ---- reports ---------------------------------------------------------------------------------- */

static bool dump_says(const char *words)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert(out != NULL);
    simul_dump_tasks(NULL, out);
    fclose(out);
    bool says = text && strstr(text, words) != NULL;
    free(text);
    return says;
}

TASK_TEST(dump_shows_the_generator_a_task_is_in)
{
    simul_task *task = simul_create_task(consume, "x");
    simul_sleep(0.5);
    ck_assert(dump_says("in the generator made at"));
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_trace("x1 x2 x3");
    simul_release(task);
}

static int steps_and_sleeps(void *gen)
{
    ck_assert_int_eq(simul_gen_next(gen, NULL), 1);
    return simul_sleep(1);
}

TASK_TEST(dump_shows_no_generator_that_the_task_has_come_out_of)
{
    simul_gen *gen = simul_gen_new(words, NULL);
    simul_task *task = simul_create_task(steps_and_sleeps, gen);
    simul_sleep(0.5);
    ck_assert(!dump_says("in the generator made at"));
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    simul_gen_release(gen);
}

/* ---- a loop that is closed while a task is inside ---------------------------------------------- */

static int into(void *gen)
{
    return simul_gen_next(gen, NULL);
}

TEST(loop_closed_while_a_task_is_inside_loses_it)
{
    simul_loop *loop;
    int depth = 3;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_gen *gen = simul_gen_new(nested, &depth);
    simul_task *task = simul_loop_create_task(loop, into, gen, NULL);
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_RUNNING);

    simul_release(task);
    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_int_eq(simul_gen_state(gen), SIMUL_GEN_CLOSED);
    ck_assert_int_eq(simul_gen_error(gen), -ECANCELED);
    ck_assert_int_eq(simul_gen_next(gen, NULL), 0);
    simul_gen_release(gen);
}

static int waits_at_the_end(simul_gen *self, void *arg)
{
    (void)arg;
    int r = simul_yield(self, NULL, NULL);
    simul_sleep(INFINITY);
    return r;
}

static int releases(void *gen)
{
    simul_gen_next(gen, NULL);
    simul_gen_release(gen);
    return 0;
}

TEST(loop_closed_while_a_release_waits)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *task = simul_loop_create_task(
        loop, releases, simul_gen_new(waits_at_the_end, NULL), NULL);
    simul_loop_run_once(loop, 0);
    simul_release(task);
    ck_assert_int_eq(simul_loop_close(loop), 0);
}

HARNESS_MAIN_BACKEND("gen_task")
