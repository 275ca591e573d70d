/* SPDX-License-Identifier: MIT */
/*
 * What AddressSanitizer and LeakSanitizer know about our stacks. Each thing that must
 * not be reported stands beside one that must.
 */
#include "support/harness.h"

#include <sanitizer/lsan_interface.h>
#include <setjmp.h>
#include <string.h>

#include "contract/two_stacks.h"
#include "switch/child.h"

static struct sm_stack_pool pool;
static struct sm_stack *pooled;

/* go() and back() work on the record `there`; here that of the pool must be current. */
static void adopt(void (*body)(void *), void *arg)
{
    if (!pooled) {
        sm_stack_of_thread(&here);
        if (sm_stack_get(&pool, &pooled, 0) != 0)
            _exit(91);
    }
    there = *pooled;
    prepare(body, arg);
}

/* What the pool's record says is what counts at exit. */
static void go_and_note(void)
{
    go();
    pooled->parked = there.parked;
    pooled->asan_fake = there.asan_fake;
}

static void give_back(void)
{
    sm_stack_put(&pool, pooled);
    pooled = NULL;
}

/* Overwrite what calls before have left below the stack pointer. */
__attribute__((noinline)) static void scrub(void)
{
    volatile char zeros[16384];
    for (size_t i = 0; i < sizeof zeros; i++)
        zeros[i] = 0;
}

__attribute__((noinline)) static void hold_across_a_switch(void)
{
    char *volatile held = malloc(1234);
    held[0] = 1;
    scrub();
    back();
    free(held);
}

static void holder(void *arg)
{
    (void)arg;
    hold_across_a_switch();
}

/* ---- in the middle of a run ---------------------------------------------------------- */

static void check_while_parked(void)
{
    adopt(holder, NULL);
    go_and_note();
    scrub();
    _exit(__lsan_do_recoverable_leak_check() ? 1 : 0);
}

TEST(what_a_parked_stack_points_to_is_no_leak)
{
    struct end end = in_a_child(check_while_parked);
    ck_assert_msg(end.status == 0, "status %#x: %s", (unsigned)end.status, end.said);
}

static void check_after_giving_back(void)
{
    adopt(holder, NULL);
    go_and_note();
    give_back(); /* the stack is gone, and with it the only pointer */
    scrub();
    _exit(__lsan_do_recoverable_leak_check() ? 1 : 0);
}

TEST(what_only_a_pooled_stack_points_to_is_a_leak)
{
    struct end end = in_a_child(check_after_giving_back);
    ck_assert_int_eq(end.status, 1 << 8);
    ck_assert_msg(said(&end, "1234 byte(s)"), "%s", end.said);
}

/* ---- at exit ------------------------------------------------------------------------- */

static void exit_while_parked(void)
{
    adopt(holder, NULL);
    go_and_note();
    scrub();
    exit(0);
}

TEST(at_exit_parked_stacks_are_roots)
{
    struct end end = in_a_child(exit_while_parked);
    ck_assert_msg(end.status == 0, "status %#x: %s", (unsigned)end.status, end.said);
}

__attribute__((noinline)) static void lose(void)
{
    char *volatile lost = malloc(4321);
    lost[0] = 1;
}

/* The pointer stays behind below the stack pointer of the parked stack. */
static void loser(void *arg)
{
    (void)arg;
    lose();
    back();
}

static void exit_after_losing(void)
{
    adopt(loser, NULL);
    go_and_note();
    scrub();
    exit(0);
}

TEST(at_exit_stale_words_of_a_parked_stack_hide_no_leak)
{
    struct end end = in_a_child(exit_after_losing);
    ck_assert_int_ne(end.status, 0);
    ck_assert_msg(said(&end, "4321 byte(s)"), "%s", end.said);
}

static void exit_there(void *arg)
{
    char *volatile held = malloc(77);
    held[0] = 1;
    (void)arg;
    exit(0);
}

__attribute__((noinline)) static void hold_here_and_exit_there(void)
{
    char *volatile held = malloc(1234);
    held[0] = 1;
    adopt(exit_there, NULL);
    go();
    free(held);
}

TEST(at_exit_from_within_a_context_the_threads_stack_is_a_root)
{
    struct end end = in_a_child(hold_here_and_exit_there);
    ck_assert_msg(end.status == 0, "status %#x: %s", (unsigned)end.status, end.said);
}

/* ---- AddressSanitizer ---------------------------------------------------------------- */

static volatile size_t eight = 8;

static void write_past_a_local(void *arg)
{
    volatile char local[8] = {0};
    volatile char *byte = local;
    (void)arg;
    byte += eight;
    *byte = 1;
}

static void overrun_there(void)
{
    adopt(write_past_a_local, NULL);
    go();
}

TEST(an_overrun_on_our_stack_is_reported_with_its_frame)
{
    struct end end = in_a_child(overrun_there);
    ck_assert_int_ne(end.status, 0);
    ck_assert_msg(said(&end, "stack-buffer-overflow"), "%s", end.said);
    ck_assert_msg(said(&end, "'local'"), "%s", end.said);
}

static void jump_about(void *arg)
{
    jmp_buf place;
    (void)arg;
    if (setjmp(place) == 0)
        longjmp(place, 1);
    back();
    if (setjmp(place) == 0)
        longjmp(place, 1);
}

static void jump_there(void)
{
    adopt(jump_about, NULL);
    go();
    go();
    give_back();
    sm_stack_pool_finish(&pool);
    exit(0);
}

TEST(a_longjmp_on_our_stack_is_no_surprise)
{
    struct end end = in_a_child(jump_there);
    ck_assert_int_eq(end.status, 0);
#ifdef __SANITIZE_ADDRESS__
    ck_assert_str_eq(end.said, ""); /* no warning about unknown bounds either */
#endif
}

static void leave_frames_behind(void *arg)
{
    volatile char many[100] = {0};
    volatile char *first = many;
    (void)arg;
    back();
    *first = 1;
}

TEST(red_zones_of_frames_that_were_never_left_are_forgotten)
{
    for (int i = 0; i < 20; i++) {
        adopt(leave_frames_behind, NULL);
        go();
    }
    adopt(holder, NULL);
    go();
    go();
    give_back();
    sm_stack_pool_finish(&pool);
    ck_assert_uint_eq(pool.live, 0);
}

HARNESS_MAIN("annotations")
