/* SPDX-License-Identifier: MIT */
/* pread(2), which would block. */
#include "files.h"

static void read_all(int fd, long n, long at_once)
{
    for (long i = 0; i < n; i++)
        if (pread(fd, pages[i % at_once], PAGE, page_of(i)) != PAGE)
            bench_fail("pread");
}

int main(int argc, char **argv)
{
    files_measure(bench_args(argc, argv));
    return 0;
}
