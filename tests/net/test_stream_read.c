/* SPDX-License-Identifier: MIT */
/* Reading from streams (S34; R01 to R06). */
#include "net/pair.h"
#include "support/sweep.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- reading what is there, exactly, up to a separator (R01) ------------------------------ */

static void ck_line(simul_stream *stream, const char *expected)
{
    char *line = NULL;
    ck_assert_int_eq(simul_stream_readline(stream, &line), (ssize_t)strlen(expected));
    ck_assert_str_eq(line, expected);
}

NET_TEST(lines_are_read_one_by_one_and_the_last_may_lack_its_end)
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "a\n\nb\ntail");
    close(peer);

    ck_line(stream, "a\n");
    ck_line(stream, "\n");
    ck_line(stream, "b\n");
    ck_assert(!simul_stream_at_eof(stream));
    ck_line(stream, "tail");
    ck_assert(simul_stream_at_eof(stream));
    ck_line(stream, "");
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(readuntil_takes_the_separator_and_no_more)
{
    int peer;
    char *data, rest[8];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "ab|c|-|-de");

    ck_assert_int_eq(simul_stream_readuntil(stream, "|", 1, &data), 3);
    ck_assert_str_eq(data, "ab|");
    ck_assert_int_eq(simul_stream_readuntil(stream, "|-|", 3, &data), 4);
    ck_assert_str_eq(data, "c|-|");
    ck_assert_int_eq(simul_stream_read(stream, rest, sizeof rest), 3);
    ck_assert_mem_eq(rest, "-de", 3);
    ck_assert_int_eq(simul_stream_readuntil(stream, "", 0, &data), -EINVAL);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

static int feed_slowly(void *peer)
{
    static const char text[] = "one--two-";
    for (const char *c = text; *c; c++) {
        feed_bytes(*(int *)peer, c, 1);
        simul_sleep(0);
        simul_sleep(0);
    }
    feed(*(int *)peer, "-");
    return 0;
}

NET_TEST(a_separator_that_comes_in_pieces_is_found) /* S34 */
{
    int peer;
    char *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(feed_slowly, &peer);

    ck_assert_int_eq(simul_stream_readuntil(stream, "--", 2, &data), 5);
    ck_assert_str_eq(data, "one--");
    ck_assert_int_eq(simul_stream_readuntil(stream, "--", 2, &data), 5);
    ck_assert_str_eq(data, "two--");
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(the_end_before_enough_gives_what_had_come)
{
    int peer;
    char buf[8], *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "xyz");
    close(peer);

    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 5), -SIMUL_EINCOMPLETE);
    ck_assert_uint_eq(simul_stream_partial(stream), 3);
    ck_assert_mem_eq(buf, "xyz", 3);
    ck_assert(simul_stream_at_eof(stream));
    ck_assert_int_eq(simul_stream_readuntil(stream, "|", 1, &data), -SIMUL_EINCOMPLETE);
    ck_assert_uint_eq(simul_stream_partial(stream), 0);
    ck_assert_str_eq(data, "");
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(the_end_before_the_separator_gives_all_that_was_left) /* S34 */
{
    int peer;
    char buf[8], *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "no sep");
    close(peer);

    ck_assert_int_eq(simul_stream_readuntil(stream, "|", 1, &data), -SIMUL_EINCOMPLETE);
    ck_assert_uint_eq(simul_stream_partial(stream), 6);
    ck_assert_str_eq(data, "no sep");
    ck_assert_int_eq(simul_stream_read(stream, buf, sizeof buf), 0);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(read_takes_at_most_what_is_asked_and_nothing_for_nothing)
{
    int peer;
    char buf[16], *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "abc");

    ck_assert_int_eq(simul_stream_read(stream, buf, 2), 2);
    ck_assert_mem_eq(buf, "ab", 2);
    ck_assert_int_eq(simul_stream_read(stream, buf, 0), 0);
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 0), 0);
    close(peer);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), 1);
    ck_assert_str_eq(data, "c");
    ck_assert_int_eq(simul_stream_read(stream, buf, 9), 0);
    ck_assert(simul_stream_at_eof(stream));
    ck_assert_int_eq(finish(stream), 0);
}

/* ---- limits (R02) -------------------------------------------------------------------------- */

