/* SPDX-License-Identifier: MIT */
/* The contract of src/poll/poll.h, kept by each backend: waiting and being woken, the
 * choice of a backend, several of them, fork, and running out of everything. */
#include "contract/poll_fixture.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "base/valgrind.h"
#include "base/fault.h"

static void wake(void)
{
    sm_poll_ops(backend)->wake(backend);
}

/* ---- time --------------------------------------------------------------------------- */

POLL_TEST(wait_without_anything_to_do_returns_zero)
{
    ck_assert_int_eq(wait_ns(0), 0);
    ck_assert_int_eq(wait_ns(0), 0);
}

POLL_TEST(wait_lasts_as_long_as_it_is_told)
{
    const int64_t times[] = {1, 1000, 200000, 1000001, 30 * MS};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t start = now_ns();
        ck_assert_int_eq(wait_ns(times[i]), 0);
        ck_assert_int_ge(now_ns() - start, times[i]);
    }
}

POLL_TEST(wait_lasts_as_long_with_an_operation_pending)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    wait_ns(0); /* the first may return early */
    int64_t start = now_ns();

    ck_assert_int_eq(wait_ns(20 * MS), 0);

    ck_assert_int_ge(now_ns() - start, 20 * MS);
    ck_assert_int_eq(in.done, 0);
    ck_assert(cancel_and_finish(&in));
    close_pair(fds);
}

POLL_TEST(wait_zero_collects_what_is_ready)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    ck_assert_int_eq(wait_ns(0), 0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);

    ck_assert_int_eq(wait_ns(0), 1);

    ck_assert_int_eq(in.result, 1);
    close_pair(fds);
}

POLL_TEST(wait_says_how_many_it_gave_back)
{
    int fds[5][2];
    char bytes[5];
    struct probe in[5];
    for (int i = 0; i < 5; i++) {
        pair_unix(fds[i], SOCK_STREAM);
        in[i] = probe_recv(fds[i][0], &bytes[i], 1);
        park(&in[i]);
    }
    wait_ns(0);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(send(fds[i][1], "x", 1, 0), 1);

    ck_assert_int_eq(wait_ns(FOREVER), 4);

    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(in[i].done, i < 4);
    ck_assert(cancel_and_finish(&in[4]));
    for (int i = 0; i < 5; i++)
        close_pair(fds[i]);
}

/* The canceled ones of forget() come without waiting. */
POLL_TEST(wait_does_not_block_while_there_is_something_to_deliver)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    forget_and_close(fds[0]);

    while (!in.done)
        wait_ns(FOREVER);

    ck_assert_int_eq(in.result, -ECANCELED);
    forget_and_close(fds[1]);
}

/* ---- wake --------------------------------------------------------------------------- */

POLL_TEST(wake_before_wait_makes_it_return)
{
    wake();
    ck_assert_int_eq(wait_ns(FOREVER), 0);
}

POLL_TEST(many_wakes_count_as_one)
{
    for (int i = 0; i < 1000; i++)
        wake();
    ck_assert_int_eq(wait_ns(FOREVER), 0);
    int64_t start = now_ns();

    ck_assert_int_eq(wait_ns(30 * MS), 0);

    ck_assert_int_ge(now_ns() - start, 30 * MS);
}

POLL_TEST(each_wait_can_be_woken)
{
    for (int i = 0; i < 300; i++) {
        wake();
        ck_assert_int_eq(wait_ns(FOREVER), 0);
    }
}

static void *wake_later(void *arg)
{
    (void)arg;
    usleep(20000);
    wake();
    return NULL;
}

POLL_TEST(wake_from_another_thread_ends_a_wait)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_later, NULL), 0);

    ck_assert_int_eq(wait_ns(FOREVER), 0);

    pthread_join(thread, NULL);
}

static void *wake_often(void *arg)
{
    int *left = arg;
    while (__atomic_load_n(left, __ATOMIC_ACQUIRE) > 0)
        wake();
    return NULL;
}

