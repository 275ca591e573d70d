/* SPDX-License-Identifier: MIT */
/*
 * The poll backend: operations that complete. (Seam 2 of four; see ARCHITECTURE.md.)
 *
 * An operation (struct sm_op) is one thing asked of the kernel: receive, send, accept,
 * connect, or "tell me when this descriptor is ready". The caller fills the upper part,
 * submits it, and gets it back exactly once. What follows is the contract that the
 * three backends (poll.c the smallest: copy that one; epoll.c; io_uring.c) keep and
 * tests/contract/test_poll_backend.c holds them to.
 *
 *  P1. submit() either completes the operation at once (returns true; `result` is valid;
 *      done() is NOT called), or takes it (returns false) and will call done() exactly
 *      once, from inside wait() and from nowhere else, unless cancel() removes it first.
 *      Errors of the operation itself, running out of memory included, are results:
 *      `result` is >= 0 or -errno, as the system call of that name gives it.
 *  P2. From submit() returning false until done() is called, or cancel() has answered
 *      SM_OP_REMOVED, the operation and the memory it points to belong to the backend:
 *      the caller neither changes nor frees nor reuses them.
 *  P3. cancel() of a pending operation answers SM_OP_REMOVED: the operation is forgotten,
 *      done() will not be called, nothing was transferred; or SM_OP_CANCELING: done()
 *      will be called, once, with -ECANCELED (nothing was transferred) or with any other
 *      result (the operation had been faster: COMPLETION WINS, the result is real).
 *      Cancelling twice is allowed and answers SM_OP_CANCELING again. Cancelling is by
 *      operation, never by descriptor.
 *  P4. A descriptor may have one operation of each direction pending at a time (recv,
 *      recvmsg, read, accept, POLLIN | send, sendmsg, write, connect, POLLOUT): a second
 *      one completes at once with -EBUSY. (A POLL for both directions takes both.)
 *  P5. Before a descriptor is closed, forget(fd) is called; operations pending on it
 *      complete, through done(), in the next wait(), as if canceled (P3). After forget() the
 *      number may be closed and given out anew by the kernel without old events reaching
 *      the new owner.
 *  P6. wait(timeout_ns) first gives to the kernel what was submitted, then blocks for at
 *      most timeout_ns (0: not at all; < 0: until something happens), then calls done()
 *      of everything that completed. It returns how many, or -errno; 0 is no error, and
 *      may come early (a signal, an event that nobody waits for): look at the clock.
 *      After an error everything is still pending: wait again.
 *      done() may submit and cancel, also operations that are about to be completed in
 *      the same wait(): then P3 decides. It must not call wait() or close().
 *      A wait() never blocks while there is a completion to deliver.
 *  P7. wake() makes the wait() that is running, or else the next one, return without
 *      blocking. It is the only function that other threads and signal handlers may call.
 *      Several wakes before one wait() count as one. It never fails.
 *      An instance may be opened by one thread and used by another; from the first wait()
 *      on it belongs to the thread that waits, until that has closed it or has ended.
 *  P8. Sockets are non-blocking; nothing here blocks but wait(). SIGPIPE is never raised
 *      (sends use MSG_NOSIGNAL; for SM_OP_WRITE to pipes the process ignores SIGPIPE,
 *      which the loop sees to).
 *  P9. recv and send try the call first, and are taken only on EAGAIN. A backend that
 *      knows that there cannot be data (it read less than was asked and no new edge came)
 *      need not try. A hang-up or an error of the descriptor is always noticed.
 * P10. POLL completes with the events that are ready (poll(2) bits; POLLERR, POLLHUP and
 *      POLLNVAL are always reported). It is one-shot and looks at the level: submitted on a
 *      descriptor that is ready, it completes, at once or in the next wait().
 * P11. close() with operations still pending cancels and forgets them; done() is not
 *      called, and the memory they point to is free for use when close() returns.
 * P12. Descriptors that cannot be polled (regular files): read and write run at once;
 *      POLL completes with what was asked for.
 * P13. OPEN, PREAD, PWRITE and FSYNC wait for disks: where offers() says so they are
 *      carried out without blocking anybody, elsewhere they complete at once with
 *      -EOPNOTSUPP. They have no direction (P4): any number may be pending on a
 *      descriptor, and end in any order. forget() knows nothing of them: a descriptor is
 *      closed when they have ended. Where P3 has to wait for one that is being carried
 *      out, it waits for the disk; and so does close().
 * P14. In the child of a fork the instances of before are the parent's, and nothing that the
 *      child does reaches what is pending there: submit() completes at once with -ECANCELED,
 *      cancel() removes, forget() and wake() do nothing, wait() and fileno() are -EBADF.
 *      close() gives the child's copy back. sm_poll_ops() sees to that (forked.c); the
 *      backends have release() for it.
 */
#ifndef SM_POLL_POLL_H
#define SM_POLL_POLL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/assert.h"
#include "base/fork.h"
#include "base/list.h"

