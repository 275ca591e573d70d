/* SPDX-License-Identifier: MIT */
/* Queues: join, shutdown, release, and loops that are closed while tasks wait. */
#include "task/trace.h"

#include <errno.h>
#include <simul/queue.h>
#include <string.h>

static simul_queue *queue;
static int destroyed;

static void count_destroyed(void *item)
{
    (void)item;
    destroyed++;
}

static void open_queue(size_t maxsize)
{
    destroyed = 0;
    queue = simul_queue_new(maxsize, count_destroyed);
    ck_assert_ptr_nonnull(queue);
}

static void close_queue(void)
{
    simul_queue *old = queue;
    queue = NULL;
    simul_queue_release(old);
}

static int get_it(void *name)
{
    void *got;
    int r = simul_queue_get(queue, &got);
    trace("%s:%s", (char *)name, r < 0 ? simul_error_name(r) : (char *)got);
    return r;
}

static int put_it(void *what)
{
    int r = simul_queue_put(queue, what);
    trace("put-%s%s", (char *)what, r < 0 ? simul_error_name(r) : "");
    return r;
}

static int join_it(void *name)
{
    int r = simul_queue_join(queue);
    trace("%s:%s", (char *)name, r < 0 ? simul_error_name(r) : "joined");
    return r;
}

static char a[] = "a", b[] = "b", c[] = "c", x[] = "x", y[] = "y";

static void put(char *item)
{
    ck_assert_int_eq(simul_queue_put_nowait(queue, item), 0);
}

static const char *next(void)
{
    void *got;
    int r = simul_queue_get_nowait(queue, &got);
    return r < 0 ? simul_error_name(r) : got;
}

/* ---- join ------------------------------------------------------------------------------ */

TASK_TEST(join_waits_until_all_is_done) /* Q04, S32 */
{
    open_queue(0);
    ck_assert_int_eq(simul_queue_join(queue), 0);
    put(x);
    put(y);
    simul_task *t = simul_create_task(join_it, a);
    let_run(1);
    next();
    next();
    ck_assert_int_eq(simul_queue_task_done(queue), 0);
    let_run(2);
    ck_assert(!simul_done(t));
    ck_assert_int_eq(simul_queue_task_done(queue), 0);
    end_all(&t, 1);
    ck_assert_trace("a:joined");
    close_queue();
}

TASK_TEST(more_done_than_put_is_an_error) /* Q04 */
{
    open_queue(0);
    ck_assert_int_eq(simul_queue_task_done(queue), -SIMUL_ESTATE);
    put(x);
    next();
    ck_assert_int_eq(simul_queue_task_done(queue), 0);
    ck_assert_int_eq(simul_queue_task_done(queue), -SIMUL_ESTATE);
    close_queue();
}

TASK_TEST(all_who_join_are_woken_also_if_more_is_put_at_once) /* Q04, as an event */
{
    open_queue(0);
    put(x);
    simul_task *tasks[] = {simul_create_task(join_it, a),
                           simul_create_task(join_it, b)};
    let_run(1);
    next();
    simul_queue_task_done(queue);
    put(y);
    end_all(tasks, 2);
    ck_assert_trace("a:joined b:joined");
    close_queue();
}

TASK_TEST(cancelled_join_changes_nothing)
{
    open_queue(0);
    put(x);
    ck_assert_int_eq(simul_within(1, simul_queue_join(queue)), -ETIMEDOUT);
    next();
    ck_assert_int_eq(simul_queue_task_done(queue), 0);
    ck_assert_int_eq(simul_queue_join(queue), 0);
    close_queue();
}

/* ---- shutdown (Q05) ------------------------------------------------------------------------ */

TASK_TEST(shutdown_lets_out_what_is_in)
{
    open_queue(0);
    put(x);
    put(y);
    ck_assert_int_eq(simul_queue_shutdown(queue, false), 0);
    ck_assert_int_eq(simul_queue_put_nowait(queue, a), -SIMUL_ESHUTDOWN);
    ck_assert_int_eq(simul_queue_put(queue, a), -SIMUL_ESHUTDOWN);
    ck_assert_str_eq(next(), "x");
    void *got = NULL;
    ck_assert_int_eq(simul_queue_get(queue, &got), 0);
    ck_assert_ptr_eq(got, y);
    ck_assert_int_eq(simul_queue_get(queue, &got), -SIMUL_ESHUTDOWN);
    ck_assert_str_eq(next(), "SIMUL_ESHUTDOWN");
    ck_assert_int_eq(destroyed, 0);
    close_queue();
}