POLL_TEST(waking_threads_do_not_disturb_operations)
{
    int fds[2], left = 500;
    pthread_t threads[2];
    pair_unix(fds, SOCK_STREAM);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, wake_often, &left), 0);

    for (int i = 0; i < 500; i++) {
        int got = -1;
        struct probe in = probe_recv(fds[0], &got, sizeof got);
        park(&in);
        ck_assert_int_eq(send(fds[1], &i, sizeof i, 0), sizeof i);
        ck_assert_int_eq(finish(&in), sizeof i);
        ck_assert_int_eq(got, i);
        __atomic_sub_fetch(&left, 1, __ATOMIC_RELEASE);
    }

    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    close_pair(fds);
}

static void on_signal(int number)
{
    if (number == SIGUSR1)
        wake();
}

static void *raise_later(void *arg)
{
    usleep(20000);
    kill(getpid(), *(int *)arg);
    return NULL;
}

static void handle(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    ck_assert_int_eq(sigaction(number, &action, NULL), 0);
}

POLL_TEST(wake_from_a_signal_handler_ends_a_wait)
{
    pthread_t thread;
    int number = SIGUSR1;
    handle(number, on_signal);
    wait_ns(0); /* so that the next has nothing to do but wait */
    ck_assert_int_eq(pthread_create(&thread, NULL, raise_later, &number), 0);

    ck_assert_int_eq(wait_ns(FOREVER), 0);

    pthread_join(thread, NULL);
}

POLL_TEST(a_signal_is_no_error)
{
    pthread_t thread;
    int number = SIGUSR2;
    handle(number, on_signal);
    wait_ns(0); /* so that the next has nothing to do but wait */
    ck_assert_int_eq(pthread_create(&thread, NULL, raise_later, &number), 0);

    ck_assert_int_eq(wait_ns(100 * MS), 0);

    pthread_join(thread, NULL);
}

static int wakes_in_done;

static void wake_in_done(struct probe *probe)
{
    (void)probe;
    wakes_in_done++;
    wake();
}

POLL_TEST(wake_inside_done_counts_for_the_next_wait)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    in.then = wake_in_done;
    park(&in);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&in), 1);
    ck_assert_int_eq(wakes_in_done, 1);

    ck_assert_int_eq(wait_ns(FOREVER), 0);

    close_pair(fds);
}

/* ---- embedding ---------------------------------------------------------------------- */

static int readable_within(int fd, int ms)
{
    ck_assert_int_ge(fd, 0);
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    return poll(&poll_fd, 1, ms);
}

POLL_TEST(fileno_is_readable_when_there_is_something_to_complete)
{
    int fds[2], fd = sm_poll_ops(backend)->fileno(backend);
    char byte;
    if (fd == -ENOTSUP) {
        ck_assert_str_eq(sm_poll_ops(backend)->name, "poll");
        return;
    }
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    for (int i = 0; i < 3; i++) {
        park(&in);
        if (i == 0)
            wait_ns(0); /* the first may have something to tell */
        ck_assert_int_eq(readable_within(fd, 0), 0);

        ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
        ck_assert_int_eq(readable_within(fd, 10000), 1);
        ck_assert_int_eq(wait_ns(0), 1);
        ck_assert_int_eq(readable_within(fd, 0), 0);

        wake();
        ck_assert_int_eq(readable_within(fd, 10000), 1);
        ck_assert_int_eq(wait_ns(0), 0);
        ck_assert_int_eq(readable_within(fd, 0), 0);
    }
    park(&in);
    wait_ns(0);
    forget_and_close(fds[0]);
    ck_assert_int_eq(readable_within(fd, 10000), 1);
    ck_assert_int_eq(finish(&in), -ECANCELED);
    forget_and_close(fds[1]);
}

/* What had not been handed over when it was forgotten is told of too. */
POLL_TEST(fileno_is_readable_for_what_was_forgotten_before)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    forget_and_close(fds[0]);

    int fd = sm_poll_ops(backend)->fileno(backend);
    if (fd != -ENOTSUP)
        ck_assert_int_eq(readable_within(fd, 10000), 1);

    ck_assert_int_eq(finish(&in), -ECANCELED);
    forget_and_close(fds[1]);
}

