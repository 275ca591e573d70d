/* SPDX-License-Identifier: MIT */
/*
 * The bottom layer over a socket: its state, shared by tcp.c (reading, the end),
 * tcp_write.c (writing) and tcp_outbox.c (keeping, sending in the background). What lies over
 * pipes (pipe.c) writes and ends in the same way, but for the system calls: those are in
 * struct sm_wire.
 *
 *  B1. At most one task has the turn to write (`writing`); others wait in `turns`, oldest
 *      first. Who has it may wait in `room`.
 *  B2. `outbox` is NULL when nothing is kept. While it is there its operation is pending,
 *      except inside the functions of tcp_outbox.c; nobody else sends then.
 *  B3. fd is -1 from the moment at which the socket is closed. With an operation of the
 *      outbox pending then, it is still to come, and the end (Y7) waits for it.
 */
#ifndef SM_NET_TCP_H
#define SM_NET_TCP_H

#include "net/stream.h"
#include "poll/poll.h"

/* A piece of what is kept. */
struct sm_chunk {
    struct sm_list link;
    size_t start, end, size;
    char data[];
};

struct sm_outbox {
    struct sm_op op; /* sends the first chunk; holds the loop while it is pending */
    size_t len;      /* bytes in all */
    struct sm_list chunks;
};

struct sm_tcp;

/* The calls by which bytes go out. */
struct sm_wire {
    uint8_t code; /* enum sm_op_code: sends a chunk in the background; SM_OP_POLL: waits
                     until it can be sent at once */
    /** Without waiting: how many bytes, or -errno. */
    ssize_t (*send)(struct sm_tcp *tcp, const struct iovec *pieces, int n);
    /** The same, waiting for room (after a checkpoint). */
    ssize_t (*send_waiting)(struct sm_tcp *tcp, const struct iovec *pieces, int n);
    /** Say the end; nothing is kept or half sent. 0 or -errno. */
    long (*end)(struct sm_tcp *tcp);
    /** close() was called, and nothing is kept any more. */
    void (*finish)(struct sm_tcp *tcp);
};

struct sm_tcp {
    struct sm_layer layer;
    const struct sm_wire *wire;
    int fd;       /* owned; B3 */
    int error;    /* what writing met, stays; 0: none */
    bool writing; /* B1 */
    bool
        ending; /* shutdown() was called: to be done behind what is kept or half sent */
    bool ended; /* … and was */
    bool closing; /* close() was called */
    bool aborted;
    bool half;             /* a part of the write that has the turn has gone out */
    bool broken;           /* … and the rest never will */
    struct sm_op *reading; /* pending, of the task that reads; NULL: none */
    size_t high, low;
    struct sm_outbox *outbox; /* owned; B2 */
    struct sm_wait *room;     /* who waits for room … */
    size_t room_level;        /* … which is when no more than this is kept */
    struct sm_list turns;     /* of struct sm_waitq_node: B1 */
    struct sm_list flushers;  /* of struct sm_waitq_node: tasks in flush() */
};

static inline struct sm_tcp *tcp_of(struct sm_layer *layer)
{
    return sm_container_of(layer, struct sm_tcp, layer);
}

/* tcp.c */
/** close() of the table; `closed`: the descriptor is (for good). */
void sm_tcp_close(struct sm_tcp *tcp, bool closed, unsigned flags);
void sm_tcp_wake_reader(struct sm_tcp *tcp);
/** wake() of the table. */
void sm_tcp_wake(struct sm_layer *layer);
int sm_tcp_error_at_end(const struct sm_tcp *tcp);
/** info() of what is kept, the error, and the high-water mark; else -ENOTSUP. */
int sm_tcp_info(const struct sm_tcp *tcp, enum sm_info what, void *answer);

/* tcp_write.c */
/** Fill in what writing needs, of a zeroed struct; `opts` may be NULL. */
void sm_tcp_init(struct sm_tcp *tcp, const struct sm_wire *wire, int fd,
                 const simul_connect_opts *opts);
ssize_t sm_tcp_write(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags);
int sm_tcp_flush(struct sm_layer *layer);
int sm_tcp_shutdown(struct sm_layer *layer);

/* tcp_outbox.c */
struct sm_cursor;
/** Keep all that is left, and send it; false: no memory, and nothing has changed. */
bool sm_tcp_keep(struct sm_tcp *tcp, struct sm_cursor *cursor);
/** Nothing is kept, nor half sent: say the end, if it was to be. */
void sm_tcp_end_if_due(struct sm_tcp *tcp);
/** What is kept is dropped. The outbox stays while the kernel reads from it; B3. */
void sm_tcp_drop_outbox(struct sm_tcp *tcp);
/** Y11: who waits in flush() returns -EAGAIN. */
void sm_tcp_wake_flushers(struct sm_tcp *tcp);
/** Everybody who waits for writing looks again. */
void sm_tcp_wake_writers(struct sm_tcp *tcp);

#endif
