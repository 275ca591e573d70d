/* SPDX-License-Identifier: MIT */
/* The pool of stacks: guards of each kind, fallbacks, reuse, trimming. */
#include "support/harness.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sys.h"
#include "base/valgrind.h"
#include "switch/stack.h"

#if SM_ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Sanitizers and valgrind need address space, or time for each stack, themselves. */
static bool is_instrumented(void)
{
    return SM_ASAN || SM_TSAN || RUNNING_ON_VALGRIND;
}

static struct sm_stack_pool pool;

static struct sm_stack *get(size_t size)
{
    struct sm_stack *stack = NULL;
    ck_assert_int_eq(sm_stack_get(&pool, &stack, size), 0);
    ck_assert_ptr_nonnull(stack);
    return stack;
}

static void put(struct sm_stack *stack)
{
    sm_stack_put(&pool, stack);
}

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* ---- does a byte fault? -------------------------------------------------------------- */

static sigjmp_buf faulted;

static void on_fault(int signum)
{
    siglongjmp(faulted, signum);
}

__attribute__((no_sanitize("address"))) static void write_to(void *address)
{
    *(volatile char *)address = 1;
}

static bool faults(void *address)
{
    struct sigaction action = {.sa_handler = on_fault}, segv, bus;
    sigaction(SIGSEGV, &action, &segv);
    sigaction(SIGBUS, &action, &bus);
    VALGRIND_DISABLE_ERROR_REPORTING;
    int signum = sigsetjmp(faulted, 1);
    if (signum == 0)
        write_to(address);
    VALGRIND_ENABLE_ERROR_REPORTING;
    sigaction(SIGSEGV, &segv, NULL);
    sigaction(SIGBUS, &bus, NULL);
    return signum != 0;
}

static void check_usable_and_guarded(struct sm_stack *stack)
{
    char *base = stack->base, *top = stack->top;
    ck_assert(!faults(base));
    ck_assert(!faults(top - 1));
    ck_assert(faults(base - 1));
    ck_assert(faults(base - page_size()));
}

/* ---- getting and putting ------------------------------------------------------------- */

TEST(a_zeroed_pool_gives_guarded_stacks_of_the_default_size)
{
    struct sm_stack *stack = get(0);

    check_usable_and_guarded(stack);
    size_t usable = (size_t)((char *)stack->top - (char *)stack->base);
    ck_assert_uint_le(usable, SM_STACK_SIZE_DEFAULT - page_size());
    ck_assert_uint_gt(usable, SM_STACK_SIZE_DEFAULT - page_size() - 1024);
    ck_assert_uint_eq(pool.live, 1);

    put(stack);
    ck_assert_uint_eq(pool.live, 0);
    sm_stack_pool_finish(&pool);
}

TEST(the_stack_put_last_is_got_first)
{
    sm_stack_pool_init(&pool);
    struct sm_stack *first = get(0), *second = get(0);

    put(first);
    put(second);

    ck_assert_ptr_eq(get(0), second);
    ck_assert_ptr_eq(get(0), first);
    put(first);
    put(second);
    sm_stack_pool_finish(&pool);
}

enum { MANY = 300 };

TEST(stacks_do_not_overlap_and_each_has_its_guard)
{
    struct sm_stack *stacks[MANY];
    for (int i = 0; i < MANY; i++) {
        stacks[i] = get(0);
        memset((char *)stacks[i]->top - 64, i & 0xff, 64);
    }

    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(((unsigned char *)stacks[i]->top)[-1], i & 0xff);
        ck_assert(faults((char *)stacks[i]->base - 1));
        for (int k = 0; k < i; k++)
            ck_assert(stacks[k]->top <= stacks[i]->base
                      || stacks[i]->top <= stacks[k]->base);
    }

    for (int i = 0; i < MANY; i++)
        put(stacks[i]);
    sm_stack_pool_finish(&pool);
}

