/* SPDX-License-Identifier: MIT */
/*
 * The stack of a task, function by function. Names come from dladdr(3), which knows what
 * the dynamic linker knows: link a program with -rdynamic to see its own; else the file
 * and the offset are there for addr2line(1).
 */
#include "task/backtrace.h"

#include <dlfcn.h>
#include <execinfo.h>

#include "base/sys.h"

enum { FRAMES_MAX = 32, TRAMPOLINE = 2 }; /* the outermost two are always ours */

static void print_address(const void *address, FILE *out)
{
    Dl_info info;
    if (dladdr(address, &info) && info.dli_sname)
        fprintf(out, "    | %s+0x%zx\n", info.dli_sname,
                (size_t)((const char *)address - (const char *)info.dli_saddr));
    else if (dladdr(address, &info) && info.dli_fname)
        fprintf(out, "    | %s+0x%zx\n", info.dli_fname,
                (size_t)((const char *)address - (const char *)info.dli_fbase));
}

/* What is suspended on a stack, without the functions of ours that every stack begins with. */
static int collect_suspended(struct sm_stack *self, struct sm_stack *stack,
                             sm_context context, void **frames, int max)
{
    int n = sm_stack_backtrace(self, stack, context, frames, max);
    return n > TRAMPOLINE ? n - TRAMPOLINE : 0;
}

static void print_frames(void **frames, int n, FILE *out)
{
    for (int i = 0; i < n; i++)
        print_address(frames[i], out);
}

static int collect_innermost(struct simul_future *task, struct sm_stack *self,
                             void **frames)
{
    if (task == sm_current()) {
        int n = backtrace(frames, FRAMES_MAX);
        return n > TRAMPOLINE ? n - TRAMPOLINE : 0;
    }
    return collect_suspended(self, task->stack, task->context, frames, FRAMES_MAX);
}

void sm_print_suspended(struct sm_stack *stack, sm_context context, FILE *out)
{
    void *frames[FRAMES_MAX];
    int n = collect_suspended(sm_stack_here(), stack, context, frames, FRAMES_MAX);
    print_frames(frames, n, out);
}

/* The stack that it is on; and those that it went into that one from, to its own. */
void sm_print_stack(struct simul_future *task, FILE *out)
{
    void *frames[FRAMES_MAX];
    struct simul_future *current = sm_current();
    if (!task->stack || !sm_running)
        return;
    struct sm_stack *self = current ? current->stack : &task->sched->thread_stack;
    print_frames(frames, collect_innermost(task, self, frames), out);
    for (struct sm_coro *it = sm_coro_of(task->stack); it; it = sm_coro_of(it->outer)) {
        fprintf(out, "    | in the generator made at %s, entered by\n", it->where);
        int n =
            collect_suspended(self, it->outer, it->outer_context, frames, FRAMES_MAX);
        print_frames(frames, n, out);
    }
}
