/* SPDX-License-Identifier: MIT */
/*
 * Sending files through streams (S45). A stream that is nothing but its socket lets the system
 * do it, when all that was written has gone out; what has layers gets the bytes by writing.
 */
#include <string.h>

#include "base/sys.h"
#include "net/sendfile.h"
#include "net/stream.h"

static bool is_bare(const struct simul_stream *stream)
{
    return !stream->top->below && strcmp(stream->top->ops->name, "tcp") == 0;
}

static ssize_t send_to_stream(void *to, const void *data, size_t n)
{
    struct simul_stream *stream = to;
    struct iovec piece = {(void *)data, n};
    int r = sm_checkpoint();
    if (r < 0 || stream->closing)
        return r < 0 ? r : -SIMUL_ESTATE;
    return stream->top->ops->write(stream->top, &piece, 1, 0);
}

static int send_by_system(struct simul_stream *stream, struct sm_sendfile *job)
{
    int r = stream->top->ops->flush(stream->top);
    if (r == 0 && !stream->closing)
        r = stream->top->ops->info(stream->top, SM_INFO_FD, &job->fd);
    return r == 0 ? sm_sendfile_by_system(job) : r;
}

static int send_file(struct simul_stream *stream, struct sm_sendfile *job)
{
    int r = is_bare(stream) ? send_by_system(stream, job) : -ENOSYS;
    if (!stream->closing && sm_sendfile_is_refused(job, r))
        r = sm_sendfile_by_copy(job, send_to_stream, stream);
    return r < 0 && r != -ECANCELED && stream->closing ? -SIMUL_ESTATE : r;
}

ssize_t simul_sendfile(simul_stream *stream, int file, off_t offset, size_t count)
{
    struct sm_sendfile job = {
        .fd = -1, .file = file, .offset = offset, .left = count ? count : SIZE_MAX};
    int r = offset < 0 ? -EINVAL : sm_stream_send_begin(stream, &job.fd);
    if (r < 0)
        return r;
    r = send_file(stream, &job);
    ssize_t sent = sm_sendfile_end(&job, r);
    return sm_stream_send_end(stream, sent, sent == -SIMUL_EBROKEN);
}
