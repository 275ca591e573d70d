/* SPDX-License-Identifier: MIT */
/* The life of a process: streams, waiting, signals, the end. P01, P03 to P05 and S47 are
 * those of asyncio's semantics. */
#include "process/fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const simul_process_opts all_pipes = {
    .in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE};

PROCESS_TEST(a_program_runs_and_says_how_it_ended) /* P01 */
{
    simul_process *process = spawn(NULL, "sh", "-c", "exit 7", NULL);
    ck_assert_ptr_null(simul_process_stdin(process));
    ck_assert_ptr_null(simul_process_stdout(process));
    ck_assert_ptr_null(simul_process_stderr(process));
    ck_assert_int_gt(simul_process_pid(process), 0);
    ck_assert_int_eq(end_of(process), 7);
}

PROCESS_TEST(the_return_code_is_known_when_it_has_ended)
{
    simul_process *process = spawn(&all_pipes, "cat", NULL);
    ck_assert_int_eq(simul_process_returncode(process), SIMUL_RUNNING);
    simul_stream_close(simul_process_stdin(process));
    ck_assert_int_eq(simul_process_wait(process, NULL), 0);
    ck_assert_int_eq(simul_process_returncode(process), 0);
    ck_assert_int_eq(end_of(process), 0);
}

PROCESS_TEST(a_conversation_goes_line_by_line)
{
    char *line;
    simul_process *process = spawn(&all_pipes, "cat", NULL);
    simul_stream *in = simul_process_stdin(process);
    simul_stream *out = simul_process_stdout(process);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_stream_write(in, "hello\n", 6), 6);
        ck_assert_int_eq(simul_stream_readline(out, &line), 6);
        ck_assert_str_eq(line, "hello\n");
    }
    simul_stream_close(in);
    ck_assert_int_eq(simul_stream_readline(out, &line), 0);
    ck_assert_int_eq(end_of(process), 0);
}

/* ---- waiting ------------------------------------------------------------------------------ */

static int wait_for_it(void *process)
{
    int returncode = 0;
    int r = simul_process_wait(process, &returncode);
    return r < 0 ? r : returncode;
}

PROCESS_TEST(any_number_of_tasks_wait)
{
    simul_process *process = spawn(&all_pipes, "sh", "-c", "cat; exit 5", NULL);
    simul_task *tasks[5];
    for (int i = 0; i < 5; i++)
        tasks[i] = simul_create_task(wait_for_it, process);
    let_run(3);
    simul_cancel(tasks[2]);
    let_run(2);
    simul_stream_close(simul_process_stdin(process));
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(simul_await(tasks[i]), i == 2 ? -ECANCELED : 5);
    simul_release_all(tasks, 5);
    ck_assert_int_eq(end_of(process), 5);
}

PROCESS_TEST(waiting_does_not_read_so_a_full_pipe_keeps_the_child) /* P03 */
{
    simul_output output;
    simul_process *process = spawn(&all_pipes, "dd", "if=/dev/zero", "bs=1000000",
                                   "count=3", "status=none", NULL);
    ck_assert_int_eq(simul_within(0.3, simul_process_wait(process, NULL)), -ETIMEDOUT);
    ck_assert_int_eq(simul_process_communicate(process, NULL, 0, &output), 0);
    ck_assert_uint_eq(output.out_len, 3000000);
    ck_assert_int_eq(end_of(process), 0);
}

PROCESS_TEST(waiting_ends_with_the_child_not_with_its_pipes) /* P04, S47 */
{
    char *line;
    simul_process *process =
        shell("exec 3<&0; { read go <&3; echo grandchild; } & exit 3",
              &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE});
    int returncode;
    ck_assert_int_eq(simul_process_wait(process, &returncode), 0);
    ck_assert_int_eq(returncode, 3);
    ck_assert_int_eq(simul_stream_write(simul_process_stdin(process), "go\n", 3), 3);
    ck_assert_int_eq(simul_stream_readline(simul_process_stdout(process), &line), 11);
    ck_assert_int_eq(simul_stream_readline(simul_process_stdout(process), &line), 0);
    ck_assert_int_eq(end_of(process), 3);
}

