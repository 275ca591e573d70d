/* SPDX-License-Identifier: MIT */
/*
 * The queues that io_uring shares with the kernel: setting them up, filling the one and
 * emptying the other. What is asked for over them is the business of io_uring*.c.
 *
 * Raw system calls: the ring needs less than a library around it offers, and the numbers
 * below are the kernel's for good, whatever headers we were compiled with (which have to
 * have the structures of Linux 5.10 at the least).
 */
#ifndef SM_POLL_URING_H
#define SM_POLL_URING_H

#include <linux/io_uring.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SM_SETUP_CQSIZE = 1 << 3,
    SM_SETUP_CLAMP = 1 << 4,
    SM_SETUP_R_DISABLED = 1 << 6,     /* 5.10 */
    SM_SETUP_SUBMIT_ALL = 1 << 7,     /* 5.18 */
    SM_SETUP_COOP_TASKRUN = 1 << 8,   /* 5.19 */
    SM_SETUP_TASKRUN_FLAG = 1 << 9,   /* 5.19 */
    SM_SETUP_SINGLE_ISSUER = 1 << 12, /* 6.0 */
    SM_SETUP_DEFER_TASKRUN = 1 << 13, /* 6.1 */
    SM_SETUP_NO_SQARRAY = 1 << 16,    /* 6.6 */

    SM_FEAT_SINGLE_MMAP = 1 << 0,
    SM_FEAT_NODROP = 1 << 1,
    SM_FEAT_SUBMIT_STABLE = 1 << 2,
    SM_FEAT_FAST_POLL = 1 << 5,
    SM_FEAT_EXT_ARG = 1 << 8,
    SM_FEAT_RSRC_TAGS = 1 << 10, /* 5.13, as multishot poll is */
    SM_FEAT_CQE_SKIP = 1 << 11,  /* 5.17 */
    SM_FEAT_NO_IOWAIT = 1 << 17, /* 6.15 */

    SM_ENTER_GETEVENTS = 1 << 0,
    SM_ENTER_EXT_ARG = 1 << 3,
    SM_ENTER_REGISTERED_RING = 1 << 4, /* 5.18 */
    SM_ENTER_NO_IOWAIT = 1 << 7,

    SM_SQ_CQ_OVERFLOW = 1 << 1,
    SM_SQ_TASKRUN = 1 << 2,

    SM_SQE_ASYNC = 1 << 4,
    SM_SQE_CQE_SKIP_SUCCESS = 1 << 6,
    SM_POLL_FIRST = 1 << 0,     /* of receives and sends, 5.19 */
    SM_POLL_ADD_MULTI = 1 << 0, /* 5.13 */
    SM_CQE_MORE = 1 << 1,
    SM_CQE_SOCK_NONEMPTY = 1 << 2, /* 5.19 */

    SM_REGISTER_PROBE = 8,
    SM_REGISTER_ENABLE_RINGS = 12,
    SM_REGISTER_RING_FDS = 20,
    SM_PROBE_SUPPORTED = 1 << 0,
};

struct sm_uring {
    int fd;
    int enter_fd;         /* the same, or its registered index */
    unsigned enter_flags; /* that go with each io_uring_enter() */
    unsigned setup;       /* SM_SETUP_… that the kernel granted */
    unsigned features;    /* SM_FEAT_… that it has */
    uint64_t known;       /* a bit for each IORING_OP_… that it knows */
    bool started;

    struct io_uring_sqe *sqes;
    unsigned *sq_head, *sq_tail, *sq_flags; /* shared */
    unsigned sq_size;
    uint64_t queued, consumed; /* entries so far: by us, by the kernel */

    struct io_uring_cqe *cqes;
    unsigned *cq_head, *cq_tail; /* shared */
    unsigned cq_mask;

    void *rings;
    size_t rings_len, sqes_len;
};

/** Set up, with as many of the newer ways of working as the kernel grants. -ENOSYS,
 * -EPERM, -EOPNOTSUPP: there is none, or none that is good enough. The queues can be
 * filled; what is in them goes to the kernel after sm_uring_start(). */
int sm_uring_open(struct sm_uring *ring, unsigned sq_size, unsigned cq_size);

/** For tests: 1, 2 or 3 work as on the kernels before 6.6, 6.1 and 5.18. */
extern unsigned sm_uring_first_step;

/** Unmap and close. What the kernel still holds must have been canceled before. */
void sm_uring_close(struct sm_uring *ring);

/** From now on the calling thread, and no other, uses the ring. Again: no effect. */
int sm_uring_start(struct sm_uring *ring);

/** A new entry, all zero; NULL if the queue is full. */
struct io_uring_sqe *sm_uring_push(struct sm_uring *ring);

/** The entry number `n` (as `queued` was when it was pushed), if it is still with us;
 * NULL if the kernel has taken it. */
struct io_uring_sqe *sm_uring_still_queued(struct sm_uring *ring, uint64_t n);

/** Hand over what is queued; nothing is waited for, no completion is looked for. */
int sm_uring_submit(struct sm_uring *ring);

/** Hand over what is queued and wait for `wait_for` completions, at most timeout_ns
 * (< 0: without limit). 0, or -errno: -EAGAIN and -EBUSY mean that the kernel is out of
 * memory; a signal, or the time being up, is no error. */
int sm_uring_enter(struct sm_uring *ring, unsigned wait_for, int64_t timeout_ns);

/** Take the oldest completion into *cqe; false if there is none. */
bool sm_uring_pop(struct sm_uring *ring, struct io_uring_cqe *cqe);

/** Number of completions to pop. */
unsigned sm_uring_ready(const struct sm_uring *ring);

/** Are there completions, or would entering the kernel give some? */
bool sm_uring_has_news(const struct sm_uring *ring);

/** Ask the kernel what it knows; 0 or -errno. */
int sm_uring_probe(struct sm_uring *ring);

/** After that: does it know this IORING_OP_…? */
bool sm_uring_knows(const struct sm_uring *ring, unsigned opcode);

#endif
