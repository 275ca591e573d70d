/* SPDX-License-Identifier: MIT */
/* Statements that are one call. */
#include "script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define OP(name)                                                                       \
    static int name(struct actor *self, const struct statement *s, char *said)
#define ARG(n) (s->argv[n])
#define UNUSED ((void)self, (void)s, (void)said)

static int say(char *said, const char *text)
{
    snprintf(said, SAID, "%s", text);
    return 0;
}

static int say_bool(char *said, bool yes)
{
    return say(said, yes ? "yes" : "no");
}

/* The futures that the words from `from` on name, those that exist. */
static size_t futures_of(const struct statement *s, int from, simul_future *list[WORDS])
{
    size_t n = 0;
    for (int i = from; i < s->argc; i++)
        if (*future_at(ARG(i)))
            list[n++] = *future_at(ARG(i));
    return n;
}

/* ---- tasks and futures -------------------------------------------------------------------- */

static void on_done(simul_future *future, void *word)
{
    event(-1, "done %s = %s", (const char *)word, state_text(future));
}

static const char *const task_words[TASKS] = {"t0", "t1", "t2", "t3", "t4",
                                              "t5", "t6", "t7", "t8", "t9"};

static int made(const char *word, simul_task *task)
{
    *future_at(word) = task;
    simul_add_done_callback(task, on_done, (void *)task_words[atoi(word + 1)]);
    return 0;
}

static void *number_of(const char *word)
{
    return (void *)(intptr_t)atoi(word + 1);
}

OP(create)
{
    UNUSED;
    if (*future_at(ARG(1)))
        return say(said, "made before");
    return made(ARG(1), simul_create_task(run_task, number_of(ARG(1))));
}

OP(spawn)
{
    if (*future_at(ARG(1)) || !self->group)
        return say(said, "no");
    simul_task *task =
        simul_group_create_task(self->group, run_task, number_of(ARG(1)));
    return task ? made(ARG(1), simul_retain(task)) : say(said, "refused");
}

OP(sleep_op)
{
    UNUSED;
    return simul_sleep(atof(ARG(1)));
}

OP(await_op)
{
    UNUSED;
    simul_future *future = *future_at(ARG(1));
    return future ? simul_await(future) : say(said, "none");
}

OP(cancel)
{
    UNUSED;
    simul_future *future = *future_at(ARG(1));
    if (!future)
        return say(said, "none");
    return say_bool(said, s->argc > 2 ? simul_cancel_msg(future, ARG(2))
                                      : simul_cancel(future));
}

OP(uncancel)
{
    UNUSED;
    simul_future *task = *future_at(ARG(1));
    return task ? simul_uncancel(task) : say(said, "none");
}

OP(cancelling)
{
    UNUSED;
    simul_future *task = *future_at(ARG(1));
    return task ? simul_cancelling(task) : say(said, "none");
}

OP(state)
{
    UNUSED;
    return say(said, state_text(*future_at(ARG(1))));
}

OP(set)
{
    UNUSED;
    return simul_set_result(*future_at(ARG(1)), atoi(ARG(2)));
}

OP(fail)
{
    UNUSED;
    return simul_set_error(*future_at(ARG(1)), -ERR - atoi(ARG(2)));
}

/* ---- combinators -------------------------------------------------------------------------- */

OP(gather)
{
    UNUSED;
    simul_future *list[WORDS];
    size_t n = futures_of(s, 2, list);
    int r = simul_gather(list, n, atoi(ARG(1)));
    if (r == 0)
        say_states(said, s, 2);
    return r;
}

OP(gather_future)
{
    UNUSED;
    simul_future *list[WORDS], **outer = future_at(ARG(1));
    size_t n = futures_of(s, 3, list);
    if (*outer || n == 0)
        return say(said, "no");
    *outer = simul_gather_future(list, n, atoi(ARG(2)));
    return 0;
}

OP(wait_op)
{
    UNUSED;
    static const enum simul_wait_until modes[] = {['f'] = SIMUL_FIRST_COMPLETED,
                                                  ['e'] = SIMUL_FIRST_ERROR,
                                                  ['a'] = SIMUL_ALL_COMPLETED};
    simul_future *list[WORDS];
    size_t n = futures_of(s, 3, list);
    if (n == 0)
        return say(said, "none");
    int r = simul_wait(list, n, seconds_of(ARG(2)), modes[(int)ARG(1)[0]]);
    if (r >= 0)
        say_states(said, s, 3);
    return r;
}

