/* SPDX-License-Identifier: MIT */
/* run(): one main task from beginning to end; signals; threads; fork (S49, S51, S57). */
#include "task/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- results ---------------------------------------------------------------------------- */

static int return_it(void *r)
{
    return *(int *)r;
}

TEST(run_returns_what_main_returned)
{
    int results[] = {0, 42, -EIO, -SIMUL_EEOF};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(simul_run(return_it, &results[i]), results[i]);
}

static int cancel_self(void *unused)
{
    (void)unused;
    simul_cancel(simul_current_task());
    return simul_sleep(1);
}

TEST(main_that_is_cancelled_by_others_than_a_signal) /* N02 */
{
    ck_assert_int_eq(run_like_asyncio(cancel_self, NULL), -ECANCELED);
}

TEST(options_that_make_no_sense_are_refused)
{
    int zero = 0;
    const simul_loop_opts bad[] = {{.backend = "carrier pigeon"},
                                   {.poll_interval = -1},
                                   {.slow_callback = NAN},
                                   {.slow_callback = -1},
                                   {.stack_size = 1}};
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(simul_run_opts(return_it, &zero, &bad[i]), -EINVAL);
}

TEST(exit_status_of_results)
{
    ck_assert_int_eq(simul_exit(0), 0);
    ck_assert_int_eq(simul_exit(42), 0);
    ck_assert_int_eq(simul_exit(-EIO), 1);
    ck_assert_int_eq(simul_exit(-SIMUL_EINTERRUPTED), 130);
}

/* What simul_exit(r) writes to standard error. */
static const char *words_of_exit(int r)
{
    static char text[512];
    int file = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600), before = dup(2);
    ck_assert(file >= 0 && before >= 0);
    dup2(file, 2);
    simul_exit(r);
    dup2(before, 2);
    ssize_t n = pread(file, text, sizeof text - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    close(before);
    close(file);
    return text;
}

TEST(loop_that_cannot_be_made_is_explained)
{
    int zero = 0;
    const simul_loop_opts bad = {.backend = "carrier pigeon"};
    int r = simul_run_opts(return_it, &zero, &bad);
    ck_assert_str_eq(words_of_exit(r), "error: an event loop cannot be made, backend "
                                       "carrier pigeon: Invalid argument (EINVAL)\n");
    setenv("SIMUL_BACKEND", "drums", 1);
    r = simul_run(return_it, &zero);
    ck_assert_str_eq(words_of_exit(r),
                     "error: an event loop cannot be made, "
                     "SIMUL_BACKEND=drums: Invalid argument (EINVAL)\n");
}

/* ---- nesting (L05) ------------------------------------------------------------------------- */

static int nest(void *unused)
{
    (void)unused;
    simul_loop *loop = simul_get_running_loop(), *other;
    int zero = 0;
    ck_assert_int_eq(simul_loop_new(&other, NULL), 0);
    simul_future *done = simul_create_future();
    simul_set_result(done, 1);

    trace("%d", simul_loop_run_forever(loop) == -SIMUL_ERUNNING);
    trace("%d", simul_loop_run_forever(other) == -SIMUL_ERUNNING);
    trace("%d", simul_loop_run_once(other, 0) == -SIMUL_ERUNNING);
    trace("%d", simul_loop_run_until_complete(loop, done) == -SIMUL_ERUNNING);
    trace("%d", simul_run(return_it, &zero) == -SIMUL_ERUNNING);
    trace("%d", simul_loop_close(loop) == -SIMUL_ERUNNING);
    trace("%d", simul_get_running_loop() == loop); /* 2.8: nothing was cleared */
    trace("%d", simul_sleep(0.01));
    simul_loop_close(other);
    simul_release(done);
    return 0;
}

TEST(run_inside_of_a_run_is_refused_and_harms_nothing) /* L05, S3 */
{
    ck_assert_int_eq(run_like_asyncio(nest, NULL), 0);
    ck_assert_trace("1 1 1 1 1 1 1 0");
    ck_assert_ptr_null(simul_get_running_loop());
}

