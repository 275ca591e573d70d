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
 */
#include "poll/uring.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include "base/sys.h"
#include "poll/op.h"
#include "poll/poll.h"
#include "poll/record.h"

enum {
    SQ_SIZE = 256,
    CQ_SIZE = 2048,          /* 32 KiB; beyond, the kernel keeps a list of its own */
    LENGTH_MAX = 0x7ffff000, /* that the kernel moves at once */
    CLOSE_TRIES = 1000,
    IN = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND | POLLMSG | POLLRDHUP,
    OUT = POLLOUT | POLLWRNORM | POLLWRBAND,
};

/* user_data that is no operation; no pointer has such a value. */
enum { NOBODY = 0, WAKE = 1 };

/* Where a pending operation is: backend[1]. */
enum place {
    RINGED =
        1,    /* in the queue or in the kernel; backend[0] is the number of the entry */
    BACKLOG,  /* on that list */
    CANCELED, /* on that list: called back by forget() (U2) */
    PLACE = 3,
    BY_POLL = 4, /* a bit: the entry waits for readiness only (U4) */
};

struct uring {
    struct sm_poll_base base;
    struct sm_uring ring;
    int wakeup_fd;    /* an eventfd */
    pid_t owner;      /* a forked child only closes */
    bool rearm;       /* WAKE's entry has ended */
    bool embedded;    /* fileno() was asked for: submit() hands over at once */
    unsigned in_ring; /* operations with an entry, queued or in the kernel */
    struct sm_records records;
    struct sm_list backlog;  /* U3: operations without an entry yet */
    struct sm_list cancels;  /* U3: in the kernel, whose cancel has no entry yet */
    struct sm_list canceled; /* to be delivered */
};

static struct uring *self_of(struct sm_poll *poll)
{
    return (struct uring *)poll;
}

static bool is_at(const struct sm_op *op, enum place place)
{
    return (op->backend[1] & PLACE) == place;
}

static void put_at(struct sm_op *op, enum place place)
{
    op->backend[1] = (op->backend[1] & BY_POLL) | place;
}

/* ---- entries ------------------------------------------------------------------------ */

/* Room for one more, if the kernel takes what is there. */
static struct io_uring_sqe *new_entry(struct uring *self)
{
    struct io_uring_sqe *sqe = sm_uring_push(&self->ring);
    if (sqe)
        return sqe;
    sm_uring_submit(&self->ring); /* failed: the queue is still full */
    return sm_uring_push(&self->ring);
}

static void describe_poll(struct io_uring_sqe *sqe, unsigned events)
{
    sqe->opcode = IORING_OP_POLL_ADD;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    events = events << 16 | events >> 16;
#endif
    sqe->poll32_events = events;
}

static void describe_transfer(struct uring *self, struct io_uring_sqe *sqe,
                              const struct sm_op *op, int opcode)
{
    bool message = op->code == SM_OP_RECVMSG || op->code == SM_OP_SENDMSG;
    bool send = op->code == SM_OP_SEND || op->code == SM_OP_SENDMSG;
    sqe->opcode = (uint8_t)opcode;
    sqe->addr = (uintptr_t)(message ? (void *)op->msg : op->buf.data);
    sqe->len = message                    ? 1
               : op->buf.len < LENGTH_MAX ? (uint32_t)op->buf.len
                                          : LENGTH_MAX;
    /* never to answer EAGAIN; never to collect more than one try would */
    sqe->msg_flags = (uint32_t)(op->flags & ~(MSG_DONTWAIT | MSG_WAITALL));
    sqe->msg_flags |= send ? MSG_NOSIGNAL : 0;
    if (self->ring.setup & SM_SETUP_DEFER_TASKRUN) /* then the kernel knows this too */
        sqe->ioprio = SM_POLL_FIRST;
}

static void describe(struct uring *self, struct io_uring_sqe *sqe,
                     const struct sm_op *op)
{
    sqe->fd = op->fd;
    sqe->user_data = (uintptr_t)op;
    if (op->backend[1] & BY_POLL) {
        describe_poll(sqe, sm_op_directions(op) == SM_OP_IN ? POLLIN : POLLOUT);
        return;
    }
    switch ((enum sm_op_code)op->code) {
    case SM_OP_RECV:
        describe_transfer(self, sqe, op, IORING_OP_RECV);
        break;
    case SM_OP_SEND:
        describe_transfer(self, sqe, op, IORING_OP_SEND);
        break;
    case SM_OP_RECVMSG:
        describe_transfer(self, sqe, op, IORING_OP_RECVMSG);
        break;
    case SM_OP_SENDMSG:
        describe_transfer(self, sqe, op, IORING_OP_SENDMSG);
        break;
    case SM_OP_ACCEPT:
        sqe->opcode = IORING_OP_ACCEPT;
        sqe->addr = (uintptr_t)op->addr;
        sqe->addr2 = (uintptr_t)op->addr_len;
        sqe->accept_flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
        break;
    case SM_OP_CONNECT:
        sqe->opcode = IORING_OP_CONNECT;
        sqe->addr = (uintptr_t)op->addr;
        sqe->off = *op->addr_len;
        break;
    case SM_OP_POLL:
        describe_poll(sqe, op->flags & (IN | OUT));
        break;
    case SM_OP_READ:
    case SM_OP_WRITE:
        sm_assert(!"these go by poll");
    }
}

