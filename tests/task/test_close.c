/* SPDX-License-Identifier: MIT */
/*
 * Loops that are closed while things still hang on them: nothing runs any more, nothing of
 * ours leaks (LeakSanitizer looks), release_arg and destroy are called once.
 */
#include "task/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "task/wait.h"

static simul_loop *loop;

static void open_loop(void)
{
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
}

/* Run as many passes as it takes until nothing is ready. */
static void run_ready(void)
{
    while (simul_loop_run_once(loop, 0) > 0)
        continue;
}

static int released;

static void count_release(void *arg)
{
    (void)arg;
    released++;
}

static const simul_task_opts counted = {.release_arg = count_release};

static simul_task *start(simul_fn *fn, void *arg)
{
    return simul_loop_create_task(loop, fn, arg, &counted);
}

/* Close it, and forget where it was, so that LeakSanitizer sees what is not freed. */
static void close_loop(void)
{
    simul_loop *old = loop;
    loop = NULL;
    ck_assert_int_eq(simul_loop_close(old), 0);
}

/* The user's own references in frames that are never left would be lost: they are kept
 * here, and given back after the close. */
static simul_future *mine[16];
static int mine_count;

static simul_future *make_mine(void)
{
    return mine[mine_count++] = simul_create_future();
}

/* ---- tasks that wait in every way --------------------------------------------------------- */

static int in_await(void *unused)
{
    (void)unused;
    return simul_await(make_mine());
}

static int in_await_of(void *future)
{
    return simul_await(future);
}

static int in_gather(void *unused)
{
    (void)unused;
    simul_future *futures[2] = {make_mine(), make_mine()};
    return simul_gather(futures, 2, 0);
}

static int in_wait(void *unused)
{
    (void)unused;
    simul_future *f = make_mine();
    return simul_wait(&f, 1, 100, SIMUL_ALL_COMPLETED);
}

static int in_wait_for(void *unused)
{
    (void)unused;
    return simul_wait_for(make_mine(), 100);
}

static simul_as_completed *iterator;

static int in_as_completed(void *unused)
{
    (void)unused;
    simul_future *f = make_mine();
    iterator = simul_as_completed_new(&f, 1, 100);
    return simul_as_completed_next(iterator, &f);
}

static int in_scopes(void *unused)
{
    (void)unused;
    simul_timeout limit;
    simul_cleanup cleanup;
    simul_group group;
    simul_timeout_enter(&limit, 100);
    simul_cleanup_enter(&cleanup);
    simul_group_enter(&group);
    simul_group_create_task(&group, sleep_forever, NULL);
    simul_group_create_task_opts(&group, sleep_forever, NULL, &counted);
    released -= 1; /* that one counts, too */
    return simul_group_exit(&group, 0);
}

static int in_due_timeout(void *unused)
{
    (void)unused;
    simul_timeout limit;
    simul_timeout_enter(&limit, 0);
    simul_loop_stop(NULL);
    return simul_sleep(100);
}

static void close_and_check(int tasks)
{
    close_loop();
    ck_assert_int_eq(released, tasks);
    ck_assert_int_ge(logged("a task was destroyed while it was pending"), tasks);
}

TEST(task_that_never_ran_is_reported_and_freed) /* S55 */
{
    open_loop();
    simul_release(start(nothing, NULL));
    close_and_check(1);
}

TEST(task_that_sleeps_is_freed)
{
    open_loop();
    simul_release(start(sleep_forever, NULL));
    run_ready();
    close_and_check(1);
}

TEST(task_in_a_timeout_that_is_due_is_freed)
{
    open_loop();
    simul_release(start(in_due_timeout, NULL));
    simul_loop_run_once(loop, 0);
    close_and_check(1);
}

TEST(tasks_that_await_each_other_are_freed)
{
    open_loop();
    simul_task *first = start(sleep_forever, NULL);
    simul_task *second = start(in_await_of, first);
    simul_task *third = start(in_await_of, second);
    run_ready();
    simul_release(first);
    simul_release(third);
    simul_release(second);
    close_and_check(3);
}

TEST(tasks_in_scopes_are_freed_with_their_children)
{
    open_loop();
    simul_release(start(in_scopes, NULL));
    run_ready();
    close_and_check(1);
    ck_assert_int_eq(logged("was not left in the function"), 0);
}

TEST(tasks_in_combinators_are_freed)
{
    simul_fn *const kinds[] = {in_await, in_gather, in_wait, in_wait_for,
                               in_as_completed};
    open_loop();
    for (int i = 0; i < 5; i++)
        simul_release(start(kinds[i], NULL));
    run_ready();
    close_and_check(5);
    simul_as_completed_release(iterator);
    simul_release_all(mine, mine_count);
}

