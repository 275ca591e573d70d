/* SPDX-License-Identifier: MIT */
/* Pools of threads: what runs where and in which order, cancelling (S50), shutting down, and
 * what is left at the end. Also run under ThreadSanitizer. */
#include "task/trace.h"
#include "thread/gate.h"

#include <pthread.h>
#include <signal.h>
#include <simul/thread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const simul_job_opts releasing = {.release_arg = release_gate};

static simul_executor *make(int max_workers)
{
    simul_executor *executor = NULL;
    int r = simul_executor_new(&executor,
                               &(simul_executor_opts){.max_workers = max_workers});
    ck_assert_int_eq(r, 0);
    return executor;
}

static simul_future *submit(simul_executor *executor, simul_fn *fn, void *arg)
{
    simul_future *future = simul_run_in_executor(NULL, executor, fn, arg);
    ck_assert_ptr_nonnull(future);
    ck_assert_int_ne(simul_done(future) ? simul_error(future) : 0, -EAGAIN);
    return future;
}

/* ---- running ---------------------------------------------------------------------------- */

static int tell_thread(void *thread)
{
    *(pthread_t *)thread = pthread_self();
    return 5;
}

static int io_error(void *unused)
{
    (void)unused;
    return -EIO;
}

TASK_TEST(job_runs_in_another_thread_and_its_result_is_the_futures)
{
    pthread_t thread = pthread_self();
    simul_future *future = submit(NULL, tell_thread, &thread);
    ck_assert_int_eq(simul_await(future), 5);
    ck_assert(!pthread_equal(thread, pthread_self()));
    simul_release(future);
}

TASK_TEST(error_of_a_job_is_the_futures)
{
    simul_future *future = submit(NULL, io_error, NULL);
    ck_assert_int_eq(simul_await(future), -EIO);
    simul_release(future);
}

enum { N = 3 };

static struct gate gates[N];

TASK_TEST(as_many_jobs_run_at_once_as_there_may_be_threads)
{
    simul_future *futures[N];
    simul_executor *executor = make(N);
    for (int i = 0; i < N; i++) {
        gate_init(&gates[i]);
        futures[i] = submit(executor, through_gate, &gates[i]);
        ck_assert(has_begun(&gates[i], futures[i])); /* although none has ended */
    }
    for (int i = 0; i < N; i++)
        sem_post(&gates[i].open);
    ck_assert_int_eq(simul_gather(futures, N, 0), 0);
    simul_release_all(futures, N);
    simul_executor_release(executor);
}

static int in_order;

static int check_turn(void *turn)
{
    return in_order++ == (int)(intptr_t)turn ? 0 : -ERANGE;
}

TASK_TEST(one_thread_takes_jobs_in_the_order_of_their_coming)
{
    enum { JOBS = 100 };
    simul_future *futures[JOBS];
    simul_executor *executor = make(1);
    for (intptr_t i = 0; i < JOBS; i++)
        futures[i] = submit(executor, check_turn, (void *)i);
    ck_assert_int_eq(simul_gather(futures, JOBS, 0), 0);
    simul_release_all(futures, JOBS);
    simul_executor_release(executor);
}

static int count(void *counter)
{
    __atomic_add_fetch((int *)counter, 1, __ATOMIC_RELAXED);
    return 0;
}

static int count_in_pool(void *executor)
{
    enum { JOBS = 300 };
    static int counter;
    simul_future *futures[JOBS];
    for (int i = 0; i < JOBS; i++)
        futures[i] = simul_run_in_executor(NULL, executor, count, &counter);
    int r = simul_gather(futures, JOBS, 0);
    simul_release_all(futures, JOBS);
    return r;
}

static void *loop_in_thread(void *executor)
{
    return (void *)(intptr_t)simul_run(count_in_pool, executor);
}

TEST(loops_of_several_threads_share_a_pool)
{
    pthread_t threads[3];
    simul_executor *executor = make(2);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, loop_in_thread, executor),
                         0);
    for (int i = 0; i < 3; i++) {
        void *r;
        pthread_join(threads[i], &r);
        ck_assert_ptr_null(r);
    }
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    simul_executor_release(executor);
}

/* ---- the threads ------------------------------------------------------------------------- */

static int look_at_thread(void *unused)
{
    char name[16] = "";
    sigset_t blocked;
    (void)unused;
    pthread_getname_np(pthread_self(), name, sizeof name);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    if (!sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGCHLD)
        || !sigismember(&blocked, SIGTERM) || sigismember(&blocked, SIGSEGV))
        return -EINTR;
    return strcmp(name, "worker-thr_0") == 0 ? 0 : -ENAMETOOLONG;
}

