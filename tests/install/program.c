/* SPDX-License-Identifier: MIT */
/* A user's program; plain C11, so that the headers ask for no extension. */
#include <simul/base.h>
#include <simul/error.h>
#include <stdio.h>

int main(void)
{
    puts(simul_strerror(-SIMUL_EBARRIER));
    return 0;
}
