/* SPDX-License-Identifier: MIT */
/* Sending files: by the system, or by reading and writing them. */
#ifndef SM_NET_SENDFILE_H
#define SM_NET_SENDFILE_H

#include <stdbool.h>
#include <sys/types.h>

struct sm_sendfile {
    int fd; /* the socket; -1: closed meanwhile */
    int file;
    off_t offset; /* of the next byte */
    size_t left;  /* SIZE_MAX: to the end */
    size_t sent;
};

/** Both await. Send until nothing is left, or the file ends: 0, or the error at which it
 *  stopped. `send` takes all bytes, or returns an error. */
int sm_sendfile_by_system(struct sm_sendfile *job);
int sm_sendfile_by_copy(struct sm_sendfile *job,
                        ssize_t (*send)(void *to, const void *data, size_t n),
                        void *to);

/** Could it be done by copying what the system did not do? Nothing was sent yet. */
bool sm_sendfile_is_refused(const struct sm_sendfile *job, int r);

/** Put the file where it has to stand; what to return. */
ssize_t sm_sendfile_end(struct sm_sendfile *job, int r);

#endif
