/* SPDX-License-Identifier: MIT */
/* Connecting (S41, S42): addresses that refuse, that never answer, and that do. */
#include "net/connect.h"
#include "net/dns.h"
#include "net/pair.h"

#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- addresses of each kind ----------------------------------------------------------------- */

enum { HOLE_CLIENTS = 8 };

struct place {
    int fd, clients[HOLE_CLIENTS];
    struct sockaddr_in at;
};

static void open_place(struct place *place, int backlog)
{
    socklen_t size = sizeof place->at;
    memset(place, 0, sizeof *place);
    for (int i = 0; i < HOLE_CLIENTS; i++)
        place->clients[i] = -1;
    place->at.sin_family = AF_INET;
    place->at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    place->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(place->fd, (struct sockaddr *)&place->at, size), 0);
    ck_assert_int_eq(getsockname(place->fd, (struct sockaddr *)&place->at, &size), 0);
    if (backlog >= 0)
        ck_assert_int_eq(listen(place->fd, backlog), 0);
}

/* Answers. */
static void open_good(struct place *place)
{
    open_place(place, 16);
}

/* Bound, but nobody listens. */
static void open_refusing(struct place *place)
{
    open_place(place, -1);
}

/* The kernel drops what comes when the queue of a listener is full. */
static void open_hole(struct place *place)
{
    open_place(place, 0);
    for (int i = 0; i < HOLE_CLIENTS; i++) {
        place->clients[i] =
            socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(place->clients[i], (struct sockaddr *)&place->at, sizeof place->at);
    }
}

static void close_place(struct place *place)
{
    for (int i = 0; i < HOLE_CLIENTS; i++)
        if (place->clients[i] >= 0)
            close(place->clients[i]);
    close(place->fd);
}

/* For sm_connect_any(), which frees it. */
static simul_address *addresses(const struct place *places, size_t n)
{
    simul_address *all = calloc(n, sizeof *all);
    for (size_t i = 0; i < n; i++) {
        all[i].length = sizeof places[i].at;
        memcpy(&all[i].socket, &places[i].at, sizeof places[i].at);
    }
    return all;
}

static int connect_to(const struct place *places, size_t n, double delay)
{
    const simul_connect_opts opts = {.attempt_delay = delay};
    return sm_connect_any(addresses(places, n), n, NULL, 0, &opts);
}

static int port_of(int fd)
{
    struct sockaddr_in at;
    socklen_t size = sizeof at;
    ck_assert_int_eq(getpeername(fd, (struct sockaddr *)&at, &size), 0);
    return at.sin_port;
}

/* ---- the race -------------------------------------------------------------------------------- */