NET_TEST(over_the_limit_the_data_stays_and_can_be_read) /* S34 */
{
    int peer;
    char buf[16], *data;
    simul_stream *stream = stream_and_peer(&peer, &(simul_connect_opts){.limit = 4});
    feed(peer, "123456789|rest");

    ck_assert_int_eq(simul_stream_readuntil(stream, "|", 1, &data), -SIMUL_ELIMIT);
    ck_assert_uint_eq(simul_stream_partial(stream), 9);
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 9), 9);
    ck_assert_mem_eq(buf, "123456789", 9);
    ck_assert_int_eq(simul_stream_readuntil(stream, "|", 1, &data), 1);
    ck_assert_str_eq(data, "|");
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(the_beginning_of_a_separator_is_not_counted_as_consumed)
{
    int peer;
    char *data;
    simul_stream *stream = stream_and_peer(&peer, &(simul_connect_opts){.limit = 4});
    feed(peer, "12345678");

    ck_assert_int_eq(simul_stream_readuntil(stream, "||", 2, &data), -SIMUL_ELIMIT);
    ck_assert_uint_eq(simul_stream_partial(stream), 7);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(a_line_of_the_limit_is_read_and_a_longer_one_dropped) /* S34 */
{
    int peer;
    char *line;
    simul_stream *stream = stream_and_peer(&peer, &(simul_connect_opts){.limit = 4});
    feed(peer, "four\ntoo long line\nok\n");

    ck_line(stream, "four\n");
    ck_assert_int_eq(simul_stream_readline(stream, &line), -SIMUL_ELIMIT);
    ck_line(stream, "ok\n");
    feed(peer, "too long, no newline");
    ck_assert_int_eq(simul_stream_readline(stream, &line), -SIMUL_ELIMIT);
    close(peer);
    ck_assert_int_eq(simul_stream_read_all(stream, &line, 0), 0);
    ck_assert_str_eq(line, "");
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(the_limit_does_not_bound_what_is_asked_for_in_bytes) /* S34 */
{
    int peer;
    char buf[20], *data;
    simul_stream *stream = stream_and_peer(&peer, &(simul_connect_opts){.limit = 4});
    feed(peer, "xxxxxxxxxxxxxxxxxxxx");

    ck_assert_int_eq(simul_stream_peek(stream, 5, &data), -SIMUL_ELIMIT);
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 20), 20);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(read_all_is_bounded_if_asked_and_keeps_what_has_come)
{
    int peer;
    char *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "0123456789");
    close(peer);

    ck_assert_int_eq(simul_stream_read_all(stream, &data, 9), -SIMUL_ETOOLARGE);
    ck_assert_int_eq(simul_stream_read_all(stream, &data, 10), 10);
    ck_assert_str_eq(data, "0123456789");
    ck_assert_int_eq(finish(stream), 0);
}

/* ---- one reader (R04) ----------------------------------------------------------------------- */

NET_TEST(a_second_reader_is_refused_and_the_first_undisturbed)
{
    int peer;
    char *line;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 1};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(1);
    ck_assert(!simul_done(task));

    ck_assert_int_eq(simul_stream_readline(stream, &line), -SIMUL_ECONCURRENT);
    ck_assert_int_eq(simul_stream_consume(stream, 0), -SIMUL_ECONCURRENT);
    feed(peer, "x");
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(reading.result, 1);
    simul_release(task);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

/* ---- cancel safety (R05) ---------------------------------------------------------------------- */

NET_TEST(a_cancelled_readexactly_loses_nothing) /* S34 */
{
    int peer;
    char buf[4];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 4};
    simul_task *task = simul_create_task(read_exactly_it, &reading);
    let_run(1);
    feed(peer, "ab");
    let_run(3);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    feed(peer, "cd");
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 4), 4);
    ck_assert_mem_eq(buf, "abcd", 4);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

/* The cancel comes in the pass in which the bytes have come, before the task runs: asked
 * for by a callback that is called between the two. */
struct race {
    int peer;
    simul_task *task;
};

static void feed_and_cancel(void *arg)
{
    struct race *race = arg;
    feed(race->peer, "abcdefgh");
    simul_cancel(race->task);
}

static int wait_for_bytes(void *arg)
{
    struct reading *reading = arg;
    char buf[4096];
    reading->result = simul_stream_read(reading->stream, buf, sizeof buf);
    return (int)reading->result;
}

