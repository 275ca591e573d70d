/* SPDX-License-Identifier: MIT */
/* Transports and protocols: the order of callbacks, flow control, both ends (S35 to S38). */
#include "net/pair.h"
#include "net/protocol.h"

#include <errno.h>
#include <limits.h>
#include <simul/context.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { LARGE = 4 << 20 };

static char large[LARGE], got[LARGE];

static simul_transport *over_pair(int *peer, const simul_protocol *protocol,
                                  struct seen *seen)
{
    int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(
        simul_create_connection_fd(&transport, fds[0], protocol, seen, NULL), 0);
    *peer = fds[1];
    return transport;
}

static void until_lost(const struct seen *seen)
{
    while (!seen->lost)
        ck_assert_int_eq(simul_sleep(0), 0);
}

/* Up to n bytes from the peer of a transport, which sends meanwhile; 0 at the end. */
static size_t sip(int peer, size_t n)
{
    ssize_t r;
    while ((r = recv(peer, got, n, MSG_DONTWAIT)) < 0 && errno == EAGAIN)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_int_ge(r, 0);
    return (size_t)r;
}

static void wait_a_bit(void)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_sleep(0.001), 0);
}

/* ---- the order of things ----------------------------------------------------------------- */

NET_TEST(data_comes_before_the_end_and_the_loss_once_and_last) /* X02, S36 */
{
    struct seen seen = {0};
    int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    feed(fds[1], "hi");
    shutdown(fds[1], SHUT_WR);
    ck_assert_int_eq(
        simul_create_connection_fd(&transport, fds[0], &tracing, &seen, NULL), 0);
    ck_assert_trace("made");
    until_lost(&seen);
    ck_assert_trace("hi eof lost:0");
    simul_transport_close(transport);
    simul_transport_abort(transport);
    let_run(3);
    ck_assert_trace("");
    ck_assert(simul_transport_is_closing(transport));
    simul_transport_release(transport);
    close(fds[1]);
}

NET_TEST(without_a_handle_it_lives_until_it_is_lost)
{
    struct seen seen = {0};
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_create_connection_fd(NULL, fds[0], &tracing, &seen, NULL),
                     0);
    feed(fds[1], "hi");
    wait_a_bit();
    ck_assert_trace("made hi");
    close(fds[1]);
    until_lost(&seen);
    ck_assert_trace("eof lost:0");
}

NET_TEST(closed_in_connection_made_it_is_there_for_its_creator)
{
    struct seen seen = {.close_at_once = true};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    ck_assert(simul_transport_is_closing(transport));
    until_lost(&seen);
    ck_assert_trace("made lost:0");
    simul_transport_release(transport);
    ck_assert_uint_eq(sip(peer, 1), 0);
    close(peer);
}

/* S36, X08: an exception in a callback of asyncio is that of its own connection only. In C the
 * callback says so itself. */
NET_TEST(aborted_by_a_callback_only_that_connection_ends)
{
    struct seen one = {.abort_on_data = true}, other = {0};
    int peer[2];
    simul_transport *first = over_pair(&peer[0], &tracing, &one),
                    *second = over_pair(&peer[1], &tracing, &other);
    feed(peer[0], "x");
    until_lost(&one);
    feed(peer[1], "y");
    wait_a_bit();
    ck_assert_trace("made made x lost:0 y");
    ck_assert(!simul_transport_is_closing(second));
    simul_transport_close(second);
    until_lost(&other);
    simul_transport_release(first);
    simul_transport_release(second);
    close(peer[0]);
    close(peer[1]);
}

NET_TEST(the_error_of_a_connection_is_told_when_it_is_lost) /* S36 */
{
    struct seen seen = {0};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    ck_assert_int_eq(simul_transport_write(transport, "unread", 6), 0);
    close(peer); /* with something unread: a reset */
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -ECONNRESET);
    simul_transport_release(transport);
}