/* Into the queue, or else into the backlog (U3). */
static void enqueue(struct uring *self, struct sm_op *op)
{
    struct io_uring_sqe *sqe = new_entry(self);
    if (!sqe) {
        put_at(op, BACKLOG);
        sm_list_push(&self->backlog, &op->link);
        return;
    }
    put_at(op, RINGED);
    sm_list_init(&op->link);
    op->backend[0] = self->ring.queued - 1;
    self->in_ring++;
    describe(self, sqe, op);
}

static bool enqueue_cancel(struct uring *self, const struct sm_op *op)
{
    struct io_uring_sqe *sqe = new_entry(self);
    if (!sqe)
        return false;
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->fd = -1;
    sqe->addr = (uintptr_t)op;
    sqe->user_data = NOBODY;
    if (self->ring.features & SM_FEAT_CQE_SKIP)
        sqe->flags = SM_SQE_CQE_SKIP_SUCCESS;
    return true;
}

static void uring_wake(struct sm_poll *poll);

/* Into a foreign loop's sleep: what fails now is told of, so that wait() is called. */
static void hand_over(struct uring *self)
{
    if (self->embedded && sm_uring_submit(&self->ring) < 0)
        uring_wake((struct sm_poll *)self);
}

static void arm_wakeup(struct uring *self)
{
    struct io_uring_sqe *sqe = sm_uring_push(&self->ring);
    self->rearm = !sqe;
    if (!sqe)
        return;
    describe_poll(sqe, POLLIN);
    sqe->fd = self->wakeup_fd;
    sqe->len = SM_POLL_ADD_MULTI;
    sqe->user_data = WAKE;
}

/* What had no room before (U3). */
static void catch_up(struct uring *self)
{
    struct sm_list *node;
    if (self->rearm)
        arm_wakeup(self);
    while (!sm_list_empty(&self->cancels)
           && enqueue_cancel(self,
                             sm_container_of(self->cancels.next, struct sm_op, link)))
        sm_list_shift(&self->cancels);
    struct sm_list late;
    sm_list_init(&late);
    sm_list_splice(&late, &self->backlog);
    while ((node = sm_list_shift(&late)))
        enqueue(self, sm_container_of(node, struct sm_op, link));
}

/* ---- submitting --------------------------------------------------------------------- */

/* The kernel's TCP connect is an operation; of others, that one call may say more. */
static bool is_connect_of_kernel(const struct sm_op *op)
{
    return op->code == SM_OP_CONNECT
           && (op->addr->sa_family == AF_INET || op->addr->sa_family == AF_INET6);
}

static void learn(struct uring *self, struct sm_op *op, unsigned cqe_flags)
{
    struct sm_record *record = sm_record_find(&self->records, op->fd);
    if (record && sm_op_was_short(op))
        record->empty =
            !(cqe_flags & SM_CQE_SOCK_NONEMPTY) && sm_record_is_drained(record, op->fd);
    else if (record && sm_op_is_receive(op))
        record->empty = false;
}

/* A receive from what is certainly empty is not tried (P9); should that be wrong, the
 * kernel, which looks for itself, completes it in the next wait(). */
static bool try_now(struct uring *self, struct sm_op *op)
{
    struct sm_record *record = sm_record_find(&self->records, op->fd);
    if (op->code == SM_OP_POLL || is_connect_of_kernel(op)
        || (record && record->empty && sm_op_is_receive(op)) || !sm_op_try(op))
        return false;
    learn(self, op, 0);
    return true;
}

/* An entry for a number that is no descriptor would say so too, but it has no record. */
static bool take(struct uring *self, struct sm_op *op)
{
    if (op->fd < 0)
        return sm_op_ended(op, op->code == SM_OP_POLL ? POLLNVAL : -EBADF);
    int r = sm_record_reserve(&self->records, op->fd);
    if (r < 0)
        return sm_op_ended(op, r);
    bool by_poll = op->code == SM_OP_READ || op->code == SM_OP_WRITE
                   || (op->code == SM_OP_CONNECT && !is_connect_of_kernel(op));
    sm_record_attach(&self->records, op);
    op->state = SM_OP_PENDING;
    op->backend[1] = by_poll ? BY_POLL : 0;
    enqueue(self, op);
    hand_over(self);
    return false;
}

