/* SPDX-License-Identifier: MIT */
/* An echo server, and a client that talks to it. */
#include <simul.h>
#include <stdio.h>
#include <string.h>

static int echo(simul_stream *client, void *arg)
{
    (void)arg;
    char buf[4096];
    ssize_t n;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        if ((n = simul_stream_write(client, buf, (size_t)n)) < 0)
            break;
    return (int)n; /* the server closes the stream */
}

static int talk(const char *port)
{
    static const char text[] = "hello, server\n";
    simul_stream *stream;
    char *line;
    int r = simul_open_connection(&stream, "localhost", port, NULL);
    if (r < 0)
        return r;
    ssize_t n = simul_stream_write(stream, text, sizeof text - 1);
    if (n >= 0)
        n = simul_stream_readline(stream, &line);
    if (n > 0)
        printf("the server says: %.*s", (int)n, line);
    simul_stream_close(stream);
    r = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return n < 0 ? (int)n : r;
}

static int entry(void *arg)
{
    (void)arg;
    simul_server *server;
    char port[16];
    int r = simul_start_server(&server, "localhost", "0", echo, NULL, NULL);
    if (r < 0)
        return r;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    r = talk(port);
    simul_server_close(server);
    simul_server_wait_closed(server);
    simul_server_release(server);
    return r;
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
