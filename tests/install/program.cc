/* SPDX-License-Identifier: MIT */
/* A user's program in C++. */
#include <cstdio>
#include <simul/base.h>
#include <simul/error.h>

int main()
{
    std::puts(simul_strerror(-SIMUL_EBARRIER));
}
