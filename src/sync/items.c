/* SPDX-License-Identifier: MIT */
/* Growing, and the heap of a priority queue; see items.h. */
#include "sync/items.h"

#include <string.h>

#include "base/sys.h"

/* ---- memory --------------------------------------------------------------------------- */

/* A ring is unrolled, so that it begins at 0. */
static int grow_ring(struct sm_items *items, size_t capacity)
{
    void **ring = sm_malloc(capacity * sizeof *ring);
    if (!ring)
        return -ENOMEM;
    for (size_t i = 0; i < items->count; i++)
        ring[i] = items->ring[(items->head + i) & (items->capacity - 1)];
    sm_free(items->ring);
    items->ring = ring;
    items->head = 0;
    items->capacity = capacity;
    return 0;
}

static int grow_heap(struct sm_items *items, size_t capacity)
{
    struct sm_ranked *heap = sm_realloc(items->heap, capacity * sizeof *heap);
    if (!heap)
        return -ENOMEM;
    items->heap = heap;
    items->capacity = capacity;
    return 0;
}

int sm_items_grow(struct sm_items *items)
{
    size_t capacity = items->capacity ? items->capacity * 2 : 16;
    if (capacity > SIZE_MAX / sizeof(struct sm_ranked))
        return -ENOMEM;
    return items->order == SM_PRIORITY ? grow_heap(items, capacity)
                                       : grow_ring(items, capacity);
}

void sm_items_finish(struct sm_items *items)
{
    sm_free(items->ring);
    items->ring = NULL;
    items->count = items->capacity = 0;
}

/* ---- heap ------------------------------------------------------------------------------- */

static bool before(const struct sm_items *items, const struct sm_ranked *a,
                   const struct sm_ranked *b)
{
    int order = items->compare(a->item, b->item);
    return order < 0 || (order == 0 && a->number < b->number);
}

void sm_items_push(struct sm_items *items, void *item)
{
    struct sm_ranked *heap = items->heap, new = {item, items->next_number++};
    size_t at = items->count++;
    for (size_t parent; at > 0; at = parent) {
        parent = (at - 1) / 2;
        if (!before(items, &new, &heap[parent]))
            break;
        heap[at] = heap[parent];
    }
    heap[at] = new;
}

/* The hole at the root sinks until the last one fits in. */
void *sm_items_pop(struct sm_items *items)
{
    struct sm_ranked *heap = items->heap, first = heap[0];
    size_t count = --items->count, at = 0;
    struct sm_ranked last = heap[count];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(items, &heap[child + 1], &heap[child]))
            child++;
        if (!before(items, &heap[child], &last))
            break;
        heap[at] = heap[child];
    }
    heap[at] = last;
    return first.item;
}
