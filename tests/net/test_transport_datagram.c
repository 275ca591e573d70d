/* SPDX-License-Identifier: MIT */
/* Endpoints for datagrams in the style of transports and protocols (S39; X10). */
#include "net/pair.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <simul/transport.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char data[8192];
static int lost;

static void on_lost(simul_transport *transport, void *user, int error)
{
    (void)transport;
    (void)user;
    trace("lost:%d", error);
    lost++;
}

/* Answers in capitals. */
static void answer(simul_transport *transport, void *user, const void *bytes, size_t n,
                   const simul_address *from)
{
    char text[64];
    (void)user;
    for (size_t i = 0; i < n; i++)
        text[i] = (char)toupper(((const char *)bytes)[i]);
    ck_assert_int_eq(simul_transport_sendto(transport, text, n, from), 0);
}

static const simul_protocol answering = {.datagram_received = answer,
                                         .connection_lost = on_lost};

static void on_made(simul_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    trace("made");
}

static void on_datagram(simul_transport *transport, void *user, const void *bytes,
                        size_t n, const simul_address *from)
{
    (void)transport;
    (void)user;
    (void)from;
    trace("<%.*s>", (int)n, (const char *)bytes);
}

static void on_error(simul_transport *transport, void *user, int error)
{
    (void)transport;
    (void)user;
    trace("error:%d", error);
}

static const simul_protocol tracing = {
    .connection_made = on_made,
    .connection_lost = on_lost,
    .datagram_received = on_datagram,
    .error_received = on_error,
    .pause_writing = trace_pause,
    .resume_writing = trace_resume,
};

static simul_transport *open_with(const simul_protocol *protocol,
                                  simul_datagram_opts opts)
{
    simul_transport *made;
    ck_assert_int_eq(simul_create_datagram_endpoint(&made, protocol, NULL, &opts), 0);
    return made;
}

static simul_transport *server(simul_address *name)
{
    simul_transport *made =
        open_with(&answering, (simul_datagram_opts){.local_host = "127.0.0.1"});
    ck_assert_int_eq(simul_transport_get_extra_info(made, SIMUL_INFO_SOCKNAME, name),
                     0);
    return made;
}

static simul_transport *connected_to(const simul_address *name,
                                     simul_datagram_opts opts)
{
    char port[8];
    snprintf(port, sizeof port, "%d", simul_address_port(name));
    opts.remote_host = "127.0.0.1";
    opts.remote_port = port;
    return open_with(&tracing, opts);
}

static void finish_transport(simul_transport *transport)
{
    int before = lost;
    simul_transport_close(transport);
    while (lost == before)
        ck_assert_int_eq(simul_sleep(0), 0);
    simul_transport_release(transport);
}

static void say(simul_transport *transport, const char *text)
{
    ck_assert_int_eq(simul_transport_sendto(transport, text, strlen(text), NULL), 0);
}

NET_TEST(what_is_sent_comes_and_is_answered_and_empty_ones_count) /* S39, X10 */
{
    simul_address name;
    simul_transport *one = server(&name);
    simul_transport *other = connected_to(&name, (simul_datagram_opts){0});
    ck_assert_trace("made");
    say(other, "hi");
    until_traced();
    ck_assert_trace("<HI>");
    say(other, "");
    until_traced();
    ck_assert_trace("<>");
    finish_transport(one);
    finish_transport(other);
    ck_assert_trace("lost:0 lost:0");
}

NET_TEST(a_connected_one_sends_to_its_peer_only) /* X10 */
{
    simul_address name, another;
    simul_transport *one = server(&name);
    simul_transport *other = connected_to(&name, (simul_datagram_opts){0});
    another = name;
    ((struct sockaddr_in *)&another.socket)->sin_port ^= 1;
    ck_assert_int_eq(simul_transport_sendto(other, "x", 1, &another), -EINVAL);
    ck_assert_int_eq(simul_transport_sendto(one, "x", 1, NULL), -EDESTADDRREQ);
    ck_assert_int_eq(simul_transport_sendto(other, "x", 1, &name), 0);
    trace_take();
    until_traced();
    ck_assert_trace("<X>");
    ck_assert_int_eq(simul_transport_write(other, "x", 1), -ENOTSUP);
    ck_assert(!simul_transport_can_write_eof(other));
    simul_transport_write_eof(other);
    finish_transport(one);
    finish_transport(other);
}

NET_TEST(with_broadcast_allowed_the_remote_address_is_where_it_sends)
{
    simul_address name;
    simul_transport *one = server(&name);
    simul_transport *other =
        connected_to(&name, (simul_datagram_opts){.allow_broadcast = true});
    ck_assert_int_eq(simul_transport_get_extra_info(other, SIMUL_INFO_PEERNAME, &name),
                     -ENOTCONN);
    say(other, "all");
    trace_take();
    until_traced();
    ck_assert_trace("<ALL>");
    finish_transport(one);
    finish_transport(other);
}

NET_TEST(that_nobody_listens_is_told_and_the_endpoint_goes_on) /* S39, X10 */
{
    simul_address name;
    char expected[32];
    simul_transport *one = server(&name);
    simul_transport *other = connected_to(&name, (simul_datagram_opts){0});
    finish_transport(one);
    trace_take();
    say(other, "x");
    until_traced();
    snprintf(expected, sizeof expected, "error:%d", -ECONNREFUSED);
    ck_assert_trace(expected);
    ck_assert(!simul_transport_is_closing(other));
    finish_transport(other);
}

