/* SPDX-License-Identifier: MIT */
/* The loop itself: one turn, and turning until told to stop. See loop.h. */
#include "loop/loop.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/single_threaded.h>

#include "base/log.h"
#include "base/sys.h"

__thread struct simul_loop *sm_running __attribute__((tls_model("initial-exec")));

enum { CREDIT_OF_A_PASS = 128, WAIT_MAX_S = 86400 };

/* Timers that come so soon after the last wake-up wait to be woken together. A timer is
 * this late at the most, and only among many; epoll's own clock ticks in milliseconds. */
static const double TIMER_SLACK_S = 0.0005;

/* ---- making and unmaking ------------------------------------------------------------- */

/* In the child of a fork no loop runs: the parent's descriptors are shared with it, and
 * are not for the child to touch (S57). */
static void forked(void)
{
    sm_running = NULL;
    sm_signals_forked();
}

static bool sigpipe_was_default; /* atomic */

static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) < 0 || now.sa_handler != SIG_DFL)
        return;
    signal(SIGPIPE, SIG_IGN); /* a write to a closed pipe is -EPIPE, never death */
    __atomic_store_n(&sigpipe_was_default, true, __ATOMIC_RELAXED);
}

bool sm_ignores_sigpipe(void)
{
    return __atomic_load_n(&sigpipe_was_default, __ATOMIC_RELAXED);
}

static bool debug_wanted(const simul_loop_opts *opts)
{
    const char *env = getenv("SIMUL_DEBUG");
    return opts->debug || (env && *env && strcmp(env, "0") != 0);
}

int sm_loop_init(struct simul_loop *loop, const simul_loop_opts *opts)
{
    static const simul_loop_opts defaults;
    if (!opts)
        opts = &defaults;
    if (opts->poll_interval < 0 || !(opts->slow_callback >= 0))
        return -EINVAL;
    __atomic_store_n(&sm_in_child, forked, __ATOMIC_RELAXED);
    int r = sm_poll_open(&loop->poll, opts->backend);
    if (r < 0)
        return r;

    ignore_sigpipe();
    loop->forks = sm_forks;
    loop->backend_name = sm_poll_ops(loop->poll)->name;
    int interval = opts->poll_interval ? opts->poll_interval : 64;
    loop->credit_full = interval == 1 ? -1 : interval * CREDIT_OF_A_PASS;
    loop->virtual_clock = opts->virtual_clock;
    loop->debug = debug_wanted(opts);
    loop->slow_callback = opts->slow_callback > 0 ? opts->slow_callback : 0.1;
    loop->now = simul_loop_time(loop);
    sm_mutex_init(&loop->inbox_lock);
    sm_list_init(&loop->inbox);
    sm_list_init(&loop->readers);
    sm_list_init(&loop->signals);
    sm_list_init(&loop->timed);
    sm_list_init(&loop->scheduled);
    sm_list_init(&loop->at_close);
    sm_list_init(&loop->on_close);
    return 0;
}

static void close_what_is_left(struct sm_list *at_close)
{
    for (struct sm_list *it; (it = sm_list_shift(at_close));) {
        struct sm_at_close *left = sm_container_of(it, struct sm_at_close, link);
        left->close(left);
    }
}

void sm_loop_finish(struct simul_loop *loop)
{
    loop->closed = true;
    sm_inbox_finish(loop);   /* first: another thread … */
    sm_signals_finish(loop); /* … or a signal handler may wake the poller */
    sm_poll_ops(loop->poll)->close(loop->poll);
    loop->poll = NULL;
    close_what_is_left(&loop->at_close);
    sm_readers_finish(loop);
    sm_timers_finish(&loop->timers);
    sm_ring_finish(&loop->ready);
    sm_mutex_finish(&loop->inbox_lock);
}

/* ---- one turn ------------------------------------------------------------------------ */

static void run_entry(struct simul_loop *loop, uintptr_t entry)
{
    struct sm_ready *ready = sm_ready_of(entry);
    if (sm_likely(!loop->debug)) {
        ready->run(ready);
        return;
    }
    char what[160] = "a callback";
    if (loop->describe)
        loop->describe(loop, entry, what, sizeof what); /* it may be gone afterwards */
    double start = sm_clock_monotonic();
    ready->run(ready);
    double took = sm_clock_monotonic() - start;
    if (took >= loop->slow_callback)
        sm_log(SIMUL_LOG_WARNING, "%s took %.3f seconds", what, took);
}

/* Run this pass, and further ones while credit lasts. A task that is run may itself take
 * entries (sm_loop_next), and leaves one in carry if it needs the loop's stack. */
static void run_passes(struct simul_loop *loop)
{
    loop->credit = loop->stopping ? -1 : loop->credit_full;
    loop->pass_left = sm_ring_count(&loop->ready);
    for (;;) {
        uintptr_t entry = loop->carry;
        if (entry)
            loop->carry = 0;
        else if (loop->pass_left > 0 || (!loop->stopping && sm_loop_next_pass(loop)))
            entry = sm_loop_next(loop);
        else
            return;
        run_entry(loop, entry);
    }
}