static bool uring_submit(struct sm_poll *poll, struct sm_op *op)
{
    struct uring *self = self_of(poll);
    sm_assert(op->state == SM_OP_IDLE);
    if (sm_record_is_busy(sm_record_find(&self->records, op->fd), sm_op_directions(op)))
        return sm_op_ended(op, -EBUSY);
    return try_now(self, op) || take(self, op);
}

/* ---- canceling ---------------------------------------------------------------------- */

/* U2: true if the kernel has not seen the operation, and will not. */
static bool call_back(struct uring *self, struct sm_op *op)
{
    if (!is_at(op, RINGED)) {
        sm_list_remove(&op->link);
        return true;
    }
    struct io_uring_sqe *sqe = sm_uring_still_queued(&self->ring, op->backend[0]);
    if (!sqe)
        return false;
    *sqe = (struct io_uring_sqe){.opcode = IORING_OP_NOP, .user_data = NOBODY};
    self->in_ring--;
    return true;
}

static void request_cancel(struct uring *self, struct sm_op *op)
{
    if (op->state == SM_OP_CANCEL)
        return;
    op->state = SM_OP_CANCEL;
    if (!enqueue_cancel(self, op))
        sm_list_push(&self->cancels, &op->link);
    else
        hand_over(self);
}

static enum sm_op_cancel uring_cancel(struct sm_poll *poll, struct sm_op *op)
{
    struct uring *self = self_of(poll);
    if (op->state == SM_OP_IDLE)
        return SM_OP_REMOVED;
    if (!call_back(self, op)) {
        request_cancel(self, op);
        return SM_OP_CANCELING;
    }
    sm_record_detach(&self->records, op);
    op->state = SM_OP_IDLE;
    return SM_OP_REMOVED;
}

/* True if the kernel holds it. */
static bool drop(struct uring *self, struct sm_op *op)
{
    if (!op)
        return false;
    sm_record_detach(&self->records, op);
    if (!call_back(self, op)) {
        request_cancel(self, op);
        return true;
    }
    put_at(op, CANCELED);
    sm_list_push(&self->canceled, &op->link);
    uring_wake((struct sm_poll *)self); /* for fileno() */
    return false;
}

/* What the kernel holds keeps the file open after close(2): a port stays taken, a peer
 * sees no end. So the cancels are handed over now, and their effects let happen. */
static void uring_forget(struct sm_poll *poll, int fd)
{
    struct uring *self = self_of(poll);
    struct sm_record *record = sm_record_find(&self->records, fd);
    if (!record)
        return;
    bool held = drop(self, record->in);
    held |= drop(self, record->out);
    *record = (struct sm_record){0};
    if (held)
        sm_uring_enter(&self->ring, 0, 0);
}

/* ---- waiting ------------------------------------------------------------------------ */

static int finish(struct uring *self, struct sm_op *op, ssize_t result)
{
    sm_record_detach(&self->records, op);
    sm_op_finish(op, result);
    return 1;
}

/* The descriptor is ready, or the wait for that has failed. */
static int go_on(struct uring *self, struct sm_op *op, int result)
{
    if (result < 0)
        return finish(self, op, result);
    if (op->state == SM_OP_CANCEL)
        return finish(self, op, -ECANCELED);
    if (sm_op_retry(op)) {
        learn(self, op, 0);
        return finish(self, op, op->result);
    }
    enqueue(self, op);
    return 0;
}

/* EAGAIN: the kernel would not wait (U4); of a connect it is an answer (no ports, no
 * routes). EINTR: a thread of the kernel was canceled. */
static int settle(struct uring *self, struct sm_op *op, const struct io_uring_cqe *cqe)
{
    op->result = cqe->res;
    bool unfinished =
        cqe->res == -EINTR || (cqe->res == -EAGAIN && op->code != SM_OP_CONNECT);
    if (unfinished) {
        if (op->state == SM_OP_CANCEL)
            return finish(self, op, -ECANCELED);
        op->backend[1] |= BY_POLL;
        enqueue(self, op);
        return 0;
    }
    if (op->code == SM_OP_POLL && cqe->res == -EBADF)
        op->result = POLLNVAL;
    learn(self, op, cqe->flags);
    return finish(self, op, op->result);
}

static struct sm_op *owner_of(struct uring *self, const struct io_uring_cqe *cqe)
{
    if (cqe->user_data == WAKE && !(cqe->flags & SM_CQE_MORE))
        self->rearm = true;
    if (cqe->user_data == WAKE || cqe->user_data == NOBODY)
        return NULL;
    struct sm_op *op = (struct sm_op *)(uintptr_t)cqe->user_data;
    sm_list_remove(&op->link); /* from the cancels */
    self->in_ring--;
    return op;
}