TEST(neighbouring_tops_have_different_colours)
{
    enum { N = 12 };
    unsigned colours = 0;
    struct sm_stack *stacks[N];
    for (int i = 0; i < N; i++) {
        stacks[i] = get(0);
        colours |= 1u << ((uintptr_t)stacks[i]->top / 64 % 16);
        ck_assert_uint_eq((uintptr_t)stacks[i]->top % 64, 0);
    }

    ck_assert_int_eq(__builtin_popcount(colours), N);

    for (int i = 0; i < N; i++)
        put(stacks[i]);
    sm_stack_pool_finish(&pool);
}

TEST(a_larger_stack_is_mapped_alone_and_kept_for_the_next)
{
    struct sm_stack *large = get(1 << 20);
    check_usable_and_guarded(large);
    ck_assert_uint_ge((size_t)((char *)large->top - (char *)large->base),
                      (1 << 20) - page_size());
    char *base = large->base;

    put(large);
    struct sm_stack *other = get(2 << 20), *again = get(1 << 20);

    ck_assert_ptr_eq(again->base, base);
    check_usable_and_guarded(other);
    put(other);
    put(again);
    sm_stack_pool_finish(&pool);
}

TEST(at_most_eight_larger_stacks_are_kept)
{
    struct sm_stack *stacks[20];
    for (int i = 0; i < 20; i++)
        stacks[i] = get(SM_STACK_SIZE_DEFAULT * 2);
    char *last = stacks[19]->base;

    for (int i = 0; i < 20; i++)
        put(stacks[i]);

    ck_assert_uint_eq(pool.singles_free, 8);
    ck_assert(!faults(last)); /* one may still be running on it */
    sm_stack_pool_finish(&pool);
}

TEST(a_stack_nobody_can_have_is_refused_with_a_reason)
{
    struct sm_stack *stack = (void *)&pool;

    ck_assert_int_eq(sm_stack_get(&pool, &stack, SIZE_MAX), -ENOMEM);
    ck_assert_ptr_eq(stack, &pool);
    ck_assert_ptr_nonnull(strstr(sm_stack_reason(), "address space"));
    ck_assert_int_eq(sm_stack_get(&pool, &stack, (size_t)1 << 60), -ENOMEM);
    ck_assert_uint_eq(pool.live, 0);
    sm_stack_pool_finish(&pool);
}

TEST(an_odd_default_size_is_rounded_up)
{
    sm_stack_pool_init(&pool);
    pool.size = 100001;
    struct sm_stack *stack = get(0);
    check_usable_and_guarded(stack);
    ck_assert_uint_ge(pool.size, 100001);
    ck_assert_uint_eq(pool.size % page_size(), 0);
    put(stack);
    sm_stack_pool_finish(&pool);

    pool.size = 1;
    stack = get(0);
    ck_assert_uint_eq(pool.size, SM_STACK_SIZE_MIN);
    put(stack);
    sm_stack_pool_finish(&pool);
}

TEST(a_default_size_larger_than_a_slab_works)
{
    sm_stack_pool_init(&pool);
    pool.size = 128 << 20;
    struct sm_stack *stack = get(0);
    check_usable_and_guarded(stack);
    put(stack);
    sm_stack_pool_finish(&pool);
}

/* ---- guards -------------------------------------------------------------------------- */

TEST(the_kernel_of_today_guards_without_mappings)
{
    struct sm_stack *stack = get(0);
    enum sm_guard guard = stack->guard;
    put(stack);
    sm_stack_pool_finish(&pool);

    char *page = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool knows = madvise(page, page_size(), 102 /* MADV_GUARD_INSTALL */) == 0
                 && faults(page); /* qemu-user says yes and does nothing */
    munmap(page, page_size());
    ck_assert_int_eq(guard, knows ? SM_GUARD_MADVISE : SM_GUARD_MPROTECT);
}

