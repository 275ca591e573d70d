/* SPDX-License-Identifier: MIT */
/*
 * The io_uring backend: the kernel completes the operations itself.
 *
 * Receives, sends and accepts are tried first, like everywhere. Those that would block
 * become entries of the submission queue, which the next wait() hands over with the same
 * system call that waits. From then on the memory of the operation is the kernel's until
 * its completion comes, canceled or not.
 *
 *  U1. user_data is the operation. It has one entry at a time, which gives exactly one
 *      completion, and is given back with that; so the pointer in a completion is always
 *      good, and a cancel never meets a later operation in the same memory: entries are
 *      carried out in order.
 *  U2. An entry that the kernel has not taken yet can be called back: it becomes a NOP,
 *      and the operation is free at once. That is also what makes forget() safe, since
 *      the kernel looks at the number of the descriptor only when it takes the entry.
 *  U3. When the queue is full and the kernel does not take it (out of memory), operations
 *      stand in the backlog and cancels in `cancels`, on lists through the operations:
 *      submit() and cancel() cannot fail for that.
 *  U4. Reads and writes wait for readiness (POLL_ADD) and are then made by us: a pipe or
 *      a terminal that is set non-blocking answers the kernel's own read with EAGAIN
 *      before 6.4 and, some kinds, today. Whatever else comes back with EAGAIN goes that
 *      way too. So do connects of others than TCP.
 *  U5. wake() writes to an eventfd on which a multishot POLL_ADD is armed; it is never
 *      read, each write gives a completion, several before a wait() one.
 *  U6. The ring belongs to the thread that waits first (SINGLE_ISSUER); -EEXIST is what
 *      others get.
 *  U7. Operations of files are never tried by us. Reads and writes carry no IOSQE_ASYNC:
 *      while the kernel takes the entry it tries without waiting (as RWF_NOWAIT would),
 *      which is enough for what is in memory; the rest it gives to the completion of the
 *      disk's read, or to a thread of its own. Only who set the descriptor non-blocking
 *      gets EAGAIN where the file cannot be tried so (in /proc, say), although it is
 *      always ready: then the entry is made again, with the flag. OPEN has it from the
 *      start: without, the kernel tries with O_NONBLOCK, and a FIFO would be open before
 *      its peer is there. In the kernel's threads the process's signals are blocked.
 *  U8. CLOSE is not used: it may be complete before the kernel has let go of the file,
 *      whose locks are then still held, and which nobody can execute yet (ETXTBSY).
 */
#include "poll/io_uring.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/sys.h"

enum {
    SQ_SIZE = 256,
    CQ_SIZE = 2048, /* 32 KiB; beyond, the kernel keeps a list of its own */
    CLOSE_TRIES = 1000,
};

/* Not while there is something to deliver, or something that the kernel has not got. */
static bool may_block(struct sm_uring_poll *self)
{
    return sm_list_empty(&self->canceled) && !sm_uring_ready(&self->ring)
           && sm_list_empty(&self->backlog) && sm_list_empty(&self->cancels)
           && !self->rearm;
}

static int enter(struct sm_uring_poll *self, int64_t timeout_ns)
{
    bool block = timeout_ns != 0 && may_block(self);
    bool idle = self->ring.queued == self->ring.consumed && self->ring.started;
    if (!block && idle && !sm_uring_has_news(&self->ring))
        return 0;
    return sm_uring_enter(&self->ring, block, timeout_ns);
}

/* EAGAIN and EBUSY: the kernel has no memory for more; completions may free some. */
static int uring_wait(struct sm_poll *poll, int64_t timeout_ns)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    sm_uring_catch_up(self);
    int r = enter(self, timeout_ns);
    int n = sm_op_finish_canceled(&self->canceled);
    n += sm_uring_reap(self);
    if (self->embedded)
        sm_uring_catch_up(self);
    sm_uring_hand_over(self);
    if (r >= 0 || n > 0)
        return n;
    return r == -EAGAIN || r == -EBUSY ? -ENOMEM : r;
}

/* Not through sys.h: it may run in a signal handler, and cannot fail: the descriptor is
 * ours, and the counter of an eventfd takes 2^64 wakes. */
void sm_uring_poll_wake(struct sm_poll *poll)
{
    int saved = errno;
    ssize_t r =
        write(sm_uring_poll_of(poll)->wakeup_fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)r;
    errno = saved;
}

static int uring_fileno(struct sm_poll *poll)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    int r = sm_uring_start(&self->ring);
    if (r >= 0)
        r = sm_uring_submit(&self->ring);
    if (r < 0)
        return r;
    self->embedded = true;
    return self->ring.fd;
}

