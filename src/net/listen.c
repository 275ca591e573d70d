/* SPDX-License-Identifier: MIT */
/* Sockets to listen at, and those that systemd hands over. */
#include "net/listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/socket.h"

enum { BACKLOG = 100, SAME_PORT_TRIES = 16, SYSTEMD_FIRST = 3 };

/* ---- one address --------------------------------------------------------------------- */

static int set(int fd, int level, int name)
{
    const int on = 1;
    return (int)sm_setsockopt(fd, level, name, &on, sizeof on);
}

/* Accepted sockets inherit TCP_NODELAY and SO_KEEPALIVE: no call for each client. */
static int start_listening(int fd, const simul_server_opts *opts)
{
    sm_socket_tune(fd, opts->delay, opts->keep_alive);
    return (int)sm_listen(fd, opts->backlog ? opts->backlog : BACKLOG);
}

static int bind_to(int fd, const simul_address *address, const simul_server_opts *opts)
{
    int r = set(fd, SOL_SOCKET, SO_REUSEADDR);
    if (r == 0 && opts->reuse_port)
        r = set(fd, SOL_SOCKET, SO_REUSEPORT);
    if (r == 0 && address->socket.ss_family == AF_INET6)
        r = set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    if (r == 0)
        r = (int)sm_bind(fd, sm_address_socket(address), address->length);
    return r < 0 ? r : start_listening(fd, opts);
}

static int open_at(const simul_address *address, const simul_server_opts *opts)
{
    int family = address->socket.ss_family;
    int fd = (int)sm_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int r = bind_to(fd, address, opts);
    if (r < 0) {
        sm_close(fd);
        return r;
    }
    return fd;
}

int sm_listen_at(int fd, const simul_server_opts *opts)
{
    int r = sm_socket_adopt(fd);
    return r < 0 ? r : start_listening(fd, opts);
}

/* ---- all of them ---------------------------------------------------------------------- */

static int explain(int error, const simul_address *address)
{
    char text[SIMUL_ADDRESS_TEXT];
    simul_address_text(address, text, sizeof text);
    return simul_fail(error, "listen at %s: %s", text, simul_strerror(error));
}

static bool is_repeated(const simul_address *at, size_t i)
{
    for (size_t before = 0; before < i; before++)
        if (sm_address_same(&at[before], &at[i]))
            return true;
    return false;
}

static int port_of(int fd)
{
    simul_address address = {.length = sizeof address.socket};
    long r = sm_getsockname(fd, (struct sockaddr *)&address.socket, &address.length);
    return r < 0 ? (int)r : simul_address_port(&address);
}

static void set_ports(simul_address *at, size_t n, int port)
{
    for (size_t i = 0; i < n; i++)
        sm_address_set_port(&at[i], port);
}

static void close_all(const int *fds, int n)
{
    for (int i = 0; i < n; i++)
        sm_close(fds[i]);
}

/* The machine lacks the address, or the whole family. */
static bool is_missing(int error)
{
    return error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT;
}

/* One round; with `same_port` the first socket's port becomes that of the rest. */
static int open_all(simul_address *at, size_t n, const simul_server_opts *opts,
                    bool same_port, int *fds)
{
    int count = 0, error = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_repeated(at, i))
            continue;
        int fd = open_at(&at[i], opts);
        if (fd >= 0) {
            fds[count++] = fd;
            int port = same_port && count == 1 ? port_of(fd) : 0;
            if (port > 0)
                set_ports(at, n, port);
        } else if (is_missing(fd)) {
            error = error ? error : explain(fd, &at[i]);
        } else {
            close_all(fds, count);
            return explain(fd, &at[i]);
        }
    }
    return count > 0 ? count : error;
}

int sm_listen_all(simul_address *at, size_t n, const simul_server_opts *opts, int *fds)
{
    bool any_port = simul_address_port(&at[0]) == 0;
    if (!any_port)
        return open_all(at, n, opts, false, fds);
    for (int i = 0; i < SAME_PORT_TRIES; i++) {
        int r = open_all(at, n, opts, true, fds);
        if (r != -EADDRINUSE)
            return r;
        set_ports(at, n, 0); /* it was taken on another address: choose anew */
    }
    return open_all(at, n, opts, false, fds);
}

/* ---- systemd -------------------------------------------------------------------------- */

static int number_in(const char *name, long *number)
{
    const char *text = getenv(name);
    char *end;
    if (!text)
        return 0;
    errno = 0;
    *number = strtol(text, &end, 10);
    return errno || end == text || *end || *number < 0 ? -EINVAL : 1;
}

/* Children must not inherit them; that also tells whether they are open. */
static int take_over(int first, int n)
{
    for (int fd = first; fd < first + n; fd++) {
        long flags = sm_fcntl(fd, F_GETFD, 0);
        if (flags >= 0)
            flags = sm_fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
        if (flags < 0)
            return (int)flags;
    }
    return 0;
}

int simul_listen_fds(int *first)
{
    long pid, n;
    int r = number_in("LISTEN_PID", &pid);
    if (r <= 0 || pid != getpid())
        return r < 0 ? r : 0;
    r = number_in("LISTEN_FDS", &n);
    if (r <= 0 || n == 0)
        return r < 0 ? r : 0;
    if (n > INT16_MAX)
        return -EINVAL;
    r = take_over(SYSTEMD_FIRST, (int)n);
    if (r < 0)
        return r;
    *first = SYSTEMD_FIRST;
    return (int)n;
}
