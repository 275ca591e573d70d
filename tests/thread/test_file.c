/* SPDX-License-Identifier: MIT */
/* Files, by a thread of the pool or by io_uring. */
#include "support/folder.h"
#include "task/trace.h"

#include <fcntl.h>
#include <simul/file.h>
#include <simul/thread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/valgrind.h"

static int open_new(const char *path)
{
    int fd = simul_file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_ge(fd, 0);
    return fd;
}

TASK_TEST(what_was_written_is_read)
{
    char buf[16];
    struct stat file;
    int fd = open_new("file");
    ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);

    ck_assert_int_eq(simul_file_write(fd, "hello", 5), 5);
    ck_assert_int_eq(simul_file_write(fd, " there", 6), 6);
    ck_assert_int_eq(simul_file_write(fd, "", 0), 0);
    ck_assert_int_eq(simul_file_sync(fd), 0);
    ck_assert_int_eq(simul_file_pread(fd, buf, sizeof buf, 6), 5);
    ck_assert_mem_eq(buf, "there", 5);
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    ck_assert_int_eq(simul_file_read(fd, buf, 5), 5);
    ck_assert_mem_eq(buf, "hello", 5);
    ck_assert_int_eq(simul_file_pwrite(fd, "J", 1, 0), 1);
    ck_assert_int_eq(simul_file_truncate(fd, 5), 0);
    ck_assert_int_eq(simul_file_read(fd, buf, sizeof buf), 0);
    ck_assert_int_eq(simul_file_fstat(fd, &file), 0);
    ck_assert_int_eq(file.st_size, 5);
    ck_assert_int_eq(simul_file_close(fd), 0);

    ck_assert_int_eq(simul_file_stat("file", &file), 0);
    ck_assert_int_eq(file.st_mode & 0777, 0600);
    ck_assert_int_eq(simul_file_unlink("file"), 0);
    ck_assert_int_eq(simul_file_stat("file", &file), -ENOENT);
}

static int count_turns(void *turns)
{
    for (;;) {
        int r = simul_sleep(0);
        if (r < 0)
            return r;
        ++*(int *)turns;
    }
}

TASK_TEST(others_run_while_a_file_keeps_its_reader_waiting)
{
    static int turns;
    int fds[2];
    char buf[1];
    turns = 0;
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    simul_task *counting = simul_create_task(count_turns, &turns);
    ck_assert_ptr_nonnull(counting);
    let_run(2);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    int before = turns;
    ck_assert_int_eq(simul_file_read(fds[0], buf, 1), 1);
    ck_assert_int_gt(turns, before);
    simul_cancel(counting);
    simul_release(counting);
    close(fds[0]);
    close(fds[1]);
}

TASK_TEST(errors_are_those_of_the_system)
{
    char buf[1] = "";
    ck_assert_int_eq(simul_file_open("no/such/file", O_RDONLY, 0), -ENOENT);
    ck_assert_int_eq(simul_file_open(NULL, O_RDONLY, 0), -EINVAL);
    ck_assert_int_eq(simul_file_read(-1, buf, 1), -EBADF);
    ck_assert_int_eq(simul_file_write(-1, buf, 1), -EBADF);
    ck_assert_int_eq(simul_file_sync(-1), -EBADF);
    ck_assert_int_eq(simul_file_close(-1), -EBADF);
    ck_assert_int_eq(simul_file_pread(0, buf, 1, -1), -EINVAL);
    ck_assert_int_eq(simul_file_pwrite(0, buf, 1, -1), -EINVAL);
    ck_assert_int_eq(simul_file_unlink("no/such/file"), -ENOENT);
    ck_assert_int_eq(simul_file_pread(-1, buf, 1, 0), -EBADF);
    ck_assert_int_eq(simul_file_pwrite(-1, buf, 1, 0), -EBADF);
}

TASK_TEST(errors_at_positions_are_those_of_the_system)
{
    char buf[4] = "";
    int fds[2], folder = simul_file_open(".", O_RDONLY, 0);
    int full = simul_file_open("/dev/full", O_WRONLY, 0);
    ck_assert_int_ge(folder, 0);
    ck_assert_int_ge(full, 0);
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);

    ck_assert_int_eq(simul_file_pread(folder, buf, 4, 0), -EISDIR);
    ck_assert_int_eq(simul_file_pread(full, buf, 4, 0), -EBADF);
    ck_assert_int_eq(simul_file_pwrite(folder, buf, 4, 0), -EBADF);
    ck_assert_int_eq(simul_file_pwrite(full, buf, 4, 0), -ENOSPC);
    ck_assert_int_eq(simul_file_pread(fds[0], buf, 4, 0), -ESPIPE);
    ck_assert_int_eq(simul_file_pwrite(fds[1], buf, 4, 0), -ESPIPE);
    ck_assert_int_eq(simul_file_sync(fds[0]), -EINVAL);

    close(folder);
    close(full);
    close(fds[0]);
    close(fds[1]);
}

