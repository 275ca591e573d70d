/* SPDX-License-Identifier: MIT */
/*
 * Switching from task to task. A task that suspends takes the next entry from the ready
 * ring itself and switches straight to it; the loop's own stack is needed only for plain
 * callbacks, and when the poller is due.
 *
 * Stacks run a trampoline: it runs the body of its owner, gives the stack back to the
 * pool, and goes on with the next ready task, on this same hot stack if that task has not
 * begun. A stack in the pool is suspended inside its trampoline, so taking it out again
 * prepares nothing.
 *
 * The thread's own words (errno's address, C++'s exception globals) are looked up when
 * the loop begins to run in a thread, since compilers keep addresses of thread-local
 * variables across calls; after a switch everything is read through the stack's owner.
 */

#include "base/log.h"
#include "base/sys.h"
#include "switch/annotate.h"
#include "task/task.h"
#include "task/wait.h"

/* C++'s caughtExceptions and uncaughtExceptions of this thread; absent in C programs. */
extern void *__cxa_get_globals(void) __attribute__((weak));

static void trampoline(void *arg);

/* ---- the first step ----------------------------------------------------------------- */

/* Give a task that has not begun a stack; false: it has ended instead. */
static bool begin(struct simul_future *task)
{
    struct sm_sched *sched = task->sched;
    struct sm_stack *stack;
    size_t size = task->own_size ? task->stack_size : 0;
    if (task->must_cancel) { /* S10: its function is never called */
        sm_task_end_unstarted(task, -ECANCELED);
        return false;
    }
    if (sm_unlikely(sm_stack_get(&sched->stacks, &stack, size) < 0)) {
        sm_task_end_unstarted(task, -ENOMEM);
        return false;
    }

    if (!stack->prepared)
        sm_stack_prepare(stack, trampoline, stack);
    if (!stack->searching)
        sm_context_set_fp(stack->context, sched->fp);
    stack->prepared = false;
    stack->owner = task;
    task->stack = stack;
    task->context = stack->context;
    return true;
}

/* ---- the next task ------------------------------------------------------------------ */

/* With many tasks ready, ask for the memory of those whose turn comes soon. */
static inline void prefetch(struct sm_ring *ring)
{
    enum { FAR = 16, NEAR = 8 };
    if (sm_likely(sm_ring_count(ring) <= FAR))
        return;
    __builtin_prefetch((void *)(sm_ring_peek(ring, FAR) & ~(uintptr_t)SM_READY_TAGS));
    uintptr_t entry = sm_ring_peek(ring, NEAR);
    if ((entry & SM_READY_TAGS) == SM_READY_TASK) {
        const struct simul_future *task =
            sm_container_of(sm_ready_of(entry), struct simul_future, ready);
        /* a suspended call of a few functions; or what the task begins with */
        const char *at = task->context ? task->context : (const void *)&task->fn;
        for (int line = 0; line < 4; line++)
            __builtin_prefetch(at + 64 * line);
    }
}

/* The next task to run; NULL: the loop's stack has to go on. */
static inline struct simul_future *next_task(struct sm_sched *sched)
{
    struct simul_loop *loop = &sched->loop;
    if (sm_unlikely(loop->debug))
        return NULL; /* the loop runs, and measures, every step itself */
    for (;;) {
        uintptr_t entry = sm_loop_next(loop);
        if (sm_likely((entry & SM_READY_TAGS) == SM_READY_TASK)) {
            struct simul_future *task =
                sm_container_of(sm_ready_of(entry), struct simul_future, ready);
            prefetch(&loop->ready);
            if (sm_likely(task->context) || begin(task))
                return task;
        } else if ((entry & SM_READY_TAGS) == SM_READY_INLINE) {
            sched->current = NULL; /* nothing that it calls may wait */
            sm_ready_of(entry)->run(sm_ready_of(entry));
        } else {
            loop->carry = entry;
            return NULL;
        }
    }
}

/* ---- switching ---------------------------------------------------------------------- */

static inline __attribute__((always_inline)) void switch_to(struct sm_sched *sched,
                                                            sm_context *save,
                                                            struct sm_stack *from,
                                                            struct simul_future *next)
{
    struct sm_stack *to = next ? next->stack : &sched->thread_stack;
    sm_context context = next ? next->context : sched->loop_context;
    sched->current = next;
    sm_annotate_leave(from, to, false);
    sm_switch_here(save, context);
    sm_annotate_arrive(from);
}

/* From a task, which finds errno and C++'s two words as they were. */
static inline __attribute__((always_inline)) void
switch_from_task(struct sm_sched *sched, struct simul_future *self,
                 struct simul_future *next)
{
    int saved_errno = *sched->errno_of_thread;
    if (sm_likely(!sched->cxa)) {
        switch_to(sched, &self->context, self->stack, next);
    } else {
        uintptr_t caught = sched->cxa[0], uncaught = sched->cxa[1];
        switch_to(sched, &self->context, self->stack, next);
        sched->cxa[0] = caught;
        sched->cxa[1] = uncaught;
    }
    *sched->errno_of_thread = saved_errno;
}

