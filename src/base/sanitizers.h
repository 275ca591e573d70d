/* SPDX-License-Identifier: MIT */
/* Which sanitizer this build is for: 1 or 0. */
#ifndef SM_BASE_SANITIZERS_H
#define SM_BASE_SANITIZERS_H

#if defined(__has_feature)
#define SM_HAS_FEATURE(x) __has_feature(x)
#else
#define SM_HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || SM_HAS_FEATURE(address_sanitizer)
#define SM_ASAN 1
#else
#define SM_ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || SM_HAS_FEATURE(thread_sanitizer)
#define SM_TSAN 1
#else
#define SM_TSAN 0
#endif

#endif
