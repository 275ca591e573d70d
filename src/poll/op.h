/* SPDX-License-Identifier: MIT */
/*
 * What the backends have in common: the system call behind an operation, the directions
 * that it takes, and the way it is given back.
 */
#ifndef SM_POLL_OP_H
#define SM_POLL_OP_H

#include "poll/poll.h"

enum {
    SM_OP_IN = 1,  /* it may wait for something to come */
    SM_OP_OUT = 2, /* it may wait for room, or for a connection */
};

/* What poll(2) reports whether it was asked for or not. */
#define SM_POLL_ALWAYS (POLLERR | POLLHUP | POLLNVAL)

/** Is it one of files, which waits for disks (P13)? */
static inline bool sm_op_is_of_file(const struct sm_op *op)
{
    return op->code > SM_OP_POLL;
}

/** Is what it gives a new descriptor? */
static inline bool sm_op_gives_descriptor(const struct sm_op *op)
{
    return op->code == SM_OP_ACCEPT || op->code == SM_OP_OPEN;
}

/** The directions that the operation occupies on its descriptor (P4). */
unsigned sm_op_directions(const struct sm_op *op);

/**
 * Make the system call, without blocking. True: it has ended, well or not, and `result`
 * is set. False: it is to be made again, by sm_op_retry(), when the descriptor is ready
 * in the direction of the operation. Not for SM_OP_POLL.
 */
bool sm_op_try(struct sm_op *op);

/** As sm_op_try(), for an operation that was started and whose descriptor is ready. */
bool sm_op_retry(struct sm_op *op);

/** Is it a receive with nothing special about it (a peek, urgent data)? */
bool sm_op_is_receive(const struct sm_op *op);

/** After sm_op_try(): a receive that got something, but less than it asked for. */
bool sm_op_was_short(const struct sm_op *op);

/** submit() answers at once: the result, and true. */
static inline bool sm_op_ended(struct sm_op *op, ssize_t result)
{
    op->result = result;
    return true;
}

/** Give the operation back to its owner. It may be gone when this returns. */
static inline void sm_op_finish(struct sm_op *op, ssize_t result)
{
    op->result = result;
    op->state = SM_OP_IDLE;
    op->done(op);
}

/** Finish all operations of `canceled` with -ECANCELED; returns how many there were.
 * What done() adds to the list meanwhile waits for the next time. */
int sm_op_finish_canceled(struct sm_list *canceled);

#endif
