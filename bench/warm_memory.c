/* SPDX-License-Identifier: MIT */
/*
 * usage: warm_memory MEGABYTES
 *
 * Touch that much memory and exit. On a virtual machine memory that was free for a while
 * may have to be fetched from the host, which makes the first program that needs it many
 * times slower than the second. The runner calls this before each program of which the
 * page faults count, so that all find the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
    size_t size = (size_t)(argc > 1 ? atol(argv[1]) : 1024) << 20;
    char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    madvise(memory, size, MADV_NOHUGEPAGE); /* huge ones go back to the host at once */
    for (size_t i = 0; i < size; i += 4096)
        memory[i] = 1;
    return 0;
}
