/* SPDX-License-Identifier: MIT */
/* What is written while only a part of a message of TLS's own has come: a ticket that the peer
 * has cut into several records. OpenSSL sends nothing then; it must not be an error. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pair.h"
#include "net/protocol.h"
#include "support/sweep.h"
#include "tls/certs.h"
#include "tls/openssl.h"
#include "tls/tls.h"

enum { LARGE = 300000, RECORD = 512, TICKET = 1500, DATA = 5 + 4 + 1 + 16 };

static char sent[LARGE], got[LARGE];

/* ---- the peer, who sends a part ------------------------------------------------------------ */

static simul_stream *ends[2]; /* the client and the server, whose ticket it is */

static struct {
    char data[64 << 10];
    size_t n, done;
    struct sm_tls *tls;
} words; /* of the server, not sent yet */

static int collect(struct sm_ssl_io *io, const void *data, size_t n)
{
    (void)io;
    ck_assert_uint_le(words.n + n, sizeof words.data);
    memcpy(words.data + words.n, data, n);
    words.n += n;
    return 0;
}

static int make_it_large(SSL *ssl, void *arg)
{
    (void)arg;
    return SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), sent, TICKET);
}

/* A ticket, which does not leave. */
static void begin_ticket(struct sm_tls *tls)
{
    SSL *ssl = tls->ssl->ssl;
    words.n = words.done = 0;
    words.tls = tls;
    tls->io.send = collect;
    SSL_CTX_set_session_ticket_cb(SSL_get_SSL_CTX(ssl), make_it_large, NULL, NULL);
    SSL_set_max_send_fragment(ssl, RECORD);
    ck_assert_int_eq(SSL_new_session_ticket(ssl), 1);
}

static void feed_words(size_t n)
{
    int fd = simul_stream_fileno(ends[1]);
    ck_assert_int_eq(send(fd, words.data + words.done, n, MSG_NOSIGNAL), (ssize_t)n);
    words.done += n;
}

/* The first record of a ticket; "data" is behind it. */
static void half_comes(struct sm_tls *tls)
{
    const unsigned char *head = (unsigned char *)words.data;
    begin_ticket(tls);
    ck_assert_int_eq(simul_stream_write(ends[1], "data", 4), 4);
    ck_assert_uint_gt(words.n, TICKET);
    feed_words(5 + (head[3] << 8 | head[4]));
}

/* All but the record of "data". */
static void ticket_comes(void)
{
    feed_words(words.n - words.done - DATA);
}

static void rest_comes(void)
{
    feed_words(words.n - words.done);
    words.tls->io.send = sm_tls_send;
}

/* ---- streams ------------------------------------------------------------------------------- */

static struct reading reading;

/* A task that reads "data" at the client. */
static simul_task *start_reader(void)
{
    reading = (struct reading){.stream = ends[0], .n = 4};
    simul_task *task = simul_create_task(read_exactly_it, &reading);
    ck_assert_ptr_nonnull(task);
    return task;
}

static void until_in_message(struct sm_tls *tls)
{
    while (!sm_ssl_in_message(tls->ssl))
        ck_assert_int_eq(simul_sleep(0), 0);
    let_run(3);
    sweep_from_here();
}

static void make_pair(void)
{
    unix_pair(ends);
    tls_on_pair(ends);
}

/* In the middle of a ticket; with a task that reads. */
static simul_task *begin_with_reader(void)
{
    make_pair();
    simul_task *reader = start_reader();
    let_run(3);
    half_comes(sm_tls_of(ends[1]->top));
    until_in_message(sm_tls_of(ends[0]->top));
    return reader;
}

static void cancel(simul_task *task)
{
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
}

static void begin_without_reader(void)
{
    cancel(begin_with_reader());
}

static int write_hello(void *stream)
{
    return (int)simul_stream_write(stream, "hello", 5);
}

static simul_task *start_writer(simul_fn *fn)
{
    simul_task *task = simul_create_task(fn, ends[0]);
    ck_assert_ptr_nonnull(task);
    let_run(5);
    ck_assert(!simul_done(task));
    return task;
}

static void ends_with(simul_task *task, int result)
{
    ck_assert_int_eq(simul_await(task), result);
    simul_release(task);
}

static void server_reads(const char *text)
{
    size_t n = strlen(text);
    ck_assert_int_eq(simul_stream_readexactly(ends[1], got, n), (ssize_t)n);
    ck_assert_mem_eq(got, text, n);
}

