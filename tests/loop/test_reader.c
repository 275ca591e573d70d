/* SPDX-License-Identifier: MIT */
/* Readers and writers: level-triggered, replaced and removed at any time. */
#include "task/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fault.h"

static int fds[2], calls, others;

static void open_pipe(void)
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
}

static void close_pipe(void)
{
    close(fds[0]);
    close(fds[1]);
}

static int run_with_pipe(simul_fn *fn, void *arg)
{
    open_pipe();
    int r = run_like_asyncio(fn, arg);
    close_pipe();
    return r;
}

/* The loop's own clock: these tests wait for descriptors, with let_run() as the patience. */
#define READER_TEST(name_) RUN_TEST(name_, run_with_pipe)

static void send_byte(void)
{
    ck_assert_int_eq(write(fds[1], "x", 1), 1);
}

static int take_bytes(void)
{
    char bytes[64];
    return (int)read(fds[0], bytes, sizeof bytes);
}

static void count_call(void *unused)
{
    (void)unused;
    calls++;
}

static void count_other(void *unused)
{
    (void)unused;
    others++;
}

/* Passes until *count reaches n; fails when it takes too many. */
static void until(const int *count, int n)
{
    for (int i = 0; *count < n && i < 1000; i++)
        simul_sleep(0);
    ck_assert_int_ge(*count, n);
}

/* Enough passes for what is ready to be noticed. */
static void let_settle(void)
{
    let_run(20);
}

/* ---- level-triggered ---------------------------------------------------------------------- */

READER_TEST(reader_is_called_again_and_again_while_there_is_something_to_read)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    let_settle();
    ck_assert_int_eq(calls, 0);

    send_byte();
    until(&calls, 3);
    ck_assert_int_eq(take_bytes(), 1);
    let_settle();
    int n = calls;
    let_settle();
    ck_assert_int_eq(calls, n);
    send_byte();
    until(&calls, n + 2);

    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 0);
    n = calls;
    let_settle();
    ck_assert_int_eq(calls, n);
}

READER_TEST(writer_is_called_while_there_is_room)
{
    ck_assert_int_eq(simul_add_writer(NULL, fds[0], count_call, NULL), 0);
    until(&calls, 3);
    static char bytes[65536];
    while (write(fds[0], bytes, sizeof bytes) > 0)
        continue;
    let_settle();
    int n = calls;
    let_settle();
    ck_assert_int_eq(calls, n);

    while (read(fds[1], bytes, sizeof bytes) > 0)
        continue;
    until(&calls, n + 1);
    ck_assert_int_eq(simul_remove_writer(NULL, fds[0]), 1);
    ck_assert_int_eq(simul_remove_writer(NULL, fds[0]), 0);
}

READER_TEST(reader_and_writer_of_one_descriptor)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    ck_assert_int_eq(simul_add_writer(NULL, fds[0], count_other, NULL), 0);
    until(&others, 2);
    ck_assert_int_eq(calls, 0);
    send_byte();
    until(&calls, 2);

    ck_assert_int_eq(simul_remove_writer(NULL, fds[0]), 1);
    let_settle();
    int n = others, m = calls;
    until(&calls, m + 2);
    ck_assert_int_eq(others, n);
    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
}

READER_TEST(reader_is_called_at_the_end_of_the_stream)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    shutdown(fds[1], SHUT_WR);
    until(&calls, 2);
    ck_assert_int_eq(take_bytes(), 0);
    simul_remove_reader(NULL, fds[0]);
}

READER_TEST(data_that_was_there_before_the_reader)
{
    send_byte();
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    until(&calls, 1);
    simul_remove_reader(NULL, fds[0]);
}

/* ---- replaced and removed -------------------------------------------------------------------- */

READER_TEST(second_reader_replaces_the_first)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
    send_byte();
    until(&others, 2);
    ck_assert_int_eq(calls, 0);
    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
}

static void remove_self(void *unused)
{
    (void)unused;
    calls++;
    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
}

READER_TEST(reader_removed_by_itself_is_not_called_again)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], remove_self, NULL), 0);
    send_byte();
    until(&calls, 1);
    let_settle();
    ck_assert_int_eq(calls, 1);
}

static void replace_self(void *unused)
{
    (void)unused;
    calls++;
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
}

