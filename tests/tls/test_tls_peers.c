/* SPDX-License-Identifier: MIT */
/* Against those whom everybody uses: openssl's s_client and s_server, and curl. */
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/pair.h"
#include "tls/certs.h"

/* ---- a program whose standard input and output are a stream ------------------------------- */

struct program {
    pid_t pid;
    simul_stream *stream;
};

static void become(int fd, const char *command)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fd, STDIN_FILENO);
    dup2(fd, STDOUT_FILENO);
    dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
    execl("/bin/sh", "sh", "-c", command, NULL);
    _exit(127);
}

__attribute__((format(printf, 1, 2))) static struct program run(const char *fmt, ...)
{
    static char command[1000];
    struct program program;
    int fds[2];
    va_list ap;
    va_start(ap, fmt);
    strcpy(command, "exec ");
    vsnprintf(command + 5, sizeof command - 5, fmt, ap);
    va_end(ap);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    program.pid = fork();
    if (program.pid == 0)
        become(fds[1], command);
    close(fds[1]);
    ck_assert_int_eq(simul_open_connection_fd(&program.stream, fds[0], NULL), 0);
    return program;
}

static void say(struct program *program, const char *text)
{
    size_t n = strlen(text);
    ck_assert_int_eq(simul_stream_write(program->stream, text, n), (ssize_t)n);
}

/* Read on until a line has `part` in it. */
static __attribute__((noinline)) const char *hear(simul_stream *stream, const char *part)
{
    char *line = NULL;
    ssize_t n;
    while ((n = simul_stream_readline(stream, &line)) > 0)
        if (strstr(line, part))
            return line;
    ck_abort_msg("it ended (%s) before it said \"%s\"", simul_error_name((int)n), part);
    return NULL;
}

