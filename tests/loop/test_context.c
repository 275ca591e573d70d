/* SPDX-License-Identifier: MIT */
/* Task-local values: who sees what was set, when a value is released, tokens, and contexts
 * as things of their own. Also run under ThreadSanitizer. */
#include "task/trace.h"

#include <pthread.h>
#include <simul/context.h>
#include <unistd.h>

static simul_context_var user = {.name = "user", .default_value = "nobody"};
static simul_context_var other = {.name = "other"};

static void *get(simul_context_var *var)
{
    return simul_context_var_get(var);
}

static void set(simul_context_var *var, const char *text)
{
    ck_assert_int_eq(simul_context_var_set(var, (void *)text, NULL, NULL), 0);
}

static void trace_user(void *who)
{
    trace("%s:%s", (char *)who, (char *)get(&user));
}

static void trace_user_of(simul_future *future, void *who)
{
    (void)future;
    trace_user(who);
}

/* ---- who sees what ----------------------------------------------------------------------- */

TEST(variable_that_was_never_set_has_its_default)
{
    ck_assert_str_eq((char *)get(&user), "nobody");
    ck_assert_ptr_null(get(&other));
}

static int change_it(void *name)
{
    trace_user("child");
    set(&user, name);
    if (simul_sleep(0) < 0)
        return -1;
    trace_user("child");
    return 0;
}

TASK_TEST(task_begins_with_a_copy_of_its_creators_values)
{
    set(&user, "ann");
    simul_task *task = simul_create_task(change_it, (void *)"bob");
    set(&user, "cid"); /* after the copy was made */

    ck_assert_int_eq(simul_await(task), 0);

    trace_user("parent");
    ck_assert_trace("child:ann child:bob parent:cid");
    simul_release(task);
}

TASK_TEST(callback_runs_in_the_context_of_when_it_was_scheduled) /* L12 */
{
    set(&user, "soon");
    ck_assert_int_eq(simul_call_soon(NULL, trace_user, (void *)"1", NULL), 0);
    set(&user, "later");
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_user, (void *)"2", NULL), 0);
    set(&user, "threadsafe");
    ck_assert_int_eq(simul_call_soon_threadsafe(NULL, trace_user, (void *)"3", NULL),
                     0);
    set(&user, "task");

    simul_sleep(2);

    ck_assert_trace("1:soon 3:threadsafe 2:later");
    trace_user("t");
    ck_assert_trace("t:task");
}

static void set_in_callback(void *name)
{
    trace_user("before");
    set(&user, name);
    trace_user("after");
}

TASK_TEST(what_a_callback_sets_stays_in_there)
{
    ck_assert_int_eq(simul_call_soon(NULL, set_in_callback, (void *)"ann", NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, set_in_callback, (void *)"bob", NULL), 0);
    simul_sleep(0);
    simul_sleep(0);
    trace_user("task");
    ck_assert_trace("before:nobody after:ann before:nobody after:bob task:nobody");
}

TASK_TEST(done_callback_runs_in_the_context_of_who_added_it)
{
    simul_future *future = simul_create_future();
    set(&user, "adder");
    ck_assert_int_eq(simul_add_done_callback(future, trace_user_of, (void *)"1"), 0);
    set(&user, "setter");
    simul_set_result(future, 0);
    let_run(2);
    ck_assert_trace("1:adder");
    simul_release(future);
}

static int pipe_fds[2];

static void read_and_replace(void *unused)
{
    char byte;
    (void)unused;
    trace_user("reader");
    ck_assert_int_eq(read(pipe_fds[0], &byte, 1), 1);
    set(&user, "second");
    simul_add_reader(NULL, pipe_fds[0], read_and_replace, NULL);
}

static void write_twice(void)
{
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(write(pipe_fds[1], "x", 1), 1);
        for (int pass = 0; pass < 20; pass++)
            simul_sleep(0);
    }
}

TASK_TEST(reader_runs_in_the_context_of_who_added_it_last)
{
    ck_assert_int_eq(pipe(pipe_fds), 0);
    set(&user, "first");
    int r = simul_add_reader(NULL, pipe_fds[0], read_and_replace, NULL);
    set(&user, "task");
    if (r == 0)
        write_twice();
    simul_remove_reader(NULL, pipe_fds[0]);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    ck_assert_trace("reader:first reader:second");
}

static int say_user(void *who)
{
    trace_user(who);
    return 0;
}

TEST(main_task_begins_with_the_values_of_its_thread)
{
    set(&user, "thread");
    ck_assert_int_eq(run_like_asyncio(change_it, (void *)"main"), 0);
    trace_user("thread");
    ck_assert_int_eq(run_like_asyncio(say_user, (void *)"again"), 0);
    ck_assert_trace("child:thread child:main thread:thread again:thread");
}

