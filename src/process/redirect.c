/* SPDX-License-Identifier: MIT */
/* The standard streams of a child: pipes, /dev/null, what the user has. */
#include <fcntl.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/pipe.h"
#include "process/process.h"
#include "process/spawn.h"

enum { IN, OUT, ERR };

static int give(struct sm_redirect *redirect, int i, long fd)
{
    fd = sm_above_stdio((int)fd);
    if (fd < 0)
        return (int)fd;
    redirect->child[i] = (int)fd;
    redirect->made |= 1 << i;
    return 0;
}

/* Only our end is non-blocking: the child's is another open file. */
static int open_pipe(struct sm_redirect *redirect, int i)
{
    int fds[2];
    long r = sm_pipe(fds, O_CLOEXEC);
    if (r < 0)
        return (int)r;
    r = sm_above_stdio(fds[i == IN]);
    redirect->parent[i] = r < 0 ? -1 : (int)r;
    int given = give(redirect, i, fds[i != IN]);
    if (r >= 0)
        r = given;
    if (r >= 0)
        r = sm_fcntl(redirect->parent[i], F_SETFL, O_NONBLOCK);
    return r < 0 ? (int)r : 0;
}

static int open_null(struct sm_redirect *redirect, int i)
{
    long fd = sm_open("/dev/null", (i == IN ? O_RDONLY : O_WRONLY) | O_CLOEXEC, 0);
    return give(redirect, i, fd);
}

static int open_one(struct sm_redirect *redirect, int i, int how)
{
    switch (how) {
    case 0:
        return 0;
    case SIMUL_PIPE:
        return open_pipe(redirect, i);
    case SIMUL_DEVNULL:
        return open_null(redirect, i);
    case SIMUL_STDOUT:
        redirect->child[ERR] = redirect->child[OUT] >= 0 ? redirect->child[OUT] : 1;
        return i == ERR ? 0 : -EINVAL;
    default:
        redirect->child[i] = how;
        return how < 0 ? -EINVAL : 0;
    }
}

/* Before anything is opened here, which may get the number of what is not open: the pipe, say,
 * through which the child reports, and whose end would not come if the program had it. */
static int check_open(const int how[3], const simul_process_opts *opts)
{
    long r = 0;
    for (int i = 0; i < 3 && r >= 0; i++)
        if (how[i] > 0)
            r = sm_fcntl(how[i], F_GETFD, 0);
    for (size_t i = 0; i < opts->n_pass_fds && r >= 0; i++)
        r = sm_fcntl(opts->pass_fds[i], F_GETFD, 0);
    return r < 0 ? (int)r : 0;
}

int sm_redirect_open(struct sm_redirect *redirect, const simul_process_opts *opts)
{
    const int how[3] = {opts->in, opts->out, opts->err};
    *redirect = (struct sm_redirect){.child = {-1, -1, -1}, .parent = {-1, -1, -1}};
    int r = check_open(how, opts);
    for (int i = 0; i < 3 && r == 0; i++)
        r = open_one(redirect, i, how[i]);
    if (r < 0) {
        sm_redirect_close_child(redirect);
        sm_redirect_close_parent(redirect);
    }
    return r;
}

void sm_redirect_close_child(struct sm_redirect *redirect)
{
    for (int i = 0; i < 3; i++)
        if (redirect->made & 1 << i)
            sm_close(redirect->child[i]);
    redirect->made = 0;
}

void sm_redirect_close_parent(struct sm_redirect *redirect)
{
    for (int i = 0; i < 3; i++) {
        if (redirect->parent[i] >= 0)
            sm_close(redirect->parent[i]);
        redirect->parent[i] = -1;
    }
}

int sm_redirect_connect(struct sm_redirect *redirect, struct simul_stream *streams[3],
                        struct simul_loop *loop, size_t limit)
{
    const simul_connect_opts opts = {.limit = limit};
    int r = 0;
    for (int i = 0; i < 3 && r == 0; i++) {
        if (redirect->parent[i] < 0)
            continue;
        struct sm_pipe_end end;
        sm_pipe_end_made(&end, redirect->parent[i]);
        r = sm_stream_of_pipe(&streams[i], loop, i == IN ? &SM_NO_PIPE_END : &end,
                              i == IN ? &end : &SM_NO_PIPE_END, &opts);
        if (r == 0)
            redirect->parent[i] = -1;
    }
    return r;
}
