/* SPDX-License-Identifier: MIT */
/*
 * A report of all tasks: what each waits for, since when, where it was made, its stack.
 * The deadlock report, the API and the report on a signal are this code.
 */
#include <execinfo.h>
#include <simul/debug.h>
#include <stdlib.h>

#include "base/sys.h"
#include "task/backtrace.h"
#include "task/wait.h"

static const char *state_of(const struct simul_future *task)
{
    if (task == task->sched->current)
        return "running";
    if (!task->context)
        return "new";
    return task->wait && !task->wait->finished ? "waiting" : "ready";
}

static void print_wait(const struct simul_future *task, FILE *out)
{
    const struct sm_wait *wait = task->wait;
    if (!wait || wait->finished)
        return;
    fprintf(out, ", in %s", wait->what);
    if (wait->on_future && ((const struct simul_future *)wait->on)->is_task) {
        char label[96];
        sm_task_label(wait->on, label, sizeof label);
        fprintf(out, " %s", label);
    } else if (wait->on) {
        fprintf(out, " %p", wait->on);
    }
    double since = simul_loop_time(&task->sched->loop) - wait->since;
    fprintf(out, ", for %.3f s", since);
}

static void print_cancel(const struct simul_future *task, FILE *out)
{
    if (task->cancels)
        fprintf(out, ", cancelling %u", task->cancels);
    if (sm_sticky(task))
        fprintf(out, ", cancellation delivered and not caught");
}

static void print_task(struct simul_future *task, struct sm_symbols *symbols, FILE *out)
{
    char label[96];
    sm_task_label(task, label, sizeof label);
    fprintf(out, "  %s: %s", label, state_of(task));
    print_wait(task, out);
    print_cancel(task, out);
    fprintf(out, "\n    made at %s\n", task->where ? task->where : "?");
    sm_print_stack(task, symbols, out);
}

void sm_dump(struct simul_loop *loop, FILE *out)
{
    struct sm_sched *sched = sm_sched_of(loop);
    fprintf(out, "%zu task%s on the loop (%s)\n", sched->task_count,
            sched->task_count == 1 ? "" : "s", loop->backend_name);
    struct sm_symbols *symbols = sm_symbols_open();
    sm_list_each (it, &sched->tasks)
        print_task(sm_container_of(it, struct simul_future, all), symbols, out);
    sm_symbols_close(symbols);
    fflush(out);
}

void simul_dump_tasks(simul_loop *loop, FILE *out)
{
    loop = sm_loop_or_running(loop);
    if (loop)
        sm_dump(loop, out);
    else
        fprintf(out, "no running loop\n");
}

static void on_signal(void *arg)
{
    sm_dump(arg, stderr);
}

int simul_dump_tasks_on_signal(simul_loop *loop, int signum)
{
    loop = sm_loop_or_running(loop);
    int r = sm_loop_mine(loop);
    return r < 0 ? r : sm_signal_add(loop, signum, on_signal, loop, SM_SIGNAL_REPORT);
}