/* ---- the choice --------------------------------------------------------------------- */

POLL_TEST(the_backend_is_the_one_that_was_named)
{
    const char *forced = getenv("SIMUL_BACKEND");
    if (forced)
        ck_assert_str_eq(sm_poll_ops(backend)->name, forced);

    struct sm_poll *named;
    ck_assert_int_eq(sm_poll_open(&named, "poll"), 0); /* the argument comes first */
    ck_assert_str_eq(sm_poll_ops(named)->name, "poll");
    sm_poll_ops(named)->close(named);
}

POLL_TEST(an_unknown_name_is_an_error_and_never_replaced)
{
    struct sm_poll *untouched = NULL;
    ck_assert_int_eq(sm_poll_open(&untouched, "kqueue!"), -EINVAL);

    ck_assert_int_eq(setenv("SIMUL_BACKEND", "kqueue!", 1), 0);
    ck_assert_int_eq(sm_poll_open(&untouched, NULL), -EINVAL);

    ck_assert_ptr_null(untouched);
}

POLL_TEST(without_a_name_there_is_always_one)
{
    struct sm_poll *any;
    ck_assert_int_eq(unsetenv("SIMUL_BACKEND"), 0);

    ck_assert_int_eq(sm_poll_open(&any, NULL), 0);
    if (RUNNING_ON_VALGRIND || SM_TSAN) /* they do not know io_uring_enter() */
        ck_assert_str_eq(sm_poll_ops(any)->name, "epoll");

    sm_poll_ops(any)->close(any);
}

/* ---- more than one ------------------------------------------------------------------ */

/* Each sees its own only, though both wait on the same descriptor. */
POLL_TEST(two_backends_in_one_thread_do_not_meet)
{
    int fds[2];
    struct sm_poll *first = backend, *second;
    pair_unix(fds, SOCK_STREAM);
    backend_open();
    second = backend;
    struct probe one = probe_poll(fds[0], POLLIN), two = probe_poll(fds[0], POLLIN);
    backend = first;
    park(&one);
    wait_ns(0);
    backend = second;
    park(&two);
    wait_ns(0);

    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);

    ck_assert_int_eq(finish(&two), POLLIN);
    ck_assert_int_eq(one.done, 0);
    forget_and_close(-1);
    backend_close();
    backend = first;
    ck_assert_int_eq(finish(&one), POLLIN);
    close_pair(fds);
}

static void *use_own_backend(void *arg)
{
    struct sm_poll *own;
    int *fds = arg;
    char byte = 0;
    struct sm_op op = {.fd = fds[0], .code = SM_OP_RECV, .buf = {&byte, 1}};
    if (sm_poll_open(&own, NULL) < 0)
        return "open";
    bool at_once = sm_poll_ops(own)->submit(own, &op);
    sm_poll_ops(own)->wait(own, 0);
    sm_poll_ops(own)->cancel(own, &op);
    sm_poll_ops(own)->close(own);
    return at_once ? "at once" : NULL;
}

POLL_TEST(each_thread_has_its_own)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];
    int fds[THREADS][2];
    void *failed;
    for (int i = 0; i < THREADS; i++) {
        pair_unix(fds[i], SOCK_STREAM);
        ck_assert_int_eq(pthread_create(&threads[i], NULL, use_own_backend, fds[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &failed);
        ck_assert_msg(!failed, "thread %d: %s", i, (char *)failed);
        close_pair(fds[i]);
    }
}

static void *take_over(void *arg)
{
    ssize_t *result = arg;
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    wait_ns(0);
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    *result = finish(&in);
    close_pair(fds);
    return NULL;
}

/* What was submitted before comes along. */
TEST(one_thread_opens_and_submits_another_waits_and_the_first_closes)
{
    pthread_t thread;
    ssize_t result = NOT_YET;
    int fds[2];
    char byte;
    backend_open();
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);

    ck_assert_int_eq(pthread_create(&thread, NULL, take_over, &result), 0);
    pthread_join(thread, NULL);
    backend_close();

    ck_assert_int_eq(result, 1);
    ck_assert_int_eq(in.done, 0);
    close(fds[0]);
    close(fds[1]);
}

