/* SPDX-License-Identifier: MIT */
/*
 * The contract of src/poll/poll.h, kept by each backend: operations that end otherwise
 * than by themselves, and many of them at once. Whether cancel() removes or has to wait
 * (P3) is the backend's business; what the caller may count on is the same.
 */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"

/* ---- cancel ------------------------------------------------------------------------- */

POLL_TEST(a_canceled_recv_leaves_data_and_buffer_alone)
{
    int fds[2];
    char buf[8] = "old", next[8] = "";
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    expect_quiet();
    ck_assert(cancel_and_finish(&in));
    int done = in.done;

    ck_assert_int_eq(send(fds[1], "new", 3, 0), 3);
    expect_quiet();

    ck_assert_int_eq(in.done, done);
    ck_assert_str_eq(buf, "old");
    struct probe again = probe_recv(fds[0], next, sizeof next);
    ck_assert_int_eq(run(&again), 3);
    ck_assert_str_eq(next, "new");
    close_pair(fds);
}

/* Not yet given to the kernel, if the backend collects submissions. */
POLL_TEST(cancel_right_after_submit)
{
    int fds[2];
    char buf[8] = "old";
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);

    ck_assert(cancel_and_finish(&in));

    ck_assert_int_eq(send(fds[1], "new", 3, 0), 3);
    expect_quiet();
    ck_assert_str_eq(buf, "old");
    close_pair(fds);
}

/* Whoever is faster, nothing is lost and nothing comes twice. */
POLL_TEST(cancel_after_the_data_has_come) /* S40 */
{
    int fds[2];
    char buf[8] = "";
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "new", 3, 0), 3);

    if (cancel_and_finish(&in))
        ck_assert_int_eq(run(&in), 3);
    else
        ck_assert_int_eq(in.result, 3);

    ck_assert_str_eq(buf, "new");
    expect_quiet();
    close_pair(fds);
}

/* Forgetting another descriptor may make the backend hear of the data, and not yet tell. */
POLL_TEST(data_that_the_backend_had_when_the_cancel_came_is_not_lost)
{
    int fds[2], others[2];
    char buf[8] = "", unused[8];
    pair_tcp(fds);
    pair_tcp(others);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    struct probe other = probe_recv(others[0], unused, sizeof unused);
    park(&in);
    park(&other);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "new", 3, 0), 3);
    forget_and_close(others[0]);

    if (cancel_and_finish(&in))
        ck_assert_int_eq(run(&in), 3);
    else
        ck_assert_int_eq(in.result, 3);

    ck_assert_str_eq(buf, "new");
    wait_ns(0);
    ck_assert_int_eq(other.result, -ECANCELED);
    close(others[1]);
    close_pair(fds);
}

POLL_TEST(cancel_twice_ends_once)
{
    int fds[2];
    char buf[8];
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);
    wait_ns(0);

    if (cancel(&in) == SM_OP_CANCELING) {
        ck_assert_int_eq(cancel(&in), SM_OP_CANCELING);
        ck_assert_int_eq(finish(&in), -ECANCELED);
    }

    expect_quiet();
    ck_assert_int_le(in.done, 1);
    close_pair(fds);
}

POLL_TEST(cancel_of_one_direction_leaves_the_other)
{
    int fds[2];
    char buf[8];
    pair_unix(fds, SOCK_STREAM);
    fill(fds[0]);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    struct probe out = probe_send(fds[0], "x", 1);
    park(&in);
    park(&out);

    ck_assert(cancel_and_finish(&out));
    ck_assert_int_eq(send(fds[1], "abc", 3, 0), 3);

    ck_assert_int_eq(finish(&in), 3);
    close_pair(fds);
}

POLL_TEST(every_kind_of_operation_can_be_canceled)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int tcp[2], pipes[2], full[2], full_pipe[2], listener = listen_tcp(&addr, &len);
    char buf[8] = "unsent";
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    pair_tcp(tcp);
    pair_pipe(pipes);
    pair_pipe(full_pipe);
    pair_unix(full, SOCK_STREAM);
    fill(full[0]);
    fill(full[1]);
    fill(full_pipe[1]);
    struct probe probes[] = {
        probe_recv(tcp[0], buf, 8),
        probe_msg(SM_OP_RECVMSG, tcp[1], &msg),
        probe_send(full[0], "x", 1),
        probe_msg(SM_OP_SENDMSG, full[1], &msg),
        probe_buf(SM_OP_READ, pipes[0], buf, 8),
        probe_buf(SM_OP_WRITE, full_pipe[1], buf, 8),
        probe_addr(SM_OP_ACCEPT, listener, NULL, NULL),
        probe_poll(full_pipe[0], POLLPRI),
    };
    enum { N = sizeof probes / sizeof *probes };
    for (int i = 0; i < N; i++)
        park(&probes[i]);
    wait_ns(0);

    for (int i = 0; i < N; i++)
        ck_assert_msg(cancel_and_finish(&probes[i]), "number %d: %zd", i,
                      probes[i].result);

    expect_quiet();
    close_pair(tcp);
    close_pair(pipes);
    close_pair(full);
    close_pair(full_pipe);
    forget_and_close(listener);
}

