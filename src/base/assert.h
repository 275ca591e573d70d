/* SPDX-License-Identifier: MIT */
/*
 * Assertions about our own logic: states, list membership, the loop's thread. A failing
 * one is a bug of the library; what a user may do wrong is a return value instead.
 * On in debug and test builds (SIMUL_ASSERTS), gone otherwise.
 */
#ifndef SM_BASE_ASSERT_H
#define SM_BASE_ASSERT_H

#define sm_likely(x)   __builtin_expect(!!(x), 1)
#define sm_unlikely(x) __builtin_expect(!!(x), 0)

#ifdef SIMUL_ASSERTS
void sm_assert_failed(const char *what, const char *file, int line)
    __attribute__((noreturn, visibility("hidden")));
#define sm_assert(x) (sm_likely(x) ? (void)0 : sm_assert_failed(#x, __FILE__, __LINE__))
#else
#define sm_assert(x) ((void)sizeof(!(x)))
#endif

#endif
