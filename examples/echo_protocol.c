/* SPDX-License-Identifier: MIT */
/*
 * The echo server once more, by callbacks: no task for each client. A client that does not
 * read what it sent is not read from, either. (asyncio: Protocol, create_server)
 * Usage: echo_protocol [PORT]
 */
#include <simul.h>
#include <stdio.h>

static void received(simul_transport *client, void *user, const void *data, size_t n)
{
    (void)user;
    simul_transport_write(client, data, n);
}

static void stop_reading(simul_transport *client, void *user)
{
    (void)user;
    simul_transport_pause_reading(client);
}

static void read_on(simul_transport *client, void *user)
{
    (void)user;
    simul_transport_resume_reading(client);
}

static const simul_protocol echo = {
    .data_received = received,
    .pause_writing = stop_reading,
    .resume_writing = read_on,
};

static const simul_protocol *for_client(void *arg, void **user)
{
    (void)arg;
    (void)user; /* nothing to remember of each */
    return &echo;
}

static int entry(void *port)
{
    simul_server *server;
    int r = simul_create_server(&server, "localhost", port, for_client, NULL, NULL);
    if (r < 0)
        return r;
    printf("serving at localhost:%d\n", simul_server_port(server));
    fflush(stdout);
    r = simul_server_serve_forever(server);
    simul_server_release(server);
    return r;
}

int main(int argc, char **argv)
{
    return simul_exit(simul_run(entry, argc > 1 ? argv[1] : "7777"));
}
