/* SPDX-License-Identifier: MIT */
/* The contract of src/poll/poll.h, kept by each backend: every kind of operation. */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fault.h"

/* ---- receiving and sending ---------------------------------------------------------- */

POLL_TEST(recv_completes_at_once_when_data_is_there)
{
    int fds[2];
    char buf[8] = "";
    pair_tcp(fds);
    ck_assert_int_eq(send(fds[1], "hello", 5, 0), 5);
    struct pollfd there = {.fd = fds[0], .events = POLLIN};
    ck_assert_int_eq(poll(&there, 1, -1), 1);

    struct probe probe = probe_recv(fds[0], buf, sizeof buf);
    ck_assert_int_eq(run(&probe), 5);

    ck_assert_str_eq(buf, "hello");
    close_pair(fds);
}

POLL_TEST(recv_is_parked_until_data_comes)
{
    int fds[2];
    char buf[8] = "";
    pair_tcp(fds);
    struct probe probe = probe_recv(fds[0], buf, sizeof buf);
    park(&probe);
    expect_quiet();

    ck_assert_int_eq(send(fds[1], "hello", 5, 0), 5);

    ck_assert_int_eq(finish(&probe), 5);
    ck_assert_str_eq(buf, "hello");
    close_pair(fds);
}

/* They are not ours: what is parked waits, and gives what one call would. */
POLL_TEST(recv_waits_whatever_its_flags_say_about_waiting)
{
    const int flags[] = {MSG_DONTWAIT, MSG_WAITALL};
    int fds[2];
    char buf[8];
    pair_tcp(fds);
    for (int i = 0; i < 2; i++) {
        struct probe probe = probe_recv(fds[0], buf, sizeof buf);
        probe.op.flags = flags[i];
        park(&probe);
        expect_quiet();
        ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
        ck_assert_int_eq(finish(&probe), 3);
    }
    close_pair(fds);
}

POLL_TEST(many_rounds_over_one_connection)
{
    int fds[2];
    pair_tcp(fds);
    for (int i = 0; i < 1000; i++) {
        int got = -1;
        struct probe in = probe_recv(fds[0], &got, sizeof got);
        park(&in);
        struct probe out = probe_send(fds[1], &i, sizeof i);
        ck_assert_int_eq(run(&out), sizeof i);
        ck_assert_int_eq(finish(&in), sizeof got);
        ck_assert_int_eq(got, i);
    }
    close_pair(fds);
}

POLL_TEST(send_waits_for_room)
{
    int fds[2];
    pair_tcp(fds);
    fill(fds[0]);
    struct probe probe = probe_send(fds[0], "x", 1);
    park(&probe);

    while (!probe.done) {
        drain(fds[1]);
        wait_ns(1 * MS);
    }

    ck_assert_int_eq(probe.result, 1);
    close_pair(fds);
}

POLL_TEST(both_directions_wait_at_once)
{
    int fds[2];
    char got;
    pair_tcp(fds);
    fill(fds[0]);
    struct probe out = probe_send(fds[0], "x", 1), in = probe_recv(fds[0], &got, 1);
    park(&out);
    park(&in);

    ck_assert_int_eq(send(fds[1], "y", 1, 0), 1);
    ck_assert_int_eq(finish(&in), 1);
    ck_assert_int_eq(got, 'y');
    while (!out.done) {
        drain(fds[1]);
        wait_ns(1 * MS);
    }

    ck_assert_int_eq(out.result, 1);
    ck_assert_int_eq(in.done, 1);
    close_pair(fds);
}

/* Each round the receiver asks for more than comes, as servers do. */
POLL_TEST(a_short_read_is_followed_by_the_next_data)
{
    int fds[2];
    char buf[64];
    pair_tcp(fds);
    for (int i = 0; i < 50; i++) {
        struct probe in = probe_recv(fds[0], buf, sizeof buf);
        if (i % 3 == 0) /* the data is there before it is asked for */
            ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
        bool at_once = submit(&in);
        if (i % 3)
            ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
        ck_assert_int_eq(at_once ? in.result : finish(&in), 3);
    }
    close_pair(fds);
}

