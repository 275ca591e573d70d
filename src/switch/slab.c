/* SPDX-License-Identifier: MIT */
/* Slabs of stacks: mapping, carving, and the registry of all of them. */
#include "switch/slab.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/sys.h"
#include "base/valgrind.h"

#if SM_ASAN
#include <sanitizer/asan_interface.h>
#endif

#if SM_TSAN
void __tsan_destroy_fiber(void *fiber);
#endif

/* Stack i begins (i % COLOURS) * COLOUR_BYTES below its top. */
enum { COLOURS = 16, COLOUR_BYTES = 64 };

size_t sm_page_size(void)
{
    static size_t size; /* written by whoever comes first; the same value each time */
    size_t known = __atomic_load_n(&size, __ATOMIC_RELAXED);
    if (!known) {
        known = (size_t)sysconf(_SC_PAGESIZE);
        __atomic_store_n(&size, known, __ATOMIC_RELAXED);
    }
    return known;
}

size_t sm_pages(size_t size)
{
    size_t mask = sm_page_size() - 1;
    return (size + mask) & ~mask;
}

/* ---- the registry -------------------------------------------------------------------- */

/*
 * A signal handler walks the list without the lock. So links are stored atomically, a
 * slab is unlinked before it is unmapped, and unmapping waits until no walker is left
 * that may still stand on it.
 */
static struct sm_slab *registry;
static atomic_int walkers;
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
SM_HELD_OVER_FORKS(registry_lock)

static struct sm_slab *follow(struct sm_slab **link)
{
    return __atomic_load_n(link, __ATOMIC_ACQUIRE);
}

static void registry_add(struct sm_slab *slab)
{
    pthread_mutex_lock(&registry_lock);
    slab->all_next = registry;
    slab->all_link = &registry;
    if (registry)
        registry->all_link = &slab->all_next;
    __atomic_store_n(&registry, slab, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&registry_lock);
}

static void registry_remove(struct sm_slab *slab)
{
    pthread_mutex_lock(&registry_lock);
    __atomic_store_n(slab->all_link, slab->all_next, __ATOMIC_SEQ_CST);
    if (slab->all_next)
        slab->all_next->all_link = slab->all_link;
    pthread_mutex_unlock(&registry_lock);
    while (atomic_load(&walkers))
        sched_yield();
}

void sm_slab_each(void (*visit)(struct sm_slab *slab, void *arg), void *arg)
{
    atomic_fetch_add(&walkers, 1);
    for (struct sm_slab *it = follow(&registry); it; it = follow(&it->all_next))
        visit(it, arg);
    atomic_fetch_sub(&walkers, 1);
}

struct search {
    const char *address;
    struct sm_stack *found;
};

static void look_into(struct sm_slab *slab, void *arg)
{
    struct search *search = arg;
    size_t i = (size_t)(search->address - slab->first) / slab->stride;
    if (search->address >= slab->first
        && i < __atomic_load_n(&slab->carved, __ATOMIC_ACQUIRE))
        search->found = &slab->table[i];
}

struct sm_stack *sm_stack_around(const void *address)
{
    struct search search = {.address = address};
    sm_slab_each(look_into, &search);
    return search.found;
}

/* ---- mapping ------------------------------------------------------------------------- */

static size_t table_bytes(size_t count)
{
    return sm_pages(sizeof(struct sm_slab) + count * sizeof(struct sm_stack));
}

size_t sm_slab_bytes(size_t count, size_t stride)
{
    return table_bytes(count) + count * stride;
}

/* Huge pages would make every stack cost one: refusing them fails only where there are
 * none (EINVAL), which is as good. */
struct sm_slab *sm_slab_map(size_t bytes, size_t stride)
{
    size_t count = bytes / stride;
    while (sm_slab_bytes(count, stride) > bytes)
        count--;
    struct sm_slab *slab = sm_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (slab == MAP_FAILED)
        return NULL;
    (void)sm_madvise(slab, bytes, MADV_NOHUGEPAGE);
    slab->first = (char *)slab + table_bytes(count);
    slab->stride = stride;
    slab->mapped = bytes;
    slab->count = (unsigned)count;
    registry_add(slab);
    sm_roots_start();
    return slab;
}

static void forget(struct sm_stack *stack)
{
    VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#if SM_TSAN
    if (stack->tsan)
        __tsan_destroy_fiber(stack->tsan);
#endif
    sm_roots_remove(stack);
    sm_guard_refund(stack->guard == SM_GUARD_MPROTECT);
}

void sm_slab_unmap(struct sm_slab *slab)
{
    registry_remove(slab);
    for (unsigned i = 0; i < slab->carved; i++)
        forget(&slab->table[i]);
#if SM_ASAN
    /* Frames that were never left have left their red zones behind: not for those who get
     * these addresses next. */
    ASAN_UNPOISON_MEMORY_REGION(slab, slab->mapped);
#endif
    sm_munmap(slab, slab->mapped);
}

/* ---- carving ------------------------------------------------------------------------- */

static void carve_one(struct sm_slab *slab, enum sm_guard guard)
{
    unsigned i = slab->carved;
    char *bottom = slab->first + i * slab->stride;
    struct sm_stack *stack = &slab->table[i];
    stack->base = bottom + sm_page_size();
    stack->top = bottom + slab->stride - i % COLOURS * COLOUR_BYTES;
    stack->slab = slab;
    stack->state = SM_STACK_FREE;
    stack->guard = (uint8_t)guard;
    stack->cold = true;
    stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->base, bottom + slab->stride);
    __atomic_store_n(&slab->carved, i + 1, __ATOMIC_RELEASE); /* seen by the walkers */
}

int sm_slab_carve(struct sm_stack_pool *pool, struct sm_slab *slab, unsigned n)
{
    enum sm_guard guard;
    if (n > slab->count - slab->carved)
        n = slab->count - slab->carved;
    int done = sm_guard_install(pool, slab->first + slab->carved * slab->stride,
                                slab->stride, n, &guard);
    for (int i = 0; i < done; i++)
        carve_one(slab, guard);
    return done;
}
