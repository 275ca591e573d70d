/* SPDX-License-Identifier: MIT */
/* The contract of src/poll/poll.h: operations of files (P13). What each backend has to do
 * that offers them; and that those which do not say so. */
#include "contract/poll_fixture.h"
#include "support/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"

static const enum sm_op_code codes[] = {SM_OP_OPEN, SM_OP_PREAD, SM_OP_PWRITE,
                                        SM_OP_FSYNC};

/* A test of what only some backends offer, and those entirely. */
#define FILE_TEST(name_)                                                               \
    static void file_##name_(void);                                                    \
    POLL_TEST(name_)                                                                   \
    {                                                                                  \
        if (sm_poll_offers(backend, SM_OP_PREAD))                                      \
            file_##name_();                                                            \
    }                                                                                  \
    static void file_##name_(void)

static struct probe probe_at(int code, int fd, void *data, size_t len, int64_t offset)
{
    struct probe probe = probe_buf(code, fd, NULL, 0);
    probe.op.at.data = data;
    probe.op.at.len = len;
    probe.op.at.offset = offset;
    return probe;
}

#define probe_pread(fd, data, len, offset) probe_at(SM_OP_PREAD, fd, data, len, offset)
#define probe_pwrite(fd, data, len, offset)                                            \
    probe_at(SM_OP_PWRITE, fd, (void *)(data), len, offset)
#define probe_fsync(fd) probe_buf(SM_OP_FSYNC, fd, NULL, 0)

static struct probe probe_open(const char *path, int flags)
{
    struct probe probe = probe_buf(SM_OP_OPEN, -1, NULL, 0);
    probe.op.flags = flags;
    probe.op.open.path = path;
    probe.op.open.mode = 0600;
    return probe;
}

static int open_file(const char *text)
{
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

/* In a sweep it may not come at all. */
static void wait_for_file(const char *path)
{
    int64_t end = now_ns() + (int64_t)(harness_patience() * 1e9);
    while (access(path, F_OK) < 0 && now_ns() < end)
        ;
}

/* To give operations to the kernel without reaping any: forget() does so, if it has to
 * cancel another one there. */
static struct {
    int fds[2];
    char buf[1];
    struct probe other;
} lever;

static void prepare_to_hand_over(void)
{
    pair_tcp(lever.fds);
    lever.other = probe_recv(lever.fds[0], lever.buf, 1);
    park(&lever.other);
    wait_ns(0);
}

static void hand_over(void)
{
    forget_and_close(lever.fds[0]);
    close(lever.fds[1]);
}

POLL_TEST(all_file_operations_are_offered_or_refused_at_once)
{
    int fd = open_file("text");
    char buf[4];
    struct probe probes[] = {probe_open("file", O_RDONLY), probe_pread(fd, buf, 4, 0),
                             probe_pwrite(fd, "x", 1, 0), probe_fsync(fd)};
    bool offers = strcmp(sm_poll_ops(backend)->name, "io_uring") == 0;
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(sm_poll_offers(backend, codes[i]), offers);
        if (!offers) {
            ck_assert(submit(&probes[i]));
            ck_assert_int_eq(probes[i].result, -EOPNOTSUPP);
        }
    }
    ck_assert(!sm_poll_offers(backend, SM_OP_RECV));
    close(fd);
}

FILE_TEST(what_was_written_at_a_position_is_read_there)
{
    char buf[8] = "";
    struct probe opening = probe_open("new", O_RDWR | O_CREAT);
    int fd = (int)run(&opening);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);

    struct probe writing = probe_pwrite(fd, "hello", 5, 3);
    ck_assert_int_eq(run(&writing), 5);
    struct probe syncing = probe_fsync(fd);
    ck_assert_int_eq(run(&syncing), 0);
    struct probe reading = probe_pread(fd, buf, 5, 3);
    ck_assert_int_eq(run(&reading), 5);

    ck_assert_str_eq(buf, "hello");
    ck_assert_int_eq(lseek(fd, 0, SEEK_CUR), 0);
    close(fd);
}