TASK_TEST(threads_have_a_name_and_take_no_signals_of_the_process)
{
    simul_executor *executor = NULL;
    const simul_executor_opts opts = {.thread_name_prefix = "worker-threads-of-mine"};
    ck_assert_int_eq(simul_executor_new(&executor, &opts), 0);
    simul_future *future = submit(executor, look_at_thread, NULL);
    ck_assert_int_eq(simul_await(future), 0);
    simul_release(future);
    simul_executor_release(executor);
}

static int tell_stack(void *size)
{
    pthread_attr_t attr;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return -ENOSYS;
    pthread_attr_getstacksize(&attr, size);
    pthread_attr_destroy(&attr);
    return 0;
}

TASK_TEST(threads_have_the_stack_that_was_asked_for)
{
    size_t size = 0;
    simul_executor *executor = NULL;
    const simul_executor_opts opts = {.stack_size = 3 << 20};
    ck_assert_int_eq(simul_executor_new(&executor, &opts), 0);
    simul_future *future = submit(executor, tell_stack, &size);
    ck_assert_int_eq(simul_await(future), 0);
    ck_assert_uint_ge(size, 3 << 20);
    ck_assert_uint_lt(size, 8 << 20);
    simul_release(future);
    simul_executor_release(executor);
}

TEST(options_that_make_no_sense_are_refused)
{
    simul_executor *executor = NULL;
    ck_assert_int_eq(
        simul_executor_new(&executor, &(simul_executor_opts){.max_workers = -1}),
        -EINVAL);
    ck_assert_int_eq(
        simul_executor_new(&executor, &(simul_executor_opts){.stack_size = 1}),
        -EINVAL);
    ck_assert_ptr_null(executor);
    ck_assert_int_eq(simul_executor_shutdown(NULL, 0), -EINVAL);
    simul_executor_release(NULL);
}

/* ---- cancelling (S50) ---------------------------------------------------------------------- */

/* The first runs, the second is queued. */
static void submit_two(simul_executor *executor, simul_future *futures[2])
{
    for (int i = 0; i < 2; i++) {
        gate_init(&gates[i]);
        futures[i] = simul_run_in_executor_opts(NULL, executor, through_gate, &gates[i],
                                                &releasing);
    }
    ck_assert(futures[0] && futures[1]);
    ck_assert(has_begun(&gates[0], futures[0]));
}

TASK_TEST(
    job_that_runs_cannot_be_stopped_and_one_that_is_queued_is_taken_back) /* L10 */
{
    simul_future *futures[2];
    simul_executor *executor = make(1);
    submit_two(executor, futures);

    ck_assert(simul_cancel(futures[0]));
    ck_assert(simul_cancel(futures[1]));

    ck_assert(simul_cancelled(futures[0]) && simul_cancelled(futures[1]));
    ck_assert_int_eq(called(&gates[0]), 0);
    ck_assert_int_eq(released(&gates[0]), 0); /* the thread still works on it */
    ck_assert_int_eq(released(&gates[1]), 1);
    simul_release_all(futures, 2);
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    let_run(2);
    ck_assert_int_eq(called(&gates[0]), 1);
    ck_assert_int_eq(released(&gates[0]), 1);
    ck_assert_int_eq(called(&gates[1]), 0);
    ck_assert_int_eq(released(&gates[1]), 1);
    simul_executor_release(executor);
}

static int await_gate(void *unused)
{
    (void)unused;
    simul_future *future =
        simul_run_in_executor_opts(NULL, NULL, through_gate, &gates[0], &releasing);
    int r = simul_await(future);
    simul_release(future);
    return r;
}

TASK_TEST(task_that_awaits_a_running_job_is_cancelled_at_once) /* S50 */
{
    gate_init(&gates[0]);
    simul_task *task = simul_create_task(await_gate, NULL);
    ck_assert(has_begun(&gates[0], task));
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(released(&gates[0]), 0);
    sem_post(&gates[0].open);
    simul_release(task);
    ck_assert_int_eq(simul_loop_shutdown_default_executor(SIMUL_FOREVER), 0);
    let_run(2);
    ck_assert_int_eq(released(&gates[0]), 1);
}

/* ---- shutting down -------------------------------------------------------------------------- */

