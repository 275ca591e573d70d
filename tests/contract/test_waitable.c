/* SPDX-License-Identifier: MIT */
/*
 * The contract of waiting (task/wait.h), for everything that can be waited for: a wait ends
 * in exactly one of two ways, whoever comes second finds nothing to do, and nothing is
 * lost. A new waitable is added to the table below.
 */
#include "task/trace.h"

#include <errno.h>
#include <simul/queue.h>
#include <simul/sync.h>
#include <sys/socket.h>
#include <unistd.h>

#include "task/wait.h"

struct waitable {
    const char *name;
    void (*set_up)(void);
    int (*wait)(void *unused); /* >= 0 when it was woken */
    void (*wake)(void);        /* from outside */
    bool (*is_kept)(int r); /* what wake() gave: did it arrive, or is it still there? */
    void (*tear_down)(void);
    bool keeps;  /* C3: completion wins */
    bool passes; /* a cancel goes through to what is waited for, and ends that, too */
};

static simul_future *future;

static void make_future(void)
{
    future = simul_create_future();
}

static void release_future(void)
{
    simul_release(future);
    future = NULL;
}

static void set_future(void)
{
    simul_set_result(future, 5);
}

static bool future_has_it(int r)
{
    (void)r;
    return simul_error(future) == 5;
}

/* ---- a future, a task --------------------------------------------------------------------- */

static int wait_future(void *unused)
{
    (void)unused;
    return simul_await(future);
}

static simul_task *task;

static void make_task(void)
{
    make_future();
    task = simul_create_task(wait_future, NULL);
}

static int wait_task(void *unused)
{
    (void)unused;
    return simul_await(task);
}

static void release_task(void)
{
    simul_cancel(task);
    simul_await(task);
    simul_release(task);
    release_future();
}

/* ---- combinators ---------------------------------------------------------------------------- */

static int wait_gather(void *unused)
{
    (void)unused;
    return simul_gather(&future, 1, 0);
}

static int wait_gather_future(void *unused)
{
    (void)unused;
    simul_future *outer = simul_gather_future(&future, 1, 0);
    int r = simul_await(outer);
    simul_release(outer);
    return r;
}

static int wait_wait(void *unused)
{
    (void)unused;
    return simul_wait(&future, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
}

static int wait_with_limit(void *unused)
{
    (void)unused;
    return simul_wait(&future, 1, 1000, SIMUL_FIRST_COMPLETED);
}

static int wait_for(void *unused)
{
    (void)unused;
    return simul_wait_for(future, 1000);
}

static int wait_shield(void *unused)
{
    (void)unused;
    simul_future *outer = simul_shield(future);
    int r = simul_await(outer);
    simul_release(outer);
    return r;
}

static simul_as_completed *iterator;

static void make_iterator(void)
{
    make_future();
    iterator = simul_as_completed_new(&future, 1, SIMUL_FOREVER);
}

static int wait_next(void *unused)
{
    (void)unused;
    simul_future *next;
    return simul_as_completed_next(iterator, &next);
}

/* Given out, or still to be given out. */
static bool next_is_kept(int r)
{
    simul_future *next;
    int again = simul_as_completed_next(iterator, &next);
    return r == 1 ? again == 0 : again == 1 && next == future;
}

static void release_iterator(void)
{
    simul_as_completed_release(iterator);
    release_future();
}

static int wait_group(void *unused)
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, wait_future, unused);
    return simul_group_exit(&group, 0);
}

/* ---- a queue of waits -------------------------------------------------------------------------- */

static struct sm_list queue;
static int
    permits; /* what a wake-up hands over, and a waiter that cannot take it puts back */

static void make_queue(void)
{
    sm_list_init(&queue);
    permits = 0;
}

static int wait_queue(void *unused)
{
    bool woken = false;
    (void)unused;
    int r = sm_checkpoint();
    if (r < 0)
        return r;
    r = (int)sm_waitq_sleep(&queue, "test", NULL, &woken);
    if (r < 0 && woken)
        permits++;
    return r;
}

static void wake_queue(void)
{
    if (!sm_waitq_wake(&queue, 7))
        permits++;
}

static bool permit_is_kept(int r)
{
    return (r == 7) + permits == 1 && sm_list_empty(&queue);
}

static void nothing_to_release(void)
{
}

/* ---- what is made of such queues ------------------------------------------------------------- */

static simul_lock lock;

static void make_lock(void)
{
    lock = (simul_lock){0};
    ck_assert_int_eq(simul_lock_acquire(&lock), 0);
}

static int wait_lock(void *unused)
{
    (void)unused;
    return simul_lock_acquire(&lock);
}

static void wake_lock(void)
{
    ck_assert_int_eq(simul_lock_release(&lock), 0);
}

