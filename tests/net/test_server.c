/* SPDX-License-Identifier: MIT */
/* Servers (S43; X13 to X16). */
#include "base/fault.h"
#include "base/valgrind.h"
#include "net/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <simul/base.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* Reads to the end, counts itself in *arg while it does. */
static int read_to_the_end(simul_stream *client, void *arg)
{
    int *reading = arg;
    char buf[512];
    ssize_t n;
    if (reading)
        ++*reading;
    while ((n = simul_stream_read(client, buf, sizeof buf)) > 0)
        ;
    if (reading)
        --*reading;
    return (int)n;
}

static simul_server *start(simul_client_fn *handler, void *arg,
                           const simul_server_opts *opts)
{
    simul_server *server;
    ck_assert_int_eq(simul_start_server(&server, "127.0.0.1", "0", handler, arg, opts),
                     0);
    return server;
}

static simul_stream *connect_to(const simul_server *server)
{
    char port[8];
    simul_stream *stream;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    ck_assert_int_eq(simul_open_connection(&stream, "127.0.0.1", port, NULL), 0);
    return stream;
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
}

/* Let the world turn until *n is what is expected; tests have a time-out. */
static void wait_until(const int *n, int expected)
{
    while (*n != expected)
        ck_assert_int_eq(simul_sleep(0), 0);
}

static int wait_closed(void *server)
{
    return simul_server_wait_closed(server);
}

/* ---- serving ------------------------------------------------------------------------------ */

NET_TEST(a_client_gets_its_echo)
{
    char buf[8];
    simul_server *server = start(echo, NULL, NULL);
    simul_stream *stream = connect_to(server);

    ck_assert_int_eq(simul_stream_write(stream, "hello", 5), 5);
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 5), 5);
    ck_assert_mem_eq(buf, "hello", 5);
    ck_assert_int_eq(simul_stream_write_eof(stream), 0);
    ck_assert_int_eq(simul_stream_read(stream, buf, 1), 0);
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
}

static int says_hello(simul_stream *client, void *arg)
{
    (void)arg;
    return (int)simul_stream_write(client, "hello", 5);
}

NET_TEST(the_stream_is_closed_when_the_handler_returns)
{
    char *data;
    simul_server *server = start(says_hello, NULL, NULL);
    simul_stream *stream = connect_to(server);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), 5);
    ck_assert_str_eq(data, "hello");
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
}

static int says_much(simul_stream *client, void *arg)
{
    static char data[8 << 20];
    (void)arg;
    ssize_t n = simul_stream_write(client, data, sizeof data);
    return n < 0 ? (int)n : 0;
}

NET_TEST(what_a_handler_wrote_is_sent_after_it_returned_and_counts_as_a_client)
{
    char *data;
    simul_server *server =
        start(says_much, NULL, &(simul_server_opts){.high_water = 16 << 20});
    simul_stream *stream = connect_to(server);
    while (simul_server_clients(server) == 0)
        ck_assert_int_eq(simul_sleep(0), 0);
    let_run(3);
    simul_server_close(server);
    ck_assert_uint_eq(simul_server_clients(server), 1);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), 8 << 20);
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
}

NET_TEST(hundreds_of_clients_are_served_at_once)
{
    enum { CLIENTS = 300 };
    simul_stream *streams[CLIENTS];
    char buf[4];
    simul_server *server = start(echo, NULL, &(simul_server_opts){.backlog = 7});
    for (int i = 0; i < CLIENTS; i++)
        streams[i] = connect_to(server);

    for (int i = 0; i < CLIENTS; i++)
        ck_assert_int_eq(simul_stream_write(streams[i], &i, sizeof i), sizeof i);
    for (int i = 0; i < CLIENTS; i++) {
        ck_assert_int_eq(simul_stream_readexactly(streams[i], buf, sizeof i), sizeof i);
        ck_assert_mem_eq(buf, &i, sizeof i);
    }
    ck_assert_uint_eq(simul_server_clients(server), CLIENTS);
    for (int i = 0; i < CLIENTS; i++)
        simul_stream_release(streams[i]);
    stop(server);
}

