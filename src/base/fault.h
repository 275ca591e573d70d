/* SPDX-License-Identifier: MIT */
/*
 * Failure and cancellation injection (in builds with SIMUL_FAULTS).
 *
 * Two things are counted: *calls* that pass a site of sys.h, and *awaits*, of whichever
 * task. The n-th of them can be made to fail, or to be cancelled, once: from inside a
 * test by the functions here; from outside, for whole programs, by the environment:
 *
 *   SIMUL_FAULT_NTH=n    the n-th call fails
 *   SIMUL_FAULT_LIMIT=k  only the first k calls of each site count, which makes sweeps
 *                        over long programs short
 *   SIMUL_FAULT_IN=text  only sites count whose file has the text in its path
 *   SIMUL_CANCEL_NTH=n   the task that makes the n-th await is cancelled there
 *   SIMUL_FAULT_LOG=file append to it: "site FILE:LINE CALL" for each site that is linked
 *                        in; "hit FILE:LINE CALL N" and "cancel N" when it happens;
 *                        "calls N" and "awaits N" when the program exits, and
 *                        "descriptors M N": how many were open at its start and then
 *
 * Threads share the counters: which thread makes the n-th call may differ from run to
 * run; that exactly one fails does not.
 */
#ifndef SM_BASE_FAULT_H
#define SM_BASE_FAULT_H

#include <stdbool.h>

#ifdef SIMUL_FAULTS
struct sm_fault_site;

/** Count from here; the n-th call from now on fails, once. 0: count only. */
void sm_fault_arm(unsigned long n);

/** Nothing fails any more; counting goes on. True if a call was made to fail. */
bool sm_fault_disarm(void);

/** How many calls there were since sm_fault_arm(), or since the start. */
unsigned long sm_fault_calls(void);

/** Where to write the site at which a call was made to fail (of shared memory, so that a
 * process that dies of it still tells). NULL: nowhere. */
void sm_fault_report_to(const struct sm_fault_site **where);

/* The same for awaits. */
void sm_cancel_arm(unsigned long n);
bool sm_cancel_disarm(void);
unsigned long sm_cancel_awaits(void);

/**
 * Counts an await. To be asked by the primitive in which all tasks wait, each time before
 * it looks whether the task was cancelled: if true, it cancels the current task first.
 */
bool sm_cancel_due(void);
#define SM_COUNTS_AWAITS true
#else
#define sm_cancel_due()  false
#define SM_COUNTS_AWAITS false
#endif

#endif