#ifdef SIMUL_FAULTS
/* P9, and what makes waiting cheap: the next receive costs no system call. */
POLL_TEST(after_a_short_read_the_next_is_not_tried)
{
    int fds[2];
    char buf[16];
    bool tries = strcmp(sm_poll_ops(backend)->name, "poll") == 0;
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
    ck_assert_int_eq(finish(&in), 3);

    sm_fault_arm(0);
    park(&in);
    ck_assert_int_eq(sm_fault_calls(), tries);

    ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
    ck_assert_int_eq(finish(&in), 3);
    close_pair(fds);
}
#endif

POLL_TEST(more_than_was_asked_for_is_read_in_pieces)
{
    int fds[2];
    char buf[4];
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(fds[1], "abcdefghij", 10, 0), 10);

    ck_assert_int_eq(finish(&in), 4);
    ck_assert_int_eq(run(&in), 4);
    ck_assert_int_eq(run(&in), 2);

    ck_assert_int_eq(memcmp(buf, "ij", 2), 0);
    close_pair(fds);
}

/* What ends a connection is a state, not an event: it must not get lost while nobody
 * waits, nor when the last read was short. */
static void short_read_then(void (*end)(int fd), ssize_t expected, bool parked_before)
{
    int fds[2];
    char buf[16];
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
    ck_assert_int_eq(finish(&in), 3);

    if (parked_before)
        park(&in);
    end(fds[1]);
    if (!parked_before) {
        wait_ns(2 * MS); /* the event passes while nobody waits for it */
        wait_ns(2 * MS);
        ck_assert_int_eq(run(&in), expected);
    } else {
        ck_assert_int_eq(finish(&in), expected);
    }

    forget_and_close(fds[0]);
}

static void end_with_fin(int fd)
{
    forget_and_close(fd);
}

static void end_with_reset(int fd)
{
    struct linger at_once = {.l_onoff = 1};
    ck_assert_int_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
                     0);
    forget_and_close(fd);
}

POLL_TEST(eof_is_noticed_when_parked_after_a_short_read)
{
    short_read_then(end_with_fin, 0, true);
}

POLL_TEST(eof_is_noticed_when_it_came_before_the_next_read)
{
    short_read_then(end_with_fin, 0, false);
}

POLL_TEST(reset_is_noticed_when_parked_after_a_short_read)
{
    short_read_then(end_with_reset, -ECONNRESET, true);
}

POLL_TEST(reset_is_noticed_when_it_came_before_the_next_read)
{
    short_read_then(end_with_reset, -ECONNRESET, false);
}

POLL_TEST(eof_right_behind_the_data_is_noticed)
{
    int fds[2];
    char buf[16];
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
    forget_and_close(fds[1]);

    ck_assert_int_eq(finish(&in), 3);
    ck_assert_int_eq(run(&in), 0);
    ck_assert_int_eq(run(&in), 0); /* as often as one asks */

    forget_and_close(fds[0]);
}

/* A read stops at urgent data, though there is more behind it. */
POLL_TEST(data_behind_urgent_data_is_not_forgotten)
{
    int fds[2];
    char buf[16];
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    ck_assert_int_eq(send(fds[1], "!", 1, MSG_OOB), 1);
    ck_assert_int_eq(send(fds[1], "cd", 2, 0), 2);

    ssize_t sum = finish(&in);
    ck_assert_int_gt(sum, 0);
    while (sum < 4) {
        ssize_t n = run(&in);
        ck_assert_int_gt(n, 0);
        sum += n;
    }

    ck_assert_int_eq(sum, 4);
    close_pair(fds);
}