/* ---- errors (X16) ----------------------------------------------------------------------------- */

static int fails(simul_stream *client, void *arg)
{
    (void)client;
    return simul_fail(*(int *)arg, "it went wrong");
}

NET_TEST(a_handlers_error_is_told_and_the_connection_closed)
{
    int error = -EDOM;
    char buf[4];
    trace_errors();
    simul_server *server = start(fails, &error, NULL);
    simul_stream *stream = connect_to(server);
    ck_assert_int_eq(simul_stream_read(stream, buf, 4), 0);
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
    ck_assert_trace(
        "(EDOM: a client's handler failed (Task-3, made at simul_start_server))");
}

NET_TEST(a_handler_that_ends_cancelled_is_not_told)
{
    int error = -ECANCELED;
    char buf[4];
    trace_errors();
    simul_server *server = start(fails, &error, NULL);
    simul_stream *stream = connect_to(server);
    ck_assert_int_eq(simul_stream_read(stream, buf, 4), 0);
    ck_assert_int_eq(finish(stream), 0);
    stop(server);
    ck_assert_trace("");
}

NET_TEST(cancelled_clients_end_wherever_they_wait)
{
    int reading = 0;
    char buf[4];
    trace_errors();
    simul_server *server = start(read_to_the_end, &reading, NULL);
    simul_stream *stream = connect_to(server);
    wait_until(&reading, 1);
    simul_server_close(server);
    simul_server_cancel_clients(server);

    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    ck_assert_int_eq(reading, 0);
    ck_assert_int_eq(simul_stream_read(stream, buf, 4), 0);
    ck_assert_int_eq(finish(stream), 0);
    simul_server_release(server);
    ck_assert_trace("");
}

/* ---- closing ------------------------------------------------------------------------------------ */

NET_TEST(wait_closed_waits_for_the_close_and_for_the_last_client) /* X13, S43 */
{
    int fd;
    char text[SIMUL_ADDRESS_TEXT];
    simul_server *server = start(read_to_the_end, NULL, NULL);
    simul_task *waiting = simul_create_task(wait_closed, server);
    let_run(2);
    ck_assert(simul_server_is_serving(server) && !simul_done(waiting));
    simul_stream *stream = connect_to(server);
    while (simul_server_clients(server) == 0)
        ck_assert_int_eq(simul_sleep(0), 0);

    ck_assert_uint_eq(simul_server_sockets(server, &fd, 1), 1);
    ck_assert_int_ge(fd, 0);
    simul_server_close(server);
    simul_server_close(server);
    ck_assert(!simul_server_is_serving(server));
    ck_assert_uint_eq(simul_server_sockets(server, &fd, 1), 0);
    ck_assert_int_eq(simul_server_port(server), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_server_sockname(server, 0, text, sizeof text),
                     -SIMUL_ESTATE);
    let_run(5);
    ck_assert(!simul_done(waiting));
    ck_assert_int_eq(finish(stream), 0);
    ck_assert_int_eq(simul_await(waiting), 0);
    ck_assert_int_eq(simul_server_serve_forever(server), -SIMUL_ESTATE);
    simul_release(waiting);
    simul_server_release(server);
}

NET_TEST(closing_or_aborting_the_clients_ends_them) /* X14, S43 */
{
    char buf[4];
    trace_errors();
    for (int abort = 0; abort < 2; abort++) {
        simul_server *server = start(read_to_the_end, NULL, NULL);
        simul_stream *stream = connect_to(server);
        while (simul_server_clients(server) == 0)
            ck_assert_int_eq(simul_sleep(0), 0);
        let_run(2);
        simul_server_close(server);
        if (abort)
            simul_server_abort_clients(server);
        else
            simul_server_close_clients(server);
        ck_assert_int_eq(simul_server_wait_closed(server), 0);
        ck_assert_int_eq(simul_stream_read(stream, buf, 4), 0);
        ck_assert_int_eq(finish(stream), 0);
        simul_server_release(server);
    }
    ck_assert_trace("");
}

