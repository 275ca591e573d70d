/* SPDX-License-Identifier: MIT */
/*
 * What the debugger looks at in `unwind-suspended`: three calls deep in a context that is
 * suspended while the program stands in look_at_it().
 */
#include <stdlib.h>

#define ck_assert_ptr_ne(a, b)                                                         \
    do                                                                                 \
        if ((a) == (b))                                                                \
            abort();                                                                   \
    while (0)
#include "contract/two_stacks.h"

#define STEP(name, next)                                                               \
    __attribute__((noinline)) static void name(int depth)                              \
    {                                                                                  \
        next;                                                                          \
        __asm__ volatile("" ::"r"(depth) : "memory"); /* no tail call */               \
    }

STEP(innermost, back())
STEP(middle, innermost(depth + 1))
STEP(outermost, middle(depth + 1))

APART void body(void *arg)
{
    outermost(1);
    __asm__ volatile("" ::"r"(arg) : "memory");
}

__attribute__((noinline, noclone)) static void look_at_it(void)
{
    __asm__ volatile("" ::: "memory");
}

int main(void)
{
    prepare(body, NULL);
    look_at_it(); /* not begun */
    go();
    look_at_it(); /* suspended */
    go();
    return 0;
}
