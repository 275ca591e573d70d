/* SPDX-License-Identifier: MIT */
/* Waiting allocates nothing: all memory of the library is counted while two tasks wait in every
 * way for each other. */
#include <simul.h>
#include <stdlib.h>

#include "net/pair.h"

static long taken;

static void *count_malloc(size_t size, void *arg)
{
    (*(long *)arg)++;
    return malloc(size);
}

static void *count_realloc(void *ptr, size_t size, void *arg)
{
    (*(long *)arg)++;
    return realloc(ptr, size);
}

static void count_free(void *ptr, void *arg)
{
    (void)arg;
    free(ptr);
}

static const simul_allocator counting = {count_malloc, count_realloc, count_free,
                                         &taken};

enum { BEFORE = 5, ROUNDS = 50 };

static struct {
    simul_stream *streams[2];
    simul_queue *queue;
    simul_lock lock;
    simul_event event;
    simul_condition condition;
    simul_semaphore permits;
    simul_barrier barrier;
} shared;

static int give_and_take_lock(void)
{
    int r = simul_lock_acquire(&shared.lock);
    if (r < 0)
        return r;
    r = simul_sleep(0);
    simul_lock_release(&shared.lock);
    return r;
}

/* Each waits for the other in turn: the first one gives. */
static int give(void)
{
    char byte = 'x';
    int r = simul_sleep(0.0001);
    simul_event_set(&shared.event);
    if (r == 0)
        r = simul_semaphore_release(&shared.permits);
    if (r == 0)
        r = simul_queue_put(shared.queue, &byte);
    if (r == 0)
        r = simul_sleep(0);
    return r < 0 ? r : (int)simul_stream_write(shared.streams[0], &byte, 1);
}

/* A read of a few bytes would keep what comes with them. */
static int take(void)
{
    char bytes[2048];
    void *item;
    int r = simul_event_wait(&shared.event);
    simul_event_clear(&shared.event);
    if (r == 0)
        r = simul_semaphore_acquire(&shared.permits);
    if (r == 0)
        r = simul_queue_get(shared.queue, &item);
    if (r == 0)
        r = (int)simul_within(
            9, simul_stream_read(shared.streams[1], bytes, sizeof bytes));
    return r;
}

static int notify(void)
{
    int r = simul_sleep(0.0001);
    if (r == 0)
        r = simul_condition_acquire(&shared.condition);
    if (r < 0)
        return r;
    simul_condition_notify_all(&shared.condition);
    return simul_condition_release(&shared.condition);
}

static int wait_for_notice(void)
{
    int r = simul_condition_acquire(&shared.condition);
    if (r < 0)
        return r;
    r = simul_condition_wait(&shared.condition);
    simul_condition_release(&shared.condition);
    return r;
}

static int one_round(bool giver)
{
    int r = give_and_take_lock();
    if (r == 0)
        r = giver ? give() : take();
    if (r >= 0)
        r = giver ? notify() : wait_for_notice();
    return r < 0 ? r : simul_barrier_wait(&shared.barrier);
}

/* How much was taken after the first rounds, in which tables grow to their size. */
static int play(void *giver)
{
    long before = 0;
    for (int i = 0; i < BEFORE + ROUNDS; i++) {
        if (i == BEFORE)
            before = taken;
        int r = one_round(giver != NULL);
        if (r < 0)
            return r;
    }
    return (int)(taken - before);
}

NET_TEST(waiting_allocates_nothing)
{
    tcp_pair(shared.streams, NULL);
    shared.queue = simul_queue_new(1, NULL);
    shared.barrier = (simul_barrier)SIMUL_BARRIER(2);
    simul_task *tasks[] = {simul_create_task(play, NULL),
                           simul_create_task(play, &shared)};

    ck_assert_int_eq(simul_await(tasks[0]), 0);
    ck_assert_int_eq(simul_await(tasks[1]), 0);
    ck_assert_int_gt(taken, 0);
    simul_release_all(tasks, 2);
    simul_queue_release(shared.queue);
    ck_assert_int_eq(finish(shared.streams[0]), 0);
    ck_assert_int_eq(finish(shared.streams[1]), 0);
}

int main(void)
{
    if (simul_set_allocator(&counting) < 0) /* before any memory is taken */
        return 1;
    harness_need_backend();
    return harness_run("waiting");
}