NET_TEST(when_one_is_refused_the_next_is_tried_at_once) /* S42, Y01 */
{
    struct place places[3];
    open_refusing(&places[0]);
    open_refusing(&places[1]);
    open_good(&places[2]);
    int fd = connect_to(places, 3, 3600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(port_of(fd), places[2].at.sin_port);
    close(fd);
    for (int i = 0; i < 3; i++)
        close_place(&places[i]);
}

static int past_the_hole(void *unused)
{
    struct place places[3];
    (void)unused;
    open_hole(&places[0]);
    open_hole(&places[1]);
    open_good(&places[2]);
    int before = harness_open_fds();
    double began = simul_time();
    int fd = connect_to(places, 3, 0.03);
    ck_assert_int_ge(fd, 0);
    ck_assert(simul_time() - began >= 0.06);
    ck_assert_int_eq(harness_open_fds(), before + 1); /* the losers are closed */
    ck_assert_int_eq(port_of(fd), places[2].at.sin_port);
    close(fd);
    for (int i = 0; i < 3; i++)
        close_place(&places[i]);
    return 0;
}

TEST(when_one_does_not_answer_the_next_is_tried_beside_it) /* S42, Y01 */
{
    ck_assert_int_eq(run_limited(past_the_hole, NULL), 0);
}

NET_TEST(when_all_fail_the_first_error_counts_and_all_are_named) /* S41, Y01 */
{
    struct place places[2];
    char expected[256];
    open_refusing(&places[0]);
    open_refusing(&places[1]);
    ck_assert_int_eq(connect_to(places, 2, 0), -ECONNREFUSED);
    snprintf(expected, sizeof expected, "connect to 127.0.0.1:%d: %s; 127.0.0.1:%d: %s",
             ntohs(places[0].at.sin_port), strerror(ECONNREFUSED),
             ntohs(places[1].at.sin_port), strerror(ECONNREFUSED));
    ck_assert_str_eq(simul_explain(-ECONNREFUSED), expected);
    close_place(&places[0]);
    close_place(&places[1]);
}

struct attempt {
    const struct place *places;
    size_t n;
    double delay;
};

static int attempt(void *arg)
{
    struct attempt *a = arg;
    return connect_to(a->places, a->n, a->delay);
}

static int cancels(void *unused)
{
    struct place places[2];
    (void)unused;
    open_hole(&places[0]);
    open_hole(&places[1]);
    struct attempt a = {places, 2, 0.01};
    int before = harness_open_fds();
    simul_task *task = simul_create_task(attempt, &a);
    double end = simul_time() + harness_patience();
    while (harness_open_fds() < before + 2 && simul_time() < end)
        ck_assert_int_eq(simul_sleep(0.001), 0);
    ck_assert_int_eq(harness_open_fds(), before + 2);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(harness_open_fds(), before);
    simul_release(task);
    close_place(&places[0]);
    close_place(&places[1]);
    return 0;
}

TEST(a_cancel_closes_all_attempts) /* S41, S42 */
{
    ck_assert_int_eq(run_limited(cancels, NULL), 0);
}

static int only_after_failure(void *unused)
{
    struct place places[2];
    (void)unused;
    open_hole(&places[0]);
    open_good(&places[1]);
    ck_assert_int_eq(simul_within(0.05, connect_to(places, 2, INFINITY)), -ETIMEDOUT);
    close_place(&places[0]);
    close_place(&places[1]);
    return 0;
}

TEST(with_an_infinite_delay_the_next_waits_for_the_failure)
{
    ck_assert_int_eq(run_limited(only_after_failure, NULL), 0);
}

static struct place left[1];

static int leaves_an_attempt(void *unused)
{
    static struct attempt a = {left, 1, 0};
    (void)unused;
    open_hole(&left[0]);
    simul_release(simul_create_task(attempt, &a));
    simul_sleep(0);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_an_attempt_leaves_nothing)
{
    close_loop_under(leaves_an_attempt, NULL, NULL);
    close_place(&left[0]);
}

TEST(families_take_turns) /* S42 */
{
    static const struct {
        const char *given, *expected;
    } rows[] = {
        {"6", "6"},   {"664444", "646444"}, {"446", "464"},        {"6666", "6666"},
        {"46", "46"}, {"66644", "64646"},   {"4446666", "4646466"}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        simul_address all[8] = {0};
        size_t n = strlen(rows[row].given);
        for (size_t i = 0; i < n; i++)
            all[i].socket.ss_family = rows[row].given[i] == '6' ? AF_INET6 : AF_INET;
        sm_interleave(all, n);
        for (size_t i = 0; i < n; i++)
            ck_assert_int_eq(all[i].socket.ss_family,
                             rows[row].expected[i] == '6' ? AF_INET6 : AF_INET);
    }
}

/* ---- by name ----------------------------------------------------------------------------------- */

static void port_text(const struct place *place, char *text)
{
    snprintf(text, 8, "%d", ntohs(place->at.sin_port));
}

NET_TEST(a_host_by_name_is_connected_to_where_it_listens)
{
    struct place place;
    struct dns dns;
    char port[8], text[SIMUL_ADDRESS_TEXT], expected[SIMUL_ADDRESS_TEXT];
    simul_stream *stream;
    open_good(&place);
    port_text(&place, port);
    dns_start(&dns, false);
    const simul_connect_opts opts = {.nameserver = dns.address};

    /* On ::1 nobody listens. */
    ck_assert_int_eq(simul_open_connection(&stream, "two.test.", port, &opts), 0);
    snprintf(expected, sizeof expected, "127.0.0.1:%s", port);
    ck_assert_int_gt(simul_stream_peername(stream, text, sizeof text), 0);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(finish(stream), 0);
    ck_assert_int_eq(simul_open_connection(&stream, "other.test.", port, &opts),
                     -SIMUL_ENONAME);
    dns_stop(&dns);
    close_place(&place);
}

NET_TEST(the_local_address_can_be_chosen) /* S41 */
{
    struct place place;
    char port[8], text[SIMUL_ADDRESS_TEXT];
    simul_stream *stream;
    open_good(&place);
    port_text(&place, port);
    ck_assert_int_eq(
        simul_open_connection(&stream, "127.0.0.1", port,
                              &(simul_connect_opts){.local_host = "127.0.0.2"}),
        0);
    ck_assert_int_gt(simul_stream_sockname(stream, text, sizeof text), 0);
    ck_assert_int_eq(strncmp(text, "127.0.0.2:", 10), 0);
    ck_assert_int_eq(finish(stream), 0);
    ck_assert_int_eq(simul_open_connection(&stream, "127.0.0.1", port,
                                           &(simul_connect_opts){.local_host = "::1"}),
                     -EADDRNOTAVAIL);
    close_place(&place);
}

NET_TEST(bad_arguments_are_refused)
{
    simul_stream *stream;
    ck_assert_int_eq(simul_open_connection(&stream, "127.0.0.1", NULL, NULL), -EINVAL);
    ck_assert_int_eq(simul_open_connection(&stream, "127.0.0.1", "x y", NULL), -EINVAL);
    ck_assert_int_eq(simul_open_connection(&stream, "no host", "1", NULL), -EINVAL);
    ck_assert_int_eq(simul_open_connection(&stream, "::1", "1",
                                           &(simul_connect_opts){.attempt_delay = NAN}),
                     -EINVAL);
    ck_assert_int_eq(simul_open_connection(&stream, "::1", "1",
                                           &(simul_connect_opts){.family = AF_INET}),
                     -SIMUL_ENONAME);
}

TEST(outside_of_a_task_connecting_is_refused)
{
    ck_assert_int_eq(
        simul_open_connection(&(simul_stream *){NULL}, "127.0.0.1", "1", NULL),
        -SIMUL_ENOTASK);
}

HARNESS_MAIN_BACKEND("connect")