static int serve(void *server)
{
    return simul_server_serve_forever(server);
}

NET_TEST(serve_forever_ends_with_the_server) /* X15 */
{
    simul_server *server = start(echo, NULL, NULL);
    simul_task *first = simul_create_task(serve, server);
    let_run(1);
    ck_assert_int_eq(simul_server_serve_forever(server), -SIMUL_ECONCURRENT);
    simul_server_close(server);
    ck_assert_int_eq(simul_await(first), 0);
    simul_release(first);
    stop(server);
}

NET_TEST(serve_forever_cancelled_closes_the_server_and_its_clients) /* X15 */
{
    int reading = 0;
    char buf[4];
    simul_server *server = start(read_to_the_end, &reading, NULL);
    simul_task *task = simul_create_task(serve, server);
    simul_stream *stream = connect_to(server);
    wait_until(&reading, 1);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(reading, 0);
    ck_assert(!simul_server_is_serving(server));
    ck_assert_uint_eq(simul_server_clients(server), 0);
    ck_assert_int_eq(simul_stream_read(stream, buf, 4), 0);
    ck_assert_int_eq(finish(stream), 0);
    simul_release(task);
    simul_server_release(server);
}

/* ---- the end of the run ------------------------------------------------------------------------- */

static simul_server *left;

static void leave_a_server(void)
{
    static int reading;
    reading = 0;
    left = start(read_to_the_end, &reading, NULL);
    simul_stream *stream = connect_to(left);
    wait_until(&reading, 1);
    simul_stream_release(stream);
}

static void release_a_server(void)
{
    leave_a_server();
    simul_server_release(left);
}

TEST(a_server_ends_with_the_run_released_or_not)
{
    ck_assert_int_eq(run_net_test(leave_a_server), 0);
    ck_assert(!simul_server_is_serving(left));
    simul_server_release(left);
    ck_assert_int_eq(run_net_test(release_a_server), 0);
}

TEST(a_server_that_the_run_has_to_end_is_warned_of_in_debug_mode)
{
    setenv("SIMUL_DEBUG", "1", 1);
    capture_log();
    ck_assert_int_eq(run_net_test(release_a_server), 0);
    ck_assert_int_eq(logged("a server was not closed before its loop"), 0);
    ck_assert_int_eq(run_net_test(leave_a_server), 0);
    ck_assert_int_eq(logged("a server was not closed before its loop"), 1);
    simul_server_release(left);
}

static simul_stream *kept;

static int leaves_all(void *unused)
{
    static int reading;
    simul_timeout limit;
    (void)unused;
    reading = 0;
    simul_timeout_enter(&limit, harness_patience());
    left = start(read_to_the_end, &reading, NULL);
    simul_stream *stream = connect_to(left);
    kept = connect_to(left);
    wait_until(&reading, 2);
    simul_timeout_exit(&limit, 0);
    simul_stream_release(stream);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_a_server_leaves_nothing)
{
    close_loop_under(leaves_all, NULL, &(simul_loop_opts){.debug = true});
    ck_assert(!simul_server_is_serving(left));
    ck_assert_uint_eq(simul_server_clients(left), 0);
    ck_assert_int_eq(logged("a server was not closed before its loop"), 1);
    ck_assert_int_eq(logged("a stream was not closed before its loop"), 1);
    simul_stream_release(kept);
    simul_server_release(left);
}

/* ---- where it listens ----------------------------------------------------------------------------- */

