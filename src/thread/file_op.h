/* SPDX-License-Identifier: MIT */
/*
 * Files by operations of the loop's poller (poll.h, P13), which needs no thread of ours for
 * them; errors and cancels as include/simul/file.h says.
 */
#ifndef SM_THREAD_FILE_OP_H
#define SM_THREAD_FILE_OP_H

#include <sys/types.h>

#include "poll/poll.h"

/** Has the poller of the running loop this operation? */
bool sm_file_offers(enum sm_op_code code);

/** Is there a limit (RLIMIT_FSIZE) to what may be written? Who meets it gets SIGXFSZ, which
 * must not be the loop's thread: in a pool's it is blocked, and the error comes alone. */
bool sm_file_size_is_limited(void);

int sm_file_op_open(const char *path, int flags, unsigned mode);
ssize_t sm_file_op_pread(int fd, void *buf, size_t n, off_t offset);
ssize_t sm_file_op_pwrite(int fd, const void *data, size_t n, off_t offset);
int sm_file_op_sync(int fd);

#endif