NET_TEST(an_error_in_writing_is_told_when_it_is_lost) /* X05, S36 */
{
    struct seen seen = {.pause_at_once = true};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    close(peer);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    ck_assert(simul_transport_is_closing(transport));
    ck_assert_int_eq(seen.lost, 0);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -EPIPE);
    simul_transport_release(transport);
}

/* ---- half-close --------------------------------------------------------------------------- */

NET_TEST(kept_open_it_answers_after_the_end) /* X01, S37 */
{
    struct seen seen = {.keep_open = true};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    feed(peer, "hello");
    shutdown(peer, SHUT_WR);
    wait_a_bit();
    ck_assert_trace("made hello eof");
    ck_assert(!simul_transport_is_closing(transport));
    simul_transport_pause_reading(transport);
    simul_transport_resume_reading(transport);
    wait_a_bit();
    ck_assert_trace(""); /* no second end */
    ck_assert_int_eq(simul_transport_write(transport, "HELLO", 5), 0);
    simul_transport_close(transport);
    ck_assert_uint_eq(sip(peer, 5), 5);
    ck_assert_mem_eq(got, "HELLO", 5);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(the_own_end_comes_behind_what_was_written) /* X01, S37 */
{
    struct seen seen = {0};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    pattern(large, LARGE, 0);
    ck_assert(simul_transport_can_write_eof(transport));
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    simul_transport_write_eof(transport);
    simul_transport_write_eof(transport);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), -SIMUL_ESTATE);
    size_t have = 0;
    for (size_t n; (n = sip(peer, sizeof got)) > 0; have += n)
        ck_assert(is_pattern(got, n, have));
    ck_assert_uint_eq(have, LARGE);
    feed(peer, "still heard");
    wait_a_bit();
    ck_assert_trace("made pause resume still heard");
    simul_transport_close(transport);
    until_lost(&seen);
    simul_transport_release(transport);
    close(peer);
}

/* ---- reading ------------------------------------------------------------------------------ */

NET_TEST(paused_in_connection_made_nothing_is_read_until_resumed) /* X09, S36 */
{
    struct seen seen = {.pause_at_once = true};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    ck_assert(!simul_transport_is_reading(transport));
    feed(peer, "later");
    wait_a_bit();
    ck_assert_trace("made");
    simul_transport_resume_reading(transport);
    simul_transport_resume_reading(transport);
    ck_assert(simul_transport_is_reading(transport));
    wait_a_bit();
    ck_assert_trace("later");
    simul_transport_pause_reading(transport);
    simul_transport_pause_reading(transport);
    feed(peer, "and more");
    wait_a_bit();
    ck_assert_trace("");
    simul_transport_resume_reading(transport);
    simul_transport_pause_reading(transport);
    simul_transport_resume_reading(transport);
    wait_a_bit();
    ck_assert_trace("and more");
    simul_transport_close(transport);
    simul_transport_pause_reading(transport);
    simul_transport_resume_reading(transport);
    ck_assert(!simul_transport_is_reading(transport));
    until_lost(&seen);
    simul_transport_release(transport);
    close(peer);
}

static char room[3];

static void *room_of_three(simul_transport *transport, void *user, ssize_t hint,
                           size_t *size)
{
    (void)transport;
    (void)user;
    trace("%zd", hint);
    *size = sizeof room;
    return room;
}

static void room_filled(simul_transport *transport, void *user, size_t n)
{
    (void)transport;
    (void)user;
    trace("%.*s", (int)n, room);
}

static const simul_protocol buffered = {
    .connection_made = seen_made,
    .connection_lost = seen_lost,
    .get_buffer = room_of_three,
    .buffer_updated = room_filled,
};

