/* SPDX-License-Identifier: MIT */
/* How far a write of several pieces has come. */
#ifndef SM_NET_CURSOR_H
#define SM_NET_CURSOR_H

#include <stddef.h>
#include <sys/uio.h>

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