static simul_future *outside[2];

static int gather_outside(void *unused)
{
    (void)unused;
    return simul_gather(outside, 2, 0);
}

static int wait_outside(void *unused)
{
    (void)unused;
    return simul_wait(outside, 2, 100, SIMUL_FIRST_COMPLETED);
}

static int await_outside(void *unused)
{
    (void)unused;
    return simul_await(outside[0]);
}

static void make_outside(void)
{
    outside[0] = simul_loop_create_future(loop);
    outside[1] = simul_loop_create_future(loop);
}

TEST(references_that_waits_hold_are_given_back)
{
    open_loop();
    make_outside();
    simul_release(start(gather_outside, NULL));
    simul_release(start(wait_outside, NULL));
    simul_release(start(await_outside, NULL));
    run_ready();
    close_and_check(3);
    simul_release_all(outside, 2);
}

TEST(waits_that_are_finished_and_not_resumed_are_given_back)
{
    open_loop();
    make_outside();
    simul_release(start(gather_outside, NULL));
    simul_release(start(wait_outside, NULL));
    simul_release(start(await_outside, NULL));
    run_ready();
    simul_set_result(outside[0], 0);
    simul_set_error(outside[1], -EIO);
    close_and_check(3);
    ck_assert_int_eq(simul_error(outside[1]), -EIO);
    simul_release_all(outside, 2);
}

/* ---- operations of the poller --------------------------------------------------------------- */

static struct {
    int fds[2];
    char buf[4];
} receiving;

static int receive(void *unused)
{
    (void)unused;
    struct sm_op op = {.fd = receiving.fds[0],
                       .code = SM_OP_RECV,
                       .buf = {receiving.buf, sizeof receiving.buf}};
    return (int)sm_op_await(&op, "receive");
}

static void use_again(void *unused)
{
    (void)unused;
    memset(receiving.buf, 'r', sizeof receiving.buf);
}

static void start_receiving(void)
{
    static const simul_task_opts opts = {.release_arg = use_again};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                                receiving.fds),
                     0);
    simul_release(simul_loop_create_task(loop, receive, NULL, &opts));
    for (int i = 0; i < 3; i++)
        run_ready();
}

static void close_receiving(void)
{
    close(receiving.fds[0]);
    close(receiving.fds[1]);
}

/* Whoever is faster, the bytes or the close. */
TEST(memory_of_an_operation_is_free_when_the_argument_is_released)
{
    open_loop();
    start_receiving();
    ck_assert_int_eq(send(receiving.fds[1], "new", 3, 0), 3);

    close_loop();

    ck_assert_mem_eq(receiving.buf, "rrrr", 4);
    close_receiving();
}

static int accept_one(void *listener)
{
    struct sm_op op = {.fd = *(int *)listener, .code = SM_OP_ACCEPT};
    return (int)sm_op_await(&op, "accept");
}

/* The loop hears of it while it waits for the operation of another task. */
TEST(descriptor_that_comes_while_the_loop_closes_is_closed)
{
    struct sockaddr_in name = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof name;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte;
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &len), 0);
    open_loop();
    start_receiving();
    simul_release(simul_loop_create_task(loop, accept_one, &listener, NULL));
    for (int i = 0; i < 3; i++)
        run_ready();
    ck_assert_int_eq(connect(client, (struct sockaddr *)&name, len), 0);

    close_loop();

    close(listener);
    ck_assert_int_le(recv(client, &byte, 1, 0), 0);
    close(client);
    close_receiving();
}

/* ---- what hangs on futures ------------------------------------------------------------------- */

TEST(callbacks_shields_and_gathers_are_dropped_uncalled)
{
    char text[] = "called";
    open_loop();
    make_outside();
    simul_future *done = simul_loop_create_future(loop);
    ck_assert_int_eq(simul_add_done_callback(outside[0], trace_done, text), 0);
    ck_assert_int_eq(simul_add_done_callback(done, trace_done, text), 0);
    simul_set_result(done, 0);
    simul_future *shield = simul_shield(outside[1]);
    ck_assert_int_eq(simul_call_soon(loop, trace_text, text, NULL), 0);
    ck_assert_int_eq(simul_call_later(loop, 1, trace_text, text, NULL), 0);
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, trace_text, text, NULL), 0);

    close_loop();
    ck_assert_trace("");
    ck_assert(!simul_done(shield));
    ck_assert(simul_cancel(shield));
    simul_release(shield);
    simul_release(done);
    simul_release_all(outside, 2);
}

static simul_future *outer;

static int make_gather(void *unused)
{
    (void)unused;
    outer = simul_gather_future(outside, 2, 0);
    return 0;
}