/* A connection that nobody accepted is still there for the next accept. */
POLL_TEST(cancel_of_accept_loses_no_connection) /* S40 */
{
    struct sockaddr_storage addr;
    socklen_t len;
    int listener = listen_tcp(&addr, &len), accepted = 0;
    int clients[4];
    for (int i = 0; i < 4; i++) {
        struct probe probe = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
        park(&probe);
        wait_ns(0);
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(clients[i], (struct sockaddr *)&addr, len), 0);
        if (cancel_and_finish(&probe))
            run(&probe);
        ck_assert_int_ge(probe.result, 0);
        accepted++;
        forget_and_close((int)probe.result);
        close(clients[i]);
    }
    ck_assert_int_eq(accepted, 4);
    forget_and_close(listener);
}

static void cancel_other(struct probe *probe)
{
    cancel(probe->arg);
}

/* Both are ready when the first of them is given back, and cancels the other. */
POLL_TEST(done_cancels_what_is_about_to_complete)
{
    int one[2], two[2];
    char a[4] = "", b[4] = "";
    pair_unix(one, SOCK_STREAM);
    pair_unix(two, SOCK_STREAM);
    struct probe first = probe_recv(one[0], a, 4), second = probe_recv(two[0], b, 4);
    first.then = second.then = cancel_other;
    first.arg = &second;
    second.arg = &first;
    park(&first);
    park(&second);
    wait_ns(0);
    ck_assert_int_eq(send(one[1], "abc", 3, 0), 3);
    ck_assert_int_eq(send(two[1], "abc", 3, 0), 3);

    while (first.result == NOT_YET && second.result == NOT_YET)
        wait_ns(FOREVER);
    wait_ns(2 * MS);
    wait_ns(2 * MS);

    ck_assert_int_le(first.done, 1);
    ck_assert_int_le(second.done, 1);
    first.then = second.then = NULL;
    if (!first.done || first.result == -ECANCELED) {
        ck_assert_str_eq(a, "");
        ck_assert_int_eq(run(&first), 3);
    }
    if (!second.done || second.result == -ECANCELED) {
        ck_assert_str_eq(b, "");
        ck_assert_int_eq(run(&second), 3);
    }
    ck_assert_str_eq(a, "abc");
    ck_assert_str_eq(b, "abc");
    close_pair(one);
    close_pair(two);
}

static void submit_other(struct probe *probe)
{
    struct probe *other = probe->arg;
    if (submit(other) && other->then)
        other->then(other);
}

POLL_TEST(done_submits_the_next)
{
    int fds[2];
    char a[4], b[4];
    pair_tcp(fds);
    struct probe first = probe_recv(fds[0], a, 2), second = probe_recv(fds[0], b, 4);
    first.then = submit_other;
    first.arg = &second;
    park(&first);
    ck_assert_int_eq(send(fds[1], "ab", 2, 0), 2);
    ck_assert_int_eq(finish(&first), 2);

    ck_assert_int_eq(send(fds[1], "cd", 2, 0), 2);

    while (second.result == NOT_YET)
        wait_ns(FOREVER);
    ck_assert_int_eq(second.result, 2);
    ck_assert_int_eq(memcmp(b, "cd", 2), 0);
    close_pair(fds);
}

/* Both descriptors of these tests are ready, and the events of both have been read from
 * the kernel, when the first operation is given back. What it then does to the second
 * descriptor makes that event an old story. */
struct turned {
    int second[2];
    struct probe *poll, *next;
};

static void start_over(struct probe *probe)
{
    struct turned *turned = probe->arg;
    char byte;
    if (turned->poll->done || cancel(turned->poll) != SM_OP_REMOVED)
        return;
    if (turned->next->op.code == SM_OP_POLL)
        ck_assert_int_eq(recv(turned->second[0], &byte, 1, 0), 1);
    park(turned->next);
}

static void expect_no_old_story(struct turned *turned, int peer)
{
    char byte;
    int first[2];
    pair_unix(first, SOCK_STREAM);
    struct probe in = probe_recv(first[0], &byte, 1);
    in.then = start_over;
    in.arg = turned;
    park(&in);
    park(turned->poll);
    ck_assert_int_eq(send(first[1], "x", 1, 0), 1);
    if (peer >= 0)
        ck_assert_int_eq(send(peer, "x", 1, 0), 1);

    ck_assert_int_eq(finish(&in), 1);
    while (wait_ns(2 * MS) > 0)
        ;

    ck_assert_int_eq(turned->next->done, 0);
    ck_assert(cancel_and_finish(turned->poll));
    ck_assert(cancel_and_finish(turned->next));
    close_pair(first);
}

