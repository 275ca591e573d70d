/* SPDX-License-Identifier: MIT */
/*
 * Python's module `random`: the same seed gives the same numbers as in CPython, so that a
 * program prints the same lines as its original does. One generator, as there; not for
 * secrets.
 */
#ifndef EXAMPLES_RANDOM_H
#define EXAMPLES_RANDOM_H

#include <stddef.h>

/** random.seed(n). Without it: as after random_seed(0). */
void random_seed(unsigned long n);

/** random.randint(from, to): both ends are possible. */
int random_randint(int from, int to);

/** random.random(): 0 <= it < 1. */
double random_random(void);

/** "".join(random.choices(letters, k=n)), and a NUL behind: room for n + 1. */
void random_choices(char *out, const char *letters, size_t n);

#endif
