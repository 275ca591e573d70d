/* SPDX-License-Identifier: MIT */
/* The pool of stacks: what its inline functions (stack.h) leave over. */
#include "switch/slab.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#if SM_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if SM_TSAN
void *__tsan_get_current_fiber(void);
void __tsan_destroy_fiber(void *fiber);
#endif

enum {
    SLAB_FIRST = 4 << 20, /* bytes; each is twice the one before, up to … */
    SLAB_LAST = 64 << 20,
    SLAB_STACKS_MIN = 4, /* so many fit into a slab, however large they are */
    CARVE_MIN = 8,
    CARVE_MAX = 128, /* as many as were handed out, within these */
    SINGLES_KEPT = 8 /* stacks of odd sizes that wait for one who wants the same */
};

static const char no_memory[] = "the system has no memory or address space for stacks";

/* ---- filling the pool ---------------------------------------------------------------- */

/* A smaller slab may still fit where the next one does not (RLIMIT_AS, strict
 * overcommit). */
static struct sm_slab *map_slab(size_t bytes, size_t stride)
{
    struct sm_slab *slab = NULL;
    while (!slab && bytes >= sm_slab_bytes(1, stride)) {
        slab = sm_slab_map(bytes, stride);
        bytes = sm_pages(bytes / 2);
    }
    return slab;
}

static int add_slab(struct sm_stack_pool *pool)
{
    size_t bytes = pool->slabs ? pool->slabs->mapped * 2 : SLAB_FIRST;
    size_t least = sm_slab_bytes(SLAB_STACKS_MIN, pool->size);
    if (bytes > SLAB_LAST)
        bytes = SLAB_LAST;
    struct sm_slab *slab = map_slab(bytes < least ? least : bytes, pool->size);
    if (!slab)
        return sm_stack_fail(no_memory);
    slab->next = pool->slabs;
    pool->slabs = slab;
    return 0;
}

static unsigned batch_of(const struct sm_stack_pool *pool)
{
    if (pool->live < CARVE_MIN)
        return CARVE_MIN;
    return pool->live > CARVE_MAX ? CARVE_MAX : (unsigned)pool->live;
}

/* The lowest stack comes first, so that a batch is handed out in ascending order. */
static int refill(struct sm_stack_pool *pool)
{
    if (!pool->slabs || pool->slabs->carved == pool->slabs->count) {
        int r = add_slab(pool);
        if (r < 0)
            return r;
    }
    struct sm_slab *slab = pool->slabs;
    int n = sm_slab_carve(pool, slab, batch_of(pool));
    for (int i = 1; i <= n; i++) {
        struct sm_stack *stack = &slab->table[slab->carved - (unsigned)i];
        stack->next = pool->free;
        pool->free = stack;
        pool->free_count++;
    }
    return n < 0 ? n : 0;
}

/* ---- stacks of other sizes ----------------------------------------------------------- */

static struct sm_stack *take_kept_single(struct sm_stack_pool *pool, size_t size)
{
    for (struct sm_slab **link = &pool->singles; *link; link = &(*link)->next) {
        struct sm_slab *slab = *link;
        if (slab->stride != size)
            continue;
        *link = slab->next;
        pool->singles_free--;
        return slab->table;
    }
    return NULL;
}

static int map_single(struct sm_stack_pool *pool, struct sm_stack **ret, size_t size)
{
    struct sm_slab *slab = sm_slab_map(sm_slab_bytes(1, size), size);
    if (!slab)
        return sm_stack_fail(no_memory);
    int r = sm_slab_carve(pool, slab, 1);
    if (r < 0) {
        sm_slab_unmap(slab);
        return r;
    }
    slab->table->single = true;
    *ret = slab->table;
    return 0;
}

static int get_single(struct sm_stack_pool *pool, struct sm_stack **ret, size_t size)
{
    if (size > PTRDIFF_MAX / 2)
        return sm_stack_fail(no_memory);
    size = sm_pages(size);
    struct sm_stack *stack = take_kept_single(pool, size);
    if (!stack) {
        int r = map_single(pool, &stack, size);
        if (r < 0)
            return r;
    }
    *ret = stack;
    return 0;
}

