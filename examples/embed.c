/* SPDX-License-Identifier: MIT */
/*
 * The loop inside a foreign one: this program has a poll(2) loop of its own, which watches
 * a pipe, and gives simul a turn whenever its descriptor is readable or its next timer is
 * due. Tasks and the rest of the program share the thread. (asyncio: none)
 */
#include <math.h>
#include <poll.h>
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

/* Three bytes into the pipe, one after the other. */
static int ticks(void *arg)
{
    int fd = *(int *)arg;
    for (int i = 0; i < 3; i++) {
        int r = simul_sleep(0.05);
        if (r < 0)
            return r;
        if (write(fd, &"123"[i], 1) < 0)
            return -errno;
    }
    return 0;
}

/* The task's argument, released exactly once however the task ends. */
static void close_end(void *arg)
{
    close(*(int *)arg);
}

/* How long the foreign loop may wait, as poll(2) wants it; rounded up. */
static int wait_ms(simul_loop *loop)
{
    double seconds = simul_loop_timeout(loop);
    return seconds < 0 ? -1 : (int)ceil(seconds * 1000);
}

/* Until the pipe is at its end. */
static int foreign_loop(simul_loop *loop, int fd)
{
    struct pollfd watched[] = {{.fd = fd, .events = POLLIN},
                               {.fd = simul_loop_fileno(loop), .events = POLLIN}};
    int r = watched[1].fd; /* an error: this backend cannot be embedded */
    while (r >= 0) {
        char byte;
        if (poll(watched, 2, wait_ms(loop)) < 0)
            return -errno;
        if (watched[0].revents && read(fd, &byte, 1) != 1)
            return 0;
        if (watched[0].revents)
            printf("foreign loop: %c\n", byte);
        r = simul_loop_run_once(loop, 0);
    }
    return r;
}

static int embed(int fds[2])
{
    simul_loop *loop;
    int r = simul_loop_new(&loop, NULL);
    if (r < 0) {
        close(fds[1]);
        return r;
    }
    const simul_task_opts opts = {.name = "ticks", .release_arg = close_end};
    simul_task *task = simul_loop_create_task(loop, ticks, &fds[1], &opts);
    r = foreign_loop(loop, fds[0]);
    if (r == 0)
        r = simul_error(task);
    simul_release(task);
    simul_loop_close(loop);
    return r;
}

int main(void)
{
    int fds[2];
    if (pipe(fds) < 0)
        return simul_exit(-errno);
    int r = embed(fds);
    close(fds[0]);
    return simul_exit(r);
}
