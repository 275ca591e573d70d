/* SPDX-License-Identifier: MIT */
/* Protocols over TLS (S44): the order of callbacks, flow control, both ends. The peer is a
 * stream, or another transport. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pair.h"
#include "net/protocol.h"
#include "tls/certs.h"

enum { LARGE = 1 << 20 };

static char large[LARGE], got[LARGE];

/* ---- a transport and a stream, or another transport -------------------------------------- */

static simul_stream *peer; /* the server */
static int peer_fd;

/* Made once, by main(); the tests, which are its children, have them. */
static simul_tls_context *good, *other, *trust;

static int start_peer(void *fd)
{
    return simul_open_connection_fd(
        &peer, *(int *)fd,
        &(simul_connect_opts){.tls = good,
                              .tls_handshake_timeout = harness_patience()});
}

static int connect_tls(simul_transport **transport, int fd, struct seen *seen,
                       simul_connect_opts opts)
{
    if (!opts.tls)
        opts.tls = trust;
    if (!opts.tls_handshake_timeout)
        opts.tls_handshake_timeout = harness_patience();
    opts.server_hostname = "localhost";
    return simul_create_connection_fd(transport, fd, &tracing, seen, &opts);
}

static simul_transport *over_tls_with(struct seen *seen, simul_connect_opts opts)
{
    static int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    peer_fd = fds[1];
    simul_task *task = simul_create_task(start_peer, &peer_fd);
    int r = connect_tls(&transport, fds[0], seen, opts);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    return transport;
}

static simul_transport *over_tls(struct seen *seen)
{
    return over_tls_with(seen, (simul_connect_opts){0});
}

static void until_lost(struct seen *seen)
{
    if (!seen->lost)
        ck_assert_int_eq(simul_event_wait(&seen->over), 0);
}

static void wait_a_bit(void)
{
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_sleep(0.001), 0);
}

static void peer_says(const char *text)
{
    ssize_t n = (ssize_t)strlen(text);
    ck_assert_int_eq(simul_stream_write(peer, text, (size_t)n), n);
}

static void close_both(simul_transport *transport, struct seen *seen)
{
    simul_stream_close(peer);
    simul_transport_close(transport);
    until_lost(seen);
    finish(peer);
    simul_transport_release(transport);
    trace_take();
}

/* ---- the order of things ------------------------------------------------------------------- */

NET_TEST(it_is_made_after_the_handshake_and_lost_after_both_ends)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, 5), 5);
    ck_assert_mem_eq(got, "hello", 5);
    peer_says("hi");
    until_traced();
    ck_assert_trace("hi");
    simul_stream_close(peer);
    until_lost(&seen);
    ck_assert_trace("eof lost:0");
    ck_assert_int_eq(finish(peer), 0);
    simul_transport_release(transport);
}

NET_TEST(the_own_end_is_answered_by_the_peers)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    simul_transport_close(transport);
    simul_transport_close(transport);
    ck_assert(simul_transport_is_closing(transport));
    wait_a_bit();
    ck_assert_trace("made"); /* the peer has not answered */
    peer_says("too late");
    ck_assert_int_eq(simul_stream_read(peer, got, 1), 0);
    ck_assert_int_eq(finish(peer), 0);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
}

static int end_both(void *transport)
{
    simul_stream_release(peer);
    simul_transport_close(transport);
    simul_transport_abort(transport);
    return 0;
}

/* Whatever was said would be of the one sequence that parent and peer count. */
NET_TEST(the_child_of_a_fork_says_nothing_in_the_parents_name) /* S57 */
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    ck_assert_int_eq(harness_in_child(end_both, transport), 0);
    wait_a_bit();
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, 5), 5);
    peer_says("hi");
    until_traced();
    ck_assert_trace("hi");
    close_both(transport, &seen);
}

NET_TEST(a_peer_that_never_answers_the_end_is_a_time_out) /* Z02 */
{
    struct seen seen = {0};
    simul_transport *transport =
        over_tls_with(&seen, (simul_connect_opts){.tls_shutdown_timeout = 0.01});
    simul_transport_close(transport);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -ETIMEDOUT);
    simul_transport_release(transport);
    simul_stream_release(peer);
}

NET_TEST(what_is_kept_is_sent_before_the_end)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    pattern(large, LARGE, 0);
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    simul_transport_close(transport);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ck_assert_int_eq(simul_stream_read(peer, got, 1), 0);
    ck_assert_int_eq(finish(peer), 0);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, 0);
    simul_transport_release(transport);
}

