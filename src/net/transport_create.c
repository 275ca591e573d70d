/* SPDX-License-Identifier: MIT */
/* Transports of connections, and of a server's clients (S41). */
#include "base/sys.h"
#include "net/connect.h"
#include "net/server.h"
#include "net/socket.h"

static const simul_connect_opts defaults;

int sm_transport_check(const simul_protocol *protocol, const simul_connect_opts *opts)
{
    size_t high, low;
    if (!sm_current())
        return -SIMUL_ENOTASK;
    if (!protocol)
        return -EINVAL;
    return sm_transport_limit(&high, &low, opts);
}

/* Returns when connection_made was called, in the next pass. A transport that is lost by then
 * is still there for us (T3). */
void sm_transport_start(struct simul_transport **ret, struct simul_transport *transport,
                        const simul_protocol *protocol, void *user)
{
    simul_transport_set_protocol(transport, protocol, user);
    sm_transport_begin(transport, NULL);
    sm_wait_for_pass(&transport->creator, "connect");
    transport->held = ret != NULL;
    if (ret)
        *ret = transport;
    else
        simul_transport_release(transport);
}

/* After a checkpoint; the socket stays the caller's on failure, unless there is TLS. `host`:
 * whom that may take for granted, or NULL. */
static int create(simul_transport **ret, int fd, const char *host,
                  const simul_protocol *protocol, void *user,
                  const simul_connect_opts *opts)
{
    struct simul_transport *transport;
    int r = opts->tls ? sm_transport_secure(&transport, fd, host, opts)
                      : sm_transport_new(&transport, sm_running, fd, opts);
    if (r < 0)
        return r;
    sm_transport_start(ret, transport, protocol, user);
    return 0;
}

/* For a socket of our own, or an error in place of it. */
static int create_of_ours(simul_transport **ret, int fd, const char *host,
                          const simul_protocol *protocol, void *user,
                          const simul_connect_opts *opts)
{
    if (fd < 0)
        return fd;
    int r = create(ret, fd, host, protocol, user, opts);
    if (r < 0 && !opts->tls)
        sm_socket_close(sm_running, fd);
    return r;
}

int simul_create_connection(simul_transport **transport, const char *host,
                            const char *port, const simul_protocol *protocol,
                            void *user, const simul_connect_opts *opts)
{
    opts = opts ? opts : &defaults;
    int r = sm_transport_check(protocol, opts);
    if (r < 0)
        return r;
    if (opts->attempt_delay != opts->attempt_delay || !port || !*port
        || (opts->tls && opts->tls->server))
        return -EINVAL;
    r = sm_may_secure(host, opts);
    if (r < 0)
        return r;
    return create_of_ours(transport, sm_connect_by_name(host, port, opts), host,
                          protocol, user, opts);
}

int simul_create_connection_fd(simul_transport **transport, int fd,
                               const simul_protocol *protocol, void *user,
                               const simul_connect_opts *opts)
{
    opts = opts ? opts : &defaults;
    int r = sm_transport_check(protocol, opts);
    if (r == 0)
        r = sm_may_secure(NULL, opts);
    if (r == 0 && !opts->tls) /* else the handshake is one */
        r = sm_checkpoint();
    if (r == 0)
        r = sm_socket_adopt(fd);
    if (r < 0)
        return r;
    sm_socket_tune(fd, opts->delay, opts->keep_alive);
    return create(transport, fd, NULL, protocol, user, opts);
}

/* ---- Unix ----------------------------------------------------------------------------- */

int simul_create_unix_connection(simul_transport **transport, const char *path,
                                 const simul_protocol *protocol, void *user,
                                 const simul_connect_opts *opts)
{
    simul_address at;
    opts = opts ? opts : &defaults;
    int r = sm_transport_check(protocol, opts);
    if (r == 0)
        r = opts->tls && opts->tls->server ? -EINVAL : sm_may_secure(NULL, opts);
    if (r == 0)
        r = simul_address_unix(&at, path);
    simul_address *to = r < 0 ? NULL : sm_malloc(sizeof *to);
    if (!to)
        return r < 0 ? r : -ENOMEM;
    *to = at;
    return create_of_ours(transport, sm_connect_any(to, 1, NULL, 0, opts), NULL,
                          protocol, user, opts);
}

/* ---- serving -------------------------------------------------------------------------- */

void sm_transport_for_client(struct simul_transport *transport,
                             const struct sm_service *service)
{
    transport->factory = service->factory;
    transport->factory_arg = service->arg;
}

int sm_transport_of_client(struct simul_transport **ret, struct simul_loop *loop,
                           int fd, const struct sm_service *service,
                           const simul_connect_opts *opts)
{
    struct simul_transport *transport;
    int r = sm_transport_new(&transport, loop, fd, opts);
    if (r < 0)
        return r;
    sm_transport_for_client(transport, service);
    *ret = transport;
    return 0;
}

static int check_server(const simul_server_opts *opts)
{
    size_t high, low;
    if (!opts)
        return 0;
    return sm_transport_limit(&high, &low,
                              &(simul_connect_opts){.high_water = opts->high_water,
                                                    .low_water = opts->low_water});
}

int simul_create_server(simul_server **server, const char *host, const char *port,
                        simul_protocol_factory *factory, void *arg,
                        const simul_server_opts *opts)
{
    const struct sm_service service = {.factory = factory, .arg = arg};
    int r = check_server(opts);
    return r < 0 ? r : sm_server_start(server, host, port, &service, opts);
}

int simul_create_server_fds(simul_server **server, const int *fds, size_t n,
                            simul_protocol_factory *factory, void *arg,
                            const simul_server_opts *opts)
{
    const struct sm_service service = {.factory = factory, .arg = arg};
    int r = check_server(opts);
    return r < 0 ? r : sm_server_start_fds(server, fds, n, &service, opts);
}

int simul_create_unix_server(simul_server **server, const char *path,
                             simul_protocol_factory *factory, void *arg,
                             const simul_server_opts *opts)
{
    const struct sm_service service = {.factory = factory, .arg = arg};
    int r = check_server(opts);
    return r < 0 ? r : sm_server_start_unix(server, path, &service, opts);
}