OP(wait_for)
{
    UNUSED;
    simul_future *future = *future_at(ARG(2));
    return future ? simul_wait_for(future, seconds_of(ARG(1))) : say(said, "none");
}

OP(shield)
{
    UNUSED;
    simul_future *inner = *future_at(ARG(2)), **outer = future_at(ARG(1));
    if (*outer || !inner)
        return say(said, "no");
    *outer = simul_shield(inner);
    return 0;
}

OP(shielded)
{
    UNUSED;
    simul_future *inner = *future_at(ARG(1));
    if (!inner)
        return say(said, "none");
    return simul_await(hold(simul_shield(inner)));
}

/* ---- timeouts ----------------------------------------------------------------------------- */

OP(reschedule)
{
    UNUSED;
    double delay = seconds_of(ARG(1));
    if (!self->timeout)
        return say(said, "none");
    return simul_timeout_reschedule(self->timeout,
                                    delay < 0 ? INFINITY : simul_time() + delay);
}

OP(expired)
{
    UNUSED;
    if (!self->timeout)
        return say(said, "none");
    return say_bool(said, simul_timeout_expired(self->timeout));
}

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

OP(notify)
{
    UNUSED;
    int r = s->argc > 2 ? simul_condition_notify(condition_at(ARG(1)), atoi(ARG(2)))
                        : simul_condition_notify_all(condition_at(ARG(1)));
    return r < 0 ? r : 0; /* asyncio does not say how many */
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

/* ---- callbacks ---------------------------------------------------------------------------- */

static const char *const callback_words[] = {"0", "1", "2", "3"};

OP(callback)
{
    UNUSED;
    simul_future *future = *future_at(ARG(1));
    if (!future)
        return say(said, "none");
    return simul_add_done_callback(future, on_done,
                                   (void *)callback_words[atoi(ARG(2))]);
}

OP(uncallback)
{
    UNUSED;
    simul_future *future = *future_at(ARG(1));
    if (!future)
        return say(said, "none");
    return simul_remove_done_callback(future, on_done,
                                      (void *)callback_words[atoi(ARG(2))]);
}

OP(soon)
{
    UNUSED;
    simul_handle **handle = handle_at(ARG(1));
    simul_handle_release(*handle);
    return simul_call_soon(NULL, run_callback, s->part[BODY], handle);
}

OP(later)
{
    UNUSED;
    simul_handle **handle = handle_at(ARG(2));
    simul_handle_release(*handle);
    return simul_call_later(NULL, atof(ARG(1)), run_callback, s->part[BODY], handle);
}

OP(cancel_handle)
{
    UNUSED;
    simul_handle *handle = *handle_at(ARG(1));
    if (!handle)
        return say(said, "none");
    simul_handle_cancel(handle);
    return 0;
}

const struct operation simple_operations[] = {
    {.name = "create", .simple = create},
    {.name = "spawn", .simple = spawn},
    {.name = "sleep", .simple = sleep_op},
    {.name = "await", .simple = await_op},
    {.name = "cancel", .simple = cancel},
    {.name = "uncancel", .simple = uncancel},
    {.name = "cancelling", .simple = cancelling},
    {.name = "state", .simple = state},
    {.name = "set", .simple = set},
    {.name = "fail", .simple = fail},
    {.name = "gather", .simple = gather},
    {.name = "gather_future", .simple = gather_future},
    {.name = "wait", .simple = wait_op},
    {.name = "wait_for", .simple = wait_for},
    {.name = "shield", .simple = shield},
    {.name = "shielded", .simple = shielded},
    {.name = "reschedule", .simple = reschedule},
    {.name = "expired", .simple = expired},
    {.name = "acquire", .simple = acquire},
    {.name = "release", .simple = release},
    {.name = "locked", .simple = locked},
    {.name = "event_wait", .simple = event_wait},
    {.name = "event_set", .simple = event_set},
    {.name = "event_clear", .simple = event_clear},
    {.name = "condition_wait", .simple = condition_wait},
    {.name = "notify", .simple = notify},
    {.name = "put", .simple = put},
    {.name = "put_nowait", .simple = put_nowait},
    {.name = "get", .simple = get},
    {.name = "get_nowait", .simple = get_nowait},
    {.name = "qsize", .simple = qsize},
    {.name = "item_done", .simple = item_done},
    {.name = "join", .simple = join},
    {.name = "callback", .simple = callback},
    {.name = "uncallback", .simple = uncallback},
    {.name = "soon", .simple = soon},
    {.name = "later", .simple = later},
    {.name = "cancel_handle", .simple = cancel_handle},
    {.name = NULL}};
