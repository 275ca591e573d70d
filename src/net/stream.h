/* SPDX-License-Identifier: MIT */
/*
 * Streams from inside: the stack of layers. (Seam 4 of four; see ARCHITECTURE.md.)
 *
 * A stream is what the user holds: it keeps what was read too early, finds separators, sees
 * to it that only one task reads, and to its own end. Below it lies a stack of layers, each
 * a table of functions and a pointer to the layer below: at the bottom one that owns a
 * socket (tcp.c) or memory, above it whatever changes bytes on their way (TLS, compression,
 * a PROXY header). To add one, copy tests/contract/layer_rotate.c (a layer in between) or
 * layer_memory.c (a bottom), and let tests/contract/test_stream_layer.c run over it. A
 * function that a layer in between has nothing to do in is sm_pass_…, which calls the one
 * below.
 *
 * Layers are straight-line code that runs in the task of whoever called: read, write and
 * flush may wait, by calling the same function of the layer below, the others never do.
 *
 *  Y1. read() waits for at least a byte and returns how many, 0 at the end of the stream,
 *      or -errno. A COMPLETION WINS over a cancel that comes with it: the bytes are
 *      returned and the cancel stays pending (the stream keeps the bytes and delivers it);
 *      so -ECANCELED means that nothing was taken. With SM_NOWAIT it is -EAGAIN in place
 *      of waiting. The stream never lets two tasks in.
 *  Y2. The end of the stream and an error of the connection stay: they are returned again.
 *  Y3. write() takes all bytes or none and returns how many. It waits for room before it
 *      takes any; several writers take turns, each piece stays whole. It may keep up to
 *      high_water bytes for sending in the background. -ECANCELED means that nothing was
 *      taken; if a part had gone out that cannot be called back, the layer is broken: this
 *      and each later write returns -SIMUL_EBROKEN. With SM_NOWAIT it never waits and
 *      keeps more than high_water bytes if it has to (for the few that a layer above must
 *      send while it reads or closes).
 *  Y4. flush() waits until nothing is kept in this layer and those below; an error of the
 *      connection is returned also when nothing is.
 *  Y5. shutdown() ends the own direction behind everything that was written. No write()
 *      comes after it.
 *  Y6. close() begins the end: gently, what was written is still sent, in the background;
 *      or, with SM_ABORT, what was not is dropped, and if there was any, or the layer is
 *      broken, the connection is reset (if it is of a kind that can be). With SM_RESET,
 *      too, it is reset in any case: a layer above is broken. It may be called again with
 *      SM_ABORT. Tasks that wait in the layer are woken: read() gives what
 *      sm_stream_after_close() says, write() -SIMUL_ESTATE; flush() waits on, and gives
 *      -ECONNABORTED after SM_ABORT. No other function but info() is called after it.
 *  Y7. When the bottom has closed (for good: no operation of it is pending any more), it
 *      calls sm_stream_closed(), once, as the last thing it does: the stream and with it
 *      all layers may be gone when that returns.
 *  Y8. info() answers questions, asking below where it does not know: 0 or -errno
 *      (-ENOTSUP for what nobody knows).
 *  Y9. release() frees the layer's memory; the stream calls it, for all from the top down,
 *      after Y7. That of the bottom frees the stream, too, which lies in its memory.
 * Y10. Before a descriptor is closed the poller is told to forget it (P5).
 * Y11. wake() is for a layer above whose end begins before that of those below: tasks that
 *      wait in read() or flush() return -EAGAIN, with nothing taken. An operation that is
 *      complete, or cannot be taken back at once, ends by itself.
 */
#ifndef SM_NET_STREAM_H
#define SM_NET_STREAM_H

#include <simul/stream.h>

#include "base/list.h"
#include "task/wait.h"

struct sm_layer;
struct simul_transport;

enum sm_layer_flags {
    SM_NOWAIT = 1, /* of read and write */
    SM_ABORT = 2,  /* of close */
    SM_RESET = 4,  /* … with SM_ABORT */
};

enum sm_info {
    SM_INFO_FD,       /* int */
    SM_INFO_PEERNAME, /* simul_address */
    SM_INFO_SOCKNAME, /* simul_address */
    SM_INFO_KEPT,     /* size_t: bytes kept for sending */
    SM_INFO_ERROR,    /* int: what writing met, and stays; 0: nothing */
    SM_INFO_HIGH,     /* size_t: high_water */
};

struct sm_layer_ops {
    const char *name; /* "tcp", "tls" */
    ssize_t (*read)(struct sm_layer *layer, void *buf, size_t n, unsigned flags);
    ssize_t (*write)(struct sm_layer *layer, const struct iovec *iov, int n,
                     unsigned flags);
    int (*flush)(struct sm_layer *layer);
    int (*shutdown)(struct sm_layer *layer);
    void (*close)(struct sm_layer *layer, unsigned flags);
    void (*wake)(struct sm_layer *layer);
    int (*info)(const struct sm_layer *layer, enum sm_info what, void *answer);
    void (*release)(struct sm_layer *layer);
};

struct sm_layer {
    const struct sm_layer_ops *ops;
    struct sm_layer *below;      /* owned by the stream; NULL at the bottom */
    struct simul_stream *stream; /* the front */
};

/* What a layer in between puts into its table where it has nothing to do. */
ssize_t sm_pass_read(struct sm_layer *layer, void *buf, size_t n, unsigned flags);
ssize_t sm_pass_write(struct sm_layer *layer, const struct iovec *iov, int n,
                      unsigned flags);
int sm_pass_flush(struct sm_layer *layer);
int sm_pass_shutdown(struct sm_layer *layer);
void sm_pass_close(struct sm_layer *layer, unsigned flags);
void sm_pass_wake(struct sm_layer *layer);
int sm_pass_info(const struct sm_layer *layer, enum sm_info what, void *answer);

