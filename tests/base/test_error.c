/* SPDX-License-Identifier: MIT */
#include "support/harness.h"

#include <limits.h>
#include <string.h>

#include "simul/error.h"

TEST(the_sign_of_a_code_does_not_matter)
{
    ck_assert_str_eq(simul_error_name(-ECANCELED), "ECANCELED");
    ck_assert_str_eq(simul_error_name(ECANCELED), "ECANCELED");
    ck_assert_str_eq(simul_strerror(-SIMUL_EEOF), simul_strerror(SIMUL_EEOF));
}

TEST(own_codes_have_their_name_and_text)
{
    ck_assert_str_eq(simul_error_name(-SIMUL_EEOF), "SIMUL_EEOF");
    ck_assert_str_eq(simul_strerror(-SIMUL_EBARRIER), "the barrier is broken");
}

TEST(errno_codes_have_the_text_of_the_c_library)
{
    ck_assert_str_eq(simul_strerror(-ECONNRESET), strerror(ECONNRESET));
}

TEST(an_unknown_code_is_named_and_told_as_such)
{
    static const int codes[] = {INT_MIN, INT_MAX, 9999, -20000};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        ck_assert_str_eq(simul_error_name(codes[i]), "E?");
        ck_assert_str_eq(simul_strerror(codes[i]), "unknown error");
    }
}

TEST(no_code_or_name_is_given_twice)
{
    static const int numbers[] = {
#define NUMBER(name, number, text) number,
        SIMUL_ERROR_MAP(NUMBER)
#undef NUMBER
    };
    size_t n = sizeof numbers / sizeof numbers[0];
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            ck_assert_int_ne(numbers[i], numbers[j]);
    ck_assert_int_gt(numbers[0], 4095); /* above what the kernel may return */
}

HARNESS_MAIN("error")
