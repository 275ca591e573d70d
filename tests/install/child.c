/* SPDX-License-Identifier: MIT */
/* A program that is built with a sanitizer which the library does not know of. */
#include <simul.h>
#include <stdio.h>

static int entry(void *arg)
{
    simul_process *process;
    int r = simul_create_subprocess_shell(&process, "exit 42", NULL);
    if (r < 0)
        return r;
    r = simul_process_wait(process, arg);
    simul_process_release(process);
    return r;
}

int main(void)
{
    int status = 0;
    int r = simul_run(entry, &status);
    printf("%d\n", status);
    return simul_exit(r);
}
