/* SPDX-License-Identifier: MIT */
/* Writing to streams: back-pressure, turns, cancels, half-close, the end (S35 to S37). */
#include "net/pair.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 1 << 20, HIGH = 64 << 10 };

static char large[LARGE], got[LARGE];

/* A write that a task of its own makes. */
struct writing {
    simul_stream *stream;
    const char *data;
    size_t n;
    ssize_t result;
};

static int write_it(void *arg)
{
    struct writing *writing = arg;
    writing->result = simul_stream_write(writing->stream, writing->data, writing->n);
    return writing->result < 0 ? (int)writing->result : 0;
}

/* Write small pieces until a write has to wait; the task that does. How many bytes were
 * taken is in *taken. */
static simul_task *fill_up(struct writing *writing, simul_stream *stream, size_t *taken)
{
    *writing = (struct writing){.stream = stream, .n = 8192};
    *taken = 0;
    for (;;) {
        writing->data = large + *taken;
        simul_task *task = simul_create_task(write_it, writing);
        let_run(2);
        if (!simul_done(task))
            return task;
        ck_assert_int_eq(simul_await(task), 0);
        ck_assert_int_eq(writing->result, 8192);
        *taken += 8192;
        simul_release(task);
    }
}

static void prepare(simul_stream *pair[2])
{
    pattern(large, LARGE, 0);
    tcp_pair(pair, NULL);
}

static void finish_both(simul_stream *pair[2])
{
    finish(pair[0]);
    finish(pair[1]);
}

/* Let the clock of the kernel's TCP go on, until something is so. */
static bool soon(bool (*is_so)(void *arg), void *arg)
{
    for (int i = 0; i < 2000 && !is_so(arg); i++)
        usleep(1000), let_run(2);
    return is_so(arg);
}

static bool is_done(void *task)
{
    return simul_done(task);
}

/* ---- back-pressure ------------------------------------------------------------------------ */

NET_TEST(
    a_write_waits_when_the_peer_does_not_read_and_keeps_no_more_than_high_water) /* S35 */
{
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);

    ck_assert_uint_gt(simul_stream_write_buffer_size(pair[0]), HIGH - 8192);
    ck_assert_uint_le(simul_stream_write_buffer_size(pair[0]), HIGH);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, taken + 8192),
                     (ssize_t)taken + 8192);
    ck_assert(is_pattern(got, taken + 8192, 0));
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_uint_eq(simul_stream_write_buffer_size(pair[0]), 0);
    simul_release(task);
    finish_both(pair);
}

NET_TEST(a_large_write_keeps_high_water_at_most_and_arrives_whole)
{
    simul_stream *pair[2];
    prepare(pair);
    struct writing writing = {.stream = pair[0], .data = large, .n = LARGE};
    simul_task *task = simul_create_task(write_it, &writing);
    for (size_t at = 0; at < LARGE;) {
        ssize_t n = simul_stream_read(pair[1], got, 100000);
        ck_assert_int_gt(n, 0);
        ck_assert(is_pattern(got, (size_t)n, at));
        ck_assert_uint_le(simul_stream_write_buffer_size(pair[0]), HIGH);
        at += (size_t)n;
    }
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(writing.result, LARGE);
    simul_release(task);
    finish_both(pair);
}

NET_TEST(writers_take_turns_and_their_pieces_stay_whole)
{
    enum { WRITERS = 5, PIECE = 150000 };
    simul_stream *pair[2];
    struct writing writings[WRITERS];
    simul_task *tasks[WRITERS];
    static char pieces[WRITERS][PIECE];
    prepare(pair);
    for (int i = 0; i < WRITERS; i++) {
        size_t n = i % 2 ? 3000 : PIECE;
        memset(pieces[i], 'a' + i, n);
        writings[i] = (struct writing){.stream = pair[0], .data = pieces[i], .n = n};
        tasks[i] = simul_create_task(write_it, &writings[i]);
    }

    for (int i = 0; i < WRITERS; i++) {
        ck_assert_int_eq(simul_stream_readexactly(pair[1], got, writings[i].n),
                         (ssize_t)writings[i].n);
        ck_assert_mem_eq(got, pieces[i], writings[i].n);
    }
    ck_assert_int_eq(simul_gather(tasks, WRITERS, 0), 0);
    simul_release_all(tasks, WRITERS);
    finish_both(pair);
}

