/* SPDX-License-Identifier: MIT */
/* In the child of a fork: whatever it closes or cancels, the parent's connections go on, and
 * nothing is said in their name (S57). */
#include "net/pair.h"
#include "net/protocol.h"

#include <fcntl.h>
#include <simul/net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- streams -------------------------------------------------------------------------- */

/* Its loop runs, in the parent: it is not for others to cancel. */
static int cancel_it(void *task)
{
    return simul_cancel(task);
}

static int abort_it(void *stream)
{
    simul_stream_abort(stream);
    simul_stream_abort(stream);
    return 0;
}

static int close_it(void *stream)
{
    int r = simul_stream_write_eof(stream);
    simul_stream_close(stream);
    return r != -SIMUL_ESTATE;
}

static int release_it(void *stream)
{
    simul_stream_release(stream);
    return 0;
}

NET_TEST(a_task_that_is_cancelled_in_the_child_goes_on_reading_in_the_parent)
{
    int peer;
    simul_stream *stream = stream_and_peer(&peer, NULL);
    struct reading reading = {.stream = stream, .n = 2};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(5);

    ck_assert_int_eq(harness_in_child(cancel_it, task), 0);

    let_run(5);
    ck_assert(!simul_done(task));
    feed(peer, "hi");
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(reading.result, 2);
    simul_release(task);
    finish(stream);
    close(peer);
}

NET_TEST(a_stream_that_is_closed_in_the_child_is_read_from_in_the_parent)
{
    int (*const ends[])(void *) = {abort_it, close_it, release_it};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        simul_stream *pair[2];
        char data[2] = "";
        tcp_pair(pair, NULL);
        struct reading reading = {.stream = pair[0], .n = 2};
        simul_task *task = simul_create_task(read_it, &reading);
        let_run(5);

        ck_assert_int_eq(harness_in_child(ends[i], pair[0]), 0);

        ck_assert_int_eq(simul_stream_write(pair[1], "hi", 2), 2);
        ck_assert_int_eq(simul_await(task), 0);
        ck_assert_int_eq(reading.result, 2);
        simul_release(task);
        ck_assert_int_eq(simul_stream_write(pair[0], "ho", 2), 2);
        ck_assert_int_eq(simul_stream_readexactly(pair[1], data, 2), 2);
        finish(pair[0]);
        ck_assert_int_eq(simul_stream_read(pair[1], data, 1), 0);
        finish(pair[1]);
    }
}

/* What is kept, it has as well. */
NET_TEST(what_a_stream_keeps_for_sending_is_sent_once_and_by_the_parent)
{
    enum { N = 500000 };
    static char sent[N], got[N];
    int (*const ends[])(void *) = {abort_it, close_it, release_it};
    pattern(sent, N, 0);
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        simul_stream *pair[2];
        tcp_pair(pair, &(simul_connect_opts){.high_water = 2 * N});
        ck_assert_int_eq(simul_stream_write(pair[0], sent, N), N);
        ck_assert_uint_gt(simul_stream_write_buffer_size(pair[0]), 0);

        ck_assert_int_eq(harness_in_child(ends[i], pair[0]), 0);

        simul_stream_release(pair[0]);
        ck_assert_int_eq(simul_stream_readexactly(pair[1], got, N), N);
        ck_assert(is_pattern(got, N, 0));
        ck_assert_int_eq(simul_stream_read(pair[1], got, 1), 0);
        finish(pair[1]);
    }
}

/* ---- pipes ---------------------------------------------------------------------------- */

/* The master of a terminal cannot be opened anew: the flag is set, and set back at the end. It
 * is the file's, and so the parent's. */
NET_TEST(a_terminal_that_is_closed_in_the_child_does_not_block_the_parent)
{
    simul_stream *stream;
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(simul_connect_read_pipe(&stream, fd, NULL), 0);
    ck_assert_int_eq(simul_stream_fileno(stream), fd);
    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);

    ck_assert_int_eq(harness_in_child(release_it, stream), 0);

    ck_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
    finish(stream);
}

/* ---- transports ----------------------------------------------------------------------- */

