/* SPDX-License-Identifier: MIT */
/* Statements that are one call: locks and their kind, queues. */
#include "operations.h"

#include <stdlib.h>

/* ---- synchronisation ---------------------------------------------------------------------- */

OP(acquire)
{
    UNUSED;
    if (ARG(1)[0] == 'l')
        return simul_lock_acquire(lock_at(ARG(1)));
    if (ARG(1)[0] == 'c')
        return simul_condition_acquire(condition_at(ARG(1)));
    return simul_semaphore_acquire(semaphore_at(ARG(1)));
}

OP(release)
{
    UNUSED;
    if (ARG(1)[0] == 'l')
        return simul_lock_release(lock_at(ARG(1)));
    if (ARG(1)[0] == 'c')
        return simul_condition_release(condition_at(ARG(1)));
    return simul_semaphore_release(semaphore_at(ARG(1)));
}

OP(locked)
{
    UNUSED;
    if (ARG(1)[0] == 'l')
        return say_bool(said, simul_lock_locked(lock_at(ARG(1))));
    if (ARG(1)[0] == 'c')
        return say_bool(said, simul_condition_locked(condition_at(ARG(1))));
    return say_bool(said, simul_semaphore_locked(semaphore_at(ARG(1))));
}

OP(event_wait)
{
    UNUSED;
    return simul_event_wait(event_at(ARG(1)));
}

OP(event_set)
{
    UNUSED;
    return simul_event_set(event_at(ARG(1)));
}

OP(event_clear)
{
    UNUSED;
    simul_event_clear(event_at(ARG(1)));
    return 0;
}

OP(condition_wait)
{
    UNUSED;
    return simul_condition_wait(condition_at(ARG(1)));
}

static int is_set(void *event)
{
    return simul_event_is_set(event);
}

OP(condition_until)
{
    UNUSED;
    int r = simul_condition_wait_for(condition_at(ARG(1)), is_set, event_at(ARG(2)));
    return r < 0 ? r : 0;
}

OP(notify)
{
    UNUSED;
    int r = s->argc > 2 ? simul_condition_notify(condition_at(ARG(1)), atoi(ARG(2)))
                        : simul_condition_notify_all(condition_at(ARG(1)));
    return r < 0 ? r : 0; /* asyncio does not say how many */
}

OP(barrier_wait)
{
    UNUSED;
    return simul_barrier_wait(barrier_at(ARG(1)));
}

OP(barrier_reset)
{
    UNUSED;
    return simul_barrier_reset(barrier_at(ARG(1)));
}

OP(barrier_abort)
{
    UNUSED;
    return simul_barrier_abort(barrier_at(ARG(1)));
}

OP(waiting)
{
    UNUSED;
    return simul_barrier_n_waiting(barrier_at(ARG(1)));
}

OP(broken)
{
    UNUSED;
    return say_bool(said, simul_barrier_broken(barrier_at(ARG(1))));
}

/* ---- queues ------------------------------------------------------------------------------- */

static void *item_of(const char *word)
{
    return (void *)(intptr_t)atoi(word);
}

static int got(int r, void *item)
{
    return r < 0 ? r : (int)(intptr_t)item;
}

OP(put)
{
    UNUSED;
    return simul_queue_put(queue_at(ARG(1)), item_of(ARG(2)));
}

OP(put_nowait)
{
    UNUSED;
    return simul_queue_put_nowait(queue_at(ARG(1)), item_of(ARG(2)));
}

OP(get)
{
    UNUSED;
    void *item = NULL;
    int r = simul_queue_get(queue_at(ARG(1)), &item);
    return got(r, item);
}

OP(get_nowait)
{
    UNUSED;
    void *item = NULL;
    int r = simul_queue_get_nowait(queue_at(ARG(1)), &item);
    return got(r, item);
}

OP(qsize)
{
    UNUSED;
    return (int)simul_queue_qsize(queue_at(ARG(1)));
}

OP(item_done)
{
    UNUSED;
    return simul_queue_task_done(queue_at(ARG(1)));
}

OP(join)
{
    UNUSED;
    return simul_queue_join(queue_at(ARG(1)));
}

OP(shutdown_op)
{
    UNUSED;
    return simul_queue_shutdown(queue_at(ARG(1)), s->argc > 2);
}

const struct operation primitive_operations[] = {
    {.name = "acquire", .simple = acquire},
    {.name = "release", .simple = release},
    {.name = "locked", .simple = locked},
    {.name = "event_wait", .simple = event_wait},
    {.name = "event_set", .simple = event_set},
    {.name = "event_clear", .simple = event_clear},
    {.name = "condition_wait", .simple = condition_wait},
    {.name = "condition_until", .simple = condition_until},
    {.name = "notify", .simple = notify},
    {.name = "barrier_wait", .simple = barrier_wait},
    {.name = "barrier_reset", .simple = barrier_reset},
    {.name = "barrier_abort", .simple = barrier_abort},
    {.name = "waiting", .simple = waiting},
    {.name = "broken", .simple = broken},
    {.name = "put", .simple = put},
    {.name = "put_nowait", .simple = put_nowait},
    {.name = "get", .simple = get},
    {.name = "get_nowait", .simple = get_nowait},
    {.name = "qsize", .simple = qsize},
    {.name = "item_done", .simple = item_done},
    {.name = "join", .simple = join},
    {.name = "shutdown", .simple = shutdown_op},
    {.name = NULL}};
