/* SPDX-License-Identifier: MIT */
/*
 * The epoll backend: edge-triggered, registered once, try first.
 *
 * A descriptor is registered when the first operation has to wait on it, for both
 * directions, and stays so until forget(): from then on waiting costs no system call.
 * An edge is remembered in the record of the descriptor (readable), or makes the waiting
 * operation try again.
 *
 *  E1. A receive on a TCP socket that got less than it asked for has emptied it. The next
 *      one is parked without a try, and woken by the next edge. Not so once a hang-up, an
 *      error or urgent data was seen (always): such a state is a level that gives no
 *      further edge, and at urgent data a read stops early. Nor on other descriptors:
 *      a datagram, a line of a terminal, a message with descriptors are short too.
 *  E2. POLL looks at the level: EPOLL_CTL_MOD makes the kernel look again, and a ready
 *      descriptor gives an edge at once. Descriptors that only know POLL are registered
 *      for what was asked, so that add_reader() is not woken by room for writing.
 *  E3. An event carries the number of the descriptor and the generation of its record;
 *      forget() begins a new generation, so events in flight die with the old owner.
 *  E4. Events of this turn were read before operations submitted in this turn began:
 *      they say nothing about a CONNECT or a POLL among these.
 *  E5. All that is needed from memory is reserved before an operation is taken.
 *
 * POLL and CONNECT ask the kernel each time, so a descriptor that was closed without
 * forget(), against P5, is noticed there, and at ACCEPT, which knows its result is new.
 */
#include "poll/poll.h"

#include <limits.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "base/sys.h"
#include "poll/op.h"
#include "poll/record.h"

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLERR == POLLERR
                   && EPOLLHUP == POLLHUP && EPOLLPRI == POLLPRI
                   && EPOLLRDHUP == POLLRDHUP,
               "the events of epoll are those of poll(2)");

enum {
    EVENTS = 256,
    TRANSFER = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLPRI,
    IN = EPOLLIN | EPOLLRDNORM | EPOLLRDBAND | EPOLLPRI | EPOLLMSG | EPOLLRDHUP,
    OUT = EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND,
    BOTH = EPOLLERR | EPOLLHUP,
    STICKY = EPOLLRDHUP | EPOLLHUP | EPOLLERR | EPOLLPRI, /* E1 */
};

#define WAKE UINT64_MAX /* the event of wakeup_fd */

struct epoll {
    struct sm_poll_base base;
    int epfd;
    int wakeup_fd;  /* an eventfd; never read: each write is an edge */
    bool only_ms;   /* the kernel has no epoll_pwait2 */
    uintptr_t turn; /* counts wait()s, for E4 */
    struct sm_records records;
    struct sm_list canceled; /* by forget(), to be delivered */
    struct epoll_event events[EVENTS];
};

static struct epoll *self_of(struct sm_poll *poll)
{
    return (struct epoll *)poll;
}

/* Not through sys.h: it may run in a signal handler, and cannot fail: the descriptor is
 * ours, and the counter of an eventfd takes 2^64 wakes. */
static void epoll_wake(struct sm_poll *poll)
{
    int saved = errno;
    ssize_t r = write(self_of(poll)->wakeup_fd, &(uint64_t){1}, sizeof(uint64_t));
    (void)r;
    errno = saved;
}

/* ---- records ------------------------------------------------------------------------ */

static struct sm_record *find(struct epoll *self, int fd)
{
    return sm_record_find(&self->records, fd);
}

static int control(struct epoll *self, int what, int fd, uint32_t mask)
{
    struct epoll_event event = {
        .events = mask | EPOLLET,
        .data.u64 = (uint64_t)find(self, fd)->generation << 32 | (uint32_t)fd,
    };
    return (int)sm_epoll_ctl(self->epfd, what, fd, &event);
}

/* Waking makes fileno() readable: there is something to deliver. */
static void move_to_canceled(struct epoll *self, struct sm_op *op)
{
    if (!op)
        return;
    sm_record_detach(&self->records, op);
    sm_list_push(&self->canceled, &op->link);
    epoll_wake((struct sm_poll *)self);
}

/* Begin anew with this number: nothing is known, nothing registered, nobody waits. */
static void reset(struct epoll *self, struct sm_record *record)
{
    move_to_canceled(self, record->in);
    move_to_canceled(self, record->out);
    *record = (struct sm_record){.generation = record->generation + 1};
}

/* The kernel knows nothing of the number, or nothing of it any more: then its owner has
 * changed without forget(). What a forget() could not delete is still there (EEXIST). */
static int add(struct epoll *self, int fd, uint32_t mask)
{
    struct sm_record *record = find(self, fd);
    if (record->mask)
        reset(self, record);
    int r = control(self, EPOLL_CTL_ADD, fd, mask);
    return r == -EEXIST ? control(self, EPOLL_CTL_MOD, fd, mask) : r;
}

