/* SPDX-License-Identifier: MIT */
/* The harness: a Check suite made of what registered itself, each test a case of its own
 * (so that CK_RUN_CASE picks one, and each has its own time-out, which
 * CK_TIMEOUT_MULTIPLIER stretches). */
#include "support/harness.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/sweep.h"

#ifdef HARNESS_HAS_POLL
#include "poll/poll.h"
#endif

enum { TIMEOUT_S = 20, SKIPPED = 77 };

static struct harness_test *tests, **last = &tests;
static int fds_at_begin;

void harness_register(struct harness_test *test)
{
    *last = test;
    last = &test->next;
}

/* The directory's own descriptor is among those counted, each time: it cancels out. */
int harness_in_child(int (*fn)(void *arg), void *arg)
{
    int status = 0;
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        alarm(TIMEOUT_S);
        _exit(fn(arg));
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int harness_open_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        ck_abort_msg("cannot count the open descriptors: no /proc/self/fd");
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

void harness_begin(int i)
{
    fds_at_begin = harness_open_fds();
    sweep_begin(i);
}

void harness_end(void)
{
    sweep_end();
    int fds = harness_open_fds();
    if (fds != fds_at_begin)
        sweep_failed("descriptors were left open: %d, %d", fds_at_begin, fds);
}

double harness_patience(void)
{
    const char *sweep = getenv("HARNESS_PATIENCE");
    const char *times = getenv("CK_TIMEOUT_MULTIPLIER");
    return sweep ? atof(sweep) : 15 * (times ? atof(times) : 1);
}

static TCase *case_of(const struct harness_test *test)
{
    TCase *tcase = tcase_create(test->name);
    tcase_set_timeout(tcase, test->timeout_s ? test->timeout_s : TIMEOUT_S);
    tcase_add_test(tcase, test->test);
    return tcase;
}

/* A program in which nothing ran (no test at all, or a misspelt CK_RUN_CASE) has failed. */
int harness_run(const char *suite_name)
{
    if (sweep_wanted())
        return sweep_run(suite_name, tests);
    Suite *suite = suite_create(suite_name);
    for (struct harness_test *test = tests; test; test = test->next)
        suite_add_tcase(suite, case_of(test));
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    bool good = srunner_ntests_run(runner) > 0 && srunner_ntests_failed(runner) == 0;
    srunner_free(runner);
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

void harness_skip(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("skipped: ", stdout);
    vprintf(fmt, args);
    putchar('\n');
    va_end(args);
    exit(SKIPPED);
}

void harness_need_program(const char *name)
{
    char command[128];
    snprintf(command, sizeof command, "command -v %s > /dev/null", name);
    if (system(command) != 0)
        harness_skip("there is no %s", name);
}

#ifdef HARNESS_HAS_POLL
static bool means_refused(int r)
{
    return r == -ENOSYS || r == -EPERM || r == -EOPNOTSUPP;
}

/* Only a refusal is a reason to skip; any other error is left to the tests to fail on. */
void harness_need_backend(void)
{
    const char *name = getenv("SIMUL_BACKEND");
    struct sm_poll *poll;
    if (!name || !*name)
        return;
    int r = sm_poll_open(&poll, NULL);
    if (r >= 0)
        sm_poll_ops(poll)->close(poll);
    else if (means_refused(r))
        harness_skip("the kernel refuses %s: %s", name, strerror(-r));
}
#else
void harness_need_backend(void)
{
}
#endif