NET_TEST(a_buffered_protocol_is_asked_for_room_before_each_receive) /* X07, S38 */
{
    struct seen seen = {0};
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    feed(fds[1], "abcde");
    shutdown(fds[1], SHUT_WR);
    ck_assert_int_eq(simul_create_connection_fd(NULL, fds[0], &buffered, &seen, NULL),
                     0);
    until_lost(&seen);
    ck_assert_trace("made -1 abc -1 de -1 lost:0");
    close(fds[1]);
}

static void *no_room(simul_transport *transport, void *user, ssize_t hint, size_t *size)
{
    (void)transport;
    (void)hint;
    *size = 0;
    return user;
}

NET_TEST(a_buffered_protocol_without_room_ends_the_connection) /* X07 */
{
    simul_protocol protocol = buffered;
    struct seen seen = {0};
    int peer;
    protocol.get_buffer = no_room;
    simul_transport *transport = over_pair(&peer, &protocol, &seen);
    feed(peer, "x");
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -ENOBUFS);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(another_protocol_is_called_from_the_next_event_on) /* S38 */
{
    struct seen one = {0}, other = {0};
    void *user;
    int peer;
    simul_transport *transport = over_pair(&peer, &buffered, &one);
    ck_assert_ptr_eq(simul_transport_get_protocol(transport, &user), &buffered);
    ck_assert_ptr_eq(user, &one);
    feed(peer, "ab");
    wait_a_bit();
    other.transport = transport;
    simul_transport_set_protocol(transport, &tracing, &other);
    ck_assert_ptr_eq(simul_transport_get_protocol(transport, NULL), &tracing);
    feed(peer, "whole");
    wait_a_bit();
    ck_assert_trace("made -1 ab whole");
    close(peer);
    until_lost(&other);
    ck_assert_int_eq(other.made, 0);
    ck_assert_int_eq(one.lost, 0);
    simul_transport_release(transport);
}

/* ---- writing ------------------------------------------------------------------------------ */

/* Until the kernel takes no more; what is kept then. */
static size_t fill(simul_transport *transport)
{
    while (simul_transport_get_write_buffer_size(transport) == 0) {
        ck_assert_int_eq(simul_transport_write(transport, large, 8192), 0);
        ck_assert(!simul_transport_is_closing(transport));
    }
    return simul_transport_get_write_buffer_size(transport);
}

static void drain(int peer, const simul_transport *transport)
{
    while (simul_transport_get_write_buffer_size(transport) > 0) {
        ck_assert(recv(peer, got, sizeof got, MSG_DONTWAIT) >= 0 || errno == EAGAIN);
        ck_assert_int_eq(simul_sleep(0), 0);
    }
}

