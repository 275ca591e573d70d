/* SPDX-License-Identifier: MIT */
/*
 * The stack of a task, function by function. Of the running one backtrace(3) tells; of a
 * suspended one we follow its frame pointers where there are any, which is what a build
 * with -fno-omit-frame-pointer has; else gdb, through the unwind information, sees more.
 */
#include <dlfcn.h>
#include <execinfo.h>

#include "base/sys.h"
#include "task/task.h"
#include "task/wait.h"

enum { FRAMES_MAX = 32 };

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

static void print_own(FILE *out)
{
    void *frames[FRAMES_MAX];
    int n = backtrace(frames, FRAMES_MAX);
    for (int i = 0; i < n; i++)
        print_address(frames[i], out);
}

void sm_print_stack(const struct simul_future *task, FILE *out)
{
    if (task == sm_current())
        print_own(out);
}