static bool lock_is_kept(int r)
{
    return simul_lock_locked(&lock) == (r == 0);
}

static simul_semaphore semaphore;

static void make_semaphore(void)
{
    semaphore = (simul_semaphore)SIMUL_SEMAPHORE(0);
}

static int wait_semaphore(void *unused)
{
    (void)unused;
    return simul_semaphore_acquire(&semaphore);
}

static void wake_semaphore(void)
{
    ck_assert_int_eq(simul_semaphore_release(&semaphore), 0);
}

static bool semaphore_is_kept(int r)
{
    return simul_semaphore_locked(&semaphore) == (r == 0);
}

static simul_event event;

static void make_event(void)
{
    event = (simul_event){0};
}

static int wait_event(void *unused)
{
    (void)unused;
    return simul_event_wait(&event);
}

static void wake_event(void)
{
    ck_assert_int_eq(simul_event_set(&event), 0);
}

static bool event_is_kept(int r)
{
    (void)r;
    return simul_event_is_set(&event);
}

static simul_queue *items;

static void make_items(void)
{
    items = simul_queue_new(1, NULL);
}

static int wait_get(void *unused)
{
    void *item;
    (void)unused;
    return simul_queue_get(items, &item);
}

static void wake_get(void)
{
    simul_queue_put_nowait(items, NULL);
}

static bool get_is_kept(int r)
{
    return simul_queue_empty(items) == (r == 0);
}

static void make_full(void)
{
    make_items();
    simul_queue_put_nowait(items, NULL);
}

static int wait_put(void *unused)
{
    return simul_queue_put(items, unused);
}

static void take_item(void)
{
    void *item;
    simul_queue_get_nowait(items, &item);
}

static bool put_is_kept(int r)
{
    return simul_queue_full(items) == (r == 0);
}

static int wait_join(void *unused)
{
    (void)unused;
    return simul_queue_join(items);
}

static void wake_join(void)
{
    simul_queue_task_done(items);
}

static bool join_is_kept(int r)
{
    (void)r;
    return simul_queue_task_done(items) == -SIMUL_ESTATE;
}

static void release_items(void)
{
    simul_queue_release(items);
    items = NULL;
}

/* ---- operations of the poller ------------------------------------------------------------------- */

static int fds[2];

static void make_sockets(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static int wait_receive(void *unused)
{
    char byte = 0;
    struct sm_op op = {
        .fd = fds[0], .code = SM_OP_RECV, .buf = {.data = &byte, .len = 1}};
    (void)unused;
    int r = (int)sm_op_await(&op, "receive");
    ck_assert(r < 0 || byte == 'x');
    return r;
}

/* The kernel completes it in the next look at the poller. */
static void send_byte(void)
{
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
}

/* Received, or still in the socket: never neither, never both. */
static bool byte_is_kept(int r)
{
    char byte;
    return (r == 1) + (read(fds[0], &byte, 1) == 1) == 1;
}

static void close_sockets(void)
{
    close(fds[0]);
    close(fds[1]);
}

/* ---- the table -------------------------------------------------------------------------------------- */

static const struct waitable waitables[] = {
    {"future", make_future, wait_future, set_future, future_has_it, release_future,
     false, true},
    {"task", make_task, wait_task, set_future, future_has_it, release_task, false,
     true},
    {"gather", make_future, wait_gather, set_future, future_has_it, release_future,
     false, true},
    {"gather future", make_future, wait_gather_future, set_future, future_has_it,
     release_future, false, true},
    {"wait", make_future, wait_wait, set_future, future_has_it, release_future, false,
     false},
    {"wait with a limit", make_future, wait_with_limit, set_future, future_has_it,
     release_future, false, false},
    {"wait_for", make_future, wait_for, set_future, future_has_it, release_future,
     false, true},
    {"shield", make_future, wait_shield, set_future, future_has_it, release_future,
     false, false},
    {"as_completed", make_iterator, wait_next, set_future, next_is_kept,
     release_iterator, false, false},
    {"group", make_future, wait_group, set_future, future_has_it, release_future, false,
     true},
    {"queue", make_queue, wait_queue, wake_queue, permit_is_kept, nothing_to_release,
     false, false},
    {"lock", make_lock, wait_lock, wake_lock, lock_is_kept, nothing_to_release, false,
     false},
    {"semaphore", make_semaphore, wait_semaphore, wake_semaphore, semaphore_is_kept,
     nothing_to_release, false, false},
    {"event", make_event, wait_event, wake_event, event_is_kept, nothing_to_release,
     false, false},
    {"get", make_items, wait_get, wake_get, get_is_kept, release_items, false, false},
    {"put", make_full, wait_put, take_item, put_is_kept, release_items, false, false},
    {"join", make_full, wait_join, wake_join, join_is_kept, release_items, false,
     false},
    {"operation", make_sockets, wait_receive, send_byte, byte_is_kept, close_sockets,
     true, false},
};

/* Each for all of them; `w` is the one in hand. */
static const struct waitable *w;

#define FOR_EACH_WAITABLE(scenario_)                                                   \
    for (w = waitables; w < waitables + sizeof waitables / sizeof *waitables; w++) {   \
        w->set_up();                                                                   \
        scenario_();                                                                   \
        w->tear_down();                                                                \
        ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);                   \
    }