TEST(gather_future_outlives_its_loop)
{
    open_loop();
    make_outside();
    simul_release(start(make_gather, NULL));
    run_ready();
    close_loop();

    ck_assert(!simul_done(outer));
    ck_assert(simul_cancel(outer));
    ck_assert(!simul_done(outside[0]));
    simul_release(outer);
    simul_release_all(outside, 2);
}

static int gather_of_task(void *task)
{
    simul_task *twice[] = {task, task};
    outer = simul_gather_future(twice, 2, 0);
    return 0;
}

TEST(gather_future_over_a_task_that_is_destroyed)
{
    open_loop();
    simul_task *t = start(sleep_forever, NULL);
    simul_release(simul_loop_create_task(loop, gather_of_task, t, NULL));
    run_ready();
    close_and_check(1);
    simul_release(outer);
    simul_release(t);
}

TEST(gather_that_ended_and_was_not_announced_outlives_its_loop)
{
    open_loop();
    make_outside();
    simul_release(start(make_gather, NULL));
    run_ready();
    simul_set_result(outside[0], 0);
    simul_set_result(outside[1], 0);
    close_loop();

    ck_assert(!simul_done(outer));
    simul_release(outer);
    simul_release_all(outside, 2);
}

static int group_of_quick(void *unused)
{
    (void)unused;
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, nothing, NULL);
    return simul_group_exit(&group, 0);
}

TEST(child_that_has_ended_and_was_not_heard_is_freed)
{
    open_loop();
    simul_release(start(group_of_quick, NULL));
    ck_assert_int_eq(simul_loop_run_once(loop, 0), 1);
    ck_assert_int_eq(simul_loop_run_once(loop, 0), 1);
    close_and_check(1);
}

/* ---- after the close ---------------------------------------------------------------------------- */

TEST(task_of_a_closed_loop_is_cancelled_and_may_be_held)
{
    open_loop();
    simul_task *t = start(sleep_forever, NULL);
    simul_task_set_name(t, "survivor");
    run_ready();
    close_and_check(1);

    ck_assert(simul_done(t));
    ck_assert(simul_cancelled(t));
    ck_assert_int_eq(simul_error(t), -ECANCELED);
    ck_assert_str_eq(simul_task_name(t), "survivor");
    ck_assert(!simul_cancel(t));
    simul_release(t);
}

static void use_the_loop(void *closing)
{
    static char text[] = "called";
    trace("%d", simul_call_soon(closing, trace_text, text, NULL) == -SIMUL_ECLOSEDLOOP);
    trace("%d",
          simul_call_later(closing, 1, trace_text, text, NULL) == -SIMUL_ECLOSEDLOOP);
    trace("%d", simul_loop_create_task(closing, nothing, NULL, NULL) == NULL);
    trace("%d", simul_loop_create_future(loop) == NULL);
    trace("%d", simul_add_reader(closing, STDIN_FILENO, trace_text, text)
                    == -SIMUL_ECLOSEDLOOP);
    trace("%d", simul_add_signal_handler(closing, SIGUSR1, trace_text, text)
                    == -SIMUL_ECLOSEDLOOP);
    trace("%d", simul_loop_run_once(closing, 0) == -SIMUL_ECLOSEDLOOP);
    trace("%d", simul_loop_run_forever(closing) == -SIMUL_ECLOSEDLOOP);
}

TEST(loop_that_is_closing_takes_nothing_new) /* S3 */
{
    static const simul_task_opts opts = {.release_arg = use_the_loop};
    open_loop();
    simul_release(simul_loop_create_task(loop, nothing, loop, &opts));

    close_loop();
    ck_assert_trace("1 1 1 1 1 1 1 1");
}

static void cancel_other(void *other)
{
    trace("%d", simul_cancel(other));
}

TEST(release_arg_may_cancel_another_task_of_the_closing_loop)
{
    static const simul_task_opts opts = {.release_arg = cancel_other};
    open_loop();
    make_outside();
    simul_task *other = simul_loop_create_task(loop, await_outside, NULL, NULL);
    simul_task *first = simul_loop_create_task(loop, sleep_forever, other, &opts);
    simul_task *second = simul_loop_create_task(loop, sleep_forever, outside[0], &opts);
    run_ready();

    close_loop();
    ck_assert_trace("0 1");
    simul_release(first);
    simul_release(second);
    simul_release(other);
    simul_release_all(outside, 2);
}

TEST(close_of_nothing)
{
    ck_assert_int_eq(simul_loop_close(NULL), 0);
}

TEST(loop_closed_twice_in_a_row_by_different_owners)
{
    for (int i = 0; i < 20; i++) {
        open_loop();
        released = 0;
        simul_release(start(sleep_forever, NULL));
        run_ready();
        close_and_check(1);
    }
}

HARNESS_MAIN_BACKEND("close")
