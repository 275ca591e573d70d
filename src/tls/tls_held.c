/* SPDX-License-Identifier: MIT */
/*
 * What a message of the peer's holds up (L5). TLS has messages of its own between the data: a
 * ticket, which may have several records, a new key. OpenSSL reads one as it does the handshake,
 * and as long as a part of it is missing it writes nothing, though the protocol would allow it.
 */
#include <limits.h>
#include <string.h>

#include "base/sys.h"
#include "net/cursor.h"
#include "tls/tls.h"

/* ---- what cannot wait -------------------------------------------------------------------- */

/* It doubles, so that many small writes are copied a bounded number of times. */
static int make_room(struct sm_tls *tls, size_t n)
{
    if (n <= tls->held_size - tls->held_len)
        return 0;
    if (n > SSIZE_MAX - tls->held_len)
        return -ENOMEM;
    size_t size = 2 * (tls->held_len + n);
    char *held = sm_realloc(tls->held, size);
    if (!held)
        return -ENOMEM;
    tls->held = held;
    tls->held_size = size;
    return 0;
}

int sm_tls_hold(struct sm_tls *tls, struct sm_cursor *rest)
{
    int r = make_room(tls, rest->left);
    if (r < 0)
        return r;
    tls->held_up = true;
    while (rest->left > 0) {
        struct iovec piece;
        sm_cursor_pieces(rest, &piece, 1);
        memcpy(tls->held + tls->held_len, piece.iov_base, piece.iov_len);
        tls->held_len += piece.iov_len;
        sm_cursor_advance(rest, piece.iov_len);
    }
    return 0;
}

void sm_tls_drop_held(struct sm_tls *tls)
{
    sm_free(tls->held);
    tls->held = NULL;
    tls->held_len = tls->held_size = 0;
}

static int send_held(struct sm_tls *tls)
{
    size_t at = 0;
    int r = 0;
    while (r == 0 && at < tls->held_len) {
        size_t n = tls->held_len - at;
        n = n < SM_SSL_RECORD ? n : SM_SSL_RECORD;
        r = sm_ssl_write(tls->ssl, tls->held + at, n);
        at += n;
    }
    if (r == 0)
        sm_tls_drop_held(tls);
    return r;
}

/* What was taken, and cannot be sent, stays: that there is some is what the end goes by. */
int sm_tls_go_on(struct sm_tls *tls)
{
    if (!tls->held_up)
        return 0;
    int r = sm_ssl_end_message(tls->ssl);
    if (r == -EAGAIN)
        return r;
    tls->held_up = false;
    if (r == 0)
        r = send_held(tls);
    tls->broken |= tls->held_len > 0 && !tls->io.error;
    if (r == 0 && tls->ending)
        r = sm_tls_say_end(tls);
    while (sm_waitq_wake(&tls->left, 0))
        ;
    return r;
}

/* ---- who can ----------------------------------------------------------------------------- */

/* 0 or an error; -EAGAIN: woken. */
static int read_for_write(struct sm_tls *tls)
{
    char idle[SM_TLS_IDLE];
    if (tls->peer_ended || tls->read_error)
        return tls->read_error ? tls->read_error : -SIMUL_ETRUNCATED;
    tls->reading = true;
    ssize_t r = sm_tls_fetch(tls, idle, 0);
    int done = r > 0 ? sm_tls_go_on(tls) : r < 0 ? (int)r : -SIMUL_ETRUNCATED;
    sm_tls_leave_read(tls, idle);
    return r > 0 && done == -EAGAIN ? 0 : done;
}

static int wait_for_more(struct sm_tls *tls)
{
    ssize_t r = tls->reading
                    ? sm_waitq_sleep(&tls->left, "write", tls->layer.stream, NULL)
                    : read_for_write(tls);
    return tls->closing && r != -ECANCELED ? -SIMUL_ESTATE : (int)r;
}

int sm_tls_end_message(struct sm_tls *tls)
{
    int r = 0;
    while (r == 0 && sm_ssl_in_message(tls->ssl)) {
        tls->held_up = true;
        r = sm_tls_go_on(tls);
        if (r == -EAGAIN)
            r = wait_for_more(tls);
    }
    return r;
}
