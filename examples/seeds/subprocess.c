/* SPDX-License-Identifier: MIT */
/*
 * A subprocess, and interaction with its pipes: what is written to it comes back sorted.
 * Another one, of the shell, ends when it is told to, with a status that says something; the
 * loop does not stand still while it runs.
 *
 * Python: document 003, "Main Concepts", Sub Processes.
 */
#include <simul.h>
#include <stdio.h>
#include <string.h>

static int sort_lines(void)
{
    static const char lines[] = "World\nHello\n";
    char *argv[] = {"sort", NULL};
    simul_process_opts opts = {.in = SIMUL_PIPE, .out = SIMUL_PIPE};
    simul_process *sort;
    simul_output output;
    int r = simul_create_subprocess_exec(&sort, argv, &opts);
    if (r < 0)
        return r;
    r = simul_process_communicate(sort, lines, strlen(lines), &output);
    if (r == 0)
        printf("%s", output.out);
    simul_process_release(sort);
    return r;
}

/* The child waits for us, and we go on with something else before we let it end. */
static int run_shell(void)
{
    simul_process_opts opts = {.in = SIMUL_PIPE};
    simul_process *shell = NULL;
    int r = simul_create_subprocess_shell(&shell, "read status; exit $status", &opts);
    for (int i = 1; r == 0 && i <= 3; i++)
        if ((r = simul_sleep(0.1)) == 0)
            printf("tick %d\n", i);
    if (r == 0)
        r = simul_process_communicate(shell, "3\n", 2, NULL);
    if (r == 0)
        printf("exit status %d\n", simul_process_returncode(shell));
    simul_process_release(shell);
    return r;
}

static int entry(void *arg)
{
    (void)arg;
    int r = sort_lines();
    return r < 0 ? r : run_shell();
}

int main(void)
{
    return simul_exit(simul_run(entry, NULL));
}
