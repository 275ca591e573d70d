/* SPDX-License-Identifier: MIT */
/*
 * Where there are no pidfds: a thread that waits for one child, and does not collect it
 * (WNOWAIT), and closes its end of a pipe then. It shares nothing with the loop, and may
 * outlive it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"
#include "process/child.h"

enum { STACK = 256 << 10 };

struct waiter {
    pid_t pid;
    int fd; /* owned: the end of the pipe that is closed */
};

/* An error means that there is nothing to wait for: that is an end, too. */
static void *wait_for_it(void *arg)
{
    struct waiter waiter = *(struct waiter *)arg;
    siginfo_t info;
    sm_free(arg);
    while (waitid(P_PID, (id_t)waiter.pid, &info, WEXITED | WNOWAIT) < 0
           && errno == EINTR)
        ;
    sm_close(waiter.fd);
    return NULL;
}

/* Signals are for other threads. */
static int start(struct waiter *waiter)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, before;
    int r = -pthread_attr_init(&attr);
    if (r < 0)
        return r;
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attr, STACK);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = sm_thread_create(&thread, &attr, wait_for_it, waiter);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return r;
}

int sm_child_thread_start(pid_t pid)
{
    int fds[2];
    struct waiter *waiter = sm_malloc(sizeof *waiter);
    if (!waiter)
        return -ENOMEM;
    long r = sm_pipe(fds, O_CLOEXEC);
    if (r < 0) {
        sm_free(waiter);
        return (int)r;
    }
    *waiter = (struct waiter){pid, fds[1]};
    r = start(waiter);
    if (r == 0)
        return fds[0];
    sm_close(fds[0]);
    sm_close(fds[1]);
    sm_free(waiter);
    return (int)r;
}
