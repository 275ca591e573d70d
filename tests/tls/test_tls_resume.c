/* SPDX-License-Identifier: MIT */
/* tls= of open_connection and start_server, and sessions that are resumed. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pair.h"
#include "tls/certs.h"

static int served; /* clients whose handler was called */

/* Says hello, which is also when the client gets its tickets, and waits for the end. */
static int hello(simul_stream *client, void *arg)
{
    char data[16];
    (void)arg;
    served++;
    ssize_t n = simul_stream_write(client, "hello\n", 6);
    while (n > 0)
        n = simul_stream_read(client, data, sizeof data);
    return (int)n;
}

static simul_server *start_at(char *port, simul_tls_context *context)
{
    simul_server *server;
    served = 0;
    int r = simul_start_server(&server, "127.0.0.1", "0", hello, NULL,
                               &(simul_server_opts){.tls = context});
    ck_assert_int_eq(r, 0);
    simul_tls_context_release(context); /* the server holds it */
    sprintf(port, "%d", simul_server_port(server));
    return server;
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    simul_server_close_clients(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
}

static int open_to(simul_stream **stream, const char *port, const char *host,
                   simul_tls_context *client)
{
    return simul_open_connection(
        stream, "127.0.0.1", port,
        &(simul_connect_opts){.tls = client, .server_hostname = host});
}

/* One connection, through to its end; whether it was resumed. */
static bool visit(const char *port, const char *host, simul_tls_context *client)
{
    simul_stream *stream;
    char *line;
    int r = open_to(&stream, port, host, client);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ck_assert_int_eq(simul_stream_readline(stream, &line), 6);
    bool resumed = simul_stream_tls_resumed(stream);
    ck_assert_int_eq(finish(stream), 0);
    return resumed;
}

/* ---- servers and clients --------------------------------------------------------------- */

NET_TEST(a_server_and_its_clients_speak_tls)
{
    char port[8];
    simul_stream *stream;
    char *line;
    simul_server *server = start_at(port, server_with("good", (simul_tls_opts){0}));
    simul_tls_context *client = client_with((simul_tls_opts){0});
    simul_connect_opts opts = {.tls = client};
    ck_assert_int_eq(simul_open_connection(&stream, "localhost", port, &opts), 0);
    simul_tls_context_release(client);
    ck_assert_int_eq(simul_stream_readline(stream, &line), 6);
    ck_assert_str_eq(line, "hello\n");
    ck_assert_str_eq(simul_stream_tls_hostname(stream), "localhost");
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
}

NET_TEST(the_handler_is_not_called_for_who_fails)
{
    char port[8], *line;
    simul_stream *stream = NULL;
    trace_errors();
    simul_server *server = start_at(port, server_with("good", (simul_tls_opts){0}));
    ck_assert_int_eq(simul_open_connection(&stream, "127.0.0.1", port, NULL), 0);
    ck_assert_int_eq(simul_stream_write(stream, "GET / HTTP/1.0\r\n\r\n", 18), 18);
    ck_assert_int_ge(simul_stream_readline(stream, &line), 0); /* an alert, perhaps */
    finish(stream);

    simul_tls_context *client = client_with((simul_tls_opts){0});
    stream = NULL;
    ck_assert_int_eq(open_to(&stream, port, "wrong.example", client),
                     -SIMUL_ECERTIFICATE);
    ck_assert_ptr_null(stream);
    ck_assert_int_eq(served, 0);
    ck_assert(!visit(port, "localhost", client));
    ck_assert_int_eq(served, 1);
    simul_tls_context_release(client);
    stop(server);
    ck_assert_trace(""); /* strangers' mistakes are no news */
}

NET_TEST(what_would_leave_open_who_it_is_is_refused)
{
    simul_stream *stream;
    simul_server *server;
    int fds[2];
    simul_tls_context *for_server = server_with("good", (simul_tls_opts){0});
    simul_tls_context *for_client = client_with((simul_tls_opts){0});
    ck_assert_int_eq(open_to(&stream, "1", "localhost", for_server), -EINVAL);
    for (int i = 0; i < 2; i++) /* who is meant by "this machine"? */
        ck_assert_int_eq(
            simul_open_connection(&stream, i ? "" : NULL, "1",
                                  &(simul_connect_opts){.tls = for_client}),
            -EINVAL);
    ck_assert_int_eq(simul_start_server(&server, "127.0.0.1", "0", hello, NULL,
                                        &(simul_server_opts){.tls = for_client}),
                     -EINVAL);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ck_assert_int_eq(simul_open_connection_fd(&stream, fds[0],
                                              &(simul_connect_opts){.tls = for_client}),
                     -EINVAL);
    close(fds[0]);
    close(fds[1]);
    simul_tls_context_release(for_server);
    simul_tls_context_release(for_client);
}

/* Either end, on a socket from outside. */
struct adopted {
    int fd, result;
    simul_tls_context *context;
    simul_stream *stream;
};

static int adopt(void *arg)
{
    struct adopted *end = arg;
    return simul_open_connection_fd(
        &end->stream, end->fd,
        &(simul_connect_opts){.tls = end->context, .server_hostname = "localhost"});
}

NET_TEST(a_socket_from_outside_may_have_either_end)
{
    static struct adopted ends[2];
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    ends[0] = (struct adopted){.fd = fds[0]};
    ends[0].context = client_with((simul_tls_opts){0});
    ends[1] = (struct adopted){.fd = fds[1]};
    ends[1].context = server_with("good", (simul_tls_opts){0});
    simul_task *tasks[2];
    for (int i = 0; i < 2; i++)
        tasks[i] = simul_create_task(adopt, &ends[i]);
    ck_assert_int_eq(simul_gather(tasks, 2, 0), 0);
    simul_release_all(tasks, 2);
    ck_assert_int_eq(simul_stream_write(ends[0].stream, "abc\n", 4), 4);
    char *line;
    ck_assert_int_eq(simul_stream_readline(ends[1].stream, &line), 4);
    for (int i = 0; i < 2; i++)
        simul_stream_close(ends[i].stream);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(finish(ends[i].stream), 0);
        simul_tls_context_release(ends[i].context);
    }
}