NET_TEST(many_pieces_arrive_in_order_as_one)
{
    enum { PIECES = 100 };
    simul_stream *pair[2];
    struct iovec iov[PIECES];
    size_t at = 0;
    prepare(pair);
    for (int i = 0; i < PIECES; i++) {
        size_t n = i % 7 == 0 ? 0 : (size_t)i * 10;
        iov[i] = (struct iovec){large + at, n};
        at += n;
    }

    ck_assert_int_eq(simul_stream_writev(pair[0], iov, PIECES), (ssize_t)at);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, at), (ssize_t)at);
    ck_assert(is_pattern(got, at, 0));
    ck_assert_int_eq(simul_stream_writev(pair[0], iov, 0), 0);
    ck_assert_int_eq(simul_stream_writev(pair[0], iov, -1), -EINVAL);
    ck_assert_int_eq(simul_stream_writev(pair[0], iov, 1025), -EINVAL);
    ck_assert_int_eq(simul_stream_write(pair[0], NULL, 0), 0);
    finish_both(pair);
}

static int writev_large(void *arg)
{
    struct writing *writing = arg;
    struct iovec iov[3] = {{large, 100}, {large + 100, LARGE / 2}, {NULL, 0}};
    iov[2] = (struct iovec){large + 100 + LARGE / 2, LARGE / 2 - 100};
    writing->result = simul_stream_writev(writing->stream, iov, 3);
    return 0;
}

NET_TEST(large_pieces_are_cut_and_joined_where_the_kernel_pleases)
{
    simul_stream *pair[2];
    prepare(pair);
    struct writing writing = {.stream = pair[0]};
    simul_task *task = simul_create_task(writev_large, &writing);

    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, LARGE), LARGE);
    ck_assert(is_pattern(got, LARGE, 0));
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(writing.result, LARGE);
    simul_release(task);
    finish_both(pair);
}

/* ---- cancelling ----------------------------------------------------------------------------- */

NET_TEST(a_write_cancelled_while_it_waits_for_room_has_written_nothing)
{
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(writing.result, -ECANCELED);
    simul_release(task);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, taken), (ssize_t)taken);
    ck_assert_int_eq(simul_stream_write(pair[0], "end", 3), 3);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, 3), 3);
    ck_assert_mem_eq(got, "end", 3);
    finish_both(pair);
}

/* Three writers in a line: the first waits for room, the others have four bytes each. */
struct line {
    struct writing writings[3];
    simul_task *tasks[3];
    size_t taken; /* before them */
};

static void line_up(struct line *line, simul_stream *stream)
{
    static const char *const texts[] = {NULL, "2222", "3333"};
    line->tasks[0] = fill_up(&line->writings[0], stream, &line->taken);
    for (int i = 1; i < 3; i++) {
        line->writings[i] =
            (struct writing){.stream = stream, .data = texts[i], .n = 4};
        line->tasks[i] = simul_create_task(write_it, &line->writings[i]);
    }
    let_run(2);
}

/* The peer gets n bytes, and then the third one's. */
static void ck_assert_third_passed(simul_stream *peer, size_t n)
{
    ck_assert_int_eq(simul_stream_readexactly(peer, got, n + 4), (ssize_t)n + 4);
    ck_assert_mem_eq(got + n, "3333", 4);
}

static void end_line(struct line *line, const int ends[3])
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(simul_await(line->tasks[i]), ends[i]);
        simul_release(line->tasks[i]);
    }
}

NET_TEST(a_writer_cancelled_in_the_line_lets_the_next_pass)
{
    simul_stream *pair[2];
    struct line line;
    prepare(pair);
    line_up(&line, pair[0]);

    simul_cancel(line.tasks[1]);
    ck_assert_third_passed(pair[1], line.taken + 8192);
    end_line(&line, (int[]){0, -ECANCELED, 0});
    finish_both(pair);
}

