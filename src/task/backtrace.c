/* SPDX-License-Identifier: MIT */
/*
 * The stack of a task, function by function. Names come from dladdr(3), which knows what
 * the dynamic linker knows: link a program with -rdynamic to see its own; else the file
 * and the offset are there for addr2line(1).
 */
#include <dlfcn.h>
#include <execinfo.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

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

static int collect(struct simul_future *task, void **frames)
{
    struct sm_sched *sched = task->sched;
    struct simul_future *current = sm_current();
    if (task == current)
        return backtrace(frames, FRAMES_MAX);
    if (!task->stack || !sm_running)
        return 0;
    struct sm_stack *self = current ? current->stack : &sched->thread_stack;
    return sm_stack_backtrace(self, task->stack, task->context, frames, FRAMES_MAX);
}

void sm_print_stack(struct simul_future *task, FILE *out)
{
    void *frames[FRAMES_MAX];
    int n = collect(task, frames) - TRAMPOLINE;
    for (int i = 0; i < n; i++)
        print_address(frames[i], out);
}