NET_TEST(aborting_drops_what_is_kept_and_waits_for_nobody)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    ck_assert_uint_gt(simul_transport_get_write_buffer_size(transport), 0);
    simul_transport_close(transport);
    let_run(3);
    simul_transport_abort(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    ck_assert_int_eq(seen.lost, 0);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, 0);
    simul_transport_release(transport);
    simul_stream_release(peer);
}

NET_TEST(kept_open_it_answers_after_the_peers_end)
{
    struct seen seen = {.keep_open = true};
    simul_transport *transport = over_tls(&seen);
    peer_says("question");
    ck_assert_int_eq(simul_stream_write_eof(peer), 0);
    while (seen.have < 8)
        ck_assert_int_eq(simul_sleep(0), 0);
    wait_a_bit();
    ck_assert_trace("made question eof");
    ck_assert(!simul_transport_is_closing(transport));
    ck_assert_int_eq(simul_transport_write(transport, "answer", 6), 0);
    simul_transport_close(transport);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, 6), 6);
    ck_assert_int_eq(simul_stream_read(peer, got, 1), 0);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
    finish(peer);
}

NET_TEST(the_own_end_comes_behind_what_was_written)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    ck_assert(simul_transport_can_write_eof(transport));
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    simul_transport_write_eof(transport);
    simul_transport_write_eof(transport);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, LARGE), LARGE);
    ck_assert_int_eq(simul_stream_read(peer, got, 1), 0);
    trace_take();
    peer_says("still heard");
    until_traced();
    ck_assert_trace("still heard");
    close_both(transport, &seen);
}

/* ---- an end that is none --------------------------------------------------------------------- */

static void cut_off(void)
{
    shutdown(peer_fd, SHUT_WR);
}

NET_TEST(a_connection_that_ends_without_a_word_is_truncated)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    peer_says("half");
    cut_off();
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -SIMUL_ETRUNCATED);
    ck_assert_uint_eq(seen.have, 4);
    simul_transport_release(transport);
    simul_stream_release(peer);
}

NET_TEST(a_connection_that_ends_without_a_word_has_ended_if_that_was_asked_for)
{
    struct seen seen = {0};
    simul_tls_context *careless =
        client_with((simul_tls_opts){.suppress_ragged_eofs = true});
    simul_transport *transport =
        over_tls_with(&seen, (simul_connect_opts){.tls = careless});
    simul_tls_context_release(careless);
    cut_off();
    until_lost(&seen);
    ck_assert_trace("made eof lost:0");
    simul_transport_release(transport);
    simul_stream_release(peer);
}

NET_TEST(what_is_no_record_ends_the_connection)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    feed(peer_fd, "this is not TLS");
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -SIMUL_ETLS);
    simul_transport_release(transport);
    simul_stream_release(peer);
}

/* ---- reading ----------------------------------------------------------------------------------- */

enum { SOME = 150000 };

static int write_some(void *stream)
{
    ssize_t n = simul_stream_write(stream, large, SOME);
    return n < 0 ? (int)n : 0;
}

NET_TEST(paused_at_each_piece_all_of_it_comes_in_order) /* X09 */
{
    struct seen seen = {
        .pause_on_data = true, .silent = true, .got = got, .size = sizeof got};
    simul_transport *transport = over_tls(&seen);
    pattern(large, SOME, 0);
    simul_task *writer = simul_create_task(write_some, peer);
    for (size_t have = 0; have < SOME; have = seen.have) {
        while (seen.have == have)
            ck_assert_int_eq(simul_sleep(0), 0);
        have = seen.have;
        let_run(2);
        ck_assert_uint_eq(seen.have, have); /* it has come to a stop */
        simul_transport_resume_reading(transport);
    }
    ck_assert_int_eq(simul_await(writer), 0);
    simul_release(writer);
    ck_assert(is_pattern(got, SOME, 0));
    close_both(transport, &seen);
}

NET_TEST(closed_while_reading_is_paused_it_still_hears_the_peers_end)
{
    struct seen seen = {.pause_on_data = true};
    simul_transport *transport = over_tls(&seen);
    peer_says("one");
    until_traced();
    for (int i = 0; i < 3; i++)
        peer_says("more");
    wait_a_bit();
    trace_take();
    simul_stream_close(peer);
    simul_transport_close(transport);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    ck_assert_int_eq(finish(peer), 0);
    simul_transport_release(transport);
}

static char room[3];

