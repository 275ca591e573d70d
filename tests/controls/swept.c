/* SPDX-License-Identifier: MIT */
/* Negative controls of the sweeps: tests that pass when nothing fails, each with a bug
 * that shows only under injection. CTest passes only if the sweep finds it. */
#include "support/harness.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sys.h"

TEST(crashes_without_memory)
{
    volatile char *bytes = sm_malloc(8);
    bytes[0] = 1;
    sm_free((void *)bytes);
}

TEST(leaks_when_the_second_allocation_fails)
{
    void *volatile first = sm_malloc(8);
    void *second = sm_malloc(8);
    if (!second) {
        first = NULL;
        return;
    }
    sm_free(first);
    sm_free(second);
}

TEST(leaves_a_descriptor_open)
{
    int fd = sm_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);
    void *memory = sm_malloc(8);
    if (memory && fd >= 0)
        sm_close(fd);
    sm_free(memory);
}

TEST_TIMEOUT(waits_for_ever, 1)
{
    void *memory = sm_malloc(8);
    while (!memory)
        pause();
    sm_free(memory);
}

TEST(crashes_when_cancelled)
{
    if (sm_cancel_due())
        abort();
}

HARNESS_MAIN("swept")
