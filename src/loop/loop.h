/* SPDX-License-Identifier: MIT */
/*
 * The event loop: runnable things, timers and a poller, turned pass by pass.
 *
 * It knows nothing of tasks. What can run is a struct sm_ready with a function; the task
 * layer puts itself on top by setting that function, and by being allowed to take the next
 * ready entry itself (sm_loop_next) so that a task switches straight to the next one.
 *
 * One pass (asyncio's _run_once, S1 of the semantics): ask the poller, blocking only if
 * nothing is ready; append what completed, then what other threads and signals brought,
 * then the timers that are due; then run exactly as many entries as are ready by now.
 * Between two looks at the poller, further passes may run that only take what became ready
 * (`credit` bounds them); comparisons with asyncio set poll_interval to 1.
 *
 *  L1. An entry is in the ready ring at most once; its owner reserved a place for it.
 *  L2. outstanding counts what can still wake the loop by itself (operations, readers,
 *      signal handlers, jobs); holds counts those of them that the virtual clock waits for.
 *  L3. pass_left <= count of the ring.
 *  L4. Everything here is for the loop's thread, but inbox and wake().
 */
#ifndef SM_LOOP_LOOP_H
#define SM_LOOP_LOOP_H

#include <pthread.h>
#include <simul/loop.h>

#include "base/fork.h"
#include "base/list.h"
#include "base/mutex.h"
#include "base/ring.h"
#include "loop/timer.h"
#include "poll/poll.h"

/* Something that can run. At least 4-byte aligned: the ring holds it with a tag. */
struct sm_ready {
    void (*run)(struct sm_ready *self);
};

enum sm_ready_tag {
    SM_READY_CALL = 0,   /* a callback: on the loop's stack only */
    SM_READY_TASK = 1,   /* a task: who takes it may switch to it itself */
    SM_READY_INLINE = 2, /* a few instructions of ours: on any stack */
    SM_READY_TAGS = 3,
};

struct sm_reader; /* reader.c */

/* What must not outlive the loop: taken off the list and close()d when the loop is, after
 * the poller (no operation is pending any more). Zeroed or removed: on no list. */
struct sm_at_close {
    struct sm_list link; /* loop->at_close */
    void (*close)(struct sm_at_close *self);
};

struct simul_loop {
    /* hot: what a switch from task to task touches */
    struct sm_ring ready;
    uint32_t pass_left; /* entries of this pass still to run */
    int32_t credit;     /* spent by passes; below 0 the poller is due */
    uintptr_t carry; /* an entry taken by a task that only the loop's stack may run */

    struct sm_timers timers;
    struct sm_poll *poll; /* owned; NULL at the end of closing */
    double woken;         /* when timers were last fired */
    double now;           /* the clock at the last look, for reports; seconds */
    double virtual_now;
    int outstanding, holds; /* L2 */
    int32_t credit_full;    /* credit after a look at the poller */

    bool running, stopping, closed;
    bool reentrant; /* the user allows to run it from inside of itself */
    bool virtual_clock, debug;
    bool deadlock_told;
    bool escaped;   /* somebody was given the loop: another thread might wake it */
    unsigned forks; /* sm_forks when it was made */
    double slow_callback;
    const char *backend_name;

    /* other threads */
    struct sm_mutex inbox_lock;
    struct sm_list inbox;  /* of struct sm_post; guarded by inbox_lock */
    unsigned inbox_filled; /* atomic: look into the inbox */
    unsigned signalled;    /* atomic: look at the pending signals */

    struct sm_list readers; /* of struct sm_reader */
    struct sm_reader *
        *by_fd[2]; /* owned; [0] readers, [1] writers, index is the descriptor */
    int by_fd_size[2];
    struct sm_list signals;   /* of struct signal_watch (signal.c) */
    struct sm_list timed;     /* posts of handles that wait for a timer, for close */
    struct sm_list scheduled; /* posts in the ready ring, for close */
    struct sm_list at_close;  /* of struct sm_at_close */
    struct sm_list on_close;  /* of struct on_close (on_close.c) */