TASK_TEST(shutdown_wakes_getters) /* S32 */
{
    open_queue(0);
    simul_task *tasks[] = {simul_create_task(get_it, a), simul_create_task(get_it, b)};
    let_run(1);
    simul_queue_shutdown(queue, false);
    end_all(tasks, 2);
    ck_assert_trace("a:SIMUL_ESHUTDOWN b:SIMUL_ESHUTDOWN");
    close_queue();
}

TASK_TEST(shutdown_wakes_putters_and_keeps_what_is_in) /* S32 */
{
    open_queue(1);
    put(x);
    simul_task *tasks[] = {simul_create_task(put_it, a), simul_create_task(put_it, b)};
    let_run(1);
    simul_queue_shutdown(queue, false);
    end_all(tasks, 2);
    ck_assert_trace("put-aSIMUL_ESHUTDOWN put-bSIMUL_ESHUTDOWN");
    ck_assert_str_eq(next(), "x");
    ck_assert_str_eq(next(), "SIMUL_ESHUTDOWN");
    close_queue();
}

TASK_TEST(putter_that_was_woken_before_the_shutdown_puts_nothing)
{
    open_queue(1);
    put(x);
    simul_task *t = simul_create_task(put_it, a);
    let_run(1);
    ck_assert_str_eq(next(), "x");
    simul_queue_shutdown(queue, false);
    end_all(&t, 1);
    ck_assert_trace("put-aSIMUL_ESHUTDOWN");
    ck_assert_str_eq(next(), "SIMUL_ESHUTDOWN");
    close_queue();
}

TASK_TEST(getter_that_was_woken_before_the_shutdown_gets_its_item)
{
    open_queue(0);
    simul_task *tasks[] = {simul_create_task(get_it, a), simul_create_task(get_it, b)};
    let_run(1);
    put(x);
    simul_queue_shutdown(queue, false);
    end_all(tasks, 2);
    ck_assert_trace("a:x b:SIMUL_ESHUTDOWN");
    close_queue();
}

/* The last item was a's, who is cancelled: it must not be lost because b was told too early
 * that nothing comes any more. */
TASK_TEST(item_given_back_after_the_shutdown_goes_to_who_waits)
{
    open_queue(0);
    simul_task *tasks[] = {simul_create_task(get_it, a), simul_create_task(get_it, b)};
    let_run(1);
    put(x);
    simul_queue_shutdown(queue, false);
    simul_cancel(tasks[0]);
    simul_task *late = simul_create_task(get_it, c);
    end_all(tasks, 2);
    end_all(&late, 1);
    ck_assert_trace("a:ECANCELED b:x c:SIMUL_ESHUTDOWN");
    close_queue();
}

TASK_TEST(immediate_shutdown_destroys_what_is_in_and_ends_join) /* S32 */
{
    open_queue(0);
    put(x);
    put(y);
    simul_task *t = simul_create_task(join_it, a);
    let_run(1);
    simul_queue_shutdown(queue, true);
    ck_assert_int_eq(destroyed, 2);
    ck_assert_str_eq(next(), "SIMUL_ESHUTDOWN");
    end_all(&t, 1);
    ck_assert_trace("a:joined");
    close_queue();
    ck_assert_int_eq(destroyed, 2);
}

TASK_TEST(immediate_shutdown_does_not_end_join_while_work_is_under_way)
{
    open_queue(0);
    put(x);
    put(y);
    next();
    simul_task *t = simul_create_task(join_it, a);
    let_run(1);
    simul_queue_shutdown(queue, true);
    let_run(2);
    ck_assert(!simul_done(t));
    ck_assert_int_eq(simul_queue_task_done(queue), 0);
    end_all(&t, 1);
    ck_assert_trace("a:joined");
    close_queue();
}

TASK_TEST(getter_whose_item_was_destroyed_is_told)
{
    open_queue(0);
    simul_task *t = simul_create_task(get_it, a);
    let_run(1);
    put(x);
    simul_queue_shutdown(queue, true);
    end_all(&t, 1);
    ck_assert_trace("a:SIMUL_ESHUTDOWN");
    ck_assert_int_eq(destroyed, 1);
    close_queue();
}

TASK_TEST(shutdown_again_may_be_immediate)
{
    open_queue(0);
    put(x);
    ck_assert_int_eq(simul_queue_shutdown(queue, false), 0);
    ck_assert_int_eq(simul_queue_shutdown(queue, false), 0);
    ck_assert_int_eq(destroyed, 0);
    ck_assert_int_eq(simul_queue_shutdown(queue, true), 0);
    ck_assert_int_eq(destroyed, 1);
    close_queue();
}

