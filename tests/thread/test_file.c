/* SPDX-License-Identifier: MIT */
/* Files, by a thread of the pool. */
#include "support/folder.h"
#include "task/trace.h"

#include <fcntl.h>
#include <simul/file.h>
#include <simul/thread.h>
#include <string.h>
#include <unistd.h>

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
    char buf[1];
    ck_assert_int_eq(simul_file_open("no/such/file", O_RDONLY, 0), -ENOENT);
    ck_assert_int_eq(simul_file_open(NULL, O_RDONLY, 0), -EINVAL);
    ck_assert_int_eq(simul_file_read(-1, buf, 1), -EBADF);
    ck_assert_int_eq(simul_file_write(-1, buf, 1), -EBADF);
    ck_assert_int_eq(simul_file_sync(-1), -EBADF);
    ck_assert_int_eq(simul_file_close(-1), -EBADF);
    ck_assert_int_eq(simul_file_pread(0, buf, 1, -1), -EINVAL);
    ck_assert_int_eq(simul_file_pwrite(0, buf, 1, -1), -EINVAL);
    ck_assert_int_eq(simul_file_unlink("no/such/file"), -ENOENT);
}

static struct {
    int fd;
    ssize_t result;
} writing;

static int write_it(void *unused)
{
    (void)unused;
    writing.result = simul_file_write(writing.fd, "x", 1);
    return writing.result < 0 ? (int)writing.result : 0;
}

/* -ECANCELED means that nothing was done, any other result that it was. */
TASK_TEST(a_cancelled_write_is_made_or_not)
{
    struct stat file;
    writing.fd = open_new("file");
    simul_task *task = simul_create_task(write_it, NULL);
    ck_assert_ptr_nonnull(task);
    let_run(1);
    simul_cancel(task);
    simul_await(task);
    simul_release(task);
    ck_assert_int_eq(simul_file_fstat(writing.fd, &file), 0);
    ck_assert_int_eq(file.st_size, writing.result == -ECANCELED ? 0 : 1);
    ck_assert_int_eq(simul_file_close(writing.fd), 0);
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
