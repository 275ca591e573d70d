/* SPDX-License-Identifier: MIT */
/* Transports of pipes (S46, X19): both ends, and what is no pipe. */
#include "net/pair.h"
#include "net/protocol.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LARGE = 1 << 20 };

static char large[LARGE], got[4096];

static simul_transport *reading_from(int fd, struct seen *seen)
{
    simul_transport *transport;
    ck_assert_int_eq(simul_connect_read_pipe_protocol(&transport, fd, &tracing, seen),
                     0);
    return transport;
}

static simul_transport *writing_to(int fd, struct seen *seen)
{
    simul_transport *transport;
    ck_assert_int_eq(simul_connect_write_pipe_protocol(&transport, fd, &tracing, seen),
                     0);
    return transport;
}

static void make_pipe(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
}

/* Up to n bytes from the other end, which is being written to meanwhile; 0 at the end. */
static size_t sip(int fd, size_t n)
{
    ssize_t r;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while ((r = read(fd, got, n)) < 0 && errno == EAGAIN)
        ck_assert_int_eq(simul_sleep(0), 0);
    ck_assert_int_ge(r, 0);
    return (size_t)r;
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

/* ---- reading ------------------------------------------------------------------------- */

NET_TEST(data_comes_before_the_end_which_is_the_loss) /* X19 */
{
    struct seen seen = {.keep_open = true};
    int fds[2];
    make_pipe(fds);
    simul_transport *transport = reading_from(fds[0], &seen);
    ck_assert_trace("made");
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), -ENOTSUP);
    ck_assert(!simul_transport_can_write_eof(transport));
    simul_transport_write_eof(transport);
    ck_assert_int_eq(write(fds[1], "hello", 5), 5);
    until_traced();
    ck_assert_trace("hello");
    close(fds[1]);
    until_lost(&seen);
    ck_assert_trace("eof lost:0"); /* whatever eof_received says */
    simul_transport_release(transport);
}

NET_TEST(paused_nothing_is_read_until_resumed)
{
    struct seen seen = {0};
    int fds[2];
    make_pipe(fds);
    simul_transport *transport = reading_from(fds[0], &seen);
    simul_transport_pause_reading(transport);
    ck_assert_int_eq(write(fds[1], "later", 5), 5);
    wait_a_bit();
    ck_assert_trace("made");
    simul_transport_resume_reading(transport);
    until_traced();
    ck_assert_trace("later");
    simul_transport_close(transport);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
    close(fds[1]);
}

NET_TEST(an_error_of_the_descriptor_is_told_when_it_is_lost)
{
    struct seen seen = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master) + unlockpt(master), 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(terminal, 0);
    simul_transport *transport = reading_from(master, &seen);
    close(terminal);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -EIO);
    simul_transport_release(transport);
}

/* ---- writing ------------------------------------------------------------------------- */

NET_TEST(the_end_of_writing_is_the_loss_behind_what_was_written) /* X19 */
{
    struct seen seen = {0};
    int fds[2];
    make_pipe(fds);
    simul_transport *transport = writing_to(fds[1], &seen);
    ck_assert(!simul_transport_is_reading(transport));
    ck_assert(simul_transport_can_write_eof(transport));
    pattern(large, LARGE, 0);
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    simul_transport_write_eof(transport);
    ck_assert_int_eq(simul_transport_write(transport, "x", 1), -SIMUL_ESTATE);
    size_t have = 0;
    for (size_t n; (n = sip(fds[0], 4096)) > 0; have += n)
        ck_assert(is_pattern(got, n, have));
    ck_assert_uint_eq(have, LARGE);
    until_lost(&seen);
    ck_assert_trace("made pause resume lost:0");
    simul_transport_release(transport);
    close(fds[0]);
}

