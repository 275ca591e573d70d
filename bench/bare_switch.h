/* SPDX-License-Identifier: MIT */
/*
 * The bare switch: what every figure is compared with. It saves the registers that the
 * ABI obliges a callee to keep, exchanges the stack pointers and ends in `ret`; it has no
 * floating-point control state, no call frame information, no queue.
 */
#ifndef BARE_SWITCH_H
#define BARE_SWITCH_H

#include <stdint.h>
#include <string.h>

/** Suspend the caller into *from, resume to. */
void bare_switch(void **from, void *to);
void bare_start(void);

/** A context that calls entry(arg), which never returns, on the stack that ends at top. */
static inline void *bare_make(char *top, void (*entry)(long), long arg)
{
#if defined(__x86_64__)
    enum { WORDS = 8, RETURN = 6, ENTRY = 4, ARG = 3 };
#elif defined(__aarch64__)
    enum { WORDS = 20, RETURN = 1, ENTRY = 2, ARG = 3 };
#else
#error "no bare switch for this machine"
#endif
    uintptr_t *frame = (uintptr_t *)((uintptr_t)top & ~(uintptr_t)63) - WORDS;
    memset(frame, 0, WORDS * sizeof *frame);
    frame[RETURN] = (uintptr_t)bare_start;
    frame[ENTRY] = (uintptr_t)entry;
    frame[ARG] = (uintptr_t)arg;
    return frame;
}

#endif
