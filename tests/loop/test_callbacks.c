/* SPDX-License-Identifier: MIT */
/* Callbacks, timers and their handles: order, cancelling, what becomes of the memory. */
#include "task/trace.h"

#include <errno.h>

#include "loop/loop.h"

static char a[] = "a", b[] = "b", c[] = "c";

/* ---- order (L01, L02, S1) ------------------------------------------------------------- */

static void say_and_schedule(void *text)
{
    static char second[] = "a2";
    trace_text(text);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, second, NULL), 0);
}

TASK_TEST(callbacks_run_fifo_and_what_they_schedule_runs_a_pass_later) /* L01, S1 */
{
    ck_assert_int_eq(simul_call_soon(NULL, say_and_schedule, a, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, b, NULL), 0);

    ck_assert_trace("");
    let_run(1);
    ck_assert_trace("a b");
    let_run(1);
    ck_assert_trace("a2");
}

TASK_TEST(callbacks_come_before_timers_that_are_due_in_the_same_pass) /* L02, S1 */
{
    char t1[] = "t-1", t2[] = "t-2", s[] = "s";
    ck_assert_int_eq(simul_call_later(NULL, -1, trace_text, t1, NULL), 0);
    ck_assert_int_eq(simul_call_later(NULL, -2, trace_text, t2, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, s, NULL), 0);

    simul_sleep(0.005);
    ck_assert_trace("s t-2 t-1");
}

TASK_TEST(timers_of_equal_time_keep_their_order) /* 2.8: unordered in asyncio */
{
    static char texts[100][4];
    for (int i = 0; i < 100; i++) {
        snprintf(texts[i], sizeof texts[i], "%d", i);
        ck_assert_int_eq(simul_call_at(NULL, 1, trace_text, texts[i], NULL), 0);
    }
    simul_sleep(2);

    char expected[400] = "", *at = expected;
    for (int i = 0; i < 100; i++)
        at += sprintf(at, i ? " %d" : "%d", i);
    ck_assert_trace(expected);
}

TASK_TEST(timers_fire_in_the_order_of_their_time)
{
    ck_assert_int_eq(simul_call_later(NULL, 3, trace_text, c, NULL), 0);
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_text, a, NULL), 0);
    ck_assert_int_eq(simul_call_at(NULL, 2, trace_text, b, NULL), 0);
    simul_sleep(2.5);
    ck_assert_trace("a b");
    simul_sleep(1);
    ck_assert_trace("c");
}

static bool stop_flood;

static void flood(void *count)
{
    ++*(int *)count;
    if (!stop_flood)
        ck_assert_int_eq(simul_call_soon(NULL, flood, count, NULL), 0);
}

static int wait_in_flood(void *count)
{
    flood(count);
    int r = simul_sleep(0.005);
    stop_flood = true;
    simul_sleep(0);
    return r;
}

TEST(timer_fires_under_a_flood_of_callbacks) /* B03, S1 */
{
    int count = 0;
    ck_assert_int_eq(simul_run(wait_in_flood, &count), 0);
    ck_assert_int_gt(count, 10);
}

TEST(timer_is_never_early) /* S5 */
{
    double seconds = 0.0123, start = simul_time();
    ck_assert_int_eq(simul_run(sleeper, &seconds), 0);
    ck_assert(simul_time() - start >= seconds);
}

/* ---- handles (L07, S4) --------------------------------------------------------------------- */

TASK_TEST(cancelled_callback_is_not_called) /* L07 */
{
    simul_handle *soon = NULL, *later = NULL;
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, a, &soon), 0);
    ck_assert_int_eq(simul_call_later(NULL, 0, trace_text, b, &later), 0);

    simul_handle_cancel(soon);
    simul_handle_cancel(soon);
    simul_handle_cancel(later);
    simul_sleep(0.01);
    ck_assert_trace("");
    ck_assert(simul_handle_cancelled(soon));
    ck_assert(simul_handle_cancelled(later));
    ck_assert(simul_handle_when(later) <= simul_time());
    ck_assert_double_eq(simul_handle_when(soon), 0);
    simul_handle_release(soon);
    simul_handle_release(later);
}

