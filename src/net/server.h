/* SPDX-License-Identifier: MIT */
/*
 * A server from inside: shared by server.c (its life), accept.c (taking clients in) and
 * client.c (serving one).
 *
 *  V1. refs: one for the user's handle, one for each listener's task, one for each client.
 *  V2. A listener has a descriptor until the server is closed, and then -1.
 *  V3. A client is in `clients` from the start of its task until that has ended and its
 *      stream is closed, whichever comes last; or from the start to the end of its
 *      transport.
 */
#ifndef SM_NET_SERVER_H
#define SM_NET_SERVER_H

#include "net/transport.h"

struct client {
    struct sm_stream_owner owner; /* hears of the stream's end */
    struct sm_waiter waiter;      /* hears of the task's end */
    struct sm_list link;          /* V3 */
    struct simul_server *server;  /* held */
    struct simul_stream
        *stream;               /* owned until the task has ended; valid until closed */
    struct simul_future *task; /* held; NULL: not begun, or ended */
    struct simul_transport
        *transport; /* in place of these two, with TLS after them; valid until closed */
    bool closed;    /* the stream, or transport, is */
    bool told_to_end; /* by close_clients() or abort_clients() */
};

struct listener {
    struct simul_server *server;
    struct sm_waiter waiter;   /* hears of the task's end */
    struct simul_future *task; /* held; NULL: not begun, or ended */
    int fd;                    /* owned; V2 */
    int accepted;              /* owned: a socket in hand, or -1 */
    struct client *next;       /* owned: made beforehand, not started; or NULL */
};

/* What becomes of clients: a handler in a task, or, if there is a factory, a protocol. */
struct sm_service {
    simul_client_fn *handler;
    simul_protocol_factory *factory;
    void *arg;
};

struct simul_server {
    struct simul_loop *loop;
    struct sm_service service;
    simul_connect_opts stream; /* limit, marks and TLS (held) of the clients' streams */
    size_t stack_size;
    int backlog;
    bool closed;
    bool released; /* by the user */
    bool forever;  /* a task is in serve_forever() */
    bool short_of; /* descriptors or memory ran out, and it was said */
    uint32_t refs; /* V1 */
    size_t n_clients;
    struct sm_list clients;         /* V3 */
    struct sm_list waiters;         /* tasks in wait_closed() */
    struct sm_list closers;         /* the task in serve_forever() */
    struct sm_unix_name *unix_name; /* owned; the file to remove at the end; or NULL */
    struct sm_at_close at_close;
    size_t accepting; /* listeners that have a task */
    size_t n;
    struct listener listeners[];
};

/* server.c */
/** Is there a loop, and may a server be started so? 0 or an error. */
int sm_server_check(const struct sm_service *service, const simul_server_opts *opts);
/** Serve at the sockets that systemd hands over; *none: it does not. */
int sm_start_systemd(struct simul_server **server, const struct sm_service *service,
                     const simul_server_opts *opts, bool *none);
/** As simul_start_server() and simul_start_server_fds(). */
int sm_server_start(struct simul_server **server, const char *host, const char *port,
                    const struct sm_service *service, const simul_server_opts *opts);
int sm_server_start_fds(struct simul_server **server, const int *fds, size_t n,
                        const struct sm_service *service,
                        const simul_server_opts *opts);
void sm_server_unref(struct simul_server *server);
/** Wake who waits for the end, if it has come. */
void sm_server_look(struct simul_server *server);
/** Warn of one that nobody has closed, in debug mode. */
void sm_server_left_open(const struct simul_server *server);

/* unix_server.c */
/** As simul_start_unix_server(). */
int sm_server_start_unix(struct simul_server **server, const char *path,
                         const struct sm_service *service,
                         const simul_server_opts *opts);

/* accept.c */
/** Start the task of a listener: 0 or -ENOMEM. */
int sm_accept_start(struct listener *listener);
/** Give up what it has in hand, and its task. */
void sm_accept_drop(struct listener *listener);

/* client.c */
struct client *sm_client_new(struct simul_server *server);
/** Serve a client that has a stream or a transport: 0, or -ENOMEM and nothing has changed. */
int sm_client_start(struct client *client);
/** For one that was not started. NULL does nothing. */
void sm_client_free(struct client *client);
/** The loop is closed, its tasks are dead: let go of a client that was started. */
void sm_client_drop(struct client *client);

#endif
