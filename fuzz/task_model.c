/* SPDX-License-Identifier: MIT */
#include "task_model.h"

#include <simul/gen.h>
#include <math.h>
#include <simul/base.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct slot slots[SLOTS];
bool blurred;

static double last_now;
static long allocated; /* blocks of the library's that are not freed */
static long kept;      /* those that a thread keeps until it ends */

void broken(const char *invariant, int line)
{
    fprintf(stderr, "invariant broken: %s (line %d)\n", invariant, line);
    abort();
}

/* ---- memory (I8) ---------------------------------------------------------------------- */

static void *count_malloc(size_t size, void *arg)
{
    (void)arg;
    void *memory = malloc(size);
    allocated += memory != NULL;
    return memory;
}

static void *count_realloc(void *ptr, size_t size, void *arg)
{
    (void)arg;
    void *memory = realloc(ptr, size);
    allocated += memory && !ptr;
    return memory;
}

static void count_free(void *ptr, void *arg)
{
    (void)arg;
    allocated--;
    free(ptr);
}

static int no_values(simul_gen *self, void *unused)
{
    (void)self, (void)unused;
    return 0;
}

/* What a thread has for its generators, and the reports of deadlocks. */
static void let_it_keep(void)
{
    simul_gen_release(simul_gen_new(no_values, NULL));
    kept = allocated;
}

__attribute__((constructor)) static void count_memory(void)
{
    static const simul_allocator counting = {
        .malloc = count_malloc, .realloc = count_realloc, .free = count_free};
    if (simul_set_allocator(&counting) < 0)
        abort();
    simul_set_log(model_log, NULL);
    let_it_keep();
}

/* ---- a script begins and ends ---------------------------------------------------------- */

void model_begin(void)
{
    memset(slots, 0, sizeof slots);
    blurred = false;
    last_now = 0;
}

void model_end(void)
{
    for (int i = 0; i < SLOTS; i++) {
        HOLDS(I8, slots[i].released == slots[i].made);
        HOLDS(I8, slots[i].destroyed == slots[i].values);
    }
    HOLDS(I8, allocated == kept);
}

/* ---- time (I1, I7) ----------------------------------------------------------------------- */

double model_now(void)
{
    double now = simul_time();
    HOLDS(I1, now >= last_now);
    last_now = now;
    return now;
}

void model_wait(struct slot *slot, struct waiting *waiting, double until)
{
    *waiting = (struct waiting){until, slot->waiting};
    slot->waiting = waiting;
}

void model_wait_over(struct slot *slot)
{
    slot->waiting = slot->waiting->next;
}

static void judge_deadlock(void)
{
    double now = model_now();
    for (int i = 0; i < SLOTS; i++)
        for (struct waiting *it = slots[i].waiting; it && !slots[i].ended;
             it = it->next)
            HOLDS(I7, !isfinite(it->until) || it->until <= now || blurred);
}

void model_log(simul_log_level level, const char *message, void *arg)
{
    (void)level;
    (void)arg;
    if (strncmp(message, "deadlock: ", 10) == 0)
        judge_deadlock();
}

void model_slept(struct slot *slot, double start, double delay, int r)
{
    double now = model_now();
    bool interrupted = r == -ECANCELED;
    HOLDS(I1, r == 0 || interrupted);
    if (!interrupted && delay > 0)
        HOLDS(I1, now == start + delay);
    if (slot->sticky && !blurred)
        HOLDS(I2, interrupted);
    if (interrupted && !slot->uncancels && !blurred)
        HOLDS(I2, simul_cancelling(simul_current_task()) > 0);
    slot->sticky |= interrupted;
}

/* ---- ends (I3) ----------------------------------------------------------------------------- */

void model_ended(simul_future *task, void *arg)
{
    struct slot *slot = arg;
    int r = simul_error(task);
    HOLDS(I3, simul_done(task) && !slot->ended);
    HOLDS(I3, slot->begun == slot->returned);
    slot->ended = true;
    if (!slot->begun)
        HOLDS(I3, simul_cancelled(task) && r == -ECANCELED);
    else if (slot->r < 0 && slot->r != -ECANCELED)
        HOLDS(I3, r == slot->r && !simul_cancelled(task));
    else if (slot->r == -ECANCELED || (slot->sticky && !blurred))
        HOLDS(I3, simul_cancelled(task));
    else
        HOLDS(I3,
              r == slot->r
                  || (simul_cancelled(task)
                      && (simul_cancelling(task) > 0 || slot->uncancels || blurred)));
}

void model_release(void *arg)
{
    struct slot *slot = arg;
    HOLDS(I8, slot->released == 0);
    slot->released++;
}

void model_destroy(void *arg)
{
    struct slot *slot = arg;
    slot->destroyed++;
    HOLDS(I8, slot->destroyed <= slot->values);
}
