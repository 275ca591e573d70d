/* SPDX-License-Identifier: MIT */
/* Sending files (S45). */
#include "net/sendfile.h"

#include <poll.h>
#include <simul/file.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/sock.h"
#include "task/wait.h"

enum {
    TURN = 256 << 10 /* then others run */,
    COPY = 16 << 10 /* on the task's stack */
};

static void advance(struct sm_sendfile *job, size_t n)
{
    job->offset += (off_t)n;
    job->sent += n;
    if (job->left != SIZE_MAX)
        job->left -= n;
}

static size_t at_most(const struct sm_sendfile *job, size_t n)
{
    return job->left < n ? job->left : n;
}

/* ---- by the system ----------------------------------------------------------------------- */

static ssize_t try_sendfile(struct sm_sock_call *call)
{
    struct sm_sendfile *job = call->data;
    off_t offset = job->offset;
    if (job->fd < 0)
        return -EBADF;
    return sm_sendfile(job->fd, job->file, &offset, at_most(job, TURN));
}

int sm_sendfile_by_system(struct sm_sendfile *job)
{
    struct sm_sock_call call = {.attempt = try_sendfile,
                                .fd = &job->fd,
                                .data = job,
                                .what = "sendfile",
                                .events = POLLOUT};
    while (job->left > 0) {
        ssize_t n = sm_sock_run(&call);
        if (n <= 0)
            return (int)n;
        advance(job, (size_t)n);
    }
    return 0;
}

bool sm_sendfile_is_refused(const struct sm_sendfile *job, int r)
{
    return job->sent == 0
           && (r == -EINVAL || r == -ENOSYS || r == -EOPNOTSUPP || r == -EIO);
}

/* ---- by reading and writing -------------------------------------------------------------- */

int sm_sendfile_by_copy(struct sm_sendfile *job,
                        ssize_t (*send)(void *to, const void *data, size_t n), void *to)
{
    char buf[COPY];
    while (job->left > 0) {
        ssize_t n =
            simul_file_pread(job->file, buf, at_most(job, sizeof buf), job->offset);
        if (n <= 0)
            return (int)n;
        ssize_t r = send(to, buf, (size_t)n);
        if (r < 0)
            return (int)r;
        advance(job, (size_t)n);
    }
    return 0;
}

ssize_t sm_sendfile_end(struct sm_sendfile *job, int r)
{
    if (job->sent > 0)
        sm_lseek(job->file, job->offset, SEEK_SET);
    if (r == -ECANCELED && job->sent > 0)
        r = -SIMUL_EBROKEN;
    return r < 0 ? r : (ssize_t)job->sent;
}

/* ---- to a socket ------------------------------------------------------------------------- */

static int check(int fd)
{
    int type = 0, r = sm_current() ? sm_sock_check(fd) : -SIMUL_ENOTASK;
    socklen_t size = sizeof type;
    if (r == 0)
        r = (int)sm_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    return r == 0 && type != SOCK_STREAM ? -EPROTOTYPE : r;
}

static ssize_t send_to_socket(void *to, const void *data, size_t n)
{
    return simul_sock_sendall(*(int *)to, data, n);
}

ssize_t simul_sock_sendfile(int fd, int file, off_t offset, size_t count)
{
    struct sm_sendfile job = {
        .fd = fd, .file = file, .offset = offset, .left = count ? count : SIZE_MAX};
    int r = offset < 0 ? -EINVAL : check(fd);
    if (r < 0)
        return r;
    r = sm_sendfile_by_system(&job);
    if (sm_sendfile_is_refused(&job, r))
        r = sm_sendfile_by_copy(&job, send_to_socket, &fd);
    return sm_sendfile_end(&job, r);
}
