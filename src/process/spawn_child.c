/* SPDX-License-Identifier: MIT */
/*
 * Between vfork and exec: system calls only, none of them through sys.h, whose counters
 * would be the parent's. See spawn.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process/spawn.h"

extern char **environ;

static __attribute__((noreturn)) void fail(const struct sm_spawn *spawn,
                                           enum sm_spawn_step step)
{
    struct sm_spawn_report report = {step, errno};
    ssize_t r = write(spawn->report, &report, sizeof report);
    (void)r;
    _exit(127);
}

static void enter_group(const struct sm_spawn *spawn)
{
    if (spawn->new_session && setsid() < 0)
        fail(spawn, SM_SPAWN_GROUP);
    if (spawn->group != 0 && setpgid(0, spawn->group > 0 ? spawn->group : 0) < 0)
        fail(spawn, SM_SPAWN_GROUP);
}

/* What the user gave may lie in the places of others: it is moved away first. */
static void move_away(struct sm_spawn *spawn)
{
    for (int i = 0; i < 3; i++)
        if (spawn->stdio[i] >= 0 && spawn->stdio[i] < 3 && spawn->stdio[i] != i) {
            spawn->stdio[i] = fcntl(spawn->stdio[i], F_DUPFD_CLOEXEC, 3);
            if (spawn->stdio[i] < 0)
                fail(spawn, SM_SPAWN_FDS);
        }
}

static void set_stdio(struct sm_spawn *spawn)
{
    move_away(spawn);
    for (int i = 0; i < 3; i++) {
        int from = spawn->stdio[i];
        if (from >= 0 && (from == i ? fcntl(i, F_SETFD, 0) : dup2(from, i)) < 0)
            fail(spawn, SM_SPAWN_FDS);
    }
}

/* By number, since the C library may have no name for it; the flag is of Linux 5.11. */
static void close_on_exec(const struct sm_spawn *spawn, unsigned first, unsigned last)
{
    const int close_range_call = 436, cloexec = 4;
    if (first > last || syscall(close_range_call, first, last, cloexec) == 0)
        return;
    if (last > spawn->highest_fd)
        last = spawn->highest_fd;
    for (unsigned fd = first; fd <= last; fd++)
        fcntl((int)fd, F_SETFD, FD_CLOEXEC);
}

/* Not closed at once: the report is among them. */
static void leave_others_behind(const struct sm_spawn *spawn)
{
    unsigned first = 3;
    for (size_t i = 0; i < spawn->n_pass; i++) {
        unsigned fd = (unsigned)spawn->pass[i];
        if (fd > first)
            close_on_exec(spawn, first, fd - 1);
        if (fd >= first)
            first = fd + 1;
    }
    close_on_exec(spawn, first, ~0u);
}

static void set_fds(struct sm_spawn *spawn)
{
    set_stdio(spawn);
    if (!spawn->inherit)
        leave_others_behind(spawn);
    for (size_t i = 0; i < spawn->n_pass; i++)
        if (fcntl(spawn->pass[i], F_SETFD, 0) < 0)
            fail(spawn, SM_SPAWN_FDS);
}

/* S1. What is ignored stays so. */
static void set_signals(const struct sm_spawn *spawn)
{
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    for (int signum = 1; signum < NSIG; signum++) {
        struct sigaction now;
        if (sigaction(signum, NULL, &now) == 0 && now.sa_handler != SIG_DFL
            && (now.sa_handler != SIG_IGN
                || (signum == SIGPIPE && spawn->default_sigpipe)))
            sigaction(signum, &by_default, NULL);
    }
    sigprocmask(SIG_SETMASK, &spawn->mask, NULL);
}

/* That it is not there, here, is the least that can be said of it. */
static bool says_little(int error)
{
    return error == ENOENT || error == ENOTDIR;
}

static __attribute__((noreturn)) void run_program(const struct sm_spawn *spawn)
{
    int error = 0;
    for (char *const *path = spawn->paths; *path; path++) {
        execve(*path, spawn->argv, spawn->env ? spawn->env : environ);
        if (error == 0 || (says_little(error) && !says_little(errno)))
            error = errno;
    }
    errno = error;
    fail(spawn, SM_SPAWN_EXEC);
}

void sm_spawn_child(struct sm_spawn *spawn)
{
    enter_group(spawn);
    set_fds(spawn);
    if (spawn->cwd && chdir(spawn->cwd) < 0)
        fail(spawn, SM_SPAWN_CWD);
    set_signals(spawn);
    run_program(spawn);
}
