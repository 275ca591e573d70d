/* SPDX-License-Identifier: MIT */
/* The virtual clock: it jumps to the next timer, unless something real is outstanding. */
#include "task/trace.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "task/wait.h"

TASK_TEST(virtual_time_jumps_to_the_next_timer)
{
    ck_assert_double_eq(simul_time(), 0);
    ck_assert_int_eq(simul_sleep(86400 * 365), 0);
    ck_assert_double_eq(simul_time(), 86400 * 365);
    ck_assert_double_eq(simul_loop_time(NULL), simul_time());
}

TASK_TEST(virtual_time_stands_still_while_something_is_ready)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_later(NULL, 1, trace_text, NULL, &handle), 0);
    for (int i = 0; i < 100; i++)
        simul_sleep(0);
    ck_assert_double_eq(simul_time(), 0);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
}

static double times[3];

static int sleep_and_note(void *arg)
{
    int i = *(int *)arg;
    simul_sleep(1 + i);
    times[i] = simul_time();
    return 0;
}

TASK_TEST(virtual_time_is_that_of_each_timer_when_it_fires)
{
    static int numbers[] = {0, 1, 2};
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(sleep_and_note, &numbers[i]);
    ck_assert_int_eq(simul_gather(tasks, 3, 0), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_double_eq(times[i], 1 + i);
    simul_release_all(tasks, 3);
}

TEST(each_virtual_run_begins_at_nought)
{
    double seconds = 5;
    ck_assert_int_eq(run_like_asyncio(sleeper, &seconds), 0);
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    ck_assert_double_eq(simul_loop_time(loop), 0);
    simul_loop_close(loop);
}

/* ---- what holds it ------------------------------------------------------------------------ */

static int fds[2];
static bool timer_fired;

static void note_timer(void *unused)
{
    (void)unused;
    timer_fired = true;
}

static void *write_later(void *unused)
{
    usleep(30000);
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
    return unused;
}

static ssize_t receive(void)
{
    char byte;
    struct sm_op op = {
        .fd = fds[0], .code = SM_OP_RECV, .buf = {.data = &byte, .len = 1}};
    return sm_op_await(&op, "recv");
}

TASK_TEST(unfinished_read_of_a_real_socket_holds_the_clock)
{
    pthread_t thread;
    simul_handle *handle = NULL;
    double begin = sm_clock_monotonic();
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    ck_assert_int_eq(simul_call_later(NULL, 10, note_timer, NULL, &handle), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, write_later, NULL), 0);

    ck_assert_int_eq(receive(), 1);
    ck_assert(!timer_fired); /* it went like a real clock while it waited */
    ck_assert_double_gt(simul_time(), 0);
    ck_assert_double_le(simul_time(), sm_clock_monotonic() - begin);
    pthread_join(thread, NULL);
    simul_sleep(11);
    ck_assert(timer_fired);
    simul_handle_release(handle);
    close(fds[0]);
    close(fds[1]);
}

static void unhold(void *unused)
{
    (void)unused;
    simul_loop_unhold(NULL);
}

static void *unhold_later(void *loop)
{
    usleep(30000);
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, unhold, NULL, NULL), 0);
    return NULL;
}

TASK_TEST(what_a_library_above_holds_keeps_the_clock_until_it_lets_go)
{
    pthread_t thread;
    double begin = sm_clock_monotonic();
    ck_assert_int_eq(simul_loop_hold(NULL), 0);
    ck_assert_int_eq(
        pthread_create(&thread, NULL, unhold_later, simul_get_running_loop()), 0);

    ck_assert_int_eq(simul_sleep(10), 0);
    ck_assert(sm_clock_monotonic() - begin >= 0.03);
    ck_assert_double_eq(simul_time(), 10);
    pthread_join(thread, NULL);
}

/* ---- what does not --------------------------------------------------------------------------- */

static void nobody_calls(void *unused)
{
    (void)unused;
    ck_abort_msg("nothing to read");
}

TASK_TEST(registered_reader_and_signal_handler_do_not_hold_the_clock)
{
    ck_assert_int_eq(pipe(fds), 0);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], nobody_calls, NULL), 0);
    ck_assert_int_eq(simul_add_signal_handler(NULL, SIGUSR1, nobody_calls, NULL), 0);

    ck_assert_int_eq(simul_sleep(1000), 0);
    ck_assert_double_eq(simul_time(), 1000);
    simul_remove_signal_handler(NULL, SIGUSR1);
    simul_remove_reader(NULL, fds[0]);
    close(fds[0]);
    close(fds[1]);
}

static int accept_one(void *fd)
{
    struct sm_op op = {.fd = *(int *)fd, .code = SM_OP_ACCEPT};
    return (int)sm_op_await(&op, "accept");
}

TASK_TEST(unfinished_accept_does_not_hold_the_clock)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, &(struct sockaddr){.sa_family = AF_UNIX}, 2), 0);
    ck_assert_int_eq(listen(fd, 1), 0);
    simul_task *t = simul_create_task(accept_one, &fd);

    ck_assert_int_eq(simul_wait_for(t, 100), -ETIMEDOUT);
    ck_assert_double_eq(simul_time(), 100);
    simul_release(t);
    close(fd);
}

HARNESS_MAIN_BACKEND("clock")