NET_TEST(one_that_is_too_large_is_told_and_the_endpoint_goes_on)
{
    static char huge[70000];
    simul_address name;
    char expected[32];
    simul_transport *one = server(&name);
    simul_transport *other = connected_to(&name, (simul_datagram_opts){0});
    trace_take();
    ck_assert_int_eq(simul_transport_sendto(other, huge, sizeof huge, NULL), 0);
    snprintf(expected, sizeof expected, "error:%d", -EMSGSIZE);
    ck_assert_trace(expected);
    say(other, "small");
    until_traced();
    ck_assert_trace("<SMALL>");
    finish_transport(one);
    finish_transport(other);
}

/* ---- a queue that is full: of Unix sockets, which lose nothing --------------------------- */

static simul_transport *over_pair(int *peer)
{
    int fds[2];
    simul_transport *made;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_create_datagram_endpoint_fd(&made, fds[0], &tracing, NULL),
                     0);
    *peer = fds[1];
    return made;
}

/* Send until one is kept; how many there were. */
static int fill(simul_transport *transport)
{
    int n = 0;
    for (; simul_transport_get_write_buffer_size(transport) == 0; n++) {
        memcpy(data, &n, sizeof n);
        ck_assert_int_eq(simul_transport_sendto(transport, data, 1000, NULL), 0);
        ck_assert_int_lt(n, 100000);
    }
    return n;
}

static void expect_number(int peer, int expected)
{
    int number;
    ssize_t r;
    while ((r = recv(peer, data, sizeof data, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_int_eq(r, 1000);
    memcpy(&number, data, sizeof number);
    ck_assert_int_eq(number, expected);
}

NET_TEST(what_finds_no_room_is_kept_with_eight_bytes_each_and_sent_in_order) /* S39 */
{
    int peer;
    simul_transport *transport = over_pair(&peer);
    int n = fill(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 1008);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, 2000, 1500), 0);
    ck_assert_trace("made");
    memcpy(data, &n, sizeof n);
    ck_assert_int_eq(simul_transport_sendto(transport, data, 1000, NULL), 0);
    ck_assert_trace("pause");
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 2016);
    for (int i = 0; i <= n; i++)
        expect_number(peer, i);
    ck_assert_trace("resume");
    finish_transport(transport);
    close(peer);
}

NET_TEST(closing_sends_what_is_kept_first)
{
    int peer;
    simul_transport *transport = over_pair(&peer);
    int n = fill(transport), before = lost;
    simul_transport_close(transport);
    ck_assert_int_eq(simul_transport_sendto(transport, "ignored", 7, NULL), 0);
    let_run(3);
    ck_assert_int_eq(lost, before);
    for (int i = 0; i < n; i++)
        expect_number(peer, i);
    while (lost == before)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_int_eq(recv(peer, data, 1, MSG_DONTWAIT), -1);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(aborting_drops_what_is_kept)
{
    int peer;
    simul_transport *transport = over_pair(&peer);
    fill(transport);
    simul_transport_abort(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    finish_transport(transport);
    ck_assert_trace("made lost:0");
    close(peer);
}

NET_TEST(paused_nothing_is_received_until_resumed)
{
    int peer;
    simul_transport *transport = over_pair(&peer);
    simul_transport_pause_reading(transport);
    feed(peer, "later");
    let_run(5);
    ck_assert_trace("made");
    simul_transport_resume_reading(transport);
    until_traced();
    ck_assert_trace("<later>");
    finish_transport(transport);
    close(peer);
}

NET_TEST(bad_arguments_are_refused)
{
    int fds[2];
    simul_transport *transport;
    const simul_datagram_opts local = {.local_host = "127.0.0.1"};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_create_datagram_endpoint(&transport, NULL, NULL, &local),
                     -EINVAL);
    ck_assert_int_eq(simul_create_datagram_endpoint(&transport, &tracing, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(
        simul_create_datagram_endpoint_fd(&transport, fds[0], &tracing, NULL),
        -EPROTOTYPE);
    ck_assert_int_eq(simul_create_datagram_endpoint_fd(&transport, -1, &tracing, NULL),
                     -EBADF);
    ck_assert_int_eq(
        simul_create_connection_fd(&transport, fds[0], &tracing, NULL, NULL), 0);
    ck_assert_int_eq(simul_transport_sendto(transport, "x", 1, NULL), -ENOTSUP);
    finish_transport(transport);
    close(fds[1]);
}

/* ---- the end of the run ------------------------------------------------------------------ */

static simul_transport *kept;

static void leave_one(void)
{
    simul_address name;
    kept = server(&name);
    simul_transport_release(connected_to(&name, (simul_datagram_opts){0}));
}

TEST(an_endpoint_ends_with_the_run_and_calls_nobody)
{
    ck_assert_int_eq(run_net_test(leave_one), 0);
    ck_assert_int_eq(lost, 0);
    ck_assert(simul_transport_is_closing(kept));
    ck_assert_int_eq(simul_transport_sendto(kept, "x", 1, NULL), 0);
    simul_transport_abort(kept);
    simul_transport_release(kept);
}

HARNESS_MAIN_BACKEND("transports of datagrams")
