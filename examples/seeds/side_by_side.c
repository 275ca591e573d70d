/* SPDX-License-Identifier: MIT */
/*
 * The same computation four times, on tasks, in threads and in processes, with the time of
 * each. Tasks share one thread: they take as long as one after the other, however they
 * yield. Threads and processes use as many processors as there are; C has no lock that
 * keeps threads from computing at the same time, as CPython's GIL does.
 *
 * Python: document 001, "How can I do multiple things at once?"; document 003, "Concurrency
 * and Parallelism". Usage: side_by_side [MILLIONS]; "compute N" is for its own processes.
 */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JOBS = 4, SLICES = 10 };

static long n = 20000000;
static char *program; /* as it was called */

static struct job {
    long sum;
} jobs[JOBS];

/* Not made part of main(), where gcc prefers small code to fast code: all three ways have to
 * run the same. */
__attribute__((noinline)) static long compute(long from, long to)
{
    long sum = 0;
    for (long i = from; i < to; i++)
        sum += i * i % 7;
    return sum;
}

/* ---- three ways -------------------------------------------------------------------------- */

/* On a task: in slices, so that others get a turn. */
static int on_task(void *arg)
{
    struct job *job = arg;
    int r = 0;
    for (int i = 0; r == 0 && i < SLICES; i++) {
        job->sum += compute(n / SLICES * i, n / SLICES * (i + 1));
        r = simul_sleep(0);
    }
    return r;
}

static int compute_all(void *arg)
{
    struct job *job = arg;
    job->sum = compute(0, n);
    return 0;
}

/* In a thread: as it is. */
static int in_thread(void *arg)
{
    return simul_to_thread(compute_all, arg);
}

/* In a process: this program once more, whose output is read. */
static int in_process(void *arg)
{
    struct job *job = arg;
    char text[24];
    snprintf(text, sizeof text, "%ld", n);
    char *argv[] = {program, "compute", text, NULL};
    simul_process *process;
    simul_output output;
    int r = simul_create_subprocess_exec(&process, argv,
                                         &(simul_process_opts){.out = SIMUL_PIPE});
    if (r < 0)
        return r;
    r = simul_process_communicate(process, NULL, 0, &output);
    if (r == 0 && simul_process_returncode(process) != 0)
        r = simul_fail(-EIO, "the process ended with status %d",
                       simul_process_returncode(process));
    if (r == 0)
        job->sum = atol(output.out);
    simul_process_release(process);
    return r;
}

/* ---- side by side ------------------------------------------------------------------------ */

static int all_by(const char *what, simul_fn *fn)
{
    memset(jobs, 0, sizeof jobs);
    double start = simul_time();
    int r = simul_for_each(jobs, JOBS, sizeof *jobs, fn, 0);
    if (r < 0)
        return r;
    printf("%-10s %.2f seconds, sum %ld\n", what, simul_time() - start,
           jobs[0].sum + jobs[1].sum + jobs[2].sum + jobs[3].sum);
    return 0;
}

static int entry(void *arg)
{
    (void)arg;
    int r = all_by("tasks", on_task);
    if (r == 0)
        r = all_by("threads", in_thread);
    if (r == 0)
        r = all_by("processes", in_process);
    return r;
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "compute") == 0) {
        printf("%ld\n", compute(0, atol(argv[2])));
        return 0;
    }
    program = argv[0];
    if (argc > 1 && atol(argv[1]) > 0)
        n = atol(argv[1]) * 1000000;
    return simul_exit(simul_run(entry, NULL));
}