NET_TEST(writing_pauses_strictly_above_high_and_resumes_at_low) /* X03, S35 */
{
    struct seen seen = {0};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    size_t kept = fill(transport);
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(
                         transport, (ssize_t)kept + 10, (ssize_t)kept),
                     0);
    ck_assert_int_eq(simul_transport_write(transport, large, 10), 0);
    ck_assert_trace("");
    ck_assert_int_eq(simul_transport_write(transport, large, 1), 0);
    ck_assert_trace("pause"); /* from inside of write() */
    ck_assert_int_eq(simul_transport_write(transport, large, 1), 0);
    ck_assert_trace("");
    drain(peer, transport);
    ck_assert_trace("resume");
    simul_transport_close(transport);
    until_lost(&seen);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(limits_follow_from_each_other_and_hold_at_once) /* test_transports.py */
{
    struct seen seen = {0};
    size_t low, high;
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    simul_transport_get_write_buffer_limits(transport, &low, &high);
    ck_assert(low == 16 << 10 && high == 64 << 10);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, 1024, -1), 0);
    simul_transport_get_write_buffer_limits(transport, &low, &high);
    ck_assert(low == 256 && high == 1024);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, -1, 300), 0);
    simul_transport_get_write_buffer_limits(transport, &low, &high);
    ck_assert(low == 300 && high == 1200);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, 10, 11),
                     -EINVAL);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, -2, -1),
                     -EINVAL);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, -1, SSIZE_MAX),
                     -EINVAL);
    simul_transport_get_write_buffer_limits(transport, &low, NULL);
    ck_assert_uint_eq(low, 300);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, SSIZE_MAX, -1),
                     0);
    fill(transport);
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, 0, -1), 0);
    ck_assert_trace("pause");
    drain(peer, transport);
    ck_assert_trace("resume");
    simul_transport_close(transport);
    until_lost(&seen);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(pieces_and_many_small_writes_arrive_whole_and_in_order)
{
    enum { PIECES = 100, SIZE = 3001 };
    struct seen seen = {0};
    struct iovec pieces[PIECES];
    int peer;
    size_t at = PIECES * SIZE, have = 0;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    pattern(large, LARGE, 0);
    for (int i = 0; i < PIECES; i++)
        pieces[i] = (struct iovec){large + i * SIZE, SIZE};
    ck_assert_int_eq(simul_transport_writelines(transport, pieces, PIECES), 0);
    for (; at < LARGE; at += 997) {
        size_t n = LARGE - at < 997 ? LARGE - at : 997;
        ck_assert_int_eq(simul_transport_write(transport, large + at, n), 0);
    }
    simul_transport_close(transport);
    for (size_t n; (n = sip(peer, sizeof got)) > 0; have += n)
        ck_assert(is_pattern(got, n, have));
    ck_assert_uint_eq(have, LARGE);
    until_lost(&seen); /* close() had to wait for it */
    ck_assert_int_eq(seen.error, 0);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(writes_after_the_end_are_ignored_and_warned_of_from_the_fifth_on) /* X05 */
{
    struct seen seen = {0};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    capture_log();
    simul_transport_close(transport);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    ck_assert_int_eq(logged("writing to a transport that is closed"), 0);
    until_lost(&seen);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    ck_assert_int_eq(logged("writing to a transport that is closed"), 2);
    ck_assert_int_eq(simul_transport_write(transport, "x", 0), 0);
    ck_assert_int_eq(simul_transport_write(transport, "x", SIZE_MAX), -EINVAL);
    simul_transport_write_eof(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    simul_transport_release(transport);
    close(peer);
}

NET_TEST(aborting_drops_what_is_kept) /* S36 */
{
    struct seen seen = {0};
    int peer;
    simul_transport *transport = over_pair(&peer, &tracing, &seen);
    fill(transport);
    simul_transport_close(transport);
    let_run(3);
    ck_assert_trace("made"); /* it still sends */
    simul_transport_abort(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    ck_assert_int_eq(seen.lost, 0); /* not inside of abort() */
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
    close(peer);
}

/* ---- connections and servers --------------------------------------------------------------- */

static void echo(simul_transport *transport, void *user, const void *data, size_t n)
{
    (void)user;
    simul_transport_write(transport, data, n);
}

static void client_lost(simul_transport *transport, void *user, int error)
{
    simul_address name;
    int fd;
    ck_assert_int_eq(simul_transport_get_extra_info(transport, SIMUL_INFO_SOCKET, &fd),
                     0);
    if (error == 0) /* the name is still known */
        ck_assert_int_eq(
            simul_transport_get_extra_info(transport, SIMUL_INFO_PEERNAME, &name), 0);
    ++*(int *)user;
}

static const simul_protocol echoing = {.data_received = echo,
                                       .connection_lost = client_lost};

static const simul_protocol *give_echo(void *arg, void **user)
{
    *user = arg;
    return &echoing;
}

static const simul_protocol *give_none(void *arg, void **user)
{
    ++*(int *)arg;
    (void)user;
    return NULL;
}

static simul_server *serve(simul_protocol_factory *factory, void *arg)
{
    simul_server *server;
    ck_assert_int_eq(simul_create_server(&server, "127.0.0.1", "0", factory, arg, NULL),
                     0);
    return server;
}

static simul_transport *connect_to(const simul_server *server, struct seen *seen)
{
    char port[8];
    simul_transport *transport;
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    ck_assert_int_eq(
        simul_create_connection(&transport, "127.0.0.1", port, &tracing, seen, NULL),
        0);
    return transport;
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
}

NET_TEST(a_client_of_a_server_gets_its_echo_and_counts_until_it_is_lost) /* X13, X18 */
{
    struct seen seen = {0};
    int lost = 0, fd;
    char text[SIMUL_ADDRESS_TEXT], expected[SIMUL_ADDRESS_TEXT];
    simul_address name;
    simul_server *server = serve(give_echo, &lost);
    simul_transport *transport = connect_to(server, &seen);
    ck_assert_trace("made");
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_PEERNAME, &name), 0);
    simul_address_text(&name, text, sizeof text);
    simul_server_sockname(server, 0, expected, sizeof expected);
    ck_assert_str_eq(text, expected);
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_SOCKNAME, &name), 0);
    ck_assert_int_eq(simul_transport_get_extra_info(transport, SIMUL_INFO_SOCKET, &fd),
                     0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(simul_transport_get_extra_info(transport, 99, &fd), -EINVAL);

    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    until_traced();
    ck_assert_trace("hello");
    ck_assert_uint_eq(simul_server_clients(server), 1);
    simul_transport_close(transport);
    stop(server); /* waits for the client */
    ck_assert_int_eq(lost, 1);
    until_lost(&seen);
    ck_assert_int_eq(simul_transport_get_extra_info(transport, SIMUL_INFO_SOCKET, &fd),
                     -SIMUL_ESTATE);
    simul_transport_release(transport);
}