TASK_TEST(executor_that_is_shut_down_takes_no_more_and_does_what_it_has)
{
    simul_future *futures[2];
    simul_executor *executor = make(1);
    submit_two(executor, futures);
    ck_assert_int_eq(simul_executor_shutdown(executor, 0), 0);
    simul_future *late =
        simul_run_in_executor_opts(NULL, executor, through_gate, &gates[1], &releasing);
    ck_assert_int_eq(simul_await(late), -SIMUL_ESHUTDOWN);
    ck_assert_int_eq(released(&gates[1]), 1); /* the late one's */
    sem_post(&gates[0].open);
    sem_post(&gates[1].open);
    ck_assert_int_eq(simul_await(futures[0]), 7);
    ck_assert_int_eq(simul_await(futures[1]), 7);
    ck_assert_int_eq(released(&gates[1]), 2);
    simul_release_all(futures, 2);
    simul_release(late);
    simul_executor_release(executor);
}

TASK_TEST(shutdown_that_cancels_leaves_only_what_runs)
{
    simul_future *futures[2];
    simul_executor *executor = make(1);
    submit_two(executor, futures);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_CANCEL), 0);
    ck_assert_int_eq(simul_await(futures[1]), -ECANCELED);
    ck_assert(simul_cancelled(futures[1]));
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_await(futures[0]), 7);
    ck_assert_int_eq(called(&gates[1]), 0);
    ck_assert_int_eq(released(&gates[1]), 1);
    simul_release_all(futures, 2);
    simul_executor_release(executor);
}

static int open_gate(void *gate)
{
    trace("open");
    sem_post(&((struct gate *)gate)->open);
    return 0;
}

TASK_TEST(others_run_while_a_task_waits_for_the_threads)
{
    simul_executor *executor = make(1);
    gate_init(&gates[0]);
    simul_future *job = submit(executor, through_gate, &gates[0]);
    simul_task *opener = simul_create_task(open_gate, &gates[0]);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    trace("ended");
    ck_assert_trace("open ended");
    ck_assert_int_eq(called(&gates[0]), 1);
    simul_release(job);
    simul_release(opener);
    simul_executor_release(executor);
}

static int shut_down(void *executor)
{
    return simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT);
}

TASK_TEST(cancelled_while_it_waits_for_the_threads)
{
    simul_executor *executor = make(1);
    gate_init(&gates[0]);
    simul_future *job = submit(executor, through_gate, &gates[0]);
    simul_task *task = simul_create_task(shut_down, executor);
    simul_sleep(0);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_await(job), 7);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    simul_release(task);
    simul_release(job);
    simul_executor_release(executor);
}

TASK_TEST(job_that_would_wait_for_its_own_thread_is_refused)
{
    simul_executor *executor = make(1);
    simul_future *job = submit(executor, shut_down, executor);
    ck_assert_int_eq(simul_await(job), -EDEADLK);
    simul_release(job);
    simul_executor_release(executor);
}

/* ---- a loop's default executor (L11) ------------------------------------------------------------ */

TASK_TEST(after_the_default_executor_was_shut_down_there_is_none)
{
    simul_future *future = submit(NULL, nothing, NULL);
    ck_assert_int_eq(simul_await(future), 0);
    ck_assert_int_eq(simul_loop_shutdown_default_executor(SIMUL_FOREVER), 0);
    simul_future *late = simul_run_in_executor(NULL, NULL, nothing, NULL);
    ck_assert_int_eq(simul_await(late), -SIMUL_ESHUTDOWN);
    ck_assert_int_eq(simul_loop_shutdown_default_executor(1), 0);
    simul_release(future);
    simul_release(late);
}

TASK_TEST(shutdown_of_the_default_executor_gives_up_after_its_time)
{
    capture_log();
    gate_init(&gates[0]);
    simul_future *future = submit(NULL, through_gate, &gates[0]);
    ck_assert(has_begun(&gates[0], future));
    ck_assert_int_eq(simul_loop_shutdown_default_executor(0.01), -ETIMEDOUT);
    ck_assert_int_eq(logged("did not end within 0.01 seconds"), 1);
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_await(future), 7);
    simul_release(future);
}

static int use_executor(void *executor)
{
    simul_future *future = submit(executor, nothing, NULL);
    int r = simul_await(future);
    simul_release(future);
    return r;
}

TEST(default_executor_is_shut_down_when_its_loop_closes_though_others_hold_it)
{
    simul_loop *loop;
    simul_executor *executor = make(1);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_loop_set_default_executor(loop, executor), 0);
    simul_loop_close(loop);
    ck_assert_int_eq(simul_run(use_executor, executor), -SIMUL_ESHUTDOWN);
    simul_executor_release(executor);
}

