/* SPDX-License-Identifier: MIT */
/*
 * Two stacks for the tests of the switch: the test's own, `here`, and another, `there`,
 * with the switches between them as task/ makes them. In C and in C++.
 */
#ifndef SM_TESTS_TWO_STACKS_H
#define SM_TESTS_TWO_STACKS_H

#include <sys/mman.h>

#include "switch/annotate.h"

static struct sm_stack here, there;

enum { THERE_SIZE = 256 * 1024 };

#ifdef SWITCH_INLINE
#define SWITCH sm_switch_here
#else
#define SWITCH sm_switch
#endif

/* Each with a frame and registers of its own. */
#define APART __attribute__((noinline, unused)) static

/* From the test's stack to the other one. */
APART void go(void)
{
    sm_annotate_leave(&here, &there, false);
    SWITCH(&here.context, there.context);
    sm_annotate_arrive(&here);
}

/* From there back to the test, until the test goes on there. */
APART void back(void)
{
    sm_annotate_leave(&there, &here, false);
    SWITCH(&there.context, here.context);
    sm_annotate_arrive(&there);
}

/* The last one: the context there is at its end. */
APART void back_for_good(void)
{
    sm_annotate_leave(&there, &here, true);
    SWITCH(&there.context, here.context);
    __builtin_trap();
}

static void (*body_there)(void *);

APART void run_there(void *arg)
{
    sm_annotate_arrive(&there);
    body_there(arg);
    back_for_good();
}

/* Let body(arg) run there from the next go() on; it may return. */
APART void prepare(void (*body)(void *), void *arg)
{
    if (!there.base) {
        sm_stack_of_thread(&here);
        there.base = mmap(NULL, THERE_SIZE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(there.base, MAP_FAILED);
        there.top = (char *)there.base + THERE_SIZE;
        there.state = SM_STACK_LIVE;
    }
    body_there = body;
    sm_stack_prepare(&there, run_there, arg);
}

#endif
