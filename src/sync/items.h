/* SPDX-License-Identifier: MIT */
/* What lies in a queue, and which item comes out next. */
#ifndef SM_SYNC_ITEMS_H
#define SM_SYNC_ITEMS_H

#include <simul/queue.h>
#include <stdint.h>

#include "base/assert.h"

enum sm_items_order { SM_FIFO, SM_LIFO, SM_PRIORITY };

struct sm_ranked { /* an item of a heap; equal ones come out in the order of `number` */
    void *item;
    uint64_t number;
};

struct sm_items {
    union { /* owned; room for `capacity`, a power of two, or 0 */
        void **ring;
        struct sm_ranked *heap; /* SM_PRIORITY */
    };
    size_t head, count, capacity;
    enum sm_items_order order;
    simul_compare_fn *compare;
    uint64_t next_number;
};

int sm_items_grow(struct sm_items *items);
void sm_items_push(struct sm_items *items, void *item); /* of a heap */
void *sm_items_pop(struct sm_items *items);
void sm_items_finish(struct sm_items *items);

/** Room for one more: 0 or -ENOMEM. */
static inline int sm_items_reserve(struct sm_items *items)
{
    return sm_likely(items->count < items->capacity) ? 0 : sm_items_grow(items);
}

/** Put an item in; there has to be room. */
static inline void sm_items_put(struct sm_items *items, void *item)
{
    sm_assert(items->count < items->capacity);
    if (sm_likely(items->order != SM_PRIORITY))
        items->ring[(items->head + items->count++) & (items->capacity - 1)] = item;
    else
        sm_items_push(items, item);
}

/** The same if it takes no more than a store. */
static inline bool sm_items_put_quickly(struct sm_items *items, void *item)
{
    if (sm_unlikely(items->count >= items->capacity || items->order == SM_PRIORITY))
        return false;
    items->ring[(items->head + items->count++) & (items->capacity - 1)] = item;
    return true;
}

/** The oldest item of a FIFO; there has to be one. */
static inline void *sm_items_shift(struct sm_items *items)
{
    sm_assert(items->count > 0);
    items->count--;
    return items->ring[items->head++ & (items->capacity - 1)];
}

/** The next item; there has to be one. */
static inline void *sm_items_take(struct sm_items *items)
{
    sm_assert(items->count > 0);
    if (sm_unlikely(items->order == SM_PRIORITY))
        return sm_items_pop(items);
    items->count--;
    size_t at = items->order == SM_FIFO ? items->head++ : items->head + items->count;
    return items->ring[at & (items->capacity - 1)];
}

#endif
