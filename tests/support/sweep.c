/* SPDX-License-Identifier: MIT */
/*
 * Sweeps over the tests of a program. Check forks for each run; the counts come back
 * through shared memory. Check tells a failed assertion (CK_FAILURE), which is allowed,
 * from an unexpected end of the process (CK_ERROR): signals, the exit statuses of the
 * sanitizers, and the time-out.
 */
#include "support/sweep.h"

#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/sys.h"

__attribute__((noreturn, format(printf, 1, 0))) static void fail_test(const char *fmt,
                                                                      va_list args)
{
    char text[256];
    vsnprintf(text, sizeof text, fmt, args);
    ck_abort_msg("%s", text);
}

#ifdef SIMUL_FAULTS
enum { TIMEOUT_S = 20, LEFT_SOMETHING = 98, EACH_MAX = 200 };

/* What can be made to happen. */
static const struct kind {
    const char *name, *one, *what;
    void (*arm)(unsigned long n);
    bool (*disarm)(void);
    unsigned long (*count)(void);
} kinds[] = {
    {"faults", "call", "made to fail", sm_fault_arm, sm_fault_disarm, sm_fault_calls},
    {"cancels", "await", "cancelled", sm_cancel_arm, sm_cancel_disarm,
     sm_cancel_awaits},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Written by the children. The address of a site is the same in all of them. */
struct shared {
    unsigned long counts[KINDS];      /* in the last run that came to its end */
    const struct sm_fault_site *site; /* that failed in the last run */
};

static struct shared *shared; /* NULL: no sweep */
static const struct kind *now = kinds;

bool sweep_wanted(void)
{
    const char *wanted = getenv("HARNESS_SWEEP");
    return wanted && *wanted;
}

static bool is_wanted(const struct kind *kind)
{
    const char *wanted = getenv("HARNESS_SWEEP");
    return strcmp(wanted, "all") == 0 || strcmp(wanted, kind->name) == 0;
}

void sweep_begin(int i)
{
    if (!shared)
        return;
    for (int k = 0; k < KINDS; k++)
        kinds[k].arm(&kinds[k] == now ? i : 0);
}

void sweep_end(void)
{
    if (!shared)
        return;
    for (int k = 0; k < KINDS; k++) {
        kinds[k].disarm();
        shared->counts[k] = kinds[k].count();
    }
}

void sweep_failed(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (!shared)
        fail_test(fmt, args);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    _exit(LEFT_SOMETHING);
}

static void tell(const struct harness_test *test, int i, const char *what)
{
    const struct sm_fault_site *site = shared->site;
    printf("%s: %s %d", test->name, now->one, i);
    if (site)
        printf(" (%s at %s:%d)", site->call, site->file, site->line);
    printf(": %s\n", what);
}

/* One test, once, with the i-th thing made to happen; true if it ended as it may. Each
 * run has a runner of its own, so that what the sanitizers write stands next to its
 * message. */
static bool run_once(const struct harness_test *test, int i)
{
    Suite *suite = suite_create(test->name);
    TCase *tcase = tcase_create(test->name);
    tcase_set_timeout(tcase, test->timeout_s ? test->timeout_s : TIMEOUT_S);
    tcase_add_loop_test(tcase, test->test, i, i + 1);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    shared->site = NULL;
    srunner_run_all(runner, CK_SILENT);

    TestResult **results = srunner_results(runner);
    bool good = srunner_ntests_run(runner) == 1 && tr_rtype(results[0]) != CK_ERROR;
    if (!good)
        tell(test, i, tr_msg(results[0]));
    free(results);
    srunner_free(runner);
    fflush(stdout);
    return good;
}

/* How many there are is counted in a run in which nothing happens. Of a test that loops
 * the first EACH_MAX are enough. */
static int sweep_test(const struct harness_test *test, unsigned long totals[KINDS])
{
    unsigned long counts[KINDS];
    memset(shared->counts, 0, sizeof shared->counts);
    int bad = !run_once(test, 0);
    memcpy(counts, shared->counts, sizeof counts);
    for (int k = 0; k < KINDS; k++) {
        now = &kinds[k];
        if (!is_wanted(now))
            continue;
        int n = counts[k] < EACH_MAX ? (int)counts[k] : EACH_MAX;
        for (int i = 1; i <= n; i++)
            bad += !run_once(test, i);
        totals[k] += n;
    }
    return bad;
}

int sweep_run(const char *suite, struct harness_test *tests)
{
    const char *only = getenv("CK_RUN_CASE");
    unsigned long totals[KINDS] = {0};
    int bad = 0, ran = 0;
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return EXIT_FAILURE;
    sm_fault_report_to(&shared->site);
    for (struct harness_test *test = tests; test; test = test->next)
        if (!only || strcmp(only, test->name) == 0) {
            bad += sweep_test(test, totals);
            ran++;
        }
    for (int k = 0; k < KINDS; k++)
        printf("%s: %lu %ss, each %s in turn\n", suite, totals[k], kinds[k].one,
               kinds[k].what);
    printf("%d runs ended badly\n", bad);
    return bad || !ran ? EXIT_FAILURE : EXIT_SUCCESS;
}

#else
bool sweep_wanted(void)
{
    return false;
}

int sweep_run(const char *suite, struct harness_test *tests)
{
    (void)suite;
    (void)tests;
    return EXIT_FAILURE;
}

void sweep_begin(int i)
{
    (void)i;
}

void sweep_end(void)
{
}

void sweep_failed(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fail_test(fmt, args);
}
#endif
