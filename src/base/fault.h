/* SPDX-License-Identifier: MIT */
/*
 * Failure injection from inside a test (in builds with SIMUL_FAULTS).
 *
 * From outside, for whole programs: SIMUL_FAULT_NTH=n makes the n-th call that passes
 * any site of the process fail, once. SIMUL_FAULT_LIMIT=k counts only the first k calls
 * of each site, which makes sweeps over long programs short. SIMUL_FAULT_LOG=file
 * appends "hit FILE:LINE CALL N" when a call is made to fail, and, when the process
 * exits, "site FILE:LINE CALL PASSED" for each site that is linked in and "calls N".
 */
#ifndef SM_BASE_FAULT_H
#define SM_BASE_FAULT_H

#include <stdbool.h>

#ifdef SIMUL_FAULTS
/** Count from here; the n-th call from now on fails, once. 0: count only. */
void sm_fault_arm(unsigned long n);

/** Nothing fails any more; counting goes on. True if a call was made to fail. */
bool sm_fault_disarm(void);

/** How many calls there were since sm_fault_arm(), or since the start. */
unsigned long sm_fault_calls(void);
#endif

#endif
