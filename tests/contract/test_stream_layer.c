/* SPDX-License-Identifier: MIT */
/*
 * The contract of stream layers (net/stream.h), over each of them: sockets, pipes, memory, and
 * a layer in between over both. The numbers are those of the contract.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "contract/layers.h"
#include "net/pair.h"
#include "net/pipe.h"
#include "support/sweep.h"
#ifdef SIMUL_TLS
#include "tls/certs.h"
#endif

enum { LARGE_MAX = 1 << 20, HIGH = 64 << 10 };
#define LARGE (sweep_wanted() ? 384 << 10 : LARGE_MAX) /* more than all buffers */

static char sent[LARGE_MAX], got[LARGE_MAX];

/* ---- the layers -------------------------------------------------------------------------- */

static void make_tcp(simul_stream *pair[2])
{
    tcp_pair(pair, NULL);
}

static void make_unix(simul_stream *pair[2])
{
    int fds[2];
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(simul_open_connection_fd(&pair[i], fds[i], NULL), 0);
}

static void make_memory(simul_stream *pair[2])
{
    ck_assert_int_eq(layer_memory_pair(pair, sm_running), 0);
}

/* Two pipes; blocking ones are asked before each call. */
static void make_pipes(simul_stream *pair[2], int flags, bool patient)
{
    int there[2], back[2];
    struct sm_pipe_end ends_of[4];
    ck_assert_int_eq(pipe2(there, O_CLOEXEC | flags), 0);
    ck_assert_int_eq(pipe2(back, O_CLOEXEC | flags), 0);
    fcntl(there[0], F_SETPIPE_SZ, 4096);
    fcntl(back[0], F_SETPIPE_SZ, 4096);
    const int fds[4] = {back[0], there[1], there[0], back[1]};
    for (int i = 0; i < 4; i++) {
        sm_pipe_end_made(&ends_of[i], fds[i]);
        ends_of[i].patient = patient;
    }
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(sm_stream_of_pipe(&pair[i], sm_running, &ends_of[2 * i],
                                           &ends_of[2 * i + 1], NULL),
                         0);
}

static void make_pipe(simul_stream *pair[2])
{
    make_pipes(pair, O_NONBLOCK, false);
}

static void make_blocking_pipe(simul_stream *pair[2])
{
    make_pipes(pair, 0, true);
}

static void rotate_both(simul_stream *pair[2])
{
    ck_assert_int_eq(layer_rotate_push(pair[0]), 0);
    ck_assert_int_eq(layer_rotate_push(pair[1]), 0);
}

static void make_rotate_tcp(simul_stream *pair[2])
{
    make_tcp(pair);
    rotate_both(pair);
}

static void make_rotate_pipe(simul_stream *pair[2])
{
    make_pipe(pair);
    rotate_both(pair);
}

static void make_rotate_memory(simul_stream *pair[2])
{
    make_memory(pair);
    rotate_both(pair);
}

#ifdef SIMUL_TLS
static void make_tls(simul_stream *pair[2])
{
    make_tcp(pair);
    tls_on_pair(pair);
}

static void make_tls_memory(simul_stream *pair[2])
{
    make_memory(pair);
    tls_on_pair(pair);
}

static void make_tls_pipe(simul_stream *pair[2])
{
    make_pipe(pair);
    tls_on_pair(pair);
}

static void make_tls_blocking_pipe(simul_stream *pair[2])
{
    make_blocking_pipe(pair);
    tls_on_pair(pair);
}

static void make_rotate_tls(simul_stream *pair[2])
{
    make_tls(pair);
    rotate_both(pair);
}

static void make_tls_tls(simul_stream *pair[2])
{
    make_tls(pair);
    tls_on_pair(pair);
}
#else
static void certs_make(void)
{
}
#endif