TEST(runs_of_a_runner_share_a_copy_of_its_threads_values) /* N04 */
{
    simul_runner *runner = NULL;
    set(&user, "thread");
    ck_assert_int_eq(simul_runner_new(&runner, &like_asyncio), 0);
    set(&user, "later");
    ck_assert_int_eq(simul_runner_run(runner, change_it, (void *)"first"), 0);
    ck_assert_int_eq(simul_runner_run(runner, say_user, (void *)"second"), 0);
    simul_runner_close(runner);
    trace_user("thread");
    ck_assert_trace("child:thread child:first second:first thread:later");
}

static void handle(simul_loop *loop, const simul_error_context *context, void *unused)
{
    (void)loop, (void)context, (void)unused;
    trace_user("handler");
}

static int fail_as(void *name)
{
    set(&user, name);
    return -EIO;
}

TASK_TEST(exception_handler_runs_in_the_context_of_the_task)
{
    simul_set_exception_handler(NULL, handle, NULL);
    set(&user, "main");
    simul_task *task = simul_create_task(fail_as, (void *)"failed");
    let_run(2);
    simul_release(task);
    ck_assert_trace("handler:failed");
    ck_assert_str_eq((char *)get(&user), "main");
}

/* ---- how long a value lives --------------------------------------------------------------- */

static int destroyed;