/* ---- leftovers (N03, S51) --------------------------------------------------------------------- */

static int fails_in_cleanup(void *unused)
{
    (void)unused;
    simul_sleep(9);
    return -EIO;
}

static int stubborn(void *unused)
{
    (void)unused;
    simul_sleep(9);
    simul_cancel_caught();
    int r = simul_sleep(0.001);
    trace("stubborn finished %d", r);
    return 0;
}

static int leave_two(void *unused)
{
    (void)unused;
    trace_errors();
    simul_release(simul_create_task(stubborn, NULL));
    simul_release(simul_create_task(fails_in_cleanup, NULL));
    simul_sleep(0);
    return 5;
}

TEST(leftovers_are_cancelled_awaited_and_their_errors_reported) /* N03, S51 */
{
    ck_assert_int_eq(run_like_asyncio(leave_two, NULL), 5);
    const char *told = trace_take();
    ck_assert_ptr_nonnull(strstr(told, "stubborn finished 0"));
    ck_assert_ptr_nonnull(
        strstr(told, "(EIO: a task failed while the run was shutting down"));
}

static int long_cleanup(void *unused)
{
    (void)unused;
    simul_sleep(99);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    for (int i = 0; i < 3; i++)
        trace("%d", simul_sleep(1));
    simul_cleanup_exit(&cleanup);
    trace("cleaned up");
    return 0;
}

static int leave_long_and_short(void *unused)
{
    (void)unused;
    simul_release(simul_create_task(long_cleanup, NULL));
    simul_release(simul_create_task(sleep_forever, NULL));
    simul_sleep(0);
    return 0;
}

TEST(leftover_that_cleans_up_is_cancelled_once_only) /* S51 */
{
    ck_assert_int_eq(run_like_asyncio(leave_long_and_short, NULL), 0);
    ck_assert_trace("0 0 0 cleaned up");
}

static int spawns_when_cancelled(void *unused)
{
    (void)unused;
    simul_sleep(9);
    simul_release(simul_create_task(long_cleanup, NULL));
    return 0;
}

static int leave_a_spawner(void *unused)
{
    (void)unused;
    simul_release(simul_create_task(spawns_when_cancelled, NULL));
    return simul_sleep(0);
}

TEST(task_made_while_the_run_shuts_down_is_cancelled_too) /* S51; asyncio leaves it */
{
    ck_assert_int_eq(run_like_asyncio(leave_a_spawner, NULL), 0);
    ck_assert_trace("0 0 0 cleaned up");
}

static int say_started(void *unused)
{
    (void)unused;
    trace("started");
    simul_sleep(1);
    return 0;
}

static int leave_unstarted(void *unused)
{
    (void)unused;
    static const simul_task_opts opts = {.release_arg = trace_text};
    static char arg[] = "released";
    simul_release(simul_create_task_opts(say_started, arg, &opts));
    return 0;
}

TEST(leftover_that_was_ready_takes_its_first_step) /* as in asyncio */
{
    ck_assert_int_eq(run_like_asyncio(leave_unstarted, NULL), 0);
    ck_assert_trace("started released");
}

static void stop_loop(void *loop)
{
    simul_loop_stop(loop);
}

static int stop_and_leave(void *unused)
{
    (void)unused;
    simul_release(simul_create_task(long_cleanup, NULL));
    simul_sleep(0);
    ck_assert_int_eq(simul_call_soon(NULL, stop_loop, NULL, NULL), 0);
    return 0;
}

TEST(stop_does_not_cut_the_shutdown_short)
{
    ck_assert_int_eq(run_like_asyncio(stop_and_leave, NULL), 0);
    ck_assert_trace("0 0 0 cleaned up");
}

static int stopped_main(void *unused)
{
    (void)unused;
    ck_assert_int_eq(simul_call_soon(NULL, stop_loop, NULL, NULL), 0);
    int r = simul_sleep(1);
    trace("%s", simul_error_name(r));
    return r;
}

