/* SPDX-License-Identifier: MIT */
/*
 * Readers and writers that the user registers: level-triggered on every backend, made of
 * one-shot POLL operations that are armed again after each call (P10).
 *
 * A reader is in one of these states; `removed` may be set in each:
 *   ARMED    its operation is pending
 *   READY    the descriptor is ready, its entry is in the ring
 *   RUNNING  its function is being called
 * It is freed when it is removed and neither armed nor ready nor running. Until then the
 * descriptor's place in the table is its, and who is added there meanwhile takes it over:
 * its operation may still be pending, and a descriptor has one at a time (P4). What that
 * one says is then not about the new reader (`stale`), whose descriptor may be another one
 * with the same number.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "loop/context.h"
#include "loop/loop.h"

struct sm_reader {
    struct sm_ready ready;
    struct sm_op op;
    struct sm_list link; /* loop->readers */
    struct simul_loop *loop;
    simul_callback_fn *fn;
    void *arg;
    struct simul_context *context; /* of who added it; owned */
    enum { ARMED, READY, RUNNING } state;
    bool removed, stale;
};

static struct sm_reader **place_of(const struct sm_reader *reader)
{
    return &reader->loop->by_fd[reader->op.flags == POLLOUT][reader->op.fd];
}

static void free_reader(struct sm_reader *reader)
{
    *place_of(reader) = NULL;
    sm_list_remove(&reader->link);
    sm_ring_unreserve(&reader->loop->ready);
    sm_loop_unhold(reader->loop, false);
    simul_context_release(reader->context);
    sm_free(reader);
}

static void become_ready(struct sm_reader *reader)
{
    reader->state = READY;
    sm_loop_ready(reader->loop, &reader->ready, SM_READY_CALL);
}

static void op_done(struct sm_op *op)
{
    struct sm_reader *reader = sm_container_of(op, struct sm_reader, op);
    become_ready(reader);
}

static void arm(struct sm_reader *reader)
{
    reader->state = ARMED;
    if (sm_poll_ops(reader->loop->poll)->submit(reader->loop->poll, &reader->op))
        become_ready(reader);
}

/* The kernel had no room to watch it: perhaps in the next pass it has. Removing it would
 * leave whoever waits for the descriptor, a library perhaps, waiting for ever. */
static bool may_pass(ssize_t error)
{
    return error == -ENOMEM || error == -ENOSPC;
}

/* The poller cannot watch it any longer: it is no descriptor now. */
static void fail(struct sm_reader *reader)
{
    char message[96];
    snprintf(message, sizeof message, "the %s of descriptor %d was removed",
             reader->op.flags == POLLOUT ? "writer" : "reader", reader->op.fd);
    simul_error_context context = {.message = message, .error = (int)reader->op.result};
    reader->removed = true;
    simul_call_exception_handler(reader->loop, &context);
}

static void tell(struct sm_reader *reader)
{
    if (reader->op.result < 0)
        fail(reader);
    else
        sm_context_call_held(reader->context, reader->fn, reader->arg);
}

static void run(struct sm_ready *ready)
{
    struct sm_reader *reader = sm_container_of(ready, struct sm_reader, ready);
    reader->state = RUNNING;
    if (reader->stale)
        reader->stale = false;
    else if (!reader->removed && !may_pass(reader->op.result))
        tell(reader);
    if (reader->removed)
        free_reader(reader);
    else
        arm(reader);
}

static struct sm_reader **slot_of(struct simul_loop *loop, int fd, int dir)
{
    return fd >= 0 && fd < loop->by_fd_size[dir] ? &loop->by_fd[dir][fd] : NULL;
}

static int grow_table(struct simul_loop *loop, int fd, int dir)
{
    if (fd < loop->by_fd_size[dir])
        return 0;
    int size = fd + 64;
    struct sm_reader **table =
        sm_realloc(loop->by_fd[dir], (size_t)size * sizeof(struct sm_reader *));
    if (!table)
        return -ENOMEM;
    memset(table + loop->by_fd_size[dir], 0,
           (size_t)(size - loop->by_fd_size[dir]) * sizeof *table);
    loop->by_fd[dir] = table;
    loop->by_fd_size[dir] = size;
    return 0;
}

