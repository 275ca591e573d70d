/* SPDX-License-Identifier: MIT */
/* Writing through TLS: room, turns, records. */
#include <string.h>

#include "base/sys.h"
#include "net/cursor.h"
#include "tls/tls.h"

/* ---- what is sent ---------------------------------------------------------------------- */

/* A record that is lost makes all that would follow it worthless. */
int sm_tls_send(struct sm_ssl_io *io, const void *data, size_t n)
{
    struct sm_tls *tls = sm_container_of(io, struct sm_tls, io);
    struct sm_layer *below = tls->layer.below;
    struct iovec piece = {(void *)data, n};
    ssize_t r = below->ops->write(below, &piece, 1, SM_NOWAIT);
    if (r >= 0)
        return 0;
    bool lost = r == -ENOMEM || r == -EAGAIN || r == -ENOBUFS;
    tls->broken |= lost;
    return lost ? -SIMUL_EBROKEN : (int)r;
}

size_t sm_tls_kept_below(const struct sm_tls *tls)
{
    const struct sm_layer *below = tls->layer.below;
    size_t kept = 0;
    below->ops->info(below, SM_INFO_KEPT, &kept);
    return kept;
}

/* May anything be written at all? */
static int usable(const struct sm_tls *tls)
{
    if (tls->closing || tls->state != SM_TLS_OPEN)
        return -SIMUL_ESTATE;
    return tls->broken ? -SIMUL_EBROKEN : tls->io.error;
}

static int writable(const struct sm_tls *tls)
{
    return tls->ending ? -SIMUL_ESTATE : usable(tls);
}

/* ---- pieces ---------------------------------------------------------------------------- */

struct source {
    struct sm_cursor rest;
    char *joined; /* owned: room for a record; NULL: not needed yet */
};

static size_t join(const struct source *source)
{
    size_t at = 0, skip = source->rest.skip, left = source->rest.left;
    for (const struct iovec *it = source->rest.iov; left > 0 && at < SM_SSL_RECORD;
         it++) {
        size_t n = it->iov_len - skip;
        n = n < SM_SSL_RECORD - at ? n : SM_SSL_RECORD - at;
        if (n > 0)
            memcpy(source->joined + at, (char *)it->iov_base + skip, n);
        at += n;
        left -= n;
        skip = 0;
    }
    return at;
}

/* The next record's bytes. Small pieces are joined, if there is memory to do so. */
static const char *next_record(struct source *source, size_t *n)
{
    const struct sm_cursor *rest = &source->rest;
    size_t whole = rest->left < SM_SSL_RECORD ? rest->left : SM_SSL_RECORD;
    size_t first = rest->iov->iov_len - rest->skip;
    if (first < whole && !source->joined)
        source->joined = sm_malloc(SM_SSL_RECORD);
    if (first < whole && source->joined) {
        *n = join(source);
        return source->joined;
    }
    *n = first < whole ? first : whole;
    return (char *)rest->iov->iov_base + rest->skip;
}

static int write_record(struct sm_tls *tls, struct source *source)
{
    size_t n;
    const char *data = next_record(source, &n);
    int r = sm_ssl_write(tls->ssl, data, n);
    if (r == 0)
        sm_cursor_advance(&source->rest, n);
    return r;
}

/* ---- room ------------------------------------------------------------------------------ */

/* All that is kept has to go, not only as much as is needed: the kernel's buffer is full
 * then, and nothing stands still. */
static int wait_for_room(struct sm_tls *tls, size_t n)
{
    struct sm_layer *below = tls->layer.below;
    n = (n < SM_SSL_RECORD ? n : SM_SSL_RECORD) + SM_SSL_OVERHEAD;
    for (;;) {
        int r = usable(tls);
        size_t kept = sm_tls_kept_below(tls);
        if (r < 0 || kept == 0 || kept + n <= tls->high)
            return r;
        r = below->ops->flush(below);
        if (r < 0 && r != -EAGAIN) /* somebody has closed: Y11 */
            return tls->closing && r != -ECANCELED ? -SIMUL_ESTATE : r;
    }
}

/* Room, and the end of what holds it up (L5); while the one is waited for the other goes. */
static int wait_to_send(struct sm_tls *tls, size_t n)
{
    int r;
    do {
        r = sm_tls_end_message(tls);
        if (r == 0)
            r = wait_for_room(tls, n);
    } while (r == -EAGAIN || (r == 0 && sm_ssl_in_message(tls->ssl)));
    return r;
}

/* A write ended before its end. */
static ssize_t cut_off(struct sm_tls *tls, const struct source *source, int error)
{
    if (source->rest.left < source->rest.total && !tls->io.error)
        tls->broken = true;
    return tls->broken ? -SIMUL_EBROKEN : error;
}

