/* SPDX-License-Identifier: MIT */
/*
 * Random operations on tasks, under the virtual clock, checked against a model.
 *
 * The input is a script: a byte of options, then for each of up to eight tasks a list of
 * operations, which 0xff ends. An operation is a byte, its arguments follow; scopes (a
 * deadline, a cleanup, a group) run on to the matching end. The first task is the main one.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "task_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum op {
    SLEEP,
    CREATE,
    AWAIT,
    CANCEL,
    CAUGHT,
    UNCANCEL,
    RELEASE,
    RETURN,
    RETURN_VALUE,
    GATHER,
    GATHER_FUTURE,
    WAIT,
    WAIT_FOR,
    SHIELD,
    AS_COMPLETED,
    SET_RESULT,
    SET_ERROR,
    AWAIT_FUTURE,
    CANCEL_FUTURE,
    CANCEL_SOON,
    CANCEL_LATER,
    TIMEOUT,
    CLEANUP,
    GROUP,
    GROUP_CREATE,
    GROUP_CANCEL,
    RESCHEDULE,
    LEAVE, /* leaves the scope without its exit */
    END,   /* ends the scope */
    OPS
};

/* ---- the script, and what it holds ----------------------------------------------------- */

static struct {
    const uint8_t *at, *end;
} scripts[SLOTS];

static simul_future *futures[FUTURES];
static simul_future *held[256]; /* references of frames that may never be left */
static simul_as_completed *iterators[16];
static int held_count, iterator_count;

static struct slot *slot_of_script(int i)
{
    return &slots[i & (SLOTS - 1)];
}

static int byte_of(const struct slot *self)
{
    int i = (int)(self - slots);
    return scripts[i].at < scripts[i].end ? *scripts[i].at++ : 0;
}

static struct slot *slot_arg(const struct slot *self)
{
    return slot_of_script(byte_of(self));
}

static simul_future *future_arg(const struct slot *self)
{
    return futures[byte_of(self) % FUTURES];
}

/* Some number of seconds; rarely none, or no end. */
static double seconds_arg(const struct slot *self)
{
    int n = byte_of(self);
    return n == 255 ? INFINITY : n > 250 ? 0 : (n % 16) * 0.25;
}

static simul_future *hold(simul_future *future)
{
    if (held_count == sizeof held / sizeof *held) {
        simul_release(future);
        return NULL;
    }
    return held[held_count++] = future;
}

static void release_held(void)
{
    for (int i = 0; i < iterator_count; i++)
        simul_as_completed_release(iterators[i]);
    simul_release_all(held, (size_t)held_count);
    simul_release_all(futures, FUTURES);
    for (int i = 0; i < SLOTS; i++) {
        simul_release(slots[i].task);
        slots[i].task = NULL;
    }
    held_count = iterator_count = 0;
}

/* ---- plain operations -------------------------------------------------------------------- */

static int script_task(void *arg);

static void made(struct slot *slot, simul_task *task)
{
    slot->made = true;
    slot->task = task;
    if (simul_add_done_callback(task, model_ended, slot) < 0)
        abort();
}

static void create(struct slot *slot)
{
    static const simul_task_opts opts = {.release_arg = model_release};
    if (!slot->made)
        made(slot, simul_create_task_opts(script_task, slot, &opts));
}

static void sleep_op(struct slot *self)
{
    struct waiting waiting;
    double delay = seconds_arg(self), start = model_now();
    model_wait(self, &waiting, delay > 0 ? start + delay : start);
    int r = simul_sleep(delay);
    model_wait_over(self);
    model_slept(self, start, delay, r);
}

static void await_op(struct slot *self)
{
    struct slot *other = slot_arg(self);
    simul_task *task = hold(simul_retain(other->task));
    if (!task)
        return;
    int r = simul_await(task);
    if (other == self)
        HOLDS(I4, r == -EDEADLK || r == -ECANCELED);
    else if (r != -ECANCELED)
        HOLDS(I4, simul_done(task) && r == simul_error(task));
    else if (!simul_cancelled(task))
        self->sticky = true;
}

static void cancel_op(const struct slot *self)
{
    const struct slot *other = slot_arg(self);
    bool done = simul_done(other->task);
    int before = simul_cancelling(other->task);
    bool r = simul_cancel_msg(other->task, before % 2 ? "again" : NULL);
    HOLDS(I2, r == !done);
    HOLDS(I2, simul_cancelling(other->task) == before + r);
}

static void caught_op(struct slot *self)
{
    int before = simul_cancelling(simul_current_task());
    bool was = simul_cancel_caught();
    HOLDS(I2, was || !self->sticky || blurred);
    HOLDS(I2, simul_cancelling(simul_current_task()) == before);
    self->sticky = false;
}