TEST(stop_in_a_run_cancels_main)
{
    ck_assert_int_eq(run_like_asyncio(stopped_main, NULL), -SIMUL_ESTOPPED);
    ck_assert_trace("ECANCELED");
}

/* ---- again, and in several threads --------------------------------------------------------------- */

TEST(runs_one_after_another)
{
    double seconds = 1;
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(run_like_asyncio(sleeper, &seconds), 0);
}

static int count_in_tasks(void *sum)
{
    static double seconds[] = {0, 0.01, 0.02};
    simul_task *tasks[20];
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 20; i++)
            tasks[i] = simul_create_task(sleeper, &seconds[i % 3]);
        int r = simul_gather(tasks, 20, 0);
        simul_release_all(tasks, 20);
        if (r < 0)
            return r;
        ++*(int *)sum;
    }
    return 0;
}

static void *run_in_thread(void *sum)
{
    const simul_loop_opts opts = {.virtual_clock = true};
    int r = simul_run_opts(count_in_tasks, sum, &opts);
    return r == 0 ? sum : NULL;
}

TEST(loops_in_several_threads_at_once) /* S58 */
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int sums[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, run_in_thread, &sums[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, &sums[i]);
        ck_assert_int_eq(sums[i], 20);
    }
}

/* ---- SIGINT and SIGTERM (N01, N02, S49), each in a child of its own ---------------------------------- */

/* The exit status of a process in which `body` runs; its word is an exit status. */
static int in_child(int (*body)(void))
{
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGALRM, SIG_DFL);
        _exit(body());
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void interrupt(void *unused)
{
    (void)unused;
    kill(getpid(), SIGINT);
}

static int sleep_until_interrupted(void *unused)
{
    (void)unused;
    ck_assert_int_eq(simul_call_later(NULL, 0.01, interrupt, NULL, NULL), 0);
    return simul_sleep(9);
}

static int first_interrupt(void)
{
    return simul_run(sleep_until_interrupted, NULL) == -SIMUL_EINTERRUPTED ? 0 : 1;
}

TEST(first_interrupt_cancels_main) /* S49, N01 */
{
    ck_assert_int_eq(in_child(first_interrupt), 0);
}

static int swallow_interrupt(void *unused)
{
    int r = sleep_until_interrupted(unused);
    simul_cancel_caught();
    return r == -ECANCELED ? 11 : 12;
}

static int swallowed_interrupt(void)
{
    return simul_run(swallow_interrupt, NULL);
}

TEST(main_that_swallows_an_interrupt_returns_normally) /* N02 */
{
    ck_assert_int_eq(in_child(swallowed_interrupt), 11);
}

static int cancel_and_interrupt(void *unused)
{
    simul_cancel(simul_current_task());
    simul_sleep(0);
    simul_cancel_caught();
    return sleep_until_interrupted(unused);
}

static int cancelled_by_others_too(void)
{
    return simul_run(cancel_and_interrupt, NULL) == -ECANCELED ? 0 : 1;
}

TEST(interrupt_of_a_main_that_others_cancelled_too) /* N02 */
{
    ck_assert_int_eq(in_child(cancelled_by_others_too), 0);
}

static int interrupt_in_cleanup(void *unused)
{
    sleep_until_interrupted(unused);
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    interrupt(NULL);
    simul_sleep(60);
    _exit(3);
}

static int second_interrupt(void)
{
    capture_log();
    return simul_run(interrupt_in_cleanup, NULL) == -SIMUL_EINTERRUPTED ? 0 : 1;
}

TEST(second_interrupt_ends_the_run_at_once) /* S49, N02 */
{
    ck_assert_int_eq(in_child(second_interrupt), 0);
}

static int interrupt_leftovers(void *unused)
{
    (void)unused;
    simul_release(simul_create_task(sleep_forever, NULL));
    simul_release(simul_create_task(interrupt_in_cleanup, NULL));
    simul_sleep(0);
    return 0;
}

static int interrupt_at_shutdown(void)
{
    capture_log();
    return simul_run(interrupt_leftovers, NULL) == -SIMUL_EINTERRUPTED ? 0 : 1;
}