#define CONTRACT_TEST(name_)                                                           \
    static void scenario_##name_(void);                                                \
    TASK_TEST(name_)                                                                   \
    {                                                                                  \
        FOR_EACH_WAITABLE(scenario_##name_)                                            \
    }                                                                                  \
    static void scenario_##name_(void)

/* What a waiter got, and whether its next wait was interrupted. */
struct outcome {
    int r, next;
};

static int wait_and_note(void *arg)
{
    struct outcome *outcome = arg;
    outcome->r = w->wait(NULL);
    outcome->next = simul_sleep(0);
    return 0;
}

/* A task that waits. */
static simul_task *begin(struct outcome *outcome)
{
    simul_task *t = simul_create_task(wait_and_note, outcome);
    let_run(3);
    ck_assert_msg(!simul_done(t), "%s: did not wait", w->name);
    return t;
}

static void end(simul_task *t)
{
    simul_wait(&t, 1, SIMUL_FOREVER, SIMUL_ALL_COMPLETED);
    simul_release(t);
}

#define check(x) ck_assert_msg(x, "%s: %s", w->name, #x)

/* ---- the contract ------------------------------------------------------------------------------------ */

CONTRACT_TEST(woken)
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    w->wake();
    end(t);

    check(outcome.r >= 0);
    check(outcome.next == 0);
    check(w->is_kept(outcome.r));
}

CONTRACT_TEST(cancelled) /* C4 */
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    check(simul_cancel(t));
    end(t);

    check(outcome.r == -ECANCELED);
    check(outcome.next == -ECANCELED);
}

/* C2: the cancel wins, and what was given is still there. C3: or completion does, and the
 * next wait is interrupted. */
CONTRACT_TEST(woken_then_cancelled_in_one_turn)
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    w->wake();
    check(simul_cancel(t));
    end(t);

    check(outcome.r == -ECANCELED || (w->keeps && outcome.r >= 0));
    check(outcome.next == -ECANCELED);
    check(w->is_kept(outcome.r));
}

CONTRACT_TEST(cancelled_then_woken_in_one_turn)
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    check(simul_cancel(t));
    w->wake();
    end(t);

    check(outcome.r == -ECANCELED || (w->keeps && outcome.r >= 0));
    check(outcome.next == -ECANCELED);
    check(w->passes || w->is_kept(outcome.r));
}

static simul_task *victim;

static void wake_it(void *unused)
{
    (void)unused;
    w->wake();
}

static void cancel_it(void *unused)
{
    (void)unused;
    simul_cancel(victim);
}

static void by_callbacks(simul_callback_fn *first, simul_callback_fn *second)
{
    struct outcome outcome;
    victim = begin(&outcome);
    ck_assert_int_eq(simul_call_soon(NULL, first, NULL, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, second, NULL, NULL), 0);
    end(victim);

    check(outcome.r == -ECANCELED || (w->keeps && outcome.r >= 0));
    check(outcome.next == -ECANCELED);
    check(w->passes || w->is_kept(outcome.r));
}

CONTRACT_TEST(woken_and_cancelled_by_callbacks_of_one_pass)
{
    by_callbacks(wake_it, cancel_it);
}

CONTRACT_TEST(cancelled_and_woken_by_callbacks_of_one_pass)
{
    by_callbacks(cancel_it, wake_it);
}

/* The wake-up comes while its announcement, a hop, is under way. */
CONTRACT_TEST(cancelled_a_pass_after_it_was_woken)
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    w->wake();
    let_run(1);
    simul_cancel(t);
    end(t);

    check(outcome.r >= 0 || outcome.r == -ECANCELED);
    check(w->is_kept(outcome.r));
}

CONTRACT_TEST(cancelled_twice)
{
    struct outcome outcome;
    simul_task *t = begin(&outcome);
    simul_cancel(t);
    simul_cancel(t);
    end(t);

    check(outcome.r == -ECANCELED);
    check(outcome.next == -ECANCELED);
}

static int cancel_self_and_wait(void *arg)
{
    struct outcome *outcome = arg;
    simul_cancel(simul_current_task());
    outcome->r = w->wait(NULL);
    simul_cancel_caught();
    outcome->next = simul_sleep(0);
    return 0;
}