static void client_reads_data(simul_task *reader)
{
    ends_with(reader, 0);
    ck_assert_mem_eq(reading.data, "data", 4);
}

static void release_pair(void)
{
    for (int i = 0; i < 2; i++)
        simul_stream_close(ends[i]);
    for (int i = 0; i < 2; i++)
        finish(ends[i]);
}

NET_TEST(a_write_waits_for_the_task_that_reads)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    rest_comes();
    ends_with(writer, 5);
    client_reads_data(reader);
    server_reads("hello");
    release_pair();
}

NET_TEST(a_write_waits_for_no_data)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    ticket_comes();
    ends_with(writer, 5);
    server_reads("hello");
    ck_assert(!simul_done(reader));
    rest_comes();
    client_reads_data(reader);
    release_pair();
}

NET_TEST(where_nobody_reads_a_write_does_and_leaves_the_data)
{
    begin_without_reader();
    simul_task *writer = start_writer(write_hello);
    rest_comes();
    ends_with(writer, 5);
    server_reads("hello");
    client_reads_data(start_reader());
    release_pair();
}

NET_TEST(who_reads_while_a_write_does_waits_for_his_turn)
{
    begin_without_reader();
    simul_task *writer = start_writer(write_hello);
    simul_task *reader = start_reader();
    let_run(3);
    ck_assert(!simul_done(reader));
    rest_comes();
    client_reads_data(reader);
    ends_with(writer, 5);
    server_reads("hello");
    release_pair();
}

NET_TEST(a_write_cancelled_meanwhile_has_done_nothing)
{
    simul_task *reader = begin_with_reader();
    cancel(start_writer(write_hello));
    cancel(reader);
    cancel(start_writer(write_hello)); /* which reads itself */
    simul_task *writer = start_writer(write_hello);
    reader = start_reader();
    let_run(3);
    cancel(writer); /* and the reader goes on */
    rest_comes();
    client_reads_data(reader);
    ck_assert_int_eq(simul_stream_write(ends[0], "second", 6), 6);
    server_reads("second");
    release_pair();
}

NET_TEST(a_write_meanwhile_may_have_a_time_limit)
{
    begin_without_reader();
    ck_assert_int_eq(simul_within(0.002, write_hello(ends[0])), -ETIMEDOUT);
    rest_comes();
    ck_assert_int_eq(simul_stream_write(ends[0], "second", 6), 6);
    server_reads("second");
    release_pair();
}

NET_TEST(writes_meanwhile_take_turns)
{
    begin_without_reader();
    simul_task *writers[3];
    for (int i = 0; i < 3; i++)
        writers[i] = start_writer(write_hello);
    cancel(writers[0]);
    rest_comes();
    ends_with(writers[1], 5);
    ends_with(writers[2], 5);
    server_reads("hellohello");
    release_pair();
}

/* Half a ticket, and nothing more. */
NET_TEST(a_peer_that_ends_in_the_middle_is_an_error_of_the_write)
{
    begin_without_reader();
    simul_task *writer = start_writer(write_hello);
    ck_assert_int_eq(shutdown(simul_stream_fileno(ends[1]), SHUT_WR), 0);
    ends_with(writer, -SIMUL_ETRUNCATED);
    ck_assert_int_eq(write_hello(ends[0]), -SIMUL_ETRUNCATED);
    ck_assert_int_eq(simul_stream_read(ends[0], got, 1), -SIMUL_ETRUNCATED);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

NET_TEST(a_peer_that_ends_in_the_middle_is_an_error_of_both_directions)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    ck_assert_int_eq(shutdown(simul_stream_fileno(ends[1]), SHUT_WR), 0);
    ends_with(reader, -SIMUL_ETRUNCATED);
    ends_with(writer, -SIMUL_ETRUNCATED);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

NET_TEST(a_rest_that_was_changed_on_its_way_is_an_error_of_both_directions)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    words.data[words.done + 20] ^= 1;
    rest_comes();
    ends_with(reader, -SIMUL_ETLS);
    ends_with(writer, -SIMUL_ETLS);
    release_pair();
}

/* ---- larger writes ---------------------------------------------------------------------------- */

static int write_large(void *stream)
{
    struct iovec pieces[] = {{sent, 10}, {sent + 10, LARGE - 10}};
    ssize_t n = simul_stream_writev(stream, pieces, 2);
    return n == LARGE ? 0 : (int)n;
}

