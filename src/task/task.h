/* SPDX-License-Identifier: MIT */
/*
 * Futures and tasks from inside.
 *
 * The states of a future:
 *
 *     PENDING --set_result, set_error, the body returns--> FINISHED
 *        \------cancel (of a task: delivered, not caught)--> CANCELLED
 *
 * and of a task while PENDING:
 *
 *     NEW --first step--> RUNNING --sm_suspend--> WAITING --sm_wait_finish--> READY
 *                            ^                                                 |
 *                            +----------------- its turn in the ring ----------+
 *
 *  T1. A future leaves PENDING exactly once, in sm_future_finish().
 *  T2. A task owns a stack exactly from its first step to the end of its body.
 *  T3. A task has at most two places in the ready ring (reserved when it is made): one for
 *      itself, and one for the hop of its wait (wait.h) or its word to its group.
 *  T4. task->wait points to the wait it is suspended in, and is NULL while it runs.
 *  T5. The loop holds a reference to each task that is not done, the user one to each
 *      future he was given, each wait one to the future it waits for.
 *  T6. cancels counts requests not taken back. must_cancel: one of them is not delivered
 *      and not on its way through the wait. sticky: one was delivered and not caught.
 */
#ifndef SM_TASK_TASK_H
#define SM_TASK_TASK_H

#include <simul/context.h>
#include <simul/group.h>
#include <simul/timeout.h>

#include "loop/context.h"
#include "loop/loop.h"
#include "switch/stack.h"

enum sm_state { SM_PENDING, SM_FINISHED, SM_CANCELLED };

/* Why a checkpoint must look closer. */
enum sm_attention {
    SM_ATTEND_STICKY = 1, /* a cancellation was delivered and not caught */
    SM_ATTEND_SCOPE = 2,  /* it is inside a scope: is that one still there? */
    SM_ATTEND_SWEEP = 4,  /* a test counts awaits */
};

/* Who wants to know when a future is done; in the waiter's own memory, or the future's. */
struct sm_waiter {
    struct sm_list link; /* future->waiters, oldest first */
    void (*fire)(struct sm_waiter *waiter, struct simul_future *future);
    void *owner; /* of many at once (sm_watch_all); else NULL */
};

/* Memory of the library's that hangs on futures and is freed by what happens on the loop:
 * when the loop closes instead, drop() frees it. */
struct sm_closable {
    struct sm_list link; /* sched->closables */
    void (*drop)(struct sm_closable *self);
};

struct sm_message { /* counted, as an error's message is passed on from task to task */
    unsigned refs;
    char text[];
};

/* What few futures have. */
struct sm_extra {
    char *name;                 /* owned */
    struct sm_message *message; /* of the error message_error */
    struct sm_message *cancel_message;
    struct sm_message
        *passing; /* of the error that the task got from an await last … */
    int message_error, passing_error; /* … which was this one */
    void *value;
    simul_destroy_fn *destroy;
    void (*release_arg)(void *arg);
};

struct sm_wait;
struct sm_scope;
struct sm_sched;

/*
 * Three cache lines. A task that does nothing unusual touches the first two only, and the
 * third is not even cleared when it is made: each field there has a flag or a moment before
 * which nobody reads it. (A million tasks are as fast as memory lets them be.)
 */
struct simul_future {
    /* a switch, asking for the result, and releasing */
    struct sm_ready ready;
    sm_context context;     /* valid while suspended; NULL: no step taken yet */
    struct sm_stack *stack; /* T2 */
    struct sm_wait *wait;   /* T4 */
    struct sm_sched *sched;
    struct sm_extra *extra; /* owned; NULL: nothing special */
    uint8_t state;          /* enum sm_state */
    uint8_t attention;      /* enum sm_attention */
    bool must_cancel;       /* T6 */
    bool is_task;
    bool asked;           /* somebody has seen the error */
    bool first_taken;     /* `first` is in use */
    bool in_group;        /* `group` is valid */
    bool own_size : 1;    /* `stack_size` is valid */
    bool has_context : 1; /* `variables` is valid */
    bool ending : 1;      /* its end is on its way: a cancel comes too late */
    bool marked : 1;      /* seen already, while somebody goes through many */
    int result;
    uint32_t refs; /* T5 */

    /* making, awaiting, ending */
    union {
        simul_fn *fn;                                   /* of a task */
        bool (*on_cancel)(struct simul_future *future); /* of a combinator's future */
    };
    void *arg; /* of either */
    struct sm_list waiters;
    struct sm_list all; /* sched->tasks */
    const char *where;  /* made there */
    uint32_t id, cancels;

    /* not cleared */
    struct sm_waiter
        first; /* so that a first waiter who needs a node need not allocate */
    struct sm_group *group;
    struct sm_scope *scope; /* innermost, with SM_ATTEND_SCOPE */
    uint32_t ignored;       /* deliveries since the cancellation became sticky */
    uint32_t stack_size;
    struct simul_context *variables; /* owned; NULL: none was set (loop/context.h) */
} __attribute__((aligned(64)));

enum { SM_FUTURE_CLEARED = 128, SM_MANY = 1024 };