static void uncancel_op(struct slot *self)
{
    struct slot *other = slot_arg(self);
    int before = simul_cancelling(other->task);
    int r = simul_uncancel(other->task);
    HOLDS(I2, r == (before > 0 ? before - 1 : 0));
    other->uncancels |= before > 0;
}

static void cancel_callback(void *arg)
{
    simul_cancel(((struct slot *)arg)->task);
}

static void set_op(const struct slot *self, bool good)
{
    simul_future *future = future_arg(self);
    int n = byte_of(self);
    bool done = simul_done(future);
    int r = good ? simul_set_result(future, n) : simul_set_error(future, -1 - n);
    HOLDS(I4, r == (done ? -SIMUL_ESTATE : 0));
}

static void await_future_op(struct slot *self)
{
    simul_future *future = future_arg(self);
    int r = simul_await(future);
    if (r != -ECANCELED)
        HOLDS(I4, simul_done(future) && r == simul_error(future));
    else if (!simul_cancelled(future))
        self->sticky = true;
}

/* ---- combinators ---------------------------------------------------------------------------- */

/* Two slots and a future, held. */
static size_t three(const struct slot *self, simul_future *three[3])
{
    three[0] = hold(simul_retain(slot_arg(self)->task));
    three[1] = hold(simul_retain(slot_arg(self)->task));
    three[2] = hold(simul_retain(future_arg(self)));
    return (size_t)byte_of(self) % 4;
}

/* The running task is one of them. */
static bool among(simul_future **futures_, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (futures_[i] == simul_current_task())
            return true;
    return false;
}

static size_t count_done(simul_future **futures_, size_t n)
{
    size_t done = 0;
    for (size_t i = 0; i < n; i++)
        done += simul_done(futures_[i]);
    return done;
}

static bool any_failed(simul_future **futures_, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!futures_[i] || (simul_done(futures_[i]) && simul_error(futures_[i]) < 0))
            return true;
    return false;
}

static void gather_op(struct slot *self, bool as_future)
{
    simul_future *list[3], *outer = NULL;
    size_t n = three(self, list);
    int flags = byte_of(self) % 2;
    if (among(list, n) && as_future)
        return; /* a task that awaits itself through a future: a deadlock */
    int r = as_future ? simul_await(outer = hold(simul_gather_future(list, n, flags)))
                      : simul_gather(list, n, flags);
    if (r == 0)
        HOLDS(I4, count_done(list, n) == n && (flags || !any_failed(list, n)));
    else if (r == -EDEADLK && among(list, n))
        return;
    else if (r != -ECANCELED)
        HOLDS(I4, any_failed(list, n));
}

static void wait_op(struct slot *self)
{
    struct waiting waiting;
    simul_future *list[3];
    size_t n = three(self, list);
    double limit = seconds_arg(self), start = model_now();
    enum simul_wait_until until = (enum simul_wait_until)(byte_of(self) % 3);
    if (isinf(limit))
        limit = SIMUL_FOREVER;
    model_wait(self, &waiting, limit < 0 ? INFINITY : start + limit);
    int r = simul_wait(list, n, limit, until);
    model_wait_over(self);
    if (n == 0)
        HOLDS(I4, r == -EINVAL || r == -ECANCELED);
    if (n == 0 || r < 0) {
        HOLDS(I4, r == -EINVAL || r == -ECANCELED);
        self->sticky |= r == -ECANCELED;
        return;
    }
    HOLDS(I4, (size_t)r == count_done(list, n));
    if (limit >= 0 && model_now() >= start + limit)
        return;
    HOLDS(I4, (size_t)r == n || until != SIMUL_ALL_COMPLETED);
    HOLDS(I4, r > 0 || until != SIMUL_FIRST_COMPLETED);
}

static void wait_for_op(struct slot *self)
{
    struct waiting waiting;
    simul_task *task = hold(simul_retain(slot_arg(self)->task));
    double limit = seconds_arg(self), start = model_now();
    if (!task || isinf(limit))
        return;
    bool done = simul_done(task);
    model_wait(self, &waiting, done ? INFINITY : start + limit);
    int r = simul_wait_for(task, limit);
    model_wait_over(self);
    if (r == -ETIMEDOUT && simul_error(task) != r)
        HOLDS(I4, blurred || (simul_cancelled(task) && model_now() >= start + limit));
    else if (r != -ECANCELED && task != simul_current_task())
        HOLDS(I4, simul_done(task) && r == simul_error(task));
}

static void shield_op(const struct slot *self)
{
    struct slot *other = slot_arg(self);
    if (other == self)
        return; /* a deadlock */
    simul_future *outer = hold(simul_shield(other->task));
    int r = simul_await(outer);
    if (outer && r >= 0)
        HOLDS(I4, simul_done(other->task) || !other->task);
}