CONTRACT_TEST(cancelled_before_it_waits)
{
    struct outcome outcome;
    end(simul_create_task(cancel_self_and_wait, &outcome));

    check(outcome.r == -ECANCELED);
    check(outcome.next == 0);
}

static int wait_while_sticky(void *arg)
{
    struct outcome *outcome = arg;
    simul_cancel(simul_current_task());
    simul_sleep(0);
    outcome->r = w->wait(NULL);
    simul_cancel_caught();
    outcome->next = simul_sleep(0);
    return 0;
}

CONTRACT_TEST(sticky_cancel_keeps_it_from_waiting_and_from_taking)
{
    struct outcome outcome;
    w->wake();
    end(simul_create_task(wait_while_sticky, &outcome));

    check(outcome.r == -ECANCELED);
    check(outcome.next == 0);
    check(w->is_kept(outcome.r));
}

static int wait_within(void *arg)
{
    struct outcome *outcome = arg;
    simul_timeout limit;
    simul_timeout_enter(&limit, outcome->r);
    int r = w->wait(NULL);
    outcome->r = (int)simul_timeout_exit(&limit, r);
    outcome->next = simul_sleep(0);
    return 0;
}

CONTRACT_TEST(deadlines)
{
    for (int delay = 0; delay < 2; delay++) {
        struct outcome outcome = {.r = delay};
        w->tear_down();
        w->set_up();
        end(simul_create_task(wait_within, &outcome));

        check(outcome.r == -ETIMEDOUT);
        check(outcome.next == 0);
    }
}

static int wait_in_cleanup(void *arg)
{
    struct outcome *outcome = arg;
    simul_cleanup cleanup;
    simul_sleep(INFINITY);
    simul_cleanup_enter(&cleanup);
    outcome->r = w->wait(NULL);
    simul_cleanup_exit(&cleanup);
    outcome->next = simul_sleep(0);
    return 0;
}

CONTRACT_TEST(woken_in_a_cleanup_after_a_cancel)
{
    struct outcome outcome;
    simul_task *t = simul_create_task(wait_in_cleanup, &outcome);
    let_run(1);
    simul_cancel(t);
    let_run(3);
    check(!simul_done(t));
    w->wake();
    end(t);

    check(outcome.r >= 0);
    check(outcome.next == -ECANCELED);
}

/* ---- sleep, which is woken by time only ------------------------------------------------------------------ */

static int sleep_and_note(void *arg)
{
    struct outcome *outcome = arg;
    outcome->r = simul_sleep(1);
    outcome->next = simul_sleep(0);
    return 0;
}

TASK_TEST(sleep_whose_time_has_come_then_cancelled)
{
    struct outcome outcome;
    victim = simul_create_task(sleep_and_note, &outcome);
    let_run(1);
    simul_call_at(NULL, 1, cancel_it, NULL, NULL); /* its hop has run */
    end(victim);
    ck_assert_int_eq(outcome.r, -ECANCELED);
    ck_assert_int_eq(outcome.next, -ECANCELED);
}

TASK_TEST(sleep_cancelled_while_its_hop_is_under_way)
{
    struct outcome outcome;
    ck_assert_int_eq(simul_call_at(NULL, 1, cancel_it, NULL, NULL), 0);
    victim = simul_create_task(sleep_and_note, &outcome);
    end(victim);
    ck_assert_int_eq(outcome.r, -ECANCELED);
    ck_assert_int_eq(outcome.next, -ECANCELED);
    ck_assert_double_eq(simul_time(), 1);
}

/* ---- queues: order, and passing on -------------------------------------------------------------------------- */

static int queue_up(void *name)
{
    if (sm_checkpoint() < 0)
        return -ECANCELED;
    bool was_woken;
    int r = (int)sm_waitq_sleep(&queue, "test", NULL, &was_woken);
    trace("%s%s", (char *)name, r < 0 ? "-cancelled" : "");
    if (r < 0 && was_woken)
        sm_waitq_wake(&queue, 0);
    return r;
}

TASK_TEST(queue_wakes_in_the_order_of_coming_and_a_cancelled_one_passes_it_on)
{
    static char names[3][2] = {"a", "b", "c"};
    simul_task *tasks[3];
    make_queue();
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(queue_up, names[i]);
    let_run(1);
    ck_assert(sm_waitq_wake(&queue, 0));
    simul_cancel(tasks[0]);
    let_run(3);
    ck_assert_trace("a-cancelled b");

    ck_assert(sm_waitq_wake(&queue, 0));
    ck_assert(!sm_waitq_wake(&queue, 0));
    simul_gather(tasks, 3, SIMUL_RETURN_EXCEPTIONS);
    ck_assert_trace("c");
    simul_release_all(tasks, 3);
}

HARNESS_MAIN_BACKEND("waitable")
