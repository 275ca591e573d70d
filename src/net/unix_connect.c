/* SPDX-License-Identifier: MIT */
/* Streams to Unix sockets. */
#include "base/sys.h"
#include "net/address.h"
#include "net/connect.h"
#include "net/socket.h"
#include "net/stream.h"
#include "poll/poll.h"

static int connect_to(int fd, simul_address *to)
{
    struct sm_op op = {.fd = fd, .code = SM_OP_CONNECT};
    op.addr = (struct sockaddr *)&to->socket;
    op.addr_len = &to->length;
    int r = (int)sm_op_await(&op, "connect");
    if (r < 0 && r != -ECANCELED) {
        char text[SIMUL_ADDRESS_TEXT];
        simul_address_text(to, text, sizeof text);
        return simul_fail(r, "connect to %s: %s", text, simul_strerror(r));
    }
    return r;
}

static int dial(simul_address *to)
{
    int fd = (int)sm_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int r = connect_to(fd, to);
    if (r < 0)
        sm_socket_close(sm_running, fd);
    return r < 0 ? r : fd;
}

int simul_open_unix_connection(simul_stream **stream, const char *path,
                               const simul_connect_opts *opts)
{
    simul_address to;
    simul_stream *made;
    int r = sm_current() ? simul_address_unix(&to, path) : -SIMUL_ENOTASK;
    if (r == 0)
        r = sm_may_secure(NULL, opts);
    int fd = r < 0 ? r : dial(&to);
    if (fd < 0)
        return fd;
    r = sm_stream_of_socket(&made, sm_running, fd, opts);
    if (r < 0)
        sm_socket_close(sm_running, fd);
    return r < 0 ? r : sm_secured(stream, made, NULL, opts);
}
