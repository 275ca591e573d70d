/* SPDX-License-Identifier: MIT */
/*
 * Control blocks: carved from slabs that double in size, and taken from and given back to
 * a LIFO list. The memory stays with the loop until it and all its futures are gone. (Huge
 * pages were tried: the first million tasks took three times as long, see
 * docs/decisions.md.)
 */

#include "base/sys.h"
#include "task/task.h"

struct sm_task_slab {
    struct sm_task_slab *next;
    size_t bytes;
};

enum { SLAB_MIN = 32 * 1024, SLAB_MAX = 16 * 1024 * 1024, CARVE = 32 };

/* The list runs upwards through memory, so that a batch of tasks walks it in order. */
static void carve(struct sm_sched *sched)
{
    size_t left = (size_t)(sched->fresh_end - sched->fresh);
    size_t n = left < CARVE ? left : CARVE;
    for (size_t i = n; i-- > 0;) {
        sched->fresh[i].wait = (struct sm_wait *)sched->free;
        sched->free = &sched->fresh[i];
    }
    sched->fresh += n;
}

static int grow(struct sm_sched *sched)
{
    size_t bytes = sched->slab_bytes ? sched->slab_bytes * 2 : SLAB_MIN;
    if (bytes > SLAB_MAX)
        bytes = SLAB_MAX;
    struct sm_task_slab *slab = sm_malloc(bytes);
    if (!slab)
        return -ENOMEM;
    slab->bytes = bytes;
    slab->next = sched->slabs;
    sched->slabs = slab;
    sched->slab_bytes = bytes;
    sched->fresh =
        (struct simul_future *)(((uintptr_t)(slab + 1) + 63) & ~(uintptr_t)63);
    size_t room = (size_t)((char *)slab + bytes - (char *)sched->fresh);
    sched->fresh_end = sched->fresh + room / sizeof *sched->fresh;
    return 0;
}

/* The free list is empty: its new first block, still on it. */
struct simul_future *sm_future_alloc_slow(struct sm_sched *sched)
{
    if (sched->fresh == sched->fresh_end && grow(sched) < 0)
        return NULL;
    carve(sched);
    return sched->free;
}

void sm_future_free(struct simul_future *future)
{
    struct sm_sched *sched = future->sched;
    /* He who releases many in order awaits the next first. */
    if (sm_unlikely(sched->blocks > SM_MANY))
        sm_future_ahead(sched->free, future);
    future->wait = (struct sm_wait *)sched->free;
    sched->free = future;
    sched->blocks--;
    if (sm_unlikely(sched->loop.closed && sched->blocks == 0))
        sm_sched_free(sched);
}

void sm_slabs_finish(struct sm_sched *sched)
{
    for (struct sm_task_slab *slab = sched->slabs, *next; slab; slab = next) {
        next = slab->next;
        sm_free(slab);
    }
    sched->slabs = NULL;
    sched->free = sched->fresh = sched->fresh_end = NULL;
}
