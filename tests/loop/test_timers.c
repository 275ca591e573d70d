/* SPDX-License-Identifier: MIT */
/* The timer heap by itself, against a plain list of what is armed. */
#include "support/harness.h"

#include <math.h>

#include "base/list.h"
#include "loop/timer.h"

enum { N = 500 };

static struct sm_timers timers;

static struct entry {
    struct sm_timer timer;
    double when;
    int order; /* in which it was started */
} entries[N];

static double fired_when;
static int fired_order, fired;

static bool is_before(const struct entry *a, const struct entry *b)
{
    return a->when < b->when || (a->when == b->when && a->order < b->order);
}

static void fire(struct sm_timer *timer)
{
    struct entry *entry = sm_container_of(timer, struct entry, timer);
    struct entry last = {.when = fired_when, .order = fired_order};
    ck_assert(fired == 0 || is_before(&last, entry));
    fired_when = entry->when;
    fired_order = entry->order;
    fired++;
}

/* Times that repeat, in no order; the same ones each time. */
static double time_of(int i)
{
    return (i * 7919 + 13) % 97;
}

static void start(int i, double when)
{
    static int order;
    entries[i].timer.fire = fire;
    entries[i].when = when;
    entries[i].order = order++;
    ck_assert_int_eq(sm_timer_start(&timers, &entries[i].timer, when), 0);
}

static void start_all(void)
{
    for (int i = 0; i < N; i++)
        start(i, time_of(i));
}

static void check_first(void)
{
    double first = INFINITY;
    for (int i = 0; i < N; i++)
        if (sm_timer_armed(&entries[i].timer) && entries[i].when < first)
            first = entries[i].when;
    ck_assert(sm_timers_next(&timers) == first);
}

static int armed(void)
{
    int n = 0;
    for (int i = 0; i < N; i++)
        n += sm_timer_armed(&entries[i].timer);
    return n;
}

/* All that are left come, in order. */
static void check_rest(void)
{
    int left = armed();
    fired = 0;
    check_first();
    ck_assert_uint_eq(sm_timers_live(&timers), (unsigned)left);
    ck_assert_uint_eq(sm_timers_fire(&timers, INFINITY), (unsigned)left);
    ck_assert_int_eq(fired, left);
    ck_assert_int_eq(armed(), 0);
    sm_timers_finish(&timers);
}

TEST(timers_come_in_the_order_of_their_time_and_ties_in_that_of_their_start)
{
    start_all();
    check_rest();
}

TEST(only_what_is_due_comes)
{
    start_all();

    unsigned due = 0;
    for (int i = 0; i < N; i++)
        due += time_of(i) <= 40;
    ck_assert_uint_eq(sm_timers_fire(&timers, 40), due);
    ck_assert(sm_timers_next(&timers) > 40);
    check_rest();
}

/* More than half: they are dropped at once, and the others keep their order. */
TEST(order_is_kept_when_stopped_timers_are_dropped)
{
    start_all();
    for (int i = 0; i < N; i++)
        if (i % 3 != 0 || time_of(i) < 20) { /* also those that come first */
            sm_timer_stop(&timers, &entries[i].timer);
            check_first();
        }

    ck_assert_uint_lt(timers.count, N / 2);
    check_rest();
}

TEST(stopped_timers_make_room_before_the_heap_grows)
{
    start_all();
    uint32_t capacity = timers.capacity;
    for (int round = 0; round < 100; round++)
        for (int i = 0; i < 50; i++) { /* too few to be dropped for their number */
            sm_timer_stop(&timers, &entries[i].timer);
            start(i, time_of(i + round));
        }

    ck_assert_uint_eq(timers.capacity, capacity);
    check_rest();
}

TEST(a_timer_that_was_stopped_may_start_again)
{
    start_all();
    for (int i = 0; i < N; i += 2) {
        sm_timer_stop(&timers, &entries[i].timer);
        sm_timer_stop(&timers, &entries[i].timer); /* twice does nothing */
        start(i, 200 - time_of(i));
    }

    check_rest();
}

TEST(a_reserved_timer_needs_no_memory)
{
    for (int i = 0; i < N; i++)
        ck_assert_int_eq(sm_timers_reserve(&timers), 0);
    uint32_t capacity = timers.capacity;

    start_all();
    ck_assert_uint_eq(timers.capacity, capacity);
    check_rest();
}

TEST(a_timer_at_infinity_is_none)
{
    start(0, INFINITY);

    ck_assert(!sm_timer_armed(&entries[0].timer));
    ck_assert(sm_timers_next(&timers) == INFINITY);
    sm_timers_finish(&timers);
}

HARNESS_MAIN("timers")
