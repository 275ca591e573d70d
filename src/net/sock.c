/* SPDX-License-Identifier: MIT */
/* Calls on the user's sockets (S40). */
#include "net/sock.h"

#include <fcntl.h>
#include <poll.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/stream.h"
#include "poll/poll.h"

/* ---- trying and waiting ---------------------------------------------------------------- */

int sm_sock_check(int fd)
{
    long flags = sm_fcntl(fd, F_GETFL, 0);
    if (flags < 0)
        return (int)flags;
    return flags & O_NONBLOCK
               ? 0
               : simul_fail(-EINVAL, "descriptor %d must be non-blocking", fd);
}

/* A foreign -ECANCELED: the poller was told to forget the descriptor, it is closed. */
int sm_sock_wait(const struct sm_sock_call *call)
{
    struct simul_loop *loop = sm_running;
    ssize_t r =
        sm_checkpoint(); /* others may run, and close it: look it up after that */
    if (r < 0)
        return (int)r;
    struct sm_op op = {.fd = *call->fd, .code = SM_OP_POLL, .flags = call->events};
    sm_loop_hold(loop, !call->idle);
    r = sm_op_wait(&op, call->what);
    sm_loop_unhold(loop, !call->idle);
    if (r == -ECANCELED && !sm_was_cancelled())
        return -EBADF;
    if (r == -EBUSY)
        return -SIMUL_ECONCURRENT;
    return r < 0 ? (int)r : 0;
}

ssize_t sm_sock_run(struct sm_sock_call *call)
{
    int r = sm_checkpoint();
    if (r == 0 && sm_running->debug)
        r = sm_sock_check(*call->fd);
    while (r == 0) {
        ssize_t n = call->attempt(call);
        if (n != -EAGAIN)
            return n;
        r = sm_sock_wait(call);
    }
    return r;
}

/* ---- receiving -------------------------------------------------------------------------- */

static ssize_t try_recv(struct sm_sock_call *call)
{
    return sm_recv(*call->fd, call->data, call->n, MSG_DONTWAIT);
}

ssize_t simul_sock_recv(int fd, void *buf, size_t n)
{
    struct sm_sock_call call = {.attempt = try_recv,
                                .fd = &fd,
                                .data = buf,
                                .n = n,
                                .what = "sock_recv",
                                .events = POLLIN};
    return sm_sock_run(&call);
}

static ssize_t try_recvfrom(struct sm_sock_call *call)
{
    simul_address from = {.length = sizeof from.socket};
    ssize_t n = sm_recvfrom(*call->fd, call->data, call->n, MSG_DONTWAIT | call->flags,
                            (struct sockaddr *)&from.socket, &from.length);
    if (n >= 0 && call->address)
        *call->address = from;
    return n;
}

ssize_t sm_sock_recvfrom(const int *fd, void *buf, size_t n, int flags,
                         simul_address *from)
{
    struct sm_sock_call call = {.attempt = try_recvfrom,
                                .flags = flags,
                                .fd = fd,
                                .data = buf,
                                .n = n,
                                .address = from,
                                .what = "sock_recvfrom",
                                .events = POLLIN,
                                .idle = true};
    return sm_sock_run(&call);
}

ssize_t simul_sock_recvfrom(int fd, void *buf, size_t n, simul_address *from)
{
    return sm_sock_recvfrom(&fd, buf, n, 0, from);
}

/* ---- sending ---------------------------------------------------------------------------- */

static ssize_t try_send(struct sm_sock_call *call)
{
    return sm_send(*call->fd, call->data, call->n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

ssize_t simul_sock_sendall(int fd, const void *data, size_t n)
{
    struct sm_sock_call call = {.attempt = try_send,
                                .fd = &fd,
                                .data = (void *)data,
                                .n = n,
                                .what = "sock_sendall",
                                .events = POLLOUT};
    do {
        ssize_t sent = sm_sock_run(&call);
        if (sent == -ECANCELED && call.n < n)
            return -SIMUL_EBROKEN;
        if (sent < 0)
            return sent;
        call.data = (char *)call.data + sent;
        call.n -= (size_t)sent;
    } while (call.n > 0);
    return (ssize_t)n;
}

static ssize_t try_sendto(struct sm_sock_call *call)
{
    const simul_address *to = call->address;
    return sm_sendto(*call->fd, call->data, call->n, MSG_DONTWAIT | MSG_NOSIGNAL,
                     to ? sm_address_socket(to) : NULL, to ? to->length : 0);
}

ssize_t sm_sock_sendto(const int *fd, const void *data, size_t n,
                       const simul_address *to)
{
    struct sm_sock_call call = {.attempt = try_sendto,
                                .fd = fd,
                                .data = (void *)data,
                                .n = n,
                                .address = (simul_address *)to,
                                .what = "sock_sendto",
                                .events = POLLOUT};
    return sm_sock_run(&call);
}

ssize_t simul_sock_sendto(int fd, const void *data, size_t n, const simul_address *to)
{
    return sm_sock_sendto(&fd, data, n, to);
}
