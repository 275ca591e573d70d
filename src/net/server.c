/* SPDX-License-Identifier: MIT */
/* A server: starting, closing, waiting for its end (S43). */
#include "net/server.h"

#include "base/log.h"
#include "base/sys.h"
#include "net/listen.h"
#include "net/socket.h"
#include "net/unix_name.h"

enum { BACKLOG = 100 };

/* ---- the end -------------------------------------------------------------------------- */

static void free_server(struct simul_server *server)
{
    sm_list_remove(&server->at_close.link);
    if (server->stream.tls)
        server->stream.tls->drop(server->stream.tls);
    sm_free(server);
}

void sm_server_unref(struct simul_server *server)
{
    if (--server->refs == 0)
        free_server(server);
}

static bool is_over(const struct simul_server *server)
{
    return server->closed && server->n_clients == 0;
}

void sm_server_look(struct simul_server *server)
{
    while (is_over(server) && sm_waitq_wake(&server->waiters, 0))
        ;
}

static void remove_name(struct simul_server *server)
{
    sm_unix_name_end(server->unix_name);
    server->unix_name = NULL;
}

static void close_sockets(struct simul_server *server)
{
    remove_name(server);
    for (size_t i = 0; i < server->n; i++) {
        if (server->listeners[i].fd >= 0)
            sm_socket_close(server->loop, server->listeners[i].fd);
        server->listeners[i].fd = -1;
    }
}

void simul_server_close(simul_server *server)
{
    if (!server || server->closed)
        return;
    server->closed = true;
    close_sockets(server);
    while (sm_waitq_wake(&server->closers, 0))
        ;
    sm_server_look(server);
}

/* One that was released serves on until then on purpose. */
void sm_server_left_open(const struct simul_server *server)
{
    if (server->loop->debug && !server->closed && !server->released)
        sm_log(SIMUL_LOG_WARNING, "a server was not closed before its loop");
}

/* The loop is closed: its tasks are dead, and their references with them. */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_server *server =
        sm_container_of(at_close, struct simul_server, at_close);
    sm_server_left_open(server);
    server->closed = true;
    remove_name(server);
    for (size_t i = 0; i < server->n; i++)
        sm_accept_drop(&server->listeners[i]);
    while (!sm_list_empty(&server->clients))
        sm_client_drop(sm_container_of(server->clients.next, struct client, link));
    if (server->released)
        free_server(server);
    else
        server->refs = 1;
}

void simul_server_release(simul_server *server)
{
    if (!server)
        return;
    server->released = true;
    sm_server_unref(server);
}

/* ---- clients --------------------------------------------------------------------------- */

static void end_clients(struct simul_server *server, void (*end)(simul_stream *),
                        void (*end_transport)(simul_transport *))
{
    if (!server)
        return;
    sm_list_each_safe (it, &server->clients) {
        struct client *client = sm_container_of(it, struct client, link);
        if (client->closed)
            continue;
        client->told_to_end = true;
        if (client->transport)
            end_transport(client->transport);
        else
            end(client->stream);
    }
}

void simul_server_close_clients(simul_server *server)
{
    end_clients(server, simul_stream_close, simul_transport_close);
}

/* On purpose: what its end looks like is told to nobody. */
static void abort_stream(simul_stream *stream)
{
    stream->told = true;
    simul_stream_abort(stream);
}

void simul_server_abort_clients(simul_server *server)
{
    end_clients(server, abort_stream, simul_transport_abort);
}

void simul_server_cancel_clients(simul_server *server)
{
    if (!server)
        return;
    sm_list_each_safe (it, &server->clients) {
        struct client *client = sm_container_of(it, struct client, link);
        if (client->task)
            sm_task_cancel(client->task);
    }
}

/* ---- waiting --------------------------------------------------------------------------- */

static int wait_closed(struct simul_server *server)
{
    int r = is_over(server) ? 0 : sm_checkpoint();
    if (r < 0 || is_over(server))
        return r;
    return (int)sm_waitq_sleep(&server->waiters, "wait_closed", server, NULL);
}