/* It waits for room, as a part of it is out, when half a ticket comes. */
static simul_task *begin_in_a_write(simul_task **reader)
{
    make_pair();
    pattern(sent, LARGE, 0);
    simul_task *writer = start_writer(write_large);
    *reader = start_reader();
    let_run(3);
    half_comes(sm_tls_of(ends[1]->top));
    until_in_message(sm_tls_of(ends[0]->top));
    return writer;
}

NET_TEST(a_write_of_which_a_part_is_out_goes_on_behind_the_message)
{
    simul_task *reader, *writer = begin_in_a_write(&reader);
    rest_comes();
    ck_assert_int_eq(simul_stream_readexactly(ends[1], got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ends_with(writer, 0);
    client_reads_data(reader);
    release_pair();
}

/* All that is out is read, so that it no longer waits for room. */
static size_t take_what_is_out(void)
{
    size_t n = 0;
    ssize_t r;
    while ((r = simul_within(0.005, simul_stream_read(ends[1], got, sizeof got))) > 0)
        n += (size_t)r;
    ck_assert_int_eq(r, -ETIMEDOUT);
    return n;
}

NET_TEST(a_write_of_which_a_part_is_out_is_broken_by_a_cancel)
{
    simul_task *reader, *writer = begin_in_a_write(&reader);
    ck_assert_uint_lt(take_what_is_out(), LARGE);
    ck_assert(!simul_done(writer));
    simul_cancel(writer);
    ends_with(writer, -SIMUL_EBROKEN);
    rest_comes();
    client_reads_data(reader);
    ck_assert_int_eq(write_hello(ends[0]), -SIMUL_EBROKEN);
    release_pair();
}

static int send_file(void *stream)
{
    int file = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, sent, LARGE), LARGE);
    ssize_t n = simul_sendfile(stream, file, 0, 0);
    close(file);
    return n == LARGE ? 0 : (int)n;
}

NET_TEST(a_file_waits_too)
{
    begin_without_reader();
    pattern(sent, LARGE, 0);
    simul_task *sender = start_writer(send_file);
    rest_comes();
    ck_assert_int_eq(simul_stream_readexactly(ends[1], got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ends_with(sender, 0);
    release_pair();
}

/* ---- the own end -------------------------------------------------------------------------------- */

static void server_reads_end(void)
{
    ck_assert_int_eq(simul_stream_read(ends[1], got, 1), 0);
}

NET_TEST(the_own_end_is_said_behind_the_message)
{
    simul_task *reader = begin_with_reader();
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    ck_assert_int_eq(write_hello(ends[0]), -SIMUL_ESTATE);
    rest_comes();
    client_reads_data(reader);
    server_reads_end();
    release_pair();
}

static int drain(void *stream)
{
    return simul_stream_drain(stream);
}

NET_TEST(where_nobody_reads_draining_says_the_own_end)
{
    begin_without_reader();
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    simul_task *task = start_writer(drain);
    rest_comes();
    ends_with(task, 0);
    server_reads_end();
    client_reads_data(start_reader());
    release_pair();
}

NET_TEST(the_own_end_is_said_behind_a_write_that_waits)
{
    begin_without_reader();
    simul_task *writer = start_writer(write_hello);
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    rest_comes();
    ends_with(writer, 5);
    server_reads("hello");
    server_reads_end();
    release_pair();
}

NET_TEST(the_own_end_is_said_though_the_write_before_it_was_cancelled)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    cancel(writer);
    rest_comes();
    client_reads_data(reader);
    server_reads_end();
    release_pair();
}

/* ---- closing -------------------------------------------------------------------------------------- */

static void server_answers_end(void)
{
    server_reads_end();
    ck_assert_int_eq(finish(ends[1]), 0);
    ck_assert_int_eq(finish(ends[0]), 0);
}

NET_TEST(closing_says_the_own_end_behind_the_message)
{
    begin_without_reader();
    simul_stream_close(ends[0]);
    let_run(5);
    rest_comes();
    server_answers_end();
}

NET_TEST(closing_wakes_who_reads_and_who_writes)
{
    simul_task *reader = begin_with_reader();
    simul_task *writer = start_writer(write_hello);
    simul_stream_close(ends[0]);
    ends_with(writer, -SIMUL_ESTATE);
    ck_assert_int_lt(simul_await(reader), 0);
    simul_release(reader);
    rest_comes();
    server_answers_end();
}

NET_TEST(closing_wakes_a_write_that_reads_and_who_waits_to_read)
{
    begin_without_reader();
    simul_task *writer = start_writer(write_hello);
    simul_task *reader = start_reader();
    let_run(3);
    simul_stream_close(ends[0]);
    ends_with(writer, -SIMUL_ESTATE);
    ck_assert_int_lt(simul_await(reader), 0);
    simul_release(reader);
    ck_assert_int_eq(reading.result, -SIMUL_EINCOMPLETE);
    rest_comes();
    server_answers_end();
}

NET_TEST(closing_ends_with_a_peer_that_ends_in_the_middle)
{
    begin_without_reader();
    simul_stream_close(ends[0]);
    let_run(3);
    ck_assert_int_eq(shutdown(simul_stream_fileno(ends[1]), SHUT_WR), 0);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), 0); /* nothing was to be sent */
    ck_assert_int_eq(simul_stream_read(ends[1], got, 1), -SIMUL_ETRUNCATED);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