POLL_TEST(a_poll_submitted_in_done_is_not_answered_by_an_older_event) /* S40 */
{
    struct turned turned = {{-1, -1}, NULL, NULL};
    pair_unix(turned.second, SOCK_STREAM);
    struct probe poll = probe_poll(turned.second[0], POLLIN), next = poll;
    turned.poll = &poll;
    turned.next = &next;

    expect_no_old_story(&turned, turned.second[1]);

    close_pair(turned.second);
}

/* A socket that was never connected is hung up, says poll(2). */
POLL_TEST(a_connect_submitted_in_done_is_not_answered_by_an_older_event)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int queued[8], listener = listen_tcp(&addr, &len);
    ck_assert_int_eq(listen(listener, 0), 0);
    for (int i = 0; i < 8; i++) {
        queued[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        connect(queued[i], (struct sockaddr *)&addr, len);
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct probe poll = probe_poll(fd, POLLOUT);
    struct probe next = probe_addr(SM_OP_CONNECT, fd, &addr, &len);
    struct turned turned = {{fd, -1}, &poll, &next};

    expect_no_old_story(&turned, -1);

    for (int i = 0; i < 8; i++)
        close(queued[i]);
    forget_and_close(fd);
    forget_and_close(listener);
}

/* ---- one operation for each direction (P4) ------------------------------------------ */

static void expect_busy(struct probe probe)
{
    ck_assert(submit(&probe));
    ck_assert_int_eq(probe.result, -EBUSY);
}

POLL_TEST(a_second_operation_of_the_same_direction_is_refused)
{
    int fds[2];
    char buf[8];
    struct iovec iov = {buf, sizeof buf};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    socklen_t len = 0;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], buf, sizeof buf);
    park(&in);

    expect_busy(probe_recv(fds[0], buf, 8));
    expect_busy(probe_msg(SM_OP_RECVMSG, fds[0], &msg));
    expect_busy(probe_buf(SM_OP_READ, fds[0], buf, 8));
    expect_busy(probe_addr(SM_OP_ACCEPT, fds[0], NULL, NULL));
    expect_busy(probe_poll(fds[0], POLLIN));
    expect_busy(probe_poll(fds[0], POLLIN | POLLOUT));
    struct probe other_way = probe_send(fds[0], "x", 1);
    ck_assert_int_eq(run(&other_way), 1);

    fill(fds[0]);
    struct probe out = probe_send(fds[0], "x", 1);
    park(&out);
    expect_busy(probe_send(fds[0], "x", 1));
    expect_busy(probe_msg(SM_OP_SENDMSG, fds[0], &msg));
    expect_busy(probe_buf(SM_OP_WRITE, fds[0], buf, 8));
    expect_busy(probe_addr(SM_OP_CONNECT, fds[0], buf, &len));
    expect_busy(probe_poll(fds[0], POLLOUT));

    ck_assert(cancel_and_finish(&in));
    ck_assert(cancel_and_finish(&out));
    struct probe free_again = probe_poll(fds[0], POLLIN);
    park(&free_again);
    ck_assert(cancel_and_finish(&free_again));
    close_pair(fds);
}

POLL_TEST(a_poll_for_both_directions_takes_both)
{
    int fds[2];
    char buf[8];
    pair_unix(fds, SOCK_STREAM);
    fill(fds[0]);
    struct probe both = probe_poll(fds[0], POLLIN | POLLOUT);
    park(&both);

    expect_busy(probe_recv(fds[0], buf, 8));
    expect_busy(probe_send(fds[0], "x", 1));

    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&both), POLLIN);
    struct probe in = probe_recv(fds[0], buf, 8);
    ck_assert_int_eq(run(&in), 1);
    close_pair(fds);
}

/* ---- forget (P5) -------------------------------------------------------------------- */

POLL_TEST(forget_ends_what_waits_on_the_descriptor)
{
    int fds[2], other[2];
    char buf[8], rest[8];
    pair_unix(fds, SOCK_STREAM);
    pair_unix(other, SOCK_STREAM);
    fill(fds[0]);
    struct probe in = probe_recv(fds[0], buf, 8), out = probe_send(fds[0], "x", 1);
    struct probe spared = probe_recv(other[0], rest, 8);
    park(&in);
    park(&out);
    park(&spared);
    wait_ns(0);

    sm_poll_ops(backend)->forget(backend, fds[0]);
    ck_assert_int_eq(in.done + out.done, 0);
    wait_ns(FOREVER);

    ck_assert_int_eq(in.result, -ECANCELED);
    ck_assert_int_eq(out.result, -ECANCELED);
    ck_assert_int_eq(in.done, 1);
    ck_assert_int_eq(out.done, 1);
    ck_assert_int_eq(spared.done, 0);
    ck_assert(cancel_and_finish(&spared));
    close_pair(fds);
    close_pair(other);
}

