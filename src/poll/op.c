/* SPDX-License-Identifier: MIT */
#include "poll/op.h"

#include <unistd.h>

#include "base/sys.h"

unsigned sm_op_directions(const struct sm_op *op)
{
    static const uint8_t directions[] = {
        [SM_OP_RECV] = SM_OP_IN,     [SM_OP_SEND] = SM_OP_OUT,
        [SM_OP_RECVMSG] = SM_OP_IN,  [SM_OP_READ] = SM_OP_IN,
        [SM_OP_SENDMSG] = SM_OP_OUT, [SM_OP_WRITE] = SM_OP_OUT,
        [SM_OP_ACCEPT] = SM_OP_IN,   [SM_OP_CONNECT] = SM_OP_OUT,
    };
    const int out = POLLOUT | POLLWRNORM | POLLWRBAND;
    if (sm_op_is_of_file(op))
        return 0;
    if (op->code != SM_OP_POLL)
        return directions[op->code];
    if (!(op->flags & out))
        return SM_OP_IN;
    return op->flags & ~out ? SM_OP_IN | SM_OP_OUT : SM_OP_OUT;
}

static ssize_t call(struct sm_op *op)
{
    int flags = op->flags | MSG_DONTWAIT;
    switch ((enum sm_op_code)op->code) {
    case SM_OP_RECV:
        return sm_recv(op->fd, op->buf.data, op->buf.len, flags);
    case SM_OP_SEND:
        return sm_send(op->fd, op->buf.data, op->buf.len, flags | MSG_NOSIGNAL);
    case SM_OP_RECVMSG:
        return sm_recvmsg(op->fd, op->msg, flags);
    case SM_OP_SENDMSG:
        return sm_sendmsg(op->fd, op->msg, flags | MSG_NOSIGNAL);
    case SM_OP_READ:
        return sm_read(op->fd, op->buf.data, op->buf.len);
    case SM_OP_WRITE:
        return sm_write(op->fd, op->buf.data, op->buf.len);
    case SM_OP_ACCEPT:
        return sm_accept(op->fd, op->addr, op->addr_len, SOCK_NONBLOCK | SOCK_CLOEXEC);
    case SM_OP_CONNECT:
        return sm_connect(op->fd, op->addr, *op->addr_len);
    case SM_OP_OPEN:
    case SM_OP_PREAD:
    case SM_OP_PWRITE:
    case SM_OP_FSYNC:
        return -EOPNOTSUPP; /* here they would block */
    case SM_OP_POLL:
        break;
    }
    return -EINVAL;
}

/* A connect(2) of a Unix socket whose listener's queue is full says EAGAIN: no event
 * will ever come, it is an answer. */
bool sm_op_try(struct sm_op *op)
{
    op->result = call(op);
    return op->result != (op->code == SM_OP_CONNECT ? -EINPROGRESS : -EAGAIN);
}

static int outcome_of_connect(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    int r = sm_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return r < 0 ? r : -error;
}

bool sm_op_retry(struct sm_op *op)
{
    if (op->code != SM_OP_CONNECT)
        return sm_op_try(op);
    op->result = outcome_of_connect(op->fd);
    return true;
}

bool sm_op_is_receive(const struct sm_op *op)
{
    const int plain = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_CMSG_CLOEXEC;
    if (op->code == SM_OP_RECV || op->code == SM_OP_RECVMSG)
        return !(op->flags & ~plain);
    return op->code == SM_OP_READ;
}

static size_t asked_for(const struct sm_op *op)
{
    if (op->code != SM_OP_RECVMSG)
        return op->buf.len;
    size_t sum = 0;
    for (size_t i = 0; i < op->msg->msg_iovlen; i++)
        sum += op->msg->msg_iov[i].iov_len;
    return sum;
}

bool sm_op_was_short(const struct sm_op *op)
{
    return op->result > 0 && sm_op_is_receive(op) && (size_t)op->result < asked_for(op);
}

int sm_op_finish_canceled(struct sm_list *canceled)
{
    int n = 0;
    struct sm_list now, *node;
    sm_list_init(&now);
    sm_list_splice(&now, canceled);
    for (; (node = sm_list_shift(&now)); n++)
        sm_op_finish(sm_container_of(node, struct sm_op, link), -ECANCELED);
    return n;
}
