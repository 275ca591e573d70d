/* SPDX-License-Identifier: MIT */
/* The stand-in for Check: see the header. Test programs are short-lived; what is
 * allocated here is freed by exit. */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct mini_case {
    const char *name;
    const TTest *test;
    double seconds;
    TCase *next;
};

struct mini_suite {
    const char *name;
    TCase *cases, **last;
    int run, failed;
};

static void *zeroed(size_t size)
{
    void *ptr = calloc(1, size);
    if (!ptr)
        abort();
    return ptr;
}

Suite *suite_create(const char *name)
{
    Suite *suite = zeroed(sizeof *suite);
    suite->name = name;
    suite->last = &suite->cases;
    return suite;
}

TCase *tcase_create(const char *name)
{
    TCase *tcase = zeroed(sizeof *tcase);
    tcase->name = name;
    return tcase;
}

void tcase_set_timeout(TCase *tcase, double seconds)
{
    const char *factor = getenv("CK_TIMEOUT_MULTIPLIER");
    tcase->seconds = seconds * (factor ? atof(factor) : 1);
}

void tcase_add_test(TCase *tcase, const TTest *test)
{
    tcase->test = test;
}

void suite_add_tcase(Suite *suite, TCase *tcase)
{
    *suite->last = tcase;
    suite->last = &tcase->next;
}

SRunner *srunner_create(Suite *suite)
{
    return suite;
}

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* The wait status; or, after the time-out, that of the kill. */
static int wait_for_child(pid_t child, double seconds)
{
    int status;
    for (double end = now() + seconds; now() < end; usleep(1000))
        if (waitpid(child, &status, WNOHANG) == child)
            return status;
    puts("time-out");
    kill(-child, SIGKILL);
    waitpid(child, &status, 0);
    return status;
}

/* In a process group of its own, so that what the test started goes with it. */
static int run_case(const TCase *tcase)
{
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        tcase->test->run(0);
        exit(0);
    }
    setpgid(child, child);
    return wait_for_child(child, tcase->seconds);
}

void srunner_run_all(SRunner *runner, enum print_output mode)
{
    const char *only = getenv("CK_RUN_CASE");
    (void)mode;
    for (TCase *it = runner->cases; it; it = it->next) {
        if (only && strcmp(only, it->name) != 0)
            continue;
        int status = run_case(it);
        runner->run++;
        runner->failed += status != 0;
        if (status != 0)
            printf("FAILED %s (wait status %#x)\n", it->name, status);
    }
    printf("%s: %d tests, %d failed\n", runner->name, runner->run, runner->failed);
}

int srunner_ntests_run(SRunner *runner)
{
    return runner->run;
}

int srunner_ntests_failed(SRunner *runner)
{
    return runner->failed;
}

void srunner_free(SRunner *runner)
{
    while (runner->cases) {
        TCase *tcase = runner->cases;
        runner->cases = tcase->next;
        free(tcase);
    }
    free(runner);
}

void mini_failed(const char *file, int line, const char *fmt, ...)
{
    va_list args;
    printf("%s:%d: ", file, line);
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
    _exit(1);
}