static void ck_race(simul_fn *fn)
{
    int peer;
    char buf[16];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 8};
    struct race race = {peer, simul_create_task(fn, &reading)};
    let_run(2);
    ck_assert_int_eq(simul_add_writer(NULL, peer, feed_and_cancel, &race), 0);
    while (!simul_done(race.task))
        ck_assert_int_eq(simul_sleep(0), 0);
    simul_remove_writer(NULL, peer);

    ck_assert_int_eq(simul_await(race.task), -ECANCELED);
    ck_assert_int_eq(reading.result, -ECANCELED);
    ck_assert_int_ge(simul_stream_readexactly(stream, buf, 8), 8);
    ck_assert_mem_eq(buf, "abcdefgh", 8);
    simul_release(race.task);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

NET_TEST(bytes_that_come_with_a_cancel_wait_for_the_next_read)
{
    ck_race(wait_for_bytes);
    ck_race(read_it);
    ck_race(read_exactly_it);
}

static void cancel_it(void *task)
{
    simul_cancel(task);
}

static int feeder(void *peer)
{
    feed(*(int *)peer, "late");
    return 0;
}

/* Here they have been received already, into the reader's memory. */
NET_TEST(bytes_that_were_received_before_the_cancel_are_put_back)
{
    int peer;
    char buf[16];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 8};
    simul_task *task = simul_create_task(wait_for_bytes, &reading);
    let_run(2);

    /* The poller completes the read in a pass of its own; the cancel is called in it,
     * before the task's turn. */
    simul_task *feeding = simul_create_task(feeder, &peer);
    let_run(1);
    ck_assert_int_eq(simul_call_soon(NULL, cancel_it, task, NULL), 0);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(reading.result, -ECANCELED);
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 4), 4);
    ck_assert_mem_eq(buf, "late", 4);
    simul_release(feeding);
    simul_release(task);
    close(peer);
    ck_assert_int_eq(finish(stream), 0);
}

static int read_within(void *arg)
{
    struct reading *reading = arg;
    reading->result = simul_within(
        0.02, simul_stream_readexactly(reading->stream, reading->data, reading->n));
    return 0;
}

/* A read on a socket holds the virtual clock, so the time-out takes its time on either. */
static int timed_main(void *unused)
{
    int peer;
    char buf[8];
    (void)unused;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 8};
    feed(peer, "abc");
    ck_assert_int_eq(read_within(&reading), 0);
    ck_assert_int_eq(reading.result, -ETIMEDOUT);
    feed(peer, "defgh");
    ck_assert_int_eq(simul_stream_readexactly(stream, buf, 8), 8);
    ck_assert_mem_eq(buf, "abcdefgh", 8);
    close(peer);
    return finish(stream);
}

TEST(a_read_that_times_out_loses_nothing)
{
    ck_assert_int_eq(simul_run(timed_main, NULL), 0);
    ck_assert_int_eq(run_like_asyncio(timed_main, NULL), 0);
}

/* ---- large amounts ---------------------------------------------------------------------------- */

enum { LARGE_MAX = 3 << 20 };
#define LARGE (sweep_wanted() ? 512 << 10 : LARGE_MAX)

struct source {
    int peer;
    size_t step;
};

static int pour(void *arg)
{
    struct source *source = arg;
    simul_stream *out;
    char data[50000];
    ck_assert_int_eq(simul_open_connection_fd(&out, source->peer, NULL), 0);
    for (size_t at = 0; at < LARGE; at += source->step) {
        size_t n = at + source->step < LARGE ? source->step : LARGE - at;
        pattern(data, n, at);
        ck_assert_int_eq(simul_stream_write(out, data, n), (ssize_t)n);
    }
    return finish(out);
}

NET_TEST(large_amounts_arrive_whole_however_they_are_read)
{
    static char all[LARGE_MAX];
    static const size_t steps[] = {1000, 4097, 50000};
    for (int way = 0; way < 3; way++) {
        struct source source = {.step = steps[way]};
        char *data;
        size_t have = 0;
        ssize_t n = 1;
        simul_stream *stream = stream_and_peer(&source.peer, NULL);
        simul_task *task = simul_create_task(pour, &source);
        if (way == 0) {
            ck_assert_int_eq(simul_stream_readexactly(stream, all, LARGE), LARGE);
            ck_assert(is_pattern(all, LARGE, 0));
        } else if (way == 1) {
            ck_assert_int_eq(simul_stream_read_all(stream, &data, 0), LARGE);
            ck_assert(is_pattern(data, LARGE, 0));
        } else {
            for (; n > 0; have += (size_t)n) {
                size_t ask = have % 3 == 0 ? 100 : 70000;
                n = simul_stream_read(stream, all, ask);
                ck_assert_int_ge(n, 0);
                ck_assert(is_pattern(all, (size_t)n, have));
            }
            ck_assert_uint_eq(have, LARGE);
        }
        ck_assert_int_eq(simul_await(task), 0);
        simul_release(task);
        ck_assert_int_eq(finish(stream), 0);
    }
}

