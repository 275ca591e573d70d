/* SPDX-License-Identifier: MIT */
/*
 * The layer that is TLS, from inside: shared by tls_start.c (the handshake), tls.c (reading),
 * tls_write.c and tls_end.c.
 *
 *  L1. Everything it sends goes into the layer below without waiting (SM_NOWAIT), record by
 *      record as it is encrypted, so nothing is kept here, and the order on the wire is that
 *      of OpenSSL's calls, whoever makes them: a task that reads may have to send, too.
 *  L2. Who writes waits for room below before he encrypts: a record that was encrypted has
 *      to be sent. `writing` is the turn to do so; others wait in `turns`.
 *  L3. io.in points into `kept`, or into the frame of the function that reads: then the rest
 *      is moved to `kept` before that returns. More is fetched only when it is empty.
 *  L4. After close() the layer below lives on until the peer has answered. `closer` is the
 *      task that waits for that; it reads only when nobody else does. `below_closed`: it was
 *      told to close, and must not be asked for anything but info().
 */
#ifndef SM_TLS_TLS_H
#define SM_TLS_TLS_H

#include "net/stream.h"
#include "tls/context.h"

enum sm_tls_state { SM_TLS_HANDSHAKE, SM_TLS_OPEN, SM_TLS_FAILED };

enum { SM_TLS_IDLE = 1024 }; /* in the frame of who waits, so that no buffer is held */

struct sm_tls {
    struct sm_layer layer;
    struct sm_tls_context *context; /* held */
    struct sm_ssl *ssl;             /* owned */
    struct sm_ssl_io io;
    char *key;  /* owned: of its sessions; NULL: they are not kept */
    char *kept; /* owned; L3 */
    enum sm_tls_state state;
    int read_error;  /* stays; 0: none */
    bool reading;    /* a task is in read() */
    bool more;       /* the last read from below filled all it was given */
    bool peer_ended; /* the stream */
    bool writing;    /* L2 */
    bool half;       /* a part of the write that has the turn has gone out */
    bool broken;     /* … and the rest never will */
    bool ending; /* shutdown() was called: to be said behind the write with the turn */
    bool ended;  /* … and was */
    bool closing, aborted, below_closed; /* L4 */
    size_t high;
    double shutdown_timeout;
    struct sm_list turns;        /* L2 */
    struct sm_list left;         /* the closer, while another task is in read() */
    struct simul_future *closer; /* held; NULL: none */
    struct sm_waiter on_closer;
    struct simul_transport *transport; /* who has it in place of the stream; or NULL */
};

static inline struct sm_tls *sm_tls_of(struct sm_layer *layer)
{
    return sm_container_of(layer, struct sm_tls, layer);
}

/* tls.c */
extern const struct sm_layer_ops sm_tls_ops;
/**
 * Get more from below, into `idle` (of SM_TLS_IDLE bytes) or `kept`: how much, 0 at the end
 * of the connection, or an error.
 */
ssize_t sm_tls_fetch(struct sm_tls *tls, char *idle, unsigned flags);
/** L3. 0, or -ENOMEM: the rest is lost. */
int sm_tls_keep_rest(struct sm_tls *tls, const char *idle);

/* tls_write.c */
/** struct sm_ssl_io.send() */
int sm_tls_send(struct sm_ssl_io *io, const void *data, size_t n);
size_t sm_tls_kept_below(const struct sm_tls *tls);
ssize_t sm_tls_write(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags);
int sm_tls_flush(struct sm_layer *layer);
int sm_tls_shutdown(struct sm_layer *layer);
/** Say our end, if it may be said now; an error of sending. */
int sm_tls_say_end(struct sm_tls *tls);
/** Whoever waits for his turn looks again. */
void sm_tls_wake_writers(struct sm_tls *tls);

/* tls_start.c */
/** As simul_stream_start_tls(), of a stream that may go over to it, at once. */
int sm_tls_start_now(struct sm_tls_context *context, struct simul_stream *stream,
                     const char *host, double handshake_timeout,
                     double shutdown_timeout);

/* tls_end.c */
void sm_tls_close(struct sm_layer *layer, unsigned flags);
void sm_tls_release(struct sm_layer *layer);

#endif
