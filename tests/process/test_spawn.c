/* SPDX-License-Identifier: MIT */
/* How a program is started: which one, where, with which descriptors, signals, groups; and
 * what is said when it cannot be. */
#include "process/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int try_exec(const char *program, const simul_process_opts *opts)
{
    simul_process *none = NULL;
    int r =
        simul_create_subprocess_exec(&none, (char *[]){(char *)program, NULL}, opts);
    ck_assert_ptr_null(none);
    check_no_child();
    return r;
}

/* ---- what cannot be run ----------------------------------------------------------------- */

PROCESS_TEST(a_program_that_is_not_there_is_enoent) /* P01 */
{
    ck_assert_int_eq(try_exec("/no/such/program", NULL), -ENOENT);
    ck_assert_int_eq(try_exec("no-such-program", NULL), -ENOENT);
    ck_assert_int_eq(try_exec("", NULL), -ENOENT);
    ck_assert_int_eq(try_exec("/dev/null/x", NULL), -ENOTDIR);
}

PROCESS_TEST(a_program_that_is_none_says_so)
{
    char path[] = "/tmp/simul-test-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    ck_assert_int_eq(write(fd, "garbage", 7), 7);
    close(fd);
    int forbidden = try_exec(path, NULL);
    chmod(path, 0700);
    int strange = try_exec(path, NULL);
    unlink(path);
    ck_assert_int_eq(forbidden, -EACCES);
    ck_assert_int_eq(strange, -ENOEXEC);
}

static int enter_nowhere(void *arg)
{
    (void)arg;
    return try_exec("true", &(simul_process_opts){.cwd = "/no/such/folder"});
}

PROCESS_TEST(the_message_says_what_could_not_be_done)
{
    simul_task *task = simul_create_task(enter_nowhere, NULL);
    ck_assert_int_eq(simul_await(task), -ENOENT);
    ck_assert_str_eq(simul_message(task),
                     "enter /no/such/folder: No such file or directory");
    simul_release(task);
}

PROCESS_TEST(options_that_make_no_sense_are_refused)
{
    simul_process *none;
    ck_assert_int_eq(simul_create_subprocess_exec(&none, NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_create_subprocess_exec(&none, (char *[]){NULL}, NULL),
                     -EINVAL);
    ck_assert_int_eq(simul_create_subprocess_shell(&none, NULL, NULL), -EINVAL);
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.out = SIMUL_STDOUT}),
                     -EINVAL);
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.in = -7}), -EINVAL);
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.process_group = -2}),
                     -EINVAL);
    ck_assert_int_eq(
        try_exec("true", &(simul_process_opts){.out = SIMUL_PIPE, .err = 999}), -EBADF);
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.pass_fds = (int[]){999},
                                                            .n_pass_fds = 1}),
                     -EBADF);
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.process_group = 1 << 21}),
                     -EPERM);
}

TEST(without_a_loop_nothing_is_started)
{
    ck_assert_int_eq(try_exec("true", NULL), -SIMUL_ENOLOOP);
}

/* ---- which program --------------------------------------------------------------------------- */

PROCESS_TEST(a_name_is_looked_for_in_the_path_of_the_environment_given)
{
    char *const env[] = {"PATH=/nowhere:/bin:/usr/bin", "WORD=given", NULL};
    ck_assert_str_eq(output_of("echo $WORD", (simul_process_opts){.env = env}),
                     "given");
    ck_assert_int_eq(end_of(spawn(&(simul_process_opts){.env = env}, "true", NULL)), 0);
    char *const lost[] = {"PATH=/nowhere:/nor-here", NULL};
    ck_assert_int_eq(try_exec("true", &(simul_process_opts){.env = lost}), -ENOENT);
}

PROCESS_TEST(another_file_may_be_run_under_a_name)
{
    simul_process *process =
        spawn(&(simul_process_opts){.executable = "/bin/sh"}, "no-shell", "-c",
              "test $0 = no-shell && exit 9", NULL);
    ck_assert_int_eq(end_of(process), 9);
}

PROCESS_TEST(a_child_runs_where_it_is_told)
{
    ck_assert_str_eq(output_of("pwd", (simul_process_opts){.cwd = "/"}), "/");
}

/* ---- standard streams --------------------------------------------------------------------------- */

PROCESS_TEST(errors_may_be_joined_to_the_output)
{
    ck_assert_str_eq(
        output_of("echo out; echo err >&2", (simul_process_opts){.err = SIMUL_STDOUT}),
        "out\nerr\n");
    ck_assert_str_eq(
        output_of("echo err >&2; echo out", (simul_process_opts){.err = SIMUL_DEVNULL}),
        "out");
    ck_assert_str_eq(output_of("cat", (simul_process_opts){.in = SIMUL_DEVNULL}), "");
}

PROCESS_TEST(a_descriptor_may_stand_for_a_standard_stream)
{
    int fds[2];
    char bytes[16] = "";
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    simul_process *process =
        shell("echo out; echo err >&2",
              &(simul_process_opts){.out = fds[1], .err = SIMUL_STDOUT});
    close(fds[1]);
    ck_assert_int_eq(end_of(process), 0);
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), 8);
    ck_assert_str_eq(bytes, "out\nerr\n");
    close(fds[0]);
}