POLL_TEST(short_datagrams_are_all_received)
{
    int fds[2];
    char buf[64];
    pair_unix(fds, SOCK_DGRAM);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);

    ck_assert_int_eq(finish(&in), 3);
    ck_assert_int_eq(run(&in), 3);
    ck_assert_int_eq(run(&in), 3);

    park(&in);
    ck_assert(cancel_and_finish(&in));
    close_pair(fds);
}

static struct msghdr message(struct iovec *iov, int n)
{
    return (struct msghdr){.msg_iov = iov, .msg_iovlen = n};
}

POLL_TEST(messages_are_gathered_and_scattered)
{
    int fds[2];
    char a[3], b[16] = "";
    struct iovec from[] = {{"ab", 2}, {"cdefg", 5}}, to[] = {{a, 3}, {b, sizeof b}};
    struct msghdr out_msg = message(from, 2), in_msg = message(to, 2);
    pair_tcp(fds);
    struct probe in = probe_msg(SM_OP_RECVMSG, fds[0], &in_msg);
    park(&in);

    struct probe out = probe_msg(SM_OP_SENDMSG, fds[1], &out_msg);
    ck_assert_int_eq(run(&out), 7);

    ck_assert_int_eq(finish(&in), 7);
    ck_assert_int_eq(memcmp(a, "abc", 3), 0);
    ck_assert_str_eq(b, "defg");
    close_pair(fds);
}

POLL_TEST(sendmsg_waits_for_room)
{
    int fds[2];
    struct iovec from = {"x", 1};
    struct msghdr msg = message(&from, 1);
    pair_unix(fds, SOCK_STREAM);
    fill(fds[0]);
    struct probe out = probe_msg(SM_OP_SENDMSG, fds[0], &msg);
    park(&out);

    drain(fds[1]);

    ck_assert_int_eq(finish(&out), 1);
    close_pair(fds);
}

union rights {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
};

static void send_descriptor(int over, int fd)
{
    union rights rights = {0};
    struct iovec from = {"fd", 2};
    struct msghdr msg = message(&from, 1);
    msg.msg_control = &rights;
    msg.msg_controllen = sizeof rights;
    *CMSG_FIRSTHDR(&msg) = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(4)};
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), &fd, sizeof fd);
    struct probe probe = probe_msg(SM_OP_SENDMSG, over, &msg);
    ck_assert_int_eq(run(&probe), 2);
}

/* A read stops where descriptors come along, though there is more behind. */
POLL_TEST(descriptors_are_passed_and_data_behind_them_is_read)
{
    int fds[2], passed[2], got = -1;
    char buf[16];
    union rights rights;
    struct iovec to = {buf, sizeof buf};
    struct msghdr msg = message(&to, 1);
    msg.msg_control = &rights;
    msg.msg_controllen = sizeof rights;
    pair_unix(fds, SOCK_STREAM);
    pair_pipe(passed);
    struct probe in = probe_msg(SM_OP_RECVMSG, fds[0], &msg);
    in.op.flags = MSG_CMSG_CLOEXEC;
    park(&in);

    send_descriptor(fds[1], passed[1]);
    ck_assert_int_eq(send(fds[1], "more", 4, 0), 4);
    ck_assert_int_eq(finish(&in), 2);
    memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof got);
    struct probe rest = probe_recv(fds[0], buf, sizeof buf);

    ck_assert_int_eq(run(&rest), 4);
    ck_assert_int_eq(write(got, "z", 1), 1);
    ck_assert_int_eq(read(passed[0], buf, 1), 1);
    close(got);
    close_pair(passed);
    close_pair(fds);
}

/* ---- pipes, files, and what is neither ---------------------------------------------- */

