/* SPDX-License-Identifier: MIT */
/*
 * Taking clients in: a task for each listener.
 *
 * All that can run short is got in steps, and each step is tried again after a pause where
 * it left off, so that no client is lost: those not accepted yet wait in the kernel's
 * queue, the accepted one in the listener.
 */
#include "base/sys.h"
#include "net/server.h"
#include "net/socket.h"

#define PAUSE_S 1.0

/* ---- steps --------------------------------------------------------------------------- */

static int accept_one(struct listener *listener)
{
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    if (listener->fd < 0)
        return -SIMUL_ESTATE;
    struct sm_op op = {.fd = listener->fd, .code = SM_OP_ACCEPT};
    r = (int)sm_op_wait(&op, "accept");
    if (r == -ECANCELED && !sm_was_cancelled())
        return -SIMUL_ESTATE; /* forgotten by close() */
    return r;
}

static int connect_client(struct client *client, int fd)
{
    const struct simul_server *server = client->server;
    const simul_connect_opts *opts = &server->stream;
    bool at_once = server->service.factory && !opts->tls; /* else after a handshake */
    return at_once ? sm_transport_of_client(&client->transport, server->loop, fd,
                                            &server->service, opts)
                   : sm_stream_of_socket(&client->stream, server->loop, fd, opts);
}

static bool is_connected(const struct client *client)
{
    return client->stream || client->transport;
}

static int take_one(struct listener *listener)
{
    if (listener->accepted < 0) {
        int r = accept_one(listener);
        if (r < 0)
            return r;
        listener->accepted = r;
    }
    int r = connect_client(listener->next, listener->accepted);
    if (r == 0)
        listener->accepted = -1;
    return r;
}

/* One client, or as far as it goes. */
static int take_in(struct listener *listener)
{
    if (!listener->next)
        listener->next = sm_client_new(listener->server);
    if (!listener->next)
        return -ENOMEM;
    int r = is_connected(listener->next) ? 0 : take_one(listener);
    if (r < 0)
        return r;
    r = sm_client_start(listener->next);
    if (r == 0)
        listener->next = NULL;
    return r;
}

void sm_accept_drop(struct listener *listener)
{
    struct simul_loop *loop = listener->server->loop;
    sm_client_free(listener->next);
    listener->next = NULL;
    if (listener->accepted >= 0)
        sm_socket_close(loop, listener->accepted);
    listener->accepted = -1;
    if (listener->fd >= 0)
        sm_socket_close(loop, listener->fd);
    listener->fd = -1;
    if (listener->task) {
        listener->task->asked = true;
        sm_future_unref(listener->task);
    }
    listener->task = NULL;
}

/* ---- what goes wrong ------------------------------------------------------------------ */

static bool is_shortage(int error)
{
    return error == -EMFILE || error == -ENFILE || error == -ENOBUFS
           || error == -ENOMEM;
}

/* accept(2) also reports what has befallen the connection in the meantime: it is gone. */
static bool is_about_client(int error)
{
    switch (-error) {
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case EOPNOTSUPP:
    case EPERM:
    case EAGAIN:
        return true;
    default:
        return false;
    }
}

static void report(struct simul_server *server, const char *message, int error)
{
    simul_call_exception_handler(
        server->loop, &(simul_error_context){.message = message, .error = error});
}

static int pause_for_shortage(struct simul_server *server, int error)
{
    if (!server->short_of)
        report(server, "a server accepts no clients for lack of means; it tries on",
               error);
    server->short_of = true;
    return simul_sleep(PAUSE_S);
}

/* 0: go on; else the task ends with it. */
static int survive(struct simul_server *server, int error)
{
    if (error == -ECANCELED || error == -SIMUL_ESTATE || is_about_client(error))
        return is_about_client(error) ? 0 : error;
    if (is_shortage(error))
        return pause_for_shortage(server, error);
    report(server, "a server cannot accept clients any more", error);
    return error;
}

/* ---- the task ------------------------------------------------------------------------- */

static int accept_clients(void *arg)
{
    struct listener *listener = arg;
    struct simul_server *server = listener->server;
    int r = 0;
    for (int in_a_row = 1; r == 0 && !server->closed; in_a_row++) {
        r = take_in(listener);
        if (r == 0)
            server->short_of = false;
        else
            r = survive(server, r);
        if (in_a_row % server->backlog == 0)
            sm_overspent(sm_current()); /* the new clients' turn */
    }
    return r == -ECANCELED ? r : 0;
}

/* Also when it was cancelled before its first step. */
static void task_ended(struct sm_waiter *waiter, struct simul_future *task)
{
    struct listener *listener = sm_container_of(waiter, struct listener, waiter);
    struct simul_server *server = listener->server;
    bool cancelled = task->state == SM_CANCELLED;
    sm_accept_drop(listener);
    server->accepting--;
    if (cancelled)
        sm_server_left_open(server); /* the run ends */
    if (cancelled || server->accepting == 0)
        simul_server_close(server);
    sm_server_look(server);
    sm_server_unref(server);
}

int sm_accept_start(struct listener *listener)
{
    struct simul_server *server = listener->server;
    struct simul_future *task =
        sm_task_create(sm_sched_of(server->loop), accept_clients, listener, NULL,
                       "simul_start_server");
    if (!task)
        return -ENOMEM;
    listener->task = task;
    listener->waiter.fire = task_ended;
    sm_future_watch(task, &listener->waiter);
    server->accepting++;
    server->refs++;
    return 0;
}
