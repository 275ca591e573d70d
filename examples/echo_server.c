/* SPDX-License-Identifier: MIT */
/* An echo server. (asyncio: start_server, streams) Usage: echo_server [PORT] */
#include <simul.h>
#include <stdio.h>

static int echo(simul_stream *client, void *arg)
{
    (void)arg;
    char buf[4096];
    ssize_t n;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        if ((n = simul_stream_write(client, buf, (size_t)n)) < 0)
            break;
    return (int)n; /* the server closes the stream and reports an error, if any */
}

static int entry(void *port)
{
    simul_server *server;
    int r = simul_start_server(&server, "localhost", port, echo, NULL,
                               &(simul_server_opts){.backlog = 512});
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
