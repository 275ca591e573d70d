/* SPDX-License-Identifier: MIT */
/*
 * A transport from inside: shared by transport.c (its life), transport_read.c,
 * transport_write.c and transport_create.c; transport_datagram.c and transport_pipe.c have
 * what is different for datagrams and pipes. TLS, which lies above, hangs itself in as
 * struct sm_transport_tls; transport_secure.c is how it comes there.
 *
 * It is a machine of callbacks beside the layers of streams, not over them: those are
 * straight-line code in the task of whoever calls, and a transport has no task. What it does
 * with its socket happens when the descriptor is ready, as in asyncio.
 *
 *  T1. connection_made is called from `begin`, connection_lost from `end`, which is put into
 *      the ring once, by sm_transport_lose(), and never before `begin` was.
 *  T2. `over` is set by `end`: the socket is closed, no callback follows. When then neither
 *      direction is busy (W2), `again` is not in the ring, and no call is under way (of a
 *      callback, which may run the loop, if that may be re-entered; or of a task that goes
 *      over to TLS), it is `gone`: the loop knows nothing of it any more.
 *  T3. It is freed when it is gone, and has neither a handle (`held`) nor a creator that
 *      waits for `begin`.
 *  T4. What is kept is kept_len bytes from kept_start on, or the datagrams in `queue`; if
 *      there is something, and it is not lost, `out` is wanted.
 *  T5. While `handshake` is there, it has the socket, and fd is -1: nothing is watched, read
 *      or written here.
 */
#ifndef SM_NET_TRANSPORT_H
#define SM_NET_TRANSPORT_H

#include <simul/transport.h>

#include "net/stream.h"
#include "net/watch.h"

struct simul_transport;

/* The descriptor's calls; none waits. */
struct sm_transport_wire {
    /** Bytes, 0 at the end, or -errno; NULL: nothing is read. */
    ssize_t (*receive)(struct simul_transport *transport, void *data, size_t size);
    /** How many bytes it takes, or -errno; NULL: nothing is written. */
    ssize_t (*send)(struct simul_transport *transport, const struct iovec *pieces,
                    int n);
    /** write_eof() was called, and nothing is kept. */
    void (*end)(struct simul_transport *transport);
};

/* What TLS does in place of the wire; all are called on the loop's stack or by the user, and
 * none waits. */
struct sm_transport_tls {
    /** Something was left over: by sm_transport_again(). */
    void (*again)(struct simul_transport *transport);
    /** May receive() give something though the descriptor is not readable? */
    bool (*has)(const struct simul_transport *transport);
    /** As that of the wire. */
    ssize_t (*receive)(struct simul_transport *transport, void *data, size_t size);
    /** As simul_transport_writelines(). */
    int (*write)(struct simul_transport *transport, const struct iovec *pieces, int n);
    /** write_eof() was called; close() was; and nothing is kept any more. */
    void (*end)(struct simul_transport *transport);
    void (*close)(struct simul_transport *transport);
    void (*drained)(struct simul_transport *transport);
    /** Nothing is watched any more; and: free it. */
    void (*lost)(struct simul_transport *transport);
    void (*release)(struct simul_transport *transport);
    /** How many bytes were written that cannot be sent before more has come; and whether it
     *  waits for that, and has to read whatever the user wants. */
    size_t (*held)(const struct simul_transport *transport);
    bool (*held_up)(const struct simul_transport *transport);
    /** As simul_transport_get_extra_info(). */
    int (*info)(const struct simul_transport *transport, simul_extra_info what,
                void *answer);
};

struct simul_transport {
    struct simul_loop *loop; /* valid until it is gone */
    const struct sm_transport_wire *wire;
    const struct sm_transport_tls *tls; /* NULL: none */
    void *tls_state;                    /* owned: that of `tls` */
    struct simul_stream *handshake;     /* T5; NULL: none is under way */
    const simul_protocol *protocol;     /* borrowed; NULL: none (yet) */
    void *user;
    simul_protocol_factory *factory; /* gives the protocol; NULL: it is there */
    void *factory_arg;
    struct simul_context *context;   /* the callbacks'; owned */
    int fd;                          /* owned; -1: closed, or T5 */
    int restore;                     /* flags to set before closing it; -1: none */
    struct simul_datagram *datagram; /* owned, has the descriptor; NULL: a stream */
    struct sm_watch in, out;
    void (*readable)(struct simul_transport *transport);
    void (*writable)(struct simul_transport *transport);
    struct sm_ready begin, end; /* T1 */
    struct sm_ready again;      /* what is left over is looked at */
    bool again_busy;            /* the ring has it */
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
    struct sm_wait *quiet;            /* T5: for the watches to be idle; NULL: none */
    struct sm_stream_owner *owner;    /* borrowed; hears of the end; NULL: none */
    struct sm_at_close at_close;
};

/** Bytes that were written, and are not sent. */
static inline size_t sm_transport_unsent(const struct simul_transport *transport)
{
    size_t held = transport->tls ? transport->tls->held(transport) : 0;
    return transport->kept_len + held;
}

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
/** It may have become gone (T2): a call that was counted in `calls` is over. */
void sm_transport_look(struct simul_transport *transport);
/** Have what is left over looked at in the next pass. */
void sm_transport_again(struct simul_transport *transport);
/** Have fn(transport) called in its context. */
void sm_transport_call(struct simul_transport *transport,
                       void (*fn)(struct simul_transport *transport));

/* transport_read.c, transport_write.c */
extern const struct sm_transport_wire sm_socket_wire;
/** One receive, and its callbacks. */
void sm_transport_readable(struct simul_transport *transport);
/** Nothing stands against receiving: do so when there is something. */
void sm_transport_start_reading(struct simul_transport *transport);
void sm_transport_writable(struct simul_transport *transport);
void sm_transport_drop_kept(struct simul_transport *transport);
/** Keep bytes behind those that are: 0 or -ENOMEM. */
int sm_transport_keep(struct simul_transport *transport, const void *data, size_t n);
/** Send what was kept, as far as it goes; `waiting`: there was something before. */
void sm_transport_push(struct simul_transport *transport, bool waiting);
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
void sm_transport_for_client(struct simul_transport *transport,
                             const struct sm_service *service);

/* transport_secure.c */
/**
 * Make one of a stream that has TLS, whose handshake is over: 0, or an error. May wait. The
 * stream stays the caller's, to be released; on success nothing is in it any more.
 */
int sm_transport_of_stream(struct simul_transport **ret, struct simul_stream *stream,
                           const simul_connect_opts *opts);

/** Until nothing is kept in a stream: 0, -ECONNABORTED when it is closing, or an error. */
int sm_stream_settle(struct simul_stream *stream);
/** As sm_transport_new(), but with a handshake before; the socket is closed on failure. */
int sm_transport_secure(struct simul_transport **ret, int fd, const char *host,
                        const simul_connect_opts *opts);

/* transport_pipe.c */
struct sm_pipe_end;
/** As sm_transport_new(), of one end of a pipe. */
int sm_transport_of_pipe(struct simul_transport **ret, struct simul_loop *loop,
                         const struct sm_pipe_end *end, bool writes);

#endif
