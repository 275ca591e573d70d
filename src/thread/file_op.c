/* SPDX-License-Identifier: MIT */
#include "thread/file_op.h"

#include <sys/resource.h>
#include <sys/uio.h>

#include "base/sys.h"
#include "task/wait.h"

bool sm_file_offers(enum sm_op_code code)
{
    return sm_running && sm_poll_offers(sm_running->poll, code);
}

bool sm_file_size_is_limited(void)
{
    struct rlimit limit;
    return sm_getrlimit(RLIMIT_FSIZE, &limit) < 0 || limit.rlim_cur != RLIM_INFINITY;
}

int sm_file_op_open(const char *path, int flags, unsigned mode)
{
    struct sm_op op = {.fd = -1, .code = SM_OP_OPEN, .flags = flags};
    op.open.path = path;
    op.open.mode = mode;
    return (int)sm_op_await(&op, "open");
}

/* Reading nothing into nowhere touches no file; but what has no positions is refused, which
 * the operation would read from. */
ssize_t sm_file_op_pread(int fd, void *buf, size_t n, off_t offset)
{
    struct sm_op op = {.fd = fd, .code = SM_OP_PREAD, .at = {buf, n, offset}};
    int r = sm_checkpoint();
    if (r == 0)
        r = (int)sm_preadv(fd, NULL, 0, offset);
    return r < 0 ? r : sm_op_wait(&op, "read");
}

/* What is left of a write that has begun is written too, cancel or not: or else -ECANCELED
 * would mean half of it. */
static ssize_t write_all(struct sm_op *op)
{
    size_t n = op->at.len;
    ssize_t r = sm_op_wait(op, "write");
    while (r > 0 && (size_t)r < op->at.len) {
        op->at.data = (char *)op->at.data + r;
        op->at.len -= (size_t)r;
        op->at.offset += r;
        r = sm_op_wait_to_end(op, "write");
    }
    if (r == 0 && n > 0)
        r = -EIO;
    return r < 0 ? r : (ssize_t)n;
}

ssize_t sm_file_op_pwrite(int fd, const void *data, size_t n, off_t offset)
{
    struct sm_op op = {.fd = fd, .code = SM_OP_PWRITE, .at = {(void *)data, n, offset}};
    int r = sm_checkpoint();
    if (r == 0)
        r = (int)sm_pwritev(fd, NULL, 0, offset);
    return r < 0 ? r : write_all(&op);
}

int sm_file_op_sync(int fd)
{
    struct sm_op op = {.fd = fd, .code = SM_OP_FSYNC};
    return (int)sm_op_await(&op, "sync");
}
