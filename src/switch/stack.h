/* SPDX-License-Identifier: MIT */
/*
 * Stacks for tasks: carved from large slabs, guarded, pooled.
 *
 * Stacks of the default size come from slabs of address space (MAP_NORESERVE,
 * MADV_NOHUGEPAGE); below each lies a guard page. A stack that is given back goes to a
 * LIFO pool, so that short tasks run on hot memory; what stays cold gives its pages back
 * in bulk. Stacks of another size are mapped one by one.
 *
 * Guards: MADV_GUARD_INSTALL (Linux 6.13, no mapping used, batched through
 * process_madvise) else mprotect, for as long as the budget read from
 * vm.max_map_count lasts. When it is used up sm_stack_get() fails with -ENOMEM, unless
 * the user has accepted stacks with a canary in place of a guard.
 *
 * The tops are coloured: stack i begins (i % 16) * 64 bytes below its top, so that the
 * hot frames of many tasks do not share the same cache sets.
 */
#ifndef SM_SWITCH_STACK_H
#define SM_SWITCH_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "switch/switch.h"

struct sm_slab;

/* One stack. The record lies apart from the stack itself (in its slab's table). */
struct sm_stack {
    sm_context context;     /* resumes what is suspended on it; task/ fills it */
    void *base, *top;       /* usable bytes; base is just above the guard */
    void *owner;            /* the task that runs on it, for the overflow report */
    struct sm_stack *next;  /* in the pool's free list */
    struct sm_slab *slab;   /* NULL: mapped alone */
    uint8_t state;          /* SM_STACK_… */
    uint8_t guard;          /* enum sm_guard */
    bool prepared;          /* context is that of a trampoline waiting for work (task/) */
    bool cold;              /* its pages were given back */
    unsigned valgrind_id;   /* registration with valgrind */
    void *asan_fake, *tsan; /* sanitizers' idea of the fiber */
};

enum sm_guard { SM_GUARD_NONE, SM_GUARD_MADVISE, SM_GUARD_MPROTECT, SM_GUARD_CANARY };

/* Allocation policy of one loop; a zeroed one is valid and means the defaults. */
struct sm_stack_pool {
    size_t size;                /* default size, bytes of address space incl. guard */
    bool accept_canaries;       /* go on without guards when the mapping budget is used up */
    struct sm_stack *free;      /* LIFO */
    size_t free_count, live;    /* in the pool; handed out */
    struct sm_slab *slabs;      /* newest first */
    struct sm_list singles;     /* stacks of other sizes */
};

#define SM_STACK_SIZE_DEFAULT (64 * 1024)
#define SM_STACK_SIZE_ASAN    (256 * 1024)
#define SM_STACK_SIZE_MIN     (16 * 1024)

void sm_stack_pool_init(struct sm_stack_pool *pool);

/** Unmaps everything. All stacks must have been put back. */
void sm_stack_pool_finish(struct sm_stack_pool *pool);

/**
 * A stack of at least `size` bytes (0: the pool's default), the hottest there is.
 *
 * @return 0, or -ENOMEM (no memory, or the mapping budget is used up: `sm_stack_reason()`
 *         says which, in a sentence); *ret is untouched then
 */
int sm_stack_get(struct sm_stack_pool *pool, struct sm_stack **ret, size_t size);

/**
 * Give a stack back. It may be the one the caller is running on: its memory stays valid
 * until the next sm_stack_get() or sm_stack_trim() of this pool.
 */
void sm_stack_put(struct sm_stack_pool *pool, struct sm_stack *stack);

/** Give the pages of all but `keep` pooled stacks back to the system, in bulk. */
void sm_stack_trim(struct sm_stack_pool *pool, size_t keep);

/** Checks the canary; true if it is intact or there is none. */
bool sm_stack_intact(const struct sm_stack *stack);

/** How many bytes of the stack were ever touched since it was mapped (mincore). */
size_t sm_stack_used(const struct sm_stack *stack);

/** Why the last sm_stack_get() of this thread failed, a sentence for people. */
const char *sm_stack_reason(void);

/* ---- overflow report (overflow.c) --------------------------------------------------- */

/* What to print about the owner of a stack; set by task/, called in a signal handler. */
typedef void sm_overflow_describe(const struct sm_stack *stack, char *text, size_t size);

/**
 * Install the SIGSEGV/SIGBUS handler for the calling thread, on an alternate stack: if
 * the address that faulted lies in a guard of one of our stacks it writes one message
 * with the task's name, spawn site and stack size to standard error; then, and for every
 * other fault, it goes on to the handler that was there before (by default: the process
 * dies of the signal). Reference-counted; 0 or -errno.
 */
int sm_overflow_enter(sm_overflow_describe *describe);
void sm_overflow_leave(void);

/** The stack in whose guard `address` lies; NULL if none. Async-signal-safe. */
struct sm_stack *sm_stack_of_guard(const void *address);

/* ---- sanitizers and valgrind (annotate.h does the work, see there) ------------------ */

#endif
