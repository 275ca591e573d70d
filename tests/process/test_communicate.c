/* SPDX-License-Identifier: MIT */
/* Feeding a child and reading it at once (P01, P02, S47). */
#include "process/fixture.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const simul_process_opts in_and_out = {.in = SIMUL_PIPE, .out = SIMUL_PIPE};
static const simul_process_opts all_pipes = {
    .in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE};

PROCESS_TEST(what_is_fed_comes_back) /* P01 */
{
    simul_output output;
    simul_process *process = spawn(&in_and_out, "cat", NULL);
    ck_assert_int_eq(simul_process_communicate(process, "data", 4, &output), 0);
    ck_assert_uint_eq(output.out_len, 4);
    ck_assert_str_eq(output.out, "data");
    ck_assert_ptr_null(output.err);
    ck_assert_uint_eq(output.err_len, 0);
    ck_assert_int_eq(simul_process_returncode(process), 0);

    ck_assert_int_eq(simul_process_communicate(process, "data", 4, &output), 0);
    ck_assert_uint_eq(output.out_len, 0);
    simul_process_release(process);
}

PROCESS_TEST(no_input_is_the_end_of_the_input) /* P01 */
{
    simul_output output;
    simul_process *process = spawn(&in_and_out, "cat", NULL);
    ck_assert_int_eq(simul_process_communicate(process, NULL, 0, &output), 0);
    ck_assert_str_eq(output.out, "");
    simul_process_release(process);
}

PROCESS_TEST(without_pipes_it_is_a_wait) /* P01 */
{
    simul_output output;
    simul_process *process = shell("exit 7", NULL);
    ck_assert_int_eq(simul_process_communicate(process, "x", 1, &output), -EINVAL);
    ck_assert_int_eq(simul_process_communicate(process, NULL, 0, &output), 0);
    ck_assert_ptr_null(output.out);
    ck_assert_int_eq(simul_process_returncode(process), 7);
    simul_process_release(process);
}

PROCESS_TEST(both_outputs_are_read) /* S47 */
{
    simul_output output;
    simul_process *process = shell("cat; echo errors >&2; exit 2", &all_pipes);
    ck_assert_int_eq(simul_process_communicate(process, "in", 2, &output), 0);
    ck_assert_str_eq(output.out, "in");
    ck_assert_str_eq(output.err, "errors\n");
    ck_assert_int_eq(simul_process_returncode(process), 2);
    simul_process_release(process);
}

/* P02: more than all the pipes hold; whoever waited for one end only would wait for ever. */
PROCESS_TEST(a_child_that_writes_before_it_reads_stops_nobody) /* S47 */
{
    static char input[500000];
    simul_output output;
    memset(input, 'i', sizeof input);
    simul_process *process = shell("head -c 300000 /dev/zero >&2;"
                                   "head -c 300000 /dev/zero; cat >/dev/null",
                                   &all_pipes);
    ck_assert_int_eq(simul_process_communicate(process, input, sizeof input, &output),
                     0);
    ck_assert_uint_eq(output.out_len, 300000);
    ck_assert_uint_eq(output.err_len, 300000);
    simul_process_release(process);
}

PROCESS_TEST(a_child_that_does_not_want_its_input_is_no_error) /* P02 */
{
    static char input[500000];
    trace_errors();
    simul_process *process = shell("head -c 3; exec <&-", &in_and_out);
    simul_output output;
    memset(input, 'i', sizeof input);
    ck_assert_int_eq(simul_process_communicate(process, input, sizeof input, &output),
                     0);
    ck_assert_str_eq(output.out, "iii");
    simul_process_release(process);
    let_run(3);
    ck_assert_trace("");
}

static bool has_stopped(const simul_process *process)
{
    siginfo_t info = {0};
    waitid(P_PID, (id_t)simul_process_pid(process), &info,
           WSTOPPED | WNOHANG | WNOWAIT);
    return info.si_pid != 0;
}

/* Whatever had come, and had been sent, when the time was over. */
PROCESS_TEST(after_a_time_out_nothing_is_lost)
{
    static char input[1000000];
    simul_output output;
    pattern(input, sizeof input, 0);
    simul_process *process = shell("head -c 200000; kill -STOP $$; cat", &in_and_out);
    do
        ck_assert_int_eq(simul_within(0.1, simul_process_communicate(
                                               process, input, sizeof input, &output)),
                         -ETIMEDOUT);
    while (!has_stopped(process));
    ck_assert_int_eq(simul_process_send_signal(process, SIGCONT), 0);
    ck_assert_int_eq(simul_process_communicate(process, input, sizeof input, &output),
                     0);
    ck_assert_uint_eq(output.out_len, sizeof input);
    ck_assert(is_pattern(output.out, sizeof input, 0));
    ck_assert_int_eq(simul_process_returncode(process), 0);
    simul_process_release(process);
}

PROCESS_TEST(an_output_that_has_ended_is_there_after_a_time_out_too)
{
    simul_output output;
    simul_process *process = shell("echo early; exec >&-; cat >&2", &all_pipes);
    simul_stream *in = simul_process_stdin(process);
    int held = dup(simul_stream_fileno(in)); /* its input does not end */
    ck_assert_int_eq(
        simul_within(0.2, simul_process_communicate(process, "late", 4, &output)),
        -ETIMEDOUT);
    close(held);
    ck_assert_int_eq(simul_process_communicate(process, "late", 4, &output), 0);
    ck_assert_str_eq(output.out, "early\n");
    ck_assert_str_eq(output.err, "late");
    simul_process_release(process);
}

PROCESS_TEST(a_stream_that_somebody_else_reads_is_not_read)
{
    simul_process *process = spawn(&in_and_out, "cat", NULL);
    struct reading reading = {.stream = simul_process_stdout(process), .n = 10};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(3);
    ck_assert_int_eq(simul_process_communicate(process, "x", 1, NULL),
                     -SIMUL_ECONCURRENT);
    simul_process_release(process);
    ck_assert_int_ge(simul_await(task), 0);
    simul_release(task);
}

static int communicate(void *process)
{
    return simul_process_communicate(process, "data", 4, NULL);
}

/* The cancel comes one pass later each time: at each place where anybody waits. */
PROCESS_TEST(a_cancel_leaves_a_child_that_can_be_talked_to)
{
    for (int passes = 0; passes < 12; passes++) {
        simul_output output;
        simul_process *process = spawn(&in_and_out, "cat", NULL);
        simul_task *task = simul_create_task(communicate, process);
        let_run(passes);
        simul_cancel(task);
        int r = simul_await(task);
        ck_assert(r == -ECANCELED || r == 0);
        simul_release(task);
        ck_assert_int_eq(simul_process_communicate(process, "data", 4, &output), 0);
        if (r < 0)
            ck_assert_str_eq(output.out, "data");
        simul_process_release(process);
    }
}

HARNESS_MAIN_BACKEND("communicate")
