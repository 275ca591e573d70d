/* SPDX-License-Identifier: MIT */
/* Files: operations of the poller where it has them (file_op.h), else system calls that are
 * made in a thread of the pool. */
#include <fcntl.h>
#include <limits.h>
#include <simul/file.h>
#include <simul/thread.h>
#include <unistd.h>

#include "base/sys.h"
#include "thread/file_op.h"
#include "thread/jobs.h"

/* One call; on the stack of the task, which waits until it has ended. */
struct call {
    const char *path;
    int fd, flags;
    unsigned mode;
    void *data;
    size_t n;
    off_t offset; /* -1: where the file stands */
    struct stat *file;
    bool made;
    ssize_t result; /* or -errno */
};

static ssize_t make(struct call *call, simul_fn *fn)
{
    int r = simul_to_thread(fn, call);
    return r < 0 ? r : call->result;
}

/* The functions of the threads put their results into the call: they may be large. */
static int ended(struct call *call, ssize_t result)
{
    call->made = true;
    call->result = result;
    return 0;
}

/* ---- opening and closing ------------------------------------------------------------------ */

static int do_open(void *arg)
{
    struct call *call = arg;
    return ended(call, sm_open(call->path, call->flags | O_CLOEXEC, call->mode));
}

/* The loop has closed: nobody will hear of the descriptor. */
static void close_lost(void *arg)
{
    struct call *call = arg;
    if (call->made && call->result >= 0)
        sm_close((int)call->result);
}

int simul_file_open(const char *path, int flags, unsigned mode)
{
    struct call call = {.path = path, .flags = flags, .mode = mode};
    if (!path)
        return -EINVAL;
    if (sm_file_offers(SM_OP_OPEN))
        return sm_file_op_open(path, flags, mode);
    int r = sm_to_thread(do_open, &call, close_lost);
    return r < 0 ? r : (int)call.result;
}

/* Never by the poller: see U8 in poll/io_uring.c. */
static int do_close(void *arg)
{
    struct call *call = arg;
    return ended(call, sm_close_checked(call->fd));
}

int simul_file_close(int fd)
{
    struct call call = {.fd = fd};
    simul_to_thread(do_close, &call);
    if (!call.made)
        do_close(&call);
    return (int)call.result;
}

/* ---- reading and writing ------------------------------------------------------------------ */

/* Where a file stands is read and written by the system call under a lock, so that of two
 * writers each finds a place of his own; io_uring has no such lock. So what begins there is
 * always a thread's. */

static int do_read(void *arg)
{
    struct call *call = arg;
    return ended(call, call->offset < 0
                           ? sm_read(call->fd, call->data, call->n)
                           : sm_pread(call->fd, call->data, call->n, call->offset));
}

ssize_t simul_file_read(int fd, void *buf, size_t n)
{
    struct call call = {.fd = fd, .data = buf, .n = n, .offset = -1};
    return make(&call, do_read);
}

ssize_t simul_file_pread(int fd, void *buf, size_t n, off_t offset)
{
    struct call call = {.fd = fd, .data = buf, .n = n, .offset = offset};
    if (offset < 0)
        return -EINVAL;
    return sm_file_offers(SM_OP_PREAD) ? sm_file_op_pread(fd, buf, n, offset)
                                       : make(&call, do_read);
}

static ssize_t write_piece(const struct call *call, size_t done)
{
    const char *from = (const char *)call->data + done;
    size_t n = call->n - done;
    return call->offset < 0 ? sm_write(call->fd, from, n)
                            : sm_pwrite(call->fd, from, n, call->offset + (off_t)done);
}

static int do_write(void *arg)
{
    struct call *call = arg;
    size_t done = 0;
    do {
        ssize_t n = write_piece(call, done);
        if (n < 0 || (n == 0 && done < call->n))
            return ended(call, n < 0 ? n : -EIO);
        done += (size_t)n;
    } while (done < call->n);
    return ended(call, (ssize_t)done);
}

ssize_t simul_file_write(int fd, const void *data, size_t n)
{
    struct call call = {.fd = fd, .data = (void *)data, .n = n, .offset = -1};
    return n > SSIZE_MAX ? -EINVAL : make(&call, do_write);
}

ssize_t simul_file_pwrite(int fd, const void *data, size_t n, off_t offset)
{
    struct call call = {.fd = fd, .data = (void *)data, .n = n, .offset = offset};
    if (offset < 0 || n > SSIZE_MAX)
        return -EINVAL;
    return sm_file_offers(SM_OP_PWRITE) && !sm_file_size_is_limited()
               ? sm_file_op_pwrite(fd, data, n, offset)
               : make(&call, do_write);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static int do_sync(void *arg)
{
    struct call *call = arg;
    return ended(call, sm_fsync(call->fd));
}

int simul_file_sync(int fd)
{
    struct call call = {.fd = fd};
    return sm_file_offers(SM_OP_FSYNC) ? sm_file_op_sync(fd)
                                       : (int)make(&call, do_sync);
}

static int do_truncate(void *arg)
{
    struct call *call = arg;
    return ended(call, sm_ftruncate(call->fd, call->offset));
}

int simul_file_truncate(int fd, off_t size)
{
    struct call call = {.fd = fd, .offset = size};
    return (int)make(&call, do_truncate);
}

static int do_stat(void *arg)
{
    struct call *call = arg;
    return ended(call, call->path ? sm_stat(call->path, call->file)
                                  : sm_fstat(call->fd, call->file));
}

int simul_file_stat(const char *path, struct stat *file)
{
    struct call call = {.path = path, .file = file};
    return path ? (int)make(&call, do_stat) : -EINVAL;
}

int simul_file_fstat(int fd, struct stat *file)
{
    struct call call = {.fd = fd, .file = file};
    return (int)make(&call, do_stat);
}

static int do_unlink(void *arg)
{
    struct call *call = arg;
    return ended(call, sm_unlink(call->path));
}

int simul_file_unlink(const char *path)
{
    struct call call = {.path = path};
    return path ? (int)make(&call, do_unlink) : -EINVAL;
}
