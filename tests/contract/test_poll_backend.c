/* SPDX-License-Identifier: MIT */
/* The contract of src/poll/poll.h, kept by each backend: every kind of operation. */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

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

HARNESS_MAIN_BACKEND("poll backend")
