/* SPDX-License-Identifier: MIT */
/* Eager tasks and task factories (S19, T15, T16, K10, K11). */
#include "task/trace.h"

#include <errno.h>

static const simul_task_opts eager = {.eager_start = 1}, late = {.eager_start = -1};

static int say(void *text)
{
    trace("%s", (const char *)text);
    return 0;
}

static int say_and_sleep(void *text)
{
    trace("%s", (const char *)text);
    int r = simul_sleep(0);
    trace("%s%s", (const char *)text, r < 0 ? "!" : "'");
    return r;
}

TASK_TEST(eager_task_runs_before_its_creator_goes_on) /* T16 */
{
    simul_task *a = simul_create_task_opts(say, "eager", &eager);
    trace("made");
    simul_task *b = simul_create_task(say, "late");
    trace("made");
    ck_assert(simul_done(a));
    ck_assert(!simul_done(b));
    ck_assert_int_eq(simul_await(b), 0);
    ck_assert_trace("eager made made late");
    simul_release(a);
    simul_release(b);
}

TASK_TEST(eager_task_that_suspends_lets_its_creator_go_on_first) /* T15 */
{
    simul_task *other = simul_create_task(say, "other");
    simul_task *a = simul_create_task_opts(say_and_sleep, "a", &eager);
    trace("creator");
    ck_assert_int_eq(simul_await(a), 0);
    ck_assert_trace("a creator other a'");
    simul_release(other);
    simul_release(a);
}

static int nest(void *depth)
{
    static int depths[] = {0, 1, 2, 3};
    int n = *(int *)depth;
    trace("+%d", n);
    simul_task *inner =
        n < 3 ? simul_create_task_opts(nest, &depths[n + 1], &eager) : NULL;
    trace("%d", simul_current_task() == inner);
    int r = simul_sleep(0);
    trace("-%d", n);
    if (inner)
        r = simul_await(inner);
    simul_release(inner);
    return r;
}

TASK_TEST(nested_eager_tasks_form_a_stack) /* S19 */
{
    int zero = 0;
    simul_task *self = simul_current_task();
    simul_task *t = simul_create_task_opts(nest, &zero, &eager);
    ck_assert_ptr_eq(simul_current_task(), self);
    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_trace("+0 +1 +2 +3 0 0 0 0 -3 -2 -1 -0");
    simul_release(t);
}

static int is_current(void *unused)
{
    (void)unused;
    simul_task *self = simul_current_task(), *all[8];
    size_t n = simul_all_tasks(all, 8);
    bool found = false;
    for (size_t i = 0; i < n; i++)
        found |= all[i] == self;
    simul_release_all(all, n);
    return found ? 7 : -EINVAL;
}

TASK_TEST(eager_task_is_current_and_among_all_tasks)
{
    simul_task *t = simul_create_task_opts(is_current, NULL, &eager);
    ck_assert(simul_done(t));
    ck_assert_int_eq(simul_error(t), 7);
    simul_release(t);
}

static int fails(void *unused)
{
    (void)unused;
    return simul_fail(-EIO, "at once");
}

TASK_TEST(error_of_an_eager_task_is_kept_and_not_the_creators) /* S19 */
{
    simul_task *t = simul_create_task_opts(fails, NULL, &eager);
    ck_assert_ptr_nonnull(t);
    ck_assert_int_eq(simul_error(t), -EIO);
    ck_assert_str_eq(simul_message(t), "at once");
    simul_release(t);
}

static int cancel_creator(void *creator)
{
    simul_cancel(creator);
    return simul_sleep(1);
}

static int create_what_cancels_me(void *unused)
{
    (void)unused;
    simul_task *t =
        simul_create_task_opts(cancel_creator, simul_current_task(), &eager);
    trace("creator");
    int r = simul_await(t);
    trace("%s %d", simul_error_name(r), simul_done(t));
    simul_cancel_caught();
    r = simul_await(t);
    simul_release(t);
    return r < 0 ? 0 : -EINVAL;
}

TASK_TEST(creator_that_the_eager_task_cancels_hears_of_it_at_its_next_await)
{
    simul_task *t = simul_create_task(create_what_cancels_me, NULL);
    simul_await(t);
    ck_assert_trace("creator ECANCELED 1");
    simul_release(t);
}

/* ---- made outside of tasks ------------------------------------------------------------------ */

static simul_task *made;

static void create_in_callback(void *text)
{
    made = simul_create_task_opts(say_and_sleep, text, &eager);
    trace("%s", simul_current_task() ? "task?" : "callback");
}

TASK_TEST(eager_task_of_a_callback_runs_inside_of_it)
{
    simul_task *other = simul_create_task(say, "other");
    ck_assert_int_eq(simul_call_soon(NULL, create_in_callback, "a", NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, "next", NULL), 0);
    let_run(1);
    ck_assert_trace("other a callback next");
    ck_assert_int_eq(simul_await(made), 0);
    ck_assert_trace("a'");
    simul_release(other);
    simul_release(made);
}