    simul_exception_handler_fn *handler;
    void *handler_arg;

    /* the upper layer's, may be NULL: called when nothing can happen any more (to write a
     * report), and to name an entry that was slow */
    void (*on_enter)(struct simul_loop *loop); /* it begins to run in this thread */
    void (*on_deadlock)(struct simul_loop *loop);
    void (*describe)(struct simul_loop *loop, uintptr_t entry, char *text, size_t size);
    /* where the context of the task that runs is (context.h); NULL: none runs */
    struct simul_context **(*context_place)(struct simul_loop *loop);
    struct sm_jobs *jobs; /* thread/'s; made at first use */
};

/* The loop that runs in this thread, or NULL. */
extern __thread struct simul_loop *sm_running
    __attribute__((tls_model("initial-exec")));

int sm_loop_init(struct simul_loop *loop, const simul_loop_opts *opts);
void sm_loop_finish(struct simul_loop *loop);

/** `loop`, or the running one if it is NULL (may still be NULL). */
static inline struct simul_loop *sm_loop_or_running(struct simul_loop *loop)
{
    return loop ? loop : sm_running;
}

/** Whether this is the child of a fork, and it its parent's (S57): what the kernel has of it
 *  is shared, and not to be touched. */
static inline bool sm_loop_forked(const struct simul_loop *loop)
{
    return sm_unlikely(loop->forks != sm_forks);
}

/** Whether nothing can be sent or received any more: its poller is closed, or the parent's. */
static inline bool sm_loop_over(const struct simul_loop *loop)
{
    return !loop->poll || sm_loop_forked(loop);
}

/** What to say to somebody who wants something of this loop: 0, or it is none, or closed, or
 *  that of the parent, which to its child is the same. */
static inline int sm_loop_usable(const struct simul_loop *loop)
{
    if (sm_unlikely(!loop))
        return -SIMUL_ENOLOOP;
    bool forked = sm_loop_forked(loop);
    return sm_unlikely(loop->closed || forked) ? -SIMUL_ECLOSEDLOOP : 0;
}

/** Whether it runs, and in another thread. */
static inline bool sm_loop_foreign(const struct simul_loop *loop)
{
    return sm_unlikely(loop != sm_running) && loop->running;
}

/** Refuse somebody who may not touch it from here: -SIMUL_ENOLOOP, and in debug mode a
 *  word in the log. */
int sm_loop_refuse(const struct simul_loop *loop);

/** The same for what only the loop's own thread may want, while it runs. */
static inline int sm_loop_mine(const struct simul_loop *loop)
{
    int r = sm_loop_usable(loop);
    if (r < 0)
        return r;
    return sm_loop_foreign(loop) ? sm_loop_refuse(loop) : 0;
}

/** Make an entry run in the next pass (a place must be reserved). */
static inline void sm_loop_ready(struct simul_loop *loop, struct sm_ready *ready,
                                 enum sm_ready_tag tag)
{
    sm_ring_push(&loop->ready, (uintptr_t)ready | tag);
}

/** Make an entry the next one of this pass (a place must be reserved). */
static inline void sm_loop_ready_next(struct simul_loop *loop, struct sm_ready *ready,
                                      enum sm_ready_tag tag)
{
    sm_ring_unshift(&loop->ready, (uintptr_t)ready | tag);
    loop->pass_left++;
}

static inline struct sm_ready *sm_ready_of(uintptr_t entry)
{
    return (struct sm_ready *)(entry & ~(uintptr_t)SM_READY_TAGS);
}

/** Whether another pass may begin without a look at the poller; begins it. */
static inline bool sm_loop_next_pass(struct simul_loop *loop)
{
    uint32_t count = sm_ring_count(&loop->ready);
    if (count == 0 || (loop->credit -= (int32_t)count + 64) < 0)
        return false;
    loop->pass_left = count;
    return true;
}

/** The next entry to run; 0: it is the loop's turn. */
static inline uintptr_t sm_loop_next(struct simul_loop *loop)
{
    if (sm_unlikely(loop->pass_left == 0) && !sm_loop_next_pass(loop))
        return 0;
    loop->pass_left--;
    return sm_ring_shift(&loop->ready);
}

