/* SPDX-License-Identifier: MIT */
#include "net/pair.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

struct limited {
    simul_fn *fn;
    void *arg;
};

static int main_with_limit(void *arg)
{
    const struct limited *limited = arg;
    return simul_within(harness_patience(), limited->fn(limited->arg));
}

int run_limited(simul_fn *fn, void *arg)
{
    struct limited limited = {fn, arg};
    return simul_run(main_with_limit, &limited);
}

static int main_of_test(void *arg)
{
    void (**body)(void) = arg;
    simul_timeout limit;
    simul_timeout_enter(&limit, harness_patience());
    sweep_body_begins();
    (*body)();
    int r = (int)simul_timeout_exit(&limit, 0);
    if (simul_timeout_expired(&limit))
        r = -ETIMEDOUT; /* also if the cancel came to nothing */
    return r;
}

int run_net_test(void (*body)(void))
{
    return simul_run_opts(main_of_test, &body,
                          &(simul_loop_opts){.poll_interval = 1, .budget = -1});
}

void close_loop_under(simul_fn *leaves, void *arg, const simul_loop_opts *opts)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, opts), 0);
    simul_task *task = simul_loop_create_task(loop, leaves, arg, NULL);
    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    simul_release(task);
    ck_assert_int_eq(simul_loop_close(loop), 0);
}

simul_stream *stream_and_peer(int *peer, const simul_connect_opts *opts)
{
    int fds[2];
    simul_stream *stream;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_open_connection_fd(&stream, fds[0], opts), 0);
    *peer = fds[1];
    return stream;
}

void unix_pair(simul_stream *pair[2])
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(simul_open_connection_fd(&pair[i], fds[i], NULL), 0);
}

static void shrink(int fd)
{
    const int size = 4096;
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
}

void tcp_pair(simul_stream *pair[2], const simul_connect_opts *opts)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t size = sizeof at;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    shrink(listener);
    shrink(client);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&at, size), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&at, &size), 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&at, size), 0);
    int accepted = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    ck_assert_int_ge(accepted, 0);
    close(listener);
    ck_assert_int_eq(simul_open_connection_fd(&pair[0], client, opts), 0);
    ck_assert_int_eq(simul_open_connection_fd(&pair[1], accepted, opts), 0);
}

void feed_bytes(int fd, const void *data, size_t n)
{
    ck_assert_int_eq(send(fd, data, n, MSG_NOSIGNAL), (ssize_t)n);
}

void feed(int fd, const char *text)
{
    feed_bytes(fd, text, strlen(text));
}

size_t drink(int fd, void *data, size_t n)
{
    size_t have = 0;
    ssize_t r = 1;
    while (have < n && r > 0) {
        r = recv(fd, (char *)data + have, n - have, 0);
        ck_assert_int_ge(r, 0);
        have += (size_t)r;
    }
    return have;
}

int finish(simul_stream *stream)
{
    simul_stream_close(stream);
    int r = simul_stream_wait_closed(stream);
    simul_stream_release(stream);
    return r;
}

int read_it(void *arg)
{
    struct reading *reading = arg;
    reading->result = simul_stream_read(reading->stream, reading->data, reading->n);
    return reading->result < 0 ? (int)reading->result : 0;
}

int read_exactly_it(void *arg)
{
    struct reading *reading = arg;
    reading->result =
        simul_stream_readexactly(reading->stream, reading->data, reading->n);
    return reading->result < 0 ? (int)reading->result : 0;
}

static char byte_at(size_t at)
{
    return (char)(at * 2654435761u >> 11);
}

void trace_pause(simul_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    trace("pause");
}

void trace_resume(simul_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    trace("resume");
}

void pattern(char *data, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        data[i] = byte_at(at + i);
}

bool is_pattern(const char *data, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (data[i] != byte_at(at + i))
            return false;
    return true;
}