FILE_TEST(a_read_over_the_end_is_short_and_one_behind_it_empty)
{
    char buf[8] = "old";
    int fd = open_file("text");
    struct probe over = probe_pread(fd, buf, sizeof buf, 2);
    ck_assert_int_eq(run(&over), 2);
    ck_assert_mem_eq(buf, "xtd", 3);
    struct probe behind = probe_pread(fd, buf, sizeof buf, 4);
    ck_assert_int_eq(run(&behind), 0);
    close(fd);
}

FILE_TEST(file_errors_are_results)
{
    char buf[4];
    int fd = open_file(""), folder = open(".", O_RDONLY | O_CLOEXEC), fds[2];
    int only_read = open("file", O_RDONLY | O_CLOEXEC);
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
    pair_pipe(fds);
    struct {
        struct probe probe;
        int error;
    } table[] = {
        {probe_open("no/such/file", O_RDONLY), -ENOENT},
        {probe_open("file", O_RDWR | O_CREAT | O_EXCL), -EEXIST},
        {probe_pread(-1, buf, 4, 0), -EBADF},
        {probe_pwrite(only_read, buf, 4, 0), -EBADF},
        {probe_pread(full, buf, 4, 0), -EBADF},
        {probe_pread(folder, buf, 4, 0), -EISDIR},
        {probe_pwrite(full, "text", 4, 0), -ENOSPC},
        {probe_fsync(-1), -EBADF},
        {probe_fsync(fds[0]), -EINVAL},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        ck_assert_msg(run(&table[i].probe) == table[i].error, "row %zu: %zd", i,
                      table[i].probe.result);
    close(fd);
    close(only_read);
    close(folder);
    close(full);
    close_pair(fds);
}

/* More than the queue takes at once. */
FILE_TEST(many_pend_on_one_descriptor)
{
    enum { MANY = 700 };
    static struct probe probes[MANY];
    static char text[MANY + 1], bytes[MANY];
    for (int i = 0; i < MANY; i++)
        text[i] = (char)('a' + i % 26);
    int fd = open_file(text);

    for (int i = 0; i < MANY; i++) {
        probes[i] = probe_pread(fd, &bytes[i], 1, i);
        park(&probes[i]);
    }
    for (int i = 0; i < MANY; i++)
        if (!probes[i].done)
            finish(&probes[i]);

    for (int i = 0; i < MANY; i++)
        ck_assert(probes[i].done == 1 && probes[i].result == 1);
    ck_assert_mem_eq(bytes, text, MANY);
    close(fd);
}

/* The kernel cannot read such a file without waiting, and is told not to wait. */
FILE_TEST(a_file_is_read_although_its_descriptor_is_non_blocking)
{
    char buf[5];
    int fd = open("/proc/version", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    struct probe reading = probe_pread(fd, buf, 5, 0);
    ck_assert_int_eq(run(&reading), 5);
    ck_assert_mem_eq(buf, "Linux", 5);
    close(fd);
}

static void blocking_pipe(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
}

FILE_TEST(a_read_waits_where_nothing_is_yet_and_takes_what_comes)
{
    int fds[2];
    char buf[8] = "";
    blocking_pipe(fds);
    struct probe reading = probe_pread(fds[0], buf, sizeof buf, 0);
    park(&reading);
    expect_quiet();

    ck_assert_int_eq(write(fds[1], "new", 3), 3);

    ck_assert_int_eq(finish(&reading), 3);
    ck_assert_str_eq(buf, "new");
    close(fds[0]);
    close(fds[1]);
}

FILE_TEST(forget_does_not_end_file_operations)
{
    int fds[2];
    char buf[8] = "";
    blocking_pipe(fds);
    struct probe reading = probe_pread(fds[0], buf, sizeof buf, 0);
    park(&reading);
    wait_ns(0);

    sm_poll_ops(backend)->forget(backend, fds[0]);
    expect_quiet();

    ck_assert_int_eq(write(fds[1], "new", 3), 3);
    ck_assert_int_eq(finish(&reading), 3);
    close(fds[0]);
    close(fds[1]);
}

/* ---- cancel ------------------------------------------------------------------------- */

FILE_TEST(what_is_cancelled_before_it_was_begun_is_not_done)
{
    int fd = open_file("old");
    char buf[4] = "";
    struct probe opening = probe_open("another", O_WRONLY | O_CREAT);
    struct probe writing = probe_pwrite(fd, "new", 3, 0);
    park(&opening);
    park(&writing);

    ck_assert_int_eq(cancel(&opening), SM_OP_REMOVED);
    ck_assert_int_eq(cancel(&writing), SM_OP_REMOVED);

    expect_quiet();
    ck_assert_int_eq(access("another", F_OK), -1);
    ck_assert_int_eq(pread(fd, buf, 3, 0), 3);
    ck_assert_str_eq(buf, "old");
    close(fd);
}

FILE_TEST(a_read_cancelled_in_flight_leaves_data_and_buffer_alone)
{
    int fds[2];
    char buf[8] = "old", next[8] = "";
    blocking_pipe(fds);
    struct probe reading = probe_pread(fds[0], buf, sizeof buf, 0);
    park(&reading);
    expect_quiet();

    ck_assert_int_eq(cancel(&reading), SM_OP_CANCELING);
    ck_assert_int_eq(cancel(&reading), SM_OP_CANCELING);
    ck_assert_int_eq(finish(&reading), -ECANCELED);

    ck_assert_int_eq(write(fds[1], "new", 4), 4);
    expect_quiet();
    ck_assert_str_eq(buf, "old");
    ck_assert_int_eq(read(fds[0], next, sizeof next), 4);
    ck_assert_str_eq(next, "new");
    close(fds[0]);
    close(fds[1]);
}

/* Completion wins: what was written was written. */
FILE_TEST(a_cancel_that_comes_too_late_changes_nothing)
{
    int fd = open_file("old");
    char buf[4] = "";
    struct probe writing = probe_pwrite(fd, "new", 3, 0);
    prepare_to_hand_over();
    park(&writing);
    hand_over();

    bool cancelled = cancel_and_finish(&writing);

    ck_assert_int_eq(writing.result, cancelled ? -ECANCELED : 3);
    ck_assert_int_eq(pread(fd, buf, 3, 0), 3);
    ck_assert_str_eq(buf, cancelled ? "old" : "new");
    close(fd);
}

static void make_fifo(void)
{
    unlink("fifo"); /* of a test that failed */
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
}

FILE_TEST(an_open_waits_for_its_peer)
{
    int peer = -1;
    make_fifo();
    struct probe opening = probe_open("fifo", O_RDONLY);
    park(&opening);
    expect_quiet();

    while (peer < 0) /* till the kernel has begun */
        peer = open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);

    int fd = (int)finish(&opening);
    ck_assert_int_ge(fd, 0);
    close(fd);
    close(peer);
    unlink("fifo");
}

FILE_TEST(an_open_is_cancelled_in_flight)
{
    make_fifo();
    struct probe opening = probe_open("fifo", O_RDONLY);
    park(&opening);
    expect_quiet();

    ck_assert_int_eq(cancel(&opening), SM_OP_CANCELING);
    ck_assert_int_eq(finish(&opening), -ECANCELED);
    ck_assert_int_eq(open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC), -1);
    ck_assert_int_eq(errno, ENXIO);
    unlink("fifo");
}

