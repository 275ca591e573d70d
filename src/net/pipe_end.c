/* SPDX-License-Identifier: MIT */
/* The descriptors under a pipe layer: which way of pipe.h each is used. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/pipe.h"
#include "net/socket.h"

/* Not 0 to 2, which programs use by number. */
static long duplicate(int fd)
{
    return sm_fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static bool is_master(int fd)
{
    int number;
    return ioctl(fd, TIOCGPTN, &number) == 0;
}

/* Opened anew, the master of a pty would be that of another one, and a device might take
 * it for the beginning of something. */
static bool may_reopen(int fd, mode_t mode)
{
    return S_ISFIFO(mode) || (S_ISCHR(mode) && isatty(fd) && !is_master(fd));
}

/* D2 */
static long reopen(int fd, long flags)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    long fresh =
        sm_open(path, (int)(flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
    if (fresh < 0 || fresh > 2)
        return fresh;
    long r = duplicate((int)fresh);
    sm_close((int)fresh);
    return r;
}

/* D3, D4 */
static long use_as_it_is(struct sm_pipe_end *end, long flags, bool own)
{
    end->patient = !own;
    if (!own)
        return duplicate(end->given);
    long r = sm_fcntl(end->given, F_SETFL, (int)flags | O_NONBLOCK);
    if (r < 0)
        return r;
    end->flags = (int)flags;
    return end->given;
}

static long take(struct sm_pipe_end *end, mode_t mode, bool own)
{
    long flags = sm_fcntl(end->given, F_GETFL, 0);
    if (flags < 0)
        return flags;
    if (flags & O_NONBLOCK || !(S_ISFIFO(mode) || S_ISCHR(mode)))
        return own ? end->given : duplicate(end->given);
    long fd = may_reopen(end->given, mode) ? reopen(end->given, flags) : -ENOTSUP;
    return fd >= 0 ? fd : use_as_it_is(end, flags, own);
}

int sm_pipe_end_take(struct sm_pipe_end *end, int fd, bool own)
{
    struct stat file;
    long r = sm_fstat(fd, &file);
    if (r < 0)
        return (int)r;
    mode_t mode = file.st_mode;
    bool usable = S_ISFIFO(mode) || S_ISCHR(mode);
    if (!usable && (own || !(S_ISREG(mode) || S_ISBLK(mode))))
        return -EINVAL;
    struct sm_pipe_end taken = {.given = fd, .flags = -1, .is_fifo = S_ISFIFO(mode)};
    r = take(&taken, mode, own);
    if (r < 0)
        return (int)r;
    taken.fd = (int)r;
    *end = taken;
    return 0;
}

int sm_pipe_end_of_socket(struct sm_pipe_end *end, int fd)
{
    int r = sm_socket_adopt(fd);
    *end = (struct sm_pipe_end){.fd = fd, .given = fd, .flags = -1, .is_socket = true};
    return r;
}

void sm_pipe_end_made(struct sm_pipe_end *end, int fd)
{
    *end = (struct sm_pipe_end){.fd = fd, .given = fd, .flags = -1, .is_fifo = true};
}

void sm_pipe_end_keep(const struct sm_pipe_end *end, bool own)
{
    if (own && end->fd != end->given)
        sm_close(end->given);
}

void sm_pipe_end_drop(const struct sm_pipe_end *end)
{
    if (end->fd != end->given)
        sm_close(end->fd);
    else if (end->flags >= 0)
        fcntl(end->fd, F_SETFL, end->flags);
}
