/* SPDX-License-Identifier: MIT */
/* Running: run_forever, run_until_complete, stop, close (S3), and a loop that lives in a
 * foreign one. */
#include "task/trace.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static simul_loop *loop;

static void open_loop(const simul_loop_opts *opts)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, opts), 0);
}

static void close_loop(void)
{
    ck_assert_int_eq(simul_loop_close(loop), 0);
}

static char a[] = "a", b[] = "b";

/* While the clock stands still, only what says so takes time. */
static struct timespec standing;
static bool stands;

int clock_gettime(clockid_t id, struct timespec *now)
{
    if (!stands || id != CLOCK_MONOTONIC)
        return (int)syscall(SYS_clock_gettime, id, now);
    *now = standing;
    return 0;
}

/* At a whole second: no rounding. */
static void stop_clock(void)
{
    clock_gettime(CLOCK_MONOTONIC, &standing);
    standing = (struct timespec){.tv_sec = standing.tv_sec + 1};
    stands = true;
}

static void start_clock(void)
{
    stands = false;
}

/* ---- stop (L03, L04, S3) ---------------------------------------------------------------- */

static void stop(void *which)
{
    simul_loop_stop(which);
}

TEST(stop_before_the_future_is_done) /* L04 */
{
    open_loop(NULL);
    simul_future *f = simul_loop_create_future(loop);
    ck_assert_int_eq(simul_call_soon(loop, stop, loop, NULL), 0);

    ck_assert_int_eq(simul_loop_run_until_complete(loop, f), -SIMUL_ESTOPPED);
    ck_assert(!simul_done(f));
    simul_release(f);
    close_loop();
}

static void say_and_schedule(void *text)
{
    trace_text(text);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, b, NULL), 0);
}

TEST(stop_finishes_the_pass_and_keeps_the_rest_for_the_next_run) /* L03, S3 */
{
    open_loop(NULL);
    ck_assert_int_eq(simul_call_soon(loop, stop, loop, NULL), 0);
    ck_assert_int_eq(simul_call_soon(loop, say_and_schedule, a, NULL), 0);

    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    ck_assert_trace("a");
    ck_assert_int_eq(simul_call_soon(loop, stop, loop, NULL), 0);
    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    ck_assert_trace("b");
    close_loop();
}

TEST(stop_before_the_run_gives_exactly_one_pass) /* L03, S3 */
{
    open_loop(NULL);
    ck_assert_int_eq(simul_call_soon(loop, say_and_schedule, a, NULL), 0);
    simul_loop_stop(loop);

    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    ck_assert_trace("a");
    ck_assert(!simul_loop_is_running(loop));
    close_loop();
    ck_assert_trace("");
}

static int yield_and_say(void *unused)
{
    (void)unused;
    for (int i = 0; i < 5; i++) {
        trace("%d", i);
        simul_sleep(0);
    }
    return 0;
}

TEST(tasks_too_get_one_pass_after_a_stop) /* L03 */
{
    open_loop(NULL);
    simul_task *t = simul_loop_create_task(loop, yield_and_say, NULL, NULL);
    simul_loop_stop(loop);
    simul_loop_run_forever(loop);
    ck_assert_trace("0");
    simul_loop_stop(loop);
    simul_loop_run_forever(loop);
    ck_assert_trace("1");
    ck_assert_int_eq(simul_call_soon(loop, stop, loop, NULL), 0);
    simul_loop_run_forever(loop);
    ck_assert_trace("2");

    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 0);
    ck_assert_trace("3 4");
    simul_release(t);
    close_loop();
}

static int stop_and_end(void *unused)
{
    (void)unused;
    simul_loop_stop(NULL);
    return 3;
}

TEST(stop_in_the_pass_in_which_the_future_gets_done)
{
    open_loop(NULL);
    simul_task *t = simul_loop_create_task(loop, stop_and_end, NULL, NULL);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 3);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 3);
    simul_release(t);
    close_loop();
}

TEST(runs_of_one_loop_one_after_another)
{
    open_loop(&like_asyncio);
    double seconds = 1;
    for (int i = 1; i <= 3; i++) {
        simul_task *t = simul_loop_create_task(loop, sleeper, &seconds, NULL);
        ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 0);
        ck_assert_double_eq(simul_loop_time(loop), i);
        simul_release(t);
    }
    close_loop();
}