NET_TEST(closing_gives_a_peer_that_stops_in_the_middle_its_time)
{
    begin_without_reader();
    sm_tls_of(ends[0]->top)->shutdown_timeout = 0.005;
    simul_stream_close(ends[0]);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), -ETIMEDOUT);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

NET_TEST(aborting_wakes_who_reads_and_who_writes)
{
    for (int i = 0; i < 2; i++) {
        simul_task *reader = begin_with_reader();
        if (i)
            cancel(reader);
        simul_task *writer = start_writer(write_hello);
        if (i)
            reader = start_reader();
        let_run(2);
        simul_stream_abort(ends[0]);
        ends_with(writer, -SIMUL_ESTATE);
        ends_with(reader, -ECONNABORTED);
        words.tls->io.send = sm_tls_send;
        release_pair();
    }
}

/* ---- a layer above, which cannot wait ------------------------------------------------------------- */

static struct sm_tls *inner(int i)
{
    return sm_tls_of(ends[i]->top->below);
}

/* TLS inside of TLS, in the middle of a ticket of that below. */
static simul_task *begin_inside_of(void (*make)(void))
{
    make();
    tls_on_pair(ends);
    simul_task *reader = start_reader();
    let_run(3);
    half_comes(inner(1));
    until_in_message(inner(0));
    return reader;
}

static simul_task *begin_inside(void)
{
    return begin_inside_of(make_pair);
}

static void make_tcp_pair(void)
{
    tcp_pair(ends, NULL);
    tls_on_pair(ends);
}

/* The peer is not to take what had come for all. */
NET_TEST(aborting_what_is_kept_for_a_layer_above_resets_the_connection)
{
    cancel(begin_inside_of(make_tcp_pair));
    ck_assert_int_eq(write_hello(ends[0]), 5);
    simul_stream_abort(ends[0]);
    ck_assert_int_eq(simul_stream_read(ends[1], got, 1), -ECONNRESET);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

NET_TEST(what_a_layer_above_sends_is_kept_and_counts)
{
    simul_task *reader = begin_inside();
    ck_assert_int_eq(write_hello(ends[0]), 5);
    ck_assert_uint_gt(simul_stream_write_buffer_size(ends[0]), 5);
    simul_task *task = start_writer(drain);
    rest_comes();
    ends_with(task, 0);
    ck_assert_uint_eq(simul_stream_write_buffer_size(ends[0]), 0);
    server_reads("hello");
    client_reads_data(reader);
    release_pair();
}

NET_TEST(what_a_layer_above_sends_is_sent_before_the_end)
{
    simul_task *reader = begin_inside();
    cancel(reader);
    ck_assert_int_eq(write_hello(ends[0]), 5);
    simul_stream_close(ends[0]);
    let_run(3);
    rest_comes();
    server_reads("hello");
    server_answers_end();
}

NET_TEST(what_a_layer_above_sent_and_the_peer_never_lets_out_is_an_error)
{
    simul_task *reader = begin_inside();
    cancel(reader);
    ck_assert_int_eq(write_hello(ends[0]), 5);
    simul_stream_close(ends[0]);
    let_run(3);
    ck_assert_int_eq(shutdown(simul_stream_fileno(ends[1]), SHUT_WR), 0);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), -SIMUL_ETRUNCATED);
    words.tls->io.send = sm_tls_send;
    release_pair();
}

/* ---- protocols -------------------------------------------------------------------------------------- */

static struct seen seen;
static int client_fd;
static simul_tls_context *server_context;

