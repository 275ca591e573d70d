/* SPDX-License-Identifier: MIT */
/* Subprocesses by callbacks (P05, P06, S47): their order, and every way in which one ends. */
#include "process/fixture.h"

#include <errno.h>
#include <signal.h>
#include <simul/subprocess.h>
#include <simul/sync.h>
#include <string.h>
#include <unistd.h>

static const simul_process_opts all_pipes = {
    .in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE};

/* What has been seen, and what is to be done about it. */
struct seen {
    bool close_at_once, write_at_once, silent, exited;
    int lost;
    size_t have;
    simul_event over; /* set when it is lost */
};

static void on_made(simul_subprocess_transport *transport, void *user)
{
    const struct seen *seen = user;
    trace("made");
    if (seen->close_at_once)
        simul_subprocess_close(transport);
    if (seen->write_at_once) {
        simul_transport *in = simul_subprocess_get_pipe_transport(transport, 0);
        ck_assert_int_eq(simul_transport_write(in, "early", 5), 0);
        simul_transport_close(in);
    }
}

static void on_data(simul_subprocess_transport *transport, void *user, int fd,
                    const void *data, size_t n)
{
    struct seen *seen = user;
    (void)transport;
    seen->have += n;
    if (!seen->silent)
        trace("%d:%.*s", fd, (int)n, (const char *)data);
}

static void on_pipe_lost(simul_subprocess_transport *transport, void *user, int fd,
                         int error)
{
    const struct seen *seen = user;
    (void)transport;
    ck_assert_int_eq(seen->lost, 0);
    trace("closed:%d:%d", fd, error);
}

static void on_exited(simul_subprocess_transport *transport, void *user)
{
    struct seen *seen = user;
    ck_assert_int_eq(seen->lost, 0);
    seen->exited = true;
    trace("exited:%d", simul_subprocess_get_returncode(transport));
}

static void on_lost(simul_subprocess_transport *transport, void *user, int error)
{
    struct seen *seen = user;
    (void)transport;
    ck_assert_int_eq(error, 0);
    seen->lost++;
    simul_event_set(&seen->over);
}

static void on_pause(simul_subprocess_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    trace("pause");
}

static void on_resume(simul_subprocess_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    trace("resume");
}

static const simul_subprocess_protocol tracing = {
    .connection_made = on_made,
    .pipe_data_received = on_data,
    .pipe_connection_lost = on_pipe_lost,
    .process_exited = on_exited,
    .connection_lost = on_lost,
    .pause_writing = on_pause,
    .resume_writing = on_resume,
};

static simul_subprocess_transport *run(const char *command, struct seen *seen,
                                       const simul_process_opts *opts)
{
    simul_subprocess_transport *transport;
    int r = simul_subprocess_shell(&transport, command, &tracing, seen, opts);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    return transport;
}

static void until_lost(struct seen *seen)
{
    if (!seen->lost)
        ck_assert_int_eq(simul_event_wait(&seen->over), 0);
}

static void end_of_it(simul_subprocess_transport *transport, struct seen *seen)
{
    until_lost(seen);
    simul_subprocess_release(transport);
}

/* ---- the order of things ----------------------------------------------------------------- */

PROCESS_TEST(all_is_told_and_the_loss_is_last) /* P06 */
{
    struct seen seen = {0};
    simul_subprocess_transport *transport =
        run("echo out; echo err >&2; exit 3", &seen,
            &(simul_process_opts){.out = SIMUL_PIPE, .err = SIMUL_PIPE});
    ck_assert_int_gt(simul_subprocess_get_pid(transport), 0);
    ck_assert_ptr_null(simul_subprocess_get_pipe_transport(transport, 0));
    ck_assert_ptr_null(simul_subprocess_get_pipe_transport(transport, 3));
    until_lost(&seen);
    const char *all = trace_take();
    ck_assert_ptr_eq(strstr(all, "made "), all);
    ck_assert_ptr_nonnull(strstr(all, " 1:out\n"));
    ck_assert_ptr_nonnull(strstr(all, " 2:err\n"));
    ck_assert_ptr_nonnull(strstr(all, " closed:1:0"));
    ck_assert_ptr_nonnull(strstr(all, " closed:2:0"));
    ck_assert_ptr_nonnull(strstr(all, " exited:3"));
    ck_assert(simul_subprocess_is_closing(transport));
    ck_assert_int_eq(simul_subprocess_get_returncode(transport), 3);
    ck_assert_ptr_null(simul_subprocess_get_pipe_transport(transport, 1));
    simul_subprocess_release(transport);
}