static int just_close(void *unused)
{
    (void)unused;
    backend_close();
    return 0;
}

/* The child has a copy that it must not use; closing it takes nothing from the parent. */
POLL_TEST(close_in_a_forked_child_leaves_the_parent_s_alone)
{
    int fds[2];
    char byte;
    pair_unix(fds, SOCK_STREAM);
    struct probe in = probe_recv(fds[0], &byte, 1);
    park(&in);
    wait_ns(0);

    ck_assert_int_eq(harness_in_child(just_close, NULL), 0);

    expect_quiet();
    ck_assert_int_eq(send(fds[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&in), 1);
    close_pair(fds);
}

/* One that the kernel has, and one that it may not have got yet. */
struct inherited {
    struct probe with_kernel, queued;
    int fds[2], others[2], more[2];
    char bytes[2];
};

static bool use_the_parent_s(struct inherited *in)
{
    char byte;
    struct probe late = probe_recv(in->more[0], &byte, 1);
    wake();
    for (int i = 0; i < 2; i++)
        if (cancel(&in->with_kernel) != SM_OP_REMOVED
            || cancel(&in->queued) != SM_OP_REMOVED)
            return false;
    sm_poll_ops(backend)->forget(backend, in->fds[0]);
    sm_poll_ops(backend)->forget(backend, in->others[0]);
    return submit(&late) && late.result == -ECANCELED
           && sm_poll_ops(backend)->wait(backend, 0) == -EBADF
           && sm_poll_ops(backend)->fileno(backend) == -EBADF;
}

/* What they point to may be gone when it is closed. */
static int use_and_close(void *arg)
{
    struct inherited *in = arg;
    bool right = use_the_parent_s(in);
    memset(in, 0xff, sizeof *in);
    backend_close();
    return !right;
}

POLL_TEST(nothing_that_a_forked_child_does_reaches_the_parent_s) /* P14, S57 */
{
    struct inherited *in = malloc(sizeof *in);
    pair_tcp(in->fds);
    pair_tcp(in->others);
    pair_tcp(in->more);
    in->with_kernel = probe_recv(in->fds[0], &in->bytes[0], 1);
    in->queued = probe_recv(in->others[0], &in->bytes[1], 1);
    park(&in->with_kernel);
    expect_quiet();
    park(&in->queued);

    ck_assert_int_eq(harness_in_child(use_and_close, in), 0);

    expect_quiet();
    ck_assert_int_eq(in->with_kernel.done + in->queued.done, 0);
    ck_assert_int_eq(send(in->fds[1], "x", 1, 0), 1);
    ck_assert_int_eq(finish(&in->with_kernel), 1);
    ck_assert_int_eq(send(in->others[1], "y", 1, 0), 1);
    ck_assert_int_eq(finish(&in->queued), 1);
    ck_assert_int_eq(in->bytes[0] + in->bytes[1], 'x' + 'y');
    close_pair(in->fds);
    close_pair(in->others);
    close_pair(in->more);
    free(in);
}

/* ---- failures ----------------------------------------------------------------------- */

#ifdef SIMUL_FAULTS
enum { PAIRS = 40 };

struct scene {
    int pairs[PAIRS][2], tcp[2], listener, client;
    struct sockaddr_storage addr;
    socklen_t addr_len;
    char bytes[PAIRS], buf[16];
    struct probe in[PAIRS], short_in, accept, connect, ready;
};

static void set_up(struct scene *scene)
{
    for (int i = 0; i < PAIRS; i++)
        pair_unix(scene->pairs[i], SOCK_STREAM);
    pair_tcp(scene->tcp);
    scene->listener = listen_tcp(&scene->addr, &scene->addr_len);
    scene->client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void tear_down(struct scene *scene)
{
    for (int i = 0; i < PAIRS; i++) {
        close(scene->pairs[i][0]);
        close(scene->pairs[i][1]);
    }
    close(scene->tcp[0]);
    close(scene->tcp[1]);
    close(scene->listener);
    close(scene->client);
    if (scene->accept.result != NOT_YET && scene->accept.result >= 0)
        close((int)scene->accept.result);
}

/* A wait that fails has lost nothing: it is just made again. */
static void wait_some(void)
{
    for (int i = 0; i < 4; i++)
        sm_poll_ops(backend)->wait(backend, i ? MS / 4 : 0);
}

static void receive_something_short(struct scene *scene)
{
    for (int i = 0; i < 3; i++) {
        scene->short_in = probe_recv(scene->tcp[0], scene->buf, sizeof scene->buf);
        submit(&scene->short_in);
        ck_assert_int_eq(send(scene->tcp[1], "abc", 3, 0), 3);
        wait_some();
        if (scene->short_in.result == NOT_YET)
            cancel(&scene->short_in);
        wait_some();
    }
}

static void play(struct scene *scene)
{
    for (int i = 0; i < PAIRS; i++) {
        scene->in[i] = probe_recv(scene->pairs[i][0], &scene->bytes[i], 1);
        submit(&scene->in[i]);
    }
    scene->accept = probe_addr(SM_OP_ACCEPT, scene->listener, NULL, NULL);
    scene->connect =
        probe_addr(SM_OP_CONNECT, scene->client, &scene->addr, &scene->addr_len);
    scene->ready = probe_poll(scene->tcp[1], POLLIN);
    submit(&scene->accept);
    submit(&scene->connect);
    submit(&scene->ready);
    wait_some();
    for (int i = 0; i < PAIRS; i += 2)
        ck_assert_int_eq(send(scene->pairs[i][1], "x", 1, 0), 1);
    wake();
    receive_something_short(scene);
    for (int i = 1; i < PAIRS; i += 4)
        if (scene->in[i].result == NOT_YET)
            cancel(&scene->in[i]);
    sm_poll_ops(backend)->forget(backend, scene->pairs[3][0]);
    wait_some();
}

/* Nothing is given back twice, nothing succeeds that cannot, nothing gets lost. */
static void check_scene(struct scene *scene)
{
    for (int i = 0; i < PAIRS; i++) {
        struct probe *in = &scene->in[i];
        ck_assert_int_le(in->done, 1);
        if (i % 2 == 0)
            ck_assert_msg(in->result == 1 || in->result < 0, "%d: %zd", i, in->result);
        else
            ck_assert_msg(in->result == NOT_YET || in->result < 0, "%d: %zd", i,
                          in->result);
    }
    ck_assert(scene->in[3].result < 0);
    ck_assert_int_ne(scene->connect.result, NOT_YET);
    ck_assert_int_ne(scene->ready.result, POLLIN);
}

static bool play_with_failure(unsigned long n)
{
    static struct scene scene;
    memset(&scene, 0, sizeof scene);
    scene.accept.result = NOT_YET;
    set_up(&scene);
    sm_fault_arm(n);
    bool opened = sm_poll_open(&backend, NULL) >= 0;
    if (opened) {
        play(&scene);
        sm_poll_ops(backend)->close(backend);
    }
    bool failed = sm_fault_disarm();
    ck_assert(opened || failed);
    if (opened)
        check_scene(&scene);
    tear_down(&scene);
    return failed;
}

TEST_TIMEOUT(every_call_fails_once_and_nothing_is_lost, 120)
{
    unsigned long n = 1;
    while (play_with_failure(n))
        n++;
    ck_assert_int_gt(n, 10); /* in a sweep few of each site count */
}
#endif

HARNESS_MAIN_BACKEND("poll backend: wait, wake, choice, failures")
