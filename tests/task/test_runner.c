/* SPDX-License-Identifier: MIT */
/* Runners: several runs on one loop, and what is left between them (N04). */
#include "task/trace.h"

#include <errno.h>
#include <signal.h>
#include <simul/context.h>
#include <sys/wait.h>
#include <unistd.h>

static simul_runner *runner;

static void open_runner(void)
{
    ck_assert_int_eq(simul_runner_new(&runner, &like_asyncio), 0);
}

static int say(void *text)
{
    trace("%s", (const char *)text);
    return 3;
}

TEST(runs_share_the_loop)
{
    open_runner();
    simul_loop *loop = simul_runner_get_loop(runner);
    ck_assert_int_eq(simul_runner_run(runner, say, "one"), 3);
    ck_assert_int_eq(simul_runner_run(runner, say, "two"), 3);
    ck_assert_ptr_eq(simul_runner_get_loop(runner), loop);
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_trace("one two");
}

static simul_task *left;

static int say_each_second(void *unused)
{
    (void)unused;
    int r;
    for (int i = 0; (r = simul_sleep(1)) == 0; i++)
        trace("%d", i);
    trace("%s", simul_error_name(r));
    return r;
}

static int leave_one(void *unused)
{
    (void)unused;
    left = simul_create_task(say_each_second, NULL);
    return simul_sleep(1.5);
}

TEST(what_one_run_leaves_goes_on_in_the_next_and_ends_with_the_runner)
{
    double seconds = 2;
    open_runner();
    ck_assert_int_eq(simul_runner_run(runner, leave_one, NULL), 0);
    trace("between");
    ck_assert(!simul_done(left));
    ck_assert_int_eq(simul_runner_run(runner, sleeper, &seconds), 0);
    trace("close");
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_trace("0 between 1 2 close ECANCELED");
    ck_assert(simul_cancelled(left));
    simul_release(left);
}

static int fail_at_once(void *unused)
{
    (void)unused;
    return simul_fail(-EIO, "no %s", "luck");
}

TEST(failed_run_can_be_followed_by_another)
{
    open_runner();
    capture_log();
    ck_assert_int_eq(simul_runner_run(runner, fail_at_once, NULL), -EIO);
    ck_assert_int_eq(simul_runner_run(runner, say, "again"), 3);
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_int_eq(logged("failed"), 0); /* who called run has its error */
    ck_assert_trace("again");
}

static int use_the_runner(void *unused)
{
    (void)unused;
    trace("%d", simul_runner_run(runner, say, "never") == -SIMUL_ERUNNING);
    trace("%d", simul_runner_close(runner) == -SIMUL_ERUNNING);
    return simul_sleep(0);
}

TEST(run_and_close_from_inside_are_refused)
{
    open_runner();
    ck_assert_int_eq(simul_runner_run(runner, use_the_runner, NULL), 0);
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_trace("1 1");
}

static simul_context_var color = {.name = "color"};

static int set_color(void *text)
{
    return simul_context_var_set(&color, text, NULL, NULL);
}

static int say_color(void *unused)
{
    (void)unused;
    const char *text = simul_context_var_get(&color);
    trace("%s", text ? text : "none");
    return 0;
}

TEST(runs_share_their_context) /* N04 */
{
    open_runner();
    ck_assert_int_eq(simul_runner_run(runner, set_color, "blue"), 0);
    ck_assert_int_eq(simul_runner_run(runner, say_color, NULL), 0);
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_int_eq(run_like_asyncio(say_color, NULL), 0);
    ck_assert_trace("blue none");
}

TEST(runner_that_never_ran_closes)
{
    open_runner();
    ck_assert_int_eq(simul_runner_close(runner), 0);
    ck_assert_int_eq(simul_runner_close(NULL), 0);
    ck_assert_ptr_null(simul_runner_get_loop(NULL));
    ck_assert_int_eq(simul_runner_run(NULL, say, ""), -EINVAL);
}

/* ---- signals, in a child ---------------------------------------------------------------- */

static void interrupt(void *unused)
{
    (void)unused;
    kill(getpid(), SIGINT);
}

static int cancelled; /* mains that heard of it, and were waited for */

static int sleep_until_interrupted(void *unused)
{
    (void)unused;
    ck_assert_int_eq(simul_call_later(NULL, 0.01, interrupt, NULL, NULL), 0);
    int r = simul_sleep(9);
    cancelled += r == -ECANCELED;
    return r;
}

static bool is_default(void)
{
    struct sigaction now;
    return sigaction(SIGINT, NULL, &now) == 0 && now.sa_handler == SIG_DFL;
}

static int interrupted_twice(void)
{
    open_runner();
    for (int i = 0; i < 2; i++) {
        if (simul_runner_run(runner, sleep_until_interrupted, NULL)
            != -SIMUL_EINTERRUPTED)
            return 1;
        if (!is_default() || cancelled != i + 1)
            return 2;
    }
    return simul_runner_close(runner) == 0 ? 0 : 3;
}

TEST(each_run_is_interrupted_by_a_first_signal_of_its_own) /* N01 */
{
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        signal(SIGINT, SIG_DFL);
        _exit(interrupted_twice());
    }
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
}

HARNESS_MAIN_BACKEND("runner")