/* Register for `mask` at the least. With `look`, a ready descriptor gives an edge. */
static int watch(struct epoll *self, int fd, uint32_t mask, bool look)
{
    struct sm_record *record = find(self, fd);
    if (record->mask && !look && (record->mask & mask) == mask)
        return 0;
    mask |= record->mask;
    int r = record->mask ? control(self, EPOLL_CTL_MOD, fd, mask) : -ENOENT;
    if (r == -ENOENT)
        r = add(self, fd, mask);
    if (r >= 0)
        record->mask = mask;
    return r;
}

/* ---- what a receive tells (E1) ------------------------------------------------------ */

/* Only a registered descriptor will give an edge. */
static void learn(struct epoll *self, struct sm_op *op)
{
    struct sm_record *record = find(self, op->fd);
    if (op->code == SM_OP_ACCEPT && op->result >= 0) {
        struct sm_record *fresh = find(self, (int)op->result);
        if (fresh && fresh->mask)
            reset(self, fresh);
    } else if (record && (record->mask & TRANSFER) == TRANSFER && !record->always
               && sm_op_was_short(op)) {
        record->empty = sm_record_is_drained(record, op->fd);
    }
}

static bool try_now(struct epoll *self, struct sm_op *op,
                    bool (*attempt)(struct sm_op *))
{
    if (!attempt(op))
        return false;
    learn(self, op);
    return true;
}

/* ---- submitting --------------------------------------------------------------------- */

/* EPERM: it cannot be polled (a regular file), so it never has to wait (P12). */
static bool ended_unwatched(struct sm_op *op, int r)
{
    if (op->code != SM_OP_POLL)
        return sm_op_ended(op, r == -EPERM ? -EAGAIN : r);
    if (r == -EPERM)
        return sm_op_ended(op, op->flags & (IN | OUT));
    return sm_op_ended(op, r == -EBADF ? POLLNVAL : r);
}

static bool park(struct epoll *self, struct sm_op *op)
{
    bool look = op->code == SM_OP_POLL || op->code == SM_OP_CONNECT;
    uint32_t mask = op->code == SM_OP_POLL ? op->flags & (IN | OUT) : TRANSFER;
    if (op->fd < 0)
        return ended_unwatched(op, -EBADF);
    int r = sm_record_reserve(&self->records, op->fd);
    if (r >= 0)
        r = watch(self, op->fd, mask | EPOLLERR, look);
    if (r < 0)
        return ended_unwatched(op, r);
    sm_record_attach(&self->records, op);
    op->state = SM_OP_PENDING;
    op->backend[0] = self->turn;
    sm_list_init(&op->link);
    return false;
}

static bool epoll_submit(struct sm_poll *poll, struct sm_op *op)
{
    struct epoll *self = self_of(poll);
    struct sm_record *record = find(self, op->fd);
    sm_assert(op->state == SM_OP_IDLE);
    if (sm_record_is_busy(record, sm_op_directions(op)))
        return sm_op_ended(op, -EBUSY);
    bool hopeless = record && record->empty && sm_op_is_receive(op);
    if (op->code != SM_OP_POLL && !hopeless && try_now(self, op, sm_op_try))
        return true;
    return park(self, op);
}

static enum sm_op_cancel epoll_cancel(struct sm_poll *poll, struct sm_op *op)
{
    if (op->state == SM_OP_IDLE)
        return SM_OP_REMOVED;
    if (sm_list_linked(&op->link))
        sm_list_remove(&op->link);
    else
        sm_record_detach(&self_of(poll)->records, op);
    op->state = SM_OP_IDLE;
    return SM_OP_REMOVED;
}

/* ---- waiting ------------------------------------------------------------------------ */

/* Nanoseconds where the kernel takes them (5.11), else milliseconds, rounded up: also under
 * ThreadSanitizer, which lets a signal end no wait that it does not know. */
static int wait_ns(struct epoll *self, int64_t ns)
{
    int64_t ms = ns / 1000000 + (ns % 1000000 != 0);
    int64_t timeout[] = {ns / 1000000000, ns % 1000000000};
    int r = -ENOSYS;
    if (!self->only_ms && !SM_TSAN)
        r = (int)sm_epoll_pwait2(self->epfd, self->events, EVENTS, timeout);
    if (r != -ENOSYS && r != -EPERM)
        return r;
    self->only_ms = true;
    return (int)sm_epoll_wait(self->epfd, self->events, EVENTS,
                              ms < INT_MAX ? (int)ms : INT_MAX);
}

/* A signal ends the wait early: whoever waits looks at the clock again anyway. */
static int wait_for_events(struct epoll *self, int64_t ns)
{
    int r = ns > 0
                ? wait_ns(self, ns)
                : (int)sm_epoll_wait(self->epfd, self->events, EVENTS, ns < 0 ? -1 : 0);
    return r == -EINTR ? 0 : r;
}

