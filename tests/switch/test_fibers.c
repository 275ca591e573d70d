/* SPDX-License-Identifier: MIT */
/*
 * What ThreadSanitizer knows about our stacks: contexts of one thread do not race with
 * each other, those of two threads do.
 */
#include "support/harness.h"

#include <pthread.h>
#include <string.h>

#include "switch/annotate.h"
#include "switch/child.h"

/* One thread's loop: a stack of the thread, and one of the pool. */
struct party {
    struct sm_stack_pool pool;
    struct sm_stack main, *other;
    long steps, counted; /* on both stacks */
    long *shared;        /* counted on the other one */
};

static void switch_to(struct sm_stack *from, struct sm_stack *to)
{
    sm_annotate_leave(from, to, false);
    sm_switch(&from->context, to->context);
    sm_annotate_arrive(from);
}

static void count_there(void *arg)
{
    struct party *party = arg;
    sm_annotate_arrive(party->other);
    for (;;) {
        party->counted++;
        ++*party->shared;
        switch_to(party->other, &party->main);
    }
}

/* The locks of the slabs put what comes before and after in an order; between, none. */
static pthread_barrier_t both_have_stacks;

static void *count(void *arg)
{
    struct party *party = arg;
    sm_stack_of_thread(&party->main);
    if (sm_stack_get(&party->pool, &party->other, 0) != 0)
        _exit(91);
    sm_stack_prepare(party->other, count_there, party);
    pthread_barrier_wait(&both_have_stacks);
    for (long i = 0; i < party->steps; i++) {
        party->counted++;
        switch_to(&party->main, party->other);
    }
    sm_stack_put(&party->pool, party->other);
    sm_stack_pool_finish(&party->pool);
    if (party->counted != 2 * party->steps)
        _exit(93);
    return NULL;
}

enum { STEPS = 200 };

static void run_two_threads(long *first, long *second)
{
    struct party parties[2] = {{.shared = first, .steps = STEPS},
                               {.shared = second, .steps = STEPS}};
    pthread_t threads[2];
    pthread_barrier_init(&both_have_stacks, NULL, 2);
    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, count, &parties[i]) != 0)
            _exit(92);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

static void count_apart(void)
{
    long first = 0, second = 0;
    run_two_threads(&first, &second);
    _exit(first == STEPS && second == STEPS ? 0 : 94);
}

TEST(contexts_of_one_thread_do_not_race)
{
    struct end end = in_a_child(count_apart);
    ck_assert_msg(end.status == 0, "status %#x: %s", (unsigned)end.status, end.said);
    ck_assert_msg(!said(&end, "ThreadSanitizer"), "%s", end.said);
}

static void count_together(void)
{
    long both = 0;
    run_two_threads(&both, &both);
    _exit(0);
}

TEST(contexts_of_two_threads_do_race)
{
    struct end end = in_a_child(count_together);
    ck_assert_msg(said(&end, "data race"), "%s", end.said);
    ck_assert_msg(said(&end, "count_there"), "%s", end.said); /* a whole call stack */
}

HARNESS_MAIN("fibers")
