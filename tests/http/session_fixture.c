/* SPDX-License-Identifier: MIT */
#include "http/session_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct http_server server;
simul_session *session;
struct name_server name_server;

/* ---- the name server ------------------------------------------------------------------- */

enum { DNS_IS_ANSWER = 0x80, DNS_NO_SUCH_NAME = 3 };

/* The question itself, with a few bits turned, is the answer. */
static void on_question(void *arg)
{
    (void)arg;
    struct sockaddr_in client;
    socklen_t len = sizeof client;
    unsigned char packet[512];
    ssize_t n = recvfrom(name_server.fd, packet, sizeof packet, 0,
                         (struct sockaddr *)&client, &len);
    if (n < 12)
        return;
    name_server.questions++;
    packet[2] |= DNS_IS_ANSWER;
    packet[3] = (unsigned char)((packet[3] & 0xf0) | DNS_NO_SUCH_NAME);
    if (!name_server.silent)
        sendto(name_server.fd, packet, (size_t)n, 0, (struct sockaddr *)&client, len);
}

static void open_name_server(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    char name[32];
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    snprintf(name, sizeof name, "127.0.0.1:%d", ntohs(address.sin_port));
    setenv("SIMUL_NAMESERVER", name, 1);
    name_server = (struct name_server){.fd = fd};
}

/* ---- the run --------------------------------------------------------------------------- */

struct run {
    void (*fn)(void);
    const simul_session_opts *opts;
};

static int entry(void *arg)
{
    const struct run *run = arg;
    simul_timeout limit;
    ck_assert_int_eq(simul_add_reader(NULL, name_server.fd, on_question, NULL), 0);
    ck_assert_int_eq(simul_session_new(&session, run->opts), 0);
    simul_timeout_enter(&limit, harness_patience());
    run->fn();
    int late = (int)simul_timeout_exit(&limit, 0);
    simul_session *left = session;
    session = NULL;
    simul_remove_reader(NULL, name_server.fd);
    int r = simul_session_close(left);
    return late < 0 ? late : r;
}

void with_session(void (*fn)(void), const simul_session_opts *opts)
{
    struct run run = {fn, opts};
    http_server_start(&server);
    open_name_server();
    int r = simul_run(entry, &run);
    close(name_server.fd);
    http_server_stop(&server);
    ck_assert_int_eq(r, 0);
}

int told_of_sessions;

static void count_sessions(simul_loop *loop, const simul_error_context *context,
                           void *unused)
{
    (void)loop, (void)unused;
    if (strstr(context->message, "an HTTP session was not closed before its loop"))
        told_of_sessions++;
}

static int leave(void *arg)
{
    const struct run *run = arg;
    ck_assert_int_eq(simul_add_reader(NULL, name_server.fd, on_question, NULL), 0);
    ck_assert_int_eq(simul_session_new(&session, run->opts), 0);
    run->fn();
    return 0;
}

void leave_session(void (*fn)(void), void (*after)(void),
                   const simul_session_opts *opts, const simul_loop_opts *loop_opts)
{
    struct run run = {fn, opts};
    simul_loop *loop;
    http_server_start(&server);
    open_name_server();
    ck_assert_int_eq(simul_loop_new(&loop, loop_opts), 0);
    simul_set_exception_handler(loop, count_sessions, NULL);
    simul_task *task = simul_loop_create_task(loop, leave, &run, NULL);
    int r = simul_loop_run_until_complete(loop, task);
    simul_release(task);
    simul_loop_close(loop);
    ck_assert_int_eq(r, 0);
    after();
    close(name_server.fd);
    http_server_stop(&server);
}

simul_response *get(const char *path)
{
    simul_response *response;
    int r = simul_session_get(&response, session, URL(path), NULL);
    ck_assert_msg(r == 0, "%s: %s", path, simul_explain(r));
    return response;
}

void get_fails(const char *path, int error, const char *text)
{
    simul_response *response = NULL;
    int r =
        simul_session_get(&response, session, *path == '/' ? URL(path) : path, NULL);
    const char *message = simul_explain(r);
    ck_assert_msg(r == error, "%s: %d, not %d: %s", path, r, error, message);
    ck_assert_has(message, text);
    ck_assert_ptr_null(response);
}

const char *text_of(simul_response *response)
{
    const char *text;
    ssize_t n = simul_response_text(response, &text, 0);
    ck_assert_msg(n >= 0, "%s", simul_explain((int)n));
    ck_assert_uint_eq((size_t)n, strlen(text));
    return text;
}

void until(const int *counter, int n, simul_task *task)
{
    int r = 0;
    while (r == 0 && __atomic_load_n(counter, __ATOMIC_SEQ_CST) < n
           && !simul_done(task))
        r = simul_sleep(0.001);
    ck_assert_int_eq(r, 0);
    ck_assert_msg(!simul_done(task), "too early: %s", simul_message(task));
}

int bound_port(int *fd)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    *fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(*fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockname(*fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}
