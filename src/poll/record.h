/* SPDX-License-Identifier: MIT */
/*
 * What a backend knows of each descriptor: a table that is indexed by its number and
 * grows as needed. Records move when it grows; look them up again after done().
 */
#ifndef SM_POLL_RECORD_H
#define SM_POLL_RECORD_H

#include "poll/poll.h"

/* All zero when nothing is known. */
struct sm_record {
    struct sm_op *in, *out; /* pending; the same one if a POLL asks for both */
    uint32_t generation;    /* of the number: epoll's, see there */
    uint32_t mask;          /* registered for these: epoll's */
    bool empty;             /* nothing was left to read by the last receive */
    bool always;            /* `empty` is not to be trusted: epoll's */
    uint8_t kind;           /* of socket, as far as it matters */
};

struct sm_records {
    struct sm_record *all; /* owned */
    int capacity;
};

/** NULL if there is none (the descriptor may be any number). */
static inline struct sm_record *sm_record_find(const struct sm_records *records, int fd)
{
    return fd >= 0 && fd < records->capacity ? &records->all[fd] : NULL;
}

/** Make sure that `fd`, which is not negative, has a record; 0 or -ENOMEM. */
int sm_record_reserve(struct sm_records *records, int fd);

/** Is one of these directions (SM_OP_IN, SM_OP_OUT) taken? NULL has none. */
bool sm_record_is_busy(const struct sm_record *record, unsigned directions);

/** Take the directions of `op`, for whose descriptor there is a record. */
void sm_record_attach(struct sm_records *records, struct sm_op *op);

/** Free the directions that `op` holds, if any. */
void sm_record_detach(struct sm_records *records, struct sm_op *op);

/** After a receive that was short (sm_op_was_short): is there certainly nothing left?
 * On TCP sockets only: a datagram, a message with descriptors, a line of a terminal are
 * short too. Asks the kernel once. */
bool sm_record_is_drained(struct sm_record *record, int fd);

#endif