/* ---- the own end ----------------------------------------------------------------------- */

int sm_tls_say_end(struct sm_tls *tls)
{
    bool in_turn = tls->writing && !tls->closing;
    if (tls->ended || in_turn || tls->broken || tls->state != SM_TLS_OPEN)
        return 0;
    if (sm_ssl_in_message(tls->ssl)) {
        tls->ending = tls->held_up = true;
        return 0;
    }
    tls->ended = true;
    return sm_ssl_end(tls->ssl);
}

/* ---- writing --------------------------------------------------------------------------- */

/* Others may run between two records, so that one large write does not keep the loop. */
static ssize_t write_in_turn(struct sm_tls *tls, struct source *source)
{
    int r = 0;
    while (r == 0 && source->rest.left > 0) {
        tls->half = source->rest.left < source->rest.total;
        if (tls->half)
            r = sm_checkpoint();
        if (r == 0)
            r = wait_to_send(tls, source->rest.left);
        tls->half = false;
        if (r == 0)
            r = write_record(tls, source);
    }
    return r < 0 ? cut_off(tls, source, r) : (ssize_t)source->rest.total;
}

static int hold(struct sm_tls *tls, struct source *source)
{
    int r = sm_tls_hold(tls, &source->rest);
    if (r == 0)
        r = sm_tls_go_on(tls);
    return r == -EAGAIN ? 0 : r;
}

static ssize_t write_at_once(struct sm_tls *tls, struct source *source)
{
    int r = tls->half ? -EAGAIN : 0;
    if (r == 0 && sm_ssl_in_message(tls->ssl))
        r = hold(tls, source);
    while (r == 0 && source->rest.left > 0)
        r = write_record(tls, source);
    return r < 0 && source->rest.left < source->rest.total ? cut_off(tls, source, r)
           : r < 0                                         ? r
                   : (ssize_t)source->rest.total;
}

static void pass_turn(struct sm_tls *tls)
{
    tls->writing = sm_waitq_wake(&tls->turns, 0);
    if (tls->ending && !tls->closing)
        sm_tls_say_end(tls);
}

void sm_tls_wake_all(struct sm_tls *tls)
{
    while (sm_waitq_wake(&tls->turns, -SIMUL_ESTATE))
        ;
    while (sm_waitq_wake(&tls->left, 0))
        ;
}

static int take_turn(struct sm_tls *tls)
{
    bool woken = false;
    ssize_t r = 0;
    if (tls->writing)
        r = sm_waitq_sleep(&tls->turns, "write", tls, &woken);
    if (r >= 0)
        r = writable(tls);
    if (r < 0 && woken && !tls->closing)
        pass_turn(tls);
    return (int)r;
}

static ssize_t write_waiting(struct sm_tls *tls, struct source *source)
{
    int r = take_turn(tls);
    if (r < 0)
        return r;
    tls->writing = true;
    ssize_t done = write_in_turn(tls, source);
    pass_turn(tls);
    return done;
}

ssize_t sm_tls_write(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags)
{
    struct sm_tls *tls = sm_tls_of(layer);
    ssize_t total = sm_pieces_size(iov, n);
    int r = writable(tls);
    if (total <= 0 || r < 0)
        return r < 0 ? r : total;
    struct source source = {.rest = sm_cursor_of(iov, (size_t)total)};
    ssize_t done =
        flags & SM_NOWAIT ? write_at_once(tls, &source) : write_waiting(tls, &source);
    sm_free(source.joined);
    return done;
}

/* ---- flush, shutdown --------------------------------------------------------------------- */

/* What was held up, the own end too, has to go first. */
static int flush_held(struct sm_tls *tls)
{
    int r = usable(tls);
    bool ends = tls->ending && !tls->ended;
    if (r < 0 || (tls->held_len == 0 && !ends))
        return r;
    r = sm_tls_end_message(tls);
    return r == 0 ? usable(tls) : r;
}

int sm_tls_flush(struct sm_layer *layer)
{
    struct sm_tls *tls = sm_tls_of(layer);
    int r = flush_held(tls);
    if (r < 0)
        return r;
    do
        r = layer->below->ops->flush(layer->below);
    while (r == -EAGAIN && tls->closing && !tls->below_closed);
    return r == -EAGAIN && tls->closing ? -SIMUL_ESTATE : r;
}

/* The connection below stays open: what it could say TLS has said. */
int sm_tls_shutdown(struct sm_layer *layer)
{
    struct sm_tls *tls = sm_tls_of(layer);
    int r = usable(tls);
    if (r < 0 || tls->ending)
        return r;
    tls->ending = true;
    return sm_tls_say_end(tls);
}