/* A sweep makes the runs many: each layer once is enough there. */
static const struct kind {
    const char *name;
    void (*make)(simul_stream *pair[2]);
    bool swept;
} kinds[] = {
    {"tcp", make_tcp, true},
    {"unix", make_unix, false},
    {"pipes", make_pipe, true},
    {"blocking pipes", make_blocking_pipe, true},
    {"memory", make_memory, false},
    {"rotate over tcp", make_rotate_tcp, false},
    {"rotate over pipes", make_rotate_pipe, false},
    {"rotate over memory", make_rotate_memory, true},
#ifdef SIMUL_TLS
    {"tls over tcp", make_tls, true},
    {"tls over memory", make_tls_memory, false},
    {"tls over pipes", make_tls_pipe, false},
    {"tls over blocking pipes", make_tls_blocking_pipe, false},
    {"rotate over tls", make_rotate_tls, false},
    {"tls over tls", make_tls_tls, false},
#endif
};

static const struct kind *kind; /* of this run */

/* The pair that each run gets; what the body has not released is closed and released. */
static simul_stream *ends[2];
static void (*body)(simul_stream *a, simul_stream *b);

static void run_body(void)
{
    kind->make(ends);
    body(ends[0], ends[1]);
    for (int i = 0; i < 2; i++)
        simul_stream_close(ends[i]);
    for (int i = 0; i < 2; i++) {
        simul_stream_wait_closed(ends[i]);
        simul_stream_release(ends[i]);
    }
}

static void over_each(void (*what)(simul_stream *a, simul_stream *b))
{
    body = what;
    pattern(sent, LARGE, 0);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        kind = &kinds[i];
        if (sweep_wanted() && !kind->swept)
            continue;
        int r = run_net_test(run_body);
        ck_assert_msg(r == 0, "over %s: %s", kind->name, simul_error_name(r));
    }
}

