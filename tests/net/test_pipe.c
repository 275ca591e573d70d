/* SPDX-License-Identifier: MIT */
/* Pipes, terminals and standard streams as streams. The layer itself is held to its
 * contract by contract/test_stream_layer.c. */
#include "net/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"
#include "net/pair.h"

static void make_pipe(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
}

static bool is_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    ck_assert_int_ge(flags, 0);
    return !(flags & O_NONBLOCK);
}

static simul_stream *read_pipe(int fd)
{
    simul_stream *stream;
    ck_assert_int_eq(simul_connect_read_pipe(&stream, fd, NULL), 0);
    return stream;
}

static simul_stream *write_pipe(int fd)
{
    simul_stream *stream;
    ck_assert_int_eq(simul_connect_write_pipe(&stream, fd, NULL), 0);
    return stream;
}

/* ---- pipes --------------------------------------------------------------------------- */

NET_TEST(a_pipe_is_read_to_its_end)
{
    int fds[2];
    char *line;
    make_pipe(fds);
    simul_stream *in = read_pipe(fds[0]);
    ck_assert_int_eq(write(fds[1], "one\ntwo", 7), 7);
    close(fds[1]);

    ck_assert_int_eq(simul_stream_readline(in, &line), 4);
    ck_assert_str_eq(line, "one\n");
    ck_assert_int_eq(simul_stream_readline(in, &line), 3);
    ck_assert_str_eq(line, "two");
    ck_assert_int_eq(simul_stream_readline(in, &line), 0);
    ck_assert_int_eq(simul_stream_write(in, "x", 1), -EBADF);
    ck_assert_int_eq(simul_stream_write_eof(in), -EBADF);
    ck_assert_int_eq(finish(in), 0);
}

NET_TEST(what_is_written_to_a_pipe_comes_out_and_so_does_its_end)
{
    int fds[2];
    char bytes[8];
    make_pipe(fds);
    simul_stream *out = write_pipe(fds[1]);
    ck_assert_int_eq(simul_stream_write(out, "hello", 5), 5);
    ck_assert_int_eq(simul_stream_write_eof(out), 0);
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), 5);
    ck_assert_int_eq(read(fds[0], bytes, sizeof bytes), 0);
    ck_assert_int_eq(simul_stream_read(out, bytes, 1), -EBADF);
    ck_assert_int_eq(simul_stream_write(out, "x", 1), -SIMUL_ESTATE);
    close(fds[0]);
    ck_assert_int_eq(finish(out), 0);
}

NET_TEST(a_reader_that_leaves_is_noticed_without_writing) /* S46, X19 */
{
    int fds[2];
    make_pipe(fds);
    simul_stream *out = write_pipe(fds[1]);
    let_run(3);
    ck_assert(!simul_stream_is_closing(out));

    close(fds[0]);
    while (!simul_stream_is_closing(out) && simul_sleep(0.001) == 0)
        ;
    ck_assert_int_eq(simul_stream_write(out, "x", 1), -EPIPE);
    ck_assert_int_eq(finish(out), -EPIPE);
}

NET_TEST(a_pipe_that_nobody_writes_to_any_more_is_not_waited_for)
{
    int fds[2];
    make_pipe(fds);
    simul_stream *in = read_pipe(fds[0]);
    struct reading reading = {.stream = in, .n = 10};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(3);
    ck_assert(!simul_done(task));
    close(fds[1]);
    ck_assert_int_eq(simul_await(task), 0);
    simul_release(task);
    ck_assert_int_eq(finish(in), 0);
}

static int wait_for_nothing(void *arg)
{
    simul_stream *out = arg;
    simul_future *never = simul_create_future();
    int r = never ? simul_await(never) : -ENOMEM;
    simul_release(never);
    simul_stream_release(out);
    return r;
}

static int make_and_wait(void *arg)
{
    simul_stream *out;
    int r = simul_connect_write_pipe(&out, *(int *)arg, NULL);
    return r < 0 ? r : wait_for_nothing(out);
}

/* To wait for a reader that leaves is not to wait for something that will happen. */
TEST(a_pipe_that_is_open_hides_no_deadlock)
{
    int fds[2];
    capture_log();
    make_pipe(fds);
    ck_assert_int_eq(simul_run(make_and_wait, &fds[1]), -EDEADLK);
    close(fds[0]);
}

static int close_and_wait(void *arg)
{
    simul_stream *out;
    int r = simul_connect_write_pipe(&out, *(int *)arg, NULL);
    if (r < 0)
        return r;
    simul_sleep(0.001); /* the kernel looks for the reader by now */
    simul_stream_close(out);
    r = simul_stream_wait_closed(out);
    simul_stream_release(out);
    return r;
}