void sm_stack_drop_singles(struct sm_stack_pool *pool, size_t keep)
{
    struct sm_slab **link = &pool->singles;
    for (size_t i = 0; i < keep && *link; i++)
        link = &(*link)->next;
    while (*link) {
        struct sm_slab *slab = *link;
        *link = slab->next;
        pool->singles_free--;
        sm_slab_unmap(slab);
    }
}

/* The caller may be running on it: it goes first, so that it is not dropped now. */
static void put_single(struct sm_stack_pool *pool, struct sm_stack *stack)
{
    stack->slab->next = pool->singles;
    pool->singles = stack->slab;
    pool->singles_free++;
    sm_stack_drop_singles(pool, SINGLES_KEPT);
}

/* ---- get and put --------------------------------------------------------------------- */

static int get_pooled(struct sm_stack_pool *pool, struct sm_stack **ret)
{
    if (!pool->free) {
        int r = refill(pool);
        if (r < 0)
            return r;
    }
    struct sm_stack *stack = pool->free;
    pool->free = stack->next;
    pool->free_count--;
    *ret = stack;
    return 0;
}

int sm_stack_get_slow(struct sm_stack_pool *pool, struct sm_stack **ret, size_t size)
{
    if (!pool->slabs) {
        if (!pool->size)
            pool->size = SM_STACK_SIZE_DEFAULT;
        pool->size =
            sm_pages(pool->size < SM_STACK_SIZE_MIN ? SM_STACK_SIZE_MIN : pool->size);
    }
    struct sm_stack *stack = NULL;
    int r =
        size > pool->size ? get_single(pool, &stack, size) : get_pooled(pool, &stack);
    if (r < 0)
        return r;
    stack->state = SM_STACK_LIVE;
    stack->cold = false;
    pool->live++;
    sm_roots_add(pool, stack);
    *ret = stack;
    return 0;
}

void sm_stack_put_slow(struct sm_stack_pool *pool, struct sm_stack *stack)
{
    sm_roots_remove(stack);
    stack->state = SM_STACK_FREE;
    pool->live--;
    if (stack->single) {
        put_single(pool, stack);
        return;
    }
    stack->next = pool->free;
    pool->free = stack;
    pool->free_count++;
}

void sm_stack_pool_init(struct sm_stack_pool *pool)
{
    *pool = (struct sm_stack_pool){.size = SM_STACK_SIZE_DEFAULT};
}

void sm_stack_pool_finish(struct sm_stack_pool *pool)
{
    sm_assert(pool->live == 0);
    sm_stack_drop_singles(pool, 0);
    while (pool->slabs) {
        struct sm_slab *slab = pool->slabs;
        pool->slabs = slab->next;
        sm_slab_unmap(slab);
    }
    pool->free = NULL;
    pool->free_count = 0;
}

/* ---- contexts ------------------------------------------------------------------------ */

void sm_stack_prepare(struct sm_stack *stack, void (*entry)(void *), void *arg)
{
#if SM_ASAN
    /* Frames that were never left have left their red zones behind. */
    ASAN_UNPOISON_MEMORY_REGION(stack->base, (char *)stack->top - (char *)stack->base);
    stack->asan_fake = NULL;
#endif
#if SM_TSAN
    if (stack->tsan)
        __tsan_destroy_fiber(stack->tsan);
    stack->tsan = NULL;
#endif
    stack->context = sm_context_make(stack->base, stack->top, entry, arg);
}

#if SM_ASAN
static void find_bounds(struct sm_stack *stack)
{
    pthread_attr_t attr;
    size_t size;
    if (pthread_getattr_np(pthread_self(), &attr) != 0)
        return; /* no memory, no /proc: the sanitizer then knows less */
    if (pthread_attr_getstack(&attr, &stack->base, &size) == 0)
        stack->top = (char *)stack->base + size;
    pthread_attr_destroy(&attr);
}
#endif

void sm_stack_of_thread(struct sm_stack *stack)
{
    memset(stack, 0, sizeof *stack);
    stack->state = SM_STACK_OUTSIDE;
#if SM_ASAN
    find_bounds(stack);
#endif
#if SM_TSAN
    stack->tsan = __tsan_get_current_fiber();
#endif
}
