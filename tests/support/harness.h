/* SPDX-License-Identifier: MIT */
/*
 * What every test program begins with. TEST(name) registers itself; main() is here.
 *
 * Each test runs in a process of its own (Check's fork mode) with a time-out, and fails
 * if it leaves a descriptor open. Run one with CK_RUN_CASE=name.
 */
#ifndef SM_TESTS_HARNESS_H
#define SM_TESTS_HARNESS_H

#include <check.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct harness_test {
    const char *name;
    const TTest *test;
    int timeout_s; /* 0: 20 seconds */
    struct harness_test *next;
};

void harness_register(struct harness_test *test);

/* Around the body of each test; i is 0, or what a sweep makes happen (sweep.h). */
void harness_begin(int i);
void harness_end(void);

#define TEST_TIMEOUT(name_, seconds_)                                                    \
    static void body_##name_(void);                                                      \
    START_TEST(name_)                                                                    \
    {                                                                                    \
        harness_begin(_i);                                                               \
        body_##name_();                                                                  \
        harness_end();                                                                   \
    }                                                                                    \
    END_TEST                                                                             \
    __attribute__((constructor)) static void register_##name_(void)                      \
    {                                                                                    \
        static struct harness_test test;                                                 \
        test.name = #name_;                                                              \
        test.test = name_;                                                               \
        test.timeout_s = seconds_;                                                       \
        harness_register(&test);                                                         \
    }                                                                                    \
    static void body_##name_(void)

#define TEST(name_) TEST_TIMEOUT(name_, 0)

/* How many descriptors this process has open. */
int harness_open_fds(void);

/* Fork, and call fn(arg) in the child, which must not take long: its result, 0 to 127; or
 * minus the signal that has killed it. */
int harness_in_child(int (*fn)(void *arg), void *arg);

/* How long a test waits for what may not come, in seconds of the real clock: long enough for
 * the slowest machine, but in a sweep only somewhat longer than the test takes when nothing
 * is injected. */
double harness_patience(void);

/* Run all tests of the program; the exit status. */
int harness_run(const char *suite);

/* Print why and exit with 77, which CTest counts as skipped. */
__attribute__((noreturn, format(printf, 1, 2))) void harness_skip(const char *fmt, ...);

/* Skips when $SIMUL_BACKEND is set and the kernel refuses it; test mains that use a
 * poll backend call it first. */
void harness_need_backend(void);

/* Skips when there is no such program in PATH; for main(), as above. */
void harness_need_program(const char *name);

#define HARNESS_MAIN(suite_)                                                             \
    int main(void)                                                                       \
    {                                                                                    \
        return harness_run(suite_);                                                      \
    }

#define HARNESS_MAIN_BACKEND(suite_)                                                     \
    int main(void)                                                                       \
    {                                                                                    \
        harness_need_backend();                                                          \
        return harness_run(suite_);                                                      \
    }

#endif