static void drop(struct sm_reader *reader)
{
    struct simul_loop *loop = reader->loop;
    reader->removed = true;
    if (reader->state != ARMED)
        return; /* run() frees it */
    if (sm_poll_ops(loop->poll)->cancel(loop->poll, &reader->op) == SM_OP_REMOVED)
        free_reader(reader);
    /* else op_done() makes it ready, and run() frees it */
}

static int remove_watch(struct simul_loop *loop, int fd, int dir)
{
    loop = sm_loop_or_running(loop);
    struct sm_reader **slot = loop ? slot_of(loop, fd, dir) : NULL;
    if (!slot || !*slot || (*slot)->removed)
        return 0;
    drop(*slot);
    return 1;
}

static struct sm_reader *new_reader(struct simul_loop *loop, int fd, int dir)
{
    if (sm_ring_reserve(&loop->ready) < 0)
        return NULL;
    struct sm_reader *reader = sm_zalloc(sizeof *reader);
    if (!reader) {
        sm_ring_unreserve(&loop->ready);
        return NULL;
    }
    reader->ready.run = run;
    reader->op = (struct sm_op){
        .done = op_done, .fd = fd, .code = SM_OP_POLL, .flags = dir ? POLLOUT : POLLIN};
    reader->loop = loop;
    loop->by_fd[dir][fd] = reader;
    sm_list_push(&loop->readers, &reader->link);
    sm_loop_hold(loop, false);
    return reader;
}

static int add_new(struct simul_loop *loop, int fd, int dir, simul_callback_fn *fn,
                   void *arg, struct simul_context *context)
{
    struct sm_reader *reader = new_reader(loop, fd, dir);
    if (!reader) {
        simul_context_release(context);
        return -ENOMEM;
    }
    reader->fn = fn;
    reader->arg = arg;
    reader->context = context;
    reader->state = ARMED;
    if (!sm_poll_ops(loop->poll)->submit(loop->poll, &reader->op))
        return 0;
    int r = (int)reader->op.result;
    if (r >= 0) {
        become_ready(reader);
        return 0;
    }
    free_reader(reader);
    return r;
}

static int add_watch(struct simul_loop *loop, int fd, int dir, simul_callback_fn *fn,
                     void *arg)
{
    loop = sm_loop_or_running(loop);
    long r = sm_loop_mine(loop);
    if (r < 0)
        return (int)r;
    r = SM_SYS("fcntl", EBADF, fcntl(fd, F_GETFD));
    if (r < 0)
        return (int)r;
    r = grow_table(loop, fd, dir);
    if (r < 0)
        return (int)r;
    struct simul_context *context;
    r = sm_context_copy(sm_context_current(), &context);
    if (r < 0)
        return (int)r;
    struct sm_reader *reader = *slot_of(loop, fd, dir);
    if (!reader)
        return add_new(loop, fd, dir, fn, arg, context);
    reader->stale |= reader->removed && reader->state != RUNNING;
    reader->removed = false;
    reader->fn = fn;
    reader->arg = arg;
    simul_context_release(reader->context);
    reader->context = context;
    return 0;
}

int simul_add_reader(simul_loop *loop, int fd, simul_callback_fn *fn, void *arg)
{
    return add_watch(loop, fd, 0, fn, arg);
}

int simul_remove_reader(simul_loop *loop, int fd)
{
    return remove_watch(loop, fd, 0);
}

int simul_add_writer(simul_loop *loop, int fd, simul_callback_fn *fn, void *arg)
{
    return add_watch(loop, fd, 1, fn, arg);
}

int simul_remove_writer(simul_loop *loop, int fd)
{
    return remove_watch(loop, fd, 1);
}

/* The poller is closed already: no operation is pending any more. */
void sm_readers_finish(struct simul_loop *loop)
{
    while (!sm_list_empty(&loop->readers))
        free_reader(sm_container_of(loop->readers.next, struct sm_reader, link));
    for (int dir = 0; dir < 2; dir++) {
        sm_free(loop->by_fd[dir]);
        loop->by_fd[dir] = NULL;
        loop->by_fd_size[dir] = 0;
    }
}
