/* SPDX-License-Identifier: MIT */
/*
 * A TCP proxy with deadlines: three seconds to connect, and a connection over which nothing
 * goes for half a minute is closed. Each direction is a task; when one fails, or the time
 * is over, both end. (asyncio: streams, TaskGroup in timeout())
 *
 * Usage: proxy PORT TO_HOST TO_PORT [IDLE_SECONDS]
 */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>

struct target {
    const char *listen, *host, *port;
    double idle_s;
};

struct direction {
    simul_stream *from, *to;
    simul_timeout *idle;
    double idle_s;
};

/* A slow receiver slows the sender down: the write waits, and nothing is read meanwhile. */
static int forward(void *arg)
{
    struct direction *d = arg;
    char buf[16384];
    ssize_t n;
    while ((n = simul_stream_read(d->from, buf, sizeof buf)) > 0) {
        n = simul_stream_write(d->to, buf, (size_t)n);
        if (n < 0)
            break;
        simul_timeout_reschedule(d->idle, simul_time() + d->idle_s);
    }
    return n < 0 ? (int)n : simul_stream_write_eof(d->to);
}

static int forward_both(simul_stream *a, simul_stream *b, double idle_s)
{
    simul_timeout idle;
    simul_group group;
    struct direction there = {a, b, &idle, idle_s}, back = {b, a, &idle, idle_s};
    simul_timeout_enter(&idle, idle_s);
    simul_group_enter(&group);
    simul_group_create_task(&group, forward, &there);
    simul_group_create_task(&group, forward, &back);
    int r = simul_group_exit(&group, 0);
    return (int)simul_timeout_exit(&idle, r);
}

static int serve(simul_stream *client, void *arg)
{
    const struct target *target = arg;
    simul_stream *upstream;
    int r = simul_within(
        3.0, simul_open_connection(&upstream, target->host, target->port, NULL));
    if (r < 0)
        return r;
    r = forward_both(client, upstream, target->idle_s);
    if (r < 0)
        simul_stream_abort(upstream);
    simul_stream_close(upstream);
    int closed = simul_stream_wait_closed(upstream);
    simul_stream_release(upstream);
    return r < 0 ? r : closed;
}

static int entry(void *arg)
{
    struct target *target = arg;
    simul_server *server;
    int r =
        simul_start_server(&server, "localhost", target->listen, serve, target, NULL);
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
    if (argc < 4) {
        fprintf(stderr, "usage: proxy PORT TO_HOST TO_PORT [IDLE_SECONDS]\n");
        return 2;
    }
    struct target target = {argv[1], argv[2], argv[3], argc > 4 ? atof(argv[4]) : 30};
    return simul_exit(simul_run(entry, &target));
}
