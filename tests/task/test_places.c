/* SPDX-License-Identifier: MIT */
/* Whoever will be in the ready ring reserves a place there (loop.h, L1), and has to give it
 * back, however it ends: else the ring grows for as long as the program runs. */
#include "task/trace.h"

#include <errno.h>
#include <unistd.h>

#include "loop/loop.h"

static uint32_t places(void)
{
    return simul_get_running_loop()->ready.reserved;
}

/* A test whose body has to end with as many places as it began with. */
#define PLACES_TEST(name_)                                                             \
    static void body_of_##name_(void);                                                 \
    TASK_TEST(name_)                                                                   \
    {                                                                                  \
        uint32_t before = places();                                                    \
        body_of_##name_();                                                             \
        ck_assert_uint_eq(places(), before);                                           \
    }                                                                                  \
    static void body_of_##name_(void)

static char word[] = "called";

PLACES_TEST(callbacks_give_their_places_back)
{
    simul_handle *handle;
    simul_call_soon(NULL, trace_text, word, NULL);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, word, &handle), 0);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    simul_call_soon_threadsafe(NULL, trace_text, word, NULL);
    let_run(2);
    ck_assert_trace("called called");
}

PLACES_TEST(timers_give_their_places_back)
{
    simul_handle *handle;
    simul_call_later(NULL, 1, trace_text, word, NULL);
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_text, word, &handle), 0);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    simul_sleep(2);
    ck_assert_trace("called");
}

PLACES_TEST(done_callbacks_give_their_places_back)
{
    simul_future *future = simul_create_future();
    for (int i = 0; i < 3; i++)
        simul_add_done_callback(future, trace_done, word);
    ck_assert_int_eq(simul_remove_done_callback(future, trace_done, word), 3);
    simul_add_done_callback(future, trace_done, word);
    simul_set_result(future, 0);
    let_run(2);
    ck_assert_trace("called");
    simul_release(future);
}

PLACES_TEST(tasks_give_their_places_back_with_the_last_reference)
{
    simul_task *started = simul_create_task(sleep_forever, NULL);
    let_run(1);
    simul_task *unstarted = simul_create_task(nothing, NULL);
    simul_cancel(started);
    simul_cancel(unstarted);
    simul_await(started);
    simul_await(unstarted);
    simul_release(started);
    simul_release(unstarted);
    simul_release(simul_create_task(nothing, NULL)); /* detached */
    let_run(2);
}

PLACES_TEST(combinators_give_their_places_back)
{
    simul_task *tasks[2] = {simul_create_task(nothing, NULL),
                            simul_create_task(nothing, NULL)};
    simul_future *shield = simul_shield(tasks[0]);
    simul_future *gather = simul_gather_future(tasks, 2, 0);
    ck_assert_int_eq(simul_await(gather), 0);
    ck_assert_int_eq(simul_await(shield), 0);
    simul_release(shield);
    simul_release(gather);
    simul_release_all(tasks, 2);
}

PLACES_TEST(timeouts_give_their_places_back)
{
    ck_assert_int_eq(simul_within(1, simul_sleep(2)), -ETIMEDOUT);
    ck_assert_int_eq(simul_within(2, simul_sleep(1)), 0);
    ck_assert_int_eq(simul_within(0, 0), 0); /* left while it is in the ring */
    let_run(2);
}

static int give_up(void *unused)
{
    (void)unused;
    return -EIO;
}

PLACES_TEST(groups_give_their_places_back)
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, sleep_forever, NULL);
    simul_group_create_task(&group, give_up, NULL);
    ck_assert_int_eq(simul_group_exit(&group, 0), -EIO);
}

PLACES_TEST(readers_give_their_places_back)
{
    int fds[2];
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], trace_text, word), 0);
    ck_assert_int_eq(simul_add_writer(NULL, fds[1], trace_text, word), 0);
    let_run(2);
    simul_remove_reader(NULL, fds[0]);
    simul_remove_writer(NULL, fds[1]);
    let_run(10); /* the poller may need a while to let go */
    close(fds[0]);
    close(fds[1]);
}

HARNESS_MAIN_BACKEND("places")