static void *room_of_three(simul_transport *transport, void *user, ssize_t hint,
                           size_t *size)
{
    (void)transport;
    (void)user;
    (void)hint;
    *size = sizeof room;
    return room;
}

static void room_filled(simul_transport *transport, void *user, size_t n)
{
    (void)transport;
    (void)user;
    trace("%.*s", (int)n, room);
}

NET_TEST(a_buffered_protocol_gets_it_in_pieces_of_its_room) /* X07 */
{
    static const simul_protocol buffered = {.connection_lost = seen_lost,
                                            .get_buffer = room_of_three,
                                            .buffer_updated = room_filled};
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    simul_transport_set_protocol(transport, &buffered, &seen);
    trace_take();
    peer_says("abcdefgh");
    until_traced();
    ck_assert_trace("abc def gh");
    simul_stream_close(peer);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    finish(peer);
    simul_transport_release(transport);
}

/* ---- writing ----------------------------------------------------------------------------------- */

NET_TEST(writing_pauses_above_high_and_resumes_at_low) /* X03, S35 */
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    ck_assert_int_eq(simul_transport_set_write_buffer_limits(transport, 10000, 100), 0);
    trace_take();
    pattern(large, LARGE, 0);
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    ck_assert_trace("pause"); /* from inside of write() */
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    ck_assert_trace("");
    ck_assert_int_eq(simul_stream_readexactly(peer, got, LARGE), LARGE);
    until_traced();
    ck_assert_trace("resume");
    ck_assert_uint_le(simul_transport_get_write_buffer_size(transport), 100);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, 1), 1);
    close_both(transport, &seen);
}

NET_TEST(pieces_arrive_whole_and_in_order)
{
    enum { PIECES = 100, SIZE = 301 };
    struct seen seen = {0};
    struct iovec pieces[PIECES];
    simul_transport *transport = over_tls(&seen);
    pattern(large, LARGE, 0);
    for (int i = 0; i < PIECES; i++)
        pieces[i] = (struct iovec){large + i * SIZE, SIZE};
    ck_assert_int_eq(simul_transport_writelines(transport, pieces, PIECES), 0);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, PIECES * SIZE), PIECES * SIZE);
    ck_assert(is_pattern(got, PIECES * SIZE, 0));
    close_both(transport, &seen);
}

NET_TEST(writing_to_a_peer_that_is_gone_loses_the_connection) /* X05 */
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen);
    simul_transport_pause_reading(transport);
    simul_stream_abort(peer);
    simul_stream_release(peer);
    wait_a_bit();
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), 0);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -EPIPE);
    simul_transport_release(transport);
}

/* ---- handshakes that fail --------------------------------------------------------------------- */

static int start_wrong_peer(void *fd)
{
    return simul_open_connection_fd(&peer, *(int *)fd,
                                    &(simul_connect_opts){.tls = other});
}

NET_TEST(no_callback_is_called_when_the_certificate_is_refused)
{
    struct seen seen = {0};
    static int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_task *task = simul_create_task(start_wrong_peer, &fds[1]);
    int r = connect_tls(&transport, fds[0], &seen, (simul_connect_opts){0});
    ck_assert_int_eq(r, -SIMUL_ECERTIFICATE);
    ck_assert_ptr_nonnull(strstr(simul_explain(r), "localhost"));
    ck_assert_int_lt(simul_await(task), 0);
    simul_release(task);
    ck_assert_trace("");
}

NET_TEST(a_handshake_that_takes_too_long_is_given_up)
{
    struct seen seen = {0};
    int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(connect_tls(&transport, fds[0], &seen,
                                 (simul_connect_opts){.tls_handshake_timeout = 0.01}),
                     -ECONNABORTED);
    ck_assert_trace("");
    close(fds[1]);
}

static int connects(void *fd)
{
    static struct seen seen;
    return connect_tls(NULL, *(int *)fd, &seen, (simul_connect_opts){0});
}

NET_TEST(a_cancel_in_the_handshake_closes_the_socket)
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_task *task = simul_create_task(connects, &fds[0]);
    let_run(3);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert_trace("");
    ssize_t n;
    while ((n = recv(fds[1], got, sizeof got, MSG_DONTWAIT)) > 0 || n == -1) {
        ck_assert(n > 0 || errno == EAGAIN);
        ck_assert_int_eq(simul_sleep(0), 0);
    }
    close(fds[1]);
}