static int end_of(struct program *program)
{
    int status;
    finish(program->stream);
    kill(program->pid, SIGKILL);
    waitpid(program->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* What it still says, and how it ended. */
static int all_of(struct program *program, char *text, size_t size)
{
    int status;
    char *all;
    ck_assert_int_eq(simul_stream_write_eof(program->stream), 0);
    ck_assert_int_ge(simul_stream_read_all(program->stream, &all, 0), 0);
    snprintf(text, size, "%s", all);
    finish(program->stream);
    waitpid(program->pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" has no \"%s\"", text, part);
}

/* ---- our server ------------------------------------------------------------------------------ */

static int ended; /* clients that have said their end */

static int echo(simul_stream *client, void *arg)
{
    char *line;
    ssize_t n;
    (void)arg;
    while ((n = simul_stream_readline(client, &line)) > 0)
        if ((n = simul_stream_write(client, line, (size_t)n)) < 0)
            return (int)n;
    ended += n == 0;
    return (int)n;
}

static int answer_http(simul_stream *client, void *arg)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n"
                               "Connection: close\r\n\r\n";
    static char body[300000];
    char *line;
    (void)arg;
    ssize_t n = simul_stream_readuntil(client, "\r\n\r\n", 4, &line);
    if (n < 0)
        return (int)n;
    memset(body, 'b', sizeof body);
    struct iovec pieces[] = {{(char *)head, sizeof head - 1}, {body, sizeof body}};
    n = simul_stream_writev(client, pieces, 2);
    return n < 0 ? (int)n : 0;
}

static simul_server *serve(simul_client_fn *handler, const char *name)
{
    static const char *protocols[] = {"simul/1", "http/1.1", NULL};
    simul_server *server;
    simul_tls_context *context = server_with(name, (simul_tls_opts){.alpn = protocols});
    ck_assert_int_eq(simul_start_server(&server, "127.0.0.1", "0", handler, NULL,
                                        &(simul_server_opts){.tls = context}),
                     0);
    simul_tls_context_release(context);
    return server;
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    simul_server_close_clients(server);
    simul_server_wait_closed(server);
    simul_server_release(server);
}

#define S_CLIENT                                                                       \
    "openssl s_client -connect 127.0.0.1:%d -servername localhost -CAfile %s "         \
    "-verify_return_error -alpn simul/1 "

static void talk_with_s_client(const char *version)
{
    simul_server *server = serve(echo, "good");
    struct program client =
        run(S_CLIENT "%s", simul_server_port(server), cert("ca.crt"), version);
    hear(client.stream, "ALPN protocol: simul/1");
    say(&client, "hello\n");
    hear(client.stream, "hello");
    say(&client, "Q\n"); /* its command for: say the end */
    char rest[2000];
    all_of(&client, rest, sizeof rest);
    stop(server);
}

NET_TEST(openssls_client_talks_to_our_server)
{
    talk_with_s_client("-tls1_3");
    talk_with_s_client("-tls1_2");
    ck_assert_int_eq(ended, 2);
}

/* "K": new keys, and the server is to take new ones, too, which it says while it reads. */
NET_TEST(a_reader_answers_a_change_of_keys)
{
    simul_server *server = serve(echo, "good");
    struct program client =
        run(S_CLIENT "-tls1_3 2>&1", simul_server_port(server), cert("ca.crt"));
    hear(client.stream, "ALPN protocol: simul/1");
    for (int i = 0; i < 3; i++) {
        say(&client, "K\n");
        hear(client.stream, "KEYUPDATE");
        say(&client, "hello\n");
        hear(client.stream, "hello");
    }
    say(&client, "Q\n");
    char rest[2000];
    all_of(&client, rest, sizeof rest);
    ck_assert_int_eq(ended, 1);
    stop(server);
}

/* "R" asks for a renegotiation (TLS 1.2), with which servers were exhausted. */
NET_TEST(nobody_renegotiates_with_us)
{
    simul_server *server = serve(echo, "good");
    struct program client =
        run(S_CLIENT "-tls1_2 2>&1", simul_server_port(server), cert("ca.crt"));
    hear(client.stream, "ALPN protocol: simul/1");
    say(&client, "R\n");
    hear(client.stream, "RENEGOTIATING");
    char rest[4000];
    all_of(&client, rest, sizeof rest);
    ck_assert_ptr_null(strstr(rest, "hello"));
    stop(server);
}

NET_TEST(openssls_client_refuses_a_certificate_that_we_should_not_use)
{
    trace_errors();
    simul_server *server = serve(echo, "expired");
    struct program client =
        run(S_CLIENT "2>&1", simul_server_port(server), cert("ca.crt"));
    char said[4000];
    ck_assert_int_ne(all_of(&client, said, sizeof said), 0);
    has(said, "certificate has expired");
    stop(server);
    ck_assert_trace("");
}

#define CURL                                                                           \
    "curl -sS --cacert %s --resolve localhost:%d:127.0.0.1 https://localhost:%d/ "

NET_TEST(curl_gets_a_page_from_our_server)
{
    simul_server *server = serve(answer_http, "good");
    int port = simul_server_port(server);
    struct program curl = run(
        CURL "-o /dev/null -w '%%{http_code} %%{size_download} %%{ssl_verify_result}'",
        cert("ca.crt"), port, port);
    char said[200];
    ck_assert_int_eq(all_of(&curl, said, sizeof said), 0);
    ck_assert_str_eq(said, "200 300000 0");
    stop(server);
}

NET_TEST(curl_refuses_our_server_where_it_should)
{
    simul_server *server = serve(answer_http, "other");
    int port = simul_server_port(server);
    struct program curl = run(CURL "2>&1", cert("ca.crt"), port, port);
    char said[500];
    ck_assert_int_eq(all_of(&curl, said, sizeof said), 60);
    stop(server);
}

/* ---- our client -------------------------------------------------------------------------------- */

#define S_SERVER "openssl s_server -accept 127.0.0.1:0 -cert %s -key %s -alpn simul/1 "

static struct program s_server(const char *name, const char *how, char *port)
{
    char crt[32], key[32];
    snprintf(crt, sizeof crt, "%s.crt", name);
    snprintf(key, sizeof key, "%s.key", name);
    struct program server = run(S_SERVER "%s", cert(crt), cert(key), how);
    const char *line = hear(server.stream, "ACCEPT ");
    snprintf(port, 8, "%d", atoi(strrchr(line, ':') + 1));
    return server;
}

static int visit(simul_stream **stream, const char *port)
{
    static const char *protocols[] = {"simul/1", NULL};
    simul_tls_context *client = client_with((simul_tls_opts){.alpn = protocols});
    int r = simul_open_connection(
        stream, "127.0.0.1", port,
        &(simul_connect_opts){.tls = client, .server_hostname = "localhost"});
    simul_tls_context_release(client);
    return r;
}

static void talk_with_s_server(const char *how)
{
    char port[8], *line;
    simul_stream *stream;
    struct program server = s_server("good", how, port);
    int r = visit(&stream, port);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ck_assert_str_eq(simul_stream_tls_alpn(stream), "simul/1");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_stream_write(stream, "abc\n", 4), 4);
        ck_assert_int_eq(simul_stream_readline(stream, &line), 4);
        ck_assert_str_eq(line, "cba\n");
    }
    ck_assert_int_eq(finish(stream), 0);
    end_of(&server);
}

NET_TEST(our_client_talks_to_openssls_server)
{
    talk_with_s_server("-rev -tls1_3");
    talk_with_s_server("-rev -tls1_2");
}

NET_TEST(a_page_of_openssls_server_is_read_to_its_end)
{
    char port[8], *page;
    simul_stream *stream;
    struct program server = s_server("good", "-www", port);
    ck_assert_int_eq(visit(&stream, port), 0);
    ck_assert_int_eq(simul_stream_write(stream, "GET / HTTP/1.0\r\n\r\n", 18), 18);
    ck_assert_int_gt(simul_stream_read_all(stream, &page, 0), 100);
    has(page, "HTTP/1.0 200 ok");
    ck_assert_int_eq(finish(stream), 0);
    end_of(&server);
}

NET_TEST(our_client_refuses_openssls_server_where_it_should)
{
    char port[8];
    simul_stream *stream;
    static const char *const names[] = {"expired", "self", "other"};
    for (int i = 0; i < 3; i++) {
        struct program server = s_server(names[i], "-rev", port);
        ck_assert_int_eq(visit(&stream, port), -SIMUL_ECERTIFICATE);
        end_of(&server);
    }
}

int main(void)
{
    harness_need_backend();
    harness_need_program("curl");
    certs_make();
    return harness_run("tls peers");
}