/** Run until stop() (or an error); see simul_loop_run_forever(). */
int sm_loop_run(struct simul_loop *loop);

/** One turn: the poller, the timers, one or more passes. `timeout` < 0: may block. */
int sm_loop_turn(struct simul_loop *loop, double timeout);

/** Whether SIGPIPE is ignored because a loop wants it so: programs that are run do not. */
bool sm_ignores_sigpipe(void);

/** How long the poller may block, seconds; < 0: for ever. */
double sm_loop_wait_limit(struct simul_loop *loop, double timeout);

/** Bookkeeping around a pending operation (L2). */
static inline void sm_loop_hold(struct simul_loop *loop, bool holds_clock)
{
    loop->outstanding++;
    loop->holds += holds_clock;
}

static inline void sm_loop_unhold(struct simul_loop *loop, bool holds_clock)
{
    loop->outstanding--;
    loop->holds -= holds_clock;
}

/* clock.c */
double sm_clock_monotonic(void);

/*
 * What another thread puts into the inbox, in memory of its own. It is run in the loop's
 * thread; or dropped, if the loop closes instead.
 */
struct sm_post {
    struct sm_ready ready;
    struct sm_list link; /* in inbox, then scheduled */
    void (*drop)(struct sm_post *self);
    /* Its place in the ring is reserved, and it is run as `tag` says; it is not in
     * scheduled, and its owner takes it out of the inbox before the loop closes. Else it
     * is run as a callback, and calls sm_post_arrived(). */
    bool reserved;
    enum sm_ready_tag tag;
};

/* on_close.c */
/** The loop closes, and is whole still: tell those of above the API. */
void sm_loop_tell_closing(struct simul_loop *loop);

/* handle.c: what inbox.c needs of handles */
struct simul_handle {
    struct sm_post post; /* its link is in inbox, timed or scheduled */
    struct sm_timer timer;
    struct simul_loop *loop;
    simul_callback_fn *fn;
    void *arg;
    struct simul_context *context; /* that of who scheduled it; owned */
    double when;
    unsigned refs;  /* atomic */
    bool cancelled; /* atomic */
    bool in_timers; /* it is in loop->timed: the loop's thread only */
};
int sm_handle_make(struct simul_loop *loop, simul_callback_fn *fn, void *arg,
                   struct simul_handle **ret);

/* inbox.c */
/** Have it run by the loop. Threads: any; the loop must not be closed meanwhile. */
void sm_inbox_post(struct simul_loop *loop, struct sm_post *post);
/** Take it out if it is still there: the loop closes. */
void sm_inbox_withdraw(struct simul_loop *loop, struct sm_post *post);
void sm_inbox_drain(struct simul_loop *loop);
/** The loop closes: drop what nobody will run. */
void sm_inbox_finish(struct simul_loop *loop);
/** Into the next pass; its place in the ring is reserved. */
void sm_post_schedule(struct simul_loop *loop, struct sm_post *post);
/** It runs: it is in the ring no longer. */
void sm_post_arrived(struct simul_loop *loop, struct sm_post *post);

/* reader.c, signal.c */
void sm_readers_finish(struct simul_loop *loop);
void sm_signals_drain(struct simul_loop *loop);
void sm_signals_finish(struct simul_loop *loop);

/* Whom a signal handler is for. */
enum sm_signal_use {
    SM_SIGNAL_USER,   /* keeps the loop from being found deadlocked */
    SM_SIGNAL_REPORT, /* does not */
    SM_SIGNAL_RUN, /* nor this; the user cannot remove it; and when a third signal comes
                      before the first was dispatched, because a task never waits, the
                      former disposition decides: by default, the process dies */
};

/** As simul_add_signal_handler(). */
int sm_signal_add(struct simul_loop *loop, int signum, simul_callback_fn *fn, void *arg,
                  enum sm_signal_use use);
/** Remove it if it still is run()'s. */
void sm_signal_remove_run(struct simul_loop *loop, int signum);
void sm_signals_forked(void);

#endif