NET_TEST(closing_or_aborting_the_clients_ends_them) /* X14 */
{
    for (int abort = 0; abort < 2; abort++) {
        struct seen seen = {0};
        int lost = 0;
        simul_server *server = serve(give_echo, &lost);
        simul_transport *transport = connect_to(server, &seen);
        while (simul_server_clients(server) == 0)
            ck_assert_int_eq(simul_sleep(0), 0);
        simul_server_close(server);
        if (abort)
            simul_server_abort_clients(server);
        else
            simul_server_close_clients(server);
        simul_server_cancel_clients(server); /* there are no tasks */
        ck_assert_int_eq(simul_server_wait_closed(server), 0);
        ck_assert_int_eq(lost, 1);
        until_lost(&seen);
        ck_assert_int_eq(seen.error, 0);
        simul_transport_release(transport);
        simul_server_release(server);
    }
    trace_take();
}

static void run_until_lost(simul_transport *transport, void *user)
{
    double seconds = 0;
    simul_loop *loop = simul_get_running_loop();
    seen_made(transport, user);
    simul_task *task = simul_create_task(sleeper, &seconds);
    ck_assert_ptr_nonnull(task);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, task), 0);
    simul_release(task);
    trace("done");
}

static const simul_protocol *give_run_until_lost(void *arg, void **user)
{
    static const simul_protocol protocol = {.connection_made = run_until_lost,
                                            .connection_lost = seen_lost};
    *user = arg;
    return &protocol;
}

NET_TEST(a_callback_may_run_the_loop_until_its_own_connection_is_lost)
{
    struct seen theirs = {.close_at_once = true}, ours = {.close_at_once = true};
    simul_loop_set_reentrant(NULL, true);
    simul_server *server = serve(give_run_until_lost, &theirs);
    simul_transport *transport = connect_to(server, &ours);
    until_lost(&ours);
    trace_take();
    simul_transport_release(transport);
    while (simul_server_clients(server) > 0 || !theirs.lost)
        ck_assert_int_eq(simul_sleep(0), 0);
    trace_take();
    ck_assert_int_eq(theirs.made, 1);
    ck_assert_int_eq(theirs.lost, 1);
    stop(server);
}

