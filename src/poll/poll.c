/* SPDX-License-Identifier: MIT */
/*
 * The poll(2) backend: for every POSIX system, and the one to copy for a new one.
 *
 * Operations that wait stand in an array, side by side with what poll(2) is to watch for
 * them; each knows its place in backend[0]. What leaves is replaced by the last one. The
 * kernel keeps nothing, so cancel() always removes, and forget() forgets at once.
 * Submitting and waiting cost as much as there are operations.
 */
#include "poll/poll.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/sys.h"
#include "poll/op.h"

struct poller {
    struct sm_poll_base base;
    int wakeup[2];           /* a pipe: wake() writes, wait() reads */
    struct pollfd *fds;      /* owned; [0] is the pipe */
    struct sm_op **ops;      /* owned; [0] is not used */
    int count, capacity;     /* of both arrays */
    struct sm_list canceled; /* by forget(), to be delivered */
};

static struct poller *self_of(struct sm_poll *poll)
{
    return (struct poller *)poll;
}

/* ---- the array ---------------------------------------------------------------------- */

static int reserve(struct poller *self)
{
    if (self->count < self->capacity)
        return 0;
    int capacity = self->capacity ? 2 * self->capacity : 16;
    struct pollfd *fds = sm_realloc(self->fds, capacity * sizeof *fds);
    if (fds)
        self->fds = fds;
    struct sm_op **ops = fds ? sm_realloc(self->ops, capacity * sizeof *ops) : NULL;
    if (!ops)
        return -ENOMEM;
    self->ops = ops;
    self->capacity = capacity;
    return 0;
}

static short events_of(const struct sm_op *op)
{
    if (op->code == SM_OP_POLL)
        return (short)op->flags;
    return sm_op_directions(op) == SM_OP_IN ? POLLIN : POLLOUT;
}

/* Not asked about yet: no events of this turn are its own. */
static void append(struct poller *self, struct sm_op *op)
{
    self->fds[self->count] = (struct pollfd){.fd = op->fd, .events = events_of(op)};
    self->ops[self->count] = op;
    op->backend[0] = self->count++;
    op->state = SM_OP_PENDING;
    sm_list_init(&op->link);
}

static void take_out(struct poller *self, struct sm_op *op)
{
    int i = (int)op->backend[0], end = --self->count;
    self->fds[i] = self->fds[end];
    self->ops[i] = self->ops[end];
    self->ops[i]->backend[0] = i;
}

static bool is_busy(struct poller *self, const struct sm_op *op)
{
    unsigned directions = sm_op_directions(op);
    for (int i = 1; i < self->count; i++)
        if (self->fds[i].fd == op->fd && sm_op_directions(self->ops[i]) & directions)
            return true;
    return false;
}

/* ---- operations --------------------------------------------------------------------- */

static bool poller_submit(struct sm_poll *poll, struct sm_op *op)
{
    struct poller *self = self_of(poll);
    sm_assert(op->state == SM_OP_IDLE);
    if (is_busy(self, op))
        return sm_op_ended(op, -EBUSY);
    if (op->code == SM_OP_POLL && op->fd < 0)
        return sm_op_ended(op, POLLNVAL); /* poll(2) would wait for ever */
    if (op->code != SM_OP_POLL && sm_op_try(op))
        return true;
    if (reserve(self) < 0)
        return sm_op_ended(op, -ENOMEM);
    append(self, op);
    return false;
}

static enum sm_op_cancel poller_cancel(struct sm_poll *poll, struct sm_op *op)
{
    if (sm_list_linked(&op->link))
        sm_list_remove(&op->link);
    else if (op->state != SM_OP_IDLE)
        take_out(self_of(poll), op);
    op->state = SM_OP_IDLE;
    return SM_OP_REMOVED;
}