static void as_completed_op(struct slot *self)
{
    simul_future *list[3], *next;
    size_t n = three(self, list), given = 0;
    if (among(list, n) || iterator_count == sizeof iterators / sizeof *iterators)
        return;
    simul_as_completed *it = simul_as_completed_new(list, n, byte_of(self) % 8);
    iterators[iterator_count++] = it;
    int r;
    while ((r = simul_as_completed_next(it, &next)) > 0) {
        HOLDS(I4, simul_done(next));
        given++;
    }
    HOLDS(I4, r == 0 ? given == n : r == -ETIMEDOUT || r == -ECANCELED);
}

/* ---- scopes ------------------------------------------------------------------------------------ */

/* What the innermost scopes of a frame offer to the operations inside. */
struct scopes {
    simul_timeout *timeout;
    struct waiting *deadline; /* the model's */
    simul_group *group;
    uint8_t *children; /* a bit for each slot that was made in it */
};

static int run(struct slot *self, struct scopes scopes, int depth, bool *left);

static bool leave_early(bool left)
{
    blurred |= left;
    return left;
}

static int timeout_op(struct slot *self, struct scopes scopes, int depth)
{
    simul_timeout limit;
    struct waiting waiting;
    bool left = false;
    int baseline = simul_cancelling(simul_current_task());
    simul_timeout_enter(&limit, seconds_arg(self));
    double when = simul_timeout_when(&limit);
    model_wait(self, &waiting, when);
    scopes.timeout = &limit;
    scopes.deadline = &waiting;
    int r = run(self, scopes, depth, &left);
    model_wait_over(self);
    if (leave_early(left))
        return r;

    bool expired = simul_timeout_expired(&limit);
    int before = simul_cancelling(simul_current_task());
    when = simul_timeout_when(&limit);
    int end = (int)simul_timeout_exit(&limit, r);
    int after = simul_cancelling(simul_current_task());
    if (blurred)
        return end;
    HOLDS(I5, expired ? model_now() >= when : model_now() <= when);
    HOLDS(I5, after == (expired && before > 0 ? before - 1 : before));
    HOLDS(I5, expired || end == r);
    HOLDS(I5, end != -ETIMEDOUT || r == -ETIMEDOUT || (expired && after <= baseline));
    if (expired)
        self->sticky = self->sticky && end == -ECANCELED;
    return end;
}

static void reschedule(const struct slot *self, struct scopes scopes)
{
    double when = model_now() + seconds_arg(self);
    if (!scopes.timeout)
        return;
    bool expired = simul_timeout_expired(scopes.timeout);
    int r = simul_timeout_reschedule(scopes.timeout, when);
    HOLDS(I5, r == 0 || r == -SIMUL_ESTATE);
    HOLDS(I5, r != 0 || !expired);
    if (r == 0)
        scopes.deadline->until = when;
}

static int cleanup_op(struct slot *self, struct scopes scopes, int depth)
{
    simul_cleanup cleanup;
    bool left = false, sticky = self->sticky;
    simul_cleanup_enter(&cleanup);
    self->sticky = false;
    int r = run(self, scopes, depth, &left);
    if (leave_early(left))
        return r;
    simul_cleanup_exit(&cleanup);
    self->sticky |= sticky;
    return r;
}

static void group_create(struct slot *slot, struct scopes scopes)
{
    static const simul_task_opts opts = {.release_arg = model_release};
    if (slot->made)
        return;
    slot->made = true;
    simul_task *task =
        simul_group_create_task_opts(scopes.group, script_task, slot, &opts);
    HOLDS(I6, task || slot->released == 1);
    if (!task)
        return;
    made(slot, simul_retain(task));
    *scopes.children |= (uint8_t)(1 << (slot - slots));
}

static int group_op(struct slot *self, struct scopes scopes, int depth)
{
    simul_group group;
    uint8_t children = 0;
    bool left = false;
    simul_group_enter(&group);
    scopes.group = &group;
    scopes.children = &children;
    int r = run(self, scopes, depth, &left);
    if (leave_early(left))
        return r;
    r = simul_group_exit(&group, r);
    for (int i = 0; i < SLOTS; i++)
        HOLDS(I6, !(children & 1 << i) || slots[i].returned == slots[i].begun);
    self->sticky = false; /* or not: it is asked again */
    return r;
}

/* ---- the interpreter ------------------------------------------------------------------------------ */