NET_TEST(pieces_are_written_as_one)
{
    struct seen seen = {0};
    int fds[2];
    const struct iovec pieces[2] = {{(void *)"hel", 3}, {(void *)"lo", 2}};
    make_pipe(fds);
    simul_transport *transport = writing_to(fds[1], &seen);
    ck_assert_int_eq(simul_transport_writelines(transport, pieces, 2), 0);
    ck_assert_uint_eq(sip(fds[0], sizeof got), 5);
    ck_assert_mem_eq(got, "hello", 5);
    simul_transport_close(transport);
    until_lost(&seen);
    simul_transport_release(transport);
    close(fds[0]);
    trace_take();
}

NET_TEST(a_reader_that_leaves_is_noticed_without_writing) /* X19 */
{
    struct seen seen = {0};
    int fds[2];
    make_pipe(fds);
    simul_transport *transport = writing_to(fds[1], &seen);
    wait_a_bit();
    ck_assert_trace("made");
    close(fds[0]);
    until_lost(&seen);
    ck_assert_trace("lost:0");
    simul_transport_release(transport);
}

NET_TEST(a_reader_that_leaves_too_early_is_an_error)
{
    struct seen seen = {0};
    int fds[2];
    make_pipe(fds);
    simul_transport *transport = writing_to(fds[1], &seen);
    ck_assert_int_eq(simul_transport_write(transport, large, LARGE), 0);
    close(fds[0]);
    until_lost(&seen);
    ck_assert_int_eq(seen.error, -EPIPE);
    simul_transport_release(transport);
    trace_take();
}

/* ---- what else may be one ---------------------------------------------------------------- */

NET_TEST(a_socket_may_be_one_and_its_peer_that_leaves_is_noticed)
{
    struct seen in = {0}, out = {0};
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_transport *writer = writing_to(fds[0], &out);
    simul_transport *reader = reading_from(fds[1], &in);
    ck_assert_int_eq(simul_transport_write(writer, "hello", 5), 0);
    trace_take();
    until_traced();
    ck_assert_trace("hello");
    simul_transport_close(reader);
    until_lost(&out);
    until_lost(&in);
    ck_assert_trace("lost:0 lost:0");
    simul_transport_release(writer);
    simul_transport_release(reader);
}

NET_TEST(a_device_may_be_one)
{
    struct seen seen = {0};
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    simul_transport *transport = writing_to(fd, &seen);
    ck_assert_int_eq(simul_transport_write(transport, "hello", 5), 0);
    wait_a_bit();
    simul_transport_write_eof(transport);
    until_lost(&seen);
    ck_assert_trace("made lost:0");
    simul_transport_release(transport);
}

NET_TEST(what_is_no_pipe_stays_the_callers) /* X19 */
{
    struct seen seen = {0};
    int fds[2];
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    int datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    make_pipe(fds);
    ck_assert_int_eq(simul_connect_read_pipe_protocol(NULL, file, &tracing, &seen),
                     -EINVAL);
    ck_assert_int_eq(
        simul_connect_write_pipe_protocol(NULL, datagrams, &tracing, &seen),
        -EPROTOTYPE);
    ck_assert_int_eq(simul_connect_read_pipe_protocol(NULL, -1, &tracing, &seen),
                     -EBADF);
    ck_assert_int_eq(simul_connect_read_pipe_protocol(NULL, fds[0], NULL, &seen),
                     -EINVAL);
    ck_assert_trace("");
    close(file);
    close(datagrams);
    close(fds[0]);
    close(fds[1]);
}

static int fcntl_flags(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    ck_assert_int_ge(flags, 0);
    return flags;
}

NET_TEST(what_others_share_blocks_again_when_it_is_closed)
{
    struct seen seen = {0};
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    int shared = dup(master);
    ck_assert_int_ge(shared, 0);
    simul_transport *transport = writing_to(master, &seen);
    ck_assert(fcntl_flags(shared) & O_NONBLOCK);
    simul_transport_close(transport);
    until_lost(&seen);
    let_run(1);
    ck_assert(!(fcntl_flags(shared) & O_NONBLOCK));
    simul_transport_release(transport);
    close(shared);
}

HARNESS_MAIN_BACKEND("pipe transport")