static int end_transport(void *transport)
{
    simul_transport_resume_reading(transport);
    simul_transport_write_eof(transport);
    int r = simul_transport_write(transport, "no", 2);
    simul_transport_close(transport);
    simul_transport_abort(transport);
    simul_transport_release(transport);
    return r;
}

NET_TEST(a_transport_that_is_closed_in_the_child_goes_on_in_the_parent)
{
    char data[8] = "";
    int fds[2];
    struct seen seen = {0};
    simul_transport *transport;
    simul_stream *peer;
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_open_connection_fd(&peer, fds[1], NULL), 0);
    ck_assert_int_eq(
        simul_create_connection_fd(&transport, fds[0], &tracing, &seen, NULL), 0);
    ck_assert_trace("made");

    ck_assert_int_eq(harness_in_child(end_transport, transport), 0);

    let_run(5);
    ck_assert_trace("");
    ck_assert_int_eq(simul_stream_write(peer, "hi", 2), 2);
    until_traced();
    ck_assert_trace("hi");
    ck_assert_int_eq(simul_transport_write(transport, "ho", 2), 0);
    ck_assert_int_eq(simul_stream_readexactly(peer, data, 2), 2);
    ck_assert_str_eq(data, "ho");
    simul_transport_close(transport);
    until_traced();
    ck_assert_trace("lost:0");
    ck_assert_int_eq(simul_stream_read(peer, data, 1), 0);
    simul_transport_release(transport);
    finish(peer);
}

/* ---- the whole loop ------------------------------------------------------------------- */

struct left {
    simul_stream *pair[2];
    struct reading reading;
    simul_task *reader;
};

static int leave_them(void *arg)
{
    static char data[500000];
    struct left *left = arg;
    tcp_pair(left->pair, &(simul_connect_opts){.high_water = 2 * sizeof data});
    left->reading = (struct reading){.stream = left->pair[0], .n = 2};
    left->reader = simul_create_task(read_it, &left->reading);
    simul_sleep(0);
    ssize_t n = simul_stream_write(left->pair[0], data, sizeof data);
    return n < 0 ? (int)n : 0;
}

static int take_them(void *arg)
{
    struct left *left = arg;
    struct linger linger = {0};
    socklen_t len = sizeof linger;
    getsockopt(simul_stream_fileno(left->pair[0]), SOL_SOCKET, SO_LINGER, &linger,
               &len);
    trace("%d", linger.l_onoff);
    trace("%zd", simul_stream_write(left->pair[1], "hi", 2));
    int r = simul_await(left->reader);
    trace("%zd", left->reading.result);
    simul_stream_abort(left->pair[0]);
    return r;
}

static int run_in(simul_loop *loop, simul_fn *fn, void *arg)
{
    simul_task *task = simul_loop_create_task(loop, fn, arg, NULL);
    int r = simul_loop_run_until_complete(loop, task);
    simul_release(task);
    return r;
}

struct child {
    simul_loop *loop;
    struct left left;
};

/* The streams are released as late as they may be. */
static int close_all(void *arg)
{
    struct child *child = arg;
    bool cancelled = simul_cancel(child->left.reader);
    simul_release(child->left.reader);
    int r = simul_loop_close(child->loop);
    simul_stream_release(child->left.pair[0]);
    simul_stream_release(child->left.pair[1]);
    return r != 0 || !cancelled;
}

TEST(a_loop_that_is_closed_in_the_child_leaves_the_parents_connections_alone)
{
    struct child child;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&child.loop, NULL), 0);
    ck_assert_int_eq(run_in(child.loop, leave_them, &child.left), 0);

    ck_assert_int_eq(harness_in_child(close_all, &child), 0);

    ck_assert_int_eq(run_in(child.loop, take_them, &child.left), 0);
    ck_assert_trace("0 2 2");
    simul_release(child.left.reader);
    simul_stream_release(child.left.pair[0]);
    simul_stream_release(child.left.pair[1]);
    simul_loop_close(child.loop);
}

HARNESS_MAIN_BACKEND("fork")
