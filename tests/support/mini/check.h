/* SPDX-License-Identifier: MIT */
/*
 * A minimal stand-in for the library Check, for machines that are cross-built for: the
 * part of its interface that the harness and our tests use. Each test runs in a process
 * of its own, with a time-out; CK_RUN_CASE and CK_TIMEOUT_MULTIPLIER work as in Check.
 */
#ifndef SM_TESTS_MINI_CHECK_H
#define SM_TESTS_MINI_CHECK_H

#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- what harness.c calls ----------------------------------------------------------- */

typedef struct {
    const char *name;
    void (*run)(int i);
} TTest;

typedef struct mini_case TCase;
typedef struct mini_suite Suite;
typedef struct mini_suite SRunner;

enum print_output { CK_ENV };

#define START_TEST(name_)                                                              \
    static void name_##_run(int i);                                                    \
    static const TTest name_##_test = {#name_, name_##_run};                           \
    static const TTest *const name_ = &name_##_test;                                   \
    static void name_##_run(int _i __attribute__((unused)))
#define END_TEST

Suite *suite_create(const char *name);
TCase *tcase_create(const char *name);
void tcase_set_timeout(TCase *tcase, double seconds);
void tcase_add_test(TCase *tcase, const TTest *test);
void suite_add_tcase(Suite *suite, TCase *tcase);
SRunner *srunner_create(Suite *suite);
void srunner_run_all(SRunner *runner, enum print_output mode);
int srunner_ntests_run(SRunner *runner);
int srunner_ntests_failed(SRunner *runner);
void srunner_free(SRunner *runner);

/* ---- what tests call ---------------------------------------------------------------- */

/* Says what failed, and ends the process. */
__attribute__((noreturn, format(printf, 3, 4))) void
mini_failed(const char *file, int line, const char *fmt, ...);

#define ck_abort()        mini_failed(__FILE__, __LINE__, "failed")
#define ck_abort_msg(...) mini_failed(__FILE__, __LINE__, __VA_ARGS__)
#define ck_assert_msg(x, ...)                                                          \
    ((x) ? (void)0 : mini_failed(__FILE__, __LINE__, __VA_ARGS__))
#define ck_assert(x) ck_assert_msg(x, "%s", "not true: " #x)

#define mini_compare(type, format, a, op, b)                                           \
    do {                                                                               \
        type a_ = (type)(a);                                                           \
        type b_ = (type)(b);                                                           \
        ck_assert_msg(a_ op b_, "%s: %" format " and %" format, #a " " #op " " #b, a_, \
                      b_);                                                             \
    } while (0)
#define ck_assert_int_eq(a, b)    mini_compare(intmax_t, PRIdMAX, a, ==, b)
#define ck_assert_int_ne(a, b)    mini_compare(intmax_t, PRIdMAX, a, !=, b)
#define ck_assert_int_lt(a, b)    mini_compare(intmax_t, PRIdMAX, a, <, b)
#define ck_assert_int_le(a, b)    mini_compare(intmax_t, PRIdMAX, a, <=, b)
#define ck_assert_int_gt(a, b)    mini_compare(intmax_t, PRIdMAX, a, >, b)
#define ck_assert_int_ge(a, b)    mini_compare(intmax_t, PRIdMAX, a, >=, b)
#define ck_assert_uint_eq(a, b)   mini_compare(uintmax_t, PRIuMAX, a, ==, b)
#define ck_assert_uint_ne(a, b)   mini_compare(uintmax_t, PRIuMAX, a, !=, b)
#define ck_assert_uint_lt(a, b)   mini_compare(uintmax_t, PRIuMAX, a, <, b)
#define ck_assert_uint_le(a, b)   mini_compare(uintmax_t, PRIuMAX, a, <=, b)
#define ck_assert_uint_gt(a, b)   mini_compare(uintmax_t, PRIuMAX, a, >, b)
#define ck_assert_uint_ge(a, b)   mini_compare(uintmax_t, PRIuMAX, a, >=, b)
#define ck_assert_double_eq(a, b) mini_compare(double, "g", a, ==, b)
#define ck_assert_double_ne(a, b) mini_compare(double, "g", a, !=, b)
#define ck_assert_double_lt(a, b) mini_compare(double, "g", a, <, b)
#define ck_assert_double_le(a, b) mini_compare(double, "g", a, <=, b)
#define ck_assert_double_gt(a, b) mini_compare(double, "g", a, >, b)
#define ck_assert_double_ge(a, b) mini_compare(double, "g", a, >=, b)
#define ck_assert_double_eq_tol(a, b, tolerance)                                       \
    ck_assert_msg(fabs((a) - (b)) < (tolerance), "%s", #a " is not near " #b)

#define ck_assert_ptr_eq(a, b)   mini_compare(const void *, "p", a, ==, b)
#define ck_assert_ptr_ne(a, b)   mini_compare(const void *, "p", a, !=, b)
#define ck_assert_ptr_null(a)    ck_assert_ptr_eq(a, NULL)
#define ck_assert_ptr_nonnull(a) ck_assert_ptr_ne(a, NULL)

#define ck_assert_str_eq(a, b)                                                         \
    do {                                                                               \
        const char *a_ = (a), *b_ = (b);                                               \
        ck_assert_msg(a_ &&b_ &&strcmp(a_, b_) == 0, "%s: \"%s\" and \"%s\"",          \
                      #a " == " #b, a_ ? a_ : "(null)", b_ ? b_ : "(null)");           \
    } while (0)
#define ck_assert_str_ne(a, b)                                                         \
    do {                                                                               \
        const char *a_ = (a), *b_ = (b);                                               \
        ck_assert_msg(a_ &&b_ &&strcmp(a_, b_) != 0, "%s", #a " != " #b);              \
    } while (0)
#define ck_assert_mem_eq(a, b, n)                                                      \
    ck_assert_msg(memcmp(a, b, n) == 0, "%s", #a " == " #b " (memory)")

#endif
