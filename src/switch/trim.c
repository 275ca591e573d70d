/* SPDX-License-Identifier: MIT */
/* What stacks cost: giving the pages of cold ones back, and how deep one ever went. */
#include "switch/slab.h"

#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

static char *end_of(const struct sm_stack *stack)
{
    return (char *)stack->base - sm_page_size() + stack->slab->stride;
}

/* ---- trimming ------------------------------------------------------------------------ */

/* A stack that is to become cold is `cold` already, and still in this state. */
enum { TRIMMING = SM_STACK_LIVE + 1 };

/* Mark all but the first `keep` of the free list; how many those are. */
static size_t mark(struct sm_stack_pool *pool, size_t keep)
{
    struct sm_stack *stack = pool->free;
    size_t n = 0;
    for (; stack && keep; keep--)
        stack = stack->next;
    for (; stack; stack = stack->next) {
        if (stack->cold)
            continue;
        stack->cold = true;
        stack->state = TRIMMING;
        n++;
    }
    return n;
}

/*
 * Take the pages of table[from] to table[to], guards included: MADV_DONTNEED leaves
 * guards of both kinds as they are. If the kernel refuses (locked memory) they only stay
 * warm; their frames count as gone all the same.
 */
static void give_back(struct sm_slab *slab, unsigned from, unsigned to)
{
    char *start = slab->table[from].base, *end = end_of(&slab->table[to]);
    bool done = sm_madvise(start, (size_t)(end - start), MADV_DONTNEED) == 0;
    for (unsigned i = from; i <= to; i++) {
        struct sm_stack *stack = &slab->table[i];
        if (stack->state != TRIMMING)
            continue;
        stack->state = SM_STACK_FREE;
        stack->cold = done;
        stack->prepared = false;
        stack->context = NULL;
    }
}

/* The end of the run that begins at `from`. What is cold already may lie between. */
static unsigned run_end(const struct sm_slab *slab, unsigned from)
{
    unsigned last = from;
    for (unsigned i = from + 1; i < slab->carved; i++) {
        const struct sm_stack *stack = &slab->table[i];
        if (stack->state == TRIMMING)
            last = i;
        else if (stack->state != SM_STACK_FREE || !stack->cold)
            break;
    }
    return last;
}

static void trim_slab(struct sm_slab *slab)
{
    for (unsigned i = 0; i < slab->carved; i++) {
        if (slab->table[i].state != TRIMMING)
            continue;
        unsigned last = run_end(slab, i);
        give_back(slab, i, last);
        i = last;
    }
}

void sm_stack_trim(struct sm_stack_pool *pool, size_t keep)
{
    sm_stack_drop_singles(pool, 0);
    if (mark(pool, keep) == 0)
        return;
    for (struct sm_slab *slab = pool->slabs; slab; slab = slab->next)
        trim_slab(slab);
}

/* ---- looking ------------------------------------------------------------------------- */

/* The page in the guard's place must still be all zero. */
bool sm_stack_intact(const struct sm_stack *stack)
{
    const char *page = (const char *)stack->base - sm_page_size();
    return stack->guard != SM_GUARD_CANARY
           || (page[0] == 0 && memcmp(page, page + 1, sm_page_size() - 1) == 0);
}

/* The first page of [page, end) that is present; end if none. */
static char *first_present(char *page, char *end)
{
    unsigned char present[256];
    while (page < end) {
        size_t n = (size_t)(end - page) / sm_page_size();
        if (n > sizeof present)
            n = sizeof present;
        if (sm_mincore(page, n * sm_page_size(), present) < 0)
            return end;
        for (size_t i = 0; i < n; i++, page += sm_page_size())
            if (present[i] & 1)
                return page;
    }
    return end;
}

size_t sm_stack_used(const struct sm_stack *stack)
{
    char *end = end_of(stack), *lowest = first_present(stack->base, end);
    return lowest == end ? 0 : (size_t)((char *)stack->top - lowest);
}
