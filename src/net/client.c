/* SPDX-License-Identifier: MIT */
/*
 * One client of a server: its task, its stream, and the end of both. The handler returns,
 * its task ends and gives its stack back; what is still to be sent goes out without it.
 */
#include "base/log.h"
#include "base/sys.h"
#include "net/server.h"

static struct simul_server *unlink_client(struct client *client)
{
    struct simul_server *server = client->server;
    sm_list_remove(&client->link);
    server->n_clients--;
    sm_free(client);
    return server;
}

static void end_if_over(struct client *client)
{
    if (client->task || !client->closed)
        return;
    struct simul_server *server = unlink_client(client);
    sm_server_look(server);
    sm_server_unref(server);
}

/* The stream or the transport is. */
static void closed(struct sm_stream_owner *owner)
{
    struct client *client = sm_container_of(owner, struct client, owner);
    client->closed = true;
    end_if_over(client);
}

/* A handler whose stream the server has closed or aborted under it is not at fault. */
static bool is_fault(const struct client *client, const struct simul_future *task)
{
    int r = task->result;
    bool expected = r == -ECONNABORTED || r == -SIMUL_ESTATE || r == -SIMUL_EBROKEN;
    return task->state == SM_FINISHED && r < 0 && !(client->told_to_end && expected);
}

static void task_ended(struct sm_waiter *waiter, struct simul_future *task)
{
    struct client *client = sm_container_of(waiter, struct client, waiter);
    if (is_fault(client, task))
        sm_report(task, "a client's handler failed");
    task->asked = true;
    sm_future_unref(task);
    simul_stream_release(client->stream); /* closed() may follow at once */
    client->task = NULL;
    end_if_over(client);
}

/* As in asyncio what strangers do wrong is no news, except to who looks closely. */
static int secure(struct client *client)
{
    const simul_connect_opts *opts = &client->server->stream;
    if (!opts->tls)
        return 0;
    int r = opts->tls->start(opts->tls, client->stream, NULL, opts);
    if (r < 0 && r != -ECANCELED && client->server->loop->debug)
        sm_log(SIMUL_LOG_DEBUG, "a client's TLS handshake failed: %s",
               simul_explain(r));
    return r;
}

/* From here on it is its transport that is to be closed; the task has nothing left to do. */
static int hand_to_protocol(struct client *client)
{
    struct simul_stream *stream = client->stream;
    int r = sm_transport_of_stream(&client->transport, stream, &client->server->stream);
    if (r < 0) {
        simul_stream_abort(stream);
        return r == -ECANCELED ? r : 0;
    }
    client->stream = NULL;
    simul_stream_release(stream);
    sm_transport_for_client(client->transport, &client->server->service);
    sm_transport_begin(client->transport, &client->owner);
    return 0;
}

static int serve(void *arg)
{
    struct client *client = arg;
    int r = secure(client);
    if (r < 0)
        return r == -ECANCELED ? r : 0;
    if (client->server->service.factory)
        return hand_to_protocol(client);
    return client->server->service.handler(client->stream, client->server->service.arg);
}

struct client *sm_client_new(struct simul_server *server)
{
    struct client *client = sm_zalloc(sizeof *client);
    if (!client)
        return NULL;
    client->server = server;
    client->owner.closed = closed;
    client->waiter.fire = task_ended;
    return client;
}

static void add_client(struct client *client)
{
    struct simul_server *server = client->server;
    sm_list_push(&server->clients, &client->link);
    server->n_clients++;
    server->refs++;
}

static int start_task(struct client *client)
{
    struct simul_server *server = client->server;
    const simul_task_opts opts = {.stack_size = server->stack_size};
    struct simul_future *task = sm_task_create(sm_sched_of(server->loop), serve, client,
                                               &opts, "simul_start_server");
    if (!task)
        return -ENOMEM;
    client->task = task;
    client->stream->owner = &client->owner;
    sm_future_watch(task, &client->waiter);
    return 0;
}

int sm_client_start(struct client *client)
{
    int r = client->transport ? 0 : start_task(client);
    if (r < 0)
        return r;
    add_client(client);
    if (client->transport)
        sm_transport_begin(client->transport, &client->owner);
    return 0;
}

void sm_client_free(struct client *client)
{
    if (!client)
        return;
    simul_stream_release(client->stream);
    sm_transport_never_begun(client->transport);
    sm_free(client);
}

void sm_client_drop(struct client *client)
{
    if (!client->closed && client->transport)
        sm_transport_disown(client->transport);
    else if (!client->closed)
        client->stream->owner = NULL;
    if (client->task) {
        client->task->asked = true;
        sm_future_unref(client->task);
        if (client->stream)
            client->stream->released = true; /* the rest is its own at_close */
    }
    unlink_client(client);
}
