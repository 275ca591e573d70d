/* SPDX-License-Identifier: MIT */
/* Statements that have parts: Python's try, with, and its words for leaving. */
#include "script.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct outcome goes_on(void)
{
    return (struct outcome){false, 0};
}

/* The outcome of a scope whose exit gave r. */
static struct outcome left_with(struct outcome inside, int r)
{
    return (struct outcome){inside.leaves || r < 0, r};
}

/* What leaves a `finally` takes the place of the error that was on its way; a cancel has been
 * dealt with then. */
static struct outcome replaced(struct outcome before, struct outcome by)
{
    if (!by.leaves)
        return before;
    if (before.r == -ECANCELED && by.r != -ECANCELED)
        simul_cancel_caught();
    return by;
}

/* ---- try ---------------------------------------------------------------------------------- */

static struct outcome handle(struct actor *self, const struct statement *s,
                             struct outcome o)
{
    if (o.r == -ECANCELED && s->has[EXCEPT]) {
        event(self->number, "except");
#ifndef PLANTED
        simul_cancel_caught();
#endif
        return run_list(self, s->part[EXCEPT]);
    }
    if (o.r < 0 && o.r != -ECANCELED && s->has[ERROR]) {
        event(self->number, "error");
        return run_list(self, s->part[ERROR]);
    }
    return o;
}

static struct outcome clean_up(struct actor *self, const struct statement *s,
                               struct outcome o)
{
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    event(self->number, "finally");
    struct outcome by = run_list(self, s->part[FINALLY]);
    simul_cleanup_exit(&cleanup);
    return replaced(o, by);
}

static struct outcome try_block(struct actor *self, const struct statement *s)
{
    struct outcome o = handle(self, s, run_list(self, s->part[BODY]));
    return s->has[FINALLY] ? clean_up(self, s, o) : o;
}

/* ---- with --------------------------------------------------------------------------------- */

static struct outcome timeout_block(struct actor *self, const struct statement *s)
{
    struct actor inner = *self;
    simul_timeout limit;
    double delay = seconds_of(s->argv[1]);
    inner.timeout = &limit;
    inner.outer = self->timeout;
    simul_timeout_enter(&limit, delay < 0 ? INFINITY : delay);
    struct outcome o = run_list(&inner, s->part[BODY]);
    bool expired = simul_timeout_expired(&limit);
    int r = (int)simul_timeout_exit(&limit, o.r);
    event(self->number, "end of timeout = %s%s", result_text(r, NULL),
          expired ? " expired" : "");
    return left_with(o, r);
}

static struct outcome group_block(struct actor *self, const struct statement *s)
{
    struct actor inner = *self;
    simul_group group;
    inner.group = &group;
    simul_group_enter(&group);
    struct outcome o = run_list(&inner, s->part[BODY]);
    int r = simul_group_exit(&group, o.r);
    event(self->number, "end of group = %s", result_text(r, NULL));
    return left_with(o, r);
}

static int acquire(const char *word)
{
    switch (word[0]) {
    case 'l':
        return simul_lock_acquire(lock_at(word));
    case 'c':
        return simul_condition_acquire(condition_at(word));
    default:
        return simul_semaphore_acquire(semaphore_at(word));
    }
}

static int release(const char *word)
{
    switch (word[0]) {
    case 'l':
        return simul_lock_release(lock_at(word));
    case 'c':
        return simul_condition_release(condition_at(word));
    default:
        return simul_semaphore_release(semaphore_at(word));
    }
}

static struct outcome with_block(struct actor *self, const struct statement *s)
{
    int r = acquire(s->argv[1]);
    event(self->number, "%s = %s", s->text, result_text(r, NULL));
    if (r < 0)
        return (struct outcome){true, r};
    struct outcome o = run_list(self, s->part[BODY]);
    r = release(s->argv[1]);
    event(self->number, "end of %s = %s", s->text, result_text(r, NULL));
    return replaced(o, (struct outcome){r < 0, r});
}

/* ---- each -------------------------------------------------------------------------------- */

static const char *word_of(const simul_future *future, const struct statement *s)
{
    int i = 2;
    while (*future_at(s->argv[i]) != future)
        i++;
    return s->argv[i];
}

/* One more of them, and the body for it; whether to go on. */
static bool next_one(struct actor *self, const struct statement *s,
                     simul_as_completed *it, struct outcome *o)
{
    simul_future *future;
    int r = simul_as_completed_next(it, &future);
    if (r == 0) {
        event(self->number, "end of %s", s->text);
        return false;
    }
    event(self->number, "%s = %s", s->text,
          r < 0 ? result_text(r, simul_explain(r)) : word_of(future, s));
    *o = r < 0 ? (struct outcome){true, r} : run_list(self, s->part[BODY]);
    return !o->leaves;
}

static struct outcome each_block(struct actor *self, const struct statement *s)
{
    simul_future *list[WORDS];
    size_t n = futures_of(s, 2, list);
    struct outcome o = goes_on();
    simul_as_completed *it =
        hold_iteration(simul_as_completed_new(list, n, seconds_of(s->argv[1])));
    while (next_one(self, s, it, &o))
        ;
    return o;
}

/* ---- leaving ------------------------------------------------------------------------------ */

static struct outcome return_word(struct actor *self, const struct statement *s)
{
    (void)self;
    return (struct outcome){true, atoi(s->argv[1])};
}

static struct outcome raise_word(struct actor *self, const struct statement *s)
{
    (void)self;
    return (struct outcome){true, -ERR - atoi(s->argv[1])};
}

static struct outcome note(struct actor *self, const struct statement *s)
{
    event(self->number, "%s", s->text);
    return goes_on();
}

const struct operation block_operations[] = {
    {.name = "try", .block = try_block, .opens = true},
    {.name = "timeout", .block = timeout_block, .opens = true},
    {.name = "group", .block = group_block, .opens = true},
    {.name = "with", .block = with_block, .opens = true},
    {.name = "each", .block = each_block, .opens = true},
    {.name = "return", .block = return_word},
    {.name = "raise", .block = raise_word},
    {.name = "note", .block = note},
    {.name = NULL}};