TASK_TEST(released_handle_leaves_the_callback_scheduled)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, a, &handle), 0);
    simul_handle_release(handle);
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_text, b, &handle), 0);
    simul_handle_release(handle);

    simul_sleep(2);
    ck_assert_trace("a b");
}

TASK_TEST(cancel_after_the_call_does_nothing)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, a, &handle), 0);
    let_run(1);

    simul_handle_cancel(handle);
    simul_handle_release(handle);
    ck_assert_trace("a");
}

static void cancel_handle(void *handle)
{
    simul_handle_cancel(*(simul_handle **)handle);
}

TASK_TEST(callback_cancelled_by_one_before_it_in_the_same_pass)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_soon(NULL, cancel_handle, &handle, NULL), 0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, a, &handle), 0);
    let_run(1);
    ck_assert_trace("");
    simul_handle_release(handle);
}

TASK_TEST(timer_cancelled_by_one_before_it_in_the_same_pass)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_at(NULL, 1, cancel_handle, &handle, NULL), 0);
    ck_assert_int_eq(simul_call_at(NULL, 1, trace_text, a, &handle), 0);
    simul_sleep(2);
    ck_assert_trace("");
    simul_handle_release(handle);
}

TEST(nothing_is_a_handle_that_was_cancelled)
{
    simul_handle_cancel(NULL);
    simul_handle_release(NULL);
    ck_assert(simul_handle_cancelled(NULL));
    ck_assert_double_eq(simul_handle_when(NULL), 0);
}

TASK_TEST(time_that_is_no_number_is_refused)
{
    ck_assert_int_eq(simul_call_later(NULL, NAN, trace_text, a, NULL), -EINVAL);
    ck_assert_int_eq(simul_call_at(NULL, NAN, trace_text, a, NULL), -EINVAL);
}

TASK_TEST(callback_at_the_end_of_time_may_be_cancelled)
{
    struct simul_loop *loop = simul_get_running_loop();
    uint32_t reserved = loop->ready.reserved;
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_later(NULL, INFINITY, trace_text, a, &handle), 0);
    simul_sleep(1e9);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    ck_assert_uint_eq(loop->ready.reserved, reserved);
    ck_assert_trace("");
}

TEST(without_a_loop_nothing_can_be_scheduled)
{
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, a, NULL), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_text, a, NULL), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_call_soon_threadsafe(NULL, trace_text, a, NULL),
                     -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_add_reader(NULL, 0, trace_text, a), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_remove_reader(NULL, 0), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, 10, trace_text, a), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_remove_signal_handler(NULL, 10), 0);
    ck_assert_int_eq(simul_loop_run_forever(NULL), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_loop_run_once(NULL, 0), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_loop_run_until_complete(NULL, NULL), -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_loop_fileno(NULL), -SIMUL_ENOLOOP);
    ck_assert(simul_loop_timeout(NULL) < 0);
    ck_assert_str_eq(simul_loop_backend(NULL), "none");
    ck_assert(!simul_loop_is_running(NULL));
    ck_assert(!simul_loop_get_debug(NULL));
    simul_loop_stop(NULL);
    simul_loop_set_debug(NULL, true);
    simul_set_exception_handler(NULL, NULL, NULL);
}

/* ---- memory of cancelled timers (L08, S5) ----------------------------------------------------- */