TEST(run_until_what_is_done_or_of_another_loop_or_nothing)
{
    simul_loop *other;
    open_loop(NULL);
    simul_future *f = simul_loop_create_future(loop);
    simul_set_error(f, -EIO);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, f), -EIO);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, NULL), -ENOMEM);
    ck_assert_int_eq(simul_loop_new(&other, NULL), 0);
    ck_assert_int_eq(simul_loop_run_until_complete(other, f), -EXDEV);
    simul_loop_close(other);
    simul_release(f);
    close_loop();
}

static void look(void *arg)
{
    trace("%d %d", simul_loop_is_running(arg), simul_get_running_loop() == arg);
    simul_loop_stop(NULL);
}

TEST(loop_runs_only_while_it_runs)
{
    open_loop(NULL);
    ck_assert(!simul_loop_is_running(loop));
    ck_assert_int_eq(simul_call_soon(loop, look, loop, NULL), 0);
    simul_loop_run_forever(loop);
    ck_assert_trace("1 1");
    ck_assert(!simul_loop_is_running(loop));
    ck_assert_ptr_null(simul_get_running_loop());
    close_loop();
}

TEST(close_drops_what_is_scheduled)
{
    open_loop(NULL);
    ck_assert_int_eq(simul_call_soon(loop, trace_text, a, NULL), 0);
    ck_assert_int_eq(simul_call_later(loop, 0, trace_text, b, NULL), 0);
    close_loop();
    ck_assert_trace("");
}

/* ---- the exception handler (S6) ------------------------------------------------------------- */

static void note(simul_loop *which, const simul_error_context *context, void *arg)
{
    trace("%d %s %d %s %s", which == loop, context->message, context->error,
          context->detail, (char *)arg);
}

TEST(exception_handler_is_told_and_can_be_replaced) /* S6 */
{
    const simul_error_context context = {"something", -EIO, "with a disk", NULL};
    open_loop(NULL);
    simul_set_exception_handler(loop, note, a);
    simul_call_exception_handler(loop, &context);
    ck_assert_trace("1 something -5 with a disk a");

    simul_set_exception_handler(loop, NULL, NULL);
    simul_call_exception_handler(loop, &context);
    ck_assert_trace("");
    ck_assert_int_eq(logged("something: with a disk (EIO)"), 1);
    simul_call_exception_handler(loop, &(simul_error_context){.message = "no error"});
    ck_assert_int_eq(logged("no error\n"), 1);
    close_loop();
}

TEST(errors_without_a_loop_go_to_the_log)
{
    capture_log();
    simul_call_exception_handler(NULL,
                                 &(simul_error_context){"alone", -EIO, NULL, NULL});
    ck_assert_int_eq(logged("alone: "), 1);
}

/* ---- in a foreign loop ------------------------------------------------------------------------ */

TEST(run_once_runs_one_turn_and_says_whether_more_is_ready)
{
    open_loop(&(simul_loop_opts){.poll_interval = 1});
    ck_assert_int_eq(simul_loop_run_once(loop, 0), 0);
    ck_assert_int_eq(simul_loop_run_once(loop, NAN), -EINVAL);
    ck_assert_int_eq(simul_call_soon(loop, say_and_schedule, a, NULL), 0);
    ck_assert_double_eq(simul_loop_timeout(loop), 0);

    ck_assert_int_eq(simul_loop_run_once(loop, 0), 1);
    ck_assert_trace("a");
    ck_assert_int_eq(simul_loop_run_once(loop, 10), 0);
    ck_assert_trace("b");
    ck_assert(simul_loop_timeout(loop) < 0);
    close_loop();
}

TEST(timeout_of_the_loop_is_that_of_its_next_timer)
{
    open_loop(NULL);
    stop_clock();
    ck_assert_int_eq(simul_call_later(loop, 1000, trace_text, b, NULL), 0);
    double next = simul_loop_timeout(loop);
    start_clock();
    ck_assert_double_eq(next, 1000);
    ck_assert_int_eq(simul_call_later(loop, -1, trace_text, a, NULL), 0);
    ck_assert_double_eq(simul_loop_timeout(loop), 0);
    ck_assert_int_eq(simul_loop_run_once(loop, -1), 0);
    ck_assert_trace("a");
    close_loop();
}

