/* SPDX-License-Identifier: MIT */
/* Sockets of the user's own (S40; X11). */
#include "net/pair.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <simul/sock.h>
#include <string.h>
#include <unistd.h>

static int new_socket(int family, int type)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    return fd;
}

static simul_address name_of(int fd)
{
    simul_address name = {.length = sizeof name.socket};
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&name.socket, &name.length), 0);
    return name;
}

static int bound(int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = new_socket(AF_INET, type);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int listener(void)
{
    int fd = bound(SOCK_STREAM);
    ck_assert_int_eq(listen(fd, 8), 0);
    return fd;
}

static void socket_pair(int fds[2])
{
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_pair(const int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

static int accept_it(void *fd)
{
    return simul_sock_accept(*(int *)fd, NULL);
}

struct receiving {
    int fd;
    char data[64];
    ssize_t result;
};

static int receive(void *arg)
{
    struct receiving *r = arg;
    r->result = simul_sock_recv(r->fd, r->data, sizeof r->data);
    return r->result < 0 ? (int)r->result : 0;
}

static int await_release(simul_task *task)
{
    int r = simul_await(task);
    simul_release(task);
    return r;
}

static int cancel_and_wait(simul_task *task)
{
    ck_assert_ptr_nonnull(task);
    simul_cancel(task);
    return await_release(task);
}

/* ---- accepting and connecting ------------------------------------------------------------ */

NET_TEST(a_connection_is_made_and_taken_in)
{
    int at = listener(), client = new_socket(AF_INET, SOCK_STREAM);
    const simul_address name = name_of(at);
    simul_address peer;
    simul_task *accepting = simul_create_task(accept_it, &at);
    ck_assert_ptr_nonnull(accepting);

    ck_assert_int_eq(simul_sock_connect(client, &name), 0);
    int server = await_release(accepting);
    ck_assert_int_ge(server, 0);
    ck_assert_int_eq(simul_sock_sendall(server, "ping", 4), 4);
    char buf[8];
    ck_assert_int_eq(simul_sock_recv(client, buf, sizeof buf), 4);
    ck_assert_mem_eq(buf, "ping", 4);
    close(server);
    ck_assert_int_eq(simul_sock_recv(client, buf, sizeof buf), 0);
    close(client);

    client = new_socket(AF_INET, SOCK_STREAM);
    ck_assert_int_eq(simul_sock_connect(client, &name), 0);
    server = simul_sock_accept(at, &peer);
    ck_assert_int_ge(server, 0);
    const simul_address its_name = name_of(client);
    ck_assert_int_eq(simul_address_port(&peer), simul_address_port(&its_name));
    close(server);
    close(client);
    close(at);
}

/* S40, X11 */
NET_TEST(after_a_cancelled_accept_the_listener_is_usable)
{
    int at = listener(), client = new_socket(AF_INET, SOCK_STREAM);
    const simul_address name = name_of(at);
    simul_task *accepting = simul_create_task(accept_it, &at);
    let_run(1);

    ck_assert_int_eq(cancel_and_wait(accepting), -ECANCELED);
    ck_assert_int_eq(simul_sock_connect(client, &name), 0);
    int server = simul_sock_accept(at, NULL);
    ck_assert_int_ge(server, 0);
    close(server);
    close(client);
    close(at);
}

static int connect_nowhere(void *arg)
{
    int fd = new_socket(AF_INET, SOCK_STREAM);
    int r = simul_sock_connect(fd, arg);
    close(fd);
    return r;
}

NET_TEST(that_nobody_listens_is_told_with_the_address)
{
    int at = bound(SOCK_STREAM);
    static simul_address name;
    name = name_of(at);
    simul_task *task = simul_create_task(connect_nowhere, &name);

    ck_assert_int_eq(simul_await(task), -ECONNREFUSED);
    ck_assert_int_eq(strncmp(simul_message(task), "connect to 127.0.0.1:", 21), 0);
    simul_release(task);
    close(at);
}

NET_TEST(a_host_is_looked_up_for_the_family_of_the_socket)
{
    int at = listener(), client = new_socket(AF_INET, SOCK_STREAM);
    char port[8];
    const simul_address name = name_of(at);
    snprintf(port, sizeof port, "%d", simul_address_port(&name));

    ck_assert_int_eq(simul_sock_connect_host(client, "localhost", port), 0);
    ck_assert_int_eq(simul_sock_connect_host(client, "::1", port), -SIMUL_ENONAME);
    close(client);
    close(at);
    int fds[2];
    socket_pair(fds);
    ck_assert_int_eq(simul_sock_connect_host(fds[0], "localhost", port), -EINVAL);
    close_pair(fds);
}

NET_TEST(a_full_queue_of_a_unix_socket_is_an_answer)
{
    simul_address name = {.length = sizeof(sa_family_t)};
    int at = new_socket(AF_UNIX, SOCK_STREAM), first = new_socket(AF_UNIX, SOCK_STREAM);
    int second = new_socket(AF_UNIX, SOCK_STREAM);
    name.socket.ss_family = AF_UNIX;
    ck_assert_int_eq(bind(at, (struct sockaddr *)&name.socket, name.length), 0);
    ck_assert_int_eq(listen(at, 0), 0);
    name = name_of(at);

    ck_assert_int_eq(simul_sock_connect(first, &name), 0);
    ck_assert_int_eq(simul_sock_connect(second, &name), -EAGAIN);
    close(first);
    close(second);
    close(at);
}

/* ---- receiving and sending ---------------------------------------------------------------- */

/* S40, X11 */
NET_TEST(a_cancelled_recv_takes_nothing)
{
    int fds[2];
    socket_pair(fds);
    static struct receiving r;
    r.fd = fds[0];
    simul_task *task = simul_create_task(receive, &r);
    let_run(2);

    ck_assert_int_eq(cancel_and_wait(task), -ECANCELED);
    ck_assert_int_eq(simul_sock_sendall(fds[1], "kept", 4), 4);
    ck_assert_int_eq(simul_sock_recv(fds[0], r.data, sizeof r.data), 4);
    ck_assert_mem_eq(r.data, "kept", 4);
    close_pair(fds);
}

/* S40: the cancel and the bytes come in the same turn. */
NET_TEST(bytes_that_come_with_a_cancel_are_had_by_somebody)
{
    int fds[2];
    socket_pair(fds);
    static struct receiving r;
    r = (struct receiving){.fd = fds[0]};
    simul_task *task = simul_create_task(receive, &r);
    let_run(2);
    feed(fds[1], "kept");
    ck_assert_ptr_nonnull(task);
    simul_cancel(task);
    await_release(task);

    if (r.result < 0)
        r.result = simul_sock_recv(fds[0], r.data, sizeof r.data);
    ck_assert_int_eq(r.result, 4);
    ck_assert_mem_eq(r.data, "kept", 4);
    close_pair(fds);
}

/* S40: test_sock_client_racing */
NET_TEST(a_second_reader_is_refused_and_the_first_goes_on)
{
    int fds[2];
    char buf[8];
    socket_pair(fds);
    static struct receiving r;
    r = (struct receiving){.fd = fds[0]};
    simul_task *task = simul_create_task(receive, &r);
    ck_assert_ptr_nonnull(task);
    let_run(2);

    ck_assert_int_eq(simul_sock_recv(fds[0], buf, sizeof buf), -SIMUL_ECONCURRENT);
    feed(fds[1], "one");
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(r.result, 3);
    close_pair(fds);
}

struct sending {
    int fd;
    size_t n;
    char *data;
    ssize_t result;
};

static int send_it(void *arg)
{
    struct sending *s = arg;
    s->result = simul_sock_sendall(s->fd, s->data, s->n);
    return s->result < 0 ? (int)s->result : 0;
}

static char much[1 << 20];

NET_TEST(much_is_sent_to_a_slow_reader)
{
    int fds[2];
    char buf[4096];
    size_t have = 0;
    socket_pair(fds);
    static struct sending s;
    s = (struct sending){.fd = fds[0], .n = sizeof much, .data = much};
    pattern(much, sizeof much, 0);
    simul_task *task = simul_create_task(send_it, &s);
    ck_assert_ptr_nonnull(task);

    while (have < sizeof much) {
        ssize_t n = simul_sock_recv(fds[1], buf, sizeof buf);
        ck_assert_int_gt(n, 0);
        ck_assert(is_pattern(buf, (size_t)n, have));
        have += (size_t)n;
    }
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(s.result, sizeof much);
    close_pair(fds);
}

/* "A call that returns -ECANCELED has done nothing": this one has. */
NET_TEST(a_send_that_was_cut_off_by_a_cancel_says_so)
{
    int fds[2];
    socket_pair(fds);
    static struct sending s;
    s = (struct sending){.fd = fds[0], .n = sizeof much, .data = much};
    simul_task *task = simul_create_task(send_it, &s);
    let_run(2);
    cancel_and_wait(task);
    ck_assert_int_eq(s.result, -SIMUL_EBROKEN);

    s.n = 1;
    task = simul_create_task(send_it, &s); /* full: not a byte goes out */
    let_run(2);
    ck_assert_int_eq(cancel_and_wait(task), -ECANCELED);
    ck_assert_int_eq(s.result, -ECANCELED);
    close_pair(fds);
}

NET_TEST(sending_to_nobody_is_an_error_and_no_signal)
{
    int fds[2];
    socket_pair(fds);
    close(fds[1]);

    ck_assert_int_eq(simul_sock_sendall(fds[0], "x", 1), -EPIPE);
    close(fds[0]);
}

NET_TEST(datagrams_go_both_ways)
{
    int a = bound(SOCK_DGRAM), b = bound(SOCK_DGRAM);
    const simul_address to_a = name_of(a), to_b = name_of(b);
    simul_address from;
    char buf[8];

    ck_assert_int_eq(simul_sock_sendto(a, "hi", 2, &to_b), 2);
    ck_assert_int_eq(simul_sock_recvfrom(b, buf, sizeof buf, &from), 2);
    ck_assert_int_eq(simul_address_port(&from), simul_address_port(&to_a));
    ck_assert_int_eq(simul_sock_sendto(b, "", 0, &from),
                     0); /* S39: empty ones are real */
    ck_assert_int_eq(simul_sock_recvfrom(a, buf, sizeof buf, NULL), 0);
    close(a);
    close(b);
}

NET_TEST(a_new_socket_with_the_number_of_a_closed_one_is_waited_for)
{
    for (int i = 0; i < 3; i++) {
        int fds[2];
        socket_pair(fds);
        static struct receiving r;
        r = (struct receiving){.fd = fds[0]};
        simul_task *task = simul_create_task(receive, &r);
        ck_assert_ptr_nonnull(task);
        let_run(2);
        feed(fds[1], "x");
        ck_assert_int_eq(await_release(task), 0);
        close_pair(fds);
    }
}

/* ---- what is refused ---------------------------------------------------------------------- */

static int debugging(void *arg)
{
    int fds[2];
    char buf[1];
    (void)arg;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_sock_recv(fds[0], buf, 1), -EINVAL);
    ck_assert_int_eq(simul_sock_sendall(fds[0], buf, 1), -EINVAL);
    close_pair(fds);
    return 0;
}

TEST(debug_mode_refuses_blocking_sockets)
{
    simul_loop_opts opts = {.debug = true};
    ck_assert_int_eq(simul_run_opts(debugging, NULL, &opts), 0);
}

NET_TEST(accepting_at_and_connecting_a_blocking_socket_is_refused)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), at = listener();
    const simul_address name = name_of(at);

    ck_assert_int_eq(simul_sock_accept(fd, NULL), -EINVAL);
    ck_assert_int_eq(simul_sock_connect(fd, &name), -EINVAL);
    close(fd);
    close(at);
}

NET_TEST(what_is_no_socket_is_refused)
{
    char buf[1];
    simul_address name = {.length = sizeof(sa_family_t)};
    int fds[2];
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);

    ck_assert_int_eq(simul_sock_recv(fds[0], buf, 1), -ENOTSOCK);
    ck_assert_int_eq(simul_sock_accept(-1, NULL), -EBADF);
    ck_assert_int_eq(simul_sock_connect(-1, &name), -EBADF);
    ck_assert_int_eq(simul_sock_connect_host(-1, "localhost", "1"), -EBADF);
    close_pair(fds);
}

TEST(outside_of_a_task_nothing_waits)
{
    char buf[1];
    ck_assert_int_eq(simul_sock_recv(0, buf, 1), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_sock_accept(0, NULL), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_sock_connect_host(0, "localhost", "1"), -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("the user's sockets")