/* The operations that end the list, or go into a scope; true if it is over. */
static bool control(struct slot *self, struct scopes scopes, int depth, int op, int *r,
                    bool *left)
{
    switch (op) {
    case RETURN:
        *r = byte_of(self);
        *r = *r & 1 ? -*r / 2 - 1 : *r / 2;
        return true;
    case RETURN_VALUE:
        self->values++;
        *r = simul_return(self, model_destroy);
        return true;
    case LEAVE:
        *left = depth > 0;
        return true;
    case END:
        return depth > 0;
    case TIMEOUT:
        *r = timeout_op(self, scopes, depth + 1);
        return false;
    case CLEANUP:
        *r = cleanup_op(self, scopes, depth + 1);
        return false;
    case GROUP:
        *r = group_op(self, scopes, depth + 1);
        return false;
    }
    return false;
}

static void plain(struct slot *self, struct scopes scopes, int op)
{
    struct slot *other;
    switch (op) {
    case SLEEP:
        sleep_op(self);
        break;
    case CREATE:
        create(slot_arg(self));
        break;
    case AWAIT:
        await_op(self);
        break;
    case CANCEL:
        cancel_op(self);
        break;
    case CAUGHT:
        caught_op(self);
        break;
    case UNCANCEL:
        uncancel_op(self);
        break;
    case RELEASE:
        other = slot_arg(self);
        simul_release(other->task);
        other->task = NULL;
        break;
    case GATHER:
    case GATHER_FUTURE:
        gather_op(self, op == GATHER_FUTURE);
        break;
    case WAIT:
        wait_op(self);
        break;
    case WAIT_FOR:
        wait_for_op(self);
        break;
    case SHIELD:
        shield_op(self);
        break;
    case AS_COMPLETED:
        as_completed_op(self);
        break;
    case SET_RESULT:
    case SET_ERROR:
        set_op(self, op == SET_RESULT);
        break;
    case AWAIT_FUTURE:
        await_future_op(self);
        break;
    case CANCEL_FUTURE:
        simul_cancel(future_arg(self));
        break;
    case CANCEL_SOON:
        simul_call_soon(NULL, cancel_callback, slot_arg(self), NULL);
        break;
    case CANCEL_LATER:
        other = slot_arg(self);
        simul_call_later(NULL, byte_of(self) % 16 * 0.25, cancel_callback, other, NULL);
        break;
    case RESCHEDULE:
        reschedule(self, scopes);
        break;
    case GROUP_CREATE:
        if (scopes.group)
            group_create(slot_arg(self), scopes);
        break;
    case GROUP_CANCEL:
        if (scopes.group)
            simul_group_cancel(scopes.group);
        break;
    }
}

/* The list up to its end, or that of the scope. */
static int run(struct slot *self, struct scopes scopes, int depth, bool *left)
{
    int r = 0, i = (int)(self - slots);
    while (scripts[i].at < scripts[i].end && depth < 20) {
        int op = byte_of(self) % OPS;
        if (control(self, scopes, depth, op, &r, left))
            break;
        plain(self, scopes, op);
    }
    return r;
}

static int script_task(void *arg)
{
    struct slot *self = arg;
    bool left = false;
    HOLDS(I3, !self->begun);
    self->begun = true;
    self->r = run(self, (struct scopes){0}, 0, &left);
    self->returned = true;
    return self->r;
}

/* ---- running it --------------------------------------------------------------------------------------- */

static int main_task(void *unused)
{
    (void)unused;
    for (int i = 0; i < FUTURES; i++)
        futures[i] = simul_create_future();
    create(&slots[0]);
    simul_await(slots[0].task);
    return 0;
}

static void split(const uint8_t *data, size_t size)
{
    const uint8_t *end = data + size;
    for (int i = 0; i < SLOTS; i++) {
        const uint8_t *stop =
            data < end ? memchr(data, 0xff, (size_t)(end - data)) : NULL;
        scripts[i].at = data;
        scripts[i].end = stop ? stop : end;
        data = stop ? stop + 1 : end;
    }
}

/* A few turns, then the loop is closed with whatever is under way. */
static void run_some_turns(const simul_loop_opts *opts, int turns)
{
    simul_loop *loop;
    if (simul_loop_new(&loop, opts) < 0)
        abort();
    simul_release(simul_loop_create_task(loop, main_task, NULL, NULL));
    while (turns-- > 0)
        simul_loop_run_once(loop, 0);
    simul_loop_close(loop);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const simul_loop_opts opts = {.backend = "poll",
                                  .virtual_clock = true,
                                  .no_signals = true,
                                  .no_overflow_report = true,
                                  .poll_interval = data[0] & 1 ? 1 : 0,
                                  .budget = data[0] & 2   ? -1
                                            : data[0] & 4 ? 3
                                                          : 0,
                                  .debug = data[0] & 8,
                                  .slow_callback = 1000};
    model_begin();
    split(data + 1, size - 1);
    if (data[0] >= 240)
        run_some_turns(&opts, data[0] - 240);
    else
        simul_run_opts(main_task, NULL, &opts);
    release_held();
    model_end();
    return 0;
}