static void check_batch(enum sm_guard_batch best)
{
    struct sm_stack *stacks[40];
    sm_stack_force_batch(best);
    for (int i = 0; i < 40; i++)
        check_usable_and_guarded(stacks[i] = get(0));
    for (int i = 0; i < 40; i++) {
        ck_assert_int_eq(stacks[i]->guard, stacks[0]->guard);
        put(stacks[i]);
    }
    sm_stack_pool_finish(&pool);
}

TEST(batches_of_guards_without_the_name_of_the_process_itself)
{
    check_batch(SM_BATCH_PIDFD);
}

TEST(guards_one_by_one_when_batches_are_refused)
{
    check_batch(SM_BATCH_NONE);
}

TEST(guards_fall_back_to_mprotect_when_the_advice_is_refused)
{
    sm_stack_force(SM_GUARD_MPROTECT);
    struct sm_stack *stack = get(0);

    ck_assert_int_eq(stack->guard, SM_GUARD_MPROTECT);
    check_usable_and_guarded(stack);
    ck_assert(sm_stack_intact(stack));

    put(stack);
    sm_stack_pool_finish(&pool);
}

TEST(when_the_mapping_budget_is_used_up_it_is_said)
{
    struct sm_stack *stacks[20], *one_more = NULL;
    sm_stack_force(SM_GUARD_MPROTECT);
    sm_stack_set_budget(20);
    for (int i = 0; i < 20; i++) {
        stacks[i] = get(0);
        ck_assert(faults((char *)stacks[i]->base - 1));
    }

    ck_assert_int_eq(sm_stack_get(&pool, &one_more, 0), -ENOMEM);
    ck_assert_ptr_null(one_more);
    ck_assert_ptr_nonnull(strstr(sm_stack_reason(), "vm.max_map_count"));
    ck_assert_int_eq(sm_stack_get(&pool, &one_more, 1 << 20), -ENOMEM);

    put(stacks[19]);
    ck_assert_ptr_eq(get(0), stacks[19]);
    for (int i = 0; i < 20; i++)
        put(stacks[i]);
    sm_stack_pool_finish(&pool);
}