/* The kernel cannot read the second page, and says so after it has written the first.
 * memcheck and qemu would say so before. */
TASK_TEST(a_write_that_is_cut_short_goes_on)
{
    if (RUNNING_ON_VALGRIND)
        return;
    struct stat file;
    int fd = open_new("file");
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *data = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(data, MAP_FAILED);
    ck_assert_int_eq(mprotect(data + page, page, PROT_NONE), 0);
    bool is_cut_short = pwrite(fd, data, 2 * page, 0) == (ssize_t)page;
    ck_assert_int_eq(ftruncate(fd, 0), 0);

    ck_assert_int_eq(simul_file_pwrite(fd, data, 2 * page, 0), -EFAULT);

    ck_assert_int_eq(simul_file_fstat(fd, &file), 0);
    ck_assert_int_eq(file.st_size, is_cut_short ? page : 0);
    munmap(data, 2 * page);
    close(fd);
}

/* SIGXFSZ would kill. */
TASK_TEST(a_limit_to_the_size_of_files_is_an_error_and_no_signal)
{
    enum { SIZE = 1 << 20 };
    struct rlimit before, limit;
    struct stat file;
    int fd = open_new("file");
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = SIZE;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);

    ck_assert_int_eq(simul_file_pwrite(fd, "hello", 5, SIZE - 4), -EFBIG);

    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
    ck_assert_int_eq(simul_file_fstat(fd, &file), 0);
    ck_assert_int_eq(file.st_size, SIZE);
    close(fd);
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { READERS = 64 };

static struct reading {
    int fd, at;
    char byte;
} readings[READERS];

static int read_one(void *arg)
{
    struct reading *reading = arg;
    return (int)simul_file_pread(reading->fd, &reading->byte, 1, reading->at);
}

TASK_TEST(many_read_one_file_at_once)
{
    char text[READERS];
    simul_task *tasks[READERS];
    int fd = open_new("file");
    for (int i = 0; i < READERS; i++)
        text[i] = (char)(' ' + i);
    ck_assert_int_eq(simul_file_pwrite(fd, text, READERS, 0), READERS);

    for (int i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.fd = fd, .at = i};
        tasks[i] = simul_create_task(read_one, &readings[i]);
    }
    ck_assert_int_eq(simul_gather(tasks, READERS, 0), 0);

    for (int i = 0; i < READERS; i++)
        ck_assert_int_eq(readings[i].byte, text[i]);
    simul_release_all(tasks, READERS);
    close(fd);
}

static bool by_io_uring(void)
{
    return strcmp(simul_loop_backend(NULL), "io_uring") == 0;
}

TASK_TEST(io_uring_needs_no_thread_for_files)
{
    char buf[4];
    int fd = open_new("file");
    ck_assert_int_eq(simul_loop_shutdown_default_executor(-1), 0);
    bool ring = by_io_uring();

    ck_assert_int_eq(simul_file_pwrite(fd, "text", 4, 0), ring ? 4 : -SIMUL_ESHUTDOWN);
    ck_assert_int_eq(simul_file_pread(fd, buf, 4, 0), ring ? 4 : -SIMUL_ESHUTDOWN);
    ck_assert_int_eq(simul_file_sync(fd), ring ? 0 : -SIMUL_ESHUTDOWN);
    int again = simul_file_open("file", O_RDONLY, 0);
    ck_assert(ring ? again >= 0 : again == -SIMUL_ESHUTDOWN);

    if (again >= 0)
        close(again);
    ck_assert_int_eq(simul_file_close(fd), 0);
}

/* ---- cancelling ---------------------------------------------------------------------------- */

static struct {
    int fd;
    bool at_position;
    ssize_t result;
} writing;

static int write_it(void *unused)
{
    (void)unused;
    writing.result = writing.at_position ? simul_file_pwrite(writing.fd, "x", 1, 0)
                                         : simul_file_write(writing.fd, "x", 1);
    return writing.result < 0 ? (int)writing.result : 0;
}

/* -ECANCELED means that nothing was done, any other result that it was. */
static void cancel_a_write(bool at_position, int after)
{
    struct stat file;
    writing.fd = open_new("file");
    writing.at_position = at_position;
    simul_task *task = simul_create_task(write_it, NULL);
    ck_assert_ptr_nonnull(task);
    let_run(after);
    simul_cancel(task);
    simul_await(task);
    simul_release(task);
    ck_assert_int_eq(simul_file_fstat(writing.fd, &file), 0);
    ck_assert_int_eq(file.st_size, writing.result == -ECANCELED ? 0 : 1);
    ck_assert_int_eq(simul_file_close(writing.fd), 0);
}

