/* SPDX-License-Identifier: MIT */
/*
 * One direction of a descriptor that is watched until somebody says otherwise: a callback in
 * each pass in which it is ready. As the user's readers (loop/reader.c), but in the memory
 * of whoever watches, so that nothing but the beginning can fail.
 *
 *  W1. The function is called on the loop's stack, from the ring, never from the poller.
 *  W2. While busy is set the poller or the ring has it: its memory must stay. Whoever waits
 *      for that to end is told by idle().
 *  W3. It may be called although nothing is ready any more: nothing may be taken for
 *      granted but that trying is worth while.
 *  W4. When the loop is closed nothing begins or ends any more: who watches forgets busy.
 */
#ifndef SM_NET_WATCH_H
#define SM_NET_WATCH_H

#include "loop/loop.h"

struct sm_watch {
    struct sm_ready ready;
    struct sm_op op;
    struct simul_loop *loop;
    void (*call)(struct sm_watch *watch, int error); /* error: it cannot be watched */
    void (*idle)(struct sm_watch *watch);            /* it is busy no longer */
    bool wanted, busy;
    bool pending; /* busy: the poller has it */
};

/** Fill it in; `events` is POLLIN or POLLOUT. A place in the ring is the caller's to
 *  reserve. */
void sm_watch_init(struct sm_watch *watch, struct simul_loop *loop, int fd, int events);

void sm_watch_start(struct sm_watch *watch);

/** No call comes any more. */
void sm_watch_stop(struct sm_watch *watch);

#endif
