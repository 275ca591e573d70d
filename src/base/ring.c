/* SPDX-License-Identifier: MIT */
/* The slow half of ring.h: growing. */
#include "base/ring.h"

#include <string.h>

#include "base/sys.h"

int sm_ring_grow(struct sm_ring *ring)
{
    uint32_t old = ring->slots ? ring->mask + 1 : 0;
    uint32_t count = sm_ring_count(ring);
    if (old > UINT32_MAX / 4)
        return -ENOMEM;
    uint32_t capacity = old ? old * 2 : 64;
    uintptr_t *slots = sm_malloc(capacity * sizeof *slots);
    if (!slots)
        return -ENOMEM;

    for (uint32_t i = 0; i < count; i++)
        slots[i] = ring->slots[(ring->head + i) & ring->mask];
    memset(slots + count, 0, (capacity - count) * sizeof *slots); /* for peek */
    sm_free(ring->slots);
    ring->slots = slots;
    ring->mask = capacity - 1;
    ring->head = 0;
    ring->tail = count;
    return 0;
}

void sm_ring_finish(struct sm_ring *ring)
{
    sm_free(ring->slots);
    ring->slots = NULL;
    ring->mask = ring->head = ring->tail = ring->reserved = 0;
}
