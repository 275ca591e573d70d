/* SPDX-License-Identifier: MIT */
/* Deadlocks: when they are found, what the report says, and what keeps them from being
 * found; and the dump of all tasks, which is the same code. */
#include "task/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/single_threaded.h>
#include <unistd.h>

/* ---- found ---------------------------------------------------------------------------- */

static int wait_for_ever(void *unused)
{
    (void)unused;
    simul_future *f = simul_create_future();
    int r = simul_await(f);
    trace("%s", simul_error_name(r));
    simul_release(f);
    return r;
}

static int await_it(void *future)
{
    return simul_await(future);
}

static int entangle(void *unused)
{
    (void)unused;
    static const simul_task_opts a = {.name = "alice"}, b = {.name = "bob"};
    simul_task *alice = simul_create_task_opts(wait_for_ever, NULL, &a);
    simul_task *bob = simul_create_task_opts(await_it, alice, &b);
    int r = simul_await(bob);
    simul_release(alice);
    simul_release(bob);
    return r;
}

TEST(deadlock_ends_the_run_and_the_report_names_every_task) /* B06 */
{
    capture_log();
    ck_assert_int_eq(run_like_asyncio(entangle, NULL), -EDEADLK);

    ck_assert_trace("ECANCELED"); /* the tasks were cancelled and could clean up */
    ck_assert_int_eq(logged("deadlock: nothing is left that could wake these tasks"),
                     1);
    ck_assert_int_eq(logged("3 tasks on the loop"), 1);
    ck_assert_int_eq(logged("alice: waiting, in future"), 1);
    ck_assert_int_eq(logged("bob: waiting, in task alice"), 1);
    ck_assert_int_eq(logged("Task-1: waiting, in task bob"), 1);
    ck_assert_int_ge(logged("made at "), 3);
    ck_assert_int_ge(logged("test_deadlock.c:"), 2);
}

TEST(deadlock_is_found_with_the_real_clock_too)
{
    capture_log();
    ck_assert_int_eq(simul_run(entangle, NULL), -EDEADLK);
    ck_assert_int_eq(logged("deadlock: nothing"), 1);
    trace_take();
}

static int swallow_and_wait(void *unused)
{
    (void)unused;
    simul_sleep(INFINITY);
    simul_cancel_caught();
    simul_sleep(INFINITY);
    return 0;
}

static int leave_one_that_swallows(void *unused)
{
    (void)unused;
    simul_release(simul_create_task(swallow_and_wait, NULL));
    simul_sleep(0);
    return 7;
}

TEST(leftover_that_waits_for_nothing_is_a_deadlock)
{
    capture_log();
    ck_assert_int_eq(run_like_asyncio(leave_one_that_swallows, NULL), -EDEADLK);
    ck_assert_int_eq(logged("deadlock: nothing"), 1);
    ck_assert_int_eq(logged("cancelling 1"), 1);
    ck_assert_int_eq(logged("a task was destroyed while it was pending"), 1);
}

TEST(loop_that_runs_for_ever_over_nothing_is_a_deadlock)
{
    simul_loop *loop;
    if (!__libc_single_threaded)
        return; /* another thread might wake it: a sanitizer's */
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_loop_run_forever(loop), -EDEADLK);
    ck_assert_int_eq(simul_loop_run_once(loop, -1), -EDEADLK);
    ck_assert_int_eq(simul_loop_run_once(loop, 0), 0);
    ck_assert_int_eq(logged("0 tasks on the loop"), 2);
    simul_loop_close(loop);
}

static int sleep_infinitely(void *unused)
{
    (void)unused;
    return simul_sleep(INFINITY);
}

TEST(sleep_without_an_end_is_no_timer)
{
    capture_log();
    ck_assert_int_eq(run_like_asyncio(sleep_infinitely, NULL), -EDEADLK);
    ck_assert_int_eq(logged("Task-1: waiting, in sleep"), 1);
}

/* ---- not found, as something may still happen --------------------------------------------- */

static void set_it(void *future)
{
    simul_set_result(future, 6);
}

static int wait_for_a_timer(void *unused)
{
    (void)unused;
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_call_later(NULL, 1, set_it, f, NULL), 0);
    int r = simul_await(f);
    simul_release(f);
    return r;
}

TEST(timer_is_no_deadlock)
{
    ck_assert_int_eq(run_like_asyncio(wait_for_a_timer, NULL), 6);
}

static int fds[2];

static void read_it(void *future)
{
    char byte;
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    simul_remove_reader(NULL, fds[0]);
    simul_set_result(future, byte);
}

static void *write_later(void *unused)
{
    (void)unused;
    usleep(20000);
    ck_assert_int_eq(write(fds[1], "!", 1), 1);
    return NULL;
}

static int wait_for_a_reader(void *unused)
{
    (void)unused;
    pthread_t thread;
    simul_future *f = simul_create_future();
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], read_it, f), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);
    int r = simul_await(f);
    pthread_join(thread, NULL);
    simul_release(f);
    close(fds[0]);
    close(fds[1]);
    return r;
}

