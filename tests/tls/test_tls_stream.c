/* SPDX-License-Identifier: MIT */
/* What streams do over TLS beyond the contract of layers (test_stream_layer): going over to
 * it, its end, and what an attacker could do to either. */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/pair.h"
#include "tls/certs.h"
#include "tls/tls.h"

enum { LARGE = 300000 };
static char sent[LARGE], got[LARGE];

static simul_stream *ends[2];

static void make_tls_pair(void)
{
    unix_pair(ends);
    tls_on_pair(ends);
}

/* With options for the client, who is ends[0]. */
static void make_tls_pair_with(simul_tls_opts opts, double shutdown_timeout)
{
    static simul_tls_context *server;
    unix_pair(ends);
    simul_tls_context *client = client_with(opts);
    server = server_with("good", (simul_tls_opts){0});
    (void)shutdown_timeout;
    struct handshake r = shake_hands(ends, client, "localhost", server);
    ck_assert_msg(r.client == 0 && r.server == 0, "%s", r.client_said);
    sm_tls_of(ends[0]->top)->shutdown_timeout = shutdown_timeout;
}

static void release_pair(void)
{
    for (int i = 0; i < 2; i++)
        simul_stream_close(ends[i]);
    for (int i = 0; i < 2; i++)
        finish(ends[i]);
}

static int start_server_tls(void *arg)
{
    simul_tls_context *server = server_with("good", (simul_tls_opts){0});
    int r = simul_stream_start_tls(arg, server, NULL);
    simul_tls_context_release(server);
    return r;
}