/* Each would be overwritten by the other if it were not moved away. */
PROCESS_TEST(output_and_errors_may_change_places)
{
    int out[2], err[2], saved[2];
    char bytes[2][8] = {"", ""};
    ck_assert_int_eq(pipe2(out, O_CLOEXEC), 0);
    ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
    for (int i = 0; i < 2; i++)
        saved[i] = fcntl(i + 1, F_DUPFD_CLOEXEC, 3);
    dup2(out[1], 1);
    dup2(err[1], 2);
    simul_process *process = NULL;
    int r = simul_create_subprocess_shell(&process, "echo to out; echo to err >&2",
                                          &(simul_process_opts){.out = 2, .err = 1});
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
    close(out[1]);
    close(err[1]);
    ck_assert_int_eq(r, 0);
    ck_assert_int_eq(end_of(process), 0);
    ck_assert_int_eq(read(out[0], bytes[0], 8), 7);
    ck_assert_int_eq(read(err[0], bytes[1], 8), 7);
    ck_assert(memcmp(bytes[0], "to err\n", 7) == 0);
    ck_assert(memcmp(bytes[1], "to out\n", 7) == 0);
    close(out[0]);
    close(err[0]);
}

PROCESS_TEST(a_parent_without_standard_streams_has_children_with_theirs)
{
    int saved[2];
    for (int i = 0; i < 2; i++) {
        saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
        close(i);
    }
    simul_output output = {0};
    simul_process *process = NULL;
    int r = simul_create_subprocess_shell(
        &process, "cat; echo err >&2",
        &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE});
    if (r == 0)
        r = simul_process_communicate(process, "in", 2, &output);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i);
        close(saved[i]);
    }
    ck_assert_int_eq(r, 0);
    ck_assert_str_eq(output.out, "in");
    ck_assert_str_eq(output.err, "err\n");
    ck_assert_int_eq(end_of(process), 0);
}

/* ---- descriptors ----------------------------------------------------------------------------------- */

PROCESS_TEST(no_descriptor_leaks_into_a_child) /* S47 */
{
    /* 3 is that of ls itself */
    int leaky = fcntl(0, F_DUPFD, 20); /* without close-on-exec */
    ck_assert_int_eq(leaky, 20);
    const char *listed =
        output_of("ls /proc/self/fd | tr '\\n' ' '", (simul_process_opts){0});
    ck_assert_str_eq(listed, "0 1 2 3 ");
    listed = output_of("ls /proc/self/fd | grep -x 20",
                       (simul_process_opts){.inherit_fds = true});
    ck_assert_str_eq(listed, "20");
    close(leaky);
}

PROCESS_TEST(only_what_is_passed_is_open_in_a_child)
{
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = fcntl(0, F_DUPFD_CLOEXEC, 30 + i);
    const char *listed = output_of(
        "ls /proc/self/fd | sort -n | tr '\\n' ' '",
        (simul_process_opts){.pass_fds = (int[]){32, 30, 32}, .n_pass_fds = 3});
    ck_assert_str_eq(listed, "0 1 2 3 30 32 ");
    ck_assert_int_eq(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    for (int i = 0; i < 3; i++)
        close(fds[i]);
}

/* The next pipe, which the child must not keep, would have that number. */
PROCESS_TEST(a_descriptor_that_is_not_open_is_not_one_that_is_made_for_the_child)
{
    int next = fcntl(0, F_DUPFD_CLOEXEC, 3);
    close(next);
    for (int fd = next; fd < next + 8; fd++) {
        if (fcntl(fd, F_GETFD) >= 0)
            continue;
        const simul_process_opts passed = {.pass_fds = &fd, .n_pass_fds = 1};
        ck_assert_int_eq(try_exec("true", &passed), -EBADF);
        const simul_process_opts errors = {.in = SIMUL_PIPE, .err = fd};
        ck_assert_int_eq(try_exec("true", &errors), -EBADF);
    }
}

/* ---- signals, groups, sessions ---------------------------------------------------------------------- */

static void ignore(int signum)
{
    (void)signum;
}

/* A line of /proc/self/status of a child, after its name. */
static unsigned long mask_of_child(const char *name, simul_process_opts opts)
{
    char command[64];
    snprintf(command, sizeof command, "grep ^%s: /proc/self/status", name);
    return strtoul(output_of(command, opts) + strlen(name) + 1, NULL, 16);
}

PROCESS_TEST(sigpipe_is_not_ignored_by_a_child)
{
    const unsigned long bit = 1ul << (SIGPIPE - 1);
    signal(SIGUSR1, ignore);
    signal(SIGUSR2, SIG_IGN);
    ck_assert(!(mask_of_child("SigIgn", (simul_process_opts){0}) & bit));
    ck_assert(mask_of_child("SigIgn", (simul_process_opts){.keep_signals = true})
              & bit);
    ck_assert(mask_of_child("SigIgn", (simul_process_opts){0})
              & 1ul << (SIGUSR2 - 1)); /* the user's own wish */
    ck_assert_uint_eq(mask_of_child("SigBlk", (simul_process_opts){0}), 0);
}

PROCESS_TEST(a_child_may_have_a_group_or_a_session_of_its_own)
{
    simul_process *process = spawn(
        &(simul_process_opts){.process_group = SIMUL_NEW_GROUP}, "sleep", "60", NULL);
    pid_t pid = simul_process_pid(process);
    ck_assert_int_eq(getpgid(pid), pid);
    simul_process *second =
        spawn(&(simul_process_opts){.process_group = pid}, "sleep", "60", NULL);
    ck_assert_int_eq(getpgid(simul_process_pid(second)), pid);
    ck_assert_int_eq(killpg(pid, SIGTERM), 0);
    ck_assert_int_eq(end_of(process), -SIGTERM);
    ck_assert_int_eq(end_of(second), -SIGTERM);

    process =
        spawn(&(simul_process_opts){.start_new_session = true}, "sleep", "60", NULL);
    pid = simul_process_pid(process);
    ck_assert_int_eq(getsid(pid), pid);
    ck_assert_int_ne(getsid(0), pid);
    simul_process_kill(process);
    ck_assert_int_eq(end_of(process), -SIGKILL);
}

HARNESS_MAIN_BACKEND("spawn")