#define CONTRACT(name_)                                                                \
    static void on_##name_(simul_stream *a, simul_stream *b);                          \
    TEST(name_)                                                                        \
    {                                                                                  \
        over_each(on_##name_);                                                         \
    }                                                                                  \
    static void on_##name_(simul_stream *a, simul_stream *b)

/* A check that says over which layer it failed. */
#define check_eq(expr_, expected_)                                                     \
    do {                                                                               \
        long long is_ = (long long)(expr_), should_ = (long long)(expected_);          \
        ck_assert_msg(is_ == should_, "over %s: %s is %lld, not %lld", kind->name,     \
                      #expr_, is_, should_);                                           \
    } while (0)
#define check(expr_) check_eq(!!(expr_), 1)

/* A Unix socket cannot reset, nor can a pipe. */
static bool has_resets(void)
{
    return strcmp(kind->name, "unix") != 0 && !strstr(kind->name, "pipes");
}

/* What the peer reads at the end of a stream that was cut off. */
static int cut_off_end(void)
{
    if (has_resets())
        return -ECONNRESET;
    return strstr(kind->name, "tls") ? -SIMUL_ETRUNCATED : 0;
}

/* ---- tasks -------------------------------------------------------------------------------- */

struct call {
    simul_stream *stream;
    char *data;
    size_t n;
    ssize_t result;
};

static int write_all(void *arg)
{
    struct call *call = arg;
    call->result = simul_stream_write(call->stream, call->data, call->n);
    return call->result < 0 ? (int)call->result : 0;
}

static int read_all(void *arg)
{
    struct call *call = arg;
    call->result = simul_stream_readexactly(call->stream, call->data, call->n);
    return call->result < 0 ? (int)call->result : 0;
}

static int read_some(void *arg)
{
    struct call *call = arg;
    call->result = simul_stream_read(call->stream, call->data, call->n);
    return call->result < 0 ? (int)call->result : 0;
}

static simul_task *start(simul_fn *fn, struct call *call)
{
    simul_task *task = simul_create_task(fn, call);
    let_run(3);
    return task;
}

static int end(simul_task *task)
{
    int r = simul_await(task);
    simul_release(task);
    return r;
}

/* ---- bytes (Y1, Y3) ------------------------------------------------------------------------ */

CONTRACT(bytes_arrive_whole_and_in_order_in_both_directions_at_once)
{
    static char back[LARGE_MAX];
    struct call calls[4] = {{a, sent, LARGE, 0},
                            {b, got, LARGE, 0},
                            {b, sent, LARGE, 0},
                            {a, back, LARGE, 0}};
    memset(got, 0, LARGE);
    memset(back, 0, LARGE);
    simul_task *tasks[4];
    for (int i = 0; i < 4; i++)
        tasks[i] = simul_create_task(i % 2 ? read_all : write_all, &calls[i]);
    check_eq(simul_gather(tasks, 4, 0), 0);
    simul_release_all(tasks, 4);
    check(is_pattern(got, LARGE, 0) && is_pattern(back, LARGE, 0));
}

CONTRACT(pieces_are_written_as_one)
{
    struct iovec iov[] = {{sent, 10}, {sent + 10, 0}, {sent + 10, 5000}, {NULL, 0}};
    check_eq(simul_stream_writev(a, iov, 4), 5010);
    check_eq(simul_stream_readexactly(b, got, 5010), 5010);
    check(is_pattern(got, 5010, 0));
}

CONTRACT(nothing_written_is_nothing_sent)
{
    char *data;
    check_eq(simul_stream_write(a, sent, 0), 0);
    check_eq(simul_stream_write_eof(a), 0);
    check_eq(simul_stream_read_all(b, &data, 0), 0);
}

CONTRACT(a_read_gives_what_is_there)
{
    check_eq(simul_stream_write(a, sent, 300), 300);
    check_eq(simul_stream_read(b, got, LARGE), 300);
}

/* A busy kernel brings to the other end of a connection later what was sent. */
static ssize_t read_when_there(struct sm_layer *layer)
{
    ssize_t n;
    while ((n = layer->ops->read(layer, got, LARGE, SM_NOWAIT)) == -EAGAIN)
        let_run(1);
    return n;
}

CONTRACT(without_waiting_a_read_gives_what_is_there_or_eagain)
{
    check_eq(b->top->ops->read(b->top, got, LARGE, SM_NOWAIT), -EAGAIN);
    check_eq(simul_stream_write(a, sent, 300), 300);
    check_eq(read_when_there(b->top), 300);
    check(is_pattern(got, 300, 0));
    check_eq(simul_stream_write_eof(a), 0);
    check_eq(read_when_there(b->top), 0);
}

/* ---- the end of the stream (Y2, Y5) ---------------------------------------------------------- */

CONTRACT(the_end_comes_behind_everything_and_stays)
{
    struct call call = {a, sent, LARGE, 0};
    simul_task *task = start(write_all, &call);
    check_eq(simul_stream_write_eof(a), 0);
    check_eq(simul_stream_readexactly(b, got, LARGE), LARGE);
    check_eq(simul_stream_read(b, got, 1), 0);
    check_eq(simul_stream_read(b, got, 1), 0);
    check_eq(b->top->ops->read(b->top, got, 1, 0), 0);
    check_eq(end(task), 0);
    check_eq(simul_stream_write(a, sent, 1), -SIMUL_ESTATE);

    check_eq(simul_stream_write(b, sent, 1000), 1000);
    check_eq(simul_stream_readexactly(a, got, 1000), 1000);
}

/* ---- back-pressure (Y3, Y4) -------------------------------------------------------------------- */

CONTRACT(a_peer_that_does_not_read_stops_the_writer)
{
    struct call call = {a, sent, LARGE, 0};
    simul_task *task = start(write_all, &call);
    let_run(50);
    check(!simul_done(task));
    check(simul_stream_write_buffer_size(a) <= HIGH);
    check_eq(simul_stream_readexactly(b, got, LARGE), LARGE);
    check_eq(end(task), 0);
    check_eq(simul_stream_drain(a), 0);
    check_eq(simul_stream_write_buffer_size(a), 0);
}

CONTRACT(writers_take_turns)
{
    static char ones[100000], twos[50], threes[30000];
    memset(ones, 1, sizeof ones);
    memset(twos, 2, sizeof twos);
    memset(threes, 3, sizeof threes);
    struct call calls[3] = {{a, ones, sizeof ones, 0},
                            {a, twos, sizeof twos, 0},
                            {a, threes, sizeof threes, 0}};
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = start(write_all, &calls[i]);
    for (int i = 0; i < 3; i++) {
        check_eq(simul_stream_readexactly(b, got, calls[i].n), calls[i].n);
        check(memcmp(got, calls[i].data, calls[i].n) == 0);
    }
    check_eq(simul_gather(tasks, 3, 0), 0);
    simul_release_all(tasks, 3);
}

/* Small writes, until one has to wait. How many bytes were taken is in *taken. */
static simul_task *fill_up(struct call *call, simul_stream *stream, size_t *taken)
{
    *call = (struct call){stream, sent, 4000, 0};
    for (*taken = 0;; *taken += 4000) {
        call->data = sent + *taken;
        simul_task *task = start(write_all, call);
        if (!simul_done(task))
            return task;
        check_eq(end(task), 0);
    }
}

CONTRACT(without_waiting_a_write_takes_all_however_much_is_kept)
{
    struct call call;
    size_t taken;
    struct iovec alert = {"alert", 5};
    simul_task *task = fill_up(&call, a, &taken);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);
    check_eq(a->top->ops->write(a->top, &alert, 1, SM_NOWAIT), 5);
    check_eq(simul_stream_readexactly(b, got, taken + 5), taken + 5);
    check(memcmp(got + taken, "alert", 5) == 0);
}

/* ---- cancelling ------------------------------------------------------------------------------------ */

CONTRACT(a_cancelled_read_has_taken_nothing)
{
    struct call call = {b, got, LARGE, 0};
    simul_task *task = start(read_some, &call);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);

    task = start(read_some, &call);
    check_eq(simul_stream_write(a, sent, 2000), 2000);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);
    check_eq(simul_stream_readexactly(b, got, 2000), 2000);
    check(is_pattern(got, 2000, 0));
}

