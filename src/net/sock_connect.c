/* SPDX-License-Identifier: MIT */
/* Accepting at and connecting the user's sockets. */
#include <poll.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/sock.h"
#include "net/stream.h"
#include "poll/poll.h"

/* ---- accepting -------------------------------------------------------------------------- */

/* A client that has gone while it stood in the queue is nobody's error. */
static ssize_t try_accept(struct sm_sock_call *call)
{
    simul_address peer = {.length = sizeof peer.socket};
    long fd;
    do
        fd = sm_accept(*call->fd, (struct sockaddr *)&peer.socket, &peer.length,
                       SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd == -ECONNABORTED);
    if (fd >= 0 && call->address)
        *call->address = peer;
    return fd;
}

/* The user may have closed a descriptor of the same number behind the poller's back. */
int simul_sock_accept(int fd, simul_address *peer)
{
    struct sm_sock_call call = {.attempt = try_accept,
                                .fd = &fd,
                                .address = peer,
                                .what = "sock_accept",
                                .events = POLLIN,
                                .idle = true};
    int r = sm_current() ? sm_sock_check(fd) : -SIMUL_ENOTASK;
    if (r < 0)
        return r;
    r = (int)sm_sock_run(&call);
    if (r >= 0)
        sm_poll_ops(sm_running->poll)->forget(sm_running->poll, r);
    return r;
}

/* ---- connecting ------------------------------------------------------------------------- */

static int outcome(int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    long r = sm_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return r < 0 ? (int)r : -error;
}

static int connect_to(int fd, const simul_address *to)
{
    const struct sm_sock_call call = {
        .fd = &fd, .what = "sock_connect", .events = POLLOUT};
    int r = (int)sm_connect(fd, sm_address_socket(to), to->length);
    if (r != -EINPROGRESS)
        return r;
    r = sm_sock_wait(&call);
    return r < 0 ? r : outcome(fd);
}

static int explain(int error, const simul_address *to)
{
    char text[SIMUL_ADDRESS_TEXT];
    simul_address_text(to, text, sizeof text);
    return simul_fail(error, "connect to %s: %s", text, simul_strerror(error));
}

int simul_sock_connect(int fd, const simul_address *to)
{
    int r = sm_checkpoint();
    if (r == 0)
        r = sm_sock_check(fd);
    if (r < 0)
        return r;
    r = connect_to(fd, to);
    return r < 0 && r != -ECANCELED ? explain(r, to) : r;
}

static int family_of(int fd)
{
    int family;
    socklen_t size = sizeof family;
    long r = sm_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
    if (r < 0)
        return (int)r;
    return family == AF_INET || family == AF_INET6 ? family : -EINVAL;
}

int simul_sock_connect_host(int fd, const char *host, const char *port)
{
    simul_address *found;
    int family = sm_current() ? family_of(fd) : -SIMUL_ENOTASK;
    if (family < 0)
        return family;
    const simul_resolve_opts opts = {.family = family};
    int r = simul_getaddrinfo(host, port, &opts, &found);
    if (r < 0)
        return r;
    const simul_address first = found[0];
    simul_addresses_release(found);
    return simul_sock_connect(fd, &first);
}
