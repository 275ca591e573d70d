/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sys.h"

static void *take(void)
{
    return sm_malloc(8);
}

TEST(exactly_the_nth_call_fails)
{
    sm_fault_arm(2);

    void *first = take(), *second = take(), *third = take();

    ck_assert(sm_fault_disarm());
    ck_assert(first && !second && third);
    ck_assert_uint_eq(sm_fault_calls(), 3);
    sm_free(first);
    sm_free(third);
}

TEST(a_system_call_fails_with_the_error_of_its_site)
{
    sm_fault_arm(1);
    int failed = sm_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);
    int opened = sm_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);

    ck_assert_int_eq(failed, -EMFILE);
    ck_assert_int_ge(opened, 0);
    sm_close(opened);
}

TEST(what_fails_to_close_is_closed)
{
    int fd = sm_open("/dev/null", O_RDONLY | O_CLOEXEC, 0);
    sm_fault_arm(1);

    ck_assert_int_eq(sm_close_checked(fd), -EIO);
    ck_assert_int_eq(sm_close_checked(fd), -EBADF);
    ck_assert(sm_fault_disarm());
}

TEST(nothing_fails_when_only_counting)
{
    sm_fault_arm(0);
    sm_free(take());
    ck_assert(!sm_fault_disarm());
    ck_assert_uint_eq(sm_fault_calls(), 1);
}

HARNESS_MAIN("fault")
