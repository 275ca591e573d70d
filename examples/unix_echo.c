/* SPDX-License-Identifier: MIT */
/* A server at a Unix socket, and its client. (asyncio: start_unix_server(),
 * open_unix_connection()) Usage: unix_echo [PATH]; "@name" has no file. */
#include <simul.h>
#include <stdio.h>
#include <unistd.h>

static int echo(simul_stream *client, void *arg)
{
    (void)arg;
    char buf[4096];
    ssize_t n;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        if ((n = simul_stream_write(client, buf, (size_t)n)) < 0)
            break;
    return (int)n;
}

static int talk(const char *path)
{
    simul_stream *stream;
    char *line;
    int r = simul_open_unix_connection(&stream, path, NULL);
    if (r < 0)
        return r;
    ssize_t n = simul_stream_write(stream, "hello\n", 6);
    if (n >= 0)
        n = simul_stream_readline(stream, &line);
    if (n > 0)
        printf("%s", line);
    simul_stream_release(stream);
    return n < 0 ? (int)n : 0;
}

static int entry(void *path)
{
    simul_server *server;
    int r = simul_start_unix_server(&server, path, echo, NULL,
                                    &(simul_server_opts){.mode = 0600});
    if (r < 0)
        return r;
    r = talk(path);
    simul_server_close(server); /* which removes the file */
    int closed = simul_server_wait_closed(server);
    simul_server_release(server);
    return r < 0 ? r : closed;
}

int main(int argc, char **argv)
{
    char own[64];
    snprintf(own, sizeof own, "@simul-unix-echo-%ld", (long)getpid());
    return simul_exit(simul_run(entry, argc > 1 ? argv[1] : own));
}