PROCESS_TEST(who_waits_outside_of_a_task_is_told)
{
    ck_assert_int_eq(simul_process_wait(NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_process_communicate(NULL, NULL, 0, NULL), -EINVAL);
    ck_assert_int_eq(simul_process_kill(NULL), -EINVAL);
    simul_process_close(NULL);
    simul_process_release(NULL);
}

/* ---- signals ------------------------------------------------------------------------------- */

PROCESS_TEST(a_killed_child_has_the_number_of_the_signal_negated) /* P01 */
{
    simul_process *process = spawn(NULL, "sleep", "60", NULL);
    ck_assert_int_eq(simul_process_kill(process), 0);
    int returncode;
    ck_assert_int_eq(simul_process_wait(process, &returncode), 0);
    ck_assert_int_eq(returncode, -SIGKILL);
    ck_assert_int_eq(simul_process_kill(process), -ESRCH);
    ck_assert_int_eq(simul_process_terminate(process), -ESRCH);
    simul_process_release(process);
}

PROCESS_TEST(a_child_may_catch_a_signal)
{
    char *line;
    simul_process *process =
        shell("trap 'echo caught; exit 4' TERM; echo ready; read nothing", &all_pipes);
    simul_stream *out = simul_process_stdout(process);
    ck_assert_int_eq(simul_stream_readline(out, &line), 6);
    ck_assert_int_eq(simul_process_send_signal(process, 1000), -EINVAL);
    ck_assert_int_eq(simul_process_terminate(process), 0);
    simul_stream_close(simul_process_stdin(process));
    ck_assert_int_eq(simul_stream_readline(out, &line), 7);
    ck_assert_int_eq(end_of(process), 4);
}

/* S47: the child is dead, but its number not free: signals hit nobody. */
PROCESS_TEST(a_signal_between_the_end_and_its_notice_does_nothing)
{
    simul_process *process = spawn(NULL, "true", NULL);
    siginfo_t info;
    ck_assert_int_eq(
        waitid(P_PID, (id_t)simul_process_pid(process), &info, WEXITED | WNOWAIT), 0);
    ck_assert_int_eq(simul_process_kill(process), 0);
    ck_assert_int_eq(end_of(process), 0);
}

/* ---- the end -------------------------------------------------------------------------------- */

PROCESS_TEST(closing_kills_a_child_that_runs) /* S47 */
{
    char *data;
    simul_process *process = spawn(&all_pipes, "sleep", "60", NULL);
    simul_process_close(process);
    simul_process_close(process);
    ck_assert_int_eq(simul_stream_read_all(simul_process_stdout(process), &data, 0), 0);
    ck_assert_int_eq(simul_stream_write(simul_process_stdin(process), "x", 1),
                     -SIMUL_ESTATE);
    ck_assert_int_eq(end_of(process), -SIGKILL);
}

PROCESS_TEST(closing_does_not_change_how_a_child_has_ended) /* P05 */
{
    simul_process *process = spawn(NULL, "false", NULL);
    ck_assert_int_eq(simul_process_wait(process, NULL), 0);
    simul_process_close(process);
    ck_assert_int_eq(simul_process_returncode(process), 1);
    simul_process_release(process);
}

PROCESS_TEST(who_releases_a_child_that_runs_ends_it_and_leaves_no_zombie) /* S47 */
{
    pid_t pids[10];
    trace_errors();
    for (int i = 0; i < 10; i++) {
        simul_process *process = spawn(&all_pipes, "cat", NULL);
        pids[i] = simul_process_pid(process);
        ck_assert_int_eq(simul_stream_write(simul_process_stdin(process), "x", 1), 1);
        simul_process_release(process);
    }
    for (int i = 0; i < 10; i++)
        while (kill(pids[i], 0) == 0 && simul_sleep(0.001) == 0)
            ;
    ck_assert_trace("");
}

static int leave_one(void *arg)
{
    simul_process **process = arg;
    *process = spawn(&all_pipes, "cat", NULL);
    return 0;
}

TEST(a_loop_that_is_closed_kills_the_children_that_are_left)
{
    simul_process *process = NULL;
    capture_log();
    ck_assert_int_eq(simul_run(leave_one, &process), 0);
    check_no_child();
    ck_assert_int_eq(logged("was closed while its child"), 1);
    ck_assert_int_eq(simul_process_returncode(process), -SIGKILL);
    ck_assert_int_eq(simul_process_kill(process), -ESRCH);
    simul_process_release(process);
}

static int start_two(void *arg)
{
    simul_process **processes = arg;
    for (int i = 0; i < 2; i++)
        processes[i] = spawn(NULL, "sleep", "60", NULL);
    return 0;
}

static int terminate_two(void *arg)
{
    simul_process **processes = arg;
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(simul_process_terminate(processes[i]), 0);
        trace("%d", end_of(processes[i]));
    }
    return 0;
}

