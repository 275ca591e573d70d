/* SPDX-License-Identifier: MIT */
/* Statements that are one call: tasks, futures, time, callbacks. */
#include "operations.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

/* "create t1 eager" */
static const simul_task_opts *opts_of(const struct statement *s)
{
    static const simul_task_opts eager = {.eager_start = 1};
    return s->argc > 2 ? &eager : NULL;
}

OP(create)
{
    UNUSED;
    if (*future_at(ARG(1)))
        return say(said, "made before");
    return made(ARG(1),
                simul_create_task_opts(run_task, number_of(ARG(1)), opts_of(s)));
}

OP(spawn)
{
    if (*future_at(ARG(1)) || !self->group)
        return say(said, "no");
    simul_task *task = simul_group_create_task_opts(self->group, run_task,
                                                    number_of(ARG(1)), opts_of(s));
    return task ? made(ARG(1), simul_retain(task)) : say(said, "refused");
}

OP(factory)
{
    UNUSED;
    bool eager = strcmp(ARG(1), "eager") == 0;
    simul_set_task_factory(NULL, eager ? simul_eager_task_factory : NULL, NULL);
    return 0;
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

/* "expired" and "expired outer" */
static simul_timeout *timeout_of(const struct actor *self, const struct statement *s,
                                 int words)
{
    return s->argc > words ? self->outer : self->timeout;
}

OP(reschedule)
{
    UNUSED;
    double delay = seconds_of(ARG(1));
    simul_timeout *timeout = timeout_of(self, s, 2);
    if (!timeout)
        return say(said, "none");
    return simul_timeout_reschedule(timeout,
                                    delay < 0 ? INFINITY : simul_time() + delay);
}

OP(expired)
{
    UNUSED;
    simul_timeout *timeout = timeout_of(self, s, 1);
    if (!timeout)
        return say(said, "none");
    return say_bool(said, simul_timeout_expired(timeout));
}

OP(deadline)
{
    UNUSED;
    double when = self->timeout ? simul_timeout_when(self->timeout) : INFINITY;
    if (isinf(when))
        return say(said, "none");
    snprintf(said, SAID, "%g", when);
    return 0;
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
    {.name = "factory", .simple = factory},
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
    {.name = "deadline", .simple = deadline},
    {.name = "callback", .simple = callback},
    {.name = "uncallback", .simple = uncallback},
    {.name = "soon", .simple = soon},
    {.name = "later", .simple = later},
    {.name = "cancel_handle", .simple = cancel_handle},
    {.name = NULL}};
