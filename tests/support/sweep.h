/* SPDX-License-Identifier: MIT */
/*
 * Sweeps: each test of a program is run again and again, with the first, second, n-th
 * call made to fail, or await cancelled, until all that the test makes have had their
 * turn. HARNESS_SWEEP=all asks for it; or only for faults, or cancels.
 *
 * Under injection a test may fail its assertions: it says what should happen when all
 * goes well. What must never happen, and fails the sweep: a crash, a failed assertion of
 * the library, a sanitizer's report, a leak, a descriptor left open, a hang. With nothing
 * injected the test has to pass: of one that fails nothing would be swept.
 */
#ifndef SM_TESTS_SWEEP_H
#define SM_TESTS_SWEEP_H

#include "support/harness.h"

bool sweep_wanted(void);

/* Sweeps over all `tests`; the exit status. */
int sweep_run(const char *suite, struct harness_test *tests);

/* Around a test's body: make the i-th thing happen (0: count only); report the count. */
void sweep_begin(int i);
void sweep_end(void);

/* For a test to say: what it did so far, others sweep over. */
void sweep_from_here(void);

/* The same, said where the main task of a run begins: what makes the run is the same in each
 * test, and swept in the first one of a program. */
void sweep_body_begins(void);

/* A fault of the library that a test found after its body: an ordinary failure, but in a
 * sweep one that counts. */
__attribute__((noreturn, format(printf, 1, 2))) void sweep_failed(const char *fmt, ...);

#endif
