/* SPDX-License-Identifier: MIT */
/*
 * A layer in between: every byte is turned by 13. It has no state but its own memory, and
 * nothing to do with the end of a stream, so most of its table passes on.
 */
#include "contract/layers.h"

#include "base/sys.h"

enum { TURN = 13 };

static ssize_t rotate_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    unsigned char *bytes = buf;
    ssize_t got = sm_pass_read(layer, buf, n, flags);
    for (ssize_t i = 0; i < got; i++)
        bytes[i] = (unsigned char)(bytes[i] - TURN);
    return got;
}

static size_t turn_into(unsigned char *out, const struct iovec *iov, int n)
{
    size_t at = 0;
    for (int i = 0; i < n; i++) {
        const unsigned char *piece = iov[i].iov_base;
        for (size_t k = 0; k < iov[i].iov_len; k++)
            out[at++] = (unsigned char)(piece[k] + TURN);
    }
    return at;
}

/* Y3: all or none, so all is turned before the first byte is written. */
static ssize_t rotate_write(struct sm_layer *layer, const struct iovec *iov, int n,
                            unsigned flags)
{
    size_t size = 0;
    for (int i = 0; i < n; i++)
        size += iov[i].iov_len;
    unsigned char *turned = sm_malloc(size);
    if (!turned)
        return -ENOMEM;
    struct iovec whole = {turned, turn_into(turned, iov, n)};
    ssize_t r = sm_pass_write(layer, &whole, 1, flags);
    sm_free(turned);
    return r;
}

static void rotate_release(struct sm_layer *layer)
{
    sm_free(layer);
}

static const struct sm_layer_ops rotate_ops = {
    .name = "rotate",
    .read = rotate_read,
    .write = rotate_write,
    .flush = sm_pass_flush,
    .shutdown = sm_pass_shutdown,
    .close = sm_pass_close,
    .wake = sm_pass_wake,
    .info = sm_pass_info,
    .release = rotate_release,
};

int layer_rotate_push(simul_stream *stream)
{
    struct sm_layer *layer = sm_zalloc(sizeof *layer);
    if (!layer)
        return -ENOMEM;
    layer->ops = &rotate_ops;
    sm_stream_push(stream, layer);
    return 0;
}
