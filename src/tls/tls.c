/* SPDX-License-Identifier: MIT */
/* TLS on a stream: what comes from below, reading. */
#include "tls/tls.h"

#include <string.h>

#include "base/sys.h"

enum { BULK = 18 << 10 };

/* ---- more from below --------------------------------------------------------------------- */

static ssize_t take_in(struct sm_tls *tls, char *into, size_t size, unsigned flags)
{
    struct sm_layer *below = tls->layer.below;
    ssize_t got = below->ops->read(below, into, size, flags);
    if (got > 0) {
        tls->io.in = into;
        tls->io.in_left = (size_t)got;
    }
    tls->more = got == (ssize_t)size;
    return got;
}

/* Into the large buffer, if there is memory for it. */
static ssize_t take_in_at_once(struct sm_tls *tls, char *idle)
{
    if (!tls->kept)
        tls->kept = sm_malloc(BULK);
    return tls->kept ? take_in(tls, tls->kept, BULK, SM_NOWAIT)
                     : take_in(tls, idle, SM_TLS_IDLE, SM_NOWAIT);
}

/* A peer may make us answer without reading our answers (KeyUpdate): not for ever. */
static int wait_for_answers(struct sm_tls *tls)
{
    struct sm_layer *below = tls->layer.below;
    return sm_tls_kept_below(tls) > 2 * tls->high ? below->ops->flush(below) : 0;
}

ssize_t sm_tls_fetch(struct sm_tls *tls, char *idle, unsigned flags)
{
    sm_assert(tls->io.in_left == 0); /* L3 */
    if (tls->more || flags & SM_NOWAIT) {
        ssize_t got = take_in_at_once(tls, idle);
        if (got != -EAGAIN || flags & SM_NOWAIT)
            return got;
    }
    sm_free(tls->kept);
    tls->kept = NULL;
    int r = wait_for_answers(tls);
    if (r < 0 || tls->below_closed)
        return r < 0 ? r : -ECONNABORTED;
    return take_in(tls, idle, SM_TLS_IDLE, 0);
}

int sm_tls_keep_rest(struct sm_tls *tls, const char *idle)
{
    size_t n = tls->io.in_left;
    bool outside = n > 0 && tls->io.in >= idle && tls->io.in < idle + SM_TLS_IDLE;
    if (!outside)
        return 0;
    if (!tls->kept)
        tls->kept = sm_malloc(BULK);
    if (!tls->kept) {
        tls->io.in_left = 0;
        return -ENOMEM;
    }
    memcpy(tls->kept, tls->io.in, n);
    tls->io.in = tls->kept;
    return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

static ssize_t end_of_connection(const struct sm_tls *tls)
{
    return tls->context->ragged_eofs ? 0 : -SIMUL_ETRUNCATED;
}

static bool stays(ssize_t error)
{
    return error != -ECANCELED && error != -EAGAIN && error != -ENOMEM
           && error != -ENOBUFS && error != -EBUSY && error != -SIMUL_ENOTASK;
}

static ssize_t decrypt(struct sm_tls *tls, char *idle, void *buf, size_t n,
                       unsigned flags)
{
    for (;;) {
        ssize_t r = sm_ssl_read(tls->ssl, buf, n);
        sm_tls_go_on(tls); /* what it meets of sending is told to who writes */
        if (r != -EAGAIN)
            return r;
        r = sm_tls_fetch(tls, idle, flags);
        if (tls->closing)
            return r == -ECANCELED ? r : sm_stream_after_close(tls->layer.stream);
        if (r <= 0)
            return r < 0 ? r : end_of_connection(tls);
    }
}

/* What a read leaves behind, for the next one or for the closer. */
void sm_tls_leave_read(struct sm_tls *tls, const char *idle)
{
    tls->reading = false;
    if (sm_tls_keep_rest(tls, idle) < 0)
        tls->read_error = -ENOMEM; /* from the next read on */
    while (sm_waitq_wake(&tls->left, 0))
        ;
}

static void keep_end(struct sm_tls *tls, ssize_t r)
{
    if (tls->closing)
        return;
    if (r == 0)
        tls->peer_ended = true;
    else if (r < 0 && stays(r))
        tls->read_error = (int)r;
}

static ssize_t read_in_turn(struct sm_tls *tls, void *buf, size_t n, unsigned flags)
{
    char idle[SM_TLS_IDLE];
    if (tls->peer_ended || tls->read_error)
        return tls->read_error;
    tls->reading = true;
    ssize_t r = decrypt(tls, idle, buf, n, flags);
    sm_tls_leave_read(tls, idle);
    keep_end(tls, r);
    return r;
}

/* A task that writes may be reading (L5); no other does. */
static ssize_t tls_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags)
{
    struct sm_tls *tls = sm_tls_of(layer);
    while (tls->reading) {
        if (flags & SM_NOWAIT)
            return -EAGAIN;
        ssize_t r = sm_waitq_sleep(&tls->left, "read", layer->stream, NULL);
        if (r < 0)
            return r;
        if (tls->closing)
            return sm_stream_after_close(layer->stream);
    }
    return read_in_turn(tls, buf, n, flags);
}

static void tls_wake(struct sm_layer *layer)
{
    sm_pass_wake(layer);
    while (sm_waitq_wake(&sm_tls_of(layer)->left, -EAGAIN))
        ;
}

/* ---- the rest of the table ------------------------------------------------------------------ */

static int tls_info(const struct sm_layer *layer, enum sm_info what, void *answer)
{
    const struct sm_tls *tls = sm_container_of(layer, struct sm_tls, layer);
    int error = tls->broken ? -SIMUL_EBROKEN : tls->io.error;
    if (what == SM_INFO_ERROR && error) {
        *(int *)answer = error;
        return 0;
    }
    int r = sm_pass_info(layer, what, answer);
    if (r == 0 && what == SM_INFO_KEPT)
        *(size_t *)answer += tls->held_len;
    return r;
}

const struct sm_layer_ops sm_tls_ops = {
    .name = "tls",
    .read = tls_read,
    .write = sm_tls_write,
    .flush = sm_tls_flush,
    .shutdown = sm_tls_shutdown,
    .close = sm_tls_close,
    .wake = tls_wake,
    .info = tls_info,
    .release = sm_tls_release,
};