/* The loop's, which is not the one that runs. */
static int run_in(simul_loop *loop, simul_fn *fn, void *arg)
{
    simul_task *task = simul_loop_create_task(loop, fn, arg, NULL);
    int r = simul_loop_run_until_complete(loop, task);
    simul_release(task);
    return r;
}

TEST(the_child_of_a_fork_kills_none_of_its_parents_children) /* S57 */
{
    int status = -1;
    simul_loop *loop;
    simul_process *processes[2] = {NULL, NULL};
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(run_in(loop, start_two, processes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(60);
        simul_process_release(processes[0]);
        int r = simul_process_terminate(processes[1]);
        simul_loop_close(loop);
        _exit(r != -ESRCH);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(run_in(loop, terminate_two, processes), 0);
    ck_assert_trace("-15 -15");
    simul_loop_close(loop);
}

static int leave_many(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++)
        simul_process_release(spawn(&all_pipes, "cat", NULL));
    return 0;
}

TEST(a_run_that_ends_before_its_released_children_waits_for_them)
{
    ck_assert_int_eq(simul_run(leave_many, NULL), 0);
    check_no_child();
}

PROCESS_TEST(a_child_that_does_not_want_its_input_is_nobodys_error)
{
    static char input[300000];
    trace_errors();
    simul_process *process = spawn(&all_pipes, "true", NULL);
    ssize_t n = 1;
    while (n > 0)
        n = simul_stream_write(simul_process_stdin(process), input, sizeof input);
    ck_assert_int_eq(n, -EPIPE);
    ck_assert_int_eq(end_of(process), 0);
    let_run(5);
    ck_assert_trace("");
}

/* ---- the clock -------------------------------------------------------------------------------- */

static int sleep_beside_a_child(void *arg)
{
    bool *early = arg;
    simul_process *process = spawn(&all_pipes, "sh", "-c", "read x; exit 2", NULL);
    int r = simul_within(0.05, simul_process_wait(process, NULL)); /* it goes on … */
    *early = r != -ETIMEDOUT;
    simul_stream_close(simul_process_stdin(process));
    r = simul_within(1e6, simul_process_wait(process, NULL)); /* … and does not jump */
    *early |= r != 0;
    simul_process_release(process);
    return 0;
}

TEST(a_virtual_clock_is_held_by_a_child)
{
    bool early = true;
    ck_assert_int_eq(simul_run_opts(sleep_beside_a_child, &early,
                                    &(simul_loop_opts){.virtual_clock = true}),
                     0);
    ck_assert(!early);
    check_no_child();
}

static int only_wait(void *arg)
{
    (void)arg;
    return end_of(spawn(NULL, "sleep", "0.05", NULL));
}

TEST(who_waits_for_a_child_is_not_deadlocked)
{
    ck_assert_int_eq(simul_run(only_wait, NULL), 0);
    check_no_child();
}

HARNESS_MAIN_BACKEND("process")
