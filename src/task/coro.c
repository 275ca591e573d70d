/* SPDX-License-Identifier: MIT */
/* Coroutines, entered by others and suspending to them; see coro.h. */
#include "task/coro.h"

#include <pthread.h>

#include "base/sys.h"
#include "switch/annotate.h"
#include "task/wait.h"

extern void *__cxa_get_globals(void) __attribute__((weak));

/* Warm stacks that a thread keeps when it has no coroutines any more. */
enum { STACKS_KEPT = 64 };

/* ---- the thread ---------------------------------------------------------------------- */

__thread struct sm_home *sm_home_of_thread;
static pthread_key_t at_thread_end;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void part(struct sm_coro *self)
{
    sm_list_remove(&self->link);
    self->home = NULL;
}

static void last_call(struct sm_home *home, struct sm_coro *self)
{
    if (self->stack)
        self->last_call(self);
    if (self->stack)
        sm_coro_drop(self);
    if (home->all.next == &self->link) /* it has not been freed */
        part(self);
}

/* The thread ends: whatever is suspended is told, and is lost if that does not help. If it
 * ends in one, that stays as it is. */
static void home_free(void *arg)
{
    struct sm_home *home = arg;
    sm_home_of_thread = home; /* for what is called */
    sm_list_each (it, &home->all)
        if (sm_container_of(it, struct sm_coro, link)->outer)
            return;
    while (!sm_list_empty(&home->all))
        last_call(home, sm_container_of(home->all.next, struct sm_coro, link));
    sm_home_of_thread = NULL;
    sm_stack_pool_finish(&home->stacks);
    if (home->overflow_watched)
        sm_overflow_leave();
    sm_free(home);
}

static void make_key(void)
{
    (void)pthread_key_create(&at_thread_end, home_free);
}

static struct sm_home *home_get(void)
{
    struct sm_home *home = sm_home_of_thread;
    if (sm_likely(home != NULL))
        return home;
    home = sm_zalloc(sizeof *home);
    if (!home)
        return NULL;
    sm_stack_pool_init(&home->stacks);
    if (sm_running) /* and this may be a task's stack */
        home->thread_stack = sm_sched_of(sm_running)->thread_stack;
    else
        sm_stack_of_thread(&home->thread_stack);
    sm_list_init(&home->all);
    home->cxa = __cxa_get_globals ? __cxa_get_globals() : NULL;
    pthread_once(&once, make_key);
    (void)pthread_setspecific(at_thread_end, home); /* else it is kept for ever */
    return sm_home_of_thread = home;
}

/* ---- its life ------------------------------------------------------------------------ */

int sm_coro_init(struct sm_coro *self, bool watch_overflow)
{
    struct sm_home *home = home_get();
    if (!home)
        return -ENOMEM;
    if (sm_unlikely(watch_overflow && !home->overflow_watched))
        home->overflow_watched = sm_overflow_enter(sm_stack_describe) == 0;
    self->home = home;
    sm_list_push(&home->all, &self->link);
    return 0;
}

void sm_coro_finish(struct sm_coro *self)
{
    struct sm_home *home = self->home;
    sm_assert(!self->stack);
    if (!home)
        return;
    part(self);
    if (sm_list_empty(&home->all) && home->stacks.free_count > 2 * STACKS_KEPT)
        sm_stack_trim(&home->stacks, STACKS_KEPT);
}

static void put_stack(struct sm_coro *self)
{
    struct sm_stack *stack = self->stack;
    self->stack = NULL;
    stack->owner = NULL;
    sm_stack_put(&self->home->stacks, stack);
}

void sm_coro_drop(struct sm_coro *self)
{
    self->stack->prepared = false;
    self->outer = NULL;
    put_stack(self);
    self->lost(self);
}

void sm_coro_lose_all(struct simul_future *task)
{
    for (struct sm_coro *it; (it = sm_coro_of(task->stack));) {
        task->stack = it->outer;
        sm_coro_drop(it);
    }
}

/* ---- switching ----------------------------------------------------------------------- */

#if SM_ASAN || SM_TSAN
struct sm_stack *sm_stack_of_plain_code(struct sm_home *home)
{
    struct sm_stack *stack = sm_stack_around(__builtin_frame_address(0));
    return stack ? stack : &home->thread_stack;
}
#endif

struct sm_stack *sm_stack_here(void)
{
    struct simul_future *task = sm_current();
    return task ? task->stack : sm_stack_of_plain_code(sm_home_of_thread);
}

/* What runs on a coroutine's stack, for as long as there is work for it. A stack in the pool is
 * suspended in here, so taking it out again prepares nothing. */
static void trampoline(void *arg)
{
    struct sm_stack *stack = arg;
    sm_annotate_arrive(stack);
    for (;;) {
        struct sm_coro *self = stack->owner;
        struct sm_home *home = self->home;
        if (sm_unlikely(home->cxa != NULL))
            home->cxa[0] = home->cxa[1] = 0;
        self->body(self);
        stack->prepared = true;
        put_stack(self);
        sm_annotate_leave(stack, self->outer, false);
        sm_switch_here(&stack->context, self->outer_context);
        sm_annotate_arrive(stack);
    }
}

int sm_coro_begin(struct sm_coro *self, size_t size)
{
    struct sm_stack *stack;
    int r = sm_stack_get(&self->home->stacks, &stack, size);
    if (r < 0)
        return r;
    if (stack->prepared)
        sm_context_set_fp(stack->context, sm_fp_get());
    else
        sm_stack_prepare(stack, trampoline, stack);
    stack->prepared = false;
    stack->of_coro = true;
    stack->owner = self;
    self->stack = stack;
    self->context = stack->context;
    return 0;
}

/* ---- reports ------------------------------------------------------------------------- */

void sm_stack_describe(const struct sm_stack *stack, char *text, size_t size)
{
    const struct sm_coro *coro = sm_coro_of(stack);
    const struct simul_future *task = coro ? NULL : stack->owner;
    char label[96] = "(none)";
    if (task)
        sm_task_label(task, label, sizeof label);
    if (coro)
        snprintf(text, size, "a generator, made at %s", coro->where);
    else
        snprintf(text, size, "task %s, made at %s", label,
                 task && task->where ? task->where : "?");
}
