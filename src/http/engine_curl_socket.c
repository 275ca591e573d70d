/* SPDX-License-Identifier: MIT */
/*
 * The engine's sockets, which we open and close for curl. (See engine.h.)
 *
 * In the child of a fork they are the parent's (S57). Whatever curl does to give back a
 * connection there, TLS's word of its end and shutdown(2) among it, would be done to the
 * parent's. So before curl is asked for anything of that kind each of them is replaced, under
 * its number, by a socket that leads nowhere.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/engine_curl.h"

/* Room in the table for that number: 0 or -ENOMEM. */
static int reserve(struct sm_engine *engine, int fd)
{
    enum { STEP = 256 };
    if (fd < engine->sockets_size)
        return 0;
    int size = (fd / STEP + 1) * STEP;
    size = size < 2 * engine->sockets_size ? 2 * engine->sockets_size : size;
    bool *table = sm_realloc(engine->sockets, (size_t)size * sizeof *table);
    if (!table)
        return -ENOMEM;
    memset(table + engine->sockets_size, 0,
           (size_t)(size - engine->sockets_size) * sizeof *table);
    engine->sockets = table;
    engine->sockets_size = size;
    return 0;
}

/* curl's own would be inherited by programs that are run, and say nothing when there is none
 * to be had. */
curl_socket_t sm_engine_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
    struct sm_transfer *transfer = arg;
    struct sm_engine *engine = transfer->engine;
    (void)purpose;
    long fd =
        sm_socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    long r = fd < 0 ? fd : reserve(engine, (int)fd);
    if (r < 0) {
        transfer->no_socket = (int)-r;
        if (fd >= 0)
            sm_close((int)fd);
        return CURL_SOCKET_BAD;
    }
    engine->sockets[fd] = true;
    return (curl_socket_t)fd;
}

/* A poller may keep the descriptor's file alive for a moment more: the other side is told
 * that it is over now. */
int sm_engine_close_socket(void *arg, curl_socket_t fd)
{
    struct sm_engine *engine = arg;
    if (fd < engine->sockets_size)
        engine->sockets[fd] = false;
    (void)sm_shutdown(fd, SHUT_RDWR); /* fails if there is no connection: as good */
    sm_close(fd);
    return 0;
}

/* Without memory curl may have closed some by itself. */
void sm_engine_forget_sockets(struct sm_engine *engine)
{
    sm_free(engine->sockets);
    engine->sockets = NULL;
    engine->sockets_size = 0;
}

/* Without one that leads nowhere: then their numbers lead nowhere. */
void sm_engine_leave_parents_sockets(struct sm_engine *engine)
{
    if (engine->owner == getpid())
        return;
    engine->owner = getpid();
    int nowhere = (int)sm_socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (int fd = 0; fd < engine->sockets_size; fd++)
        if (engine->sockets[fd] && (nowhere < 0 || dup3(nowhere, fd, O_CLOEXEC) < 0))
            sm_close(fd);
    if (nowhere >= 0)
        sm_close(nowhere);
}