NET_TEST(a_client_has_to_say_whom_it_wants_and_a_server_cannot_connect)
{
    struct seen seen = {0};
    const simul_connect_opts nobody = {.tls = trust}, wrong = {.tls = good};
    simul_server *listening;
    ck_assert_int_eq(simul_create_connection_fd(NULL, 0, &tracing, &seen, &nobody),
                     -EINVAL);
    ck_assert_int_eq(simul_create_unix_connection(NULL, "/x", &tracing, &seen, &nobody),
                     -EINVAL);
    ck_assert_int_eq(simul_create_unix_connection(NULL, "/x", &tracing, &seen, &wrong),
                     -EINVAL);
    ck_assert_int_eq(
        simul_create_connection(NULL, "localhost", "1", &tracing, &seen, &wrong),
        -EINVAL);
    ck_assert_int_eq(simul_create_server(&listening, "127.0.0.1", "0",
                                         (simul_protocol_factory *)abort, NULL,
                                         &(simul_server_opts){.tls = trust}),
                     -EINVAL);
    ck_assert_trace("");
}

/* ---- servers ------------------------------------------------------------------------------------ */

static int asked, echoes_lost;

static void echo(simul_transport *transport, void *user, const void *data, size_t n)
{
    (void)user;
    simul_transport_write(transport, data, n);
}

static void echo_lost(simul_transport *transport, void *user, int error)
{
    (void)transport;
    (void)user;
    (void)error;
    echoes_lost++;
}

static const simul_protocol *give_echo(void *arg, void **user)
{
    static const simul_protocol echoing = {.data_received = echo,
                                           .connection_lost = echo_lost};
    (void)arg;
    (void)user;
    asked++;
    return &echoing;
}

static simul_server *serve(char port[8])
{
    simul_server *server;
    ck_assert_int_eq(simul_create_server(&server, "127.0.0.1", "0", give_echo, NULL,
                                         &(simul_server_opts){.tls = good}),
                     0);
    snprintf(port, 8, "%d", simul_server_port(server));
    return server;
}

static int connect_by_name(simul_transport **transport, const char *port,
                           struct seen *seen, const char *name)
{
    return simul_create_connection(
        transport, "127.0.0.1", port, &tracing, seen,
        &(simul_connect_opts){.tls = trust, .server_hostname = name});
}

static void stop(simul_server *server)
{
    simul_server_close(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
}

NET_TEST(a_client_of_a_server_gets_its_echo_and_counts_until_it_is_lost) /* X13 */
{
    struct seen seen = {0};
    char port[8];
    simul_transport *transport;
    simul_server *server = serve(port);
    ck_assert_int_eq(connect_by_name(&transport, port, &seen, NULL), 0);
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    until_traced();
    ck_assert_trace("hello");
    ck_assert_uint_eq(simul_server_clients(server), 1);
    simul_transport_close(transport);
    stop(server); /* waits for the client */
    ck_assert_int_eq(echoes_lost, 1);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, 0);
    simul_transport_release(transport);
}

NET_TEST(a_client_that_fails_in_the_handshake_gets_no_protocol)
{
    struct seen seen = {0};
    char port[8];
    simul_transport *transport;
    simul_server *server = serve(port);
    ck_assert_int_eq(connect_by_name(&transport, port, &seen, "other.example"),
                     -SIMUL_ECERTIFICATE);
    stop(server);
    ck_assert_int_eq(asked, 0);
    ck_assert_trace("");
}

NET_TEST(closing_or_aborting_the_clients_ends_them_in_the_handshake_too) /* X14 */
{
    for (int abort = 0; abort < 2; abort++) {
        struct seen seen = {0};
        char port[8];
        simul_transport *transport;
        simul_stream *mute;
        simul_server *server = serve(port);
        ck_assert_int_eq(simul_open_connection(&mute, "127.0.0.1", port, NULL), 0);
        ck_assert_int_eq(connect_by_name(&transport, port, &seen, NULL), 0);
        while (simul_server_clients(server) < 2)
            ck_assert_int_eq(simul_sleep(0), 0);
        simul_server_close(server);
        if (abort)
            simul_server_abort_clients(server);
        else
            simul_server_close_clients(server);
        ck_assert_int_eq(simul_server_wait_closed(server), 0);
        until_lost(&seen);
        simul_transport_release(transport);
        simul_stream_release(mute);
        simul_server_release(server);
    }
    trace_take();
}

/* ---- going over to it ----------------------------------------------------------------------------- */

struct upgrade {
    simul_transport *transport;
    simul_tls_context *context;
};

