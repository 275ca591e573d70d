/* SPDX-License-Identifier: MIT */
/*
 * Memory, from the user's allocator. The functions here cannot be made to fail; the
 * macros of sys.h in front of them can.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "simul/base.h"

static void *plain_malloc(size_t size, void *arg)
{
    (void)arg;
    return malloc(size);
}

static void *plain_realloc(void *ptr, size_t size, void *arg)
{
    (void)arg;
    return realloc(ptr, size);
}

static void plain_free(void *ptr, void *arg)
{
    (void)arg;
    free(ptr);
}

static const simul_allocator plain = {plain_malloc, plain_realloc, plain_free, NULL};
static simul_allocator allocator = {plain_malloc, plain_realloc, plain_free, NULL};
static atomic_bool used; /* memory was handed out: too late for another allocator */

int simul_set_allocator(const simul_allocator *wanted)
{
    if (wanted && (!wanted->malloc || !wanted->realloc || !wanted->free))
        return -EINVAL;
    if (atomic_load(&used))
        return -SIMUL_ESTATE;
    allocator = wanted ? *wanted : plain;
    return 0;
}

/* Written once only, so that threads which allocate do not share a dirty cache line. */
static void mark_used(void)
{
    if (!atomic_load_explicit(&used, memory_order_relaxed))
        atomic_store_explicit(&used, true, memory_order_relaxed);
}

/* malloc(0) may be NULL, which our callers would take for a failure: ask for a byte. */
void *sm_mem_alloc(size_t size)
{
    mark_used();
    return allocator.malloc(size ? size : 1, allocator.arg);
}

/* calloc(3) need not clear what comes fresh from the kernel. */
void *sm_mem_zalloc(size_t size)
{
    if (allocator.malloc == plain_malloc) {
        mark_used();
        return calloc(1, size ? size : 1);
    }
    void *ptr = sm_mem_alloc(size);
    return ptr ? memset(ptr, 0, size) : NULL;
}

void *sm_mem_realloc(void *ptr, size_t size)
{
    mark_used();
    return allocator.realloc(ptr, size ? size : 1, allocator.arg);
}

void sm_free(void *ptr)
{
    if (ptr)
        allocator.free(ptr, allocator.arg);
}

char *sm_mem_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = sm_mem_alloc(size);
    return copy ? memcpy(copy, text, size) : NULL;
}
