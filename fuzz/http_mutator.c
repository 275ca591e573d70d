/* SPDX-License-Identifier: MIT */
/*
 * Mutations that know what a line is. Many ways of smuggling need a whole header line
 * more, less, or elsewhere, which changes of single bytes hardly ever make. A quarter
 * of the mutations copy, move or drop a line; the rest is left to libFuzzer.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed);

#define LINE_MAX_BYTES 512

/* Where some line begins, at random; size if there is none behind the place drawn. */
static size_t some_line(const uint8_t *data, size_t size)
{
    size_t at = (size_t)rand() % size;
    const uint8_t *lf = memchr(data + at, '\n', size - at);
    return lf ? (size_t)(lf - data) + 1 : 0;
}

static size_t line_length(const uint8_t *data, size_t size)
{
    const uint8_t *lf = memchr(data, '\n', size);
    return lf ? (size_t)(lf - data) + 1 : size;
}

static size_t drop(uint8_t *data, size_t size, size_t at, size_t len)
{
    memmove(data + at, data + at + len, size - at - len);
    return size - len;
}

static size_t insert(uint8_t *data, size_t size, size_t at, const uint8_t *line,
                     size_t len)
{
    memmove(data + at + len, data + at, size - at);
    memcpy(data + at, line, len);
    return size + len;
}

static size_t mutate_lines(uint8_t *data, size_t size, size_t max_size)
{
    uint8_t line[LINE_MAX_BYTES];
    size_t at = some_line(data, size), len = line_length(data + at, size - at);
    int what = rand() % 3;
    if (len == 0 || len > sizeof line || len == size
        || (what == 0 && size + len > max_size))
        return LLVMFuzzerMutate(data, size, max_size);
    memcpy(line, data + at, len);
    if (what > 0)
        size = drop(data, size, at, len);
    if (what < 2)
        size = insert(data, size, some_line(data, size), line, len);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size,
                               unsigned int seed)
{
    srand(seed);
    if (size == 0 || seed % 4 > 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return mutate_lines(data, size, max_size);
}
