/* SPDX-License-Identifier: MIT */
/*
 * The bottom layer over descriptors that are no sockets: pipes, FIFOs, terminals, other
 * character devices; regular files, too, where they stand in for a standard stream. One
 * descriptor is read from, another one written to; either may be missing.
 *
 * O_NONBLOCK is a property of the open file, which other processes may share: a shell would
 * find its terminal non-blocking when the program has ended. So it is not set on what may
 * be theirs. In this order:
 *
 *  D1. It is non-blocking already, or a regular file, or made by us: used as it is.
 *  D2. A pipe or a terminal is opened anew by its name in /proc, non-blocking: that open
 *      file is ours alone.
 *  D3. Where that is refused (another user's terminal, no /proc, the master of a pty), one
 *      that was given to us for good is set non-blocking, and set back before it is closed.
 *  D4. One that stays somebody's, as the standard streams do, is used as it is: a call is
 *      made only when poll(2) says that it will not wait, for no more than it promises.
 */
#ifndef SM_NET_PIPE_H
#define SM_NET_PIPE_H

#include <sys/stat.h>

#include "net/tcp.h"

struct sm_pipe_end {
    int fd;       /* -1: none */
    int given;    /* what it was made of */
    int flags;    /* to set back before closing; -1: nothing (D3) */
    bool patient; /* D4: to be asked before each call */
    bool is_fifo;
    bool is_socket; /* only of transports */
};

#define SM_NO_PIPE_END ((struct sm_pipe_end){.fd = -1, .given = -1, .flags = -1})

/** Of a descriptor that stays the caller's, or, with `own`, becomes the stream's, when
 *  sm_pipe_end_keep() is called. -EBADF; -EINVAL: what it is cannot be used so. */
int sm_pipe_end_take(struct sm_pipe_end *end, int fd, bool own);

/** Of a connected socket that is to be used as one; as sm_pipe_end_take(), for good. */
int sm_pipe_end_of_socket(struct sm_pipe_end *end, int fd);

/** Of one that was made by us, non-blocking. */
void sm_pipe_end_made(struct sm_pipe_end *end, int fd);

/** There is a stream: what it was made of is closed if it is not needed. */
void sm_pipe_end_keep(const struct sm_pipe_end *end, bool own);

/** There is none: as if it never was. */
void sm_pipe_end_drop(const struct sm_pipe_end *end);

/** As sm_stream_of_socket(). The ends may have the same descriptor. */
int sm_stream_of_pipe(struct simul_stream **stream, struct simul_loop *loop,
                      const struct sm_pipe_end *in, const struct sm_pipe_end *out,
                      const simul_connect_opts *opts);

#endif