static void expect_end(int fd)
{
    char byte;
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    ck_assert_int_eq(poll(&readable, 1, 10000), 1);
    ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
}

/* Not only when the loop comes round again: nothing else holds the file open. */
POLL_TEST(after_forget_close_takes_effect_at_once)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int fds[2], listener = listen_tcp(&addr, &len);
    char byte;
    pair_tcp(fds);
    struct probe in = probe_recv(fds[0], &byte, 1);
    struct probe accept = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
    park(&in);
    park(&accept);
    wait_ns(0);

    forget_and_close(fds[0]);
    forget_and_close(listener);

    expect_end(fds[1]);
    int again = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(again, (struct sockaddr *)&addr, len), 0);
    close(again);
    while (!in.done || !accept.done)
        wait_ns(FOREVER);
    forget_and_close(fds[1]);
}

POLL_TEST(forget_of_a_poll_for_both_directions_ends_it_once)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    fill(fds[0]);
    struct probe both = probe_poll(fds[0], POLLIN | POLLOUT);
    park(&both);

    forget_and_close(fds[0]);
    ck_assert_int_eq(finish(&both), -ECANCELED);
    expect_quiet();

    ck_assert_int_eq(both.done, 1);
    forget_and_close(fds[1]);
}

POLL_TEST(forget_of_what_is_not_known_does_nothing)
{
    sm_poll_ops(backend)->forget(backend, 500);
    sm_poll_ops(backend)->forget(backend, 100000);
    sm_poll_ops(backend)->forget(backend, -1);
    expect_quiet();
}

POLL_TEST(what_forget_has_ended_can_still_be_canceled)
{
    int fds[2];
    char buf[8];
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], buf, 8);
    park(&in);
    wait_ns(0);

    forget_and_close(fds[0]);
    ck_assert(cancel_and_finish(&in));
    expect_quiet();

    ck_assert_int_le(in.done, 1);
    forget_and_close(fds[1]);
}

/* An unconnected socket has no number of its own: the kernel gives the lowest. */
static void reuse_number(int number, int fd)
{
    ck_assert_int_eq(dup3(fd, number, O_CLOEXEC), number);
    close(fd);
}

/* The old descriptor was ready, with the event already on its way. */
POLL_TEST(no_old_event_reaches_the_new_owner_of_a_number) /* S40 */
{
    int old[2], new[2];
    char buf[8] = "";
    pair_unix(old, SOCK_STREAM);
    pair_unix(new, SOCK_STREAM);
    struct probe in = probe_recv(old[0], buf, 8);
    park(&in);
    wait_ns(0);
    ck_assert_int_eq(send(old[1], "old", 3, 0), 3);

    forget_and_close(old[0]);
    int number = old[0];
    reuse_number(number, new[0]);
    struct probe fresh = probe_recv(number, buf, 8),
                 ready = probe_poll(number, POLLOUT);
    park(&fresh);
    ck_assert_int_eq(run(&ready), POLLOUT);
    wait_ns(2 * MS);
    wait_ns(2 * MS);
    ck_assert_int_eq(fresh.done, 0);
    ck_assert_int_eq(in.done, 1);

    memset(buf, 0, sizeof buf);
    ck_assert_int_eq(send(new[1], "new", 3, 0), 3);
    ck_assert_int_eq(finish(&fresh), 3);
    ck_assert_str_eq(buf, "new");
    forget_and_close(number);
    forget_and_close(old[1]);
    forget_and_close(new[1]);
}

/* The copy keeps the file open, with everything that the kernel knows about it. */
POLL_TEST(what_happens_to_a_copy_after_forget_wakes_nobody)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    int copy = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    wait_ns(0);
    forget_and_close(fds[0]);
    ck_assert_int_eq(finish(&in), -ECANCELED);
    wait_ns(0);
    int64_t start = now_ns();

    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    ck_assert_int_eq(wait_ns(20 * MS), 0);

    ck_assert_int_ge(now_ns() - start, 20 * MS);
    forget_and_close(copy);
    forget_and_close(fds[1]);
}

