/* SPDX-License-Identifier: MIT */
/*
 * A scenario is a list of steps, each a coroutine function that returns 0 when all was as
 * it should be. All steps are run, also after one that failed: so that an injected failure
 * in an early one does not keep the later ones from being reached.
 */
#ifndef SM_TESTS_STEPS_H
#define SM_TESTS_STEPS_H

#include <simul.h>

struct step {
    const char *name;
    simul_fn *run;
};

/* Runs the steps, one after the other, in a loop of their own each (a list ends with a
 * zeroed one); the exit status, 1 with a line for each step that failed. */
int steps_run(const struct step *steps, const simul_loop_opts *opts);

/* Ends the program with 77, which CTest counts as skipped, if the kernel refuses the
 * backend of $SIMUL_BACKEND. To be called first in main(). */
void steps_need_backend(void);

/* 0 if it is true, else -EPROTO: for a step that did not get what it should. */
#define STEP_CHECK(x) ((x) ? 0 : step_unexpected(#x, __FILE__, __LINE__))
int step_unexpected(const char *what, const char *file, int line);

#endif