/* ---- close -------------------------------------------------------------------------- */

FILE_TEST(close_with_file_operations_pending)
{
    int fds[2], fd = open_file("old");
    static char large[1 << 20], buf[8];
    blocking_pipe(fds);
    make_fifo();
    struct probe probes[] = {
        probe_pread(fds[0], buf, sizeof buf, 0),
        probe_open("fifo", O_RDONLY),
        probe_pwrite(fd, large, sizeof large, 0),
        probe_fsync(fd),
    };
    prepare_to_hand_over();
    for (int i = 0; i < 4; i++)
        park(&probes[i]);
    hand_over();

    backend_close();

    for (int i = 0; i < 4; i++)
        ck_assert(probes[i].done == 0 && probes[i].op.state == SM_OP_IDLE);
    close(fd);
    close(fds[0]);
    close(fds[1]);
    unlink("fifo");
    backend_open();
}

FILE_TEST(what_was_opened_when_the_backend_closes_is_closed)
{
    struct probe opening = probe_open("another", O_WRONLY | O_CREAT);
    prepare_to_hand_over();
    park(&opening);
    hand_over();
    wait_for_file("another");

    backend_close();

    ck_assert(opening.done == 0 && opening.op.state == SM_OP_IDLE);
    unlink("another");
    backend_open();
}

