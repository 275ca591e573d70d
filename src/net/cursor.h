/* SPDX-License-Identifier: MIT */
/* Writes of several pieces: their size, and how far one has come. */
#ifndef SM_NET_CURSOR_H
#define SM_NET_CURSOR_H

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/uio.h>

/** Bytes of all pieces; -EINVAL: more than can be. */
static inline ssize_t sm_pieces_size(const struct iovec *pieces, int n)
{
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        if (pieces[i].iov_len > SSIZE_MAX - total)
            return -EINVAL;
        total += pieces[i].iov_len;
    }
    return (ssize_t)total;
}

/* What is left of a write. */
struct sm_cursor {
    const struct iovec *iov; /* the first piece that is not done */
    size_t skip;             /* bytes of it that are */
    size_t left, total;
};

static inline void sm_cursor_advance(struct sm_cursor *cursor, size_t n)
{
    cursor->left -= n;
    cursor->skip += n;
    while (cursor->left > 0 && cursor->skip >= cursor->iov->iov_len)
        cursor->skip -= cursor->iov++->iov_len;
}

/** At the first byte. */
static inline struct sm_cursor sm_cursor_of(const struct iovec *pieces, size_t size)
{
    struct sm_cursor cursor = {.iov = pieces, .left = size, .total = size};
    sm_cursor_advance(&cursor, 0); /* over empty pieces */
    return cursor;
}

/* Up to max pieces of what is left, for a system call; how many. */
static inline int sm_cursor_pieces(const struct sm_cursor *cursor, struct iovec *pieces,
                                   int max)
{
    size_t left = cursor->left, skip = cursor->skip;
    int n = 0;
    for (const struct iovec *it = cursor->iov; left > 0 && n < max; it++, skip = 0) {
        pieces[n] = (struct iovec){(char *)it->iov_base + skip, it->iov_len - skip};
        left -= pieces[n++].iov_len;
    }
    return n;
}

#endif
