/* SPDX-License-Identifier: MIT */
/*
 * What tests of loops and tasks have in common: a trace, to which code appends words and
 * which is then compared with what should have happened, in that order; the library's
 * messages, captured; and a run in which time is virtual and everything happens in
 * asyncio's order (the poller asked in each pass, no budget), so that its tests hold here
 * word by word.
 */
#ifndef SM_TESTS_TRACE_H
#define SM_TESTS_TRACE_H

#include "support/harness.h"
#include "support/sweep.h"

#include <math.h>
#include <simul/debug.h>
#include <simul/group.h>
#include <simul/loop.h>
#include <simul/timeout.h>

/** Append a word; words are separated by blanks. */
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/** A callback that appends its argument, a string. */
void trace_text(void *text);

/** As trace_text(), for done callbacks. */
void trace_done(simul_future *future, void *text);

/** The trace so far; it is empty afterwards. */
const char *trace_take(void);

#define ck_assert_trace(expected) ck_assert_str_eq(trace_take(), expected)

/** Let the others run until it is not empty. */
void until_traced(void);

/** Collect the library's messages from here on. */
void capture_log(void);

/** How often `text` stands in them. */
int logged(const char *text);

/** Append to the trace what the running loop's exception handler is told: "(error: …)". */
void trace_errors(void);

extern const simul_loop_opts like_asyncio;

/** Run as asyncio would; the result of simul_run_opts(). */
int run_like_asyncio(simul_fn *fn, void *arg);

/** A test whose body is the main task of a run, which run_(fn, arg) makes and which has to end
 *  well. */
#define RUN_TEST(name_, run_)                                                          \
    static void task_##name_(void);                                                    \
    static int main_of_##name_(void *arg)                                              \
    {                                                                                  \
        (void)arg;                                                                     \
        sweep_body_begins();                                                           \
        task_##name_();                                                                \
        return 0;                                                                      \
    }                                                                                  \
    TEST(name_)                                                                        \
    {                                                                                  \
        ck_assert_int_eq(run_(main_of_##name_, NULL), 0);                              \
    }                                                                                  \
    static void task_##name_(void)

/** The same in asyncio's order. */
#define TASK_TEST(name_) RUN_TEST(name_, run_like_asyncio)

/** Let everybody else take `passes` turns. */
void let_run(int passes);

/** Wait until all have ended, with whatever, and release them. */
void end_all(simul_task **tasks, size_t n);

/** A coroutine that sleeps *(double *)arg seconds. */
int sleeper(void *seconds);

/** A coroutine that waits until it is cancelled. */
int sleep_forever(void *unused);

/** A coroutine that returns 0 at once. */
int nothing(void *unused);

#endif
