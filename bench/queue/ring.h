/* SPDX-License-Identifier: MIT */
/*
 * The ring of the libraries that have no queue of a size. How its users wait is the
 * includer's: with put() and get() it does what queue.h asks for.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

static struct {
    void **slots;
    long size, head, count;
} ring;

static inline void *get(void);
static inline void put(void *item);

#include "queue.h"

static inline bool ring_full(void)
{
    return ring.count == ring.size;
}

/** Put one in where it is not full; whether it was empty. */
static inline bool ring_put(void *item)
{
    ring.slots[(ring.head + ring.count) & (ring.size - 1)] = item;
    return ring.count++ == 0;
}

/** Take one out where there is one; was it full? */
static inline void *ring_get(bool *was_full)
{
    *was_full = ring_full();
    ring.count--;
    return ring.slots[ring.head++ & (ring.size - 1)];
}

static void ring_make(void)
{
    memset(&ring, 0, sizeof ring);
    ring.size = run_.size;
    ring.slots = bench_array(ring.size, sizeof *ring.slots);
}

/* The two tasks, as a thread's function. */
static void *producer(void *arg)
{
    produce();
    return arg;
}

static void *consumer(void *arg)
{
    consume();
    return arg;
}

#endif
