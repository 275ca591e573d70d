/* SPDX-License-Identifier: MIT */
/*
 * Client requests: what memcheck is told and asked. A few instructions that do nothing when
 * the program does not run under valgrind; nothing at all where its headers are missing.
 */
#ifndef SM_BASE_VALGRIND_H
#define SM_BASE_VALGRIND_H

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND                   0
#define VALGRIND_STACK_REGISTER(base, top)    0
#define VALGRIND_STACK_DEREGISTER(id)         ((void)(id))
#define VALGRIND_MAKE_MEM_DEFINED(addr, size) ((void)(addr), (void)(size))
#define VALGRIND_DISABLE_ERROR_REPORTING      ((void)0)
#define VALGRIND_ENABLE_ERROR_REPORTING       ((void)0)
#endif

#endif
