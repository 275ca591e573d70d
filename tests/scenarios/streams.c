/* SPDX-License-Identifier: MIT */
/*
 * Clients and servers in one process, over real sockets. Each step has a time limit of its
 * own: a failure that is injected on one side is none that the other side could notice.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "steps.h"

enum { LARGE = 1 << 19, HUGE = 16 << 20 }; /* more than any socket takes */

static char large[LARGE], got[LARGE], huge[HUGE];

/* A server on loopback, and what a step does as its client. */
struct visit {
    simul_client_fn *handler;
    int (*client)(simul_stream *stream);
    simul_server *server;
    simul_server_opts opts;
};

/* Seconds for what is to be done at once: few only where it may have been made to fail (see
 * tests/support/sweep-program). */
static double patience(void)
{
    const char *swept = getenv("HARNESS_PATIENCE");
    return swept ? atof(swept) : 100;
}

static int first_error(ssize_t a, ssize_t b)
{
    return (int)(a < 0 ? a : b < 0 ? b : 0);
}

/* ---- handlers ---------------------------------------------------------------------------- */

static int echo(simul_stream *client, void *arg)
{
    char buf[4096];
    ssize_t n;
    (void)arg;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        if ((n = simul_stream_write(client, buf, (size_t)n)) < 0)
            break;
    return (int)n;
}

static int answer_lines(simul_stream *client, void *arg)
{
    char *line;
    ssize_t n;
    (void)arg;
    while ((n = simul_stream_readline(client, &line)) > 0) {
        struct iovec answer[] = {{"> ", 2}, {line, (size_t)n}};
        if ((n = simul_stream_writev(client, answer, 2)) < 0)
            break;
    }
    return (int)n;
}

static int pour(simul_stream *client, void *arg)
{
    (void)arg;
    ssize_t n = simul_stream_write(client, large, LARGE);
    return n < 0 ? (int)n : 0;
}

static int answer_at_the_end(simul_stream *client, void *arg)
{
    char *data;
    (void)arg;
    ssize_t n = simul_stream_read_all(client, &data, 0);
    if (n >= 0)
        n = simul_stream_write(client, data, (size_t)n);
    return n < 0 ? (int)n : simul_stream_drain(client);
}

static int doze(simul_stream *client, void *arg)
{
    char *data;
    (void)arg;
    int r = simul_sleep(0.05);
    if (r == 0)
        r = (int)simul_stream_read_all(client, &data, 0);
    return r == -ECONNRESET ? 0 : r;
}

/* ---- clients ------------------------------------------------------------------------------ */

static int talk(simul_stream *stream)
{
    char buf[5];
    ssize_t n = simul_stream_write(stream, "hello", 5);
    if (n >= 0)
        n = simul_stream_readexactly(stream, buf, 5);
    return n < 0 ? (int)n : STEP_CHECK(memcmp(buf, "hello", 5) == 0);
}

static int talk_in_lines(simul_stream *stream)
{
    char *line, text[32];
    ssize_t n = 0;
    for (int i = 0; i < 5 && n >= 0; i++) {
        int length = snprintf(text, sizeof text, "%d\n", i);
        n = simul_stream_write(stream, text, (size_t)length);
        if (n >= 0)
            n = simul_stream_readuntil(stream, "\n", 1, &line);
        if (n >= 0)
            n = STEP_CHECK(strncmp(line, "> ", 2) == 0 && strcmp(line + 2, text) == 0);
    }
    return (int)n;
}

static int swallow(simul_stream *stream)
{
    ssize_t n = simul_stream_readexactly(stream, got, LARGE);
    return n < 0 ? (int)n : STEP_CHECK(memcmp(got, large, LARGE) == 0);
}

static int ask_and_end(simul_stream *stream)
{
    char *data;
    ssize_t n = simul_stream_write(stream, "question", 8);
    if (n >= 0)
        n = simul_stream_write_eof(stream);
    if (n >= 0)
        n = simul_stream_read_all(stream, &data, 100);
    return n < 0 ? (int)n : STEP_CHECK(n == 8 && strcmp(data, "question") == 0);
}

static int look_only(simul_stream *stream)
{
    char *data;
    ssize_t n = simul_stream_peek(stream, 1000, &data);
    return n < 0 ? (int)n : simul_stream_consume(stream, 1000);
}

static int run_away(simul_stream *stream)
{
    char byte;
    ssize_t n = simul_stream_read(stream, &byte, 1);
    simul_stream_abort(stream);
    return n < 0 ? (int)n : 0;
}

/* Gives up half-way: the stream is broken by that. */
static int write_and_give_up(simul_stream *stream)
{
    int r = (int)simul_within(0.02, simul_stream_write(stream, huge, HUGE));
    if (r == -ETIMEDOUT)
        r = (int)simul_stream_write(stream, "x", 1);
    return r == -SIMUL_EBROKEN ? 0 : first_error(r, -EPROTO);
}

/* ---- a visit ------------------------------------------------------------------------------- */

