/* SPDX-License-Identifier: MIT */
/* A failed assertion: say where, and die of SIGABRT so that there is a core to look at.
 * Straight to standard error: the log sink is the user's, and our state is suspect. */
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef SIMUL_ASSERTS
void sm_assert_failed(const char *what, const char *file, int line)
{
    fprintf(stderr, "simul: bug: %s:%d: not true: %s\n", file, line, what);
    abort();
}
#endif