TEST(reader_is_no_deadlock)
{
    ck_assert_int_eq(run_like_asyncio(wait_for_a_reader, NULL), '!');
}

static void *signal_later(void *unused)
{
    (void)unused;
    usleep(20000);
    kill(getpid(), SIGUSR1);
    return NULL;
}

static int wait_for_a_signal(void *unused)
{
    (void)unused;
    pthread_t thread;
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, set_it, f), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, signal_later, NULL), 0);
    int r = simul_await(f);
    pthread_join(thread, NULL);
    simul_remove_signal_handler(NULL, SIGUSR1);
    simul_release(f);
    return r;
}

TEST(users_signal_handler_is_no_deadlock)
{
    ck_assert_int_eq(run_like_asyncio(wait_for_a_signal, NULL), 6);
}

struct message {
    simul_loop *loop;
    simul_future *future;
};

static void *call_later(void *arg)
{
    struct message *message = arg;
    usleep(20000);
    while (simul_call_soon_threadsafe(message->loop, set_it, message->future, NULL) < 0)
        ; /* the others wait for this one */
    return NULL;
}

static int wait_for_a_thread(void *unused)
{
    (void)unused;
    pthread_t thread;
    struct message message = {simul_get_running_loop(), simul_create_future()};
    ck_assert_int_eq(pthread_create(&thread, NULL, call_later, &message), 0);
    int r = simul_await(message.future);
    pthread_join(thread, NULL);
    simul_release(message.future);
    return r;
}

TEST(what_another_thread_could_wake_is_reported_once_and_waits_on)
{
    capture_log();
    ck_assert_int_eq(simul_run(wait_for_a_thread, NULL), 6);
    ck_assert_int_eq(logged("deadlock: nothing"), 1);
}

/* ---- the dump -------------------------------------------------------------------------------- */

static char text[8192];

static void dump(void)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    ck_assert_ptr_nonnull(out);
    simul_dump_tasks(NULL, out);
    fclose(out);
}

TASK_TEST(dump_tells_state_wait_and_place_of_every_task)
{
    static const simul_task_opts opts = {.name = "sleeper"};
    double seconds = 9;
    simul_task *t = simul_create_task_opts(sleeper, &seconds, &opts);
    simul_task *fresh = simul_create_task(nothing, NULL);
    dump();
    ck_assert_ptr_nonnull(strstr(text, "3 tasks on the loop"));
    ck_assert_ptr_nonnull(strstr(text, "Task-1: running"));
    ck_assert_ptr_nonnull(strstr(text, "sleeper: new"));

    simul_sleep(2);
    dump();
    ck_assert_ptr_nonnull(strstr(text, "sleeper: waiting, in sleep, for 2.000 s"));
    ck_assert_ptr_nonnull(strstr(text, "test_deadlock.c:"));
    simul_cancel(t);
    dump();
    ck_assert_ptr_nonnull(strstr(text, "sleeper: ready, cancelling 1"));
    simul_await(t);
    simul_release(t);
    simul_release(fresh);
}

static __attribute__((noinline)) char fill(size_t n)
{
    volatile char deep[4096];
    for (size_t i = 0; i < sizeof deep; i++)
        deep[i] = (char)n;
    return deep[n];
}

static int fill_after_a_while(void *unused)
{
    (void)unused;
    int r = simul_sleep(1);
    return r < 0 ? r : fill(7);
}

/* Its backtrace was taken on its own stack, and AddressSanitizer knew of frames there. */
TASK_TEST(task_goes_on_in_deep_frames_after_it_was_dumped)
{
    simul_task *t = simul_create_task(fill_after_a_while, NULL);
    let_run(1);
    dump();

    ck_assert_int_eq(simul_await(t), 7);
    simul_release(t);
}

TEST(dump_without_a_loop_says_so)
{
    dump();
    ck_assert_str_eq(text, "no running loop\n");
}

static int dump_on_signal(void *unused)
{
    (void)unused;
    ck_assert_int_eq(simul_dump_tasks_on_signal(NULL, SIGUSR2), 0);
    kill(getpid(), SIGUSR2);
    return simul_sleep(0.01);
}

TEST(dump_on_a_signal_goes_to_standard_error)
{
    int out[2], saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe2(out, O_NONBLOCK), 0); /* nothing may come */
    dup2(out[1], STDERR_FILENO);
    int r = simul_run(dump_on_signal, NULL);
    dup2(saved, STDERR_FILENO);
    ck_assert_int_gt(read(out[0], text, sizeof text - 1), 0);
    close(out[0]);
    close(out[1]);
    close(saved);

    ck_assert_int_eq(r, 0);
    ck_assert_ptr_nonnull(strstr(text, "1 task on the loop"));
    ck_assert_ptr_nonnull(strstr(text, "Task-1: waiting, in sleep"));
}

HARNESS_MAIN_BACKEND("deadlock")
