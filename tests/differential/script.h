/* SPDX-License-Identifier: MIT */
/*
 * Programs of the differential test: what script.py generates and runs in asyncio, this
 * runs on simul, and both print what happens, an event a line:
 *
 *     TIME WHO what = result
 *
 * A program is lines of words. "task N" begins the body of a task, task 0 is the main one,
 * "run" ends the program. A block goes on to its "end"; "try" has the parts "except" (of
 * CancelledError), "error" (of Exception) and "finally". An error leaves the blocks as an
 * exception does in Python. Words that name things are a letter and a number:
 *
 *     t task   f future   o future of gather or shield   l lock   s semaphore
 *     e event  c condition   b barrier   q queue   h handle
 *
 * They exist from the beginning, but for tasks, o and h.
 */
#ifndef SM_DIFFERENTIAL_SCRIPT_H
#define SM_DIFFERENTIAL_SCRIPT_H

#include <simul.h>
#include <stdio.h>

enum { TASKS = 10, WORDS = 12 };
enum part { BODY, EXCEPT, ERROR, FINALLY, PARTS };

struct statement {
    const struct operation *op;
    char text[96], words[96]; /* the line; the same, cut into argv */
    char *argv[WORDS];
    int argc;
    bool has[PARTS];
    struct statement *part[PARTS], *next;
};

/* The running task: its number, and what the innermost block of a kind is. */
struct actor {
    int number;                     /* < 0: a callback */
    simul_timeout *timeout, *outer; /* the one around that */
    simul_group *group;
};

/* How a statement ends: on to the next one, or out of the blocks with a result (>= 0) or an
 * error (< 0). */
struct outcome {
    bool leaves;
    int r;
};

/* r >= 0 is printed unless the operation says something else; < 0 is an exception. */
typedef int simple_fn(struct actor *self, const struct statement *s, char *said);
typedef struct outcome block_fn(struct actor *self, const struct statement *s);

struct operation {
    const char *name;
    simple_fn *simple;
    block_fn *block;
    bool opens; /* has parts, up to "end" */
};

enum { SAID = 256 };

/* ---- script.c: reading -------------------------------------------------------------------- */

extern struct statement *bodies[TASKS];

/** Read up to "run". @return false at the end of the input */
bool read_program(FILE *in);

/* ---- run.c: running ----------------------------------------------------------------------- */

struct outcome run_list(const struct actor *self, const struct statement *s);
int run_task(void *number);

/** Print an event; nothing any more after the program has deadlocked. */
void event(int who, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** A statement that is a callback's. */
void run_callback(void *statement);

/* ---- things.c: what the words name -------------------------------------------------------- */

void make_things(void);
void release_things(void);

/** Released with the others: the frame of a deadlocked task is never left. */
simul_future *hold(simul_future *future);

/** As hold(). An iteration that was left goes on to its end, as in asyncio. */
simul_as_completed *hold_iteration(simul_as_completed *it);

simul_future **future_at(const char *word);

/** The futures that the words from `from` on name, those that exist. @return how many */
size_t futures_of(const struct statement *s, int from, simul_future *list[WORDS]);

simul_lock *lock_at(const char *word);
simul_semaphore *semaphore_at(const char *word);
simul_event *event_at(const char *word);
simul_condition *condition_at(const char *word);
simul_barrier *barrier_at(const char *word);
simul_queue *queue_at(const char *word);
simul_handle **handle_at(const char *word);

/** Seconds; "none" is SIMUL_FOREVER. */
double seconds_of(const char *word);

/** An error, or the text "3" for a result. `text` may be NULL. */
const char *result_text(int r, const char *message);

/** "pending", or how it ended. */
const char *state_text(simul_future *future);

/** What stands in a list "[3,cancelled]"; `words` from `from` on. */
void say_states(char *said, const struct statement *s, int from);

enum { ERR = 20000 }; /* "raise 3" is the error -ERR - 3 */

/* ---- operations.c, primitives.c, blocks.c -------------------------------------------------- */

extern const struct operation simple_operations[], primitive_operations[],
    block_operations[];

#endif
