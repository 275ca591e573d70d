/* SPDX-License-Identifier: MIT */
/* Sending files (S45; X12). */
#include "net/pair.h"
#include "support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <simul/sock.h>
#include <string.h>
#include <unistd.h>

enum { SIZE = 300000 };

static char content[SIZE], got[SIZE];

static int file_of(size_t n)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pattern(content, sizeof content, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, content, n), (ssize_t)n);
    return fd;
}

static void socket_pair(int fds[2])
{
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

/* Reads so many bytes that are those of the file from *at on; in a task of its own. */
static struct {
    simul_stream *stream;
    size_t at, n;
} taking;

static int take(void *unused)
{
    (void)unused;
    ssize_t n = simul_stream_readexactly(taking.stream, got, taking.n);
    if (n == (ssize_t)taking.n && !is_pattern(got, taking.n, taking.at))
        return -EILSEQ;
    return n < 0 ? (int)n : 0;
}

static simul_task *taker(simul_stream *stream, size_t at, size_t n)
{
    taking.stream = stream;
    taking.at = at;
    taking.n = n;
    simul_task *task = simul_create_task(take, NULL);
    ck_assert_ptr_nonnull(task);
    return task;
}

static int await_release(simul_task *task)
{
    int r = simul_await(task);
    simul_release(task);
    return r;
}

/* ---- streams ------------------------------------------------------------------------------ */

NET_TEST(a_file_goes_behind_what_was_written) /* S45 */
{
    simul_stream *pair[2];
    char head[4];
    int file = file_of(SIZE);
    tcp_pair(pair, NULL);
    ck_assert_int_eq(simul_stream_write(pair[0], "head", 4), 4);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], head, 4), 4);
    simul_task *task = taker(pair[1], 0, SIZE);

    ck_assert_int_eq(simul_sendfile(pair[0], file, 0, 0), SIZE);
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(lseek(file, 0, SEEK_CUR), SIZE);
    ck_assert_int_eq(simul_stream_write(pair[0], "tail", 4), 4);
    ck_assert_int_eq(simul_stream_readexactly(pair[1], head, 4), 4);
    ck_assert_mem_eq(head, "tail", 4);
    ck_assert_int_eq(finish(pair[0]), 0);
    ck_assert_int_eq(finish(pair[1]), 0);
    close(file);
}

NET_TEST(a_part_of_a_file_is_sent)
{
    int peer, file = file_of(1000);
    char buf[200];
    simul_stream *stream = stream_and_peer(&peer, NULL);

    ck_assert_int_eq(simul_sendfile(stream, file, 100, 50), 50);
    ck_assert_int_eq(lseek(file, 0, SEEK_CUR), 150);
    ck_assert_int_eq(simul_sendfile(stream, file, 950, 100),
                     50); /* there are no more */
    ck_assert_int_eq(simul_sendfile(stream, file, 2000, 0), 0);
    ck_assert_int_eq(simul_sendfile(stream, file, -1, 0), -EINVAL);
    ck_assert_uint_eq(drink(peer, buf, 100), 100);
    ck_assert(is_pattern(buf, 50, 100));
    ck_assert(is_pattern(buf + 50, 50, 950));
    ck_assert_int_eq(finish(stream), 0);
    close(peer);
    close(file);
}

NET_TEST(an_empty_file_is_nothing) /* S45: a zero-size file returns 0 */
{
    int peer, file = file_of(0);
    simul_stream *stream = stream_and_peer(&peer, NULL);
    ck_assert_int_eq(simul_sendfile(stream, file, 0, 0), 0);
    ck_assert_int_eq(finish(stream), 0);
    close(peer);
    close(file);
}

static struct {
    simul_stream *stream;
    int file;
    ssize_t result;
} sending;

static int send_it(void *unused)
{
    (void)unused;
    sending.result = simul_sendfile(sending.stream, sending.file, 0, 0);
    return sending.result < 0 ? (int)sending.result : 0;
}

static simul_task *sender(simul_stream *stream, int file)
{
    sending.stream = stream;
    sending.file = file;
    sending.result = 0;
    simul_task *task = simul_create_task(send_it, NULL);
    ck_assert_ptr_nonnull(task);
    let_run(3);
    ck_assert(!simul_done(task));
    return task;
}

/* asyncio: "unable to write; sendfile is in progress" */
NET_TEST(nobody_writes_while_a_file_is_sent) /* S45 */
{
    simul_stream *pair[2];
    int file = file_of(SIZE);
    tcp_pair(pair, NULL);
    simul_task *task = sender(pair[0], file);

    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_stream_write_eof(pair[0]), -SIMUL_ESTATE);
    ck_assert_int_eq(simul_sendfile(pair[0], file, 0, 0), -SIMUL_ESTATE);
    ck_assert_int_eq(await_release(taker(pair[1], 0, SIZE)), 0);
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(finish(pair[0]), 0);
    ck_assert_int_eq(finish(pair[1]), 0);
    close(file);
}

static int read_to_the_end(simul_stream *stream)
{
    ssize_t n;
    while ((n = simul_stream_read(stream, got, sizeof got)) > 0)
        ;
    return (int)n;
}

/* Half a file must not look like the whole. */
NET_TEST(a_cancel_in_the_middle_of_a_file_resets_the_connection) /* S45 */
{
    simul_stream *pair[2];
    int file = file_of(SIZE);
    tcp_pair(pair, NULL);
    simul_task *task = sender(pair[0], file);
    simul_cancel(task);

    await_release(task);
    ck_assert_int_eq(sending.result, -SIMUL_EBROKEN);
    ck_assert_int_gt(lseek(file, 0, SEEK_CUR), 0);
    ck_assert_int_eq(simul_stream_write(pair[0], "x", 1), -SIMUL_ESTATE);
    ck_assert_int_eq(read_to_the_end(pair[1]), -ECONNRESET);
    finish(pair[0]);
    finish(pair[1]);
    close(file);
}

