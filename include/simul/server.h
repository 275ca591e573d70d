/* SPDX-License-Identifier: MIT */
/*
 * Servers: each client has a stream, and a task of its own. (asyncio: start_server() of the
 * page "Streams", and server objects of the page "Event loop".)
 *
 *     static int echo(simul_stream *client, void *arg);
 *
 *     simul_server *server;
 *     int r = simul_start_server(&server, NULL, "7777", echo, NULL, NULL);
 *     if (r == 0)
 *         r = simul_server_serve_forever(server);
 *     simul_server_release(server);
 */
#ifndef SIMUL_SERVER_H
#define SIMUL_SERVER_H

#include <simul/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_server simul_server;

/**
 * Called in a task of its own for each client. When it returns, the server closes the
 * stream, whose rest is then sent in the background, and releases it. A result < 0 other
 * than -ECANCELED is told to the loop's exception handler, unless it only says that the
 * server has closed or aborted the stream meanwhile.
 */
typedef int simul_client_fn(simul_stream *client, void *arg);

/** Keyword arguments of simul_start_server(); zero and NULL mean the default. */
typedef struct simul_server_opts {
    int backlog;  /* connections that the kernel keeps until they are accepted; also
                           how many are accepted in a row; 100 */
    size_t limit; /* these three: of the clients' streams, see simul_connect_opts */
    size_t high_water;
    size_t low_water;
    size_t stack_size; /* of the clients' tasks, bytes; the loop's default */
    int family;        /* AF_INET or AF_INET6 only; 0: both */
    bool reuse_port;   /* SO_REUSEPORT: several processes may listen at the address */
    bool keep_alive;   /* SO_KEEPALIVE of clients */
    bool delay;        /* clients: collect small packets (Nagle) */
    bool systemd; /* take the sockets that systemd hands over, if it does, in place of
                           host and port; see simul_listen_fds() */
    const char *nameserver; /* see simul/net.h */
    simul_tls_context
        *tls; /* TLS: of simul_tls_server_new(); the server holds it. Clients
                               shake hands in their own tasks, before the handler is
                               called; it is not called for those that fail */
    double tls_handshake_timeout; /* these two as in simul_connect_opts */
    double tls_shutdown_timeout;
    unsigned mode;    /* of the file of a Unix socket: 0600; 0: as the umask has it */
    bool keep_socket; /* leave the file of a Unix socket behind */
    void *_reserved[6];
} simul_server_opts;

/**
 * Listen by TCP, and serve each client with handler(client, arg) in a task of its own. One
 * socket for each address of the host; SO_REUSEADDR is on; IPv6 sockets take IPv6 only. The
 * first clients are accepted when the caller waits.
 *
 * When descriptors or memory run out, the server says so to the exception handler, and goes
 * on after a second; clients wait in the kernel's queue.
 *
 * @param server  set on success; to be released with simul_server_release()
 * @param host    as in simul_getaddrinfo(); NULL or "": all interfaces
 * @param port    a number or the name of a service; "0": the kernel chooses one, the same
 *                for all addresses
 * @param arg     borrowed until the server and all its clients have ended
 * @param opts    NULL: all defaults
 * @return        0
 * @error -EADDRINUSE, -EACCES, …  an address could not be listened at; simul_message() of the
 *                task says which. Nothing was started
 * @error -SIMUL_ENONAME, -SIMUL_EHOSTNAME, -EINVAL  as simul_getaddrinfo(); -EINVAL also for
 *                a negative backlog
 * @error -ECANCELED      the task was cancelled; nothing was started
 * @error -ENOMEM, -EMFILE, …
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if a name server has to be asked
 * Threads:  the loop's
 * asyncio:  start_server(handler, host, port, ssl=…)
 */
SIMUL_API int simul_start_server(simul_server **server, const char *host,
                                 const char *port, simul_client_fn *handler, void *arg,
                                 const simul_server_opts *opts);

/**
 * The same at sockets that are bound (TCP or Unix); listen(2) is called on them.
 *
 * @param fds  n of them; the server's on success, else still the caller's
 * @return     0
 * @error -EINVAL                        n is 0
 * @error -ENOTSOCK, -EBADF, -EPROTOTYPE one of them is not a socket of type SOCK_STREAM
 * @error                                else as simul_start_server()
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  start_server(handler, sock=…)
 */
SIMUL_API int simul_start_server_fds(simul_server **server, const int *fds, size_t n,
                                     simul_client_fn *handler, void *arg,
                                     const simul_server_opts *opts);