static bool is_over(struct epoll *self, struct sm_op *op, uint32_t events)
{
    if (op->code == SM_OP_POLL) {
        op->result = events & (uint32_t)(op->flags | SM_POLL_ALWAYS);
        return op->result && op->backend[0] != self->turn; /* E4 */
    }
    if (op->code == SM_OP_CONNECT && op->backend[0] == self->turn)
        return false;
    return try_now(self, op, sm_op_retry);
}

/* Returns how many completed. */
static int advance(struct epoll *self, struct sm_op *op, uint32_t events)
{
    if (!op || !is_over(self, op, events))
        return 0;
    sm_record_detach(&self->records, op);
    sm_op_finish(op, op->result);
    return 1;
}

static struct sm_record *owner_of(struct epoll *self, const struct epoll_event *event)
{
    struct sm_record *record = find(self, (int)(uint32_t)event->data.u64);
    return record && record->generation == event->data.u64 >> 32 ? record : NULL;
}

/* done() may forget the descriptor, or make the records move: look it up again. */
static int dispatch(struct epoll *self, const struct epoll_event *event)
{
    int n = 0;
    struct sm_record *record = owner_of(self, event);
    if (record) {
        record->always |= (event->events & STICKY) != 0;
        record->empty &= !(event->events & (IN | BOTH));
    }
    if (record && event->events & (IN | BOTH))
        n += advance(self, record->in, event->events);
    record = owner_of(self, event);
    if (record && event->events & (OUT | BOTH))
        n += advance(self, record->out, event->events);
    return n;
}

static int epoll_wait_(struct sm_poll *poll, int64_t timeout_ns)
{
    struct epoll *self = self_of(poll);
    if (!sm_list_empty(&self->canceled))
        timeout_ns = 0;
    int events = wait_for_events(self, timeout_ns);
    if (events < 0)
        return events;
    self->turn++;
    int n = sm_op_finish_canceled(&self->canceled);
    for (int i = 0; i < events; i++)
        n += dispatch(self, &self->events[i]);
    return n;
}

/* ---- the end of a descriptor, and of all -------------------------------------------- */

static void epoll_forget(struct sm_poll *poll, int fd)
{
    struct epoll *self = self_of(poll);
    struct sm_record *record = find(self, fd);
    if (!record)
        return;
    if (record->mask)
        sm_epoll_ctl(self->epfd, EPOLL_CTL_DEL, fd, NULL);
    reset(self, record);
}

static int epoll_fileno(struct sm_poll *poll)
{
    return self_of(poll)->epfd;
}

static void let_go(struct sm_op *op)
{
    if (op)
        op->state = SM_OP_IDLE;
}

static void epoll_release(struct sm_poll *poll)
{
    struct epoll *self = self_of(poll);
    sm_close(self->wakeup_fd);
    sm_close(self->epfd);
    sm_free(self->records.all);
    sm_free(self);
}

static void epoll_close(struct sm_poll *poll)
{
    struct epoll *self = self_of(poll);
    for (int fd = 0; fd < self->records.capacity; fd++) {
        let_go(self->records.all[fd].in);
        let_go(self->records.all[fd].out);
    }
    sm_list_each (node, &self->canceled)
        let_go(sm_container_of(node, struct sm_op, link));
    epoll_release(poll);
}

static int open_descriptors(struct epoll *self)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.u64 = WAKE};
    self->epfd = (int)sm_epoll_create(EPOLL_CLOEXEC);
    if (self->epfd < 0)
        return self->epfd;
    int r = self->wakeup_fd = (int)sm_eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (r < 0)
        goto close_epfd;
    r = (int)sm_epoll_ctl(self->epfd, EPOLL_CTL_ADD, self->wakeup_fd, &event);
    if (r >= 0)
        return 0;
    sm_close(self->wakeup_fd);
close_epfd:
    sm_close(self->epfd);
    return r;
}

static int epoll_open(struct sm_poll **ret)
{
    struct epoll *self = sm_zalloc(sizeof *self);
    if (!self)
        return -ENOMEM;
    sm_poll_begin(&self->base, &sm_poll_epoll);
    sm_list_init(&self->canceled);
    int r = open_descriptors(self);
    if (r < 0) {
        sm_free(self);
        return r;
    }
    *ret = (struct sm_poll *)self;
    return 0;
}

const struct sm_poll_ops sm_poll_epoll = {
    .name = "epoll",
    .open = epoll_open,
    .close = epoll_close,
    .release = epoll_release,
    .submit = epoll_submit,
    .cancel = epoll_cancel,
    .wait = epoll_wait_,
    .wake = epoll_wake,
    .forget = epoll_forget,
    .fileno = epoll_fileno,
};
