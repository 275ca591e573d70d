/* SPDX-License-Identifier: MIT */
/* simul_file_pread(), by io_uring, or (with POOL) by the pool of threads. */
#include <simul.h>

#include "files.h"

#ifdef POOL
#define BACKEND "epoll"
#else
#define BACKEND "io_uring"
#endif

static int fd_;
static long next, end;

static int reader(void *page)
{
    while (next < end)
        if (simul_file_pread(fd_, page, PAGE, page_of(next++)) != PAGE)
            bench_fail("simul_file_pread");
    return 0;
}

static void read_all(int fd, long n, long at_once)
{
    simul_task *tasks[AT_ONCE_MAX];
    fd_ = fd;
    next = 0;
    end = n;
    for (long i = 0; i < at_once; i++)
        tasks[i] = simul_create_task(reader, pages[i]);
    if (simul_gather(tasks, (size_t)at_once, 0) < 0)
        bench_fail("simul_gather");
    simul_release_all(tasks, (size_t)at_once);
}

static int entry(void *arg)
{
    files_measure(*(struct bench *)arg);
    return 0;
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    simul_loop_opts opts = {.backend = BACKEND};
    return simul_exit(simul_run_opts(entry, &bench, &opts));
}