CONTRACT(a_write_cancelled_before_its_first_byte_has_sent_nothing)
{
    struct call call;
    size_t taken;
    simul_task *task = fill_up(&call, a, &taken);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);
    check_eq(simul_stream_readexactly(b, got, taken), taken);
    check_eq(simul_stream_write(a, "end", 3), 3);
    check_eq(simul_stream_readexactly(b, got, 3), 3);
    check(memcmp(got, "end", 3) == 0);
}

CONTRACT(a_write_cancelled_halfway_breaks_the_stream)
{
    struct call call = {a, sent, LARGE, 0};
    simul_task *task = start(write_all, &call);
    check_eq(simul_stream_readexactly(b, got, 20000), 20000);
    let_run(3);
    simul_cancel(task);
    check_eq(end(task), -SIMUL_EBROKEN);
    check_eq(simul_stream_write(a, sent, 1), -SIMUL_EBROKEN);
    check_eq(simul_stream_drain(a), -SIMUL_EBROKEN);
    check_eq(simul_stream_write(b, sent, 100), 100);
    check_eq(simul_stream_readexactly(a, got, 100), 100);

    /* The peer must not take the half for the whole. */
    simul_stream_close(a);
    check_eq(simul_stream_wait_closed(a), -SIMUL_EBROKEN);
    ssize_t n;
    while ((n = simul_stream_read(b, got, LARGE)) > 0)
        ;
    check_eq(n, cut_off_end());
}

/* ---- closing (Y6, Y7) -------------------------------------------------------------------------------- */

CONTRACT(a_gentle_close_sends_what_was_written)
{
    struct call call;
    size_t taken;
    simul_task *task = fill_up(&call, a, &taken);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);
    simul_stream_close(a);
    check_eq(simul_stream_readexactly(b, got, taken), taken);
    check(is_pattern(got, taken, 0));
    check_eq(simul_stream_read(b, got, 1), 0);
    simul_stream_close(b); /* some layers wait for the peer's answer */
    check_eq(simul_stream_wait_closed(a), 0);
}

