/* SPDX-License-Identifier: MIT */
/*
 * Transports of pipes (S46): one direction each, with read(2) and write(2). What is done to
 * the descriptor is that of streams over pipes (pipe.h).
 *
 * The writing end is watched, too: for the reader that leaves.
 */
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/pipe.h"
#include "net/transport.h"

/* ---- the wires ------------------------------------------------------------------------ */

static ssize_t pipe_receive(struct simul_transport *transport, void *data, size_t size)
{
    return sm_read(transport->fd, data, size);
}

static ssize_t pipe_send(struct simul_transport *transport, const struct iovec *pieces,
                         int n)
{
    return n == 1 ? sm_write(transport->fd, pieces->iov_base, pieces->iov_len)
                  : sm_writev(transport->fd, pieces, n);
}

/* There is no other direction: the end is the end. */
static void pipe_end(struct simul_transport *transport)
{
    sm_transport_lose(transport, 0);
}

static const struct sm_transport_wire reads = {.receive = pipe_receive};
static const struct sm_transport_wire writes = {.send = pipe_send, .end = pipe_end};

/* As in asyncio it is no error if nothing was left to be sent. */
static void reader_left(struct simul_transport *transport)
{
    const struct sm_op *op = &transport->in.op;
    if (op->result & (POLLERR | POLLHUP | op->flags)) /* W3 */
        sm_transport_lose(transport, transport->kept_len > 0 ? -EPIPE : 0);
}

/* ---- making --------------------------------------------------------------------------- */

/* Events that are not asked for are told: POLLERR is, of pipes. */
static void watch_reader(struct simul_transport *transport,
                         const struct sm_pipe_end *end)
{
    transport->in.op.flags = end->is_fifo ? 0 : POLLRDHUP;
    transport->readable = reader_left;
    transport->eof = !end->is_fifo && !end->is_socket; /* there is none */
}

int sm_transport_of_pipe(struct simul_transport **ret, struct simul_loop *loop,
                         const struct sm_pipe_end *end, bool writing)
{
    struct simul_transport *transport;
    int r = sm_transport_new(&transport, loop, end->fd, NULL);
    if (r < 0)
        return r;
    transport->wire = writing ? &writes : &reads;
    transport->restore = end->flags;
    if (writing)
        watch_reader(transport, end);
    *ret = transport;
    return 0;
}

/* ---- what users call ------------------------------------------------------------------ */

static int take_end(struct sm_pipe_end *end, int fd)
{
    struct stat file;
    long r = sm_fstat(fd, &file);
    if (r < 0 || !S_ISSOCK(file.st_mode))
        return r < 0 ? (int)r : sm_pipe_end_take(end, fd, true);
    return sm_pipe_end_of_socket(end, fd);
}

static int create(struct simul_transport **ret, int fd, bool writing,
                  const simul_protocol *protocol, void *user)
{
    struct simul_transport *transport;
    struct sm_pipe_end end;
    int r = take_end(&end, fd);
    if (r < 0)
        return r;
    r = sm_transport_of_pipe(&transport, sm_running, &end, writing);
    if (r < 0) {
        sm_pipe_end_drop(&end);
        return r;
    }
    sm_pipe_end_keep(&end, true);
    sm_transport_start(ret, transport, protocol, user);
    return 0;
}

static int connect_to(struct simul_transport **ret, int fd, bool writing,
                      const simul_protocol *protocol, void *user)
{
    static const simul_connect_opts no_opts;
    int r = sm_transport_check(protocol, &no_opts);
    if (r == 0)
        r = sm_checkpoint();
    return r < 0 ? r : create(ret, fd, writing, protocol, user);
}

int simul_connect_read_pipe_protocol(simul_transport **transport, int fd,
                                     const simul_protocol *protocol, void *user)
{
    return connect_to(transport, fd, false, protocol, user);
}

int simul_connect_write_pipe_protocol(simul_transport **transport, int fd,
                                      const simul_protocol *protocol, void *user)
{
    return connect_to(transport, fd, true, protocol, user);
}
