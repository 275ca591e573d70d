/* SPDX-License-Identifier: MIT */
/*
 * Timers: a 4-ary heap of 16-byte entries, kept apart from what they fire.
 *
 * Four children share one cache line, and moving an entry touches nothing but the heap:
 * an entry names a *slot*, and the slot points to the timer. Stopping a timer clears its
 * slot in O(1) and leaves the entry behind; it is dropped when it comes to the top, or all
 * such are, when they are more than half (asyncio's rule, and its bound on memory).
 *
 *  H1. Every entry has a slot of its own, and every armed timer a slot that points to it.
 *  H2. Entries of equal time leave in the order in which they came (seq).
 *  H3. live <= count <= capacity; reserved places are always to be had: when the heap is
 *      full, stopped entries are dropped before it grows.
 */
#ifndef SM_LOOP_TIMER_H
#define SM_LOOP_TIMER_H

#include <stdbool.h>
#include <stdint.h>

/* In the memory of whoever waits. Zeroed: not armed. */
struct sm_timer {
    void (*fire)(struct sm_timer *timer); /* called once, disarmed already */
    uint32_t slot;                        /* 0: not armed */
};

struct sm_timer_entry {
    double when;
    uint32_t seq, slot;
};

struct sm_timers {
    struct sm_timer_entry *heap; /* owned */
    uintptr_t *slots;            /* owned; a timer, or odd: stopped or free */
    uint32_t count, capacity;
    uint32_t stopped;   /* entries whose timer was stopped */
    uint32_t free_slot; /* head of the list of free slots, 0 at its end */
    uint32_t seq;
    uint32_t reserved;
};

/** Arm; `timer` must not be armed, and stays where it is until it fires or is stopped.
 *  0 or -ENOMEM. Infinity arms nothing and is fine. */
int sm_timer_start(struct sm_timers *timers, struct sm_timer *timer, double when);

/** Disarm; fine if it is not armed. */
void sm_timer_stop(struct sm_timers *timers, struct sm_timer *timer);

static inline bool sm_timer_armed(const struct sm_timer *timer)
{
    return timer->slot != 0;
}

int sm_timers_grow(struct sm_timers *timers);

/** Make sure that one more timer can be started without memory; 0 or -ENOMEM. */
static inline int sm_timers_reserve(struct sm_timers *timers)
{
    if (__builtin_expect(timers->reserved >= timers->capacity, 0)) {
        int r = sm_timers_grow(timers);
        if (r < 0)
            return r;
    }
    timers->reserved++;
    return 0;
}

static inline void sm_timers_unreserve(struct sm_timers *timers)
{
    timers->reserved--;
}

/** When the first is due; infinity if none is armed. */
double sm_timers_next(struct sm_timers *timers);

/** Fire all that are due by `now`, in order. Returns how many. */
unsigned sm_timers_fire(struct sm_timers *timers, double now);

static inline uint32_t sm_timers_live(const struct sm_timers *timers)
{
    return timers->count - timers->stopped;
}

void sm_timers_finish(struct sm_timers *timers);

#endif