static int start_server(void *fd)
{
    return simul_open_connection_fd(&ends[1], *(int *)fd,
                                    &(simul_connect_opts){.tls = server_context});
}

static simul_transport *connect_with(simul_connect_opts opts)
{
    static int fds[2];
    simul_transport *transport;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    client_fd = fds[0];
    server_context = server_with("good", (simul_tls_opts){0});
    opts.tls = client_with((simul_tls_opts){0});
    opts.server_hostname = "localhost";
    simul_task *server = simul_create_task(start_server, &fds[1]);
    int r = simul_create_connection_fd(&transport, fds[0], &tracing, &seen, &opts);
    ck_assert_msg(r == 0, "%s", simul_explain(r));
    ends_with(server, 0);
    simul_tls_context_release(server_context);
    simul_tls_context_release((simul_tls_context *)opts.tls);
    return transport;
}

/* The transport has taken all that was fed to it. */
static void until_taken(void)
{
    int n;
    do {
        ck_assert_int_eq(simul_sleep(0), 0);
        ck_assert_int_eq(ioctl(client_fd, FIONREAD, &n), 0);
    } while (n > 0);
    let_run(3);
}

/* In the middle of a ticket. */
static simul_transport *begin_transport_with(simul_connect_opts opts)
{
    simul_transport *transport = connect_with(opts);
    until_taken();
    half_comes(sm_tls_of(ends[1]->top));
    until_taken();
    ck_assert_trace("made");
    sweep_from_here();
    return transport;
}

static simul_transport *begin_transport(void)
{
    return begin_transport_with((simul_connect_opts){0});
}

static void writes_hello(simul_transport *transport)
{
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 5);
    ck_assert(!seen.lost);
}

static void until_lost(int error)
{
    if (!seen.lost)
        ck_assert_int_eq(simul_event_wait(&seen.over), 0);
    ck_assert_int_eq(seen.error, error);
}

static void release_both(simul_transport *transport)
{
    simul_transport_close(transport);
    finish(ends[1]);
    until_lost(seen.error);
    simul_transport_release(transport);
    trace_take();
}

NET_TEST(what_a_protocol_writes_is_kept_and_counts)
{
    simul_transport *transport = begin_transport();
    writes_hello(transport);
    rest_comes();
    server_reads("hello");
    until_traced();
    ck_assert_trace("data");
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    ck_assert_int_eq(simul_transport_write(transport, "second", 6), 0);
    server_reads("second");
    release_both(transport);
}

NET_TEST(what_is_kept_for_so_long_pauses_the_protocol)
{
    simul_connect_opts opts = {.high_water = 1000, .low_water = 500};
    simul_transport *transport = begin_transport_with(opts);
    pattern(sent, LARGE, 0);
    ck_assert_int_eq(simul_transport_write(transport, sent, 1000), 0);
    ck_assert_trace("");
    ck_assert_int_eq(simul_transport_write(transport, sent + 1000, 2000), 0);
    ck_assert_trace("pause");
    rest_comes();
    ck_assert_int_eq(simul_stream_readexactly(ends[1], got, 3000), 3000);
    ck_assert(is_pattern(got, 3000, 0));
    let_run(5);
    ck_assert_trace("data resume");
    release_both(transport);
}

NET_TEST(what_a_paused_protocol_writes_does_not_wait_for_it)
{
    simul_transport *transport = begin_transport();
    simul_transport_pause_reading(transport);
    writes_hello(transport);
    rest_comes();
    server_reads("hello");
    let_run(5);
    ck_assert_trace("");
    simul_transport_resume_reading(transport);
    until_traced();
    ck_assert_trace("data");
    release_both(transport);
}

NET_TEST(pausing_does_not_keep_what_was_written)
{
    simul_transport *transport = begin_transport();
    writes_hello(transport);
    simul_transport_pause_reading(transport);
    rest_comes();
    server_reads("hello");
    ck_assert_int_eq(simul_stream_write(ends[1], "more", 4), 4);
    let_run(5);
    ck_assert_trace("");
    int waits;
    ck_assert_int_eq(ioctl(client_fd, FIONREAD, &waits), 0);
    ck_assert_int_gt(waits, 0); /* no more is read than that */
    simul_transport_resume_reading(transport);
    while (seen.have < 8)
        ck_assert_int_eq(simul_sleep(0), 0);
    release_both(transport);
}