int simul_server_wait_closed(simul_server *server)
{
    struct simul_future *task = sm_current();
    if (!server)
        return -EINVAL;
    if (!task)
        return -SIMUL_ENOTASK;
    bool sticky = sm_sticky_save(task);
    server->refs++;
    int r = wait_closed(server);
    sm_server_unref(server);
    sm_sticky_restore(task, sticky);
    return r;
}

static int serve_forever(struct simul_server *server)
{
    server->forever = true;
    int r = (int)sm_waitq_sleep(&server->closers, "serve_forever", server, NULL);
    server->forever = false;
    if (r != -ECANCELED)
        return r;
    simul_server_close(server);
    simul_server_close_clients(server);
    simul_server_wait_closed(server);
    return r;
}

int simul_server_serve_forever(simul_server *server)
{
    if (!server)
        return -EINVAL;
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (server->closed)
        return -SIMUL_ESTATE;
    if (server->forever)
        return -SIMUL_ECONCURRENT;
    server->refs++;
    r = serve_forever(server);
    sm_server_unref(server);
    return r;
}

/* ---- starting -------------------------------------------------------------------------- */

/* What the clients' streams are made with. */
static simul_connect_opts for_clients(const simul_server_opts *opts)
{
    if (opts->tls)
        opts->tls->hold(opts->tls);
    return (simul_connect_opts){.limit = opts->limit,
                                .high_water = opts->high_water,
                                .low_water = opts->low_water,
                                .tls = opts->tls,
                                .tls_handshake_timeout = opts->tls_handshake_timeout,
                                .tls_shutdown_timeout = opts->tls_shutdown_timeout};
}

static struct simul_server *new_server(const int *fds, size_t n,
                                       const struct sm_service *service,
                                       const simul_server_opts *opts)
{
    struct simul_server *server =
        sm_zalloc(sizeof *server + n * sizeof(struct listener));
    if (!server)
        return NULL;
    server->loop = sm_running;
    server->service = *service;
    server->stream = for_clients(opts);
    server->stack_size = opts->stack_size;
    server->backlog = opts->backlog ? opts->backlog : BACKLOG;
    server->refs = 1;
    sm_list_init(&server->clients);
    sm_list_init(&server->waiters);
    sm_list_init(&server->closers);
    server->n = n;
    for (size_t i = 0; i < n; i++)
        server->listeners[i] =
            (struct listener){.server = server, .fd = fds[i], .accepted = -1};
    return server;
}

/* All or none: the descriptors are the server's only if all listeners were started. Those
 * whose tasks were, end without having begun. */
static int start(struct simul_server *server)
{
    server->at_close.close = end_with_loop;
    sm_list_push(&server->loop->at_close, &server->at_close.link);
    for (size_t i = 0; i < server->n; i++) {
        if (sm_accept_start(&server->listeners[i]) == 0)
            continue;
        for (size_t all = 0; all < server->n; all++)
            server->listeners[all].fd = -1;
        simul_server_close(server);
        simul_server_release(server);
        return -ENOMEM;
    }
    return 0;
}

int sm_server_check(const struct sm_service *service, const simul_server_opts *opts)
{
    if (!sm_running)
        return -SIMUL_ENOLOOP;
    bool wrong_end = opts->tls && !opts->tls->server;
    bool none = !service->handler && !service->factory;
    return none || opts->backlog < 0 || wrong_end ? -EINVAL : 0;
}

static int start_at(simul_server **ret, const int *fds, size_t n,
                    const struct sm_service *service, const simul_server_opts *opts)
{
    struct simul_server *server = new_server(fds, n, service, opts);
    int r = server ? start(server) : -ENOMEM;
    if (r == 0)
        *ret = server;
    return r;
}

static const simul_server_opts defaults;

int sm_server_start_fds(struct simul_server **server, const int *fds, size_t n,
                        const struct sm_service *service, const simul_server_opts *opts)
{
    opts = opts ? opts : &defaults;
    int r = n == 0 ? -EINVAL : sm_server_check(service, opts);
    for (size_t i = 0; i < n && r == 0; i++)
        r = sm_listen_at(fds[i], opts);
    return r < 0 ? r : start_at(server, fds, n, service, opts);
}