POLL_TEST(pipes_are_read_and_written)
{
    int fds[2];
    char buf[8];
    pair_pipe(fds);
    struct probe in = probe_buf(SM_OP_READ, fds[0], buf, sizeof buf);
    struct probe out = probe_buf(SM_OP_WRITE, fds[1], "abc", 3);
    park(&in);

    ck_assert_int_eq(run(&out), 3);
    ck_assert_int_eq(finish(&in), 3);
    ck_assert_int_eq(memcmp(buf, "abc", 3), 0);

    fill(fds[1]);
    park(&out);
    drain(fds[0]);
    ck_assert_int_eq(finish(&out), 3);
    close_pair(fds);
}

POLL_TEST(the_end_of_a_pipe_is_noticed)
{
    int fds[2];
    char buf[8];
    pair_pipe(fds);
    struct probe in = probe_buf(SM_OP_READ, fds[0], buf, sizeof buf);
    park(&in);

    forget_and_close(fds[1]);

    ck_assert_int_eq(finish(&in), 0);
    forget_and_close(fds[0]);
}

POLL_TEST(sockets_are_read_and_written_too)
{
    int fds[2];
    char buf[8];
    pair_tcp(fds);
    for (int i = 0; i < 3; i++) {
        struct probe in = probe_buf(SM_OP_READ, fds[0], buf, sizeof buf);
        struct probe out = probe_buf(SM_OP_WRITE, fds[1], "abc", 3);
        park(&in);
        ck_assert_int_eq(run(&out), 3);
        ck_assert_int_eq(finish(&in), 3);
    }
    close_pair(fds);
}

POLL_TEST(regular_files_are_read_and_written_at_once)
{
    char buf[8] = "";
    FILE *file = tmpfile();
    ck_assert_ptr_nonnull(file);
    struct probe out = probe_buf(SM_OP_WRITE, fileno(file), "abc", 3);
    struct probe in = probe_buf(SM_OP_READ, fileno(file), buf, sizeof buf);

    ck_assert(submit(&out));
    ck_assert_int_eq(out.result, 3);
    ck_assert(submit(&in));
    ck_assert_int_eq(in.result, 0); /* the file's position is at its end */
    ck_assert_int_eq(lseek(fileno(file), 0, SEEK_SET), 0);
    ck_assert(submit(&in));
    ck_assert_int_eq(in.result, 3);
    ck_assert_str_eq(buf, "abc");

    struct probe poll = probe_poll(fileno(file), POLLIN | POLLOUT);
    ck_assert_int_eq(run(&poll), POLLIN | POLLOUT);
    sm_poll_ops(backend)->forget(backend, fileno(file));
    fclose(file);
}

POLL_TEST(errors_are_results)
{
    int fds[2];
    char buf[8];
    pair_pipe(fds);
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct probe closed = probe_recv(999, buf, sizeof buf);
    struct probe negative = probe_recv(-1, buf, sizeof buf);
    struct probe not_a_socket = probe_recv(fds[0], buf, sizeof buf);
    struct probe wrong_way = probe_buf(SM_OP_READ, fds[1], buf, sizeof buf);
    struct probe is_directory = probe_buf(SM_OP_READ, directory, buf, sizeof buf);
    struct probe no_listener = probe_addr(SM_OP_ACCEPT, fds[0], NULL, NULL);

    ck_assert_int_eq(run(&closed), -EBADF);
    ck_assert_int_eq(run(&negative), -EBADF);
    ck_assert_int_eq(run(&not_a_socket), -ENOTSOCK);
    ck_assert_int_eq(run(&wrong_way), -EBADF);
    ck_assert_int_eq(run(&is_directory), -EISDIR);
    ck_assert_int_eq(run(&no_listener), -ENOTSOCK);
    close(directory);
    close_pair(fds);
}