TASK_TEST(a_cancelled_write_is_made_or_not)
{
    cancel_a_write(false, 1);
}

TASK_TEST(a_cancelled_write_at_a_position_is_made_or_not)
{
    for (int after = 1; after < 4; after++)
        cancel_a_write(true, after);
}

static int opened;

static int open_it(void *path)
{
    opened = simul_file_open(path, O_RDONLY, 0);
    return opened < 0 ? opened : 0;
}

/* A thread cannot be told that nobody waits any more; the kernel can. */
TASK_TEST(an_open_that_waits_for_its_peer_is_cancelled_or_ends)
{
    int peer = -1;
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    opened = 0;
    simul_task *task = simul_create_task(open_it, "fifo");
    ck_assert_ptr_nonnull(task);
    let_run(3);
    simul_cancel(task);
    while (!simul_done(task)) {
        if (peer < 0 && !by_io_uring())
            peer = open("fifo", O_WRONLY | O_NONBLOCK | O_CLOEXEC);
        ck_assert_int_eq(simul_sleep(0), 0);
    }

    if (by_io_uring())
        ck_assert_int_eq(opened, -ECANCELED);
    ck_assert_int_eq(simul_cancelled(task), true);
    if (opened >= 0)
        close(opened);
    if (peer >= 0)
        close(peer);
    simul_release(task);
}

TASK_TEST(closing_is_done_although_the_task_is_cancelled)
{
    int fd = open_new("file");
    simul_cancel(simul_current_task());
    ck_assert_int_eq(simul_sleep(0), -ECANCELED);
    ck_assert_int_eq(simul_file_write(fd, "x", 1), -ECANCELED);
    ck_assert_int_eq(simul_file_close(fd), 0);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    simul_cancel_caught();
}

/* ---- the loop closes ------------------------------------------------------------------------ */

static int create_it(void *path)
{
    int fd = simul_file_open(path, O_RDWR | O_CREAT, 0600);
    return fd < 0 ? fd : close(fd);
}

/* In a sweep it may not come at all. */
static void wait_for_file(const char *path)
{
    for (int tries = 0; access(path, F_OK) < 0 && tries < 1000 * harness_patience();
         tries++)
        usleep(1000);
}

/* The harness looks whether their descriptors are left. Some have not begun. */
TEST(descriptors_of_a_loop_that_is_closed_in_the_middle_are_closed)
{
    static char names[20][4];
    simul_loop *loop;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    for (int i = 0; i < 20; i++) {
        snprintf(names[i], sizeof names[i], "f%d", i);
        simul_release(simul_loop_create_task(loop, create_it, names[i], NULL));
    }
    simul_loop_run_once(loop, 0);
    simul_loop_run_once(loop, 0);
    wait_for_file(names[0]);

    ck_assert_int_eq(simul_loop_close(loop), 0);
}

enum { LARGE = 8 << 20, PAGE = 4096 };
static char *large;

static int write_large(void *fd)
{
    return (int)simul_file_pwrite(*(int *)fd, large, LARGE, 0);
}

static void use_again(void *unused)
{
    (void)unused;
    memset(large, 'r', LARGE);
}

/* As much as was written is of what was to be written, though the memory is used again.
 * O_DIRECT, where there is that: the disk itself reads the memory. */
TEST(a_write_in_flight_when_the_loop_closes_is_done_with_the_memory)
{
    static const simul_task_opts opts = {.release_arg = use_again};
    simul_loop *loop;
    capture_log();
    int fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_DIRECT, 0600);
    if (fd < 0)
        fd = open("file", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    large = aligned_alloc(PAGE, LARGE);
    ck_assert_ptr_nonnull(large);
    memset(large, 'w', LARGE);
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_release(simul_loop_create_task(loop, write_large, &fd, &opts));
    simul_loop_run_once(loop, 0);
    simul_loop_run_once(loop, 0);

    ck_assert_int_eq(simul_loop_close(loop), 0);

    ssize_t n = pread(fd, large, LARGE, 0);
    ck_assert(n >= 0 && memchr(large, 'r', (size_t)n) == NULL);
    free(large);
    close(fd);
}

TEST(outside_of_a_task_files_are_only_closed)
{
    int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(simul_file_write(fd, "x", 1), -SIMUL_ENOTASK);
    ck_assert_int_eq(simul_file_close(fd), 0);
}

int main(void)
{
    harness_need_backend();
    return run_in_folder("files");
}
