/* SPDX-License-Identifier: MIT */
/* An endpoint for datagrams: its life, receiving and sending (S39). */
#include "net/datagram.h"

#include <fcntl.h>

#include "base/log.h"
#include "base/sys.h"
#include "net/sock.h"
#include "net/socket.h"
#include "net/stream.h"

struct simul_datagram {
    struct simul_loop *loop;
    struct sm_at_close at_close;
    int fd;                    /* owned; -1: closed */
    struct sm_unix_name *name; /* owned; the file to remove; or NULL */
    uint32_t refs;             /* the user's, and one for each call under way */
    bool released;
    simul_address peer; /* length 0: none */
};

/* ---- its life ---------------------------------------------------------------------------- */

static void unref(struct simul_datagram *datagram)
{
    if (--datagram->refs > 0)
        return;
    sm_list_remove(&datagram->at_close.link);
    sm_free(datagram);
}

void simul_datagram_close(simul_datagram *datagram)
{
    if (!datagram || datagram->fd < 0)
        return;
    sm_unix_name_end(datagram->name);
    sm_socket_close(datagram->loop, datagram->fd);
    datagram->fd = -1;
}

void simul_datagram_release(simul_datagram *datagram)
{
    if (!datagram)
        return;
    simul_datagram_close(datagram);
    datagram->released = true;
    unref(datagram);
}

void sm_datagram_give_back(simul_datagram *datagram)
{
    datagram->fd = -1;
    simul_datagram_release(datagram);
}

/* The loop is closed: its tasks are dead, and their references with them. */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_datagram *datagram =
        sm_container_of(at_close, struct simul_datagram, at_close);
    if (datagram->loop->debug && datagram->fd >= 0)
        sm_log(SIMUL_LOG_WARNING, "a datagram endpoint was not closed before its loop");
    simul_datagram_close(datagram);
    datagram->refs = 1;
    if (datagram->released)
        unref(datagram);
}

int sm_datagram_make(simul_datagram **ret, int fd, struct sm_unix_name *name,
                     const simul_address *peer)
{
    struct simul_datagram *made = sm_zalloc(sizeof *made);
    if (!made)
        return -ENOMEM;
    made->loop = sm_running;
    made->fd = fd;
    made->name = name;
    made->refs = 1;
    if (peer)
        made->peer = *peer;
    made->at_close.close = end_with_loop;
    sm_list_push(&made->loop->at_close, &made->at_close.link);
    *ret = made;
    return 0;
}

static int check_type(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    long r = sm_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (r < 0)
        return (int)r;
    return type == SOCK_DGRAM ? 0 : -EPROTOTYPE;
}

int simul_datagram_open_fd(simul_datagram **ret, int fd)
{
    if (!sm_running)
        return -SIMUL_ENOLOOP;
    int r = check_type(fd);
    long flags = r < 0 ? r : sm_fcntl(fd, F_GETFL, 0);
    if (flags >= 0 && !(flags & O_NONBLOCK))
        flags = sm_fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return flags < 0 ? (int)flags : sm_datagram_make(ret, fd, NULL, NULL);
}

/* ---- receiving and sending --------------------------------------------------------------- */

/* Who waits holds the endpoint; that it was closed under him looks like a bad descriptor. */
static ssize_t leave(struct simul_datagram *datagram, ssize_t r)
{
    if (datagram->fd < 0 && r == -EBADF)
        r = -SIMUL_ESTATE;
    unref(datagram);
    return r;
}

ssize_t simul_datagram_recvfrom(simul_datagram *datagram, void *buf, size_t n,
                                simul_address *from)
{
    if (!datagram)
        return -EINVAL;
    datagram->refs++;
    ssize_t got = sm_sock_recvfrom(&datagram->fd, buf, n, MSG_TRUNC, from);
    return leave(datagram, got > (ssize_t)n ? -EMSGSIZE : got);
}

ssize_t simul_datagram_sendto(simul_datagram *datagram, const void *data, size_t n,
                              const simul_address *to)
{
    if (!datagram)
        return -EINVAL;
    if (!to && datagram->peer.length)
        to = &datagram->peer;
    datagram->refs++;
    return leave(datagram, sm_sock_sendto(&datagram->fd, data, n, to));
}

const simul_address *sm_datagram_peer(const simul_datagram *datagram)
{
    return datagram->peer.length ? &datagram->peer : NULL;
}

/* ---- questions --------------------------------------------------------------------------- */

int simul_datagram_fileno(const simul_datagram *datagram)
{
    return datagram && datagram->fd >= 0 ? datagram->fd : -SIMUL_ESTATE;
}

static int name_of(const struct simul_datagram *datagram, bool peer,
                   simul_address *answer)
{
    simul_address found = {.length = sizeof found.socket};
    struct sockaddr *socket = (struct sockaddr *)&found.socket;
    int fd = simul_datagram_fileno(datagram);
    if (fd < 0)
        return fd;
    long r = peer ? sm_getpeername(fd, socket, &found.length)
                  : sm_getsockname(fd, socket, &found.length);
    if (r == 0)
        *answer = found;
    return (int)r;
}

int simul_datagram_sockname(const simul_datagram *datagram, simul_address *name)
{
    return name_of(datagram, false, name);
}

int simul_datagram_peername(const simul_datagram *datagram, simul_address *name)
{
    return name_of(datagram, true, name);
}