READER_TEST(reader_replaced_by_itself)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], replace_self, NULL), 0);
    send_byte();
    until(&others, 2);
    ck_assert_int_eq(calls, 1);
    simul_remove_reader(NULL, fds[0]);
}

static void remove_and_add_self(void *unused)
{
    (void)unused;
    calls++;
    ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
}

READER_TEST(reader_removed_and_added_by_itself)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], remove_and_add_self, NULL), 0);
    send_byte();
    until(&others, 2);
    ck_assert_int_eq(calls, 1);
    simul_remove_reader(NULL, fds[0]);
}

READER_TEST(reader_removed_and_added_while_it_waits)
{
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
        let_run(i);
        ck_assert_int_eq(simul_remove_reader(NULL, fds[0]), 1);
    }
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
    send_byte();
    until(&others, 2);
    ck_assert_int_eq(calls, 0);
    simul_remove_reader(NULL, fds[0]);
}

static void remove_other(void *fd)
{
    calls++;
    simul_remove_reader(NULL, *(int *)fd);
}

READER_TEST(reader_removed_by_another_that_is_ready_in_the_same_pass)
{
    static int more[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, more), 0);
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], remove_other, &more[0]), 0);
    ck_assert_int_eq(simul_add_reader(NULL, more[0], remove_other, &fds[0]), 0);
    send_byte();
    ck_assert_int_eq(write(more[1], "x", 1), 1);
    until(&calls, 1);

    simul_remove_reader(NULL, fds[0]);
    simul_remove_reader(NULL, more[0]);
    int n = calls;
    let_settle();
    ck_assert_int_eq(calls, n);
    close(more[0]);
    close(more[1]);
}

/* ---- descriptors that come and go ---------------------------------------------------------------- */

READER_TEST(number_of_a_closed_descriptor_given_out_anew)
{
    int old = fds[0];
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    send_byte();
    until(&calls, 1);
    simul_remove_reader(NULL, fds[0]);
    close_pipe();
    open_pipe();
    ck_assert_int_eq(fds[0], old);

    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
    let_settle();
    ck_assert_int_eq(others, 0);
    send_byte();
    until(&others, 2);
    simul_remove_reader(NULL, fds[0]);
}

READER_TEST(number_given_out_anew_in_the_same_pass)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    let_settle();
    send_byte();
    simul_remove_reader(NULL, fds[0]);
    close_pipe();
    open_pipe();
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);

    let_settle();
    ck_assert_int_eq(others, 0);
    send_byte();
    until(&others, 2);
    ck_assert_int_eq(calls, 0);
    simul_remove_reader(NULL, fds[0]);
}

TASK_TEST(what_is_no_descriptor_is_refused)
{
    ck_assert_int_eq(simul_add_reader(NULL, -1, count_call, NULL), -EBADF);
    ck_assert_int_eq(simul_add_writer(NULL, 12345, count_call, NULL), -EBADF);
    ck_assert_int_eq(simul_remove_reader(NULL, -1), 0);
    ck_assert_int_eq(simul_remove_writer(NULL, 12345), 0);
}

/* Against the rule: the loop must neither spin silently nor crash. */
READER_TEST(descriptor_closed_under_its_reader_does_no_harm)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    let_settle();
    close_pipe();
    let_settle();
    simul_remove_reader(NULL, fds[0]);
    open_pipe();
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_other, NULL), 0);
    send_byte();
    until(&others, 1);
    simul_remove_reader(NULL, fds[0]);
}

READER_TEST(readers_that_are_left_go_with_the_loop)
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], count_call, NULL), 0);
    ck_assert_int_eq(simul_add_writer(NULL, fds[0], count_other, NULL), 0);
    send_byte();
    until(&calls, 1);
}

static void read_twice(void *other)
{
    calls++;
    take_bytes();
    simul_remove_reader(NULL, fds[0]);
    simul_set_result(other, 0);
}

READER_TEST(reader_that_wakes_a_task)
{
    simul_future *f = simul_create_future();
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], read_twice, f), 0);
    send_byte();
    ck_assert_int_eq(simul_await(f), 0);
    ck_assert_int_eq(calls, 1);
    simul_release(f);
}

#ifdef SIMUL_FAULTS
static void take_and_count(void *unused)
{
    (void)unused;
    calls += take_bytes() > 0;
}

