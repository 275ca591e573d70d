/* SPDX-License-Identifier: MIT */
/* The timer heap; see timer.h for how it works and the invariants quoted here. */
#include "loop/timer.h"

#include <math.h>
#include <stddef.h>

#include "base/sys.h"

#define STOPPED ((uintptr_t)1) /* a slot whose timer is gone and whose entry is not */

static inline bool before(const struct sm_timer_entry *a,
                          const struct sm_timer_entry *b)
{
    if (a->when != b->when)
        return a->when < b->when;
    return (int32_t)(a->seq - b->seq) < 0; /* H2; wraps */
}

static void sift_up(struct sm_timer_entry *heap, uint32_t i, struct sm_timer_entry e)
{
    while (i > 0) {
        uint32_t parent = (i - 1) / 4;
        if (!before(&e, &heap[parent]))
            break;
        heap[i] = heap[parent];
        i = parent;
    }
    heap[i] = e;
}

static uint32_t first_child(const struct sm_timer_entry *heap, uint32_t n, uint32_t i)
{
    uint32_t child = 4 * i + 1;
    uint32_t end = child + 4 < n ? child + 4 : n;
    uint32_t best = child;
    for (uint32_t k = child + 1; k < end; k++)
        if (before(&heap[k], &heap[best]))
            best = k;
    return best;
}

static void sift_down(struct sm_timer_entry *heap, uint32_t n, uint32_t i,
                      struct sm_timer_entry e)
{
    while (4 * i + 1 < n) {
        uint32_t child = first_child(heap, n, i);
        if (!before(&heap[child], &e))
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = e;
}

static void free_slot(struct sm_timers *t, uint32_t slot)
{
    t->slots[slot] = (uintptr_t)t->free_slot << 1 | 1;
    t->free_slot = slot;
}

static uint32_t take_slot(struct sm_timers *t, struct sm_timer *timer)
{
    uint32_t slot = t->free_slot;
    sm_assert(slot != 0); /* H3: as many slots as entries */
    t->free_slot = (uint32_t)(t->slots[slot] >> 1);
    t->slots[slot] = (uintptr_t)timer;
    return slot;
}

static void pop(struct sm_timers *t)
{
    struct sm_timer_entry last = t->heap[--t->count];
    if (t->count > 0)
        sift_down(t->heap, t->count, 0, last);
}

/* Drop every stopped entry and make a heap of the rest. */
static void compact(struct sm_timers *t)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        if (t->slots[t->heap[i].slot] == STOPPED)
            free_slot(t, t->heap[i].slot);
        else
            t->heap[n++] = t->heap[i];
    }
    t->count = n;
    t->stopped = 0;
    for (uint32_t i = n / 4 + 1; i-- > 0;)
        if (i < n)
            sift_down(t->heap, n, i, t->heap[i]);
}

int sm_timers_grow(struct sm_timers *t)
{
    if (t->capacity > UINT32_MAX / 4)
        return -ENOMEM;
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct sm_timer_entry *heap = sm_realloc(t->heap, capacity * sizeof *heap);
    if (!heap)
        return -ENOMEM;
    t->heap = heap;
    uintptr_t *slots = sm_realloc(t->slots, (capacity + 1) * sizeof *slots);
    if (!slots)
        return -ENOMEM; /* the larger heap does no harm */
    t->slots = slots;
    for (uint32_t slot = capacity; slot > t->capacity; slot--) /* slot 0 is nobody's */
        free_slot(t, slot);
    t->capacity = capacity;
    return 0;
}

int sm_timer_start(struct sm_timers *t, struct sm_timer *timer, double when)
{
    sm_assert(!sm_timer_armed(timer));
    if (when == INFINITY)
        return 0;
    if (t->count == t->capacity && t->stopped > 0)
        compact(t);
    if (t->count == t->capacity) {
        int r = sm_timers_grow(t);
        if (r < 0)
            return r;
    }

    timer->slot = take_slot(t, timer);
    struct sm_timer_entry e = {when, t->seq++, timer->slot};
    sift_up(t->heap, t->count++, e);
    return 0;
}

void sm_timer_stop(struct sm_timers *t, struct sm_timer *timer)
{
    if (!sm_timer_armed(timer))
        return;
    sm_assert(t->slots[timer->slot] == (uintptr_t)timer); /* H1 */
    t->slots[timer->slot] = STOPPED;
    timer->slot = 0;
    t->stopped++;
    if (t->count > 100 && t->stopped > t->count / 2)
        compact(t);
}

/* Drop stopped entries from the top. */
static void clean_top(struct sm_timers *t)
{
    while (t->count > 0 && t->slots[t->heap[0].slot] == STOPPED) {
        free_slot(t, t->heap[0].slot);
        t->stopped--;
        pop(t);
    }
}

double sm_timers_next(struct sm_timers *t)
{
    clean_top(t);
    return t->count > 0 ? t->heap[0].when : INFINITY;
}

unsigned sm_timers_fire(struct sm_timers *t, double now)
{
    unsigned fired = 0;
    for (;;) {
        clean_top(t);
        if (t->count == 0 || t->heap[0].when > now)
            return fired;
        uint32_t slot = t->heap[0].slot;
        struct sm_timer *timer = (struct sm_timer *)t->slots[slot];
        free_slot(t, slot);
        pop(t);
        timer->slot = 0;
        timer->fire(timer);
        fired++;
    }
}

void sm_timers_finish(struct sm_timers *t)
{
    sm_free(t->heap);
    sm_free(t->slots);
    *t = (struct sm_timers){0};
}
