/* SPDX-License-Identifier: MIT */
/* Opening endpoints for datagrams: the first pair of addresses that works. */
#include "base/sys.h"
#include "net/address.h"
#include "net/datagram.h"
#include "net/stream.h"

/* NULL: none. */
struct ends {
    const simul_address *local, *remote;
};

/* ---- one pair ---------------------------------------------------------------------------- */

static int explain(int error, const char *what, const simul_address *address)
{
    char text[SIMUL_ADDRESS_TEXT];
    simul_address_text(address, text, sizeof text);
    return simul_fail(error, "%s %s: %s", what, text, simul_strerror(error));
}

static int set_options(int fd, const simul_datagram_opts *opts)
{
    const int on = 1;
    long r = 0;
    if (opts->reuse_port)
        r = sm_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (r == 0 && opts->allow_broadcast)
        r = sm_setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
    return (int)r;
}

/* Bound by its path already, if it is a Unix socket. */
static int attach(int fd, struct ends ends, const simul_datagram_opts *opts)
{
    const simul_address *local = ends.local, *remote = ends.remote;
    int r = set_options(fd, opts);
    if (r == 0 && local) {
        r = (int)sm_bind(fd, sm_address_socket(local), local->length);
        r = r < 0 ? explain(r, "bind to", local) : r;
    }
    if (r == 0 && remote && !opts->allow_broadcast) {
        r = (int)sm_connect(fd, sm_address_socket(remote), remote->length);
        r = r < 0 ? explain(r, "connect to", remote) : r;
    }
    return r;
}

static int open_socket(int family)
{
    return (int)sm_socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int open_pair(simul_datagram **ret, int family, struct ends ends,
                     const simul_datagram_opts *opts)
{
    int fd = open_socket(family);
    if (fd < 0)
        return fd;
    int r = attach(fd, ends, opts);
    if (r == 0)
        r = sm_datagram_make(ret, fd, NULL, opts->allow_broadcast ? ends.remote : NULL);
    if (r < 0)
        sm_close(fd);
    return r;
}

/* ---- by host and port -------------------------------------------------------------------- */

static int look_up(const char *host, const char *port, bool passive,
                   const simul_datagram_opts *opts, simul_address **found)
{
    const simul_resolve_opts how = {
        .family = opts->family, .passive = passive, .nameserver = opts->nameserver};
    return host || port ? simul_getaddrinfo(host, port, &how, found) : 0;
}

static const simul_address *of_family(const simul_address *all, int n, int family)
{
    for (int i = 0; i < n; i++)
        if (all[i].socket.ss_family == family)
            return &all[i];
    return NULL;
}

struct found {
    simul_address *local, *remote;
    int n_local, n_remote;
};

/* Led by the remote addresses if there are any, with the first local one of the family. */
static int open_first(simul_datagram **ret, const struct found *found,
                      const simul_datagram_opts *opts)
{
    int error = 0;
    const simul_address *lead = found->n_remote ? found->remote : found->local;
    int n = found->n_remote ? found->n_remote : found->n_local;
    for (int i = 0; i < n; i++) {
        int family = lead[i].socket.ss_family;
        struct ends ends = {.local = &lead[i]};
        if (found->n_remote) {
            ends.remote = &lead[i];
            ends.local = of_family(found->local, found->n_local, family);
            if (found->n_local && !ends.local)
                continue;
        }
        int r = open_pair(ret, family, ends, opts);
        if (r == 0)
            return 0;
        error = error ? error : r;
    }
    return error ? error : -EADDRNOTAVAIL;
}

static int open_by_name(simul_datagram **ret, const simul_datagram_opts *opts)
{
    struct found found = {0};
    int r = found.n_remote =
        look_up(opts->remote_host, opts->remote_port, false, opts, &found.remote);
    if (r >= 0)
        r = found.n_local =
            look_up(opts->local_host, opts->local_port, true, opts, &found.local);
    if (r >= 0)
        r = open_first(ret, &found, opts);
    simul_addresses_release(found.remote);
    simul_addresses_release(found.local);
    return r;
}

/* ---- by path ----------------------------------------------------------------------------- */

static int bind_and_make(simul_datagram **ret, int fd, const simul_address *remote,
                         const simul_datagram_opts *opts)
{
    struct sm_unix_name *name = NULL;
    int r = 0;
    if (opts->local_path)
        r = sm_unix_bind(&name, fd, opts->local_path, opts->mode);
    if (r == 0)
        r = attach(fd, (struct ends){.remote = remote}, opts);
    if (r == 0)
        r = sm_datagram_make(ret, fd, name, opts->allow_broadcast ? remote : NULL);
    if (r < 0)
        sm_unix_name_end(name);
    return r;
}

static int open_by_path(simul_datagram **ret, const simul_datagram_opts *opts)
{
    simul_address remote;
    int r = opts->remote_path ? simul_address_unix(&remote, opts->remote_path) : 0;
    int fd = r < 0 ? r : open_socket(AF_UNIX);
    if (fd < 0)
        return fd;
    r = bind_and_make(ret, fd, opts->remote_path ? &remote : NULL, opts);
    if (r < 0)
        sm_close(fd);
    return r;
}

/* ---- opening ----------------------------------------------------------------------------- */

int simul_datagram_open(simul_datagram **ret, const simul_datagram_opts *opts)
{
    static const simul_datagram_opts defaults;
    opts = opts ? opts : &defaults;
    bool path = opts->local_path || opts->remote_path;
    bool name =
        opts->local_host || opts->local_port || opts->remote_host || opts->remote_port;
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (path && !name && (!opts->family || opts->family == AF_UNIX))
        return open_by_path(ret, opts);
    if (name && !path && opts->family != AF_UNIX)
        return open_by_name(ret, opts);
    return path || name || !opts->family
               ? -EINVAL
               : open_pair(ret, opts->family, (struct ends){0}, opts);
}
