/* SPDX-License-Identifier: MIT */
#include "process/fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void check_no_child(void)
{
    ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
    ck_assert_int_eq(errno, ECHILD);
}

simul_process *shell(const char *command, const simul_process_opts *opts)
{
    simul_process *process;
    ck_assert_int_eq(simul_create_subprocess_shell(&process, command, opts), 0);
    return process;
}

simul_process *spawn(const simul_process_opts *opts, const char *program, ...)
{
    char *argv[16] = {(char *)program};
    va_list ap;
    va_start(ap, program);
    for (int i = 1; i < 15 && (argv[i] = va_arg(ap, char *)); i++)
        ;
    va_end(ap);
    simul_process *process;
    ck_assert_int_eq(simul_create_subprocess_exec(&process, argv, opts), 0);
    return process;
}

int end_of(simul_process *process)
{
    int returncode = SIMUL_RUNNING;
    int r = simul_process_wait(process, &returncode);
    simul_process_release(process);
    ck_assert_int_eq(r, 0);
    return returncode;
}

const char *output_of(const char *command, simul_process_opts opts)
{
    static char text[4096];
    simul_output output;
    opts.out = SIMUL_PIPE;
    simul_process *process = shell(command, &opts);
    int r = simul_process_communicate(process, NULL, 0, &output);
    if (r == 0 && output.out_len < sizeof text) {
        memcpy(text, output.out, output.out_len + 1);
        text[strcspn(text, "\n") == output.out_len - 1 ? output.out_len - 1
                                                       : output.out_len] = '\0';
    }
    simul_process_release(process);
    ck_assert_int_eq(r, 0);
    return text;
}

bool refuse_call(int number, int errnum)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errnum),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {4, filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
           && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