NET_TEST(a_writer_cancelled_as_its_turn_comes_passes_it_on)
{
    simul_stream *pair[2];
    struct line line;
    prepare(pair);
    line_up(&line, pair[0]);

    simul_cancel(line.tasks[0]);
    let_run(1); /* it gives its turn to the second */
    simul_cancel(line.tasks[1]);
    ck_assert_third_passed(pair[1], line.taken);
    end_line(&line, (int[]){-ECANCELED, -ECANCELED, 0});
    finish_both(pair);
}

NET_TEST(a_large_write_cancelled_halfway_breaks_the_stream)
{
    simul_stream *pair[2];
    prepare(pair);
    struct writing writing = {.stream = pair[0], .data = large, .n = LARGE};
    simul_task *task = simul_create_task(write_it, &writing);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, 100000), 100000);
    let_run(3);

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -SIMUL_EBROKEN);
    simul_release(task);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_EBROKEN);
    ck_assert_int_eq(simul_stream_drain(pair[0]), -SIMUL_EBROKEN);
    ck_assert_int_eq(simul_stream_write_eof(pair[0]), -SIMUL_EBROKEN);
    ck_assert(simul_stream_is_closing(pair[0]));

    /* The other direction is whole. */
    ck_assert_int_eq(simul_stream_write(pair[1], "yes", 3), 3);
    ck_assert_int_eq(simul_stream_readexactly(pair[0], got, 3), 3);
    ck_assert_int_eq(finish(pair[0]), -SIMUL_EBROKEN);
    ssize_t n;
    while ((n = simul_stream_read(pair[1], got, LARGE)) > 0)
        ;
    ck_assert_int_eq(n, -ECONNRESET); /* not the end of the stream */
    finish(pair[1]);
}

NET_TEST(a_large_write_cancelled_before_its_first_byte_breaks_nothing)
{
    simul_stream *pair[2];
    struct writing small, writing;
    size_t taken;
    prepare(pair);
    simul_task *filler = fill_up(&small, pair[0], &taken);
    writing = (struct writing){.stream = pair[0], .data = large, .n = LARGE};
    simul_task *task = simul_create_task(write_it, &writing);
    let_run(2);
    simul_cancel(filler);
    let_run(2); /* now it has the turn, and waits for room */

    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, taken), (ssize_t)taken);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), 1);
    simul_release(filler);
    simul_release(task);
    finish_both(pair);
}

/* ---- drain -------------------------------------------------------------------------------------- */

static int drain(void *stream)
{
    return simul_stream_drain(stream);
}

NET_TEST(drain_waits_until_all_is_sent_and_any_number_may) /* S35 */
{
    simul_stream *pair[2];
    struct writing writing;
    simul_task *drains[3];
    size_t taken;
    prepare(pair);
    ck_assert_int_eq(simul_stream_drain(pair[0]), 0);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_cancel(task);
    for (int i = 0; i < 3; i++)
        drains[i] = simul_create_task(drain, pair[0]);
    let_run(3);

    ck_assert(!simul_done(drains[0]) && !simul_done(drains[1])
              && !simul_done(drains[2]));
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, taken), (ssize_t)taken);
    ck_assert_int_eq(simul_gather(drains, 3, 0), 0);
    ck_assert_uint_eq(simul_stream_write_buffer_size(pair[0]), 0);
    simul_release_all(drains, 3);
    simul_release(task);
    finish_both(pair);
}

NET_TEST(drain_fails_when_the_connection_is_lost) /* X04, S35 */
{
    simul_stream *pair[2];
    struct writing writing;
    simul_task *drains[3];
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    for (int i = 0; i < 3; i++)
        drains[i] = simul_create_task(drain, pair[0]);
    let_run(3);

    simul_stream_abort(pair[1]);
    for (int i = 0; i < 3; i++) {
        ck_assert(soon(is_done, drains[i]));
        ck_assert_int_eq(simul_error(drains[i]), -ECONNRESET);
    }
    ck_assert_int_eq(simul_await(task), -ECONNRESET);
    ck_assert_int_eq(simul_stream_drain(pair[0]), -ECONNRESET);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -ECONNRESET);
    simul_release_all(drains, 3);
    simul_release(task);
    ck_assert_int_eq(finish(pair[0]), -ECONNRESET);
    simul_stream_release(pair[1]);
}

