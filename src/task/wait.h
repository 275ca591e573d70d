/* SPDX-License-Identifier: MIT */
/*
 * Waiting: the one primitive from which all blocking is built. (Seam 3 of four.)
 *
 * A wait ends in exactly one of two ways: somebody finishes it with a result, or its task
 * is cancelled and `abort` has taken it off every list. Whoever comes second finds nothing
 * to do. Until then the node, which lives on the waiter's stack, is valid; afterwards
 * nobody may touch it.
 *
 *     struct my_wait { struct sm_wait wait; … } w;
 *     int r = sm_checkpoint();                      // may this task wait at all?
 *     if (r < 0)
 *         return r;
 *     sm_wait_prepare(&w.wait, "my lock", abort_my_wait);
 *     … put w on a list …
 *     r = sm_wait_suspend(&w.wait);                 // others run
 *
 *  C1. abort(wait) is called at most once per cancel and only while the wait is not
 *      finished. It answers true if the cancellation goes through the wait: it has called
 *      sm_wait_finish(wait, -ECANCELED), or that will be called. False leaves the cancel
 *      pending (must_cancel). What it waits for may refuse to be cancelled although it is
 *      not done, if tasks await each other in a circle: then it must end the wait itself.
 *  C2. A cancel that comes after sm_wait_finish() and before the task resumes wins:
 *      suspend returns -ECANCELED, and wait.result still says what had been given
 *      (wait.finished is true, result >= 0): the caller puts it back.
 *  C3. Where it cannot be put back, wait.keeps is set: then completion wins, suspend returns
 *      the result, and the cancel stays pending for the next wait.
 *  C4. Delivering means: suspend returns -ECANCELED because of this task's own cancel; the
 *      task becomes sticky. An -ECANCELED that is merely the result of what was awaited
 *      is not a delivery.
 *  C5. Nothing here allocates.
 *  C6. When the loop closes (loop.closed), abort means: the task will never run again.
 *      The wait goes off every list; what its frame holds is given back; the answer is
 *      not looked at. A wait that holds something says so (wait.holds): its abort is then
 *      called although it is finished.
 */
#ifndef SM_TASK_WAIT_H
#define SM_TASK_WAIT_H

#include "task/task.h"

/* Whether a cancel is on its way through a wait (cancel.c). */
enum sm_abort_state { SM_ABORT_NONE, SM_ABORT_QUEUED, SM_ABORT_OPEN };

struct sm_wait {
    struct simul_future *task;
    bool (*abort)(struct sm_wait *wait); /* NULL: cannot be interrupted */
    const char *what;                    /* for reports: "sleep", "read" */
    const void *on;                      /* the object waited for, if any */
    bool on_future;                      /* … it is a future */
    bool finished;                       /* has a result */
    bool aborted;                        /* a cancel goes through it */
    bool keeps;                          /* C3 */
    bool holds;                          /* C6 */
    uint8_t abort_state;                 /* enum sm_abort_state */
    struct sm_list abort_link;           /* sched->aborts */
    ssize_t result;
    double since;
    struct sm_ready hop;
};

/* The end of the frame of the function in which this stands: its caller's locals lie above,
 * its own and those of functions that it called below. Not the frame pointer, which some
 * architectures (aarch64, with gcc) keep below the locals. So a function with a checkpoint must
 * not become a part of one that has entered a scope: static ones of the same file are noinline. */
#define sm_frame() __builtin_dwarf_cfa()

/** The slow half of sm_checkpoint(). `frame`: sm_frame() of the caller. */
int sm_attend(struct simul_future *task, void *frame);

/** Give others a turn because the budget is spent; cannot fail. */
void sm_overspent(struct simul_future *task);

/** sm_checkpoint(), which also says who the running task is. */
static inline __attribute__((always_inline)) int
sm_checkpoint_of(struct simul_future **ret)
{
    struct simul_loop *loop = sm_running;
    if (sm_unlikely(!loop))
        return -SIMUL_ENOTASK;
    struct sm_sched *sched = sm_sched_of(loop);
    struct simul_future *task = *ret = sched->current;
    if (sm_unlikely(!task))
        return -SIMUL_ENOTASK;
    if (sm_unlikely(--sched->budget_left == 0))
        sm_overspent(task);
    if (sm_unlikely(task->attention))
        return sm_attend(task, sm_frame());
    return 0;
}