NET_TEST(a_client_that_is_not_wanted_is_closed)
{
    struct seen seen = {0};
    int asked = 0;
    simul_server *server = serve(give_none, &asked);
    simul_transport *transport = connect_to(server, &seen);
    until_lost(&seen);
    ck_assert_int_eq(asked, 1);
    ck_assert_trace("made eof lost:0");
    simul_transport_release(transport);
    stop(server);
}

/* Bound to a name that the kernel chooses, of the abstract kind. */
static int bound_unix_socket(char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t length = sizeof at;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at.sun_family), 0);
    getsockname(fd, (struct sockaddr *)&at, &length);
    size_t n = length - sizeof at.sun_family;
    memcpy(path, at.sun_path, n);
    path[0] = '@';
    path[n] = '\0';
    return fd;
}

NET_TEST(a_unix_socket_is_served_and_connected_to)
{
    struct seen seen = {0};
    char path[110];
    int lost = 0, fd = bound_unix_socket(path);
    simul_server *server;
    simul_transport *transport;
    ck_assert_int_eq(simul_create_server_fds(&server, &fd, 1, give_echo, &lost, NULL),
                     0);
    ck_assert_int_eq(
        simul_create_unix_connection(&transport, path, &tracing, &seen, NULL), 0);
    trace_take();
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    until_traced();
    ck_assert_trace("hello");
    simul_transport_close(transport);
    stop(server);
    until_lost(&seen);
    simul_transport_release(transport);
}

NET_TEST(a_unix_server_by_name_is_served_and_its_file_goes_with_it) /* X17 */
{
    struct seen seen = {0};
    char path[64];
    int lost = 0;
    simul_server *server;
    simul_transport *transport;
    snprintf(path, sizeof path, "/tmp/simul-transport-%d", (int)getpid());
    ck_assert_int_eq(simul_create_unix_server(&server, path, give_echo, &lost, NULL),
                     0);
    ck_assert_int_eq(access(path, F_OK), 0);
    ck_assert_int_eq(
        simul_create_unix_connection(&transport, path, &tracing, &seen, NULL), 0);
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    trace_take();
    until_traced();
    ck_assert_trace("hello");
    simul_transport_close(transport);
    stop(server);
    ck_assert_int_eq(access(path, F_OK), -1);
    until_lost(&seen);
    simul_transport_release(transport);
}

NET_TEST(no_callback_is_called_when_the_connection_fails) /* S41 */
{
    struct seen seen = {0};
    simul_transport *transport;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    char long_path[200] = "";
    memset(long_path, 'x', sizeof long_path - 1);
    ck_assert_int_eq(simul_create_unix_connection(&transport, "/nonexistent/socket",
                                                  &tracing, &seen, NULL),
                     -ENOENT);
    ck_assert_int_eq(
        simul_create_unix_connection(&transport, "", &tracing, &seen, NULL), -EINVAL);
    ck_assert_int_eq(
        simul_create_unix_connection(&transport, long_path, &tracing, &seen, NULL),
        -ENAMETOOLONG);
    ck_assert_int_eq(simul_create_connection_fd(&transport, fd, &tracing, &seen, NULL),
                     -EPROTOTYPE);
    ck_assert_int_eq(simul_create_connection_fd(&transport, -1, &tracing, &seen, NULL),
                     -EBADF);
    ck_assert_int_eq(simul_create_connection_fd(&transport, fd, NULL, &seen, NULL),
                     -EINVAL);
    ck_assert_int_eq(
        simul_create_connection(&transport, "127.0.0.1", "", &tracing, &seen, NULL),
        -EINVAL);
    const simul_connect_opts upside_down = {.high_water = 1, .low_water = 2};
    ck_assert_int_eq(simul_create_connection(&transport, "127.0.0.1", "1", &tracing,
                                             &seen, &upside_down),
                     -EINVAL);
    simul_server *server;
    ck_assert_int_eq(simul_create_server(&server, NULL, "0", NULL, NULL, NULL),
                     -EINVAL);
    ck_assert_int_eq(
        simul_create_server(&server, NULL, "0", give_echo, NULL,
                            &(simul_server_opts){.high_water = 1, .low_water = 2}),
        -EINVAL);
    ck_assert_trace("");
    close(fd);
}