/**
 * The same at a Unix socket.
 *
 * A socket that lies at the path is taken for one that was left behind, and is replaced.
 * Nobody can connect before the file has its mode. When the server closes (or its loop does)
 * the file is removed, if it is still the server's own and not somebody else's who has
 * replaced it.
 *
 * @param path  as in simul_address_unix()
 * @return      0
 * @error -EADDRINUSE     something that is no socket lies at the path, or another process
 *                        has the abstract name; simul_message() of the task names it
 * @error -EACCES, -ENOENT, …  as bind(2)
 * @error -EINVAL, -ENAMETOOLONG  as simul_address_unix(); -EINVAL also for a negative backlog
 * @error -ENOMEM, -EMFILE, …
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  start_unix_server(handler, path)
 */
SIMUL_API int simul_start_unix_server(simul_server **server, const char *path,
                                      simul_client_fn *handler, void *arg,
                                      const simul_server_opts *opts);

/**
 * The sockets that systemd hands over to this process ($LISTEN_FDS, $LISTEN_PID).
 *
 * @param first  set on success: the number of the first; the others follow it
 * @return       how many; 0 if there are none, or they are meant for another process
 * @error -EINVAL  $LISTEN_PID or $LISTEN_FDS makes no sense
 * @error -EBADF   one of them is not open
 *
 * Threads:  any, while none changes the environment
 * asyncio:  (none)
 */
SIMUL_API int simul_listen_fds(int *first);

/**
 * Serve until the task is cancelled, or somebody calls simul_server_close(). In the first
 * case the server is closed, so are its clients (simul_server_close_clients()), and all of
 * them are waited for.
 *
 * @return  0 after simul_server_close()
 * @error -ECANCELED          the task was cancelled
 * @error -SIMUL_ESTATE       the server was closed before
 * @error -SIMUL_ECONCURRENT  another task is in this call
 * @error -SIMUL_ENOTASK      called outside of a task
 *
 * Awaits:   always
 * Threads:  the loop's
 * asyncio:  Server.serve_forever()
 */
SIMUL_API int simul_server_serve_forever(simul_server *server);

/**
 * Stop listening. Clients are served on. Twice, or with NULL, does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  Server.close()
 */
SIMUL_API void simul_server_close(simul_server *server);

/**
 * Wait until the server is closed and its last client has ended: its handler has returned
 * and its connection is closed. A cleanup scope in itself.
 *
 * @return  0
 * @error -ECANCELED      a new cancel came; nothing has changed
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   unless it is so already
 * Threads:  the loop's
 * asyncio:  Server.wait_closed()
 */
SIMUL_API int simul_server_wait_closed(simul_server *server);

/**
 * simul_stream_close() for the streams of all clients: handlers that wait in a read find the
 * end of the stream. To be called after simul_server_close().
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  Server.close_clients()
 */
SIMUL_API void simul_server_close_clients(simul_server *server);

/**
 * simul_stream_abort() for the streams of all clients.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  Server.abort_clients()
 */
SIMUL_API void simul_server_abort_clients(simul_server *server);

/**
 * simul_cancel() for the tasks of all clients, wherever their handlers wait.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API void simul_server_cancel_clients(simul_server *server);

/**
 * Give the server back. One that is not closed serves on, detached, until the run ends.
 * NULL does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (the server goes out of scope)
 */
SIMUL_API void simul_server_release(simul_server *server);

/**
 * Whether it accepts clients.
 *
 * @return  true until it is closed
 *
 * Threads:  the loop's
 * asyncio:  Server.is_serving()
 */
SIMUL_API bool simul_server_is_serving(const simul_server *server);

/**
 * The sockets at which it listens.
 *
 * @param fds  filled with up to max of them; the server's, do not close them
 * @return     how many there are (may be more than max); 0 when it is closed
 *
 * Threads:  the loop's
 * asyncio:  Server.sockets
 */
SIMUL_API size_t simul_server_sockets(const simul_server *server, int *fds, size_t max);

/**
 * The port of its first socket.
 *
 * @return  1 to 65535; 0 if it has none (a Unix socket)
 * @error -SIMUL_ESTATE  closed
 *
 * Threads:  the loop's
 * asyncio:  server.sockets[0].getsockname()[1]
 */
SIMUL_API int simul_server_port(const simul_server *server);

/**
 * The address of its i-th socket as text.
 *
 * @return  as simul_stream_sockname()
 * @error -EINVAL  it has no such socket
 *
 * Threads:  the loop's
 * asyncio:  server.sockets[i].getsockname()
 */
SIMUL_API int simul_server_sockname(const simul_server *server, size_t i, char *text,
                                    size_t size);

/**
 * How many clients are served: connections that are not closed, or whose handler has not
 * returned.
 *
 * @return  clients
 *
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API size_t simul_server_clients(const simul_server *server);

#ifdef __cplusplus
}
#endif

#endif