TASK_TEST(cancelled_timers_give_their_memory_back_when_they_are_many) /* L08 */
{
    struct sm_timers *timers = &simul_get_running_loop()->timers;
    simul_handle *handles[200] = {0};
    uint32_t before = timers->count;
    for (int i = 0; i < 200; i++)
        ck_assert_int_eq(simul_call_later(NULL, 1000 + i, trace_text, a, &handles[i]),
                         0);
    ck_assert_uint_eq(timers->count, before + 200);

    for (int i = 1; i < 100; i++)
        simul_handle_cancel(handles[i]);
    ck_assert_uint_eq(sm_timers_live(timers), before + 101);
    for (int i = 100; i < 200; i++)
        simul_handle_cancel(handles[i]);
    ck_assert_uint_eq(sm_timers_live(timers), before + 1);
    ck_assert_uint_lt(timers->count, before + 102);
    for (int i = 0; i < 200; i++)
        simul_handle_release(handles[i]);
}

TASK_TEST(cancelled_sleep_gives_its_timer_back) /* T17, S5 */
{
    struct sm_timers *timers = &simul_get_running_loop()->timers;
    double seconds = 100;
    uint32_t before = sm_timers_live(timers);
    simul_task *t = simul_create_task(sleeper, &seconds);
    let_run(1);
    ck_assert_uint_eq(sm_timers_live(timers), before + 1);
    simul_cancel(t);
    simul_await(t);

    ck_assert_uint_eq(sm_timers_live(timers), before);
    simul_release(t);
}

TASK_TEST(timers_set_and_cancelled_for_long_do_not_grow_the_heap) /* S5 */
{
    struct sm_timers *timers = &simul_get_running_loop()->timers;
    for (int i = 0; i < 10000; i++) {
        simul_handle *handle = NULL;
        ck_assert_int_eq(simul_call_later(NULL, 1000, trace_text, a, &handle), 0);
        simul_handle_cancel(handle);
        simul_handle_release(handle);
        ck_assert_int_eq(simul_within(500, 0), 0);
    }
    ck_assert_uint_lt(timers->capacity, 1000);
}

TEST(timer_cancelled_between_runs_is_given_back)
{
    simul_loop *loop;
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    ck_assert_int_eq(simul_call_later(loop, 1000, trace_text, a, &handle), 0);
    simul_handle_cancel(handle);

    ck_assert_uint_eq(sm_timers_live(&loop->timers), 0);
    ck_assert(simul_loop_timeout(loop) < 0);
    simul_handle_release(handle);
    simul_loop_close(loop);
}

TEST(handle_may_be_cancelled_after_its_loop_was_closed)
{
    simul_handle *handles[3] = {0};
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    ck_assert_int_eq(simul_call_soon(loop, trace_text, a, &handles[0]), 0);
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(simul_call_soon(loop, trace_text, b, &handles[1]), 0);
    ck_assert_int_eq(simul_call_later(loop, 1, trace_text, c, &handles[2]), 0);
    simul_loop_close(loop);

    for (int i = 0; i < 3; i++) {
        simul_handle_cancel(handles[i]);
        simul_handle_release(handles[i]);
    }
    ck_assert_trace("a");
}

/* ---- that the loop closes ------------------------------------------------------------------ */

static simul_on_close hooks[3];

static void remove_next(void *loop)
{
    trace("first");
    simul_on_close_remove(&hooks[1]);
    trace("%d", simul_call_soon(loop, trace_text, "never", NULL));
}

TEST(who_wants_to_hear_that_a_loop_closes_hears_it_first)
{
    simul_loop *loop;
    simul_on_close unused = {0};
    ck_assert_int_eq(simul_loop_on_close(NULL, &unused, trace_text, ""),
                     -SIMUL_ENOLOOP);
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_loop_on_close(loop, &hooks[0], remove_next, loop), 0);
    ck_assert_int_eq(simul_loop_on_close(loop, &hooks[1], trace_text, "second"), 0);
    ck_assert_int_eq(simul_loop_on_close(loop, &hooks[2], trace_text, "third"), 0);
    ck_assert_int_eq(simul_loop_close(loop), 0);
    ck_assert_trace("first 0 third");
    simul_on_close_remove(&hooks[0]);
    simul_on_close_remove(&unused);
}

HARNESS_MAIN_BACKEND("callbacks")