static int connects(void *fd)
{
    static struct seen seen;
    return simul_create_connection_fd(NULL, *(int *)fd, &tracing, &seen, NULL);
}

NET_TEST(a_cancel_before_it_begins_leaves_the_socket_and_one_later_the_connection)
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_task *task = simul_create_task(connects, &fds[0]);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert_trace("");
    feed(fds[0], "still open");
    ck_assert_uint_eq(sip(fds[1], 10), 10);

    task = simul_create_task(connects, &fds[0]);
    let_run(1);
    simul_cancel(task);
    simul_await(task);
    simul_release(task);
    ck_assert_trace("made");
    close(fds[1]);
    until_traced();
    let_run(2);
}

/* ---- contexts, and the end of the run ---------------------------------------------------------- */

static simul_context_var variable = {.name = "variable"};

static const char *made_with, *lost_with;

static void made_in_context(simul_transport *transport, void *user)
{
    (void)transport;
    (void)user;
    made_with = simul_context_var_get(&variable);
}

static void lost_in_context(simul_transport *transport, void *user, int error)
{
    (void)transport;
    (void)user;
    (void)error;
    lost_with = simul_context_var_get(&variable);
}

static const simul_protocol in_context = {.connection_made = made_in_context,
                                          .connection_lost = lost_in_context};

static const simul_protocol *gives_in_context(void *arg, void **user)
{
    (void)arg;
    (void)user;
    return &in_context;
}

NET_TEST(callbacks_run_in_the_context_of_who_made_the_connection_or_the_server)
{
    struct seen seen = {0};
    ck_assert_int_eq(simul_context_var_set(&variable, "server's", NULL, NULL), 0);
    simul_server *server = serve(gives_in_context, NULL);
    ck_assert_int_eq(simul_context_var_set(&variable, "client's", NULL, NULL), 0);
    simul_transport *transport = connect_to(server, &seen);
    ck_assert_int_eq(simul_context_var_set(&variable, "later", NULL, NULL), 0);
    while (!made_with)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_str_eq(made_with, "server's");
    simul_transport_set_protocol(transport, &in_context, NULL);
    lost_with = NULL;
    simul_transport_abort(
        transport); /* the client's is first, the server's comes then */
    while (!lost_with)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_str_eq(lost_with, "client's");
    simul_transport_release(transport);
    stop(server);
    trace_take();
}

static simul_server *left;
static simul_transport *kept;
static struct seen ours;
static int theirs;

static int leaves_all(void *unused)
{
    (void)unused;
    left = serve(give_echo, &theirs);
    kept = connect_to(left, &ours);
    simul_transport_release(connect_to(left, &ours));
    for (int i = 0; i < 1000 && simul_server_clients(left) < 2; i++)
        ck_assert_int_eq(simul_sleep(0.001), 0);
    ck_assert_uint_eq(simul_server_clients(left), 2);
    fill(kept);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_transports_leaves_nothing_and_calls_nobody)
{
    close_loop_under(leaves_all, NULL, &(simul_loop_opts){.debug = true});
    ck_assert_int_eq(logged("a transport was not closed before its loop"), 4);
    ck_assert_int_eq(ours.lost + theirs, 0);
    ck_assert_uint_eq(simul_server_clients(left), 0);
    ck_assert(simul_transport_is_closing(kept));
    simul_transport_close(kept);
    simul_transport_abort(kept);
    ck_assert_int_eq(simul_transport_write(kept, "x", 1), 0);
    simul_transport_resume_reading(kept);
    simul_transport_release(kept);
    simul_server_release(left);
}

HARNESS_MAIN_BACKEND("transport")