static int go_over(void *arg)
{
    const struct upgrade *it = arg;
    const char *name = it->context == trust ? "localhost" : NULL;
    return simul_transport_start_tls(
        it->transport, it->context,
        &(simul_start_tls_opts){.server_hostname = name,
                                .handshake_timeout = harness_patience()});
}

static simul_transport *ends[2];
static struct seen seen_by[2];

static void make_plain_pair(void)
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            simul_create_connection_fd(&ends[i], fds[i], &tracing, &seen_by[i], NULL),
            0);
}

static void release_pair(void)
{
    for (int i = 0; i < 2; i++)
        simul_transport_close(ends[i]);
    for (int i = 0; i < 2; i++)
        until_lost(&seen_by[i]);
    for (int i = 0; i < 2; i++)
        simul_transport_release(ends[i]);
}

/* What both said. */
static void go_over_both(simul_tls_context *server, int said[2])
{
    static struct upgrade both[2];
    both[0] = (struct upgrade){ends[0], trust};
    both[1] = (struct upgrade){ends[1], server};
    simul_task *tasks[2];
    for (int i = 0; i < 2; i++)
        tasks[i] = simul_create_task(go_over, &both[i]);
    for (int i = 0; i < 2; i++)
        said[i] = simul_await(tasks[i]);
    simul_release_all(tasks, 2);
}

NET_TEST(a_connection_goes_over_to_tls_in_the_middle)
{
    int said[2];
    const char *version = NULL;
    make_plain_pair();
    ck_assert_int_eq(simul_transport_write(ends[0], "STARTTLS", 8), 0);
    while (seen_by[1].have < 8)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_trace("made made STARTTLS");
    ck_assert_int_eq(
        simul_transport_get_extra_info(ends[0], SIMUL_INFO_TLS_VERSION, &version),
        -ENODATA);
    go_over_both(good, said);
    ck_assert(said[0] == 0 && said[1] == 0);
    ck_assert_trace(""); /* it is not made twice */
    ck_assert_int_eq(
        simul_transport_get_extra_info(ends[0], SIMUL_INFO_TLS_VERSION, &version), 0);
    ck_assert_int_eq(simul_transport_write(ends[1], "secret", 6), 0);
    until_traced();
    ck_assert_trace("secret");
    release_pair();
    ck_assert_int_eq(seen_by[0].error, 0);
    ck_assert_int_eq(seen_by[1].error, 0);
}