/* Whatever fails when it is armed again: the poller itself, and the run ends with that; or
 * what arms, and then the reader is called for the second byte, too. */
static int read_two_bytes(void *nth)
{
    calls = 0;
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], take_and_count, NULL), 0);
    sm_fault_arm(*(unsigned long *)nth);
    int r = 0;
    for (int bytes = 1; r == 0 && bytes <= 2; bytes++) {
        send_byte();
        for (int i = 0; r == 0 && calls < bytes; i++)
            r = i < 1000 ? simul_sleep(0) : -ETIMEDOUT;
    }
    simul_remove_reader(NULL, fds[0]);
    return r;
}

TEST(reader_that_could_not_be_armed_again_is_armed_later)
{
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        open_pipe();
        int r = run_like_asyncio(read_two_bytes, &n);
        failed = sm_fault_disarm();
        ck_assert(r == 0 || (failed && r < 0 && r != -ETIMEDOUT));
        close_pipe();
    }
}
#endif

HARNESS_MAIN_BACKEND("reader")

/* ---- in the child of a fork (S57) ----------------------------------------------------------- */

static void nobody(void *unused)
{
    (void)unused;
}

static int task_of_nobody(void *unused)
{
    (void)unused;
    return 0;
}

/* How many of the calls that need a loop take the parent's. */
static int use_parents_loop(simul_loop *loop)
{
    int taken = simul_remove_reader(loop, fds[0]) != 1;
    taken += simul_add_reader(loop, fds[1], nobody, NULL) != -SIMUL_ECLOSEDLOOP;
    taken +=
        simul_add_signal_handler(loop, SIGUSR1, nobody, NULL) != -SIMUL_ECLOSEDLOOP;
    taken += simul_call_soon(loop, nobody, NULL, NULL) != -SIMUL_ECLOSEDLOOP;
    taken += simul_call_soon_threadsafe(loop, nobody, NULL, NULL) != -SIMUL_ECLOSEDLOOP;
    taken += simul_loop_fileno(loop) != -SIMUL_ECLOSEDLOOP;
    taken += simul_loop_create_task(loop, task_of_nobody, NULL, NULL) != NULL;
    taken += simul_loop_run_once(loop, 0) != -SIMUL_ECLOSEDLOOP;
    taken += simul_loop_run_forever(loop) != -SIMUL_ECLOSEDLOOP;
    return taken;
}

static int use_and_close(void *loop)
{
    int taken = use_parents_loop(loop);
    return taken + (simul_loop_close(loop) != 0);
}

TEST(a_loop_is_of_no_use_to_the_child_and_stays_the_parents) /* S57 */
{
    simul_loop *loop;
    open_pipe();
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_add_reader(loop, fds[0], count_call, NULL), 0);
    ck_assert_int_ge(simul_loop_run_once(loop, 0), 0);

    ck_assert_int_eq(harness_in_child(use_and_close, loop), 0);

    send_byte();
    for (int i = 0; calls == 0 && i < 1000; i++)
        ck_assert_int_ge(simul_loop_run_once(loop, 0.01), 0);
    ck_assert_int_ge(calls, 1);
    ck_assert_int_eq(simul_remove_reader(loop, fds[0]), 1);
    simul_loop_close(loop);
    close_pipe();
}

/* ---- its place in the pass (S1) -------------------------------------------------------------- */

static void take_and_say(void *unused)
{
    (void)unused;
    take_bytes();
    trace("reader");
}

/* Of one pass: what the next one finds. */
static void make_ready(void *unused)
{
    (void)unused;
    send_byte();
    ck_assert_int_eq(simul_call_at(NULL, simul_time() - 1, trace_text, "timer", NULL),
                     0);
    ck_assert_int_eq(simul_call_soon(NULL, trace_text, "callback", NULL), 0);
}

READER_TEST(reader_comes_before_timers_that_are_due_in_the_same_pass) /* S1 */
{
    ck_assert_int_eq(simul_add_reader(NULL, fds[0], take_and_say, NULL), 0);
    let_run(3);
    ck_assert_int_eq(simul_call_soon(NULL, make_ready, NULL, NULL), 0);
    let_run(3);

    ck_assert_trace("callback reader timer");
    simul_remove_reader(NULL, fds[0]);
}