TASK_TEST(eager_task_of_a_callback_in_debug_mode)
{
    simul_loop_set_debug(NULL, true);
    ck_assert_int_eq(simul_call_soon(NULL, create_in_callback, "a", NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, "next", NULL), 0);
    simul_task *b = simul_create_task_opts(say_and_sleep, "b", &eager);
    trace("creator");
    let_run(1);
    ck_assert_trace("b creator a callback next b'");
    ck_assert_int_eq(simul_await(made), 0);
    ck_assert_int_eq(simul_await(b), 0);
    simul_release(made);
    simul_release(b);
    simul_loop_set_debug(NULL, false);
    trace_take();
}

static simul_task *of_release;

static void create_as_it_is_released(void *unused)
{
    (void)unused;
    of_release = simul_create_task_opts(say, "late", &eager);
    trace("released");
}

TASK_TEST(eager_task_made_where_nothing_can_run_in_between_is_scheduled)
{
    static const simul_task_opts opts = {.release_arg = create_as_it_is_released};
    simul_task *t = simul_create_task_opts(nothing, &made, &opts);
    ck_assert_int_eq(simul_await(t), 0);
    ck_assert_int_eq(simul_await(of_release), 0);
    ck_assert_trace("released late");
    simul_release(t);
    simul_release(of_release);
}

TEST(eager_task_of_a_loop_that_does_not_run_is_scheduled)
{
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *t = simul_loop_create_task(loop, say, "a", &eager);
    trace("made");
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 0);
    ck_assert_trace("made a");
    simul_release(t);
    simul_loop_close(loop);
}

/* ---- in groups (K10, K11) --------------------------------------------------------------------- */

static simul_group group;

static int add_another(void *unused)
{
    (void)unused;
    simul_group_create_task_opts(&group, say, "grandchild", &eager);
    return -EIO;
}

TASK_TEST(eager_child_that_fails_aborts_the_group_a_pass_later) /* K10 */
{
    simul_group_enter(&group);
    simul_group_create_task_opts(&group, add_another, NULL, &eager);
    ck_assert_ptr_nonnull(simul_group_create_task_opts(&group, say, "still", &eager));
    ck_assert_int_eq(simul_group_exit(&group, 0), -EIO);
    ck_assert_trace("grandchild still");
}

static int cancel_group_and_wait(void *unused)
{
    (void)unused;
    simul_group_cancel(&group);
    return simul_sleep(99);
}

TASK_TEST(eager_child_that_cancels_its_group_is_cancelled_itself) /* K11 */
{
    simul_group_enter(&group);
    simul_group_create_task_opts(&group, cancel_group_and_wait, NULL, &eager);
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);
    ck_assert_double_eq(simul_time(), 0);
}

/* ---- factories ---------------------------------------------------------------------------------- */

static simul_task *named_factory(simul_loop *loop, simul_fn *fn, void *arg,
                                 const simul_task_opts *opts, const char *where,
                                 void *name)
{
    simul_task_opts mine = opts ? *opts : (simul_task_opts){0};
    mine.name = name;
    return simul_task_new(loop, fn, arg, &mine, where);
}

TASK_TEST(factory_makes_every_task)
{
    void *arg = NULL;
    ck_assert_ptr_null(simul_get_task_factory(NULL, &arg));
    simul_set_task_factory(NULL, named_factory, "Bob");
    ck_assert(simul_get_task_factory(NULL, &arg) == named_factory);
    ck_assert_str_eq(arg, "Bob");

    simul_task *t = simul_create_task(nothing, NULL);
    ck_assert_str_eq(simul_task_name(t), "Bob");
    simul_group_enter(&group);
    ck_assert_str_eq(simul_task_name(simul_group_create_task(&group, nothing, NULL)),
                     "Bob");
    ck_assert_int_eq(simul_group_exit(&group, 0), 0);

    simul_set_task_factory(NULL, NULL, NULL);
    simul_release(t);
    t = simul_create_task(nothing, NULL);
    ck_assert_str_ne(simul_task_name(t), "Bob");
    simul_release(t);
}

TASK_TEST(eager_factory_is_overruled_by_the_task) /* T16 */
{
    simul_set_task_factory(NULL, simul_eager_task_factory, NULL);
    simul_task *a = simul_create_task(say, "eager");
    simul_task *b = simul_create_task_opts(say, "late", &late);
    trace("made");
    simul_await(b);
    ck_assert_trace("eager made late");
    simul_release(a);
    simul_release(b);
}

static int releases;

static void count_release(void *unused)
{
    (void)unused;
    releases++;
}

static simul_task *refusing_factory(simul_loop *loop, simul_fn *fn, void *arg,
                                    const simul_task_opts *opts, const char *where,
                                    void *unused)
{
    (void)loop, (void)fn, (void)where, (void)unused;
    if (opts && opts->release_arg)
        opts->release_arg(arg);
    return NULL;
}

TASK_TEST(factory_that_makes_nothing)
{
    static const simul_task_opts opts = {.release_arg = count_release};
    simul_set_task_factory(NULL, refusing_factory, NULL);
    ck_assert_ptr_null(simul_create_task_opts(nothing, &releases, &opts));
    ck_assert_int_eq(releases, 1);
    simul_group_enter(&group);
    ck_assert_ptr_null(simul_group_create_task(&group, nothing, NULL));
    ck_assert_int_eq(simul_group_exit(&group, 0), -ENOMEM);
}

HARNESS_MAIN_BACKEND("eager")