static int fds[2];

static void read_byte(void *task)
{
    char byte;
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    simul_remove_reader(NULL, fds[0]);
    simul_set_result(task, byte);
}

static int wait_for_byte(void *unused)
{
    (void)unused;
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], read_byte, f), 0);
    int r = simul_await(f);
    simul_release(f);
    return r < 0 ? r : simul_sleep(0.01) < 0 ? -EIO : r;
}

/* What a foreign loop does: poll our descriptor for no longer than our next timer. The byte
 * comes when there are no timers any more. */
static int drive(simul_task *t)
{
    int more = 0, turns = 0;
    bool written = false;
    while (!simul_done(t) && turns++ < 1000) {
        struct pollfd pollfd = {.fd = simul_loop_fileno(loop), .events = POLLIN};
        double limit = simul_loop_timeout(loop);
        if (limit < 0 && !written) {
            ck_assert_int_eq(write(fds[1], "x", 1), 1);
            written = true;
        }
        int ms = more ? 0 : limit < 0 ? 5000 : (int)(limit * 1000) + 1;
        ck_assert_int_ge(poll(&pollfd, 1, ms), 0);
        more = simul_loop_run_once(loop, 0);
        ck_assert_int_ge(more, 0);
    }
    return simul_error(t);
}

TEST(loop_in_a_foreign_one)
{
    open_loop(NULL);
    if (simul_loop_fileno(loop) == -ENOTSUP) {
        ck_assert_str_eq(simul_loop_backend(loop), "poll");
        close_loop();
        return;
    }
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(simul_call_later(loop, 0.002, trace_text, a, NULL), 0);
    ck_assert_int_eq(simul_call_later(loop, 0.004, trace_text, b, NULL), 0);
    ck_assert_int_eq(simul_call_later(loop, 0.006, trace_text, a, NULL), 0);
    ck_assert_int_eq(simul_call_later(loop, 0.008, trace_text, b, NULL), 0);
    simul_task *t = simul_loop_create_task(loop, wait_for_byte, NULL, NULL);

    ck_assert_int_eq(drive(t), 'x');
    ck_assert_trace("a b a b");
    simul_release(t);
    close(fds[0]);
    close(fds[1]);
    close_loop();
}

TEST(descriptor_of_the_loop_is_readable_for_what_the_last_turn_began)
{
    open_loop(NULL);
    struct pollfd pollfd = {.fd = simul_loop_fileno(loop), .events = POLLIN};
    ck_assert_int_eq(pipe(fds), 0);
    simul_task *t = simul_loop_create_task(loop, wait_for_byte, NULL, NULL);
    ck_assert_int_eq(simul_loop_run_once(loop, 0), 0);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    if (pollfd.fd != -ENOTSUP)
        ck_assert_int_eq(poll(&pollfd, 1, 2000), 1);

    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 'x');
    simul_release(t);
    close(fds[0]);
    close(fds[1]);
    close_loop();
}

TEST(descriptor_of_the_loop_is_readable_when_another_thread_calls)
{
    open_loop(NULL);
    struct pollfd pollfd = {.fd = simul_loop_fileno(loop), .events = POLLIN};
    if (pollfd.fd != -ENOTSUP) {
        ck_assert_int_eq(simul_loop_run_once(loop, 0), 0);
        ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
        ck_assert_int_eq(simul_call_soon_threadsafe(loop, trace_text, a, NULL), 0);
        ck_assert_int_eq(poll(&pollfd, 1, 5000), 1);
        simul_loop_run_once(loop, 0);
        ck_assert_trace("a");
        ck_assert_int_eq(poll(&pollfd, 1, 0), 0);
    }
    close_loop();
}

/* ---- debug mode (L13, S56) ----------------------------------------------------------------------- */

static void be_slow(void *unused)
{
    (void)unused;
    standing.tv_nsec += 30000000;
}

