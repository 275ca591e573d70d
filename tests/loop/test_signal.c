/* SPDX-License-Identifier: MIT */
/* Signal handlers of the loop (L16, S49). */
#include "task/trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char usr1[] = "usr1", usr2[] = "usr2", other[] = "other";

static void let_settle(void)
{
    for (int i = 0; i < 3; i++)
        simul_sleep(0.001);
}

/* Signals come in real time. */
#define SIGNAL_TEST(name_) RUN_TEST(name_, simul_run)

SIGNAL_TEST(signal_calls_the_handler_on_the_loop) /* L16 */
{
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    kill(getpid(), SIGUSR1);
    ck_assert_trace("");
    let_settle();
    ck_assert_trace("usr1");
    kill(getpid(), SIGUSR1);
    let_settle();
    ck_assert_trace("usr1");

    ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGUSR1), 1);
    ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGUSR1), 0);
}

SIGNAL_TEST(signals_that_come_before_they_are_dispatched_are_not_lost) /* L16, S49 */
{
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR2, trace_text, usr2), 0);
    for (int i = 0; i < 3; i++) {
        kill(getpid(), SIGUSR2);
        kill(getpid(), SIGUSR1);
    }
    let_settle();
    ck_assert_trace("usr1 usr2"); /* once each: as the kernel's own pending signals */
    simul_remove_signal_handler(NULL, SIGUSR1);
    simul_remove_signal_handler(NULL, SIGUSR2);
}

SIGNAL_TEST(handler_replaces_the_one_before)
{
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, other), 0);
    kill(getpid(), SIGUSR1);
    let_settle();
    ck_assert_trace("other");
    ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGUSR1), 1);
}

static void remove_it(void *signum)
{
    trace("once");
    simul_remove_signal_handler(NULL, *(int *)signum);
}

SIGNAL_TEST(handler_that_removes_itself)
{
    static int signum = SIGUSR1;
    signal(SIGUSR1, SIG_IGN);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, remove_it, &signum), 0);
    kill(getpid(), SIGUSR1);
    let_settle();
    kill(getpid(), SIGUSR1);
    let_settle();
    ck_assert_trace("once");
}

SIGNAL_TEST(handler_removed_after_the_signal_came_is_not_called)
{
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    kill(getpid(), SIGUSR1);
    simul_remove_signal_handler(NULL, SIGUSR1);
    let_settle();
    ck_assert_trace("");

    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, other), 0);
    let_settle();
    ck_assert_trace("");
    simul_remove_signal_handler(NULL, SIGUSR1);
}

static int own;

static void on_own(int signum)
{
    own = signum;
}

SIGNAL_TEST(disposition_of_before_is_back_after_the_removal)
{
    signal(SIGUSR1, on_own);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    simul_remove_signal_handler(NULL, SIGUSR1);
    kill(getpid(), SIGUSR1);
    ck_assert_int_eq(own, SIGUSR1);
}

SIGNAL_TEST(disposition_that_the_program_changed_meanwhile_is_left_alone)
{
    struct sigaction now;
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr1), 0);
    signal(SIGUSR1, on_own);
    simul_remove_signal_handler(NULL, SIGUSR1);
    sigaction(SIGUSR1, NULL, &now);
    ck_assert(now.sa_handler == on_own);
}

SIGNAL_TEST(signals_that_cannot_be_caught_are_refused) /* L16 */
{
    const int bad[] = {SIGKILL, SIGSTOP, 0, -1, 9999};
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(simul_add_signal_handler(NULL, bad[i], trace_text, usr1),
                         -EINVAL);
        ck_assert_int_eq(simul_remove_signal_handler(NULL, bad[i]), 0);
    }
}

SIGNAL_TEST(one_loop_at_a_time_handles_a_signal) /* S49 */
{
    simul_loop *second;
    ck_assert_int_eq(simul_loop_new(&second, NULL), 0);
    ck_assert_int_eq(simul_add_signal_handler(second, SIGUSR1, trace_text, usr1), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr2), -EBUSY);
    simul_loop_close(second);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, trace_text, usr2), 0);
    kill(getpid(), SIGUSR1);
    let_settle();
    ck_assert_trace("usr2");
    simul_remove_signal_handler(NULL, SIGUSR1);
}

SIGNAL_TEST(interrupt_handler_of_the_user_takes_the_place_of_the_runs)
{
    ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGINT), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGINT, trace_text, other), 0);
    kill(getpid(), SIGINT);
    let_settle();
    ck_assert_trace("other");
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
    ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGINT), 1);
}

TEST(handlers_that_are_left_go_with_the_loop)
{
    struct sigaction now;
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_add_signal_handler(loop, SIGUSR1, trace_text, usr1), 0);
    kill(getpid(), SIGUSR1);
    simul_loop_close(loop);
    sigaction(SIGUSR1, NULL, &now);
    ck_assert(now.sa_handler == SIG_DFL);
    ck_assert_trace("");
}

static void *send_signals(void *unused)
{
    for (int i = 0; i < 200; i++)
        kill(getpid(), SIGUSR1);
    return unused;
}

static int called;

static void count_call(void *unused)
{
    (void)unused;
    called++;
}

SIGNAL_TEST(signals_from_another_thread_while_handlers_come_and_go)
{
    pthread_t thread;
    signal(SIGUSR1, SIG_IGN);
    ck_assert_int_eq(pthread_create(&thread, NULL, send_signals, NULL), 0);
    for (int i = 0; i < 50; i++) {
        ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, count_call, NULL), 0);
        simul_sleep(0);
        ck_assert_int_eq(simul_remove_signal_handler(NULL, SIGUSR1), 1);
    }
    pthread_join(thread, NULL);
    ck_assert_int_le(called, 200);
}

static void write_to_nobody(void *unused)
{
    int fds[2];
    (void)unused;
    ck_assert_int_eq(pipe(fds), 0);
    close(fds[0]);
    trace("%d", write(fds[1], "x", 1) == -1 && errno == EPIPE);
    close(fds[1]);
}

SIGNAL_TEST(write_to_a_closed_pipe_does_not_kill)
{
    ck_assert_int_eq(simul_call_soon(NULL, write_to_nobody, NULL, NULL), 0);
    let_settle();
    ck_assert_trace("1");
}

/* The exit status of a child in which the loop of its parent is closed behind a handler of
 * the child's own loop, which then has to run. */
static int close_the_parents(simul_loop *parents)
{
    simul_loop *mine;
    if (simul_loop_new(&mine, NULL) < 0
        || simul_add_signal_handler(mine, SIGUSR1, trace_text, usr1) < 0)
        return 2;
    simul_loop_close(parents);
    for (int i = 0; i < 3; i++)
        kill(getpid(), SIGUSR1);
    for (int i = 0; i < 2; i++)
        simul_loop_run_once(mine, 0);
    simul_loop_close(mine);
    return strcmp(trace_take(), "usr1") != 0;
}

TEST(in_the_child_of_a_fork_closing_the_parents_loop_leaves_its_own_signals) /* S57 */
{
    int status = -1;
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_add_signal_handler(loop, SIGUSR1, trace_text, other), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(close_the_parents(loop));
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(simul_loop_close(loop), 0);
}

HARNESS_MAIN_BACKEND("signal")