#ifdef SIMUL_FAULTS
/* Then the kernel still knows the old one: both its events and its entry are in the way. */
POLL_TEST(forget_is_good_even_if_the_kernel_would_not_forget)
{
    int fds[2], new[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    pair_unix(new, SOCK_STREAM);
    int number = fds[0], copy = fcntl(number, F_DUPFD_CLOEXEC, 0);
    struct probe old = probe_recv(number, &byte, 1);
    park(&old);
    wait_ns(0);
    ck_assert(cancel_and_finish(&old));

    sm_fault_arm(1);
    sm_poll_ops(backend)->forget(backend, number);
    sm_fault_disarm();
    park(&old); /* forgotten is not closed: it may go on */
    ck_assert(cancel_and_finish(&old));
    sm_fault_arm(1);
    forget_and_close(number);
    sm_fault_disarm();
    reuse_number(number, new[0]);
    struct probe fresh = probe_poll(number, POLLIN);
    park(&fresh);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    wait_ns(2 * MS);
    wait_ns(2 * MS);

    ck_assert_int_eq(fresh.done, 0);
    ck_assert_int_eq(send(new[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&fresh), POLLIN);
    forget_and_close(number);
    forget_and_close(copy);
    forget_and_close(fds[1]);
    forget_and_close(new[1]);
}
#endif

static void use_a_high_number(struct probe *probe)
{
    park(probe->arg);
}

/* What is kept for each descriptor moves while both directions of one are looked at. */
POLL_TEST(done_uses_a_descriptor_far_beyond_all_others)
{
    int fds[2], other[2];
    char byte;
    raise_limit(9000);
    pair_unix(fds, SOCK_STREAM);
    pair_unix(other, SOCK_STREAM);
    int high = fcntl(other[0], F_DUPFD_CLOEXEC, 8000);
    struct probe in = probe_recv(fds[0], &byte, 1), out = probe_send(fds[0], "x", 1);
    struct probe far = probe_poll(high, POLLIN);
    in.then = use_a_high_number;
    in.arg = &far;
    fill(fds[0]);
    park(&in);
    park(&out);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    drain(fds[1]);

    while (!in.done || !out.done)
        wait_ns(FOREVER);

    ck_assert_int_eq(in.result, 1);
    ck_assert_int_eq(out.result, 1);
    ck_assert_int_eq(send(other[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&far), POLLIN);
    forget_and_close(high);
    close_pair(fds);
    close_pair(other);
}

struct swap {
    int number, spare;
    struct probe *old, *fresh;
};

/* Closes the descriptor of another operation whose event is in the same batch, and gives
 * its number to a new socket that nothing has come for. */
static void swap_number(struct probe *probe)
{
    struct swap *swap = probe->arg;
    if (!swap || swap->old->done)
        return;
    probe->arg = NULL;
    forget_and_close(swap->number);
    reuse_number(swap->number, swap->spare);
    park(swap->fresh);
}

POLL_TEST(a_number_reused_in_the_middle_of_a_wait_gets_no_old_event)
{
    int one[2], two[2], spare[2];
    char a[4], b[4];
    pair_unix(one, SOCK_STREAM);
    pair_unix(two, SOCK_STREAM);
    pair_unix(spare, SOCK_STREAM);
    struct probe first = probe_recv(one[0], a, 4), second = probe_recv(two[0], b, 4);
    struct probe fresh = probe_poll(two[0], POLLIN);
    struct swap swap = {two[0], spare[0], &second, &fresh};
    first.then = swap_number;
    first.arg = &swap;
    park(&first);
    park(&second);
    wait_ns(0);
    ck_assert_int_eq(send(one[1], "x", 1, 0), 1);
    ck_assert_int_eq(send(two[1], "x", 1, 0), 1);

    ck_assert_int_eq(finish(&first), 1);
    while (!second.done)
        wait_ns(FOREVER);
    wait_ns(2 * MS);

    ck_assert_int_eq(fresh.done, 0);
    ck_assert_int_eq(second.done, 1);
    if (!first.arg) {
        ck_assert_int_eq(send(spare[1], "x", 1, 0), 1);
        ck_assert_int_eq(finish(&fresh), POLLIN);
    } else {
        close(spare[0]);
    }
    close_pair(one);
    close_pair(two);
    forget_and_close(spare[1]);
}

/* Occupy the numbers below `number`, so that it is the next to be given out. */
static int occupy_below(int number, int *fillers)
{
    int n = 0;
    while ((fillers[n] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) != number)
        ck_assert_int_lt(++n, 16);
    close(number);
    return n;
}

static void short_read(int fd, int peer)
{
    char buf[16];
    struct probe in = probe_recv(fd, buf, sizeof buf);
    park(&in);
    ck_assert_int_eq(send(peer, "abc", 3, 0), 3);
    ck_assert_int_eq(finish(&in), 3);
}

/* Against P5, but connect and accept know that their descriptor is new. */
POLL_TEST(a_number_that_was_closed_without_forget_works_for_the_next)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int fds[2], fillers[16], listener = listen_tcp(&addr, &len);
    pair_tcp(fds);
    short_read(fds[0], fds[1]);
    short_read(fds[1], fds[0]);
    close(fds[0]);
    close(fds[1]);

    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    reuse_number(fds[0], fd);
    struct probe connect = probe_addr(SM_OP_CONNECT, fds[0], &addr, &len);
    ck_assert_int_eq(run(&connect), 0);
    struct probe accept = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
    int n = occupy_below(fds[1], fillers);
    ck_assert_int_eq(run(&accept), fds[1]);

    short_read(fds[0], fds[1]);
    short_read(fds[1], fds[0]);
    while (n-- > 0)
        close(fillers[n]);
    close_pair(fds);
    forget_and_close(listener);
}

/* ---- close (P11) -------------------------------------------------------------------- */

POLL_TEST(close_lets_go_of_everything)
{
    enum { N = 40 };
    int fds[N][2];
    char *bufs[N];
    struct probe probes[N];
    for (int i = 0; i < N; i++) {
        pair_unix(fds[i], SOCK_STREAM);
        bufs[i] = malloc(8);
        memset(bufs[i], 'o', 8);
        probes[i] = probe_recv(fds[i][0], bufs[i], 8);
        park(&probes[i]);
        if (i == N / 2)
            wait_ns(0);
    }
    sm_poll_ops(backend)->forget(backend, fds[N - 1][0]);
    sm_poll_ops(backend)->forget(backend, fds[0][0]);
    cancel(&probes[1]);

    backend_close();

    for (int i = 0; i < N; i++) {
        ck_assert_int_eq(probes[i].done, 0);
        ck_assert_int_eq(send(fds[i][1], "new", 3, 0), 3);
        ck_assert_int_eq(memcmp(bufs[i], "oooooooo", 8), 0);
        free(bufs[i]);
    }
    backend_open();
    for (int i = 0; i < N; i++) { /* they are the caller's again */
        char byte;
        probes[i] = (struct probe){.op = probes[i].op};
        probes[i].op.buf.data = &byte;
        probes[i].op.buf.len = 1;
        ck_assert(submit(&probes[i]));
        close_pair(fds[i]);
    }
}

/* Whoever takes it in the last moment has to hang up. */
POLL_TEST(a_connection_that_comes_while_closing_is_closed_too)
{
    struct sockaddr_storage addr;
    socklen_t len;
    int listener = listen_tcp(&addr, &len);
    struct probe accept = probe_addr(SM_OP_ACCEPT, listener, NULL, NULL);
    park(&accept);
    wait_ns(0);
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&addr, len), 0);

    backend_close();

    ck_assert_int_eq(accept.done, 0);
    close(listener);
    char byte;
    ck_assert_int_le(recv(client, &byte, 1, 0), 0); /* the end, or a reset */
    close(client);
    backend_open();
}

