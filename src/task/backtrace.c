/* SPDX-License-Identifier: MIT */
/* The stack of a task, function by function. */
#include "task/backtrace.h"

#include <execinfo.h>
#include <string.h>

#include "base/sys.h"

enum { FRAMES_MAX = 32, TRAMPOLINE = 2 }; /* the outermost two are always ours */

/* What is suspended on a stack, without the functions of ours that every stack begins with. */
static int collect_suspended(struct sm_stack *self, struct sm_stack *stack,
                             sm_context context, void **frames, int max)
{
    int n = sm_stack_backtrace(self, stack, context, frames, max);
    return n > TRAMPOLINE ? n - TRAMPOLINE : 0;
}

static int collect_innermost(struct simul_future *task, struct sm_stack *self,
                             void **frames, int max)
{
    if (task == sm_current()) {
        int n = backtrace(frames, max);
        return n > TRAMPOLINE ? n - TRAMPOLINE : 0;
    }
    return collect_suspended(self, task->stack, task->context, frames, max);
}

/* The stack that the caller is on; NULL: there is nothing to look at. */
static struct sm_stack *where_we_are(const struct simul_future *task)
{
    const struct simul_future *current = sm_current();
    if (!task->stack || !sm_running)
        return NULL;
    return current ? current->stack : &task->sched->thread_stack;
}

int sm_task_frames(struct simul_future *task, const void *from, void **frames, int max)
{
    struct sm_stack *self = where_we_are(task);
    if (!self)
        return 0;
    int n = collect_innermost(task, self, frames, max), skip = 0;
    while (task == sm_current() && from && skip < n && frames[skip] != from)
        skip++;
    skip = skip < n ? skip : 0;
    n -= skip;
    memmove(frames, frames + skip, (size_t)n * sizeof *frames);
    struct sm_coro *it = sm_coro_of(task->stack);
    for (; it && n < max; it = sm_coro_of(it->outer))
        n += collect_suspended(self, it->outer, it->outer_context, frames + n, max - n);
    return n;
}

/* ---- printing -------------------------------------------------------------------------- */

static void print_frames(void **frames, int n, struct sm_symbols *symbols, FILE *out)
{
    for (int i = 0; i < n; i++) {
        struct sm_symbol symbol;
        sm_symbols_find(symbols, frames[i], &symbol);
        fprintf(out, "    | ");
        sm_symbol_print(symbol.function, symbol.file, symbol.line, symbol.offset, out);
        fprintf(out, "\n");
    }
}

void sm_print_suspended(struct sm_stack *stack, sm_context context, FILE *out)
{
    void *frames[FRAMES_MAX];
    int n = collect_suspended(sm_stack_here(), stack, context, frames, FRAMES_MAX);
    struct sm_symbols *symbols = n > 0 ? sm_symbols_open() : NULL;
    print_frames(frames, n, symbols, out);
    sm_symbols_close(symbols);
}

void sm_print_stack(struct simul_future *task, struct sm_symbols *symbols, FILE *out)
{
    void *frames[FRAMES_MAX];
    struct sm_stack *self = where_we_are(task);
    if (!self)
        return;
    int n = collect_innermost(task, self, frames, FRAMES_MAX);
    print_frames(frames, n, symbols, out);
    for (struct sm_coro *it = sm_coro_of(task->stack); it; it = sm_coro_of(it->outer)) {
        fprintf(out, "    | in the generator made at %s, entered by\n", it->where);
        n = collect_suspended(self, it->outer, it->outer_context, frames, FRAMES_MAX);
        print_frames(frames, n, symbols, out);
    }
}
