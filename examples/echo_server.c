/* SPDX-License-Identifier: MIT */
/* An echo server at localhost:7777. (asyncio: start_server, streams) */
#include <simul.h>

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

static int entry(void *arg)
{
    (void)arg;
    simul_server *server;
    int r = simul_start_server(&server, "localhost", "7777", echo, NULL,
                               &(simul_server_opts){.backlog = 512});
    if (r < 0)
        return r;
    r = simul_server_serve_forever(server);
    simul_server_release(server);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