/* ---- half-close ----------------------------------------------------------------------------------- */

NET_TEST(the_peer_answers_after_the_end_of_what_it_read) /* X01, S37 */
{
    char *data;
    simul_stream *pair[2];
    prepare(pair);
    ck_assert_int_eq(simul_stream_write(pair[0], "hello", 5), 5);
    ck_assert_int_eq(simul_stream_write_eof(pair[0]), 0);
    ck_assert_int_eq(simul_stream_write_eof(pair[0]), 0);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_ESTATE);

    ck_assert_int_eq(simul_stream_read_all(pair[1], &data, 0), 5);
    ck_assert_int_eq(simul_stream_write(pair[1], "HELLO", 5), 5);
    ck_assert_int_eq(finish(pair[1]), 0);
    ck_assert_int_eq(simul_stream_read_all(pair[0], &data, 0), 5);
    ck_assert_str_eq(data, "HELLO");
    ck_assert_int_eq(finish(pair[0]), 0);
}

NET_TEST(a_connection_that_was_reset_has_no_end_to_say)
{
    simul_stream *pair[2];
    prepare(pair);
    ck_assert_int_eq(simul_stream_write(pair[0], "unread", 6), 6);
    simul_stream_abort(pair[1]);
    ck_assert_int_eq(simul_stream_wait_closed(pair[1]), 0);

    ck_assert_int_eq(simul_stream_write_eof(pair[0]), -ECONNRESET);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(finish(pair[0]), -ECONNRESET);
    simul_stream_release(pair[1]);
}

NET_TEST(the_end_comes_after_what_was_kept) /* S37 */
{
    char *data;
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_cancel(task);
    let_run(1);

    ck_assert_int_eq(simul_stream_write_eof(pair[0]), 0);
    ck_assert_int_eq(simul_stream_read_all(pair[1], &data, 0), (ssize_t)taken);
    ck_assert(is_pattern(data, taken, 0));
    simul_release(task);
    finish_both(pair);
}

NET_TEST(the_end_comes_after_a_write_that_is_under_way)
{
    char *data;
    simul_stream *pair[2];
    prepare(pair);
    struct writing writing = {.stream = pair[0], .data = large, .n = LARGE};
    simul_task *task = simul_create_task(write_it, &writing);
    let_run(2);

    ck_assert(!simul_done(task));
    ck_assert_int_eq(simul_stream_write_eof(pair[0]), 0);
    ck_assert_int_eq(simul_stream_read_all(pair[1], &data, 0), LARGE);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    finish_both(pair);
}

/* ---- closing ---------------------------------------------------------------------------------------- */

static int wait_closed(void *stream)
{
    return simul_stream_wait_closed(stream);
}

NET_TEST(closing_sends_what_was_kept_and_wait_closed_waits_for_it) /* S36 */
{
    char *data;
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *early = simul_create_task(wait_closed, pair[0]);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_stream_close(pair[0]);
    simul_stream_close(pair[0]);
    simul_task *late = simul_create_task(wait_closed, pair[0]);
    let_run(3);

    ck_assert_int_eq(simul_await(task), -SIMUL_ESTATE);
    ck_assert(simul_stream_is_closing(pair[0]));
    ck_assert(!simul_done(early) && !simul_done(late));
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_stream_read_all(pair[1], &data, 0), (ssize_t)taken);
    ck_assert(is_pattern(data, taken, 0));
    ck_assert_int_eq(simul_await(early), 0);
    ck_assert_int_eq(simul_await(late), 0);
    simul_release(task);
    simul_release(early);
    simul_release(late);
    finish_both(pair);
}

NET_TEST(a_stream_that_is_released_still_sends_what_was_kept)
{
    char *data;
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_cancel(task);
    let_run(1);
    simul_stream_release(pair[0]);

    ck_assert_int_eq(simul_stream_read_all(pair[1], &data, 0), (ssize_t)taken);
    simul_release(task);
    ck_assert_int_eq(finish(pair[1]), 0);
}