/* ---- many --------------------------------------------------------------------------- */

enum { MANY = 1000 };

static void open_many(int fds[][2], struct probe *probes, char *bufs)
{
    raise_limit(2 * MANY + 100);
    for (int i = 0; i < MANY; i++) {
        pair_unix(fds[i], SOCK_STREAM);
        probes[i] = probe_recv(fds[i][0], &bufs[i], 1);
        park(&probes[i]);
    }
}

static void close_many(int fds[][2])
{
    for (int i = 0; i < MANY; i++)
        close_pair(fds[i]);
}

static int fds_of_many[MANY][2];
static struct probe probes_of_many[MANY];
static char bufs_of_many[MANY];

POLL_TEST(a_thousand_operations_wait_and_each_is_given_back_once)
{
    int sum = 0;
    open_many(fds_of_many, probes_of_many, bufs_of_many);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(send(fds_of_many[i][1], &"abcdefgh"[i % 8], 1, 0), 1);

    while (sum < MANY)
        sum += wait_ns(FOREVER);

    expect_quiet();
    for (int i = 0; i < MANY; i++) {
        ck_assert_int_eq(probes_of_many[i].done, 1);
        ck_assert_int_eq(probes_of_many[i].result, 1);
        ck_assert_int_eq(bufs_of_many[i], "abcdefgh"[i % 8]);
    }
    close_many(fds_of_many);
}

POLL_TEST(of_a_thousand_operations_some_are_canceled)
{
    open_many(fds_of_many, probes_of_many, bufs_of_many);
    wait_ns(0);
    for (int i = 0; i < MANY; i += 3)
        cancel(&probes_of_many[i]);
    for (int i = 0; i < MANY; i += 2)
        ck_assert_int_eq(send(fds_of_many[i][1], "x", 1, 0), 1);

    for (int i = 0; i < MANY; i += 2)
        while (i % 3 && !probes_of_many[i].done)
            wait_ns(FOREVER);
    while (wait_ns(2 * MS) > 0) /* the canceled ones, where they are given back */
        ;

    for (int i = 0; i < MANY; i++) {
        int done = probes_of_many[i].done;
        ck_assert_int_le(done, i % 3 ? i % 2 == 0 : 1);
        if (i % 2 == 0 && (i % 3 || (done && probes_of_many[i].result > 0)))
            ck_assert_int_eq(bufs_of_many[i], 'x');
        if (i % 3 && i % 2)
            ck_assert(cancel_and_finish(&probes_of_many[i]));
    }
    close_many(fds_of_many);
}