/* ---- sessions ----------------------------------------------------------------------------- */

static void is_resumed(simul_tls_opts opts)
{
    char port[8];
    simul_server *server = start_at(port, server_with("good", (simul_tls_opts){0}));
    simul_tls_context *client = client_with(opts);
    ck_assert(!visit(port, "localhost", client));
    for (int i = 0; i < 3; i++)
        ck_assert(visit(port, "localhost", client));
    simul_tls_context_release(client);
    stop(server);
}

NET_TEST(the_second_handshake_is_a_short_one)
{
    is_resumed((simul_tls_opts){0});
}

NET_TEST(so_it_is_with_tls_1_2)
{
    is_resumed((simul_tls_opts){.maximum_version = SIMUL_TLS_1_2});
}

NET_TEST(a_session_is_not_another_hosts)
{
    char port[2][8];
    simul_server *servers[2];
    for (int i = 0; i < 2; i++)
        servers[i] = start_at(port[i], server_with("good", (simul_tls_opts){0}));
    simul_tls_context *client = client_with((simul_tls_opts){0});
    ck_assert(!visit(port[0], "localhost", client));
    ck_assert(!visit(port[0], "127.0.0.1", client));
    ck_assert(!visit(port[1], "localhost", client));
    ck_assert(visit(port[0], "localhost", client));
    simul_tls_context_release(client);
    for (int i = 0; i < 2; i++)
        stop(servers[i]);
}

NET_TEST(a_session_is_not_another_contexts)
{
    char port[8];
    simul_server *server = start_at(port, server_with("good", (simul_tls_opts){0}));
    for (int i = 0; i < 2; i++) {
        simul_tls_context *client = client_with((simul_tls_opts){0});
        ck_assert(!visit(port, "localhost", client));
        simul_tls_context_release(client);
    }
    stop(server);
}

static void is_not_resumed(simul_tls_opts of_client, simul_tls_opts of_server)
{
    char port[8];
    simul_server *server = start_at(port, server_with("good", of_server));
    simul_tls_context *client = client_with(of_client);
    for (int i = 0; i < 2; i++)
        ck_assert(!visit(port, "localhost", client));
    simul_tls_context_release(client);
    stop(server);
}

NET_TEST(either_end_can_do_without_resumption)
{
    is_not_resumed((simul_tls_opts){.no_resumption = true}, (simul_tls_opts){0});
    is_not_resumed((simul_tls_opts){0}, (simul_tls_opts){.no_resumption = true});
}

NET_TEST(of_many_sessions_the_oldest_are_forgotten)
{
    char port[8], host[8];
    simul_server *server = start_at(port, server_with("good", (simul_tls_opts){0}));
    simul_tls_context *client =
        client_with((simul_tls_opts){.no_check_hostname = true});
    for (int i = 0; i < 66; i++) { /* each leaves two */
        sprintf(host, "host%d", i);
        ck_assert(!visit(port, host, client));
    }
    ck_assert(visit(port, "host65", client));
    ck_assert(!visit(port, "host0", client));
    simul_tls_context_release(client);
    stop(server);
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("tls resume");
}