PROCESS_TEST(without_pipes_only_the_exit_is_told)
{
    struct seen seen = {0};
    simul_subprocess_transport *transport = run("exit 0", &seen, NULL);
    end_of_it(transport, &seen);
    ck_assert_trace("made exited:0");
}

PROCESS_TEST(without_a_handle_it_lives_until_it_is_lost)
{
    struct seen seen = {0};
    ck_assert_int_eq(simul_subprocess_exec(NULL, (char *[]){"true", NULL}, &tracing,
                                           &seen, &all_pipes),
                     0);
    until_lost(&seen);
    trace_take();
    let_run(2);
}

PROCESS_TEST(the_handle_may_outlive_it)
{
    struct seen seen = {0};
    simul_subprocess_transport *transport = run("kill -9 $$", &seen, NULL);
    until_lost(&seen);
    let_run(3);
    ck_assert_int_eq(simul_subprocess_get_returncode(transport), -SIGKILL);
    ck_assert_int_eq(simul_subprocess_kill(transport), -ESRCH);
    ck_assert_int_eq(simul_subprocess_terminate(transport), -ESRCH);
    simul_subprocess_close(transport);
    simul_subprocess_release(transport);
    simul_subprocess_release(NULL);
    trace_take();
}

PROCESS_TEST(what_a_grandchild_still_says_comes_after_the_exit) /* P04, S47 */
{
    struct seen seen = {0};
    simul_subprocess_transport *transport =
        run("exec 3<&0; { read x; echo $x; } <&3 & exit 0", &seen,
            &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE});
    while (!seen.exited)
        ck_assert_int_eq(simul_sleep(0.001), 0);
    ck_assert_trace("made exited:0");
    simul_transport *in = simul_subprocess_get_pipe_transport(transport, 0);
    ck_assert_int_eq(simul_transport_write(in, "late\n", 5), 0);
    end_of_it(transport, &seen);
    ck_assert_ptr_nonnull(strstr(trace_take(), "1:late\n"));
}

/* ---- input and output ------------------------------------------------------------------------ */

PROCESS_TEST(a_conversation_goes_both_ways)
{
    struct seen seen = {0};
    simul_subprocess_transport *transport = run("cat", &seen, &all_pipes);
    simul_transport *in = simul_subprocess_get_pipe_transport(transport, 0);
    trace_take();
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_transport_write(in, "hello", 5), 0);
        until_traced();
        ck_assert_trace("1:hello");
    }
    simul_transport_write_eof(in);
    end_of_it(transport, &seen);
    const char *rest = trace_take();
    ck_assert_ptr_nonnull(strstr(rest, "closed:0:0"));
    ck_assert_ptr_nonnull(strstr(rest, "exited:0"));
}

PROCESS_TEST(input_may_be_written_and_ended_in_connection_made)
{
    struct seen seen = {.write_at_once = true};
    simul_subprocess_transport *transport =
        run("cat", &seen, &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE});
    end_of_it(transport, &seen);
    const char *all = trace_take();
    ck_assert_ptr_nonnull(strstr(all, " 1:early"));
    ck_assert_ptr_nonnull(strstr(all, " exited:0"));
}

PROCESS_TEST(writing_pauses_and_resumes_with_the_child)
{
    enum { N = 1 << 20 };
    static char input[N];
    struct seen seen = {.silent = true};
    simul_subprocess_transport *transport = run("cat", &seen, &all_pipes);
    simul_transport *in = simul_subprocess_get_pipe_transport(transport, 0);
    simul_transport *out = simul_subprocess_get_pipe_transport(transport, 1);
    simul_transport_pause_reading(out);
    ck_assert_int_eq(simul_transport_write(in, input, N), 0);
    ck_assert_trace("made pause");
    simul_transport_write_eof(in);
    simul_transport_resume_reading(out);
    end_of_it(transport, &seen);
    ck_assert_uint_eq(seen.have, N);
    const char *rest = trace_take();
    ck_assert_ptr_eq(strstr(rest, "resume "), rest);
}

PROCESS_TEST(a_child_that_wants_no_input_is_noticed)
{
    struct seen seen = {0};
    simul_subprocess_transport *transport =
        run("exec <&-; exec sleep 100", &seen, &(simul_process_opts){.in = SIMUL_PIPE});
    trace_take();
    until_traced();
    ck_assert_trace("closed:0:0");
    ck_assert_int_eq(simul_subprocess_kill(transport), 0);
    end_of_it(transport, &seen);
    ck_assert_trace("exited:-9");
}

/* ---- signals, closing ---------------------------------------------------------------------------- */