static void forget_own(struct probe *probe)
{
    if (probe->result >= 0)
        sm_poll_ops(backend)->forget(backend, probe->op.fd);
}

/* Each done() closes one that may be about to complete. */
POLL_TEST(done_forgets_its_own_descriptor_and_that_of_others)
{
    open_many(fds_of_many, probes_of_many, bufs_of_many);
    for (int i = 0; i < MANY; i++) {
        probes_of_many[i].then = forget_own;
        ck_assert_int_eq(send(fds_of_many[i][1], "x", 1, 0), 1);
    }
    struct probe *odd = &probes_of_many[1];
    sm_poll_ops(backend)->forget(backend, odd->op.fd);

    for (int i = 0; i < MANY; i++)
        while (!probes_of_many[i].done)
            wait_ns(FOREVER);
    expect_quiet();

    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(probes_of_many[i].done, 1);
    close_many(fds_of_many);
}

/* More than fit into any queue, all at the same time. */
enum { FLOOD = 5000 };

static struct probe flood[FLOOD];

static void open_flood(int fd)
{
    raise_limit(FLOOD + 100);
    for (int i = 0; i < FLOOD; i++) {
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        ck_assert_int_ge(copy, 0);
        flood[i] = probe_poll(copy, POLLIN);
        park(&flood[i]);
    }
}

static void close_flood(void)
{
    for (int i = 0; i < FLOOD; i++)
        forget_and_close(flood[i].op.fd);
}

POLL_TEST(a_flood_of_completions_loses_none)
{
    int fds[2], sum = 0;
    pair_unix(fds, SOCK_STREAM);
    open_flood(fds[0]);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    sm_poll_ops(backend)->wake(backend);

    while (sum < FLOOD)
        sum += wait_ns(FOREVER);

    for (int i = 0; i < FLOOD; i++)
        ck_assert(flood[i].done == 1 && flood[i].result == POLLIN);
    for (int i = 0; i < 3; i++) { /* what wakes has survived */
        sm_poll_ops(backend)->wake(backend);
        wait_ns(FOREVER);
    }
    close_flood();
    close_pair(fds);
}

POLL_TEST(a_flood_of_cancels_loses_none)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    open_flood(fds[0]);
    wait_ns(0);

    for (int i = 0; i < FLOOD; i++)
        if (cancel(&flood[i]) == SM_OP_REMOVED)
            flood[i].result = -ECANCELED;
    for (int i = 0; i < FLOOD; i++)
        while (flood[i].result == NOT_YET)
            wait_ns(FOREVER);

    for (int i = 0; i < FLOOD; i++)
        ck_assert(flood[i].done <= 1 && flood[i].result == -ECANCELED);
    close_flood();
    close_pair(fds);
}

POLL_TEST(close_with_a_flood_pending)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    open_flood(fds[0]);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);

    backend_close();

    for (int i = 0; i < FLOOD; i++) {
        ck_assert_int_eq(flood[i].done, 0);
        close(flood[i].op.fd);
    }
    close(fds[0]);
    close(fds[1]);
    backend_open();
}

#ifdef SIMUL_FAULTS
enum { CROWD = 600 };

/* Gives the others up, or waits for them all. */
static int cancel_crowd(struct probe *probes)
{
    int removed = 0;
    for (int i = 0; i < CROWD; i++)
        if (probes[i].result == NOT_YET)
            removed += cancel(&probes[i]) == SM_OP_REMOVED;
    return removed;
}

/* Waits that fail are made again. */
static int collect_crowd(struct probe *probes, int expected)
{
    int given_back = 0;
    for (int i = 0; i < CROWD; i++)
        given_back += probes[i].result != NOT_YET;
    for (int i = 0; i < 10 * CROWD && given_back < expected; i++) {
        int r = sm_poll_ops(backend)->wait(backend, MS / 10);
        given_back += r > 0 ? r : 0;
    }
    return given_back;
}

enum ending { COMPLETE, CANCEL, CLOSE };

/* Submits more than fits into a queue, and ends it one way or another, while the n-th
 * call fails. In the end each was given back once, or removed. */