/* SIGPIPE has its default action here: one would end the test. */
POLL_TEST(sending_to_a_closed_peer_is_an_error_not_a_signal)
{
    int fds[2], stream[2];
    char byte = 'x';
    struct iovec iov = {&byte, 1};
    struct msghdr msg = message(&iov, 1);
    pair_tcp(fds);
    pair_unix(stream, SOCK_STREAM);
    end_with_reset(fds[1]);
    forget_and_close(stream[1]);
    struct probe out = probe_send(fds[0], "x", 1);
    struct probe out_msg = probe_msg(SM_OP_SENDMSG, stream[0], &msg);

    ssize_t first = run(&out); /* tells of the reset */
    ck_assert(first == -ECONNRESET || first == -EPIPE);
    ck_assert_int_eq(run(&out), -EPIPE);
    ck_assert_int_eq(run(&out_msg), -EPIPE);

    forget_and_close(fds[0]);
    forget_and_close(stream[0]);
}

POLL_TEST(a_waiting_send_is_told_that_the_peer_has_closed)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    fill(fds[0]);
    struct probe out = probe_send(fds[0], "x", 1);
    park(&out);

    forget_and_close(fds[1]);

    ssize_t r = finish(&out);
    ck_assert(r == -EPIPE || r == -ECONNRESET);
    forget_and_close(fds[0]);
}

/* ---- accepting and connecting ------------------------------------------------------- */

static int client_of(const struct sockaddr_storage *addr, socklen_t len)
{
    int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)addr, len), 0);
    return fd;
}

static void check_accepted(int fd, int client, const struct sockaddr_storage *peer)
{
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    ck_assert_int_ge(fd, 0);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    ck_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    ck_assert_int_eq(getsockname(client, (struct sockaddr *)&own, &len), 0);
    ck_assert_int_eq(((const struct sockaddr_in *)peer)->sin_port, own.sin_port);
}

POLL_TEST(accept_takes_who_is_there_and_waits_for_who_comes)
{
    struct sockaddr_storage addr, peer;
    socklen_t addr_len, peer_len = sizeof peer;
    int listener = listen_tcp(&addr, &addr_len);
    int first = client_of(&addr, addr_len);
    struct probe probe = probe_addr(SM_OP_ACCEPT, listener, &peer, &peer_len);

    int one = (int)run(&probe);
    check_accepted(one, first, &peer);
    ck_assert_int_eq(peer_len, sizeof(struct sockaddr_in));

    peer_len = sizeof peer;
    park(&probe);
    expect_quiet();
    int second = client_of(&addr, addr_len);
    int two = (int)finish(&probe);
    check_accepted(two, second, &peer);

    close(first);
    close(second);
    forget_and_close(one);
    forget_and_close(two);
    forget_and_close(listener);
}

POLL_TEST(accept_may_do_without_the_address)
{
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int listener = listen_tcp(&addr, &addr_len);
    struct probe probe = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
    park(&probe);
    int client = client_of(&addr, addr_len);

    int accepted = (int)finish(&probe);

    ck_assert_int_ge(accepted, 0);
    close(client);
    forget_and_close(accepted);
    forget_and_close(listener);
}

/* More come at once than one event tells of. */
POLL_TEST(accept_takes_all_of_a_crowd)
{
    enum { CROWD = 50 };
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int listener = listen_tcp(&addr, &addr_len), clients[CROWD];
    struct probe probe = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
    park(&probe);
    for (int i = 0; i < CROWD; i++)
        clients[i] = client_of(&addr, addr_len);

    for (int i = 0; i < CROWD; i++) {
        int accepted = (int)(i ? run(&probe) : finish(&probe));
        ck_assert_int_ge(accepted, 0);
        forget_and_close(accepted);
    }

    park(&probe);
    ck_assert(cancel_and_finish(&probe));
    for (int i = 0; i < CROWD; i++)
        close(clients[i]);
    forget_and_close(listener);
}

static int new_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    return fd;
}