/* A loop with tasks on it. */
struct sm_sched {
    struct simul_loop loop; /* first: a simul_loop * of ours is a struct sm_sched * */
    struct simul_future *current; /* the task that runs; NULL: the loop's stack */
    int budget_left, budget;      /* operations without a switch; see sm_spend() */
    const void *yielded_to;  /* where the last one to yield will return to (sleep.c) */
    sm_context loop_context; /* while a task runs; NULL: the loop's own stack does */
    int *errno_of_thread;
    uint64_t fp; /* floating-point control state that tasks begin with: the thread's */
    uintptr_t *cxa; /* C++'s two words of this thread; NULL: no C++ here */
    struct sm_stack thread_stack;
    struct sm_stack_pool stacks;
    simul_task_factory_fn *factory; /* of the user's; NULL: none */
    void *factory_arg;
    struct sm_group *joining;  /* the task that is made next is to be a child of it */
    struct simul_future *free; /* control blocks, linked by `wait` */
    struct simul_future *fresh, *fresh_end; /* blocks that were never used */
    struct sm_task_slab *slabs;
    size_t slab_bytes, blocks;    /* blocks: handed out */
    struct sm_scope *free_scopes; /* blocks (scope.c) */
    struct sm_scope *all_scopes;  /* owned */
    struct sm_list tasks;         /* not done, oldest first */
    struct sm_list closables;     /* of struct sm_closable */
    struct sm_list aborts;        /* of struct sm_wait; see cancel.c */
    size_t task_count;
    uint32_t next_id;
    /* the upper layers': the last tasks of a run; NULL: none */
    simul_fn *shut_down;   /* gen/'s */
    simul_fn *end_threads; /* thread/'s */
    bool overflow_watched;
    bool agens_shut_down; /* gen/'s */
    bool aborting;        /* it is being gone through */
};

static inline struct sm_sched *sm_sched_of(struct simul_loop *loop)
{
    return (struct sm_sched *)loop;
}

/** The running task of this thread, or NULL. */
static inline struct simul_future *sm_current(void)
{
    return sm_running ? sm_sched_of(sm_running)->current : NULL;
}

/** What is current for who makes something on this loop. */
static inline struct simul_context *sm_sched_context(const struct sm_sched *sched)
{
    const struct simul_future *task = sched->current;
    if (!task)
        return sm_thread_context;
    return sm_unlikely(task->has_context) ? task->variables : NULL;
}

/* ---- blocks.c ------------------------------------------------------------------------ */
struct simul_future *sm_future_alloc_slow(struct sm_sched *sched);
void sm_future_free(struct simul_future *future);

/* Of many blocks, those used one after another lie side by side, upwards or downwards: ask
 * for the one whose turn comes some steps later. */
static inline void sm_future_ahead(const struct simul_future *before,
                                   const struct simul_future *now)
{
    enum { AHEAD = 10 };
    intptr_t size = sizeof *now, step = (intptr_t)((uintptr_t)now - (uintptr_t)before);
    if (step != size && step != -size)
        return;
    uintptr_t ahead = (uintptr_t)now + (uintptr_t)(AHEAD * step);
    __builtin_prefetch((const void *)ahead, 1);
    __builtin_prefetch((const void *)(ahead + 64), 1);
}

/** A zeroed control block, or NULL. */
static inline struct simul_future *sm_future_alloc(struct sm_sched *sched)
{
    struct simul_future *future = sched->free;
    if (sm_unlikely(!future)) {
        future = sm_future_alloc_slow(sched);
        if (!future)
            return NULL;
    }
    struct simul_future *next = (struct simul_future *)future->wait;
    sched->free = next;
    sched->blocks++;
    if (sched->blocks > SM_MANY)
        sm_future_ahead(future, next);
    for (size_t i = 0; i < SM_FUTURE_CLEARED;
         i += 64) /* a line at a time: no rep stos */
        __builtin_memset(__builtin_assume_aligned((char *)future + i, 64), 0, 64);
    future->sched = sched;
    return future;
}
void sm_slabs_finish(struct sm_sched *sched);

/* ---- future.c ------------------------------------------------------------------------ */

/** T1: the one arrow out of PENDING. Fires all waiters. */
void sm_future_finish(struct simul_future *future, enum sm_state state, int result);

/** The same, inlined: for the end of a task. */
static inline void sm_future_finish_here(struct simul_future *future,
                                         enum sm_state state, int result)
{
    sm_assert(future->state == SM_PENDING && state != SM_PENDING); /* T1 */
    future->state = state;
    future->result = result;
    struct sm_list *head = &future->waiters;
    for (struct sm_list *it; (it = head->next) != head;) {
        head->next = it->next;
        it->next->prev = head;
        it->next = NULL; /* on no list */
        struct sm_waiter *waiter = sm_container_of(it, struct sm_waiter, link);
        waiter->fire(waiter, future);
    }
}

static inline void sm_future_watch(struct simul_future *future,
                                   struct sm_waiter *waiter)
{
    waiter->owner = NULL; /* sm_unwatch_all() looks at everybody's */
    sm_list_push(&future->waiters, &waiter->link);
}

