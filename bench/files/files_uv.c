/* SPDX-License-Identifier: MIT */
/* uv_fs_read() with a callback. */
#include <uv.h>

#include "files.h"

static struct request {
    uv_fs_t fs;
    uv_buf_t buf;
} requests[AT_ONCE_MAX];

static int fd_;
static long next, end;

static void go_on(uv_fs_t *fs);

static void begin(struct request *request)
{
    if (next < end)
        uv_fs_read(uv_default_loop(), &request->fs, fd_, &request->buf, 1,
                   page_of(next++), go_on);
}

static void go_on(uv_fs_t *fs)
{
    if (fs->result != PAGE)
        bench_fail("uv_fs_read");
    uv_fs_req_cleanup(fs);
    begin((struct request *)fs);
}

static void read_all(int fd, long n, long at_once)
{
    fd_ = fd;
    next = 0;
    end = n;
    for (long i = 0; i < at_once; i++) {
        requests[i].buf = uv_buf_init(pages[i], PAGE);
        begin(&requests[i]);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    files_measure(bench_args(argc, argv));
    return 0;
}