POLL_TEST(connect_connects)
{
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int listener = listen_tcp(&addr, &addr_len), fd = new_socket(AF_INET);
    char buf[8];
    struct probe probe = probe_addr(SM_OP_CONNECT, fd, &addr, &addr_len);

    ck_assert_int_eq(run(&probe), 0);

    int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    struct probe in = probe_recv(fd, buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
    ck_assert_int_eq(finish(&in), 3);
    close(peer);
    forget_and_close(fd);
    forget_and_close(listener);
}

POLL_TEST(connect_tells_that_it_was_refused)
{
    struct sockaddr_storage addr;
    socklen_t addr_len;
    close(listen_tcp(&addr, &addr_len));
    int fd = new_socket(AF_INET);
    struct probe probe = probe_addr(SM_OP_CONNECT, fd, &addr, &addr_len);

    ck_assert_int_eq(run(&probe), -ECONNREFUSED);

    forget_and_close(fd);
}

/* The listener's queue is full: the connection is neither made nor refused. */
POLL_TEST(connect_waits_and_can_be_canceled)
{
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int listener = listen_tcp(&addr, &addr_len), fd = new_socket(AF_INET);
    int queued[8];
    ck_assert_int_eq(listen(listener, 0), 0);
    for (int i = 0; i < 8; i++) {
        queued[i] = new_socket(AF_INET);
        connect(queued[i], (struct sockaddr *)&addr, addr_len);
    }
    struct probe probe = probe_addr(SM_OP_CONNECT, fd, &addr, &addr_len);
    park(&probe);
    expect_quiet();

    ck_assert(cancel_and_finish(&probe));

    expect_quiet();
    for (int i = 0; i < 8; i++)
        close(queued[i]);
    forget_and_close(fd);
    forget_and_close(listener);
}

/* A connected or refused neighbour must not be taken for the answer. */
POLL_TEST(many_connects_at_once_get_their_own_answers)
{
    enum { N = 20 };
    struct sockaddr_storage addr, refusing;
    socklen_t addr_len, refusing_len;
    struct probe probes[N];
    int listener = listen_tcp(&addr, &addr_len), fds[N];
    close(listen_tcp(&refusing, &refusing_len));
    for (int i = 0; i < N; i++) {
        fds[i] = new_socket(AF_INET);
        probes[i] = i % 2 ? probe_addr(SM_OP_CONNECT, fds[i], &refusing, &refusing_len)
                          : probe_addr(SM_OP_CONNECT, fds[i], &addr, &addr_len);
        submit(&probes[i]);
    }
    for (int i = 0; i < N; i++) {
        while (probes[i].result == NOT_YET)
            wait_ns(FOREVER);
        ck_assert_int_eq(probes[i].result, i % 2 ? -ECONNREFUSED : 0);
        forget_and_close(fds[i]);
    }
    forget_and_close(listener);
}

POLL_TEST(unix_sockets_connect_or_say_why_not)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "simul-test-%d",
             (int)getpid());
    socklen_t len = sizeof name;
    int listener = new_socket(AF_UNIX), fd = new_socket(AF_UNIX);
    struct probe probe = probe_addr(SM_OP_CONNECT, fd, &name, &len);
    ck_assert_int_eq(run(&probe), -ECONNREFUSED);

    ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(listener, 0), 0);
    ck_assert_int_eq(run(&probe), 0);

    int late = new_socket(AF_UNIX); /* the queue is full: no event will tell */
    struct probe refused = probe_addr(SM_OP_CONNECT, late, &name, &len);
    ck_assert_int_eq(run(&refused), -EAGAIN);
    forget_and_close(late);
    forget_and_close(fd);
    forget_and_close(listener);
}

/* ---- readiness ---------------------------------------------------------------------- */