/* ---- the front ----------------------------------------------------------------------- */

/* Who wants to hear of a stream's end: its server. */
struct sm_stream_owner {
    void (*closed)(struct sm_stream_owner *owner);
};

/*
 *  Z1. refs: one for the user's handle, one until the bottom has closed, one for each call
 *      that a task is in.
 *  Z2. `in` is NULL or has room for in_size bytes and a '\0'; what is kept is in_len bytes
 *      from in_start on.
 *  Z3. nul is NULL, or points to where a '\0' stands in place of the byte nul_was.
 *  Z4. Nothing is read from the layers before somebody asks for it.
 */
struct simul_stream {
    struct sm_layer *top;
    struct simul_loop *loop;
    char *in; /* owned; Z2 */
    size_t in_start, in_len, in_size;
    size_t limit, partial;
    char *nul; /* Z3 */
    char nul_was;
    bool reading;           /* a task is in a read */
    bool more;              /* the last read from below filled all it was given */
    bool eof;               /* the peer has ended the stream */
    bool ended;             /* write_eof() was called */
    bool closing;           /* close() or abort() was */
    bool aborted;           /* abort() was */
    bool closed;            /* Y7 */
    bool released;          /* the user has given his handle back */
    uint32_t writing;       /* tasks in a write */
    int *sending;           /* a file is being sent by this descriptor; NULL: none */
    bool told;              /* the user got an error from writing or closing */
    int read_error;         /* stays; 0: none */
    int close_error;        /* what the layers met while they closed; 0: none */
    uint32_t refs;          /* Z1 */
    struct sm_list waiters; /* tasks in wait_closed() */
    struct sm_stream_owner *owner; /* borrowed; NULL: none */
    struct sm_at_close at_close;
};

/** Fill a zeroed stream in: `bottom` is its only layer, the caller holds it. */
void sm_stream_init(struct simul_stream *stream, struct simul_loop *loop,
                    struct sm_layer *bottom, size_t limit);

/** Put a layer on top; it is the stream's from now on. */
void sm_stream_push(struct simul_stream *stream, struct sm_layer *layer);

/** What was read too early, for a layer that is put on now: memory of sm_malloc(), the
 *  caller's, of which *n bytes from *start on count. NULL if there is nothing. */
char *sm_stream_hand_over(struct simul_stream *stream, size_t *start, size_t *n);

/** A task begins to send a file by itself, with the descriptor *fd, which becomes -1 when the
 *  stream is closed meanwhile. 0, or an error of writing, and it has not begun. */
int sm_stream_send_begin(struct simul_stream *stream, int *fd);

/** … and ends with the result `r`, which is returned. `cut_off`: a part was sent, the rest never
 *  will be: the connection is reset. */
ssize_t sm_stream_send_end(struct simul_stream *stream, ssize_t r, bool cut_off);

/** Y7. `error`: what kept it from sending all that was written; 0: nothing did. */
void sm_stream_closed(struct simul_stream *stream, int error);

/** What a read returns after the stream's own end (Y6). */
static inline ssize_t sm_stream_after_close(const struct simul_stream *stream)
{
    return stream->aborted ? -ECONNABORTED : 0;
}

/** Read to the end of the stream and keep all of it: 0, or as simul_stream_read(), and nothing
 *  is lost. */
int sm_stream_keep_all(struct simul_stream *stream);

/** Take what is kept, as simul_stream_read_all() does; neither waits nor fails. */
size_t sm_stream_take_kept(struct simul_stream *stream, char **data);

/** For a wait of the running task that gave -ECANCELED: was it its own cancel? (If not, the
 *  operation was taken from under it.) */
static inline bool sm_was_cancelled(void)
{
    return sm_sticky(sm_current());
}

void sm_stream_last_unref(struct simul_stream *stream);

/** Around everything that may wait inside a stream, since it may be released meanwhile. */
static inline void sm_stream_ref(struct simul_stream *stream)
{
    stream->refs++;
}

static inline void sm_stream_unref(struct simul_stream *stream)
{
    if (--stream->refs == 0)
        sm_stream_last_unref(stream);
}

/* ---- security: a layer that is put on before the user sees the stream ---------------- */

/*
 * How TLS, which lies above, comes onto connections and a server's clients: the beginning
 * of its contexts.
 */
struct simul_tls_context {
    bool server; /* which end it is for */
    /* Put the layer on, and shake hands; waits. 0, or an error, after which the stream is
     * closing. `host`: whom the peer has to prove to be; NULL: `opts` names it. */
    int (*start)(struct simul_tls_context *context, struct simul_stream *stream,
                 const char *host, const simul_connect_opts *opts);
    /* The handshake is over: take the layer off again, and give it to a transport. 0 or
     * -ENOMEM. */
    int (*take_off)(struct simul_stream *stream, struct simul_transport *transport);
    void (*hold)(struct simul_tls_context *context);
    void (*drop)(struct simul_tls_context *context);
};

/* ---- tcp.c: the bottom that owns a socket -------------------------------------------- */

/**
 * Make a stream of a connected, non-blocking socket, which is the stream's on success.
 * Of the options, limit, high_water and low_water count. 0 or -ENOMEM.
 */
int sm_stream_of_socket(struct simul_stream **stream, struct simul_loop *loop, int fd,
                        const simul_connect_opts *opts);

/** End one whose only layer that is, and in which nothing is kept or under way, without its
 *  socket, which is the caller's again. It is only left to be released; its owner does not
 *  hear of that. */
void sm_stream_leave_socket(struct simul_stream *stream);

#endif