/* ---- failures ----------------------------------------------------------------------- */

#ifdef SIMUL_FAULTS
enum { CROWD = 600 };
enum ending { COMPLETE, CANCEL, CLOSE };

static struct probe crowd[CROWD];
static char crowd_bytes[CROWD];

/* Waits that fail are made again. */
static int collect_crowd(int expected)
{
    int given_back = 0;
    for (int i = 0; i < CROWD; i++)
        given_back += crowd[i].result != NOT_YET;
    for (int i = 0; i < 10 * CROWD && given_back < expected; i++) {
        int r = sm_poll_ops(backend)->wait(backend, MS / 10);
        given_back += r > 0 ? r : 0;
    }
    return given_back;
}

static int cancel_crowd(void)
{
    int removed = 0;
    for (int i = 0; i < CROWD; i++)
        removed += crowd[i].result == NOT_YET && cancel(&crowd[i]) == SM_OP_REMOVED;
    return removed;
}

/* More reads than fit into the queue end one way or another while the n-th call fails. In
 * the end each was given back once, or removed. */
static bool crowd_with_failure(unsigned long n, enum ending ending)
{
    static const char bytes[CROWD];
    int fds[2];
    blocking_pipe(fds);
    backend_open();
    sm_fault_arm(n);
    for (int i = 0; i < CROWD; i++) {
        crowd[i] = probe_pread(fds[0], &crowd_bytes[i], 1, 0);
        submit(&crowd[i]);
    }
    for (int i = 0; i < 2; i++)
        sm_poll_ops(backend)->wait(backend, 0);
    if (ending == COMPLETE)
        ck_assert_int_eq(write(fds[1], bytes, CROWD), CROWD);
    int removed = ending == CANCEL ? cancel_crowd() : 0;
    if (ending == CLOSE)
        backend_close();
    else
        ck_assert_int_eq(removed + collect_crowd(CROWD - removed), CROWD);
    bool failed = sm_fault_disarm();
    for (int i = 0; i < CROWD; i++) {
        ck_assert(crowd[i].done <= 1 && crowd[i].op.state == SM_OP_IDLE);
        if (ending == COMPLETE)
            ck_assert(crowd[i].result == 1 || crowd[i].result < 0);
        else
            ck_assert(crowd[i].result == NOT_YET || crowd[i].result < 0);
    }
    if (ending != CLOSE)
        backend_close();
    close(fds[0]);
    close(fds[1]);
    return failed;
}

TEST_TIMEOUT(a_crowd_of_reads_survives_each_failure, 120)
{
    backend_open();
    bool offers = sm_poll_offers(backend, SM_OP_PREAD);
    backend_close();
    for (enum ending ending = COMPLETE; offers && ending <= CLOSE; ending++) {
        unsigned long n = 1;
        while (crowd_with_failure(n, ending))
            n = n < 20 ? n + 1 : n + 197; /* the first calls, a sample of the rest */
        ck_assert_int_gt(n, 3);
    }
}
#endif

int main(void)
{
    harness_need_backend();
    return run_in_folder("poll backend: files");
}