double sm_loop_wait_limit(struct simul_loop *loop, double timeout)
{
    if (loop->stopping || sm_ring_count(&loop->ready) > 0
        || __atomic_load_n(&loop->inbox_filled, __ATOMIC_ACQUIRE))
        return 0;
    double next = sm_timers_next(&loop->timers);
    if (next == INFINITY)
        return timeout;
    if (loop->virtual_clock && loop->holds == 0)
        return 0;
    double now = simul_loop_time(loop), left = next - now;
    double batch = loop->virtual_clock ? 0 : loop->woken + TIMER_SLACK_S - now;
    if (left > 0 && left < batch)
        left = batch;
    left = left < 0 ? 0 : left > WAIT_MAX_S ? WAIT_MAX_S : left;
    return timeout >= 0 && timeout < left ? timeout : left;
}

/* Nothing is ready, nothing happened, and time is ours: go on to the next timer. */
static void jump(struct simul_loop *loop)
{
    if (!loop->virtual_clock || loop->holds > 0 || sm_ring_count(&loop->ready) > 0)
        return;
    double next = sm_timers_next(&loop->timers);
    if (next != INFINITY && next > loop->virtual_now)
        loop->virtual_now = next;
}

/* Another thread may still wake it: there is one, and it may know the loop. */
static bool others_may_wake(const struct simul_loop *loop)
{
    return loop->escaped && !__libc_single_threaded;
}

/* 0, or -EDEADLK if nothing can happen any more. */
static int check_deadlock(struct simul_loop *loop)
{
    if (loop->outstanding > 0 || loop->stopping || sm_ring_count(&loop->ready) > 0
        || sm_timers_next(&loop->timers) != INFINITY
        || __atomic_load_n(&loop->inbox_filled, __ATOMIC_ACQUIRE)
        || __atomic_load_n(&loop->signalled, __ATOMIC_ACQUIRE))
        return 0;
    bool hope = others_may_wake(loop);
    if (loop->on_deadlock && !(hope && loop->deadlock_told))
        loop->on_deadlock(loop);
    loop->deadlock_told = true;
    return hope ? 0 : -EDEADLK;
}

static int64_t to_ns(double seconds)
{
    const double most = 9e9; /* some 285 years are for ever, and nanoseconds of 63 bits */
    if (seconds < 0 || seconds > most)
        return -1;
    return (int64_t)ceil(seconds * 1e9); /* up: a timer is never early */
}

/* A virtual clock that is held goes as fast as the one on the wall, so that time-outs of
 * what holds it, and timers of other libraries that take part in it, come. */
static int wait_for_poller(struct simul_loop *loop, double limit)
{
    bool flows = loop->virtual_clock && loop->holds > 0;
    double begin = flows ? sm_clock_monotonic() : 0;
    int n = sm_poll_ops(loop->poll)->wait(loop->poll, to_ns(limit));
    if (flows)
        loop->virtual_now += sm_clock_monotonic() - begin;
    return n;
}

int sm_loop_turn(struct simul_loop *loop, double timeout)
{
    if (timeout < 0) {
        int r = check_deadlock(loop);
        if (r < 0)
            return r;
    }
    int n = wait_for_poller(loop, sm_loop_wait_limit(loop, timeout));
    if (n < 0)
        return n;
    sm_signals_drain(loop);
    sm_inbox_drain(loop);
    if (n == 0)
        jump(loop);
    loop->now = simul_loop_time(loop);
    if (sm_timers_fire(&loop->timers, loop->now) > 0)
        loop->woken = loop->now;
    run_passes(loop);
    return 0;
}

/* ---- running ------------------------------------------------------------------------- */

static void enter(struct simul_loop *loop)
{
    sm_running = loop;
    loop->running = true;
    if (loop->on_enter)
        loop->on_enter(loop);
}

static void leave(struct simul_loop *loop)
{
    loop->stopping = false;
    loop->running = false;
    sm_running = NULL;
}

int sm_loop_run(struct simul_loop *loop)
{
    if (sm_running || loop->running)
        return -SIMUL_ERUNNING;
    enter(loop);
    int r;
    do
        r = sm_loop_turn(loop, -1);
    while (r == 0 && !loop->stopping);

    leave(loop);
    return r;
}

int simul_loop_run_forever(simul_loop *loop)
{
    int r = sm_loop_usable(loop);
    return r < 0 ? r : sm_loop_run(loop);
}

int simul_loop_run_once(simul_loop *loop, double timeout)
{
    int r = sm_loop_usable(loop);
    if (r < 0)
        return r;
    if (isnan(timeout))
        return -EINVAL;
    if (sm_running || loop->running)
        return -SIMUL_ERUNNING;
    enter(loop);
    r = sm_loop_turn(loop, timeout);
    leave(loop);
    return r < 0 ? r : sm_ring_count(&loop->ready) > 0;
}

void simul_loop_stop(simul_loop *loop)
{
    loop = sm_loop_or_running(loop);
    if (!loop)
        return;
    loop->stopping = true;
    loop->credit = -1; /* this pass is the last */
}
