/* SPDX-License-Identifier: MIT */
/*
 * The Mersenne Twister, MT19937 (Matsumoto and Nishimura, 1998), seeded and used as CPython
 * does it: seed() takes the number apart into words of 32 bits for init_by_array(), and
 * randint() takes as many bits as the range has, again until they are in the range.
 */
#include "random.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { WORDS = 624, AHEAD = 397 };

static struct {
    uint32_t words[WORDS];
    int used; /* of the words, since they were made anew */
    bool seeded;
} state;

/* ---- seeding ----------------------------------------------------------------------------- */

static void init(uint32_t seed)
{
    uint32_t *w = state.words;
    w[0] = seed;
    for (uint32_t i = 1; i < WORDS; i++)
        w[i] = 1812433253U * (w[i - 1] ^ (w[i - 1] >> 30)) + i;
}

/* The index after i; when it wraps around, the last word is the first one's predecessor. */
static int step(int i)
{
    if (++i < WORDS)
        return i;
    state.words[0] = state.words[WORDS - 1];
    return 1;
}

static uint32_t mixed(int i, uint32_t factor)
{
    uint32_t before = state.words[i - 1];
    return state.words[i] ^ ((before ^ (before >> 30)) * factor);
}

static void init_by_array(const uint32_t *key, int length)
{
    int i = 1, j = 0;
    init(19650218U);
    for (int k = WORDS > length ? WORDS : length; k > 0; k--) {
        state.words[i] = mixed(i, 1664525U) + key[j] + (uint32_t)j;
        i = step(i);
        j = (j + 1) % length;
    }
    for (int k = WORDS - 1; k > 0; k--) {
        state.words[i] = mixed(i, 1566083941U) - (uint32_t)i;
        i = step(i);
    }
    state.words[0] = 1U << 31;
}

void random_seed(unsigned long n)
{
    uint32_t key[2] = {(uint32_t)n, (uint32_t)((uint64_t)n >> 32)};
    init_by_array(key, key[1] ? 2 : 1);
    state.used = WORDS;
    state.seeded = true;
}

/* ---- words ------------------------------------------------------------------------------- */

static void make_anew(void)
{
    uint32_t *w = state.words;
    for (int i = 0; i < WORDS; i++) {
        uint32_t y = (w[i] & (1U << 31)) | (w[(i + 1) % WORDS] & ~(1U << 31));
        w[i] = w[(i + AHEAD) % WORDS] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfU : 0);
    }
    state.used = 0;
}

static uint32_t next_word(void)
{
    if (!state.seeded)
        random_seed(0);
    if (state.used == WORDS)
        make_anew();
    uint32_t y = state.words[state.used++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680U;
    y ^= (y << 15) & 0xefc60000U;
    return y ^ (y >> 18);
}

/* ---- what Python makes of them ----------------------------------------------------------- */

/* 0 <= it < n: random's _randbelow(), with getrandbits(). */
static uint32_t below(uint32_t n)
{
    int bits = 32 - __builtin_clz(n);
    uint32_t r;
    do
        r = next_word() >> (32 - bits);
    while (r >= n);
    return r;
}

int random_randint(int from, int to)
{
    return from + (int)below((uint32_t)(to - from) + 1);
}

double random_random(void)
{
    uint32_t high = next_word() >> 5, low = next_word() >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

void random_choices(char *out, const char *letters, size_t n)
{
    double count = (double)strlen(letters);
    for (size_t i = 0; i < n; i++)
        out[i] = letters[(size_t)floor(random_random() * count)];
    out[n] = '\0';
}
