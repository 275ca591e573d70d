/* SPDX-License-Identifier: MIT */
/*
 * Slabs: the mappings that stacks are carved from. For the files of this folder only.
 *
 * A slab is one mapping: this header, the table of its stacks, then the stacks, each a
 * guard page followed by its usable bytes. What of it was never touched costs nothing,
 * so it is carved in batches, from below. A stack of an odd size is alone in a slab.
 *
 * All slabs of the process are in one registry, which the overflow handler walks: a
 * stack may overflow in any thread.
 */
#ifndef SM_SWITCH_SLAB_H
#define SM_SWITCH_SLAB_H

#include "switch/stack.h"

struct sm_slab {
    struct sm_slab *next;                 /* in its pool */
    struct sm_slab *all_next, **all_link; /* in the registry */
    char *first;                          /* the guard of stack 0 */
    size_t stride;                        /* from one stack to the next, bytes */
    size_t mapped;                        /* bytes, from this header on */
    unsigned count, carved;               /* stacks that fit; that have a guard */
    struct sm_stack table[];
};

/** The size of a page, bytes. */
size_t sm_page_size(void);

/** Rounded up to whole pages; 0 if that overflows. */
size_t sm_pages(size_t size);

/** A slab of `bytes` for stacks of `stride` each. NULL: no address space, or memory. */
struct sm_slab *sm_slab_map(size_t bytes, size_t stride);

/** Bytes that a slab of `count` stacks takes. */
size_t sm_slab_bytes(size_t count, size_t stride);

/** Unmap it; its stacks are gone. */
void sm_slab_unmap(struct sm_slab *slab);

/**
 * Carve up to `n` more stacks, guarded as well as the pool can.
 *
 * @return how many, at least 1; or -ENOMEM, with sm_stack_reason() set
 */
int sm_slab_carve(struct sm_stack_pool *pool, struct sm_slab *slab, unsigned n);

/** Call visit for every slab of the process. Async-signal-safe if visit is. */
void sm_slab_each(void (*visit)(struct sm_slab *slab, void *arg), void *arg);

/* ---- stack.c ------------------------------------------------------------------------- */

/** Unmap kept stacks of other sizes, the oldest first, until `keep` are left. */
void sm_stack_drop_singles(struct sm_stack_pool *pool, size_t keep);

/* ---- guard.c ------------------------------------------------------------------------- */

/**
 * Guard `n` pages, `stride` bytes apart, all in the same way.
 *
 * @param kind  set to how
 * @return how many were guarded, 1 to n; or -ENOMEM, with sm_stack_reason() set
 */
int sm_guard_install(struct sm_stack_pool *pool, char *first, size_t stride, unsigned n,
                     enum sm_guard *kind);

/** Give `n` guards made by mprotect back to the budget. */
void sm_guard_refund(unsigned n);

/** Keep why the call fails, for sm_stack_reason(); returns -ENOMEM. */
int sm_stack_fail(const char *reason);

/* ---- roots.c ------------------------------------------------------------------------- */

/* Tell LeakSanitizer that a stack is in use, or no more. */
void sm_roots_add(struct sm_stack_pool *pool, struct sm_stack *stack);
void sm_roots_remove(struct sm_stack *stack);

/* Called once there are stacks: arranges for the roots at exit. */
void sm_roots_start(void);

#endif