NET_TEST(a_host_with_two_families_gets_two_sockets_with_one_port) /* S43 */
{
    char text[2][SIMUL_ADDRESS_TEXT], expected[SIMUL_ADDRESS_TEXT];
    simul_server *server;
    ck_assert_int_eq(simul_start_server(&server, "localhost", "0", echo, NULL, NULL),
                     0);
    size_t n = simul_server_sockets(server, NULL, 0);
    int port = simul_server_port(server);
    ck_assert_uint_ge(n, 1);
    ck_assert_int_gt(port, 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_gt(simul_server_sockname(server, i, text[i], sizeof text[i]), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%d", port);
    ck_assert_str_eq(text[n - 1], expected);
    if (n == 2) {
        snprintf(expected, sizeof expected, "[::1]:%d", port);
        ck_assert_str_eq(text[0], expected);
    }
    ck_assert_int_eq(simul_server_sockname(server, n, text[0], sizeof text[0]),
                     -EINVAL);
    stop(server);
}

NET_TEST(an_address_in_use_is_named_and_nothing_stays_open) /* B07, S43 */
{
    char port[8], expected[64];
    simul_server *server = start(echo, NULL, NULL), *second;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    ck_assert_int_eq(simul_start_server(&second, "127.0.0.1", port, echo, NULL, NULL),
                     -EADDRINUSE);
    snprintf(expected, sizeof expected, "listen at 127.0.0.1:%s: ", port);
    ck_assert_int_eq(strncmp(simul_explain(-EADDRINUSE), expected, strlen(expected)),
                     0);
    stop(server);
}

NET_TEST(with_reuse_port_two_servers_share_an_address)
{
    const simul_server_opts opts = {.reuse_port = true};
    char port[8];
    simul_server *first = start(echo, NULL, &opts), *second;
    snprintf(port, sizeof port, "%d", simul_server_port(first));
    ck_assert_int_eq(simul_start_server(&second, "127.0.0.1", port, echo, NULL, &opts),
                     0);
    stop(first);
    stop(second);
}

NET_TEST(bad_arguments_are_refused)
{
    simul_server *server;
    int fd = -1;
    ck_assert_int_eq(simul_start_server(&server, "127.0.0.1", "x y", echo, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(
        simul_start_server(&server, "127.0.0.1", "65536", echo, NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_start_server(&server, "no host", "1", echo, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(simul_start_server(&server, NULL, "0", NULL, NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_start_server(&server, NULL, "0", echo, NULL,
                                        &(simul_server_opts){.backlog = -1}),
                     -EINVAL);
    ck_assert_int_eq(simul_start_server(&server, "192.0.2.1", "0", echo, NULL, NULL),
                     -EADDRNOTAVAIL);
    ck_assert_int_eq(simul_start_server_fds(&server, &fd, 0, echo, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(simul_start_server_fds(&server, &fd, 1, echo, NULL, NULL), -EBADF);
    ck_assert_int_eq(simul_server_serve_forever(NULL), -EINVAL);
    ck_assert_int_eq(simul_server_wait_closed(NULL), -EINVAL);
    simul_server_close(NULL);
    simul_server_close_clients(NULL);
    simul_server_cancel_clients(NULL);
    simul_server_release(NULL);
    ck_assert(!simul_server_is_serving(NULL));
}

/* ---- sockets of others ----------------------------------------------------------------------------- */

static int bound_socket(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void ck_hello_from(simul_server *server)
{
    char *data;
    simul_stream *stream = connect_to(server);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), 5);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(a_bound_socket_is_served_and_closed_by_the_server)
{
    simul_server *server;
    int fd = bound_socket();
    ck_assert_int_eq(simul_start_server_fds(&server, &fd, 1, says_hello, NULL, NULL),
                     0);
    ck_hello_from(server);
    stop(server);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
}

static void set_number(const char *name, long number)
{
    char text[24];
    snprintf(text, sizeof text, "%ld", number);
    setenv(name, text, 1);
}

static int serve_what_is_handed_over(void *unused)
{
    char port[8], *data;
    int first = -1;
    simul_server *server;
    simul_stream *stream;
    (void)unused;
    if (simul_listen_fds(&first) != 1 || first != 3
        || !(fcntl(3, F_GETFD) & FD_CLOEXEC))
        return -EPROTO;
    int r = simul_start_server(&server, "192.0.2.1", "7", says_hello, NULL,
                               &(simul_server_opts){.systemd = true});
    if (r < 0)
        return r;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    r = simul_open_connection(&stream, "127.0.0.1", port, NULL);
    if (r == 0) {
        r = (int)simul_within(harness_patience(),
                              simul_stream_read_all(stream, &data, 0));
        simul_stream_release(stream);
    }
    simul_server_release(server);
    return r < 0 ? r : r == 5 ? 0 : -EPROTO;
}

/* systemd numbers them from 3 on, where others have theirs: so in a process of its own. */
static void run_with_socket_3(simul_fn *fn)
{
    int fd = bound_socket(), status;
    pid_t child = fork();
    if (child == 0) {
        set_number("LISTEN_PID", getpid());
        set_number("LISTEN_FDS", 1);
        _exit(dup2(fd, 3) == 3 && run_limited(fn, &fd) == 0 ? 0 : 1);
    }
    close(fd);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
}

TEST(sockets_handed_over_by_systemd_are_found_and_served)
{
    run_with_socket_3(serve_what_is_handed_over);
}

#ifdef SIMUL_FAULTS
/* bound_socket()'s own number may be 3. */
static int start_through_each_failure(void *fd)
{
    simul_server *server;
    bool failed = true;
    int r = 0, refused = 0, mine = fcntl(*(int *)fd, F_DUPFD_CLOEXEC, 10);
    for (unsigned long n = 1; failed; n++) {
        dup2(mine, 3);
        sm_fault_arm(n);
        r = simul_start_server(&server, NULL, NULL, says_hello, NULL,
                               &(simul_server_opts){.systemd = true});
        failed = sm_fault_disarm();
        refused += r < 0;
        if (r < 0 && close(3) < 0)
            return -EBADF; /* it was the caller's still */
        if (r == 0)
            stop(server);
    }
    return r < 0 ? r : refused > 0 ? 0 : -EPROTO;
}

/* A sweep does not reach into the child. */
TEST(sockets_handed_over_stay_the_callers_when_a_server_cannot_start)
{
    run_with_socket_3(start_through_each_failure);
}
#endif

TEST(sockets_for_another_process_are_left_alone)
{
    int first = -1;
    unsetenv("LISTEN_PID");
    ck_assert_int_eq(simul_listen_fds(&first), 0);
    set_number("LISTEN_PID", getpid() + 1);
    set_number("LISTEN_FDS", 1);
    ck_assert_int_eq(simul_listen_fds(&first), 0);
    setenv("LISTEN_PID", "x", 1);
    ck_assert_int_eq(simul_listen_fds(&first), -EINVAL);
    set_number("LISTEN_PID", getpid());
    setenv("LISTEN_FDS", "-1", 1);
    ck_assert_int_eq(simul_listen_fds(&first), -EINVAL);
    set_number("LISTEN_FDS", 0);
    ck_assert_int_eq(simul_listen_fds(&first), 0);
    set_number("LISTEN_FDS", 500);
    ck_assert_int_eq(simul_listen_fds(&first), -EBADF);
    ck_assert_int_eq(first, -1);
}

/* ---- running short ------------------------------------------------------------------------------------ */

static void limit_fds(long soft)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = (rlim_t)soft;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* The server's hello, within ten seconds. */
static void expect_hello(int fd)
{
    char byte = 0;
    for (int i = 0; i < 1000 && recv(fd, &byte, 1, MSG_DONTWAIT) < 0; i++)
        ck_assert_int_eq(simul_sleep(0.01), 0);
    ck_assert_int_eq(byte, 'h');
}

/* The clients connect with what is left of the descriptors; the server finds none for its
 * own ends, waits a second, and then serves them all. */
static int runs_short(void *unused)
{
    enum { CLIENTS = 4 };
    int fds[CLIENTS];
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    struct rlimit before;
    (void)unused;
    trace_errors();
    getrlimit(RLIMIT_NOFILE, &before);
    simul_server *server = start(says_hello, NULL, NULL);
    int listener;
    simul_server_sockets(server, &listener, 1);
    getsockname(listener, (struct sockaddr *)&at, &size);
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        ck_assert_int_eq(connect(fds[i], (struct sockaddr *)&at, size), 0);
    }
    limit_fds(fds[CLIENTS - 1] + 1);
    double began = simul_time();
    until_traced();
    ck_assert_trace(
        "(EMFILE: a server accepts no clients for lack of means; it tries on)");
    ck_assert_uint_eq(simul_server_clients(server), 0);
    limit_fds((long)before.rlim_cur);
    expect_hello(fds[0]);
    ck_assert(simul_time() - began > 0.9);

    for (int i = 0; i < CLIENTS; i++) {
        if (i > 0)
            expect_hello(fds[i]);
        close(fds[i]);
    }
    ck_assert_trace("");
    stop(server);
    return 0;
}

TEST(without_descriptors_a_server_pauses_and_loses_no_client) /* S43 */
{
    if (RUNNING_ON_VALGRIND) /* it closes what was accepted when it has no descriptor */
        return;
    ck_assert_int_eq(run_like_asyncio(runs_short, NULL), 0);
}

/* ---- without memory -------------------------------------------------------------------- */

static bool out_of_memory;

static void *sparse_malloc(size_t size, void *arg)
{
    (void)arg;
    return out_of_memory ? NULL : malloc(size);
}

static void *sparse_realloc(void *memory, size_t size, void *arg)
{
    (void)arg;
    return out_of_memory ? NULL : realloc(memory, size);
}

static void plain_free(void *memory, void *arg)
{
    (void)arg;
    free(memory);
}

static void memory_is_short(simul_loop *loop, const simul_error_context *context,
                            void *told)
{
    (void)loop;
    ck_assert_int_eq(context->error, -ENOMEM);
    *(bool *)told = true;
}

/* What was accepted, and could not be given a stream, waits with the server for better
 * times; when the server is closed instead, it is closed as well. */
static int runs_out_of_memory(void *unused)
{
    static bool told;
    char byte;
    struct sockaddr_storage at;
    socklen_t size = sizeof at;
    int listener, fd = socket(AF_INET, SOCK_STREAM, 0);
    (void)unused;
    simul_set_exception_handler(NULL, memory_is_short, &told);
    simul_server *server = start(says_hello, NULL, NULL);
    simul_server_sockets(server, &listener, 1);
    getsockname(listener, (struct sockaddr *)&at, &size);
    let_run(1); /* it waits for a client */

    out_of_memory = true;
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, size), 0);
    for (int i = 0; i < 1000 && !told; i++)
        ck_assert_int_eq(simul_sleep(0.001), 0);
    ck_assert(told);
    simul_server_close(server);
    out_of_memory = false;
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
    simul_sleep(2); /* the accepting task has noticed */
    ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
    close(fd);
    return 0;
}

/* Before the harness tries the backend. */
__attribute__((constructor)) static void set_allocator(void)
{
    const simul_allocator sparse = {sparse_malloc, sparse_realloc, plain_free, NULL};
    simul_set_allocator(&sparse);
}

TEST(a_client_accepted_without_memory_is_closed_with_the_server)
{
    ck_assert_int_eq(run_like_asyncio(runs_out_of_memory, NULL), 0);
}

HARNESS_MAIN_BACKEND("server")