TEST(interrupt_while_the_run_shuts_down_ends_it) /* main is done: as the second */
{
    ck_assert_int_eq(in_child(interrupt_at_shutdown), 0);
}

static int never_wait(void *unused)
{
    (void)unused;
    alarm(10); /* kills it if the interrupts do not */
    while (alarm(10) > 0)
        kill(getpid(), SIGINT);
    return 0;
}

static int interrupt_a_hog(void)
{
    return simul_run(never_wait, NULL);
}

TEST(interrupt_of_a_task_that_never_waits_kills_in_the_end)
{
    ck_assert_int_eq(in_child(interrupt_a_hog), -SIGINT);
}

static int terminated(void *unused)
{
    (void)unused;
    kill(getpid(), SIGTERM);
    return simul_sleep(9);
}

static int terminate_wanted(void)
{
    const simul_loop_opts opts = {.terminate = true};
    return simul_run_opts(terminated, NULL, &opts) == -SIMUL_EINTERRUPTED ? 0 : 1;
}

static int terminate_unwanted(void)
{
    return simul_run(terminated, NULL);
}

TEST(termination_cancels_main_only_if_asked_to)
{
    ck_assert_int_eq(in_child(terminate_wanted), 0);
    ck_assert_int_eq(in_child(terminate_unwanted), -SIGTERM);
}

static int no_signals(void)
{
    const simul_loop_opts opts = {.no_signals = true};
    return simul_run_opts(sleep_until_interrupted, NULL, &opts);
}

TEST(interrupt_is_left_alone_on_request)
{
    ck_assert_int_eq(in_child(no_signals), -SIGINT);
}

static volatile sig_atomic_t own_handler;

static void on_own(int signum)
{
    own_handler = signum;
}

static int sleep_shortly(void *unused)
{
    (void)unused;
    interrupt(NULL);
    return simul_sleep(0.01);
}

static int own_disposition(void)
{
    signal(SIGINT, on_own);
    int r = simul_run(sleep_shortly, NULL);
    return r == 0 && own_handler == SIGINT ? 0 : 1;
}

TEST(interrupt_that_the_program_handles_itself_is_left_alone)
{
    ck_assert_int_eq(in_child(own_disposition), 0);
}

static int disposition_is_back(void)
{
    simul_run(sleep_until_interrupted, NULL);
    interrupt(NULL);
    return 5;
}

TEST(disposition_is_back_after_the_run)
{
    ck_assert_int_eq(in_child(disposition_is_back), -SIGINT);
}

/* ---- fork (N06, S57) -------------------------------------------------------------------------------------- */

static void note_signal(void *unused)
{
    (void)unused;
    trace("handled");
}

static int exit_status_of(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int fork_in_task(void *unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0) {
        double seconds = 0.1;
        bool none = !simul_get_running_loop() && !simul_current_task()
                    && simul_sleep(0) == -SIMUL_ENOTASK;
        _exit(none && run_like_asyncio(sleeper, &seconds) == 0 ? 0 : 1);
    }
    trace("%d", exit_status_of(pid));
    trace("%d", simul_sleep(0.1));
    return 0;
}

TEST(child_process_has_no_running_loop_and_may_run_its_own) /* N06, S57 */
{
    ck_assert_int_eq(run_like_asyncio(fork_in_task, NULL), 0);
    ck_assert_trace("0 0");
}

static int fork_and_signal(void *unused)
{
    (void)unused;
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, note_signal, NULL), 0);
    pid_t pid = fork();
    if (pid == 0) {
        kill(getpid(), SIGUSR1); /* the disposition of before: it dies */
        _exit(0);
    }
    trace("%d", exit_status_of(pid) == -SIGUSR1);
    simul_sleep(0.01);
    simul_remove_signal_handler(NULL, SIGUSR1);
    return 0;
}

TEST(signals_of_a_child_process_are_not_the_parents) /* S57 */
{
    ck_assert_int_eq(simul_run(fork_and_signal, NULL), 0);
    ck_assert_trace("1");
}

HARNESS_MAIN_BACKEND("run")