PROCESS_TEST(it_is_sent_signals)
{
    struct seen seen = {0};
    simul_subprocess_transport *transport =
        run("trap 'echo caught; exit 5' USR1; echo ready; while :; do sleep 0.01; done",
            &seen, &(simul_process_opts){.out = SIMUL_PIPE});
    trace_take();
    until_traced();
    ck_assert_trace("1:ready\n");
    ck_assert_int_eq(simul_subprocess_get_returncode(transport), SIMUL_RUNNING);
    ck_assert_int_eq(simul_subprocess_send_signal(transport, SIGUSR1), 0);
    end_of_it(transport, &seen);
    const char *all = trace_take();
    ck_assert_ptr_nonnull(strstr(all, "1:caught\n"));
    ck_assert_ptr_nonnull(strstr(all, "exited:5"));

    seen = (struct seen){0};
    transport = run("exec sleep 100", &seen, NULL);
    ck_assert_int_eq(simul_subprocess_terminate(transport), 0);
    end_of_it(transport, &seen);
    ck_assert_trace("made exited:-15");
}

PROCESS_TEST(closing_kills_a_child_that_runs_and_all_is_told) /* P05 */
{
    struct seen seen = {0};
    simul_subprocess_transport *transport = run("exec cat", &seen, &all_pipes);
    simul_subprocess_close(transport);
    simul_subprocess_close(transport);
    ck_assert(simul_subprocess_is_closing(transport));
    end_of_it(transport, &seen);
    const char *all = trace_take();
    for (int fd = 0; fd < 3; fd++) {
        char text[20];
        snprintf(text, sizeof text, "closed:%d:0", fd);
        ck_assert_ptr_nonnull(strstr(all, text));
    }
    ck_assert_ptr_nonnull(strstr(all, "exited:-9"));
}

PROCESS_TEST(closed_in_connection_made_it_is_there_for_its_creator)
{
    struct seen seen = {.close_at_once = true};
    simul_subprocess_transport *transport = run("exec cat", &seen, &all_pipes);
    end_of_it(transport, &seen);
    ck_assert_ptr_nonnull(strstr(trace_take(), "exited:-9"));
}

/* ---- what does not begin ------------------------------------------------------------------------- */

PROCESS_TEST(no_callback_is_called_for_a_program_that_cannot_be_run)
{
    struct seen seen = {0};
    char *argv[] = {"/nonexistent/program", NULL};
    ck_assert_int_eq(simul_subprocess_exec(NULL, argv, &tracing, &seen, &all_pipes),
                     -ENOENT);
    ck_assert_ptr_nonnull(strstr(simul_explain(-ENOENT), "/nonexistent/program"));
    ck_assert_int_eq(simul_subprocess_exec(NULL, argv, NULL, &seen, NULL), -EINVAL);
    ck_assert_int_eq(simul_subprocess_exec(NULL, NULL, &tracing, &seen, NULL), -EINVAL);
    ck_assert_int_eq(simul_subprocess_shell(NULL, NULL, &tracing, &seen, NULL),
                     -EINVAL);
    ck_assert_int_eq(simul_subprocess_exec(NULL, argv, &tracing, &seen,
                                           &(simul_process_opts){.out = 1000}),
                     -EBADF);
    ck_assert_trace("");
}

static int starts(void *seen)
{
    return simul_subprocess_shell(NULL, "exit 0", &tracing, seen, &all_pipes);
}

PROCESS_TEST(a_cancel_before_it_begins_starts_nothing_and_one_later_stays_pending)
{
    struct seen seen = {0};
    simul_task *task = simul_create_task(starts, &seen);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert_trace("");
    task = simul_create_task(starts, &seen);
    let_run(1);
    simul_cancel(task);
    simul_await(task);
    simul_release(task);
    until_lost(&seen);
    trace_take();
}

/* ---- the end of the run ---------------------------------------------------------------------------- */

static struct seen left;
static simul_subprocess_transport *kept;

static int leaves_all(void *unused)
{
    (void)unused;
    kept = run("exec cat", &left, &all_pipes);
    simul_subprocess_release(run("exec cat", &left, &all_pipes));
    simul_release(simul_create_task(starts, &left)); /* is stopped before it begins */
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_over_children_kills_them_and_calls_nobody)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    simul_task *task = simul_loop_create_task(loop, leaves_all, NULL, NULL);
    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    simul_release(task);
    trace_take();
    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_int_ge(logged("a loop was closed while its child"), 2);
    ck_assert_trace("");
    ck_assert_int_eq(simul_subprocess_get_returncode(kept), -SIGKILL);
    ck_assert_ptr_null(simul_subprocess_get_pipe_transport(kept, 0));
    simul_subprocess_close(kept);
    ck_assert_int_eq(simul_subprocess_kill(kept), -ESRCH);
    simul_subprocess_release(kept);
    check_no_child();
}

HARNESS_MAIN_BACKEND("subprocess")
