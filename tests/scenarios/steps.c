/* SPDX-License-Identifier: MIT */
/* Runs the steps of a scenario. */
#include "steps.h"

#include <stdio.h>
#include <stdlib.h>

int step_unexpected(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
    return -EPROTO;
}

static bool means_refused(int r)
{
    return r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP;
}

void steps_need_backend(void)
{
    simul_loop *loop = NULL;
    int r = simul_loop_new(&loop, NULL);
    if (means_refused(r)) {
        printf("skipped: the kernel refuses %s\n", getenv("SIMUL_BACKEND"));
        exit(77);
    }
    simul_loop_close(loop);
}

int steps_run(const struct step *steps, const simul_loop_opts *opts)
{
    int status = 0;
    for (; steps->name; steps++) {
        int r = simul_run_opts(steps->run, NULL, opts);
        if (r < 0) {
            fprintf(stderr, "%s: %s\n", steps->name, simul_error_name(r));
            status = 1;
        }
    }
    return status;
}