NET_TEST(an_error_after_the_release_goes_to_the_exception_handler)
{
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    trace_errors();
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_cancel(task);
    let_run(1);
    simul_stream_release(pair[0]);
    simul_stream_abort(pair[1]);
    simul_stream_release(pair[1]);
    until_traced();

    ck_assert_trace("(ECONNRESET: a stream could not send all that was written to it)");
    simul_release(task);
}

NET_TEST(aborting_drops_what_was_kept_and_resets) /* S36 */
{
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    ssize_t n;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_task *drains = simul_create_task(drain, pair[0]);
    let_run(2);
    simul_stream_abort(pair[0]);
    simul_stream_abort(pair[0]);

    ck_assert_int_eq(simul_await(task), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_await(drains), -ECONNABORTED);
    ck_assert_int_eq(simul_stream_wait_closed(pair[0]), 0);
    while ((n = simul_stream_read(pair[1], got, LARGE)) > 0)
        ;
    ck_assert_int_eq(n, -ECONNRESET);
    simul_release(task);
    simul_release(drains);
    finish_both(pair);
}

NET_TEST(aborting_with_nothing_to_send_ends_the_stream_in_peace)
{
    simul_stream *pair[2];
    prepare(pair);
    ck_assert_int_eq(simul_stream_write(pair[0], "all", 3), 3);
    simul_stream_abort(pair[0]);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, 3), 3);
    ck_assert_int_eq(simul_stream_read(pair[1], got, 1), 0);
    finish_both(pair);
}

NET_TEST(abort_cuts_a_close_short)
{
    simul_stream *pair[2];
    struct writing writing;
    size_t taken;
    prepare(pair);
    simul_task *task = fill_up(&writing, pair[0], &taken);
    simul_stream_close(pair[0]);
    let_run(2);
    ck_assert_int_lt(simul_await(task), 0);

    simul_stream_abort(pair[0]);
    ck_assert_int_eq(simul_stream_wait_closed(pair[0]), 0);
    simul_release(task);
    finish_both(pair);
}

NET_TEST(closing_in_the_middle_of_a_large_write_breaks_it)
{
    simul_stream *pair[2];
    ssize_t n;
    prepare(pair);
    struct writing writing = {.stream = pair[0], .data = large, .n = LARGE};
    simul_task *task = simul_create_task(write_it, &writing);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], got, 50000), 50000);
    let_run(2);
    simul_stream_close(pair[0]);

    ck_assert_int_eq(simul_await(task), -SIMUL_EBROKEN);
    ck_assert_int_eq(simul_stream_wait_closed(pair[0]), -SIMUL_EBROKEN);
    while ((n = simul_stream_read(pair[1], got, LARGE)) > 0)
        ;
    ck_assert_int_eq(n, -ECONNRESET);
    simul_release(task);
    finish_both(pair);
}

/* A task that was cancelled closes: wait_closed() is a cleanup scope. */
static int close_when_cancelled(void *arg)
{
    struct writing *writing = arg;
    ck_assert_int_eq(simul_sleep(INFINITY), -ECANCELED);
    simul_stream_close(writing->stream);
    writing->result = simul_stream_wait_closed(writing->stream);
    ck_assert_int_eq(simul_sleep(0), -ECANCELED); /* sticky again */
    return -ECANCELED;
}

NET_TEST(a_cancelled_task_can_wait_for_the_close_until_it_is_cancelled_again)
{
    simul_stream *pair[2];
    struct writing filler, closing;
    size_t taken;
    for (int again = 0; again < 2; again++) {
        prepare(pair);
        simul_task *task = fill_up(&filler, pair[0], &taken);
        simul_cancel(task);
        closing = (struct writing){.stream = pair[0], .result = 1};
        simul_task *closer = simul_create_task(close_when_cancelled, &closing);
        let_run(2);
        simul_cancel(closer);
        let_run(2);
        ck_assert_int_eq(closing.result, 1); /* it waits */
        if (again)
            simul_cancel(closer);
        else
            ck_assert_int_eq(simul_stream_readexactly(pair[1], got, taken),
                             (ssize_t)taken);
        ck_assert_int_eq(simul_await(closer), -ECANCELED);
        ck_assert_int_eq(closing.result, again ? -ECANCELED : 0);
        ck_assert_int_eq(simul_stream_wait_closed(pair[0]), 0);
        simul_release(task);
        simul_release(closer);
        finish_both(pair);
    }
}

