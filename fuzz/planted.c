/* SPDX-License-Identifier: MIT */
/* The fuzzer's negative control: it has to find these four bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= 4 && data[0] == 'b' && data[1] == 'u' && data[2] == 'g' && data[3] == '!')
        abort();
    return 0;
}
