/* SPDX-License-Identifier: MIT */
/* run_coroutine_threadsafe(): a task of a loop for other threads (T19). Also run under
 * ThreadSanitizer. */
#include "task/trace.h"
#include "thread/gate.h"

#include <pthread.h>
#include <sched.h>
#include <simul/context.h>
#include <simul/thread.h>
#include <string.h>

static simul_loop *loop;

/* ---- results (T19) -------------------------------------------------------------------------- */

static int five(void *unused)
{
    (void)unused;
    int r = simul_sleep(0);
    return r < 0 ? r : 5;
}

static int io_error(void *unused)
{
    (void)unused;
    return simul_fail(-EIO, "no such %s", "key");
}

static int ask_from_thread(void *unused)
{
    (void)unused;
    simul_concurrent_future *good = simul_run_coroutine_threadsafe(loop, five, NULL);
    simul_concurrent_future *bad = simul_run_coroutine_threadsafe(loop, io_error, NULL);
    int ok = simul_concurrent_future_result(good, SIMUL_FOREVER) == 5
             && simul_concurrent_future_result(good, 0) == 5
             && simul_concurrent_future_done(good)
             && !simul_concurrent_future_cancel(good)
             && simul_concurrent_future_result(bad, 1000) == -EIO
             && strcmp(simul_concurrent_future_message(bad), "no such key") == 0
             && strcmp(simul_concurrent_future_message(good), "success") == 0;
    simul_concurrent_future_release(good);
    simul_concurrent_future_release(bad);
    return ok;
}

TASK_TEST(thread_gets_result_and_error_of_a_coroutine_of_the_loop) /* T19 */
{
    loop = simul_get_running_loop();
    ck_assert_int_eq(simul_to_thread(ask_from_thread, NULL), 1);
}

/* wrap_future(): a thread waits for the future, and a task for the thread. */
static int result_of(void *future)
{
    return simul_concurrent_future_result(future, SIMUL_FOREVER);
}

static int main_of_another_loop(void *unused)
{
    (void)unused;
    simul_concurrent_future *future = simul_run_coroutine_threadsafe(loop, five, NULL);
    int r = simul_to_thread(result_of, future);
    simul_concurrent_future_release(future);
    return r;
}

static int another_loop(void *unused)
{
    return simul_run(main_of_another_loop, unused);
}

TASK_TEST(task_of_another_loop_is_awaited_through_a_thread)
{
    loop = simul_get_running_loop();
    ck_assert_int_eq(simul_to_thread(another_loop, NULL), 5);
}

/* ---- cancelling (T19) ------------------------------------------------------------------------ */

static sem_t waiting;

static int wait_for_ever(void *unused)
{
    (void)unused;
    sem_post(&waiting);
    int r = simul_sleep(INFINITY);
    trace("%s", simul_error_name(r));
    return r;
}

static int cancel_from_thread(void *gate)
{
    simul_concurrent_future *future = simul_run_coroutine_threadsafe_at(
        loop, wait_for_ever, gate, release_gate, SIMUL_HERE);
    while (sem_trywait(&waiting) < 0 && !simul_concurrent_future_done(future))
        sched_yield();
    int r = simul_concurrent_future_result(future, 0.001);
    bool done = simul_concurrent_future_done(future);
    bool taken = simul_concurrent_future_cancel(future);
    bool again = simul_concurrent_future_cancel(future);
    int after = simul_concurrent_future_result(future, SIMUL_FOREVER);
    simul_concurrent_future_release(future);
    return r == -ETIMEDOUT && !done && taken && !again && after == -ECANCELED;
}

TASK_TEST(thread_cancels_a_coroutine_of_the_loop) /* T19 */
{
    static struct gate gate;
    loop = simul_get_running_loop();
    sem_init(&waiting, 0, 0);
    ck_assert_int_eq(simul_to_thread(cancel_from_thread, &gate), 1);
    let_run(5);
    ck_assert_trace("ECANCELED");
    ck_assert_int_eq(released(&gate), 1);
}

/* ---- before it began ----------------------------------------------------------------------------- */

TEST(future_that_is_cancelled_before_the_loop_runs_calls_nothing)
{
    static struct gate gate;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_concurrent_future *future = simul_run_coroutine_threadsafe_at(
        loop, through_gate, &gate, release_gate, SIMUL_HERE);
    ck_assert(simul_concurrent_future_cancel(future));
    ck_assert_int_eq(simul_concurrent_future_result(future, SIMUL_FOREVER), -ECANCELED);
    ck_assert_int_eq(released(&gate), 0);
    simul_loop_run_once(loop, 0);
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(released(&gate), 1);
    ck_assert_int_eq(called(&gate), 0);
    simul_concurrent_future_release(future);
    simul_loop_close(loop);
}