/* ---- release ---------------------------------------------------------------------------------- */

TASK_TEST(release_destroys_what_is_left)
{
    open_queue(0);
    for (int i = 0; i < 20; i++)
        put(x);
    next();
    close_queue();
    ck_assert_int_eq(destroyed, 19);
}

static int size_at_destroy;

static void put_again(void *item)
{
    size_at_destroy = (int)simul_queue_qsize(queue);
    ck_assert_int_eq(simul_queue_put_nowait(queue, item), -SIMUL_ESHUTDOWN);
}

TASK_TEST(destroy_may_look_at_the_queue)
{
    queue = simul_queue_new(0, put_again);
    ck_assert_ptr_nonnull(queue);
    put(x);
    put(y);
    simul_queue_release(queue);
    ck_assert_int_eq(size_at_destroy, 0);
}

static simul_queue *held;

static int get_from_held(void *name)
{
    void *got;
    int r = simul_queue_get(held, &got);
    trace("%s:%s", (char *)name, simul_error_name(r));
    return r;
}

static int join_held(void *name)
{
    int r = simul_queue_join(held);
    trace("%s:%s", (char *)name, simul_error_name(r));
    return r;
}

TASK_TEST(release_while_tasks_wait_is_reported_and_wakes_them)
{
    capture_log();
    open_queue(0);
    held = queue;
    put(x);
    next(); /* not done: join waits */
    simul_task *tasks[] = {simul_create_task(get_from_held, a),
                           simul_create_task(join_held, b)};
    let_run(1);
    close_queue();
    ck_assert_int_eq(logged("was released while tasks wait at it"), 1);
    end_all(tasks, 2);
    ck_assert_trace("a:SIMUL_ESHUTDOWN b:SIMUL_ESHUTDOWN");
}

TASK_TEST(release_while_cancelled_tasks_have_not_run_yet_is_fine)
{
    capture_log();
    open_queue(0);
    held = queue;
    simul_task *tasks[] = {simul_create_task(get_from_held, a),
                           simul_create_task(get_from_held, b)};
    let_run(1);
    simul_cancel(tasks[0]);
    simul_cancel(tasks[1]);
    close_queue();
    ck_assert_int_eq(logged("was released"), 0);
    end_all(tasks, 2);
    ck_assert_trace("a:ECANCELED b:ECANCELED");
}

/* ---- loops that are closed while tasks wait (C6) -------------------------------------------------- */

static simul_loop *loop;

static simul_task *start(simul_fn *fn, void *arg)
{
    return simul_loop_create_task(loop, fn, arg, NULL);
}

static void open_loop(void)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
}

TEST(loop_closed_while_tasks_wait_leaves_the_queue_usable)
{
    open_loop();
    open_queue(1);
    simul_release(start(get_it, a)); /* is woken by put_it */
    simul_release(start(put_it, x));
    simul_release(start(put_it, y));
    simul_release(start(join_it, b));
    simul_loop_run_once(loop, 0);
    ck_assert_trace("put-x");
    simul_loop_close(loop);

    ck_assert_uint_eq(simul_queue_qsize(queue), 1);
    ck_assert_str_eq(next(), "x");
    put(y);
    close_queue();
    ck_assert_int_eq(destroyed, 1);
    ck_assert_int_eq(logged("was released"), 0);
}

TEST(loop_closed_before_a_woken_putter_runs_leaves_the_place)
{
    open_loop();
    open_queue(1);
    put(x);
    simul_release(start(put_it, a));
    simul_release(start(put_it, b));
    simul_loop_run_once(loop, 0);
    ck_assert_str_eq(next(), "x");
    simul_loop_close(loop);
    ck_assert(!simul_queue_full(queue));
    put(y);
    close_queue();
}

/* Cancelled, told, woken: none of them runs any more, and the last one frees the queue. */
TEST(queue_released_before_the_loop_is_closed_is_freed)
{
    open_loop();
    open_queue(0);
    held = queue;
    simul_task *tasks[] = {start(get_from_held, a), start(get_from_held, b),
                           start(get_from_held, c)};
    simul_loop_run_once(loop, 0);
    simul_cancel(tasks[0]);
    put(x);
    close_queue();
    simul_release_all(tasks, 3);
    held = NULL;
    simul_loop_close(loop);
    ck_assert_int_eq(destroyed, 1);
}

HARNESS_MAIN_BACKEND("queue end")