static void poller_forget(struct sm_poll *poll, int fd)
{
    struct poller *self = self_of(poll);
    for (int i = self->count - 1; i > 0; i--)
        if (self->fds[i].fd == fd) {
            struct sm_op *op = self->ops[i];
            take_out(self, op);
            sm_list_push(&self->canceled, &op->link);
        }
}

/* ---- waiting ------------------------------------------------------------------------ */

static bool is_over(struct sm_op *op, short events)
{
    return op->code == SM_OP_POLL ? sm_op_ended(op, events) : sm_op_retry(op);
}

static int finish_ready(struct poller *self)
{
    int n = 0;
    for (int i = 1; i < self->count;) {
        struct sm_op *op = self->ops[i];
        short events = self->fds[i].revents;
        if (events && is_over(op, events)) {
            take_out(self, op); /* another one is at `i` now */
            sm_op_finish(op, op->result);
            n++;
        } else {
            i++;
        }
    }
    return n;
}

static void empty_pipe(int fd)
{
    char bytes[256];
    while (read(fd, bytes, sizeof bytes) == sizeof bytes)
        ;
}

/* A signal ends the wait early: whoever waits looks at the clock again anyway. */
static int poller_wait(struct sm_poll *poll, int64_t ns)
{
    struct poller *self = self_of(poll);
    if (!sm_list_empty(&self->canceled))
        ns = 0;
    struct timespec timeout = {ns / 1000000000, ns % 1000000000};
    int r = (int)sm_ppoll(self->fds, self->count, ns < 0 ? NULL : &timeout);
    if (r < 0 && r != -EINTR)
        return r;
    int n = sm_op_finish_canceled(&self->canceled);
    if (r <= 0)
        return n;
    if (self->fds[0].revents)
        empty_pipe(self->wakeup[0]);
    return n + finish_ready(self);
}

/* Not through sys.h: it may run in a signal handler, and when the pipe is full, that is
 * a wake-up too. */
static void poller_wake(struct sm_poll *poll)
{
    int saved = errno;
    ssize_t r = write(self_of(poll)->wakeup[1], "", 1);
    (void)r;
    errno = saved;
}

static int poller_fileno(struct sm_poll *poll)
{
    (void)poll;
    return -ENOTSUP;
}

/* ---- opening and closing ------------------------------------------------------------ */

static void free_all(struct poller *self)
{
    sm_free(self->ops);
    sm_free(self->fds);
    sm_free(self);
}

static void poller_release(struct sm_poll *poll)
{
    struct poller *self = self_of(poll);
    sm_close(self->wakeup[0]);
    sm_close(self->wakeup[1]);
    free_all(self);
}

static void poller_close(struct sm_poll *poll)
{
    struct poller *self = self_of(poll);
    for (int i = 1; i < self->count; i++)
        self->ops[i]->state = SM_OP_IDLE;
    sm_list_each (node, &self->canceled)
        sm_container_of(node, struct sm_op, link)->state = SM_OP_IDLE;
    poller_release(poll);
}

static int poller_open(struct sm_poll **ret)
{
    struct poller *self = sm_zalloc(sizeof *self);
    if (!self)
        return -ENOMEM;
    sm_poll_begin(&self->base, &sm_poll_poll);
    sm_list_init(&self->canceled);
    int r = reserve(self);
    if (r >= 0)
        r = (int)sm_pipe(self->wakeup, O_NONBLOCK | O_CLOEXEC);
    if (r < 0) {
        free_all(self);
        return r;
    }
    self->fds[0] = (struct pollfd){.fd = self->wakeup[0], .events = POLLIN};
    self->count = 1;
    *ret = (struct sm_poll *)self;
    return 0;
}

const struct sm_poll_ops sm_poll_poll = {
    .name = "poll",
    .open = poller_open,
    .close = poller_close,
    .release = poller_release,
    .submit = poller_submit,
    .cancel = poller_cancel,
    .wait = poller_wait,
    .wake = poller_wake,
    .forget = poller_forget,
    .fileno = poller_fileno,
};