/**
 * To be called first by everything that may wait: 0 if the running task may go on, else
 * what to return (-SIMUL_ENOTASK; -ECANCELED while a cancellation is sticky). Takes one
 * operation off the task's budget, and lets others run when it is spent.
 */
static inline __attribute__((always_inline)) int sm_checkpoint(void)
{
    struct simul_future *task;
    return sm_checkpoint_of(&task);
}

/**
 * The usual half of sm_checkpoint(), for what must be short: true if the running task may go
 * on, and the operation is paid for. False: nothing was done, ask sm_checkpoint().
 */
static inline bool sm_checkpoint_passed(void)
{
    struct simul_loop *loop = sm_running;
    if (sm_unlikely(!loop))
        return false;
    struct sm_sched *sched = sm_sched_of(loop);
    if (sm_unlikely(!sched->current || sched->budget_left <= 1
                    || sched->current->attention))
        return false;
    sched->budget_left--;
    return true;
}

/** Fill in a wait of `task`, which is the running one. */
static inline void sm_wait_prepare_for(struct sm_wait *wait, struct simul_future *task,
                                       const char *what,
                                       bool (*abort)(struct sm_wait *))
{
    wait->task = task;
    wait->abort = abort;
    wait->what = what;
    wait->on = NULL;
    wait->on_future = wait->finished = wait->aborted = wait->keeps = false;
    wait->holds = false;
    wait->abort_state = SM_ABORT_NONE;
    wait->result = 0;
}

static inline void sm_wait_prepare(struct sm_wait *wait, const char *what,
                                   bool (*abort)(struct sm_wait *))
{
    sm_wait_prepare_for(wait, sm_sched_of(sm_running)->current, what, abort);
}

/** The rare halves of sm_wait_suspend(): a cancel was pending when it began; and there was
 *  one while it lasted: who wins? (C2, C3, C4) */
void sm_wait_begin_cancelled(struct sm_wait *wait);
ssize_t sm_wait_settle(struct simul_future *task, struct sm_wait *wait);

/** Suspend until it is finished; the result, or -ECANCELED (C2, C3, C4). Inlined, since each
 *  frame between a switch and the user's code is a return that may be predicted wrongly. */
static inline ssize_t sm_wait_suspend(struct sm_wait *wait)
{
    struct simul_future *task = wait->task;
    task->wait = wait;
    wait->since = task->sched->loop.now;
    if (sm_unlikely(task->must_cancel))
        sm_wait_begin_cancelled(wait);
    sm_suspend(task->sched, task);
    sm_assert(wait->finished);
    task->wait = NULL;
    if (sm_likely(!task->must_cancel && !wait->aborted))
        return wait->result;
    return sm_wait_settle(task, wait);
}

/** End a wait; its task resumes in the next pass. The first call counts. */
static inline void sm_wait_finish(struct sm_wait *wait, ssize_t result)
{
    if (wait->finished)
        return;
    wait->finished = true;
    wait->result = result;
    sm_task_ready(wait->task);
}

/**
 * The same one pass later, where asyncio has a callback of its own in between (timers,
 * gather, wait): so the order of everything else stays asyncio's. May be called once.
 */
void sm_wait_finish_soon(struct sm_wait *wait, ssize_t result);

/** If a cancel is pending, deliver it now: -ECANCELED, else 0. For callers of C3 that
 *  found a way to put the result back. */
int sm_cancel_deliver(struct simul_future *task);

/** Await an operation of the poll backend; the buffer's rules are P1 to P3. */
struct sm_op;
ssize_t sm_op_await(struct sm_op *op, const char *what);

/** The same after a checkpoint of the caller's own. A checkpoint may let others run, so
 *  what the operation names (a descriptor!) must be looked up after it. */
ssize_t sm_op_wait(struct sm_op *op, const char *what);

/** The same for the rest of what has begun: no cancel comes through, it stays pending. */
ssize_t sm_op_wait_to_end(struct sm_op *op, const char *what);