POLL_TEST(poll_looks_at_the_level)
{
    int fds[2];
    pair_tcp(fds);
    struct probe out = probe_poll(fds[0], POLLOUT), in = probe_poll(fds[0], POLLIN);
    ck_assert_int_eq(run(&out), POLLOUT);
    ck_assert_int_eq(run(&out), POLLOUT);

    park(&in);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    ck_assert_int_eq(finish(&in), POLLIN);
    ck_assert_int_eq(run(&in), POLLIN); /* nobody has read */
    char byte;
    ck_assert_int_eq(recv(fds[0], &byte, 1, 0), 1);
    ck_assert_int_eq(run(&in), POLLIN); /* nor the rest */

    ck_assert_int_eq(recv(fds[0], &byte, 1, 0), 1);
    park(&in);
    expect_quiet();
    ck_assert(cancel_and_finish(&in));
    close_pair(fds);
}

POLL_TEST(poll_is_one_shot)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_poll(fds[0], POLLIN);
    park(&in);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    ck_assert_int_eq(finish(&in), POLLIN);

    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    expect_quiet();

    ck_assert_int_eq(in.done, 1);
    close_pair(fds);
}

POLL_TEST(poll_for_both_directions_reports_what_is_ready)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    struct probe both = probe_poll(fds[0], POLLIN | POLLOUT);
    ck_assert_int_eq(run(&both), POLLOUT);

    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    ck_assert_int_eq(run(&both), POLLIN | POLLOUT);

    fill(fds[0]);
    ck_assert_int_eq(run(&both), POLLIN);
    close_pair(fds);
}

POLL_TEST(poll_reports_a_hang_up_though_not_asked)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    struct probe none = probe_poll(fds[0], 0);
    park(&none);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    expect_quiet();

    forget_and_close(fds[1]);

    ck_assert(finish(&none) & POLLHUP);
    ck_assert(run(&none) & POLLHUP);
    forget_and_close(fds[0]);
}

POLL_TEST(poll_reports_the_peer_s_half_close_if_asked)
{
    int fds[2];
    pair_tcp(fds);
    struct probe half = probe_poll(fds[0], POLLRDHUP);
    park(&half);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    expect_quiet();

    ck_assert_int_eq(shutdown(fds[1], SHUT_WR), 0);

    ck_assert_int_eq(finish(&half), POLLRDHUP);
    close_pair(fds);
}

POLL_TEST(poll_of_the_end_of_a_pipe_without_reader_is_an_error_event)
{
    int fds[2];
    pair_pipe(fds);
    fill(fds[1]);
    struct probe out = probe_poll(fds[1], POLLOUT);
    park(&out);

    forget_and_close(fds[0]);

    ck_assert(finish(&out) & POLLERR);
    forget_and_close(fds[1]);
}

POLL_TEST(poll_of_what_is_no_descriptor)
{
    struct probe closed = probe_poll(999, POLLIN), negative = probe_poll(-1, POLLIN);

    ck_assert_int_eq(run(&closed), POLLNVAL);
    ck_assert_int_eq(run(&negative), POLLNVAL);
}

POLL_TEST(poll_and_recv_take_turns_on_one_descriptor)
{
    int fds[2];
    char buf[16];
    pair_tcp(fds);
    struct probe ready = probe_poll(fds[0], POLLIN);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    for (int i = 0; i < 10; i++) {
        park(&ready);
        ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
        ck_assert_int_eq(finish(&ready), POLLIN);
        ck_assert_int_eq(run(&in), 3);
        park(&in);
        ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);
        ck_assert_int_eq(finish(&in), 3);
    }
    close_pair(fds);
}

/* ---- a descriptor and its copies ---------------------------------------------------- */

POLL_TEST(copies_of_a_descriptor_wait_for_themselves)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    int copy = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    struct probe in = probe_recv(fds[0], &byte, 1), poll = probe_poll(copy, POLLIN);
    park(&in);
    park(&poll);
    ck_assert(cancel_and_finish(&in));
    forget_and_close(fds[0]);

    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);

    ck_assert_int_eq(finish(&poll), POLLIN);
    forget_and_close(copy);
    forget_and_close(fds[1]);
}

HARNESS_MAIN_BACKEND("poll backend: operations")