/* Nothing else is outstanding, not even a time limit of the test. */
TEST(who_waits_for_the_end_of_a_pipe_is_not_deadlocked)
{
    int fds[2];
    make_pipe(fds);
    ck_assert_int_eq(simul_run(close_and_wait, &fds[1]), 0);
    close(fds[0]);
}

NET_TEST(what_is_no_pipe_is_refused) /* X19 */
{
    simul_stream *none;
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ck_assert_int_eq(simul_connect_read_pipe(&none, file, NULL), -EINVAL);
    ck_assert_int_eq(simul_connect_write_pipe(&none, file, NULL), -EINVAL);
    close(file);
    ck_assert_int_eq(simul_connect_read_pipe(&none, file, NULL), -EBADF);
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_connect_read_pipe(&none, fds[0], NULL), -EPROTOTYPE);
    close(fds[0]);
    close(fds[1]);
}

NET_TEST(a_socket_is_a_pipe_in_both_directions)
{
    int fds[2];
    char bytes[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    simul_stream *stream = read_pipe(fds[0]);
    feed(fds[1], "hi");
    ck_assert_int_eq(simul_stream_read(stream, bytes, 2), 2);
    ck_assert_int_eq(simul_stream_write(stream, "ho", 2), 2);
    ck_assert_int_eq(drink(fds[1], bytes, 2), 2);
    ck_assert_int_eq(finish(stream), 0);
    close(fds[1]);
}

TEST(without_a_loop_there_is_no_stream)
{
    simul_stream *none;
    ck_assert_int_eq(simul_stdin(&none), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_connect_write_pipe(&none, 1, NULL), -SIMUL_ENOLOOP);
}

/* ---- what others share (S46) --------------------------------------------------------------- */

NET_TEST(a_pipe_shared_with_others_stays_blocking_for_them)
{
    int fds[2];
    make_pipe(fds);
    int others = dup(fds[0]);
    simul_stream *in = read_pipe(fds[0]);
    ck_assert(is_blocking(others));
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    char byte;
    ck_assert_int_eq(simul_stream_read(in, &byte, 1), 1);
    ck_assert_int_eq(finish(in), 0);
    ck_assert(is_blocking(others));
    close(others);
    close(fds[1]);
}

static int open_pty(int *slave)
{
    char path[64];
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(master, 0);
    ck_assert_int_eq(grantpt(master), 0);
    ck_assert_int_eq(unlockpt(master), 0);
    ck_assert_int_eq(ptsname_r(master, path, sizeof path), 0);
    *slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(*slave, 0);
    return master;
}

NET_TEST(a_terminal_shared_with_a_shell_stays_blocking_for_it)
{
    int slave;
    char *line;
    int master = open_pty(&slave);
    int shells = dup(slave);
    simul_stream *in = read_pipe(slave);
    ck_assert(is_blocking(shells));
    ck_assert_int_eq(write(master, "ls\n", 3), 3);
    ck_assert_int_eq(simul_stream_readline(in, &line), 3);
    ck_assert_str_eq(line, "ls\n");
    ck_assert_int_eq(finish(in), 0);
    ck_assert(is_blocking(shells));
    close(shells);
    close(master);
}

/* What cannot be opened anew is set back. */
NET_TEST(the_master_of_a_pty_is_blocking_again_when_its_stream_is_closed)
{
    int slave;
    int master = open_pty(&slave), others = dup(master);
    simul_stream *in = read_pipe(master);
    ck_assert_int_eq(simul_stream_fileno(in), master);
    ck_assert(!is_blocking(others));
    ck_assert_int_eq(finish(in), 0);
    ck_assert(is_blocking(others));
    close(others);
    close(slave);
}

NET_TEST(a_pty_that_was_hung_up_says_eio_and_nobody_else_hears_of_it) /* S46 */
{
    int slave;
    char bytes[64];
    trace_errors();
    simul_stream *in = read_pipe(open_pty(&slave));
    ck_assert_int_eq(write(slave, "bye", 3), 3);
    ck_assert_int_eq(simul_stream_readexactly(in, bytes, 3), 3);
    close(slave);
    ck_assert_int_eq(simul_stream_read(in, bytes, sizeof bytes), -EIO);
    ck_assert_int_eq(simul_stream_read(in, bytes, sizeof bytes), -EIO);
    ck_assert_int_eq(finish(in), 0);
    ck_assert_trace("");
}

/* ---- standard streams ------------------------------------------------------------------------ */

/* Put it in the place of a standard stream. */
static void become(int fd, int number)
{
    ck_assert_int_eq(dup2(fd, number), number);
    close(fd);
}

NET_TEST(standard_input_may_be_a_pipe)
{
    int fds[2];
    char *data;
    simul_stream *in;
    make_pipe(fds);
    become(fds[0], 0);
    ck_assert_int_eq(simul_stdin(&in), 0);
    ck_assert_int_ne(simul_stream_fileno(in), 0);
    ck_assert(is_blocking(0));
    ck_assert_int_eq(write(fds[1], "data", 4), 4);
    close(fds[1]);
    ck_assert_int_eq(simul_stream_read_all(in, &data, 0), 4);
    ck_assert_int_eq(finish(in), 0);
    ck_assert_int_ge(fcntl(0, F_GETFD), 0);
}

static int temporary_file(void)
{
    int fd = open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

NET_TEST(standard_streams_may_be_regular_files)
{
    char *line, bytes[8];
    simul_stream *in, *out;
    int file = temporary_file();
    ck_assert_int_eq(write(file, "one\ntwo\n", 8), 8);
    ck_assert_int_eq(lseek(file, 0, SEEK_SET), 0);
    become(file, 0);
    ck_assert_int_eq(simul_stdin(&in), 0);
    ck_assert_int_eq(simul_stream_readline(in, &line), 4);
    ck_assert_int_eq(simul_stream_readline(in, &line), 4);
    ck_assert_str_eq(line, "two\n");
    ck_assert_int_eq(simul_stream_readline(in, &line), 0);
    ck_assert_int_eq(finish(in), 0);

    int saved = fcntl(2, F_DUPFD_CLOEXEC, 3);
    file = temporary_file();
    ck_assert_int_eq(dup2(file, 2), 2);
    ck_assert_int_eq(simul_stderr(&out), 0);
    become(saved, 2);
    ck_assert_int_eq(simul_stream_write(out, "three", 5), 5);
    ck_assert_int_eq(finish(out), 0);
    ck_assert_int_eq(pread(file, bytes, 8, 0), 5);
    close(file);
}

NET_TEST(standard_input_may_be_nothing)
{
    char byte;
    simul_stream *in;
    become(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    ck_assert_int_eq(simul_stdin(&in), 0);
    ck_assert_int_eq(simul_stream_read(in, &byte, 1), 0);
    ck_assert_int_eq(finish(in), 0);
}

NET_TEST(standard_output_may_be_a_socket)
{
    int fds[2];
    char bytes[2];
    simul_stream *out;
    int saved = fcntl(1, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    become(fds[0], 1);
    int r = simul_stdout(&out);
    bool blocking = is_blocking(1);
    become(saved, 1);
    ck_assert_int_eq(r, 0);
    ck_assert(blocking);
    ck_assert_int_eq(simul_stream_write(out, "ok", 2), 2);
    ck_assert_int_eq(drink(fds[1], bytes, 2), 2);
    ck_assert_int_eq(finish(out), 0);
    close(fds[1]);
}

#ifdef SIMUL_FAULTS
/* The terminal of another user, say: it may neither be opened nor be changed. */
NET_TEST(standard_input_that_cannot_be_opened_anew_is_asked_before_each_read)
{
    enum { OPEN = 4 }; /* after two times fstat, and fcntl */
    int fds[2];
    char bytes[64];
    simul_stream *in;
    make_pipe(fds);
    become(fds[0], 0);
    sm_fault_arm(OPEN);
    int r = simul_stdin(&in);
    ck_assert(sm_fault_disarm());
    ck_assert_int_eq(r, 0);
    ck_assert(is_blocking(0));

    struct reading reading = {.stream = in, .n = 10};
    simul_task *task = simul_create_task(read_it, &reading);
    let_run(3);
    ck_assert(is_blocking(simul_stream_fileno(in)));
    ck_assert(!simul_done(task));
    ck_assert_int_eq(write(fds[1], "abc", 3), 3);
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_int_eq(reading.result, 3);
    simul_release(task);

    task = simul_create_task(read_it, &reading);
    let_run(3);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    ck_assert_int_eq(write(fds[1], "de", 2), 2);
    ck_assert_int_eq(simul_stream_read(in, bytes, sizeof bytes), 2);
    close(fds[1]);
    ck_assert_int_eq(simul_stream_read(in, bytes, sizeof bytes), 0);
    ck_assert_int_eq(finish(in), 0);
}
#endif

HARNESS_MAIN_BACKEND("pipes")
