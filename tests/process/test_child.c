/* SPDX-License-Identifier: MIT */
/* How the end of a child is heard of (S48), also where the kernel or others in the process
 * do not make it easy. */
#include "process/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const simul_process_opts all_pipes = {
    .in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE};
static const int pidfd_open_call = 434, close_range_call = 436;

static void can_refuse_or_skip(int number)
{
    if (!refuse_call(number, ENOSYS))
        harness_skip("system calls cannot be refused here");
}

PROCESS_TEST(a_child_that_somebody_else_has_collected_is_255) /* P07, S48 */
{
    capture_log();
    simul_process *process = shell("exit 4", NULL);
    ck_assert_int_eq(waitpid(simul_process_pid(process), NULL, 0),
                     simul_process_pid(process));
    ck_assert_int_eq(simul_process_kill(process),
                     -ESRCH); /* not to who has its number */
    ck_assert_int_eq(end_of(process), 255);
    ck_assert_int_eq(logged("collected by somebody else"), 1);
}

PROCESS_TEST(with_sigchld_ignored_the_end_is_noticed_and_the_status_lost)
{
    capture_log();
    signal(SIGCHLD, SIG_IGN);
    ck_assert_int_eq(end_of(shell("exit 4", NULL)), 255);
    simul_process *process = spawn(&all_pipes, "cat", NULL);
    let_run(2);
    simul_process_close(process);
    ck_assert_int_eq(end_of(process), 255);
    ck_assert_int_eq(logged("collected by somebody else"), 2);
    simul_process *none;
    ck_assert_int_eq(
        simul_create_subprocess_exec(&none, (char *[]){"/no/such", NULL}, NULL),
        -ENOENT);
}

PROCESS_TEST(children_of_others_are_left_alone)
{
    pid_t other = fork();
    if (other == 0)
        _exit(33);
    ck_assert_int_eq(end_of(shell("exit 4", NULL)), 4);
    int status;
    ck_assert_int_eq(waitpid(other, &status, 0), other);
    ck_assert_int_eq(WEXITSTATUS(status), 33);
}

static int three_children(void *arg)
{
    (void)arg;
    int sum = 0;
    for (int i = 1; i < 4; i++) {
        char command[16];
        snprintf(command, sizeof command, "exit %d", i);
        sum += end_of(shell(command, NULL));
    }
    return sum;
}

static void *loop_of_a_thread(void *result)
{
    *(int *)result = simul_run(three_children, NULL);
    return NULL;
}

TEST(loops_of_several_threads_have_children) /* S48 */
{
    pthread_t threads[3];
    int results[3] = {0};
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, loop_of_a_thread, &results[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        ck_assert_int_eq(results[i], 6);
    }
    check_no_child();
}

/* ---- without pidfds ---------------------------------------------------------------------- */

PROCESS_TEST(without_pidfds_a_thread_hears_of_the_end) /* S48 */
{
    can_refuse_or_skip(pidfd_open_call);
    ck_assert_int_eq(end_of(shell("exit 4", NULL)), 4);

    simul_output output;
    simul_process *process = spawn(&all_pipes, "cat", NULL);
    ck_assert_int_eq(simul_process_communicate(process, "data", 4, &output), 0);
    ck_assert_str_eq(output.out, "data");
    simul_process_release(process);

    process = spawn(&all_pipes, "cat", NULL);
    ck_assert_int_eq(simul_process_terminate(process), 0);
    ck_assert_int_eq(end_of(process), -SIGTERM);
}

PROCESS_TEST(without_pidfds_a_foreign_wait_is_noticed_too)
{
    capture_log();
    can_refuse_or_skip(pidfd_open_call);
    simul_process *process = shell("read x; exit 4", &all_pipes);
    simul_stream_close(simul_process_stdin(process));
    simul_process_kill(process);
    while (waitpid(simul_process_pid(process), NULL, 0) < 0 && errno == EINTR)
        ;
    ck_assert_int_eq(end_of(process), 255);
}

static int leave_some(void *arg)
{
    (void)arg;
    for (int i = 0; i < 10; i++)
        simul_process_release(spawn(&all_pipes, "cat", NULL));
    return 0;
}

TEST(without_pidfds_a_loop_that_is_closed_leaves_no_child_and_no_thread_that_matters)
{
    can_refuse_or_skip(pidfd_open_call);
    ck_assert_int_eq(simul_run(leave_some, NULL), 0);
    check_no_child();
}

/* ---- without close_range(2) ----------------------------------------------------------------- */

PROCESS_TEST(on_older_kernels_descriptors_do_not_leak_either)
{
    int leaky = fcntl(0, F_DUPFD, 20), passed = fcntl(0, F_DUPFD_CLOEXEC, 30);
    can_refuse_or_skip(close_range_call);
    const char *listed =
        output_of("ls /proc/self/fd | sort -n | tr '\\n' ' '",
                  (simul_process_opts){.pass_fds = &passed, .n_pass_fds = 1});
    ck_assert_str_eq(listed, "0 1 2 3 30 ");
    close(leaky);
    close(passed);
}

HARNESS_MAIN_BACKEND("child")
