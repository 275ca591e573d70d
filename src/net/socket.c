/* SPDX-License-Identifier: MIT */
#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "loop/loop.h"

static void set_option(int fd, int level, int name)
{
    const int on = 1;
    sm_setsockopt(fd, level, name, &on, sizeof on);
}

void sm_socket_tune(int fd, bool delay, bool keep_alive)
{
    if (!delay)
        set_option(fd, IPPROTO_TCP, TCP_NODELAY);
    if (keep_alive)
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE);
}

int sm_socket_adopt(int fd)
{
    int type = 0;
    socklen_t size = sizeof type;
    long r = sm_getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
    if (r < 0)
        return (int)r;
    if (type != SOCK_STREAM)
        return -EPROTOTYPE;
    long flags = sm_fcntl(fd, F_GETFL, 0);
    if (flags >= 0 && !(flags & O_NONBLOCK))
        flags = sm_fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    return flags < 0 ? (int)flags : 0;
}

void sm_socket_reset_on_close(const struct simul_loop *loop, int fd)
{
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    if (!sm_loop_forked(loop))
        sm_setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
}

void sm_socket_restore(const struct simul_loop *loop, int fd, int flags)
{
    if (!sm_loop_forked(loop))
        fcntl(fd, F_SETFL, flags);
}

void sm_socket_close(struct simul_loop *loop, int fd)
{
    if (loop->poll)
        sm_poll_ops(loop->poll)->forget(loop->poll, fd);
    sm_close(fd);
}
