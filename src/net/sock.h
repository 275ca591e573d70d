/* SPDX-License-Identifier: MIT */
/*
 * A call on a socket that is tried, and made again when the descriptor is ready. By
 * readiness, since descriptors of the user's may be closed without the poller's knowledge:
 * of those only POLL is safe (P5, and epoll.c).
 */
#ifndef SM_NET_SOCK_H
#define SM_NET_SOCK_H

#include <simul/sock.h>

struct sm_sock_call {
    ssize_t (*attempt)(struct sm_sock_call *call); /* without blocking; or -errno */
    const int *fd; /* looked up after each wait: its owner may have closed it (-1) */
    void *data;
    size_t n;
    int flags;              /* of recvfrom(2), beside MSG_DONTWAIT */
    simul_address *address; /* may be NULL */
    const char *what;       /* for reports */
    short events;           /* what it waits for: POLLIN or POLLOUT */
    bool idle;              /* it may wait for ever: a virtual clock goes on */
};

/** Make the call; awaits. What attempt() returned if that was not -EAGAIN; or an error that
 *  every function of simul/sock.h may return. */
ssize_t sm_sock_run(struct sm_sock_call *call);

/** Wait for `events` of call->fd: 0, or an error as above. */
int sm_sock_wait(const struct sm_sock_call *call);

/** 0, or -EINVAL if the descriptor blocks. */
int sm_sock_check(int fd);

ssize_t sm_sock_recvfrom(const int *fd, void *buf, size_t n, int flags,
                         simul_address *from);
ssize_t sm_sock_sendto(const int *fd, const void *data, size_t n,
                       const simul_address *to);

#endif