enum sm_op_code {
    SM_OP_RECV,    /* recv(fd, buf.data, buf.len, flags) */
    SM_OP_SEND,    /* send(fd, buf.data, buf.len, flags | MSG_NOSIGNAL) */
    SM_OP_RECVMSG, /* recvmsg(fd, msg, flags) */
    SM_OP_SENDMSG, /* sendmsg(fd, msg, flags | MSG_NOSIGNAL) */
    SM_OP_READ,    /* read(fd, buf.data, buf.len) */
    SM_OP_WRITE,   /* write(fd, buf.data, buf.len) */
    SM_OP_ACCEPT,  /* accept4(fd, addr, addr_len, SOCK_NONBLOCK|SOCK_CLOEXEC): new fd */
    SM_OP_CONNECT, /* connect(fd, addr, *addr_len), to its end: 0 or the SO_ERROR */
    SM_OP_POLL,    /* readiness for `flags` (POLLIN, POLLOUT, …): the ready events */
    /* Of files (P13). What has no positions (a pipe) is not refused, as pread(2) does. */
    SM_OP_OPEN,   /* open(open.path, flags | O_CLOEXEC, open.mode): new fd */
    SM_OP_PREAD,  /* pread(fd, at.data, at.len, at.offset) */
    SM_OP_PWRITE, /* pwrite(fd, at.data, at.len, at.offset) */
    SM_OP_FSYNC,  /* fsync(fd) */
};

enum sm_op_state {
    SM_OP_IDLE,    /* the caller's */
    SM_OP_PENDING, /* the backend's */
    SM_OP_CANCEL,  /* the backend's, cancel was asked for */
};

enum sm_op_cancel {
    SM_OP_REMOVED,   /* gone: done() will not be called, memory is the caller's again */
    SM_OP_CANCELING, /* done() is still to come */
};

struct sm_op {
    /* filled by the caller */
    void (*done)(struct sm_op *op);
    int fd;
    uint8_t code; /* enum sm_op_code */
    int flags;
    void *user; /* for done() */
    union {
        struct {
            void *data;
            size_t len;
        } buf;
        struct msghdr *msg;
        struct {
            struct sockaddr *addr; /* may be NULL for accept */
            socklen_t *addr_len;
        };
        struct {
            void *data;
            size_t len;
            int64_t offset; /* >= 0 */
        } at;
        struct {
            const char *path;
            unsigned mode;
        } open;
    };

    /* the answer */
    ssize_t result;

    /* the backend's */
    uint8_t state; /* enum sm_op_state; the caller zeroes it before the first submit */
    struct sm_list link;
    uintptr_t backend[2];
};

struct sm_poll; /* each backend's own; begins with struct sm_poll_base */

struct sm_poll_ops {
    const char *name; /* "io_uring", "epoll", "poll": what SIMUL_BACKEND takes */

    /* Make an instance, for the calling thread. Untouched *ret and -errno on failure;
     * -ENOSYS, -EPERM, -EOPNOTSUPP and -EINVAL mean: refused here, try another backend. */
    int (*open)(struct sm_poll **ret);
    void (*close)(struct sm_poll *poll);
    /* The part of close() that concerns this process only: descriptors and memory. No
     * operation is looked at: its memory may be gone (P14). */
    void (*release)(struct sm_poll *poll);
    bool (*submit)(struct sm_poll *poll, struct sm_op *op);
    enum sm_op_cancel (*cancel)(struct sm_poll *poll, struct sm_op *op);
    int (*wait)(struct sm_poll *poll, int64_t timeout_ns);
    void (*wake)(struct sm_poll *poll);
    void (*forget)(struct sm_poll *poll, int fd);
    /* A descriptor that is readable when wait(0) would complete something, for embedding
     * the loop into a foreign one; -ENOTSUP where there is none. What is submitted after
     * this call is given to the kernel at once. */
    int (*fileno)(struct sm_poll *poll);
    /* Does it carry out this operation of files (P13)? NULL: none of them. */
    bool (*offers)(struct sm_poll *poll, enum sm_op_code code);
};

/* What every instance begins with, so that callers need one pointer only. */
struct sm_poll_base {
    const struct sm_poll_ops *ops;
    unsigned forks; /* sm_forks when it was opened */
};

extern const struct sm_poll_ops sm_poll_io_uring, sm_poll_epoll, sm_poll_poll;
extern const struct sm_poll_ops sm_poll_forked; /* P14 */

/**
 * Choose and open a backend: `name` if given, else $SIMUL_BACKEND if set, else the first
 * of io_uring, epoll, poll that the kernel grants. A name that was asked for is never
 * replaced by another: -EINVAL for an unknown one, else what its open() says.
 */
int sm_poll_open(struct sm_poll **ret, const char *name);

static inline void sm_poll_begin(struct sm_poll_base *base,
                                 const struct sm_poll_ops *ops)
{
    *base = (struct sm_poll_base){ops, sm_forks};
}

/** What to call it by; asked anew for each call (P14). */
static inline const struct sm_poll_ops *sm_poll_ops(struct sm_poll *poll)
{
    const struct sm_poll_base *base = (const struct sm_poll_base *)poll;
    return sm_likely(base->forks == sm_forks) ? base->ops : &sm_poll_forked;
}

static inline bool sm_poll_offers(struct sm_poll *poll, enum sm_op_code code)
{
    return sm_poll_ops(poll)->offers && sm_poll_ops(poll)->offers(poll, code);
}

#endif
