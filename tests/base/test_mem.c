/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <string.h>

#include "base/sys.h"
#include "simul/base.h"

struct counts {
    int taken, freed;
};

static void *count_malloc(size_t size, void *arg)
{
    ((struct counts *)arg)->taken++;
    return malloc(size);
}

static void *count_realloc(void *ptr, size_t size, void *arg)
{
    ((struct counts *)arg)->taken += ptr == NULL;
    return realloc(ptr, size);
}

static void count_free(void *ptr, void *arg)
{
    ((struct counts *)arg)->freed++;
    free(ptr);
}

TEST(all_memory_comes_from_the_allocator_that_was_set)
{
    struct counts counts = {0, 0};
    simul_allocator counting = {count_malloc, count_realloc, count_free, &counts};
    ck_assert_int_eq(simul_set_allocator(&counting), 0);

    char *text = sm_strdup("abc");
    char *zeros = sm_zalloc(100);
    void *grown = sm_realloc(NULL, 10);

    ck_assert(text && zeros && grown);
    ck_assert_str_eq(text, "abc");
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(zeros[i], 0);
    ck_assert_int_eq(counts.taken, 3);
    sm_free(text);
    sm_free(zeros);
    sm_free(grown);
    sm_free(NULL);
    ck_assert_int_eq(counts.freed, 3);
}

TEST(the_allocator_cannot_change_once_memory_was_given)
{
    struct counts counts = {0, 0};
    simul_allocator counting = {count_malloc, count_realloc, count_free, &counts};
    sm_free(sm_malloc(1));

    ck_assert_int_eq(simul_set_allocator(&counting), -SIMUL_ESTATE);

    sm_free(sm_malloc(1));
    ck_assert_int_eq(counts.taken, 0);
}

TEST(an_allocator_without_all_its_functions_is_refused)
{
    simul_allocator lacking = {count_malloc, count_realloc, NULL, NULL};
    ck_assert_int_eq(simul_set_allocator(&lacking), -EINVAL);
    ck_assert_int_eq(simul_set_allocator(NULL), 0);
}

TEST(no_bytes_at_all_are_still_an_allocation)
{
    void *a = sm_malloc(0), *b = sm_zalloc(0), *c = sm_realloc(NULL, 0);
    ck_assert(a && b && c);
    sm_free(a);
    sm_free(b);
    sm_free(c);
}

HARNESS_MAIN("mem")