static inline void sm_future_ref(struct simul_future *future)
{
    future->refs++;
}

void sm_future_last_unref(struct simul_future *future);

static inline void sm_future_unref(struct simul_future *future)
{
    if (--future->refs == 0)
        sm_future_last_unref(future);
}

/** The innermost scope a task is in, or NULL. */
static inline struct sm_scope *sm_innermost(const struct simul_future *task)
{
    return task->attention & SM_ATTEND_SCOPE ? task->scope : NULL;
}

static inline bool sm_future_done(const struct simul_future *future)
{
    return future->state != SM_PENDING;
}

/** Tell the exception handler of an error that nobody has asked for. */
void sm_report(struct simul_future *future, const char *message);

/** A node to watch `future` with: its own, or a new one; NULL: no memory. */
struct sm_waiter *sm_waiter_take(struct simul_future *future);
void sm_waiter_give(struct simul_future *future, struct sm_waiter *waiter);

/** Whether one of them belongs to another loop. */
bool sm_any_foreign(struct simul_future **futures, size_t n,
                    const struct sm_sched *sched);

/** Watch each that is not done, with `owner` in the nodes; all or nothing: -ENOMEM. */
int sm_watch_all(struct simul_future **futures, size_t n,
                 void (*fire)(struct sm_waiter *, struct simul_future *), void *owner);

/** Stop watching whatever sm_watch_all() with this owner still watches. */
void sm_unwatch_all(struct simul_future **futures, size_t n, void *owner);

/* ---- extra.c ------------------------------------------------------------------------- */
struct sm_extra *
sm_extra_of(struct simul_future *future); /* made if need be, or NULL */
struct sm_message *sm_message_new(const char *text);
void sm_message_unref(struct sm_message *message);
void sm_extra_free(struct simul_future *future);
/** `task` got this future's error from an await: remember what it said. */
void sm_pass_message(struct simul_future *task, struct simul_future *from);
/** The body of `task` ended with this error: keep the message that belongs to it. */
void sm_keep_message(struct simul_future *task, int error);
/** Remember, or forget, what a cancel said. */
void sm_cancel_message(struct simul_future *future, const char *text);
/** What the last cancel said; NULL: nothing. */
const char *sm_cancel_text(const struct simul_future *future);
/** The cancel is delivered to `task`: what it said is what simul_explain() says. */
void sm_pass_cancel_message(struct simul_future *task);
/** "name" or "Task-7", into the buffer; async-signal-safe. */
void sm_task_label(const struct simul_future *task, char *text, size_t size);

/* ---- sched.c ------------------------------------------------------------------------- */

/** Suspend the running task until it is its turn again: the one switch site. */
void sm_suspend(struct sm_sched *sched, struct simul_future *self);

/** Make a task take its turn in the next pass. */
static inline void sm_task_ready(struct simul_future *task)
{
    sm_loop_ready(&task->sched->loop, &task->ready, SM_READY_TASK);
}

/** Let everybody else have a turn; no cancellation point. */
static inline void sm_yield(struct sm_sched *sched, struct simul_future *self)
{
    sm_loop_ready(&sched->loop, &self->ready, SM_READY_TASK);
    sm_suspend(sched, self);
}

/** S19: run a task that was made and not scheduled until it first suspends, or has ended;
 *  where that cannot be, schedule it. */
void sm_task_run_now(struct sm_sched *sched, struct simul_future *task);

/** The run function of a task's ready entry: the loop's stack switches to it. */
void sm_task_resume(struct sm_ready *ready);

/** Called when the loop begins to run in a thread. */
void sm_sched_enter_thread(struct simul_loop *loop);

/** The last block of a closed loop was given back (life.c). */
void sm_sched_free(struct sm_sched *sched);

struct simul_future *sm_task_create(struct sm_sched *sched, simul_fn *fn, void *arg,
                                    const simul_task_opts *opts, const char *where);

/** No task: what it would have owned is given back. Returns NULL. */
struct simul_future *sm_task_refuse(void *arg, const simul_task_opts *opts);

/* ---- end.c: a body has returned, or never will --------------------------------------- */
void sm_task_end(struct simul_future *task, int r);
void sm_task_end_unstarted(struct simul_future *task, int r);

/* ---- life.c --------------------------------------------------------------------------- */

/** Run until the future is done: 0, -SIMUL_ESTOPPED, or an error of the loop. */
int sm_run_until(struct simul_loop *loop, struct simul_future *future);

/* ---- nested.c -------------------------------------------------------------------------- */

/** The same from inside of the loop, which may be re-entered; its result or error. */
int sm_run_nested(struct simul_loop *loop, struct simul_future *future);

/* ---- scope.c ------------------------------------------------------------------------- */
void sm_scopes_finish(struct sm_sched *sched);

/* ---- group.c ------------------------------------------------------------------------- */
void sm_group_child_done(struct sm_ready *ready);
/** A task was made for the group (sched->joining). */
void sm_group_adopt(struct sm_group *group, struct simul_future *child);

/* ---- dump.c -------------------------------------------------------------------------- */
void sm_dump(struct simul_loop *loop, FILE *out);

#endif