/* Those that are there now: what done() makes complete is for the next wait(). */
static int reap(struct uring *self)
{
    int n = 0;
    struct io_uring_cqe cqe;
    for (unsigned left = sm_uring_ready(&self->ring); left > 0; left--) {
        sm_uring_pop(&self->ring, &cqe);
        struct sm_op *op = owner_of(self, &cqe);
        if (op)
            n += op->backend[1] & BY_POLL ? go_on(self, op, cqe.res)
                                          : settle(self, op, &cqe);
    }
    return n;
}

/* Not while there is something to deliver, or something that the kernel has not got. */
static bool may_block(struct uring *self)
{
    return sm_list_empty(&self->canceled) && !sm_uring_ready(&self->ring)
           && sm_list_empty(&self->backlog) && sm_list_empty(&self->cancels)
           && !self->rearm;
}

static int enter(struct uring *self, int64_t timeout_ns)
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
    struct uring *self = self_of(poll);
    catch_up(self);
    int r = enter(self, timeout_ns);
    int n = sm_op_finish_canceled(&self->canceled);
    n += reap(self);
    if (self->embedded)
        catch_up(self);
    hand_over(self);
    if (r >= 0 || n > 0)
        return n;
    return r == -EAGAIN || r == -EBUSY ? -ENOMEM : r;
}

/* Not through sys.h: it may run in a signal handler, and cannot fail: the descriptor is
 * ours, and the counter of an eventfd takes 2^64 wakes. */
static void uring_wake(struct sm_poll *poll)
{
    int saved = errno;
    ssize_t r = write(self_of(poll)->wakeup_fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)r;
    errno = saved;
}

static int uring_fileno(struct sm_poll *poll)
{
    struct uring *self = self_of(poll);
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

/* Nobody will be told; a connection that was accepted meanwhile is closed. */
static void discard(struct uring *self)
{
    struct io_uring_cqe cqe;
    while (sm_uring_pop(&self->ring, &cqe)) {
        struct sm_op *op = owner_of(self, &cqe);
        if (op)
            op->state = SM_OP_IDLE;
        if (op && op->code == SM_OP_ACCEPT && !(op->backend[1] & BY_POLL)
            && cqe.res >= 0)
            sm_close(cqe.res);
    }
}

/* P11. The kernel answers each cancel; the tries are for running out of memory, and for
 * the thread of the ring being gone (EEXIST), with whom all was canceled. */
static void let_go_of_all(struct uring *self)
{
    for (int fd = 0; fd < self->records.capacity; fd++) {
        drop(self, self->records.all[fd].in);
        drop(self, self->records.all[fd].out);
    }
    for (int i = 0, r = 0; self->in_ring && i < CLOSE_TRIES && r != -EEXIST; i++) {
        catch_up(self);
        r = sm_uring_enter(&self->ring, 1, 10 * 1000000);
        discard(self);
    }
    set_idle(&self->canceled);
}

static void uring_close(struct sm_poll *poll)
{
    struct uring *self = self_of(poll);
    if (self->owner == getpid())
        let_go_of_all(self);
    sm_uring_close(&self->ring);
    sm_close(self->wakeup_fd);
    sm_free(self->records.all);
    sm_free(self);
}

static int open_ring(struct uring *self)
{
    static const uint8_t needed[] = {
        IORING_OP_NOP,     IORING_OP_RECV,     IORING_OP_SEND,
        IORING_OP_RECVMSG, IORING_OP_SENDMSG,  IORING_OP_ACCEPT,
        IORING_OP_CONNECT, IORING_OP_POLL_ADD, IORING_OP_ASYNC_CANCEL,
    };
    int r = sm_uring_open(&self->ring, SQ_SIZE, CQ_SIZE);
    if (r < 0)
        return r;
    r = sm_uring_probe(&self->ring, needed, sizeof needed);
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
    struct uring *self = sm_zalloc(sizeof *self);
    if (!self)
        return -ENOMEM;
    self->base.ops = &sm_poll_io_uring;
    self->owner = getpid();
    sm_list_init(&self->backlog);
    sm_list_init(&self->cancels);
    sm_list_init(&self->canceled);
    int r = open_ring(self);
    if (r < 0) {
        sm_free(self);
        return r;
    }
    arm_wakeup(self);
    *ret = (struct sm_poll *)self;
    return 0;
}

const struct sm_poll_ops sm_poll_io_uring = {
    .name = "io_uring",
    .open = uring_open,
    .close = uring_close,
    .submit = uring_submit,
    .cancel = uring_cancel,
    .wait = uring_wait,
    .wake = uring_wake,
    .forget = uring_forget,
    .fileno = uring_fileno,
};