int simul_start_server_fds(simul_server **server, const int *fds, size_t n,
                           simul_client_fn *handler, void *arg,
                           const simul_server_opts *opts)
{
    return sm_server_start_fds(
        server, fds, n, &(struct sm_service){.handler = handler, .arg = arg}, opts);
}

int sm_start_systemd(simul_server **server, const struct sm_service *service,
                     const simul_server_opts *opts, bool *none)
{
    int first = 0, n = simul_listen_fds(&first);
    *none = n == 0;
    if (n <= 0)
        return n;
    int *fds = sm_malloc((size_t)n * sizeof *fds);
    if (!fds)
        return -ENOMEM;
    for (int i = 0; i < n; i++)
        fds[i] = first + i;
    int r = sm_server_start_fds(server, fds, (size_t)n, service, opts);
    sm_free(fds);
    return r;
}

static int start_by_name(simul_server **server, simul_address *at, int n,
                         const struct sm_service *service,
                         const simul_server_opts *opts)
{
    int *fds = sm_malloc((size_t)n * sizeof *fds);
    if (!fds)
        return -ENOMEM;
    int bound = sm_listen_all(at, (size_t)n, opts, fds);
    int r = bound < 0 ? bound : start_at(server, fds, (size_t)bound, service, opts);
    for (int i = 0; r < 0 && i < bound; i++)
        sm_close(fds[i]);
    sm_free(fds);
    return r;
}

int sm_server_start(struct simul_server **server, const char *host, const char *port,
                    const struct sm_service *service, const simul_server_opts *opts)
{
    opts = opts ? opts : &defaults;
    int r = sm_server_check(service, opts);
    bool none = true;
    if (r == 0 && opts->systemd)
        r = sm_start_systemd(server, service, opts, &none);
    if (r < 0 || !none)
        return r;
    simul_address *at;
    int n = simul_getaddrinfo(host, port,
                              &(simul_resolve_opts){.family = opts->family,
                                                    .passive = true,
                                                    .nameserver = opts->nameserver},
                              &at);
    if (n < 0)
        return n;
    r = start_by_name(server, at, n, service, opts);
    simul_addresses_release(at);
    return r;
}

int simul_start_server(simul_server **server, const char *host, const char *port,
                       simul_client_fn *handler, void *arg,
                       const simul_server_opts *opts)
{
    return sm_server_start(server, host, port,
                           &(struct sm_service){.handler = handler, .arg = arg}, opts);
}

/* ---- questions -------------------------------------------------------------------------- */

bool simul_server_is_serving(const simul_server *server)
{
    return server && !server->closed;
}

size_t simul_server_sockets(const simul_server *server, int *fds, size_t max)
{
    size_t n = simul_server_is_serving(server) ? server->n : 0;
    for (size_t i = 0; i < n && i < max; i++)
        fds[i] = server->listeners[i].fd;
    return n;
}

static int address_of(const struct simul_server *server, size_t i,
                      simul_address *address)
{
    if (!simul_server_is_serving(server))
        return -SIMUL_ESTATE;
    if (i >= server->n)
        return -EINVAL;
    address->length = sizeof address->socket;
    return (int)sm_getsockname(server->listeners[i].fd,
                               (struct sockaddr *)&address->socket, &address->length);
}

int simul_server_port(const simul_server *server)
{
    simul_address address;
    int r = address_of(server, 0, &address);
    return r < 0 ? r : simul_address_port(&address);
}

int simul_server_sockname(const simul_server *server, size_t i, char *text, size_t size)
{
    simul_address address;
    int r = address_of(server, i, &address);
    if (r < 0 && size > 0)
        text[0] = '\0';
    return r < 0 ? r : simul_address_text(&address, text, size);
}

size_t simul_server_clients(const simul_server *server)
{
    return server ? server->n_clients : 0;
}