static bool crowd_with_failure(unsigned long n, enum ending ending)
{
    int fds[2];
    struct probe *probes = flood;
    pair_unix(fds, SOCK_STREAM);
    backend_open();
    for (int i = 0; i < CROWD; i++)
        probes[i] = probe_poll(fcntl(fds[0], F_DUPFD_CLOEXEC, 0), POLLIN);
    sm_fault_arm(n);
    for (int i = 0; i < CROWD; i++)
        submit(&probes[i]); /* -ENOMEM is an answer too */
    if (ending == COMPLETE)
        ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    for (int i = 0; i < 4 && ending != COMPLETE; i++)
        sm_poll_ops(backend)->wait(backend, 0);
    int removed = ending == CANCEL ? cancel_crowd(probes) : 0;
    if (ending == CLOSE)
        backend_close();
    else
        ck_assert_int_eq(removed + collect_crowd(probes, CROWD - removed), CROWD);
    bool failed = sm_fault_disarm();
    for (int i = 0; i < CROWD; i++) {
        ck_assert_int_le(probes[i].done, 1);
        if (ending == COMPLETE)
            ck_assert(probes[i].result == POLLIN || probes[i].result < 0);
        else
            ck_assert(probes[i].result == NOT_YET || probes[i].result < 0);
        ck_assert_int_eq(probes[i].op.state, SM_OP_IDLE);
        close(probes[i].op.fd);
    }
    if (ending != CLOSE)
        backend_close();
    close(fds[0]);
    close(fds[1]);
    return failed;
}

static void sweep_crowd(enum ending ending)
{
    raise_limit(CROWD + 100);
    unsigned long n = 1;
    while (crowd_with_failure(n, ending))
        n = n < 40 ? n + 1 : n + 29; /* each of the first calls, a sample of the rest */
    ck_assert_int_gt(n, 3);
}

TEST_TIMEOUT(a_crowd_completes_through_each_failure, 120)
{
    sweep_crowd(COMPLETE);
}

TEST_TIMEOUT(a_crowd_is_canceled_through_each_failure, 120)
{
    sweep_crowd(CANCEL);
}

TEST_TIMEOUT(a_crowd_is_let_go_through_each_failure, 120)
{
    sweep_crowd(CLOSE);
}
#endif

/* ---- a long run --------------------------------------------------------------------- */

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

struct way {
    int from, to;
    struct probe in, out;
    size_t sent, received;
    unsigned char out_buf[3000], in_buf[3000];
};

enum { LENGTH = 400000 };

static void fill_pattern(unsigned char *to, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (unsigned char)((at + i) * 7 + ((at + i) >> 8));
}

static void send_more(struct way *way, uint32_t *random)
{
    while (way->out.result != NOT_YET && way->sent < LENGTH) {
        size_t n = next_random(random) % sizeof way->out_buf + 1;
        if (n > LENGTH - way->sent)
            n = LENGTH - way->sent;
        fill_pattern(way->out_buf, way->sent, n);
        way->out = probe_send(way->from, way->out_buf, n);
        if (!submit(&way->out))
            return;
        ck_assert_int_gt(way->out.result, 0);
        way->sent += way->out.result;
    }
}

static void check_received(struct way *way)
{
    unsigned char expected[sizeof way->in_buf];
    ck_assert_int_gt(way->in.result, 0);
    fill_pattern(expected, way->received, way->in.result);
    ck_assert_int_eq(memcmp(expected, way->in_buf, way->in.result), 0);
    way->received += way->in.result;
}

static void receive_more(struct way *way, uint32_t *random)
{
    while (way->in.result != NOT_YET && way->received < LENGTH) {
        size_t n = next_random(random) % sizeof way->in_buf + 1;
        way->in = probe_recv(way->to, way->in_buf, n);
        if (!submit(&way->in))
            return;
        check_received(way);
    }
}

static void turn(struct way *way, uint32_t *random)
{
    if (way->out.done) {
        way->out.done = 0;
        ck_assert_int_gt(way->out.result, 0);
        way->sent += way->out.result;
    }
    if (way->in.done) {
        way->in.done = 0;
        check_received(way);
    }
    /* now and then a cancel, which must not lose a byte */
    if (next_random(random) % 8 == 0 && way->in.result == NOT_YET) {
        if (cancel(&way->in) == SM_OP_REMOVED)
            way->in.result = 0;
        else if (finish(&way->in) > 0)
            check_received(way);
        way->in.done = 0;
    }
    send_more(way, random);
    receive_more(way, random);
}

/* Both ways over one connection, in pieces of random size, with cancels. */
static void long_run(int fds[2])
{
    static struct way ways[2];
    uint32_t random = 42;
    ways[0] = (struct way){.from = fds[0], .to = fds[1]};
    ways[1] = (struct way){.from = fds[1], .to = fds[0]};
    while (ways[0].received < LENGTH || ways[1].received < LENGTH) {
        turn(&ways[0], &random);
        turn(&ways[1], &random);
        wait_ns(next_random(&random) % 4 ? 0 : 1 * MS);
    }
    expect_quiet();
    close_pair(fds);
}

POLL_TEST(a_long_run_over_tcp)
{
    int fds[2], small = 16384;
    pair_tcp(fds);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    long_run(fds);
}

POLL_TEST(a_long_run_over_a_unix_socket)
{
    int fds[2];
    pair_unix(fds, SOCK_STREAM);
    long_run(fds);
}

HARNESS_MAIN_BACKEND("poll backend: cancel, forget, close")