static void destroy(void *text)
{
    ck_assert_str_eq((char *)text, "mine");
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

static int set_mine(simul_context_token *token)
{
    return simul_context_var_set(&user, (void *)"mine", destroy, token);
}

TASK_TEST(value_is_released_once_when_the_last_context_that_has_it_goes)
{
    ck_assert_int_eq(set_mine(NULL), 0);
    simul_task *task = simul_create_task(sleeper, &(double){1});
    simul_context *copy = simul_copy_context();

    set(&user, "another");
    ck_assert_int_eq(destroyed, 0);
    simul_context_release(copy);
    ck_assert_int_eq(destroyed, 0);
    simul_await(task);
    simul_release(task);
    ck_assert_int_eq(destroyed, 1);
}

static void *set_in_thread(void *unused)
{
    if (set_mine(NULL) == 0 && get(&user))
        return (void *)"set";
    return unused;
}

TEST(values_of_a_thread_are_released_when_it_ends)
{
    pthread_t thread;
    void *did;
    ck_assert_int_eq(pthread_create(&thread, NULL, set_in_thread, NULL), 0);
    pthread_join(thread, &did);
    ck_assert_ptr_nonnull(did);
    ck_assert_int_eq(destroyed, 1);
    ck_assert_str_eq((char *)get(&user), "nobody");
}

static int set_and_wait_for_ever(void *unused)
{
    (void)unused;
    set_mine(NULL);
    return simul_sleep(INFINITY);
}

static int run_and_wait_for_ever(void *context)
{
    set_mine(NULL);                                                 /* in its own … */
    return simul_context_run(context, set_and_wait_for_ever, NULL); /* … and in that */
}

TEST(loop_that_is_closed_releases_what_its_tasks_had_set)
{
    simul_loop *loop;
    capture_log();
    simul_context *context = simul_context_new();
    ck_assert_ptr_nonnull(context);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_task *task =
        simul_loop_create_task(loop, run_and_wait_for_ever, context, NULL);
    simul_loop_run_once(loop, 0);
    simul_loop_close(loop);
    simul_release(task);
    simul_context_release(context);
    ck_assert_int_eq(destroyed, 2);
}

/* ---- tokens --------------------------------------------------------------------------------- */

TASK_TEST(reset_gives_back_what_was_before)
{
    simul_context_token outer, inner;
    ck_assert_int_eq(simul_context_var_set(&user, (void *)"a", NULL, &outer), 0);
    ck_assert_int_eq(simul_context_var_set(&user, (void *)"b", NULL, &inner), 0);
    ck_assert_int_eq(simul_context_var_reset(&inner), 0);
    ck_assert_str_eq((char *)get(&user), "a");
    ck_assert_int_eq(simul_context_var_reset(&outer), 0);
    ck_assert_str_eq((char *)get(&user), "nobody");
    ck_assert_int_eq(simul_context_var_reset(&outer), -SIMUL_ESTATE);
}

TASK_TEST(reset_leaves_alone_what_other_variables_were_set_to)
{
    simul_context_token token;
    set(&other, "1");
    ck_assert_int_eq(simul_context_var_set(&user, (void *)"a", NULL, &token), 0);
    set(&other, "2");
    ck_assert_int_eq(simul_context_var_reset(&token), 0);
    ck_assert_str_eq((char *)get(&user), "nobody");
    ck_assert_str_eq((char *)get(&other), "2");
}

static int reset_it(void *token)
{
    return simul_context_var_reset(token);
}

TASK_TEST(token_of_another_context_is_refused_and_kept)
{
    simul_context_token token;
    ck_assert_int_eq(simul_context_var_set(&user, (void *)"a", NULL, &token), 0);
    simul_task *task = simul_create_task(reset_it, &token);
    ck_assert_int_eq(simul_await(task), -EINVAL);
    simul_release(task);
    ck_assert_int_eq(simul_context_var_reset(&token), 0);
    ck_assert_str_eq((char *)get(&user), "nobody");
}

TASK_TEST(token_holds_the_value_until_it_is_given_back)
{
    simul_context_token token;
    ck_assert_int_eq(set_mine(NULL), 0);
    ck_assert_int_eq(simul_context_var_set(&user, (void *)"b", NULL, &token), 0);
    ck_assert_int_eq(destroyed, 0);
    simul_context_token_release(&token);
    simul_context_token_release(&token); /* it is empty now */
    simul_context_token_release(NULL);
    ck_assert_int_eq(destroyed, 1);
    ck_assert_str_eq((char *)get(&user), "b");
}

/* ---- contexts --------------------------------------------------------------------------------- */

static int change_and_wait(void *name)
{
    set(&user, name);
    simul_sleep(1);
    trace_user("inside");
    return 7;
}

static int trace_after_half(void *unused)
{
    (void)unused;
    simul_sleep(0.5);
    trace_user("others");
    return 0;
}

TASK_TEST(run_in_a_context_keeps_what_is_set_in_there_even_while_it_waits)
{
    simul_context *context = simul_copy_context();
    simul_task *task = simul_create_task(trace_after_half, NULL);
    ck_assert_ptr_nonnull(context);

    ck_assert_int_eq(simul_context_run(context, change_and_wait, (void *)"in"), 7);

    trace_user("outside");
    ck_assert_trace("others:nobody inside:in outside:nobody");
    ck_assert_str_eq((char *)simul_context_get(context, &user), "in");
    ck_assert_int_eq(simul_context_run(context, say_user, (void *)"again"), 0);
    ck_assert_trace("again:in");
    simul_context_release(context);
    simul_await(task);
    simul_release(task);
}

static int enter_again(void *context)
{
    return simul_context_run(context, nothing, NULL);
}

TEST(context_is_run_in_by_one_at_a_time)
{
    simul_context *context = simul_context_new();
    ck_assert_ptr_nonnull(context);
    ck_assert_int_eq(simul_context_run(context, enter_again, context), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_context_run(context, nothing, NULL), 0);
    ck_assert_int_eq(simul_context_run(NULL, nothing, NULL), -EINVAL);
    simul_context_release(context);
    simul_context_release(NULL);
}

TASK_TEST(task_that_is_given_a_context_shares_it)
{
    simul_context *context = simul_context_new();
    ck_assert_ptr_nonnull(context);
    set(&user, "main");
    simul_task *task = simul_create_task_opts(change_it, (void *)"shared",
                                              &(simul_task_opts){.context = context});
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    ck_assert_trace("child:nobody child:shared");
    ck_assert_str_eq((char *)simul_context_get(context, &user), "shared");
    ck_assert_str_eq((char *)get(&user), "main");
    simul_context_release(context);
}

/* ---- many -------------------------------------------------------------------------------------- */

enum { MANY = 5000 };

static simul_context_var many[MANY];

TASK_TEST(five_thousand_variables_are_told_apart)
{
    for (intptr_t i = 0; i < MANY; i++)
        if (simul_context_var_set(&many[i], (void *)(i + 1), NULL, NULL) < 0)
            return;
    simul_context *copy = simul_copy_context();
    for (intptr_t i = 0; i < MANY; i += 2)
        simul_context_var_set(&many[i], NULL, NULL, NULL);
    for (intptr_t i = 0; copy && i < MANY; i++) {
        ck_assert_int_eq((intptr_t)simul_context_get(copy, &many[i]), i + 1);
        ck_assert_int_eq((intptr_t)get(&many[i]), i % 2 ? i + 1 : 0);
    }
    simul_context_release(copy);
}

static void *set_and_get_many(void *unused)
{
    intptr_t me = (intptr_t)&unused;
    for (int i = 0; i < MANY; i++)
        if (simul_context_var_set(&many[i], (void *)(me + i), NULL, NULL) < 0)
            return unused;
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq((intptr_t)get(&many[i]), me + i);
    return unused;
}

TEST(threads_may_set_a_variable_for_the_first_time_at_once)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, set_and_get_many, NULL), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
}

HARNESS_MAIN_BACKEND("context")