/* ---- opening and closing ------------------------------------------------------------ */

static void set_idle(struct sm_list *list)
{
    struct sm_list *node;
    while ((node = sm_list_shift(list)))
        sm_container_of(node, struct sm_op, link)->state = SM_OP_IDLE;
}

/* Nobody will be told; a descriptor that was got meanwhile is closed. */
static void discard(struct sm_uring_poll *self)
{
    struct io_uring_cqe cqe;
    while (sm_uring_pop(&self->ring, &cqe)) {
        struct sm_op *op = sm_uring_owner_of(self, &cqe);
        if (op)
            op->state = SM_OP_IDLE;
        if (op && sm_op_gives_descriptor(op) && !(op->backend[1] & SM_URING_BY_POLL)
            && cqe.res >= 0)
            sm_close(cqe.res);
    }
}

static void drop_all(struct sm_uring_poll *self, struct sm_list *list)
{
    sm_list_each_safe (node, list)
        sm_uring_drop(self, sm_container_of(node, struct sm_op, link));
}

static bool may_go_on(struct sm_uring_poll *self, int tries)
{
    return self->in_ring && (tries < CLOSE_TRIES || !sm_list_empty(&self->files));
}

/* P11. The kernel answers each cancel; the tries are for running out of memory, and for
 * the thread of the ring being gone (EEXIST), with whom all was canceled. What a disk is
 * at takes its time: till then it reads from the memory, or writes to it. */
static void let_go_of_all(struct sm_uring_poll *self)
{
    for (int fd = 0; fd < self->records.capacity; fd++) {
        sm_uring_drop(self, self->records.all[fd].in);
        sm_uring_drop(self, self->records.all[fd].out);
    }
    drop_all(self, &self->files);
    drop_all(self, &self->backlog);
    for (int i = 0, r = 0; may_go_on(self, i) && r != -EEXIST; i++) {
        sm_uring_catch_up(self);
        r = sm_uring_enter(&self->ring, 1, 10 * 1000000);
        discard(self);
    }
    set_idle(&self->canceled);
}

static void uring_release(struct sm_poll *poll)
{
    struct sm_uring_poll *self = sm_uring_poll_of(poll);
    sm_uring_close(&self->ring);
    sm_close(self->wakeup_fd);
    sm_free(self->records.all);
    sm_free(self);
}

static void uring_close(struct sm_poll *poll)
{
    let_go_of_all(sm_uring_poll_of(poll));
    uring_release(poll);
}

/* What there has to be; of files whatever there is (P13). */
static int check_operations(struct sm_uring *ring)
{
    static const uint8_t needed[] = {
        IORING_OP_NOP,     IORING_OP_RECV,     IORING_OP_SEND,
        IORING_OP_RECVMSG, IORING_OP_SENDMSG,  IORING_OP_ACCEPT,
        IORING_OP_CONNECT, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
    };
    int r = sm_uring_probe(ring);
    for (size_t i = 0; i < sizeof needed && r >= 0; i++)
        r = sm_uring_knows(ring, needed[i]) ? 0 : -EOPNOTSUPP;
    return r;
}

static int open_ring(struct sm_uring_poll *self)
{
    int r = sm_uring_open(&self->ring, SQ_SIZE, CQ_SIZE);
    if (r < 0)
        return r;
    r = check_operations(&self->ring);
    if (r >= 0)
        r = self->wakeup_fd = (int)sm_eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r < 0)
        sm_uring_close(&self->ring);
    return r;
}

/* An entry is numbered with 64 bits in a pointer's room: 2^32 of them are an hour's. */
static int uring_open(struct sm_poll **ret)
{
    if (sizeof(uintptr_t) < sizeof(uint64_t))
        return -EOPNOTSUPP;
    struct sm_uring_poll *self = sm_zalloc(sizeof *self);
    if (!self)
        return -ENOMEM;
    sm_poll_begin(&self->base, &sm_poll_io_uring);
    sm_list_init(&self->backlog);
    sm_list_init(&self->cancels);
    sm_list_init(&self->canceled);
    sm_list_init(&self->files);
    int r = open_ring(self);
    if (r < 0) {
        sm_free(self);
        return r;
    }
    sm_uring_arm_wakeup(self);
    *ret = (struct sm_poll *)self;
    return 0;
}

const struct sm_poll_ops sm_poll_io_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .release = uring_release,
    .submit = sm_uring_poll_submit,
    .cancel = sm_uring_poll_cancel,
    .wait = uring_wait,
    .wake = sm_uring_poll_wake,
    .forget = sm_uring_poll_forget,
    .fileno = uring_fileno,
    .offers = sm_uring_poll_offers,
};
