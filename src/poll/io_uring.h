/* SPDX-License-Identifier: MIT */
/*
 * The parts of the io_uring backend; what they keep to is U1 to U8 in io_uring.c.
 *
 *     io_uring_entry.c    operations as entries of the submission queue
 *     io_uring_submit.c   submitting, canceling, forgetting
 *     io_uring_reap.c     completions
 *     io_uring.c          waiting, waking, opening, closing
 */
#ifndef SM_POLL_IO_URING_H
#define SM_POLL_IO_URING_H

#include "poll/op.h"
#include "poll/poll.h"
#include "poll/record.h"
#include "poll/uring.h"

/* user_data that is no operation; no pointer has such a value. */
enum { SM_URING_NOBODY = 0, SM_URING_WAKE = 1 };

/* Where a pending operation is: backend[1]. */
enum sm_uring_place {
    SM_URING_RINGED = 1, /* in the queue or in the kernel; backend[0]: which entry */
    SM_URING_BACKLOG,    /* on that list */
    SM_URING_CANCELED,   /* on that list: called back by forget() (U2) */
    SM_URING_PLACE = 3,
    SM_URING_BY_POLL = 4, /* a bit: the entry waits for readiness only (U4) */
    SM_URING_ASYNC = 8,   /* a bit: by a thread of the kernel's from the start (U7) */
};

struct sm_uring_poll {
    struct sm_poll_base base;
    struct sm_uring ring;
    int wakeup_fd;    /* an eventfd */
    bool rearm;       /* WAKE's entry has ended */
    bool embedded;    /* fileno() was asked for: submit() hands over at once */
    unsigned in_ring; /* operations with an entry, queued or in the kernel */
    struct sm_records records;
    struct sm_list backlog;  /* U3: operations without an entry yet */
    struct sm_list cancels;  /* U3: in the kernel, whose cancel has no entry yet */
    struct sm_list canceled; /* to be delivered */
    struct sm_list
        files; /* operations of files that are RINGED (if not in `cancels`) */
};

static inline struct sm_uring_poll *sm_uring_poll_of(struct sm_poll *poll)
{
    return (struct sm_uring_poll *)poll;
}

static inline bool sm_uring_is_at(const struct sm_op *op, enum sm_uring_place place)
{
    return (op->backend[1] & SM_URING_PLACE) == place;
}

static inline void sm_uring_put_at(struct sm_op *op, enum sm_uring_place place)
{
    op->backend[1] = (op->backend[1] & ~(uintptr_t)SM_URING_PLACE) | place;
}

/* ---- io_uring_entry.c ---------------------------------------------------------------- */

/** Into the queue, or else into the backlog (U3). */
void sm_uring_enqueue(struct sm_uring_poll *self, struct sm_op *op);

/** The kernel's name of an operation of files (P13). */
uint8_t sm_uring_opcode_of_file(enum sm_op_code code);

/** False: there is no room for the entry that cancels `op`. */
bool sm_uring_enqueue_cancel(struct sm_uring_poll *self, const struct sm_op *op);

/** Into a foreign loop's sleep: what fails now is told of, so that wait() is called. */
void sm_uring_hand_over(struct sm_uring_poll *self);

/** The entry that wake() completes (U5). */
void sm_uring_arm_wakeup(struct sm_uring_poll *self);

/** What had no room before (U3). */
void sm_uring_catch_up(struct sm_uring_poll *self);

/** Does the kernel connect it? Its TCP connect is an operation; of others, that one call
 * may say more. */
bool sm_uring_connects(const struct sm_op *op);

/* ---- io_uring_submit.c --------------------------------------------------------------- */

bool sm_uring_poll_submit(struct sm_poll *poll, struct sm_op *op);
enum sm_op_cancel sm_uring_poll_cancel(struct sm_poll *poll, struct sm_op *op);
void sm_uring_poll_forget(struct sm_poll *poll, int fd);
bool sm_uring_poll_offers(struct sm_poll *poll, enum sm_op_code code);

/** Nobody wants `op`, which may be NULL, any more. True if the kernel holds it. */
bool sm_uring_drop(struct sm_uring_poll *self, struct sm_op *op);

/* ---- io_uring_reap.c ----------------------------------------------------------------- */

/** Give back what is complete now: what done() makes complete is for the next time. */
int sm_uring_reap(struct sm_uring_poll *self);

/** The operation of a completion; NULL: nobody's. It has no entry any more. */
struct sm_op *sm_uring_owner_of(struct sm_uring_poll *self,
                                const struct io_uring_cqe *cqe);

/** What a receive that has ended says about its descriptor (P9). */
void sm_uring_learn(struct sm_uring_poll *self, struct sm_op *op, unsigned cqe_flags);

/* ---- io_uring.c ---------------------------------------------------------------------- */

void sm_uring_poll_wake(struct sm_poll *poll);

#endif