static int start_client_tls(void *arg)
{
    simul_tls_context *client = client_with((simul_tls_opts){0});
    int r = simul_stream_start_tls(
        arg, client, &(simul_start_tls_opts){.server_hostname = "localhost"});
    simul_tls_context_release(client);
    return r;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int read_large(void *stream)
{
    ssize_t n = simul_stream_readexactly(stream, got, LARGE);
    return n < 0 ? (int)n : 0;
}

/* S45: over TLS a file is read and written */
NET_TEST(a_file_is_sent)
{
    int file = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    pattern(sent, LARGE, 0);
    ck_assert_int_ge(file, 0);
    ck_assert_int_eq(write(file, sent, LARGE), LARGE);
    make_tls_pair();
    simul_task *task = simul_create_task(read_large, ends[1]);
    ck_assert_ptr_nonnull(task);

    ck_assert_int_eq(simul_sendfile(ends[0], file, 0, 0), LARGE);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    ck_assert_mem_eq(got, sent, LARGE);
    ck_assert_int_eq(lseek(file, 0, SEEK_CUR), LARGE);
    release_pair();
    close(file);
}

/* ---- going over to it (start_tls) ------------------------------------------------------------ */

NET_TEST(a_connection_goes_over_to_tls_in_the_middle)
{
    char *line;
    unix_pair(ends);
    ck_assert_int_eq(simul_stream_write(ends[0], "STARTTLS\n", 9), 9);
    ck_assert_int_eq(simul_stream_readline(ends[1], &line), 9);
    ck_assert_int_eq(simul_stream_write(ends[1], "go\n", 3), 3);
    ck_assert_int_eq(simul_stream_readline(ends[0], &line), 3);
    tls_on_pair(ends);
    ck_assert_int_eq(simul_stream_write(ends[1], "secret\n", 7), 7);
    ck_assert_int_eq(simul_stream_readline(ends[0], &line), 7);
    ck_assert_str_eq(line, "secret\n");
    release_pair();
}

/* gh-142352: the client was so fast that its hello came with what it said before. */
NET_TEST(what_came_too_early_is_given_to_tls)
{
    char *line;
    unix_pair(ends);
    ck_assert_int_eq(simul_stream_write(ends[0], "STARTTLS\n", 9), 9);
    simul_task *task = simul_create_task(start_client_tls, ends[0]);
    let_run(3);
    ck_assert_int_eq(simul_stream_readline(ends[1], &line), 9);
    ck_assert_int_eq(start_server_tls(ends[1]), 0);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    release_pair();
}

NET_TEST(plain_text_that_was_slipped_in_is_never_taken_for_protected)
{
    char *line;
    unix_pair(ends);
    ck_assert_int_eq(simul_stream_write(ends[0], "STARTTLS\nQUIT\n", 14), 14);
    simul_task *task = simul_create_task(start_client_tls, ends[0]);
    let_run(3);
    ck_assert_int_eq(simul_stream_readline(ends[1], &line), 9);
    ck_assert_int_eq(start_server_tls(ends[1]), -SIMUL_ETLS);
    ck_assert_int_eq(simul_stream_readline(ends[1], &line), 0);
    ck_assert_int_lt(simul_await(task), 0);
    simul_release(task);
    release_pair();
}

NET_TEST(tls_is_refused_where_it_cannot_begin)
{
    unix_pair(ends);
    simul_tls_context *client = client_with((simul_tls_opts){0});
    ck_assert_int_eq(simul_stream_start_tls(ends[0], client, NULL), -EINVAL);
    ck_assert_int_eq(simul_stream_start_tls(NULL, client, NULL), -EINVAL);
    ck_assert_int_eq(simul_stream_start_tls(ends[0], NULL, NULL), -EINVAL);
    simul_tls_context_release(client);

    static struct reading reading;
    reading = (struct reading){.stream = ends[0], .n = 5};
    simul_task *reader = simul_create_task(read_exactly_it, &reading);
    let_run(2);
    ck_assert_int_eq(start_client_tls(ends[0]), -SIMUL_ECONCURRENT);
    ck_assert_int_eq(simul_stream_write(ends[1], "still", 5), 5);
    ck_assert_int_eq(simul_await(reader), 0);
    simul_release(reader);
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    ck_assert_int_eq(start_client_tls(ends[0]), -SIMUL_ESTATE);
    simul_stream_close(ends[0]);
    ck_assert_int_eq(start_client_tls(ends[0]), -SIMUL_ESTATE);
    release_pair();
}

NET_TEST(without_tls_there_is_nothing_to_tell_of_it)
{
    simul_tls_certificate *certificate;
    unix_pair(ends);
    ck_assert_ptr_null(simul_stream_tls_version(ends[0]));
    ck_assert_ptr_null(simul_stream_tls_cipher(NULL));
    ck_assert(!simul_stream_tls_resumed(ends[0]));
    ck_assert_int_eq(simul_stream_tls_peercert(ends[0], &certificate), -SIMUL_ESTATE);
    simul_tls_certificate_release(NULL);
    release_pair();
}

/* ---- the end ------------------------------------------------------------------------------------ */

/* What is below goes, without a word of TLS. */
static void cut(simul_stream *stream)
{
    ck_assert_int_eq(shutdown(simul_stream_fileno(stream), SHUT_WR), 0);
}

NET_TEST(an_end_without_the_peers_word_is_an_error_behind_what_came)
{
    char data[8];
    make_tls_pair();
    ck_assert_int_eq(simul_stream_write(ends[1], "half", 4), 4);
    cut(ends[1]);
    ck_assert_int_eq(simul_stream_readexactly(ends[0], data, 4), 4);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(simul_stream_read(ends[0], data, 8), -SIMUL_ETRUNCATED);
    ck_assert(!simul_stream_at_eof(ends[0]));
    release_pair();
}

NET_TEST(a_record_that_was_cut_off_is_an_error_too)
{
    char data[8];
    make_tls_pair();
    ck_assert_int_eq(send(simul_stream_fileno(ends[1]), "\x17\x03\x03\x00\x50x", 6, 0),
                     6);
    cut(ends[1]);
    ck_assert_int_eq(simul_stream_read(ends[0], data, 8), -SIMUL_ETRUNCATED);
    release_pair();
}

NET_TEST(it_can_be_taken_for_the_end)
{
    char data[8];
    make_tls_pair_with((simul_tls_opts){.suppress_ragged_eofs = true}, 30);
    ck_assert_int_eq(simul_stream_write(ends[1], "half", 4), 4);
    cut(ends[1]);
    ck_assert_int_eq(simul_stream_readexactly(ends[0], data, 4), 4);
    ck_assert_int_eq(simul_stream_read(ends[0], data, 8), 0);
    ck_assert(simul_stream_at_eof(ends[0]));
    release_pair();
}

NET_TEST(bytes_that_were_changed_on_their_way_are_an_error)
{
    char data[40] = "\x17\x03\x03\x00\x20 nobody can write this without key";
    make_tls_pair();
    ck_assert_int_eq(send(simul_stream_fileno(ends[1]), data, 37, 0), 37);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(simul_stream_read(ends[0], data, 8), -SIMUL_ETLS);
    ck_assert_int_lt(simul_stream_write(ends[0], "x", 1), 0);
    ck_assert_int_eq(simul_stream_read(ends[1], data, 8), -SIMUL_ETLS); /* its alert */
    release_pair();
}

static int write_much(void *stream)
{
    ssize_t n = simul_stream_write(stream, sent, LARGE);
    return n < 0 ? (int)n : simul_stream_write_eof(stream);
}

NET_TEST(one_direction_may_end_before_the_other)
{
    char *all;
    make_tls_pair();
    pattern(sent, LARGE, 0);
    ck_assert_int_eq(simul_stream_write(ends[0], "question", 8), 8);
    ck_assert_int_eq(simul_stream_write_eof(ends[0]), 0);
    ck_assert_int_eq(simul_stream_read_all(ends[1], &all, 0), 8);
    simul_task *task = simul_create_task(write_much, ends[1]);
    ck_assert_int_eq(simul_stream_read_all(ends[0], &all, 0), LARGE);
    ck_assert(is_pattern(all, LARGE, 0));
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    release_pair();
}

NET_TEST(closing_waits_for_the_peers_answer)
{
    char data[8];
    make_tls_pair();
    simul_stream_close(ends[0]);
    let_run(10);
    ck_assert_int_ge(simul_stream_fileno(ends[0]), 0);
    ck_assert_int_eq(simul_stream_read(ends[1], data, 8), 0);
    simul_stream_close(ends[1]);
    ck_assert_int_eq(simul_stream_fileno(ends[1]),
                     -SIMUL_ESTATE); /* nothing to wait for */
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), 0);
    release_pair();
}

