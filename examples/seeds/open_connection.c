/* SPDX-License-Identifier: MIT */
/*
 * A connection as a stream: up to a hundred bytes of what the server says. What is a reader
 * and a writer in asyncio is one stream here.
 *
 * Python: document 003, "Main Concepts", Streams. Usage: open_connection [PORT]
 */
#include <simul.h>
#include <stdio.h>

static int entry(void *port)
{
    simul_stream *stream;
    char data[100];
    int r = simul_open_connection(&stream, "localhost", port, NULL);
    if (r < 0)
        return r;
    ssize_t n = simul_stream_read(stream, data, sizeof data);
    if (n >= 0)
        printf("%zd bytes: %.*s\n", n, (int)n, data);
    simul_stream_close(stream);
    int closed = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return n < 0 ? (int)n : closed;
}

int main(int argc, char **argv)
{
    return simul_exit(simul_run(entry, argc > 1 ? argv[1] : "8888"));
}
