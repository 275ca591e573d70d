/* SPDX-License-Identifier: MIT */
/*
 * A FIFO of words in an array. Room is reserved beforehand, so that pushing cannot fail:
 * who will ever be in the ring reserves a place when it is made.
 */
#ifndef SM_BASE_RING_H
#define SM_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"

struct sm_ring {
    uintptr_t *slots;
    uint32_t mask;       /* capacity - 1; capacity is a power of two */
    uint32_t head, tail; /* count is tail - head */
    uint32_t reserved;   /* R1: count <= reserved <= capacity */
};

static inline uint32_t sm_ring_count(const struct sm_ring *ring)
{
    return ring->tail - ring->head;
}

static inline void sm_ring_push(struct sm_ring *ring, uintptr_t word)
{
    sm_assert(sm_ring_count(ring) < ring->reserved); /* R1 */
    ring->slots[ring->tail++ & ring->mask] = word;
}

static inline void sm_ring_unshift(struct sm_ring *ring, uintptr_t word)
{
    sm_assert(sm_ring_count(ring) < ring->reserved); /* R1 */
    ring->slots[--ring->head & ring->mask] = word;
}

static inline uintptr_t sm_ring_shift(struct sm_ring *ring)
{
    sm_assert(sm_ring_count(ring) > 0);
    return ring->slots[ring->head++ & ring->mask];
}

/* The word `ahead` places behind the head, to be prefetched; may be stale or 0. */
static inline uintptr_t sm_ring_peek(const struct sm_ring *ring, uint32_t ahead)
{
    return ring->slots[(ring->head + ahead) & ring->mask];
}

int sm_ring_grow(struct sm_ring *ring);

/** Room for a few more (fewer than the smallest ring has); 0 or -ENOMEM. */
static inline int sm_ring_reserve_n(struct sm_ring *ring, uint32_t n)
{
    if (sm_unlikely(!ring->slots || ring->reserved + n > ring->mask + 1)) {
        int r = sm_ring_grow(ring);
        if (r < 0)
            return r;
    }
    ring->reserved += n;
    return 0;
}

static inline void sm_ring_unreserve_n(struct sm_ring *ring, uint32_t n)
{
    sm_assert(ring->reserved >= n);
    ring->reserved -= n;
}

static inline int sm_ring_reserve(struct sm_ring *ring)
{
    return sm_ring_reserve_n(ring, 1);
}

static inline void sm_ring_unreserve(struct sm_ring *ring)
{
    sm_ring_unreserve_n(ring, 1);
}

void sm_ring_finish(struct sm_ring *ring);

#endif