NET_TEST(closing_in_the_middle_of_a_file_resets_the_connection)
{
    simul_stream *pair[2];
    int file = file_of(SIZE);
    tcp_pair(pair, NULL);
    simul_task *task = sender(pair[0], file);
    simul_stream_close(pair[0]);

    ck_assert_int_eq(await_release(task), -SIMUL_ESTATE);
    ck_assert_int_eq(read_to_the_end(pair[1]), -ECONNRESET);
    finish(pair[0]);
    finish(pair[1]);
    close(file);
}

static char keeps_waiting[SIZE];

static int write_much(void *stream)
{
    ssize_t n = simul_stream_write(stream, keeps_waiting, sizeof keeps_waiting);
    return n < 0 ? (int)n : 0;
}

NET_TEST(no_file_is_sent_into_the_middle_of_a_write)
{
    simul_stream *pair[2];
    int file = file_of(10);
    tcp_pair(pair, NULL);
    simul_task *task = simul_create_task(write_much, pair[0]);
    ck_assert_ptr_nonnull(task);
    let_run(2);
    ck_assert_int_eq(simul_sendfile(pair[0], file, 0, 0), -SIMUL_ECONCURRENT);
    simul_stream_abort(pair[0]);
    simul_await(task);
    simul_release(task);
    finish(pair[0]);
    finish(pair[1]);
    close(file);
}

/* A pipe has no offsets. */
NET_TEST(what_is_no_file_is_refused)
{
    int peer, fds[2];
    simul_stream *stream = stream_and_peer(&peer, NULL);
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    ck_assert_int_eq(simul_sendfile(stream, fds[0], 0, 0), -ESPIPE);
    ck_assert_int_eq(simul_sendfile(stream, -1, 0, 0), -EBADF);
    ck_assert_int_eq(finish(stream), 0);
    close(fds[0]);
    close(fds[1]);
    close(peer);
}

/* A stream that is no socket gets its bytes by writing. */
NET_TEST(a_file_is_sent_through_a_pipe_by_copying) /* S45 */
{
    int fds[2], file = file_of(40000);
    simul_stream *in, *out;
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    ck_assert_int_eq(simul_connect_read_pipe(&in, fds[0], NULL), 0);
    ck_assert_int_eq(simul_connect_write_pipe(&out, fds[1], NULL), 0);
    simul_task *task = taker(in, 5, 39000);

    ck_assert_int_eq(simul_sendfile(out, file, 5, 39000), 39000);
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(lseek(file, 0, SEEK_CUR), 39005);
    ck_assert_int_eq(finish(out), 0);
    ck_assert_int_eq(finish(in), 0);
    close(file);
}

/* ---- sockets ------------------------------------------------------------------------------ */

static int send_to_socket(void *fd)
{
    sending.result = simul_sock_sendfile(*(int *)fd, sending.file, 0, 0);
    return sending.result < 0 ? (int)sending.result : 0;
}

/* X12: test_sock_sendfile_success */
NET_TEST(a_file_is_sent_to_a_socket)
{
    static int fds[2];
    size_t have = 0;
    socket_pair(fds);
    sending.file = file_of(SIZE);
    simul_task *task = simul_create_task(send_to_socket, &fds[0]);
    ck_assert_ptr_nonnull(task);
    while (have < SIZE) {
        ssize_t n = simul_sock_recv(fds[1], got + have, SIZE - have);
        ck_assert_int_gt(n, 0);
        have += (size_t)n;
    }
    ck_assert(is_pattern(got, SIZE, 0));
    ck_assert_int_eq(await_release(task), 0);
    ck_assert_int_eq(sending.result, SIZE);
    ck_assert_int_eq(lseek(sending.file, 0, SEEK_CUR), SIZE);
    close(fds[0]);
    close(fds[1]);
    close(sending.file);
}

/* X12: test_sock_sendfile_cancel: the file stands behind what was sent */
NET_TEST(a_cancel_says_whether_something_was_sent) /* S45 */
{
    static int fds[2];
    socket_pair(fds);
    sending.file = file_of(SIZE);
    simul_task *task = simul_create_task(send_to_socket, &fds[0]);
    ck_assert_ptr_nonnull(task);
    let_run(3);
    simul_cancel(task);
    await_release(task);
    ck_assert_int_eq(sending.result, -SIMUL_EBROKEN);
    ck_assert_int_gt(lseek(sending.file, 0, SEEK_CUR), 0);
    close(fds[0]);
    close(fds[1]);
    close(sending.file);
}

/* S45: preconditions */
NET_TEST(sockets_that_cannot_be_sent_to_are_refused)
{
    int fds[2], file = file_of(10);
    ck_assert_int_eq(
        socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    ck_assert_int_eq(simul_sock_sendfile(fds[0], file, 0, 0), -EPROTOTYPE);
    close(fds[0]);
    close(fds[1]);
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    ck_assert_int_eq(simul_sock_sendfile(fds[0], file, 0, 0), -EINVAL);
    ck_assert_int_eq(simul_sock_sendfile(fds[0], file, -1, 0), -EINVAL);
    ck_assert_int_eq(simul_sock_sendfile(-1, file, 0, 0), -EBADF);
    close(fds[0]);
    close(fds[1]);
    close(file);
}

int main(void)
{
    harness_need_backend();
    return run_in_folder("sendfile");
}