static int lines(void)
{
    return sweep_wanted() ? 200 : 20000;
}

static int pour_lines(void *arg)
{
    int peer = *(int *)arg;
    simul_stream *out;
    char line[512];
    ck_assert_int_eq(simul_open_connection_fd(&out, peer, NULL), 0);
    for (int i = 0; i < lines(); i++) {
        int n = snprintf(line, sizeof line, "%d %*d\n", i, i % 300, i);
        ck_assert_int_eq(simul_stream_write(out, line, (size_t)n), n);
    }
    return finish(out);
}

NET_TEST(twenty_thousand_lines_arrive_in_order)
{
    int peer;
    char *line;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(pour_lines, &peer);
    for (int i = 0; i < lines(); i++) {
        ck_assert_int_gt(simul_stream_readline(stream, &line), 2);
        ck_assert_int_eq(atoi(line), i);
    }
    ck_assert_int_eq(simul_stream_readline(stream, &line), 0);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    ck_assert_int_eq(finish(stream), 0);
}

/* ---- looking ------------------------------------------------------------------------------------ */

NET_TEST(peek_shows_and_consume_takes)
{
    int peer;
    char *data;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    feed(peer, "GET / x");

    ck_assert_int_eq(simul_stream_peek(stream, 0, &data), 7);
    ck_assert_str_eq(data, "GET / x");
    ck_assert_int_eq(simul_stream_consume(stream, 8), -EINVAL);
    ck_assert_int_eq(simul_stream_consume(stream, 4), 0);
    ck_assert_str_eq(data, "GET / x");
    feed(peer, "yz");
    ck_assert_int_eq(simul_stream_peek(stream, 4, &data), 5);
    ck_assert_str_eq(data, "/ xyz");
    ck_assert_int_eq(simul_stream_consume(stream, 5), 0);
    close(peer);
    ck_assert_int_eq(simul_stream_peek(stream, 4, &data), 0);
    ck_assert_str_eq(data, "");
    ck_assert_int_eq(finish(stream), 0);
}

/* ---- errors ---------------------------------------------------------------------------------------- */

NET_TEST(a_reset_connection_says_so_again_and_again)
{
    char buf[8];
    simul_stream *pair[2];
    tcp_pair(pair, NULL);
    ck_assert_int_eq(simul_stream_write(pair[0], "unread", 6), 6);
    simul_stream_close(pair[1]);
    ck_assert_int_eq(finish(pair[1]), 0);

    ck_assert_int_eq(simul_stream_read(pair[0], buf, sizeof buf), -ECONNRESET);
    ck_assert_int_eq(simul_stream_read(pair[0], buf, sizeof buf), -ECONNRESET);
    ck_assert(simul_stream_is_closing(pair[0]));
    simul_stream_release(pair[0]);
}

static int reads_nothing(void *stream)
{
    char buf[8];
    ck_assert_int_eq(simul_stream_read(stream, buf, sizeof buf), 0);
    return 0;
}

NET_TEST(closing_ends_a_read_that_waits_with_the_end_of_the_stream)
{
    int peer;
    char buf[8];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(reads_nothing, stream);
    let_run(2);

    simul_stream_close(stream);
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(simul_stream_read(stream, buf, sizeof buf), 0);
    simul_release(task);
    simul_stream_release(stream);
    close(peer);
}

NET_TEST(aborting_ends_a_read_that_waits_with_an_error)
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 8};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(2);

    simul_stream_abort(stream);
    ck_assert_int_eq(simul_await(task), -ECONNABORTED);
    ck_assert_int_eq(simul_stream_read(stream, reading.data, 8), -ECONNABORTED);
    simul_release(task);
    simul_stream_release(stream);
    close(peer);
}

NET_TEST(a_stream_may_be_released_while_a_task_reads_from_it)
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    simul_task *task = simul_create_task(reads_nothing, stream);
    let_run(2);

    simul_stream_release(stream);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    close(peer);
}

TEST(outside_of_a_task_reading_is_refused)
{
    char buf[8];
    ck_assert_int_eq(simul_stream_read(NULL, buf, sizeof buf), -EINVAL);
    ck_assert_int_eq(simul_open_connection_fd(&(simul_stream *){NULL}, 0, NULL),
                     -SIMUL_ENOLOOP);
}

HARNESS_MAIN_BACKEND("stream_read")
