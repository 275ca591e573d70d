/* SPDX-License-Identifier: MIT */
/* to_thread(): results, context, and what a cancel does to it (S50). Also run under
 * ThreadSanitizer. */
#include "task/trace.h"
#include "thread/gate.h"

#include <pthread.h>
#include <simul/context.h>
#include <simul/thread.h>

#include "thread/jobs.h"

static const simul_job_opts releasing = {.release_arg = release_gate};

static simul_context_var user = {.name = "user", .default_value = "nobody"};

/* ---- results, context (N05) ------------------------------------------------------------- */

static int add(void *numbers)
{
    int *n = numbers;
    n[2] = n[0] + n[1];
    return n[2];
}

TASK_TEST(function_runs_in_a_thread_on_the_callers_memory)
{
    int numbers[3] = {2, 3, 0};
    ck_assert_int_eq(simul_to_thread(add, numbers), 5);
    ck_assert_int_eq(numbers[2], 5);
}

static int io_error(void *unused)
{
    (void)unused;
    return -EIO;
}

TASK_TEST(error_of_the_function_is_returned) /* N05 */
{
    ck_assert_int_eq(simul_to_thread(io_error, NULL), -EIO);
}

static int check_user_and_set(void *expected)
{
    bool same = simul_context_var_get(&user) == expected;
    simul_context_var_set(&user, (void *)"thread", NULL, NULL);
    return same ? 1 : -ENOENT;
}

TASK_TEST(function_runs_in_a_copy_of_the_context) /* N05 */
{
    static char name[] = "ctx";
    ck_assert_int_eq(simul_context_var_set(&user, name, NULL, NULL), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_to_thread(check_user_and_set, name), 1);
    ck_assert_ptr_eq(simul_context_var_get(&user), name);
}

static int check_nobody(void *unused)
{
    (void)unused;
    return simul_context_var_get(&user) == user.default_value ? 1 : -ENOENT;
}

TASK_TEST(run_in_executor_does_not_copy_the_context) /* S50 */
{
    simul_context_var_set(&user, (void *)"ctx", NULL, NULL);
    simul_future *future = simul_run_in_executor(NULL, NULL, check_nobody, NULL);
    ck_assert_int_eq(simul_await(future), 1);
    simul_release(future);
}

TEST(only_a_task_can_wait_for_a_thread)
{
    static struct gate gate;
    ck_assert_int_eq(simul_to_thread(io_error, NULL), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_to_thread_opts(io_error, &gate, &releasing), -SIMUL_ENOTASK);
    ck_assert_int_eq(released(&gate), 1);
}

/* ---- from the thread (L14) --------------------------------------------------------------- */

static simul_future *of_loop;

static int touch_future(void *unused)
{
    (void)unused;
    return simul_set_result(of_loop, 0) == -SIMUL_ENOLOOP
           && simul_set_error(of_loop, -EIO) == -SIMUL_ENOLOOP
           && simul_add_done_callback(of_loop, trace_done, NULL) == -SIMUL_ENOLOOP
           && !simul_cancel(of_loop) && !simul_done(of_loop);
}

TASK_TEST(thread_is_refused_futures_of_the_loop_and_debug_mode_says_so) /* S56 */
{
    capture_log();
    of_loop = simul_create_future();
    ck_assert_ptr_nonnull(of_loop);
    ck_assert_int_eq(simul_to_thread(touch_future, NULL), 1);
    ck_assert_int_eq(logged("only the loop's own thread"), 0);
    simul_loop_set_debug(NULL, true);
    ck_assert_int_eq(simul_to_thread(touch_future, NULL), 1);
    ck_assert_int_eq(logged("only the loop's own thread"), 4);
    simul_loop_set_debug(NULL, false);
    simul_release(of_loop);
}

static int call_from_thread(void *loop)
{
    int r = simul_call_soon(loop, trace_text, (void *)"soon", NULL);
    if (r != -SIMUL_ENOLOOP || simul_get_running_loop() || simul_current_task())
        return -EPERM;
    return simul_call_soon_threadsafe(loop, trace_text, (void *)"threadsafe", NULL);
}

