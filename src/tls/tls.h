/* SPDX-License-Identifier: MIT */
/*
 * The layer that is TLS, from inside: shared by tls_start.c (the handshake), tls.c (reading),
 * tls_write.c, tls_held.c (writing that has to wait for the peer) and tls_end.c.
 *
 *  L1. Everything it sends goes into the layer below without waiting (SM_NOWAIT), record by
 *      record as it is encrypted, so nothing of it is kept here, and the order on the wire is that
 *      of OpenSSL's calls, whoever makes them: a task that reads may have to send, too.
 *  L2. Who writes waits for room below before he encrypts: a record that was encrypted has
 *      to be sent. `writing` is the turn to do so; others wait in `turns`.
 *  L3. io.in points into `kept`, or into the frame of the function that reads: then the rest
 *      is moved to `kept` before that returns. More is fetched only when it is empty.
 *  L4. After close() the layer below lives on until the peer has answered. `closer` is the
 *      task that waits for that; it reads only when nobody else does. `below_closed`: it was
 *      told to close, and must not be asked for anything but info().
 *  L5. In the middle of a message of the peer's that is no data nothing can be written
 *      (sm_ssl_in_message()). Who writes waits for its rest: for the task that reads, or by
 *      reading himself; data stay as they came, for the reader, who waits in `left` then.
 *      What cannot wait, a write with SM_NOWAIT and the own end, is kept for so long: in
 *      `held`, before encryption, and by `ending`. Something of all that is there only while
 *      `held_up` is set; then whoever has read calls sm_tls_go_on().
 */
#ifndef SM_TLS_TLS_H
#define SM_TLS_TLS_H

#include <simul/transport.h>

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
    bool reading;    /* a task is in read(), or reads for a write: L5 */
    bool more;       /* the last read from below filled all it was given */
    bool peer_ended; /* the stream */
    bool writing;    /* L2 */
    bool half;       /* a part of the write that has the turn has gone out */
    bool broken;     /* … and the rest never will */
    bool ending;  /* shutdown() was called: to be said behind the write with the turn */
    bool ended;   /* … and was */
    bool held_up; /* L5 */
    char *held;   /* owned; L5 */
    size_t held_len, held_size;
    bool shut; /* the layer below was told that no more comes */
    bool closing, aborted, below_closed; /* L4 */
    size_t high;
    double shutdown_timeout;
    struct sm_list turns;        /* L2 */
    struct sm_list left;         /* who waits until nobody is reading, or for L5 */
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

/** End a read: others that wait for that look again. */
void sm_tls_leave_read(struct sm_tls *tls, const char *idle);

/* tls_held.c */
/**
 * Wait until writing is not held up (L5): 0; -EAGAIN: woken (Y11); -SIMUL_ETRUNCATED: the peer
 * has ended in the middle of his message; or an error of reading, or -ECANCELED.
 */
int sm_tls_end_message(struct sm_tls *tls);
/** Keep the rest of a write until then: 0 or -ENOMEM. */
struct sm_cursor;
int sm_tls_hold(struct sm_tls *tls, struct sm_cursor *rest);
void sm_tls_drop_held(struct sm_tls *tls);
/** More was read: send what was held up, if it is no longer. 0; -EAGAIN: it is; or an error of
 *  sending, or of what was read. */
int sm_tls_go_on(struct sm_tls *tls);

/* tls_write.c */
/** struct sm_ssl_io.send() */
int sm_tls_send(struct sm_ssl_io *io, const void *data, size_t n);
size_t sm_tls_kept_below(const struct sm_tls *tls);
ssize_t sm_tls_write(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags);
int sm_tls_flush(struct sm_layer *layer);
int sm_tls_shutdown(struct sm_layer *layer);
/** Say our end, if it may be said now, else when it may; an error of sending. */
int sm_tls_say_end(struct sm_tls *tls);
/** The layer closes: whoever waits in it, but not below, looks again. */
void sm_tls_wake_all(struct sm_tls *tls);

/* tls_info.c */
/** As simul_transport_get_extra_info(), of what TLS knows. */
int sm_tls_info(const struct sm_tls *tls, simul_extra_info what, void *answer);

/* tls_start.c */
/** As simul_stream_start_tls(), of a stream that may go over to it, at once. */
int sm_tls_start_now(struct sm_tls_context *context, struct simul_stream *stream,
                     const char *host, double handshake_timeout,
                     double shutdown_timeout);

/* tls_end.c */
void sm_tls_close(struct sm_layer *layer, unsigned flags);
void sm_tls_release(struct sm_layer *layer);

#endif