TASK_TEST(default_executor_may_be_another)
{
    simul_executor *executor = make(1);
    ck_assert_int_eq(simul_loop_set_default_executor(NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_loop_set_default_executor(NULL, executor), 0);
    simul_executor_release(executor); /* the loop still has it */
    simul_future *futures[2];
    submit_two(NULL, futures);
    sem_post(&gates[0].open);
    sem_post(&gates[1].open);
    ck_assert_int_eq(simul_gather(futures, 2, 0), 0);
    simul_release_all(futures, 2);
}

static int leave_job(void *gate)
{
    simul_release(
        simul_run_in_executor_opts(NULL, NULL, through_gate, gate, &releasing));
    sem_post(&((struct gate *)gate)->open);
    return 0;
}

TEST(run_ends_when_its_jobs_have_ended) /* S51 */
{
    gate_init(&gates[0]);
    ck_assert_int_eq(run_like_asyncio(leave_job, &gates[0]), 0);
    ck_assert_int_eq(called(&gates[0]), 1);
    ck_assert_int_eq(released(&gates[0]), 1);
}

/* ---- the loop closes before --------------------------------------------------------------------- */

static void release_and_say(void *arg)
{
    release_gate(arg);
    sem_post(&((struct gate *)arg)->begun);
}

TEST(loop_that_is_closed_leaves_what_runs_and_takes_back_what_is_queued)
{
    simul_loop *loop;
    simul_executor *executor = make(1);
    const simul_job_opts opts = {.release_arg = release_and_say};
    ck_assert_int_eq(simul_loop_new(&loop, &(simul_loop_opts){.debug = true}), 0);
    capture_log();
    simul_future *futures[2];
    for (int i = 0; i < 2; i++) {
        gate_init(&gates[i]);
        futures[i] =
            simul_run_in_executor_opts(loop, executor, through_gate, &gates[i], &opts);
    }
    ck_assert(futures[0] && futures[1] && !simul_done(futures[0]));
    gate_wait(&gates[0].begun);

    ck_assert_int_eq(simul_loop_close(loop), 0);

    ck_assert_int_eq(logged("closed while 1 jobs were running"), 1);
    ck_assert_int_eq(released(&gates[0]), 0);
    ck_assert_int_eq(released(&gates[1]), 1);
    ck_assert_int_eq(called(&gates[1]), 0);
    sem_post(&gates[0].open);
    gate_wait(&gates[0].begun); /* the thread has released it */
    ck_assert_int_eq(released(&gates[0]), 1);
    simul_release_all(futures, 2);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    simul_executor_release(executor);
}

TEST(job_that_has_ended_when_the_loop_is_closed_is_released_once)
{
    simul_loop *loop;
    simul_executor *executor = make(1);
    gate_init(&gates[0]);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_future *future =
        simul_run_in_executor_opts(loop, executor, through_gate, &gates[0], &releasing);
    ck_assert_ptr_nonnull(future);
    sem_post(&gates[0].open);
    ck_assert_int_eq(simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT), 0);
    ck_assert_int_eq(released(&gates[0]), 0);
    simul_loop_close(loop);
    ck_assert_int_eq(released(&gates[0]), 1);
    simul_release(future);
    simul_executor_release(executor);
}

/* ---- the clock, deadlocks, forks -------------------------------------------------------------------- */

static int nap(void *unused)
{
    (void)unused;
    usleep(5000);
    return 0;
}

static void trace_it(simul_future *future, void *text)
{
    (void)future;
    trace("%s", (char *)text);
}

TASK_TEST(virtual_clock_waits_for_jobs)
{
    simul_future *future = submit(NULL, nap, NULL);
    simul_add_done_callback(future, trace_it, (void *)"job");
    simul_sleep(100);
    trace("sleeper");
    ck_assert_trace("job sleeper");
    simul_release(future);
}

static int await_job_only(void *unused)
{
    (void)unused;
    simul_future *future = simul_run_in_executor(NULL, NULL, nap, NULL);
    int r = simul_await(future);
    simul_release(future);
    return r;
}

TEST(loop_that_waits_for_a_job_is_not_deadlocked)
{
    capture_log();
    ck_assert_int_eq(simul_run(await_job_only, NULL), 0);
    ck_assert_int_eq(logged("deadlock"), 0);
}

static int submit_in_child(void *executor)
{
    simul_future *future = simul_run_in_executor(NULL, executor, nothing, NULL);
    int r = simul_await(future);
    simul_release(future);
    simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT);
    simul_executor_release(executor);
    return r;
}

TEST(executor_is_dead_in_the_child_of_a_fork) /* S57 */
{
    int status = -1;
    simul_executor *executor = make(1);
    ck_assert_int_eq(simul_run(use_executor, executor), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(simul_run(submit_in_child, executor) == -SIMUL_ESHUTDOWN ? 0 : 1);
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    simul_executor_shutdown(executor, SIMUL_SHUTDOWN_WAIT);
    simul_executor_release(executor);
}

HARNESS_MAIN_BACKEND("executor")