NET_TEST(a_protocols_end_is_said_behind_what_is_kept)
{
    for (int i = 0; i < 3; i++) {
        simul_transport *transport = begin_transport();
        if (i)
            simul_transport_pause_reading(transport);
        if (i < 2)
            writes_hello(transport);
        simul_transport_write_eof(transport);
        rest_comes();
        server_reads(i < 2 ? "hello" : "");
        server_reads_end();
        simul_transport_resume_reading(transport);
        release_both(transport);
        seen = (struct seen){0};
    }
}

NET_TEST(closed_a_protocols_connection_sends_what_is_kept)
{
    for (int i = 0; i < 2; i++) {
        simul_transport *transport = begin_transport();
        if (i)
            simul_transport_pause_reading(transport);
        writes_hello(transport);
        simul_transport_close(transport);
        let_run(3);
        ck_assert(!seen.lost);
        rest_comes();
        server_reads("hello");
        server_reads_end();
        ck_assert_int_eq(finish(ends[1]), 0);
        until_lost(0);
        simul_transport_release(transport);
        ck_assert_trace("lost:0");
        seen = (struct seen){0};
    }
}

NET_TEST(aborted_it_drops_what_is_kept)
{
    simul_transport *transport = begin_transport();
    writes_hello(transport);
    simul_transport_abort(transport);
    ck_assert_uint_eq(simul_transport_get_write_buffer_size(transport), 0);
    until_lost(0);
    words.tls->io.send = sm_tls_send;
    simul_stream_abort(ends[1]);
    release_both(transport);
}

/* How a protocol's connection ends when the peer does in the middle. */
static void peer_ends(simul_transport *transport, int error)
{
    ck_assert_int_eq(shutdown(simul_stream_fileno(ends[1]), SHUT_WR), 0);
    until_lost(error);
    words.tls->io.send = sm_tls_send;
    simul_stream_abort(ends[1]);
    release_both(transport);
    seen = (struct seen){0};
}

NET_TEST(a_peer_that_ends_in_the_middle_of_what_is_kept_is_an_error)
{
    simul_transport *transport = begin_transport();
    writes_hello(transport);
    peer_ends(transport, -SIMUL_ETRUNCATED);

    transport = begin_transport();
    simul_transport_pause_reading(transport);
    writes_hello(transport);
    peer_ends(transport, -SIMUL_ETRUNCATED);

    transport = begin_transport();
    writes_hello(transport);
    simul_transport_close(transport);
    peer_ends(transport, -SIMUL_ETRUNCATED);

    transport = begin_transport();
    simul_transport_close(transport);
    peer_ends(transport, 0);
}

NET_TEST(a_peer_that_stops_in_the_middle_has_his_time)
{
    simul_transport *transport =
        begin_transport_with((simul_connect_opts){.tls_shutdown_timeout = 0.005});
    writes_hello(transport);
    simul_transport_close(transport);
    until_lost(-ETIMEDOUT);
    words.tls->io.send = sm_tls_send;
    simul_stream_abort(ends[1]);
    release_both(transport);
}

NET_TEST(a_rest_that_was_changed_on_its_way_loses_the_connection)
{
    simul_transport *transport = begin_transport();
    simul_transport_pause_reading(transport);
    writes_hello(transport);
    words.data[words.done + 20] ^= 1;
    rest_comes();
    until_lost(-SIMUL_ETLS);
    simul_stream_abort(ends[1]);
    release_both(transport);
}

/* ---- the end of the run ------------------------------------------------------------------------------ */

static simul_stream *left[2];
static simul_transport *left_transport;

static void leave_streams(void)
{
    begin_without_reader();
    simul_release(start_writer(write_hello));
    simul_release(start_reader());
    words.tls->io.send = sm_tls_send;
    for (int i = 0; i < 2; i++)
        left[i] = ends[i];
}

static void leave_transport(void)
{
    left_transport = begin_transport();
    writes_hello(left_transport);
    words.tls->io.send = sm_tls_send;
    simul_stream_release(ends[1]);
}

static int leaves_all(void *unused)
{
    (void)unused;
    simul_timeout limit;
    simul_timeout_enter(&limit, harness_patience());
    leave_streams();
    leave_transport();
    ck_assert_int_eq(simul_timeout_exit(&limit, 0), 0);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_meanwhile_leaves_nothing)
{
    close_loop_under(leaves_all, NULL, NULL);
    simul_transport_release(left_transport);
    for (int i = 0; i < 2; i++)
        simul_stream_release(left[i]);
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("tls held");
}