CONTRACT(closing_wakes_who_waits_in_the_stream)
{
    struct call writing, reading = {a, got, 10, 0};
    size_t taken;
    simul_task *writer = fill_up(&writing, a, &taken);
    simul_task *reader = start(read_some, &reading);
    check(!simul_done(reader));
    simul_stream_close(a);
    check_eq(end(writer), -SIMUL_ESTATE);
    check_eq(end(reader), 0);
    check_eq(reading.result, 0);
    check_eq(simul_stream_readexactly(b, got, taken), taken);
    check_eq(simul_stream_read(b, got, 1), 0);
    simul_stream_close(b);
    check_eq(simul_stream_wait_closed(a), 0);
}

CONTRACT(aborting_wakes_who_waits_in_the_stream)
{
    struct call writing, reading = {a, got, 10, 0};
    size_t taken;
    (void)b;
    simul_task *writer = fill_up(&writing, a, &taken);
    simul_task *reader = start(read_some, &reading);
    simul_stream_abort(a);
    check_eq(end(writer), -SIMUL_ESTATE);
    check_eq(end(reader), -ECONNABORTED);
    check_eq(simul_stream_wait_closed(a), 0);
}

CONTRACT(aborting_resets_if_anything_was_kept)
{
    struct call call;
    size_t taken;
    simul_task *task = fill_up(&call, a, &taken);
    simul_cancel(task);
    check_eq(end(task), -ECANCELED);
    bool kept = simul_stream_write_buffer_size(a) > 0;
    simul_stream_abort(a);
    ssize_t n, all = 0;
    while ((n = simul_stream_read(b, got, LARGE)) > 0)
        all += n;
    check_eq(n, kept ? cut_off_end() : 0);
    if (!kept)
        check_eq(all, taken);
}

CONTRACT(a_peer_that_is_gone_fails_the_writer_and_it_stays)
{
    simul_stream_abort(b);
    ssize_t n;
    while ((n = simul_stream_write(a, sent, 100)) > 0)
        let_run(1);
    check(n == -EPIPE || n == -ECONNRESET);
    check_eq(simul_stream_write(a, sent, 100), n);
    check_eq(simul_stream_drain(a), n);
    check(simul_stream_is_closing(a));
}

CONTRACT(a_write_that_waits_fails_when_the_peer_goes)
{
    struct call call;
    size_t taken;
    simul_task *task = fill_up(&call, a, &taken);
    simul_stream_abort(b);
    int r = end(task);
    check(r == -EPIPE || r == -ECONNRESET);
}

CONTRACT(questions_have_an_answer_or_none)
{
    size_t kept = 1;
    int error = 1, fd = -1;
    (void)b;
    check_eq(a->top->ops->info(a->top, SM_INFO_KEPT, &kept), 0);
    check_eq(kept, 0);
    check_eq(a->top->ops->info(a->top, SM_INFO_ERROR, &error), 0);
    check_eq(error, 0);
    int r = a->top->ops->info(a->top, SM_INFO_FD, &fd);
    check(r == -ENOTSUP || (r == 0 && fd >= 0));
}

/* ---- the end of the loop -------------------------------------------------------------------------------- */

static void leave_open(simul_stream *a, simul_stream *b)
{
    struct call call;
    size_t taken;
    (void)b;
    simul_task *task = fill_up(&call, a, &taken);
    simul_cancel(task);
    end(task);
    kind->make(ends); /* the first two are nobody's now */
    simul_stream_release(a);
    simul_stream_release(b);
}

TEST(streams_released_with_something_kept_leave_nothing_when_the_loop_closes)
{
    capture_log();
    over_each(leave_open);
}

int main(void)
{
    harness_need_backend();
    certs_make();
    return harness_run("stream layer");
}