/** Wait for what comes in a pass, by sm_wait_finish(*who): not worth being interrupted. *who
 *  is NULL before and afterwards. */
void sm_wait_for_pass(struct sm_wait **who, const char *what);

/** Ask a task for cancellation; false if it is done. */
bool sm_task_cancel(struct simul_future *task);

/* ---- FIFO queues of waits: what locks, queues and the like are made of (waitq.c) ----- */

struct sm_waitq_node {
    struct sm_wait wait;
    struct sm_list link;
};

/** Wait at the end of a list until sm_waitq_wake(); as sm_wait_suspend(). After -ECANCELED
 *  with *woken set the wake-up had come, and has to be passed on. */
ssize_t sm_waitq_sleep(struct sm_list *queue, const char *what, const void *on,
                       bool *woken);

/** Wake the first that waits; false if none does. */
bool sm_waitq_wake(struct sm_list *queue, ssize_t result);

/* ---- scopes (scope.c) ---------------------------------------------------------------- */

/*
 * Structs on the user's stack in one LIFO per task. A function may return without leaving
 * its scope; then the struct's memory is anybody's, and nothing of ours may rely on it. So
 * the user's struct only begins with an anchor, and what the scope is lies in a block of
 * the loop's memory.
 *
 *  Z1. Every checkpoint of a task inside a scope looks whether the innermost one is still
 *      there: an anchor below the caller's frame, or overwritten, is gone. What is gone is
 *      reported with the place where it was entered, and abandoned.
 *  Z2. A gone scope whose memory a deeper function uses, but has not written to yet, is
 *      found later. Till then it may act (cancel its task), but touches only its block.
 *  Z3. The user's struct is written to only in calls that were given it.
 */
struct sm_scope {           /* the beginning of a block */
    struct sm_scope *outer; /* or, of a free block, the next free one */
    struct simul_future *task;
    const struct sm_anchor *anchor;
    const char *where; /* entered there */
    void (*abandon)(
        struct sm_scope *scope); /* it is gone: undo what it holds, put it */
    struct sm_scope *next_of_all;
    uint32_t size; /* of the user's struct */
};

struct sm_anchor {             /* the beginning of the user's struct */
    struct sm_scope *scope;    /* NULL: there was no memory for it, or it was left */
    struct simul_future *task; /* NULL: not entered, or left */
    uintptr_t cookie;
};

enum { SM_SCOPE_BLOCK = 128 };

/**
 * Enter. `frame`: as for sm_attend().
 *
 * @error -SIMUL_ENOTASK  and anchor->task is NULL
 * @error -ENOMEM         anchor->task is set, anchor->scope is NULL
 */
int sm_scope_enter(struct sm_anchor *anchor, uint32_t size, const char *where,
                   void (*abandon)(struct sm_scope *), const void *frame);

/** What the anchor stands for; NULL if there was no memory for it, or it was abandoned. */
struct sm_scope *sm_scope_of(const struct sm_anchor *anchor);

/** Leave; scopes inside it that were not left are reported and abandoned first. The block
 *  stays the caller's, to be put. */
void sm_scope_exit(struct sm_anchor *anchor);
void sm_scope_put(struct sm_sched *sched, struct sm_scope *scope);

/** Report and abandon all scopes whose frames are gone. */
void sm_scopes_check(struct simul_future *task, const void *frame);
/** The body has returned: none may be left. */
void sm_scopes_end(struct simul_future *task);
/** … but `outer` and those around it. */
void sm_scopes_end_to(struct simul_future *task, const struct sm_scope *outer);

/* A cleanup scope, for our own use: sticky is put aside. */
bool sm_sticky_save(struct simul_future *task);
void sm_sticky_restore(struct simul_future *task, bool was);

static inline bool sm_sticky(const struct simul_future *task)
{
    return task->attention & SM_ATTEND_STICKY;
}

static inline void sm_set_sticky(struct simul_future *task, bool on)
{
    if (on)
        task->attention |= SM_ATTEND_STICKY;
    else
        task->attention &= (uint8_t)~SM_ATTEND_STICKY;
}

#endif
