/* SPDX-License-Identifier: MIT */
/*
 * What the script of task_script.c knows of its tasks without asking the library, and what
 * must hold whatever the script does:
 *
 *  I1. Virtual time never goes back, and a sleep that was not interrupted ends exactly when
 *      it should.
 *  I2. A sleep is interrupted only by a cancel, and then so is every further one, until the
 *      cancel is caught, put aside in a cleanup, or taken back by its deadline or group.
 *  I3. A task begins at most once, ends exactly once, and ends as its function returned:
 *      with its error; cancelled if it was told so and did not catch it; else with its
 *      result. What has not begun ends cancelled.
 *  I4. An await gives the result of what it awaited. gather() and wait() return when their
 *      condition is met; wait_for() after its future is done.
 *  I5. A deadline expires when its time has passed, and not before; its exit takes back its
 *      own cancel and no other.
 *  I6. No child of a group runs when its exit returns.
 *  I7. A deadlock is found only when no task waits for a time that is to come.
 *  I8. release_arg is called once for each task, destroy once for each value, and when all
 *      is over no memory is held any more.
 *
 * A broken one aborts with its name.
 */
#ifndef SM_FUZZ_TASK_MODEL_H
#define SM_FUZZ_TASK_MODEL_H

#include <simul/base.h>
#include <simul/debug.h>
#include <simul/group.h>
#include <simul/loop.h>
#include <simul/timeout.h>

enum { SLOTS = 8, FUTURES = 3 };

/* A time that somebody waits for (I7); linked while he does. */
struct waiting {
    double until;
    struct waiting *next;
};

struct slot {
    simul_task *task; /* the script's reference; NULL: none */
    bool made, begun, returned, ended;
    int r;       /* what its function returned */
    bool sticky; /* a cancel was delivered to it and is in force, as far as we know */
    bool uncancels; /* the script took cancels back: cancelling() says less then */
    int released;   /* how often release_arg was called */
    int values, destroyed;
    struct waiting *waiting;
};

extern struct slot slots[SLOTS];
extern bool blurred; /* a scope was left early: I2 and I5 hold no longer */

__attribute__((noreturn)) void broken(const char *invariant, int line);
#define HOLDS(invariant, x) ((x) ? (void)0 : broken(#invariant ": " #x, __LINE__))

/* Before and after a whole script. */
void model_begin(void);
void model_end(void);

/* The time now; checks I1. */
double model_now(void);

void model_wait(struct slot *slot, struct waiting *waiting, double until);
void model_wait_over(struct slot *slot);

/* What a sleep of slot returned, begun at `start`. */
void model_slept(struct slot *slot, double start, double delay, int r);

/* A done callback for each task. */
void model_ended(simul_future *task, void *slot);

/* Log sink: nothing is printed, deadlock reports are judged. */
void model_log(simul_log_level level, const char *message, void *arg);

/* release_arg of slots, and destroy of their values. */
void model_release(void *slot);
void model_destroy(void *slot);

#endif