TASK_TEST(thread_is_refused_what_is_for_the_loops_own) /* L14 */
{
    ck_assert_int_eq(simul_to_thread(call_from_thread, simul_get_running_loop()), 0);
    simul_sleep(0);
    ck_assert_trace("threadsafe");
}

/* ---- cancelling (S50) ----------------------------------------------------------------------- */

static struct gate gates[2];

static int go_through_gate(void *gate)
{
    int r = simul_to_thread(through_gate, gate);
    trace("%d", r);
    return simul_sleep(1);
}

static int go_through_own_gate(void *gate)
{
    return simul_to_thread_opts(through_gate, gate, &releasing);
}

static simul_task *start(simul_fn *fn, struct gate *gate)
{
    gate_init(gate);
    simul_task *task = simul_create_task(fn, gate);
    ck_assert_ptr_nonnull(task);
    return task;
}

/* S50 */
TASK_TEST(cancelled_while_the_function_runs_it_waits_and_the_cancel_comes_next)
{
    simul_task *task = start(go_through_gate, &gates[0]);
    ck_assert(has_begun(&gates[0], task));
    simul_cancel(task);
    let_run(5);
    ck_assert(!simul_done(task)); /* the function still uses the task's memory */
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_trace("7");
    simul_release(task);
}

TASK_TEST(
    cancelled_while_the_function_runs_on_memory_of_its_own_it_ends_at_once) /* L10 */
{
    simul_task *task = start(go_through_own_gate, &gates[0]);
    ck_assert(has_begun(&gates[0], task));
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert(simul_cancelled(task));
    ck_assert_int_eq(called(&gates[0]), 0);
    ck_assert_int_eq(released(&gates[0]), 0);
    sem_post(&gates[0].open);
    simul_loop_shutdown_default_executor(SIMUL_FOREVER);
    let_run(2);
    ck_assert_int_eq(called(&gates[0]), 1);
    ck_assert_int_eq(released(&gates[0]), 1);
    simul_release(task);
}

static void use_one_thread(void)
{
    simul_executor *executor = NULL;
    ck_assert_int_eq(
        simul_executor_new(&executor, &(simul_executor_opts){.max_workers = 1}), 0);
    ck_assert_int_eq(simul_loop_set_default_executor(NULL, executor), 0);
    simul_executor_release(executor);
}

TASK_TEST(cancelled_before_the_function_began_it_never_does) /* S50 */
{
    use_one_thread();
    simul_task *busy = start(go_through_gate, &gates[0]);
    simul_task *plain = start(go_through_gate, &gates[1]);
    simul_task *owner = start(go_through_own_gate, &gates[1]);
    simul_sleep(0);
    ck_assert(has_begun(&gates[0], busy));
    simul_cancel(plain);
    simul_cancel(owner);
    ck_assert_int_eq(simul_await(plain), -ECANCELED);
    ck_assert_int_eq(simul_await(owner), -ECANCELED);
    ck_assert_int_eq(released(&gates[1]), 1);
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_await(busy), 0);
    ck_assert_trace("-125 7");
    ck_assert_int_eq(called(&gates[1]), 0);
    simul_release(busy);
    simul_release(plain);
    simul_release(owner);
}

static void *open_later(void *gate)
{
    gate_wait(&((struct gate *)gate)->begun);
    sem_post(&((struct gate *)gate)->open);
    return NULL;
}

TEST(loop_is_not_closed_before_the_function_has_left_the_tasks_memory)
{
    simul_loop *loop;
    pthread_t opener;
    capture_log();
    gate_init(&gates[0]);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_task *task = simul_loop_create_task(loop, go_through_gate, &gates[0], NULL);
    simul_loop_run_once(loop, 0);
    ck_assert(task && *trace_take() == '\0'); /* it waits */
    ck_assert_int_eq(pthread_create(&opener, NULL, open_later, &gates[0]), 0);
    simul_loop_close(loop);
    ck_assert_int_eq(called(&gates[0]), 1);
    pthread_join(opener, NULL);
    simul_release(task);
}