static int slow_step(void *unused)
{
    be_slow(unused);
    simul_sleep(0);
    return 0;
}

static int slowly(void *unused)
{
    static const simul_task_opts opts = {.name = "snail"};
    ck_assert_int_eq(simul_call_soon(NULL, be_slow, unused, NULL), 0);
    simul_task *t = simul_create_task_opts(slow_step, NULL, &opts);
    int r = simul_await(t);
    simul_release(t);
    return r;
}

static void run_with(const simul_loop_opts *opts, simul_fn *fn)
{
    capture_log();
    stop_clock();
    int r = simul_run_opts(fn, NULL, opts);
    start_clock();
    ck_assert_int_eq(r, 0);
}

TEST(slow_callbacks_and_steps_are_warned_of_by_name_in_debug_mode) /* L13, S56 */
{
    run_with(&(simul_loop_opts){.debug = true, .slow_callback = 0.02}, slowly);
    ck_assert_int_eq(logged("a callback took 0.030 seconds"), 1);
    ck_assert_int_eq(logged("a step of task snail (made at "), 1);
    ck_assert_int_eq(logged("test_turns.c:"), 1);
}

TEST(nothing_is_warned_of_without_debug_mode)
{
    run_with(&(simul_loop_opts){.slow_callback = 0.02}, slowly);
    ck_assert_int_eq(logged("took"), 0);
}

static int switch_debug(void *unused)
{
    ck_assert(!simul_loop_get_debug(NULL));
    simul_loop_set_debug(NULL, true);
    ck_assert(simul_loop_get_debug(NULL));
    int r = slowly(unused);
    simul_loop_set_debug(NULL, false);
    return r < 0 ? r : slowly(unused);
}

TEST(debug_mode_can_be_switched_while_it_runs)
{
    run_with(&(simul_loop_opts){.slow_callback = 0.02}, switch_debug);
    ck_assert_int_eq(logged("snail"), 1);
}

static int is_debug(void *unused)
{
    (void)unused;
    return simul_loop_get_debug(NULL);
}

TEST(debug_mode_by_the_environment)
{
    setenv("SIMUL_DEBUG", "1", 1);
    ck_assert_int_eq(simul_run(is_debug, NULL), 1);
    setenv("SIMUL_DEBUG", "0", 1);
    ck_assert_int_eq(simul_run(is_debug, NULL), 0);
    unsetenv("SIMUL_DEBUG");
}

/* ---- the exception handler --------------------------------------------------------------------- */

static void pass_on(simul_loop *its, const simul_error_context *context, void *text)
{
    trace("%s", (const char *)text);
    simul_default_exception_handler(its, context);
}

TASK_TEST(exception_handler_that_passes_on_to_the_default_one) /* S6 */
{
    void *arg = NULL;
    capture_log();
    ck_assert(!simul_get_exception_handler(NULL, &arg));
    simul_set_exception_handler(NULL, pass_on, "mine");
    ck_assert(simul_get_exception_handler(NULL, &arg) == pass_on);
    ck_assert_str_eq(arg, "mine");
    simul_call_exception_handler(
        NULL, &(simul_error_context){.message = "oh", .error = -EIO});
    ck_assert_trace("mine");
    ck_assert_int_eq(logged("oh: "), 1);
    simul_set_exception_handler(NULL, NULL, NULL);
    simul_call_exception_handler(NULL, &(simul_error_context){.message = "well"});
    ck_assert_int_eq(logged("well"), 1);
}

TASK_TEST(loop_of_a_future)
{
    simul_future *future = simul_create_future();
    ck_assert_ptr_eq(simul_get_loop(future), simul_get_running_loop());
    ck_assert_ptr_null(simul_get_loop(NULL));
    simul_release(future);
}

TASK_TEST(slow_callback_limit_that_makes_no_sense)
{
    ck_assert_int_eq(simul_loop_set_slow_callback(NULL, -1), -EINVAL);
    ck_assert_int_eq(simul_loop_set_slow_callback(NULL, NAN), -EINVAL);
    ck_assert_int_eq(simul_loop_set_slow_callback(NULL, 0), 0);
}

HARNESS_MAIN_BACKEND("turns")
