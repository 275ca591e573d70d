/* SPDX-License-Identifier: MIT */
/*
 * A connection that begins in plain and goes over to TLS in the middle, as mail servers do:
 * both ends by callbacks. Who has to wait, for the handshake, does so in a task.
 * (asyncio: loop.start_tls) Usage: starttls CERTIFICATE KEY
 */
#include <simul.h>
#include <stdio.h>
#include <string.h>

struct end {
    simul_tls_context *context;
    simul_transport *transport;
    bool secure;
    char said[100]; /* what the client has heard last */
    simul_event heard;
};

/* ---- the server ------------------------------------------------------------------------ */

static int go_over(void *arg)
{
    struct end *server = arg;
    if (!server->transport)
        return -SIMUL_ESTATE; /* lost before this began */
    int r = simul_transport_start_tls(server->transport, server->context, NULL);
    server->secure = r == 0;
    return r;
}

static void server_hears(simul_transport *transport, void *user, const void *data,
                         size_t n)
{
    struct end *server = user;
    printf("the server hears, %s: %.*s\n", server->secure ? "over TLS" : "in plain",
           (int)n, (const char *)data);
    simul_transport_write(transport, "go on", 5);
    if (server->secure)
        return;
    server->transport = transport;
    simul_task *task = simul_create_task(go_over, server);
    if (!task)
        simul_transport_abort(transport);
    simul_release(task);
}

static void server_lost(simul_transport *transport, void *user, int error)
{
    struct end *server = user;
    (void)transport;
    (void)error;
    server->transport = NULL; /* it is borrowed until now */
}

static const simul_protocol *for_client(void *server, void **user)
{
    static const simul_protocol protocol = {.data_received = server_hears,
                                            .connection_lost = server_lost};
    *user = server;
    return &protocol;
}

/* ---- the client ------------------------------------------------------------------------ */

static void client_hears(simul_transport *transport, void *user, const void *data,
                         size_t n)
{
    struct end *client = user;
    (void)transport;
    snprintf(client->said, sizeof client->said, "%.*s", (int)n, (const char *)data);
    simul_event_set(&client->heard);
}

static void client_lost(simul_transport *transport, void *user, int error)
{
    struct end *client = user;
    (void)transport;
    snprintf(client->said, sizeof client->said, "lost: %s",
             error ? simul_strerror(error) : "no error");
    simul_event_set(&client->heard);
}

static int hear(struct end *client)
{
    int r = simul_event_wait(&client->heard);
    simul_event_clear(&client->heard);
    if (r == 0)
        printf("the client hears: %s\n", client->said);
    return r;
}

static int converse(struct end *client)
{
    const char *version = "";
    simul_transport_write(client->transport, "STARTTLS", 8);
    int r = hear(client);
    if (r == 0)
        r = simul_transport_start_tls(
            client->transport, client->context,
            &(simul_start_tls_opts){.server_hostname = "localhost"});
    if (r < 0)
        return r;
    simul_transport_get_extra_info(client->transport, SIMUL_INFO_TLS_VERSION, &version);
    printf("both speak %s\n", version);
    simul_transport_write(client->transport, "the password", 12);
    r = hear(client);
    simul_transport_close(client->transport);
    return r == 0 ? hear(client) : r;
}

static int connect_to(simul_server *server, struct end *client)
{
    static const simul_protocol protocol = {.data_received = client_hears,
                                            .connection_lost = client_lost};
    char port[8];
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    int r = simul_create_connection(&client->transport, "localhost", port, &protocol,
                                    client, NULL);
    if (r < 0)
        return r;
    r = simul_within(10.0, converse(client));
    simul_transport_abort(client->transport);
    simul_transport_release(client->transport);
    return r;
}

/* ---- both ------------------------------------------------------------------------------ */

static struct end ends[2]; /* the server's and the client's */

static int entry(void *unused)
{
    (void)unused;
    simul_server *server;
    int r = simul_create_server(&server, "localhost", "0", for_client, &ends[0], NULL);
    if (r < 0)
        return r;
    r = connect_to(server, &ends[1]);
    simul_server_close(server);
    simul_server_release(server);
    return r;
}

/* The contexts outlive the run, in which they may be used until its very end. */
int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: starttls CERTIFICATE KEY\n");
        return 2;
    }
    const simul_tls_opts own = {.cert_file = argv[1], .key_file = argv[2]};
    const simul_tls_opts trust = {.ca_file = argv[1]};
    int r = simul_tls_server_new(&ends[0].context, &own);
    if (r == 0)
        r = simul_tls_client_new(&ends[1].context, &trust);
    if (r == 0)
        r = simul_run(entry, NULL);
    for (int i = 0; i < 2; i++)
        simul_tls_context_release(ends[i].context);
    return simul_exit(r);
}