struct left {
    simul_loop *loop;
    simul_task *task;
};

static int close_all(void *arg)
{
    const struct left *left = arg;
    simul_release(left->task);
    return simul_loop_close(left->loop);
}

static int cancel_and_close_all(void *arg)
{
    simul_cancel(((const struct left *)arg)->task);
    return close_all(arg);
}

TEST(in_the_child_of_a_fork_a_loop_is_closed_though_its_function_never_ends) /* S57 */
{
    simul_loop *loop;
    capture_log();
    gate_init(&gates[0]);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_task *task = simul_loop_create_task(loop, go_through_gate, &gates[0], NULL);
    ck_assert_int_ge(simul_loop_run_once(loop, 0), 0);
    ck_assert(task && *trace_take() == '\0'); /* it waits */
    gate_wait(&gates[0].begun);
    struct left left = {loop, task};
    ck_assert_int_eq(harness_in_child(close_all, &left), 0);
    ck_assert_int_eq(harness_in_child(cancel_and_close_all, &left), 0);
    sem_post(&gates[0].open);
    simul_loop_close(loop);
    ck_assert_int_eq(called(&gates[0]), 1);
    simul_release(task);
}

static int gate_in_executor(void *executor)
{
    simul_future *future =
        simul_run_in_executor(NULL, executor, through_gate, &gates[0]);
    int r = simul_await(future);
    simul_release(future);
    return r;
}

/* As a thread of the pool, or another one, would have them at the wrong moment. */
static void take_locks(simul_loop *loop, simul_executor *executor)
{
    pthread_mutex_lock(&executor->lock.mutex);
    pthread_mutex_lock(&loop->jobs->lock.mutex);
    pthread_mutex_lock(&loop->inbox_lock.mutex);
}

static void give_locks(simul_loop *loop, simul_executor *executor)
{
    pthread_mutex_unlock(&loop->inbox_lock.mutex);
    pthread_mutex_unlock(&loop->jobs->lock.mutex);
    pthread_mutex_unlock(&executor->lock.mutex);
}

static simul_executor *pool;

static int release_and_close_all(void *left)
{
    simul_executor_shutdown(pool, SIMUL_SHUTDOWN_WAIT);
    simul_executor_release(pool);
    return cancel_and_close_all(left);
}

TEST(what_threads_have_locked_at_a_fork_is_nothing_to_the_child) /* S57 */
{
    struct left left;
    capture_log();
    gate_init(&gates[0]);
    ck_assert_int_eq(simul_executor_new(&pool, NULL), 0);
    ck_assert_int_eq(simul_loop_new(&left.loop, NULL), 0);
    left.task = simul_loop_create_task(left.loop, gate_in_executor, pool, NULL);
    ck_assert_int_ge(simul_loop_run_once(left.loop, 0), 0);
    ck_assert(left.loop->jobs && left.task && !simul_done(left.task));
    gate_wait(&gates[0].begun);

    take_locks(left.loop, pool);
    ck_assert_int_eq(harness_in_child(close_all, &left), 0);
    ck_assert_int_eq(harness_in_child(release_and_close_all, &left), 0);
    give_locks(left.loop, pool);

    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_loop_run_until_complete(left.loop, left.task), 7);
    simul_release(left.task);
    simul_loop_close(left.loop);
    simul_executor_release(pool);
}

/* ---- many -------------------------------------------------------------------------------------- */

static int adder(void *unused)
{
    (void)unused;
    for (int i = 0; i < 20; i++) {
        int numbers[3] = {i, 1, 0};
        int r = simul_to_thread(add, numbers);
        if (r != i + 1)
            return r < 0 ? r : -ERANGE;
    }
    return 0;
}

TASK_TEST(many_tasks_use_the_threads_at_once)
{
    simul_task *tasks[50];
    for (int i = 0; i < 50; i++)
        tasks[i] = simul_create_task(adder, NULL);
    ck_assert_int_eq(simul_gather(tasks, 50, 0), 0);
    simul_release_all(tasks, 50);
}

HARNESS_MAIN_BACKEND("to_thread")
