/* SPDX-License-Identifier: MIT */
/* Pipes and standard streams: what users call. A socket among them is used as such. */
#include <fcntl.h>

#include "base/sys.h"
#include "net/pipe.h"
#include "net/socket.h"

enum direction { READS, WRITES };

static int of_pipe(simul_stream **stream, int fd, enum direction direction, bool own,
                   const simul_connect_opts *opts)
{
    struct sm_pipe_end end;
    int r = sm_pipe_end_take(&end, fd, own);
    if (r < 0)
        return r;
    r = sm_stream_of_pipe(stream, sm_running,
                          direction == READS ? &end : &SM_NO_PIPE_END,
                          direction == READS ? &SM_NO_PIPE_END : &end, opts);
    if (r < 0)
        sm_pipe_end_drop(&end);
    else
        sm_pipe_end_keep(&end, own);
    return r;
}

/* Operations on sockets do not wait, whether they are non-blocking or not. */
static int of_socket(simul_stream **stream, int fd, bool own,
                     const simul_connect_opts *opts)
{
    int type = 0;
    socklen_t size = sizeof type;
    long r = sm_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (r < 0)
        return (int)r;
    if (type != SOCK_STREAM)
        return -EPROTOTYPE;
    r = own ? fd : sm_fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (r < 0)
        return (int)r;
    int made = sm_stream_of_socket(stream, sm_running, (int)r, opts);
    if (made < 0 && !own)
        sm_close((int)r);
    return made;
}

static int connect_to(simul_stream **stream, int fd, enum direction direction, bool own,
                      const simul_connect_opts *opts)
{
    struct stat file;
    if (!sm_running)
        return -SIMUL_ENOLOOP;
    long r = sm_fstat(fd, &file);
    if (r < 0)
        return (int)r;
    return S_ISSOCK(file.st_mode) ? of_socket(stream, fd, own, opts)
                                  : of_pipe(stream, fd, direction, own, opts);
}

int simul_connect_read_pipe(simul_stream **stream, int fd,
                            const simul_connect_opts *opts)
{
    return connect_to(stream, fd, READS, true, opts);
}

int simul_connect_write_pipe(simul_stream **stream, int fd,
                             const simul_connect_opts *opts)
{
    return connect_to(stream, fd, WRITES, true, opts);
}

int simul_stdin(simul_stream **stream)
{
    return connect_to(stream, 0, READS, false, NULL);
}

int simul_stdout(simul_stream **stream)
{
    return connect_to(stream, 1, WRITES, false, NULL);
}

int simul_stderr(simul_stream **stream)
{
    return connect_to(stream, 2, WRITES, false, NULL);
}
