/* SPDX-License-Identifier: MIT */
/*
 * A transport from inside: shared by transport.c (its life), transport_read.c,
 * transport_write.c and transport_create.c; transport_datagram.c has what is different for
 * datagrams.
 *
 * It is a machine of callbacks beside the layers of streams, not over them: those are
 * straight-line code in the task of whoever calls, and a transport has no task. What it does
 * with its socket happens when the descriptor is ready, as in asyncio.
 *
 *  T1. connection_made is called from `begin`, connection_lost from `end`, which is put into
 *      the ring once, by sm_transport_lose(), and never before `begin` was.
 *  T2. `over` is set by `end`: the socket is closed, no callback follows. When then neither
 *      direction is busy (W2), and no callback is under way (one may run the loop, if that
 *      may be re-entered), it is `gone`: the loop knows nothing of it any more.
 *  T3. It is freed when it is gone, and has neither a handle (`held`) nor a creator that
 *      waits for `begin`.
 *  T4. What is kept is kept_len bytes from kept_start on, or the datagrams in `queue`; if
 *      there is something, and it is not lost, `out` is wanted.
 */
#ifndef SM_NET_TRANSPORT_H
#define SM_NET_TRANSPORT_H

#include <simul/transport.h>

#include "net/stream.h"
#include "net/watch.h"

struct simul_transport {
    struct simul_loop *loop;        /* valid until it is gone */
    const simul_protocol *protocol; /* borrowed; NULL: none (yet) */
    void *user;
    simul_protocol_factory *factory; /* gives the protocol; NULL: it is there */
    void *factory_arg;
    struct simul_context *context;   /* the callbacks'; owned */
    int fd;                          /* owned; -1: closed */
    struct simul_datagram *datagram; /* owned, has the descriptor; NULL: a stream */
    struct sm_watch in, out;
    void (*readable)(struct simul_transport *transport);
    void (*writable)(struct simul_transport *transport);
    struct sm_ready begin, end; /* T1 */
    char *kept;                 /* owned; T4 */
    size_t kept_start, kept_len, kept_size;
    struct sm_list queue; /* owned; T4 */
    size_t high, low;
    simul_address peername, sockname; /* length 0: not known */
    int error;                        /* what connection_lost is told */
    unsigned ignored;                 /* writes */
    bool begun;                       /* connection_made was called */
    bool paused;                      /* reading is, by the user */
    bool writing_paused;              /* pause_writing was called last */
    bool eof;                         /* the peer's end has come */
    bool ended;                       /* write_eof() was called */
    bool closing, lost, over, gone;   /* T1, T2 */
    bool dropped;                     /* something that was kept: reset */
    bool held;                        /* T3 */
    unsigned calls;                   /* under way, of callbacks: T2 */
    struct sm_wait *creator;          /* T3; NULL: none */
    struct sm_stream_owner *owner;    /* borrowed; hears of the end; NULL: none */
    struct sm_at_close at_close;
};

/* transport.c */
/** Make one of a connected, non-blocking socket, which is its own on success. 0 or -ENOMEM.
 *  Nothing happens before sm_transport_begin(). */
int sm_transport_new(struct simul_transport **ret, struct simul_loop *loop, int fd,
                     const simul_connect_opts *opts);
/** connection_made is called in the next pass. `owner` may be NULL. */
void sm_transport_begin(struct simul_transport *transport,
                        struct sm_stream_owner *owner);
/** Close and free one that was not begun. NULL does nothing. */
void sm_transport_never_begun(struct simul_transport *transport);
/** Its owner wants to hear of it no more: the loop closes. */
void sm_transport_disown(struct simul_transport *transport);
/** It is closed in the next pass, if it is not to be already. */
void sm_transport_lose(struct simul_transport *transport, int error);
/** Have fn(transport) called in its context. */
void sm_transport_call(struct simul_transport *transport,
                       void (*fn)(struct simul_transport *transport));

/* transport_read.c, transport_write.c */
void sm_transport_readable(struct simul_transport *transport);
void sm_transport_writable(struct simul_transport *transport);
void sm_transport_drop_kept(struct simul_transport *transport);
/** Bytes to keep at most, as in simul_connect_opts. 0 or -EINVAL. */
int sm_transport_limit(size_t *high, size_t *low, const simul_connect_opts *opts);

void sm_transport_pause_if_full(struct simul_transport *transport);
void sm_transport_resume_if_drained(struct simul_transport *transport);
/** A write to a transport that is closing. */
void sm_transport_ignore(struct simul_transport *transport);

/* transport_datagram.c */
void sm_transport_drop_queue(struct simul_transport *transport);

/* transport_create.c */
/** May the running task make one for this protocol? 0 or an error. */
int sm_transport_check(const simul_protocol *protocol, const simul_connect_opts *opts);
/** Let a new one begin; `ret` as of simul_create_connection(). Waits. */
void sm_transport_start(struct simul_transport **ret, struct simul_transport *transport,
                        const simul_protocol *protocol, void *user);
struct sm_service;
/** For a client of a server: as sm_transport_new(). */
int sm_transport_of_client(struct simul_transport **ret, struct simul_loop *loop,
                           int fd, const struct sm_service *service,
                           const simul_connect_opts *opts);

#endif