#if SM_ASAN
/* Frames that are never returned from leave red zones. */
TEST(the_next_who_maps_the_memory_may_write_to_it)
{
    struct sm_stack *stack = get(0);
    char *from = stack->base;
    size_t size = (size_t)((char *)stack->top - from);
    size -= size % page_size(); /* the tops have colours */
    ASAN_POISON_MEMORY_REGION(from, size);
    put(stack);
    sm_stack_pool_finish(&pool);

    char *next = mmap(from, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ck_assert_ptr_eq(next, from);
    memset(next, 1, size);
    munmap(next, size);
}
#endif

TEST(finishing_a_pool_gives_its_guards_back_to_the_budget)
{
    sm_stack_force(SM_GUARD_MPROTECT);
    sm_stack_set_budget(13); /* a batch of eight, and five alone */

    for (int round = 0; round < 5; round++) {
        struct sm_stack *stacks[10];
        for (int i = 0; i < 10; i++)
            stacks[i] = get(i % 2 ? 1 << 20 : 0);
        for (int i = 0; i < 10; i++)
            put(stacks[i]);
        sm_stack_pool_finish(&pool);
    }
}

TEST(the_budget_comes_from_the_system_and_leaves_headroom)
{
    enum { MOST = 40000 };
    if (RUNNING_ON_VALGRIND)
        return; /* it has fewer mappings than the system */
    sm_stack_force(SM_GUARD_MPROTECT);
    static struct sm_stack *stacks[MOST];
    pool.size = SM_STACK_SIZE_MIN;
    int n = 0, r = 0;

    while (n < MOST && (r = sm_stack_get(&pool, &stacks[n], 0)) == 0)
        n++;

    ck_assert_int_eq(r, -ENOMEM);
    ck_assert_int_gt(n, 1000);
    void
        *apart[1000]; /* unrelated mappings still work; alternating, not to be merged */
    for (int i = 0; i < 1000; i++) {
        int prot = i % 2 ? PROT_READ : PROT_NONE;
        apart[i] = mmap(NULL, page_size(), prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(apart[i], MAP_FAILED);
    }
    while (n > 0)
        put(stacks[--n]);
    sm_stack_pool_finish(&pool);
}

TEST(canaries_take_over_if_they_were_accepted)
{
    sm_stack_force(SM_GUARD_MPROTECT);
    sm_stack_set_budget(1);
    pool.accept_canaries = true;
    struct sm_stack *guarded = get(0), *canary = get(0);

    ck_assert_int_eq(guarded->guard, SM_GUARD_MPROTECT);
    ck_assert_int_eq(canary->guard, SM_GUARD_CANARY);
    ck_assert(sm_stack_intact(guarded));
    ck_assert(sm_stack_intact(canary));
    *(char *)canary->base = 1;
    ck_assert(sm_stack_intact(canary));

    put(guarded);
    put(canary);
    sm_stack_pool_finish(&pool);
}

TEST(a_canary_notices_the_first_and_the_last_byte_of_an_overflow)
{
    sm_stack_force(SM_GUARD_CANARY);
    pool.accept_canaries = true;
    struct sm_stack *first = get(0), *last = get(0);

    ((char *)first->base)[-1] = 1;
    ((char *)last->base)[-(ptrdiff_t)page_size()] = 1;

    ck_assert(!sm_stack_intact(first));
    ck_assert(!sm_stack_intact(last));
    put(first);
    put(last);
    sm_stack_pool_finish(&pool);
}

TEST(without_any_guard_and_without_canaries_there_is_no_stack)
{
    struct sm_stack *stack = NULL;
    sm_stack_force(SM_GUARD_CANARY);
    ck_assert_int_eq(sm_stack_get(&pool, &stack, 0), -ENOMEM);
    ck_assert_int_eq(sm_stack_get(&pool, &stack, 1 << 20), -ENOMEM);
    sm_stack_pool_finish(&pool);
}

TEST(locked_memory_takes_no_advice_but_is_guarded)
{
    if (mlockall(MCL_FUTURE) != 0)
        return; /* not allowed here: nothing to test */
    pool.size = SM_STACK_SIZE_MIN;
    struct sm_stack *stack = get(0);
    check_usable_and_guarded(stack);
    put(stack);
    sm_stack_pool_finish(&pool);
}

TEST(a_limit_of_address_space_is_met_with_smaller_slabs)
{
    struct rlimit limit;
    if (is_instrumented())
        return;
    getrlimit(RLIMIT_AS, &limit);
    unsigned long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(statm, "%lu", &pages), 1);
    fclose(statm);
    limit.rlim_cur = pages * page_size() + (3 << 20);
    setrlimit(RLIMIT_AS, &limit);
    if (mmap(NULL, 4 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        != MAP_FAILED)
        return; /* an emulator does not enforce it */

    struct sm_stack *stack = get(0);
    check_usable_and_guarded(stack);
    struct sm_stack *others[100];
    int n = 0, r = 0;
    while (n < 100 && (r = sm_stack_get(&pool, &others[n], 0)) == 0)
        n++;

    ck_assert_int_eq(r, -ENOMEM);
    ck_assert_int_gt(n, 20);
    while (n > 0)
        put(others[--n]);
    put(stack);
    sm_stack_pool_finish(&pool);
}

/* ---- pages --------------------------------------------------------------------------- */

TEST(a_stack_says_how_deep_it_was_used)
{
    struct sm_stack *stack = get(0);
    ck_assert_uint_eq(sm_stack_used(stack), 0);

    ((char *)stack->top)[-1] = 1;
    ck_assert_uint_le(sm_stack_used(stack), page_size());
    ck_assert_uint_gt(sm_stack_used(stack), 0);

    ((char *)stack->top)[-20000] = 1;
    ck_assert_uint_ge(sm_stack_used(stack), 20000);
    ck_assert_uint_le(sm_stack_used(stack), 20000 + page_size());
    put(stack);
    sm_stack_pool_finish(&pool);
}

static void touch(struct sm_stack *stack)
{
    memset((char *)stack->top - 64, 0x5a, 64);
    *(char *)stack->base = 1;
}

static void check_trim(void)
{
    struct sm_stack *stacks[40];
    for (int i = 0; i < 40; i++)
        touch(stacks[i] = get(0));
    struct sm_stack *live = stacks[20];
    for (int i = 0; i < 40; i++)
        if (i != 20)
            put(stacks[i]); /* the last ones are the hottest */
    stacks[5]->prepared = true;

    sm_stack_trim(&pool, 10);

    for (int i = 0; i < 40; i++) {
        bool kept = i == 20 || i >= 30;
        ck_assert_int_eq(sm_stack_used(stacks[i]) > 0, kept);
        ck_assert_int_eq(stacks[i]->cold, !kept);
    }
    ck_assert(!stacks[5]->prepared);
    ck_assert_int_eq(((char *)live->top)[-1], 0x5a);
    for (int i = 30; i < 40; i++)
        ck_assert_int_eq(((char *)stacks[i]->top)[-1], 0x5a);
    for (int i = 0; i < 40; i++)
        if (stacks[i]->guard != SM_GUARD_CANARY)
            ck_assert(faults((char *)stacks[i]->base - 1));

    ck_assert_ptr_eq(get(0), stacks[39]); /* and they are good for use again */
    for (int i = 38; i >= 0; i--) {
        if (i == 20)
            continue;
        struct sm_stack *stack = get(0);
        ck_assert_ptr_eq(stack, stacks[i]);
        ck_assert(!stack->cold);
        touch(stack);
    }
    for (int i = 0; i < 40; i++)
        put(stacks[i]);
    sm_stack_trim(&pool, 0);
    for (int i = 0; i < 40; i++)
        ck_assert_uint_eq(sm_stack_used(stacks[i]), 0);
    sm_stack_pool_finish(&pool);
}

TEST(trimming_takes_the_pages_of_all_but_the_hottest)
{
    check_trim();
}

TEST(trimming_keeps_guards_made_by_mprotect)
{
    sm_stack_force(SM_GUARD_MPROTECT);
    check_trim();
}

TEST(trimming_makes_canaries_whole)
{
    sm_stack_force(SM_GUARD_CANARY);
    pool.accept_canaries = true;
    check_trim();
}

TEST(trimming_unmaps_what_was_kept_of_other_sizes)
{
    struct sm_stack *large = get(1 << 20);
    char *base = large->base;
    *base = 1;
    put(large);

    sm_stack_trim(&pool, 10);

    ck_assert_uint_eq(pool.singles_free, 0);
    ck_assert(faults(base));
    sm_stack_pool_finish(&pool);
}

static size_t mappings(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    size_t lines = 0;
    for (int c = 0; (c = fgetc(maps)) != EOF;)
        lines += c == '\n';
    fclose(maps);
    return lines;
}

TEST_TIMEOUT(a_million_stacks, 120)
{
    enum { MILLION = 1000000 };
    if (is_instrumented())
        return;
    struct sm_stack *held = NULL;
    size_t before = mappings();

    for (int i = 0; i < MILLION; i++) {
        struct sm_stack *stack = get(0);
        stack->owner = held;
        held = stack;
        if (stack->guard != SM_GUARD_MADVISE)
            break; /* an older kernel has no million guards */
    }

    ck_assert_uint_lt(mappings(), before + 1200);
    for (struct sm_stack *next; held; held = next) {
        next = held->owner;
        put(held);
    }
    sm_stack_pool_finish(&pool);
    ck_assert_uint_le(mappings(), before + 2);
}

HARNESS_MAIN("stack")