__attribute__((noinline)) void sm_suspend(struct sm_sched *sched,
                                          struct simul_future *self)
{
    sched->budget_left = sched->budget;
    struct simul_future *next = next_task(sched);
    if (next == self)
        sched->current = self;
    else
        switch_from_task(sched, self, next);
}

static void switch_from_loop(struct sm_sched *sched, struct simul_future *task)
{
    switch_to(sched, &sched->loop_context, &sched->thread_stack, task);
    sched->loop_context = NULL;
}

/* A task's turn, when the loop's stack runs it. */
void sm_task_resume(struct sm_ready *ready)
{
    struct simul_future *task = sm_container_of(ready, struct simul_future, ready);
    struct sm_sched *sched = task->sched;
    if (!task->context && !begin(task))
        return;
    sched->budget_left = sched->budget;
    switch_from_loop(sched, task);
}

/* ---- eager tasks ---------------------------------------------------------------------- */

/*
 * The creator becomes the next entry of the ring. So whoever would let others run in the
 * new task lets its creator run, and nested ones unwind as a stack does.
 */
static void run_in_task(struct sm_sched *sched, struct simul_future *creator,
                        struct simul_future *task)
{
    sm_loop_ready_next(&sched->loop, &creator->ready, SM_READY_TASK);
    switch_from_task(sched, creator, task);
}

/* The same from a callback: an entry that only the loop's stack may run leads there. */
static void run_in_loop(struct sm_sched *sched, struct simul_future *task)
{
    struct simul_loop *loop = &sched->loop;
    struct sm_ready here = {0};
    sm_loop_ready_next(loop, &here, SM_READY_CALL);
    switch_from_loop(sched, task);
    if (!loop->carry) /* debug mode: nobody took it */
        loop->carry = sm_loop_next(loop);
    sm_assert(sm_ready_of(loop->carry) == &here);
    loop->carry = 0;
}

void sm_task_run_now(struct sm_sched *sched, struct simul_future *task)
{
    struct simul_future *creator = sched->current;
    bool in_loop = !creator && !sched->loop_context;
    if (sm_running != &sched->loop || (!creator && !in_loop)
        || (in_loop && sm_ring_reserve(&sched->loop.ready) < 0)) {
        sm_task_ready(task);
        return;
    }
    int budget_left = sched->budget_left;
    if (!begin(task))
        sched->current = creator; /* it has ended already */
    else if (creator)
        run_in_task(sched, creator, task);
    else
        run_in_loop(sched, task);
    sched->budget_left = budget_left;
    if (in_loop)
        sm_ring_unreserve(&sched->loop.ready);
}

/* ---- bodies ----------------------------------------------------------------------------- */

static void run_body(struct sm_sched *sched, struct simul_future *task)
{
    if (sm_unlikely(sched->cxa != NULL))
        sched->cxa[0] = sched->cxa[1] = 0;
    sm_task_end(task, task->fn(task->arg));
}

/* Without a guard nobody stopped it: something else may be damaged, so this is told. */
static __attribute__((noinline)) void report_overflow(const char *where)
{
    sm_log(
        SIMUL_LOG_ERROR,
        "a task made at %s has overflowed its stack, which has a canary and no guard: "
        "give it more with simul_task_opts.stack_size",
        where ? where : "?");
}

/* What runs on every stack of ours, for as long as there is work. */
static void trampoline(void *arg)
{
    struct sm_stack *self = arg;
    sm_annotate_arrive(self);
    for (;;) {
        struct simul_future *task = self->owner;
        struct sm_sched *sched = task->sched;
        const char *where = task->where;
        run_body(sched, task);
        if (sm_unlikely(self->guard == SM_GUARD_CANARY) && !sm_stack_intact(self))
            report_overflow(where);
        self->prepared = true; /* also for a task that begins right here */
        self->searching = true;
        sm_stack_put(&sched->stacks, self);
        struct simul_future *next = next_task(sched);
        self->searching = false;
        if (next && next->stack == self) {
            sm_fp_set(sched->fp); /* else begin() and the switch see to it */
            sched->current = next;
        } else {
            switch_to(sched, &self->context, self, next);
        }
    }
}

/* ---- the thread --------------------------------------------------------------------- */

void sm_sched_enter_thread(struct simul_loop *loop)
{
    struct sm_sched *sched = sm_sched_of(loop);
    sched->errno_of_thread = &errno;
    sched->cxa = __cxa_get_globals ? __cxa_get_globals() : NULL;
    sched->fp = sm_fp_get();
    sm_stack_of_thread(&sched->thread_stack);
#if SM_ASAN
    const struct sm_stack *around = sm_stack_around(__builtin_frame_address(0));
    if (around) { /* it is run in a generator */
        sched->thread_stack.base = around->base;
        sched->thread_stack.top = around->top;
    }
#endif
}
