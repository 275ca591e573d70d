/* SPDX-License-Identifier: MIT */
/* The choice of a backend where the kernel refuses some of them, as in a container, and
 * what epoll does on kernels that lack a call. System calls are refused by seccomp. */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* From now on, in this process, these system calls fail. */
static bool refuse(const int *calls, int n, int errnum)
{
    for (int i = 0; i < n; i++) {
        struct sock_filter filter[] = {
            BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
            BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 1),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)errnum),
            BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        };
        struct sock_fprog program = {4, filter};
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
            return false;
    }
    return true;
}

/* Tried in a child: there is no way back. */
static bool can_refuse(void)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(refuse(&(int){1000}, 1, EPERM) ? 0 : 1);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static const int io_uring_setup_call = 425, epoll_pwait2_call = 441;

static void check_first_choice(const char *name)
{
    struct sm_poll *any;
    ck_assert_int_eq(unsetenv("SIMUL_BACKEND"), 0);
    ck_assert_int_eq(sm_poll_open(&any, NULL), 0);
    ck_assert_str_eq(sm_poll_ops(any)->name, name);
    sm_poll_ops(any)->close(any);
}

/* As in a container, or where /proc/sys/kernel/io_uring_disabled says so. */
TEST(where_io_uring_is_refused_epoll_takes_its_place_but_not_its_name)
{
    struct sm_poll *none = NULL;
    ck_assert(refuse(&io_uring_setup_call, 1, EPERM));

    ck_assert_int_eq(sm_poll_open(&none, "io_uring"), -EPERM);
    ck_assert_ptr_null(none);
    check_first_choice("epoll");
}

TEST(where_epoll_is_refused_too_there_is_poll)
{
    const int calls[] = {io_uring_setup_call, SYS_epoll_create1};
    struct sm_poll *none = NULL;
    ck_assert(refuse(calls, 2, ENOSYS));

    ck_assert_int_eq(sm_poll_open(&none, "epoll"), -ENOSYS);
    check_first_choice("poll");
}

/* Milliseconds are rounded up: never too early, and never a busy loop. */
TEST(wait_lasts_as_long_on_a_kernel_without_nanoseconds)
{
    ck_assert(refuse(&epoll_pwait2_call, 1, ENOSYS));
    ck_assert_int_eq(setenv("SIMUL_BACKEND", "epoll", 1), 0);
    backend_open();
    const int64_t times[] = {1, 2 * MS - 1, 4 * MS - 1};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t start = now_ns();
        ck_assert_int_eq(wait_ns(times[i]), 0);
        ck_assert_int_ge(now_ns() - start, times[i]);
    }
    backend_close();
}

int main(void)
{
    if (!can_refuse())
        harness_skip("no seccomp here");
    return harness_run("poll backend: refused");
}