/* ---- the loop closes before ------------------------------------------------------------------------ */

static simul_concurrent_future *left_when_closed(int turns, struct gate *gate)
{
    capture_log();
    sem_init(&waiting, 0, 0);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_concurrent_future *future = simul_run_coroutine_threadsafe_at(
        loop, wait_for_ever, gate, release_gate, SIMUL_HERE);
    for (int i = 0; i < turns; i++)
        simul_loop_run_once(loop, 0);
    simul_loop_close(loop);
    return future;
}

static void check_left(int turns)
{
    static struct gate gate;
    simul_concurrent_future *future = left_when_closed(turns, &gate);
    ck_assert_ptr_nonnull(future);
    ck_assert_int_eq(simul_concurrent_future_result(future, SIMUL_FOREVER), -ECANCELED);
    ck_assert(!simul_concurrent_future_cancel(future));
    ck_assert_int_eq(released(&gate), 1);
    simul_concurrent_future_release(future);
}

TEST(future_ends_cancelled_when_the_loop_is_closed_before_it_began)
{
    check_left(0);
}

TEST(future_ends_cancelled_when_the_loop_is_closed_while_the_task_waits)
{
    check_left(2);
}

static void *wait_for_result(void *future)
{
    return (void *)(intptr_t)simul_concurrent_future_result(future, SIMUL_FOREVER);
}

TEST(thread_that_waits_is_told_when_the_loop_is_closed)
{
    pthread_t thread;
    void *r = NULL;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_concurrent_future *future = simul_run_coroutine_threadsafe(loop, five, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_result, future), 0);
    simul_loop_close(loop);
    pthread_join(thread, &r);
    ck_assert_int_eq((intptr_t)r, future ? -ECANCELED : -ENOMEM);
    simul_concurrent_future_release(future);
}

/* ---- what makes no sense ----------------------------------------------------------------------------- */

TASK_TEST(loops_own_thread_cannot_wait_for_itself)
{
    simul_concurrent_future *future =
        simul_run_coroutine_threadsafe(simul_get_running_loop(), five, NULL);
    ck_assert_ptr_nonnull(future);
    ck_assert_int_eq(simul_concurrent_future_result(future, SIMUL_FOREVER), -EDEADLK);
    let_run(5);
    ck_assert_int_eq(simul_concurrent_future_result(future, SIMUL_FOREVER), 5);
    simul_concurrent_future_release(future);
}

TEST(without_a_loop_there_is_no_future)
{
    static struct gate gate;
    ck_assert_ptr_null(
        simul_run_coroutine_threadsafe_at(NULL, five, &gate, release_gate, SIMUL_HERE));
    ck_assert_int_eq(released(&gate), 1);
    ck_assert_int_eq(simul_concurrent_future_result(NULL, 1), -ENOMEM);
    ck_assert(simul_concurrent_future_done(NULL));
    ck_assert(!simul_concurrent_future_cancel(NULL));
    ck_assert_str_eq(simul_concurrent_future_message(NULL), simul_strerror(-ENOMEM));
    simul_concurrent_future_release(NULL);
}

/* ---- context ------------------------------------------------------------------------------------------ */

static simul_context_var user = {.name = "user", .default_value = "nobody"};

static int say_user(void *unused)
{
    (void)unused;
    trace("%s", (char *)simul_context_var_get(&user));
    return 0;
}

static int ask_with_user(void *unused)
{
    (void)unused;
    simul_context_var_set(&user, (void *)"thread", NULL, NULL);
    simul_concurrent_future *future =
        simul_run_coroutine_threadsafe(loop, say_user, NULL);
    int r = simul_concurrent_future_result(future, SIMUL_FOREVER);
    simul_concurrent_future_release(future);
    return r;
}

TASK_TEST(coroutine_runs_in_a_copy_of_the_threads_context)
{
    loop = simul_get_running_loop();
    simul_context_var_set(&user, (void *)"task", NULL, NULL);
    ck_assert_int_eq(simul_to_thread(ask_with_user, NULL), 0);
    ck_assert_trace("thread");
}

HARNESS_MAIN_BACKEND("threadsafe")