/* ---- the end of the loop ------------------------------------------------------------------------------ */

static simul_stream *left[2];

static int leaves_streams_behind(void *unused)
{
    static struct writing writing;
    size_t taken;
    (void)unused;
    prepare(left);
    simul_task *task = fill_up(&writing, left[0], &taken);
    simul_cancel(task);
    let_run(1);
    simul_release(task);
    simul_stream_close(left[0]);
    return 0;
}

TEST(streams_left_open_are_closed_with_the_loop_and_may_be_released_later)
{
    char buf[4];
    capture_log();
    ck_assert_int_eq(run_like_asyncio(leaves_streams_behind, NULL), 0);
    ck_assert_int_eq(logged("bytes to send; they are lost"), 1);
    ck_assert(simul_stream_is_closing(left[1]));
    ck_assert_int_eq(simul_stream_fileno(left[1]), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_stream_read(left[1], buf, 4), -SIMUL_ENOTASK);
    simul_stream_close(left[1]);
    simul_stream_release(left[0]);
    simul_stream_release(left[1]);
}

static int reads_for_ever(void *stream)
{
    char buf[8];
    return (int)simul_stream_read(stream, buf, sizeof buf);
}

static int leaves_a_reader_behind(void *unused)
{
    (void)unused;
    prepare(left);
    simul_release(simul_create_task(reads_for_ever, left[0]));
    let_run(2);
    simul_loop_stop(NULL);
    simul_sleep(0);
    return 0;
}

TEST(a_loop_closed_under_a_reader_frees_the_stream_with_its_handle)
{
    close_loop_under(leaves_a_reader_behind, NULL, NULL);
    simul_stream_release(left[0]);
    simul_stream_release(left[1]);
}

/* ---- bad arguments -------------------------------------------------------------------------------------- */

NET_TEST(only_stream_sockets_become_streams_and_stay_the_callers_otherwise)
{
    simul_stream *stream;
    int fds[2];
    ck_assert_int_eq(simul_open_connection_fd(&stream, -1, NULL), -EBADF);
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(simul_open_connection_fd(&stream, fds[0], NULL), -ENOTSOCK);
    close(fds[0]);
    close(fds[1]);
    int udp = socket(AF_INET, SOCK_DGRAM, 0);
    ck_assert_int_eq(simul_open_connection_fd(&stream, udp, NULL), -EPROTOTYPE);
    close(udp);
}

NET_TEST(questions_have_answers_in_every_state)
{
    char text[SIMUL_ADDRESS_TEXT], small[4] = "abc";
    simul_stream *pair[2];
    prepare(pair);
    ck_assert_int_eq(simul_stream_peername(pair[0], text, sizeof text),
                     (int)strlen(text));
    ck_assert_int_eq(strncmp(text, "127.0.0.1:", 10), 0);
    ck_assert_int_eq(simul_stream_sockname(pair[0], small, sizeof small), -ENOSPC);
    ck_assert_str_eq(small, "");
    ck_assert_int_ge(simul_stream_fileno(pair[0]), 0);
    ck_assert(!simul_stream_is_closing(pair[0]));

    simul_stream_close(pair[0]);
    ck_assert_int_eq(simul_stream_peername(pair[0], text, sizeof text), -SIMUL_ESTATE);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(simul_stream_fileno(pair[0]), -SIMUL_ESTATE);
    simul_stream_release(pair[0]);
    finish(pair[1]);
    simul_stream_close(NULL);
    simul_stream_abort(NULL);
    simul_stream_release(NULL);
    ck_assert_int_eq(simul_stream_write(NULL, "x", 1), -EINVAL);
    ck_assert_int_eq(simul_stream_drain(NULL), -EINVAL);
    ck_assert_int_eq(simul_stream_write_eof(NULL), -EINVAL);
    ck_assert_int_eq(simul_stream_wait_closed(NULL), -EINVAL);
}

HARNESS_MAIN_BACKEND("stream_write")