static int meet(struct visit *visit)
{
    char port[8];
    simul_stream *stream;
    snprintf(port, sizeof port, "%d", simul_server_port(visit->server));
    int r = simul_open_connection(&stream, "localhost", port,
                                  &(simul_connect_opts){.family = AF_INET});
    if (r < 0)
        return r;
    r = visit->client(stream);
    simul_stream_close(stream);
    int closed = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return first_error(r, closed == -SIMUL_EBROKEN ? 0 : closed);
}

static int run_visit(struct visit *visit)
{
    int r = simul_start_server(&visit->server, "127.0.0.1", "0", visit->handler, NULL,
                               &visit->opts);
    if (r < 0)
        return r;
    r = simul_within(patience(), meet(visit));
    simul_server_close(visit->server);
    simul_server_close_clients(visit->server);
    int closed = simul_within(patience(), simul_server_wait_closed(visit->server));
    simul_server_release(visit->server);
    return first_error(r, closed);
}

#define VISIT(name_, handler_, client_)                                                \
    static int name_(void *arg)                                                        \
    {                                                                                  \
        (void)arg;                                                                     \
        return run_visit(&(struct visit){.handler = handler_, .client = client_});     \
    }
VISIT(an_echo, echo, talk)
VISIT(lines, answer_lines, talk_in_lines)
VISIT(much, pour, swallow)
VISIT(half_closed, answer_at_the_end, ask_and_end)
VISIT(peeked, pour, look_only)
VISIT(aborted, pour, run_away)
VISIT(broken, doze, write_and_give_up)

/* ---- many, and the end of a server ------------------------------------------------------------ */

static int one_of_many(void *arg)
{
    return meet(*(struct visit **)arg);
}

static int many(void *arg)
{
    struct visit visit = {.handler = echo, .client = talk, .opts = {.backlog = 16}};
    struct visit *visits[10];
    (void)arg;
    for (int i = 0; i < 10; i++)
        visits[i] = &visit;
    int r = simul_start_server(&visit.server, NULL, "0", echo, NULL, &visit.opts);
    if (r < 0)
        return r;
    r = simul_within(patience(),
                     simul_for_each(visits, 10, sizeof *visits, one_of_many, 0));
    simul_server_abort_clients(visit.server);
    simul_server_release(visit.server); /* the end of the run ends it */
    return r;
}

static int serve(void *server)
{
    return simul_server_serve_forever(server);
}

static int served_for_ever(void *arg)
{
    struct visit visit = {.handler = echo, .client = talk};
    (void)arg;
    int r = simul_start_server(&visit.server, "127.0.0.1", "0", echo, NULL, NULL);
    if (r < 0)
        return r;
    simul_task *task = simul_create_task(serve, visit.server);
    r = simul_within(patience(), meet(&visit));
    simul_cancel(task);
    int ended = simul_within(patience(), simul_await(task));
    simul_release(task);
    simul_server_release(visit.server);
    return first_error(r, ended == -ECANCELED ? 0 : ended);
}

/* ---- names, and nobody there --------------------------------------------------------------------- */

/* A socket on loopback at which nobody answers, and its port; or -errno. */
static int mute_socket(int type, int *port)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *port = 0;
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, size) < 0
        || getsockname(fd, (struct sockaddr *)&at, &size) < 0)
        return -errno;
    *port = ntohs(at.sin_port);
    return fd;
}

static int refused(void *arg)
{
    simul_stream *stream;
    char port[8];
    int number, fd = mute_socket(SOCK_STREAM, &number);
    (void)arg;
    if (fd < 0)
        return fd;
    snprintf(port, sizeof port, "%d", number);
    int r = simul_open_connection(
        &stream, "localhost", port,
        &(simul_connect_opts){.local_host = "127.0.0.1", .family = AF_INET});
    close(fd);
    return r == -ECONNREFUSED ? 0 : first_error(r, -EPROTO);
}

/* A name server that says nothing. */
static int unanswered(void *arg)
{
    simul_address *found;
    char address[32];
    int port, fd = mute_socket(SOCK_DGRAM, &port);
    (void)arg;
    if (fd < 0)
        return fd;
    snprintf(address, sizeof address, "127.0.0.1:%d", port);
    int r = simul_within(
        0.02, simul_getaddrinfo("name.test.", "1",
                                &(simul_resolve_opts){.nameserver = address}, &found));
    close(fd);
    return r == -ETIMEDOUT ? 0 : first_error(r, -EPROTO);
}

static const struct step steps[] = {
    {"an echo", an_echo},
    {"lines", lines},
    {"much", much},
    {"half-closed", half_closed},
    {"peeked", peeked},
    {"aborted", aborted},
    {"broken", broken},
    {"many", many},
    {"served for ever", served_for_ever},
    {"refused", refused},
    {"unanswered", unanswered},
    {0},
};

int main(void)
{
    steps_need_backend();
    for (int i = 0; i < LARGE; i++)
        large[i] = (char)(i * 31 + i / 4096);
    return steps_run(steps, NULL);
}
