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
 * the user has accepted stacks with a canary: the page in the guard's place stays
 * writable, and sm_stack_intact() says whether it is still all zero (so that a canary
 * costs no memory either).
 *
 * The tops are coloured: stack i begins (i % 16) * 64 bytes below its top, so that the
 * hot frames of many tasks do not share the same cache sets.
 */
#ifndef SM_SWITCH_STACK_H
#define SM_SWITCH_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/assert.h"
#include "base/list.h"
#include "base/sanitizers.h"
#include "switch/switch.h"

struct sm_slab;

enum sm_guard { SM_GUARD_NONE, SM_GUARD_MADVISE, SM_GUARD_MPROTECT, SM_GUARD_CANARY };

enum sm_stack_state {
    SM_STACK_OUTSIDE, /* not ours: the stack of a thread */
    SM_STACK_FREE,    /* in the pool */
    SM_STACK_LIVE     /* handed out */
};

/*
 * One stack. The record lies apart from the stack itself, in its slab's table: 64 bytes,
 * a cache line of its own (more under the sanitizers).
 */
struct sm_stack {
    sm_context context;    /* resumes what is suspended on it; task/ fills it */
    void *base, *top;      /* usable bytes; base is just above the guard */
    void *owner;           /* what runs on it: a task, or a coroutine: `of_coro` */
    struct sm_stack *next; /* in the pool's free list */
    struct sm_slab *slab;  /* where it was carved from; NULL: the stack of a thread */
    uint8_t state;         /* enum sm_stack_state */
    uint8_t guard;         /* enum sm_guard */
    bool prepared;         /* context is that of a trampoline waiting for work (task/);
                            * sm_stack_trim() clears it, as it takes the frames away */
    bool searching;        /* that trampoline runs, and looks for work: no context */
    bool cold;             /* its pages were never touched, or given back */
    bool single;           /* not of the pool's default size: mapped alone */
    bool rooted;           /* LeakSanitizer knows it as a root */
    bool of_coro;          /* the owner is a struct sm_coro (task/coro.h) */
    unsigned valgrind_id;  /* registration with valgrind */
#if SM_ASAN || SM_TSAN
    void *asan_fake, *tsan; /* the sanitizers' idea of the fiber */
    void *parked;           /* all above it was in use when the stack was left last */
#endif
} __attribute__((aligned(64)));

/* Allocation policy of one loop; a zeroed one is valid and means the defaults. */
struct sm_stack_pool {
    size_t size;           /* default size, bytes of address space incl. guard */
    bool accept_canaries;  /* go on without guards when the mapping budget is used up */
    uint8_t guard;         /* enum sm_guard: the best kind the kernel has not refused */
    struct sm_stack *free; /* LIFO */
    size_t free_count, live; /* in the pool; handed out */
    struct sm_slab *slabs;   /* newest first */
    struct sm_slab *singles; /* stacks of other sizes, handed out or kept for reuse */
    size_t singles_free;     /* how many of them are kept */
};

#define SM_STACK_SIZE_ASAN (256 * 1024)
#if SM_ASAN
#define SM_STACK_SIZE_DEFAULT SM_STACK_SIZE_ASAN
#else
#define SM_STACK_SIZE_DEFAULT (64 * 1024)
#endif
#define SM_STACK_SIZE_MIN (16 * 1024)

void sm_stack_pool_init(struct sm_stack_pool *pool);

/** Unmaps everything. All stacks must have been put back. */
void sm_stack_pool_finish(struct sm_stack_pool *pool);

/* What the two inline functions below leave over. */
int sm_stack_get_slow(struct sm_stack_pool *pool, struct sm_stack **ret, size_t size);
void sm_stack_put_slow(struct sm_stack_pool *pool, struct sm_stack *stack);

/**
 * A stack of at least `size` bytes (0: the pool's default), the hottest there is. Sizes
 * count the guard page and the colouring, as the pool's does.
 *
 * @return 0, or -ENOMEM (no memory, or the mapping budget is used up: `sm_stack_reason()`
 *         says which, in a sentence); *ret is untouched then
 */
static inline int sm_stack_get(struct sm_stack_pool *pool, struct sm_stack **ret,
                               size_t size)
{
    struct sm_stack *stack = pool->free;
    if (SM_ASAN || SM_TSAN || sm_unlikely(!stack || size > pool->size))
        return sm_stack_get_slow(pool, ret, size);
    sm_assert(stack->state == SM_STACK_FREE);
    pool->free = stack->next;
    pool->free_count--;
    pool->live++;
    stack->state = SM_STACK_LIVE;
    stack->cold = false;
    *ret = stack;
    return 0;
}

/**
 * Give a stack back. It may be the one the caller is running on: its memory stays valid
 * until the next sm_stack_get() or sm_stack_trim() of this pool.
 */
static inline void sm_stack_put(struct sm_stack_pool *pool, struct sm_stack *stack)
{
    sm_assert(stack->state == SM_STACK_LIVE);
    if (SM_ASAN || SM_TSAN || sm_unlikely(stack->single)) {
        sm_stack_put_slow(pool, stack);
        return;
    }
    stack->state = SM_STACK_FREE;
    stack->next = pool->free;
    pool->free = stack;
    pool->free_count++;
    pool->live--;
}

/**
 * Put a fresh context on the stack, into stack->context: whatever was suspended on it is
 * forgotten. Use this rather than sm_context_make(), as the sanitizers must be told.
 */
void sm_stack_prepare(struct sm_stack *stack, void (*entry)(void *), void *arg);

/**
 * Describe the calling thread's own stack, so that it can take part in switches. Only
 * the sanitizers look at base and top; without them this costs nothing.
 */
void sm_stack_of_thread(struct sm_stack *stack);

/** Give the pages of all but `keep` pooled stacks back to the system, in bulk. */
void sm_stack_trim(struct sm_stack_pool *pool, size_t keep);

/** Checks the canary; true if it is intact or there is none. */
bool sm_stack_intact(const struct sm_stack *stack);

/** How many bytes of the stack were ever touched since it was mapped (mincore). */
size_t sm_stack_used(const struct sm_stack *stack);

/** Why the last sm_stack_get() of this thread failed, a sentence for people. */
const char *sm_stack_reason(void);

/* ---- for tests: what another kernel would do ----------------------------------------- */

/** The kernel refuses every kind of guard before `best`. SM_GUARD_NONE: no pretending. */
void sm_stack_force(enum sm_guard best);

/** … and every way of guarding several stacks in one call before `best`. */
enum sm_guard_batch { SM_BATCH_PIDFD_SELF, SM_BATCH_PIDFD, SM_BATCH_NONE };
void sm_stack_force_batch(enum sm_guard_batch best);

/** So many more guards may be made by mprotect; -1: as vm.max_map_count says. */
void sm_stack_set_budget(long guards);

/**
 * The return addresses of what is suspended on a stack, innermost first. The unwinder
 * runs on that stack, so there must be room for it: 0 if there is not, or if this
 * architecture cannot tell.
 *
 * @param self  the stack of the caller
 */
int sm_stack_backtrace(struct sm_stack *self, struct sm_stack *stack,
                       sm_context context, void **frames, int max);

/* ---- overflow report (overflow.c) --------------------------------------------------- */

/* What to print about the owner of a stack; set by task/, called in a signal handler. */
typedef void sm_overflow_describe(const struct sm_stack *stack, char *text,
                                  size_t size);

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

/** The stack of ours that `address` lies in; NULL: that of a thread. */
struct sm_stack *sm_stack_around(const void *address);

#endif