NET_TEST(an_answer_that_is_there_is_not_waited_for)
{
    make_tls_pair();
    simul_stream_close(ends[1]);
    let_run(3);
    simul_stream_close(ends[0]);
    ck_assert_int_eq(simul_stream_fileno(ends[0]), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_stream_wait_closed(ends[1]), 0);
    release_pair();
}

NET_TEST(what_the_peer_still_sends_is_dropped_until_it_ends)
{
    make_tls_pair();
    simul_task *task = simul_create_task(write_much, ends[1]);
    let_run(3);
    simul_stream_close(ends[0]);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), 0);
    release_pair();
}

NET_TEST(a_peer_that_never_answers_has_its_time) /* S44, Z02 */
{
    make_tls_pair_with((simul_tls_opts){0}, 0.02);
    simul_stream_close(ends[0]);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), -ETIMEDOUT);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), -ETIMEDOUT);
    release_pair();
}

NET_TEST(of_a_stream_that_nobody_holds_that_is_no_news)
{
    trace_errors();
    make_tls_pair_with((simul_tls_opts){0}, 0.01);
    simul_stream_release(ends[0]);
    char data[8];
    ck_assert_int_eq(simul_stream_read(ends[1], data, 8), 0);
    ck_assert_int_eq(simul_stream_peek(ends[1], 0, &(char *){NULL}), 0);
    while (send(simul_stream_fileno(ends[1]), "x", 1, MSG_NOSIGNAL) == 1)
        ck_assert_int_eq(simul_sleep(0.002), 0); /* until it has given up */
    ck_assert_trace("");
    simul_stream_abort(ends[1]);
    finish(ends[1]);
}

static int wait_closed(void *stream)
{
    return simul_stream_wait_closed(stream);
}

NET_TEST(who_is_cancelled_while_he_waits_for_the_answer_aborts)
{
    make_tls_pair();
    simul_stream_close(ends[0]);
    simul_task *task = simul_create_task(wait_closed, ends[0]);
    let_run(3);
    ck_assert(!simul_done(task));
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert_int_eq(simul_stream_fileno(ends[0]), -SIMUL_ESTATE);
    release_pair();
}

NET_TEST(a_reader_that_waits_is_woken_by_the_end_and_leaves_it_to_the_closer)
{
    static struct reading reading;
    make_tls_pair();
    reading = (struct reading){.stream = ends[0], .n = 10};
    simul_task *reader = simul_create_task(read_it, &reading);
    let_run(3);
    simul_stream_close(ends[0]);
    ck_assert_int_eq(simul_await(reader), 0);
    simul_release(reader);
    ck_assert_int_eq(reading.result, 0);
    char data[8];
    ck_assert_int_eq(simul_stream_read(ends[1], data, 8), 0);
    simul_stream_close(ends[1]);
    ck_assert_int_eq(simul_stream_wait_closed(ends[0]), 0);
    release_pair();
}

/* Nothing is left over: the harness looks at descriptors, the sanitizer at memory. */
static int close_and_leave(void *arg)
{
    (void)arg;
    make_tls_pair();
    simul_stream_release(ends[0]);
    return 0;
}

TEST(a_run_that_ends_before_the_answer_leaves_nothing)
{
    capture_log();
    ck_assert_int_eq(simul_run(close_and_leave, NULL), 0);
    simul_stream_release(ends[1]);
}

/* ---- buffers ----------------------------------------------------------------------------------- */

static int write_some(void *stream)
{
    ssize_t n = simul_stream_write(stream, sent, LARGE);
    return n < 0 ? (int)n : 0;
}

NET_TEST(an_idle_connection_holds_no_buffer)
{
    static struct reading reading;
    make_tls_pair();
    pattern(sent, LARGE, 0);
    simul_task *writer = simul_create_task(write_some, ends[1]);
    ck_assert_int_eq(simul_stream_readexactly(ends[0], got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ck_assert_int_eq(simul_await(writer), 0);
    simul_release(writer);

    reading = (struct reading){.stream = ends[0], .n = 10};
    simul_task *reader = simul_create_task(read_it, &reading);
    let_run(3);
    ck_assert_ptr_null(sm_tls_of(ends[0]->top)->kept);
    ck_assert_ptr_null(ends[0]->in);
    simul_cancel(reader);
    ck_assert_int_eq(simul_await(reader), -ECANCELED);
    simul_release(reader);
    release_pair();
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("tls stream");
}