NET_TEST(what_was_written_before_comes_before)
{
    int fds[2];
    struct upgrade client;
    struct seen seen = {0};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(
        simul_create_connection_fd(&client.transport, fds[0], &tracing, &seen, NULL),
        0);
    ck_assert_int_eq(simul_open_connection_fd(&peer, fds[1], NULL), 0);
    pattern(large, LARGE, 0);
    ck_assert_int_eq(simul_transport_write(client.transport, large, LARGE), 0);
    ck_assert_trace("made pause");
    client.context = trust;
    simul_task *task = simul_create_task(go_over, &client);
    ck_assert_int_eq(simul_stream_readexactly(peer, got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ck_assert_int_eq(simul_stream_start_tls(peer, good, NULL), 0);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    let_run(3);
    ck_assert_trace("resume");
    close_both(client.transport, &seen);
}

NET_TEST(a_handshake_in_the_middle_that_fails_loses_the_connection)
{
    int said[2];
    make_plain_pair();
    trace_take();
    go_over_both(other, said);
    ck_assert_int_eq(said[0], -SIMUL_ECERTIFICATE);
    ck_assert_int_lt(said[1], 0);
    release_pair();
    ck_assert_int_eq(seen_by[0].error, -SIMUL_ECERTIFICATE);
    ck_assert_int_eq(seen_by[1].error, said[1]);
    trace_take();
}

static simul_task *go_over_alone(void)
{
    static struct upgrade client;
    make_plain_pair();
    client = (struct upgrade){ends[0], trust};
    simul_task *task = simul_create_task(go_over, &client);
    let_run(3);
    return task;
}

NET_TEST(while_it_goes_over_nothing_is_written_and_nobody_else_may)
{
    simul_task *task = go_over_alone();
    struct upgrade again = {ends[0], trust};
    ck_assert_int_eq(simul_transport_write(ends[0], "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(go_over(&again), -SIMUL_ECONCURRENT);
    simul_transport_write_eof(ends[0]);
    simul_transport_close(ends[0]);
    ck_assert_int_eq(simul_await(task), -ECONNABORTED);
    simul_release(task);
    ck_assert_int_eq(go_over(&again), -SIMUL_ESTATE);
    release_pair();
    ck_assert_int_eq(seen_by[0].error, 0);
    trace_take();
}

NET_TEST(a_cancel_while_it_goes_over_closes_it)
{
    simul_task *task = go_over_alone();
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    until_lost(&seen_by[0]);
    ck_assert_int_eq(seen_by[0].error, 0);
    release_pair();
    trace_take();
}

NET_TEST(what_has_tls_or_is_no_connection_does_not_go_over)
{
    struct seen seen = {0};
    simul_transport *transport = over_tls(&seen), *datagrams;
    struct upgrade again = {transport, trust};
    ck_assert_int_eq(go_over(&again), -ENOTSUP);
    ck_assert_int_eq(simul_create_datagram_endpoint(
                         &datagrams, &tracing, &seen_by[0],
                         &(simul_datagram_opts){.local_host = "127.0.0.1"}),
                     0);
    again.transport = datagrams;
    ck_assert_int_eq(go_over(&again), -ENOTSUP);
    again.transport = NULL;
    ck_assert_int_eq(go_over(&again), -EINVAL);
    simul_transport_close(datagrams);
    simul_transport_release(datagrams);
    close_both(transport, &seen);
    until_lost(&seen_by[0]);
    trace_take();
}

/* ---- questions -------------------------------------------------------------------------------------- */

NET_TEST(what_was_agreed_on_is_known)
{
    struct seen seen = {0};
    const char *text;
    bool resumed = true;
    simul_tls_context *context;
    simul_tls_certificate *certificate;
    simul_transport *transport = over_tls(&seen);
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_VERSION, &text), 0);
    ck_assert_str_eq(text, "TLSv1.3");
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_CIPHER, &text), 0);
    ck_assert_ptr_eq(strstr(text, "TLS_"), text);
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_HOSTNAME, &text), 0);
    ck_assert_str_eq(text, "localhost");
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_ALPN, &text),
        -ENODATA);
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_RESUMED, &resumed), 0);
    ck_assert(!resumed);
    ck_assert_int_eq(
        simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_CONTEXT, &context), 0);
    ck_assert_ptr_eq(context, trust);
    ck_assert_int_eq(simul_transport_get_extra_info(transport, SIMUL_INFO_TLS_PEERCERT,
                                                    &certificate),
                     0);
    ck_assert_uint_ge(certificate->n_names, 1);
    ck_assert_str_eq(certificate->names[0], "DNS:localhost");
    simul_tls_certificate_release(certificate);
    close_both(transport, &seen);
}

/* ---- the end of the run ------------------------------------------------------------------------------ */

static struct seen ours;
static simul_transport *kept;

static int leaves_all(void *unused)
{
    (void)unused;
    static int fds[2];
    kept = over_tls(&ours); /* has something to send, and waits for the end */
    ck_assert_int_eq(simul_transport_write(kept, large, LARGE), 0);
    simul_transport_close(kept);
    simul_stream_release(peer);
    simul_release(go_over_alone()); /* in a handshake … */
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_release(simul_create_task(connects, &fds[0])); /* … in another */
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(simul_sleep(0), 0); /* or the socket is still ours */
    close(fds[1]);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_transports_leaves_nothing_and_calls_nobody)
{
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &(simul_loop_opts){.debug = true}), 0);
    simul_task *task = simul_loop_create_task(loop, leaves_all, NULL, NULL);
    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    simul_release(task);
    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_int_eq(ours.lost + seen_by[0].lost + seen_by[1].lost, 0);
    simul_transport_abort(kept);
    ck_assert_int_eq(simul_transport_write(kept, "x", 1), 0);
    simul_transport_release(kept);
    for (int i = 0; i < 2; i++)
        simul_transport_release(ends[i]);
}

static int make_contexts(void)
{
    simul_tls_opts opts = {.cert_file = cert("good.crt"), .key_file = cert("good.key")};
    int r = simul_tls_server_new(&good, &opts);
    opts =
        (simul_tls_opts){.cert_file = cert("other.crt"), .key_file = cert("other.key")};
    if (r == 0)
        r = simul_tls_server_new(&other, &opts);
    opts = (simul_tls_opts){.ca_file = cert("ca.crt")};
    return r == 0 ? simul_tls_client_new(&trust, &opts) : r;
}

int main(void)
{
    harness_need_backend();
    certs_make();
    if (make_contexts() < 0)
        return EXIT_FAILURE;
    return harness_run("tls transport");
}
