/* SPDX-License-Identifier: MIT */
/* Operations as entries of the submission queue. */
#include <fcntl.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "poll/io_uring.h"

enum {
    LENGTH_MAX = 0x7ffff000, /* that the kernel moves at once */
    IN = POLLIN | POLLPRI | POLLRDNORM | POLLRDBAND | POLLMSG | POLLRDHUP,
    OUT = POLLOUT | POLLWRNORM | POLLWRBAND,
};

/* Room for one more, if the kernel takes what is there. */
static struct io_uring_sqe *new_entry(struct sm_uring_poll *self)
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

static uint32_t length(size_t len)
{
    return len < LENGTH_MAX ? (uint32_t)len : LENGTH_MAX;
}

static void describe_transfer(struct sm_uring_poll *self, struct io_uring_sqe *sqe,
                              const struct sm_op *op, int opcode)
{
    bool message = op->code == SM_OP_RECVMSG || op->code == SM_OP_SENDMSG;
    bool send = op->code == SM_OP_SEND || op->code == SM_OP_SENDMSG;
    sqe->opcode = (uint8_t)opcode;
    sqe->addr = (uintptr_t)(message ? (void *)op->msg : op->buf.data);
    sqe->len = message ? 1 : length(op->buf.len);
    /* never to answer EAGAIN; never to collect more than one try would */
    sqe->msg_flags = (uint32_t)(op->flags & ~(MSG_DONTWAIT | MSG_WAITALL));
    sqe->msg_flags |= send ? MSG_NOSIGNAL : 0;
    if (self->ring.setup & SM_SETUP_DEFER_TASKRUN) /* then the kernel knows this too */
        sqe->ioprio = SM_POLL_FIRST;
}

uint8_t sm_uring_opcode_of_file(enum sm_op_code code)
{
    switch (code) {
    case SM_OP_OPEN:
        return IORING_OP_OPENAT;
    case SM_OP_PREAD:
        return IORING_OP_READ;
    case SM_OP_PWRITE:
        return IORING_OP_WRITE;
    default:
        return IORING_OP_FSYNC;
    }
}

/* U7 */
static void describe_file(struct io_uring_sqe *sqe, const struct sm_op *op)
{
    sqe->opcode = sm_uring_opcode_of_file(op->code);
    sqe->flags = op->backend[1] & SM_URING_ASYNC ? SM_SQE_ASYNC : 0;
    if (op->code == SM_OP_OPEN) {
        sqe->fd = AT_FDCWD;
        sqe->addr = (uintptr_t)op->open.path;
        sqe->len = op->open.mode;
        sqe->open_flags = (uint32_t)op->flags | O_CLOEXEC;
    } else if (op->code != SM_OP_FSYNC) {
        sqe->addr = (uintptr_t)op->at.data;
        sqe->len = length(op->at.len);
        sqe->off = (uint64_t)op->at.offset;
    }
}

static void describe(struct sm_uring_poll *self, struct io_uring_sqe *sqe,
                     const struct sm_op *op)
{
    sqe->fd = op->fd;
    sqe->user_data = (uintptr_t)op;
    if (op->backend[1] & SM_URING_BY_POLL) {
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
    case SM_OP_OPEN:
    case SM_OP_PREAD:
    case SM_OP_PWRITE:
    case SM_OP_FSYNC:
        describe_file(sqe, op);
        break;
    case SM_OP_READ:
    case SM_OP_WRITE:
        sm_assert(!"these go by poll");
    }
}

/* Of those without a record. */
static void keep_track(struct sm_uring_poll *self, struct sm_op *op)
{
    sm_list_init(&op->link);
    if (sm_op_is_of_file(op))
        sm_list_push(&self->files, &op->link);
}

void sm_uring_enqueue(struct sm_uring_poll *self, struct sm_op *op)
{
    struct io_uring_sqe *sqe = new_entry(self);
    if (!sqe) {
        sm_uring_put_at(op, SM_URING_BACKLOG);
        sm_list_push(&self->backlog, &op->link);
        return;
    }
    sm_uring_put_at(op, SM_URING_RINGED);
    keep_track(self, op);
    op->backend[0] = self->ring.queued - 1;
    self->in_ring++;
    describe(self, sqe, op);
}

bool sm_uring_enqueue_cancel(struct sm_uring_poll *self, const struct sm_op *op)
{
    struct io_uring_sqe *sqe = new_entry(self);
    if (!sqe)
        return false;
    sqe->opcode = IORING_OP_ASYNC_CANCEL;
    sqe->fd = -1;
    sqe->addr = (uintptr_t)op;
    sqe->user_data = SM_URING_NOBODY;
    if (self->ring.features & SM_FEAT_CQE_SKIP)
        sqe->flags = SM_SQE_CQE_SKIP_SUCCESS;
    return true;
}

void sm_uring_hand_over(struct sm_uring_poll *self)
{
    if (self->embedded && sm_uring_submit(&self->ring) < 0)
        sm_uring_poll_wake((struct sm_poll *)self);
}

void sm_uring_arm_wakeup(struct sm_uring_poll *self)
{
    struct io_uring_sqe *sqe = sm_uring_push(&self->ring);
    self->rearm = !sqe;
    if (!sqe)
        return;
    describe_poll(sqe, POLLIN);
    sqe->fd = self->wakeup_fd;
    sqe->len = SM_POLL_ADD_MULTI;
    sqe->user_data = SM_URING_WAKE;
}

void sm_uring_catch_up(struct sm_uring_poll *self)
{
    struct sm_list *node;
    if (self->rearm)
        sm_uring_arm_wakeup(self);
    while (!sm_list_empty(&self->cancels)) {
        struct sm_op *op = sm_container_of(self->cancels.next, struct sm_op, link);
        if (!sm_uring_enqueue_cancel(self, op))
            break;
        sm_list_remove(&op->link);
        keep_track(self, op);
    }
    struct sm_list late;
    sm_list_init(&late);
    sm_list_splice(&late, &self->backlog);
    while ((node = sm_list_shift(&late)))
        sm_uring_enqueue(self, sm_container_of(node, struct sm_op, link));
}

bool sm_uring_connects(const struct sm_op *op)
{
    return op->code == SM_OP_CONNECT
           && (op->addr->sa_family == AF_INET || op->addr->sa_family == AF_INET6);
}
