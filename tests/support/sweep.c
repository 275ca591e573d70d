/* SPDX-License-Identifier: MIT */
/*
 * Sweeps over the tests of a program. Check forks for each run; the counts come back
 * through shared memory. Check tells a failed assertion (CK_FAILURE), which is allowed,
 * from an unexpected end of the process (CK_ERROR): signals, the exit statuses of the
 * sanitizers, and the time-out.
 */
#include "support/sweep.h"

#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
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
enum {
    WORKERS = 4,
    TIMEOUT_S = 20,
    LEFT_SOMETHING = 98,
    FAULTS_MAX = 200,
    AWAITS_MAX = 40
};
#define PATIENCE_MIN_S 0.1

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
    double took;                      /* the last run, seconds */
    int places;                       /* how often the test says where to begin */
    bool first;                       /* the first test of the program */
};

/* Of all workers. */
struct sum {
    atomic_ulong next, totals[KINDS];
    atomic_int bad, ran;
};

static struct shared *shared; /* of this worker; NULL: no sweep */
static struct sum *sum;
static double began; /* this run, in the child */
static const struct kind *now = kinds;

bool sweep_wanted(void)
{
    const char *wanted = getenv("HARNESS_SWEEP");
    return wanted && *wanted;
}

/* Memory that the children share. */
static void *share(size_t size)
{
    void *memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        abort();
    return memory;
}

static bool is_wanted(const struct kind *kind)
{
    const char *wanted = getenv("HARNESS_SWEEP");
    return strcmp(wanted, "all") == 0 || strcmp(wanted, kind->name) == 0;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int this_run, seen; /* seen: how often this run has said where to begin */

static void arm(int i)
{
    for (int k = 0; k < KINDS; k++)
        kinds[k].arm(&kinds[k] == now ? i : 0);
}

void sweep_begin(int i)
{
    if (!shared)
        return;
    began = seconds();
    this_run = i;
    seen = 0;
    if (i == 0)
        shared->places = 0;
    arm(shared->places == 0 ? i : 0);
}

/* The last place at which the undisturbed run said so is the one. */
void sweep_from_here(void)
{
    if (!shared)
        return;
    for (int k = 0; k < KINDS; k++)
        kinds[k].disarm();
    seen++;
    if (this_run == 0)
        shared->places = seen;
    arm(seen == shared->places ? this_run : 0);
}

/* A test may make several runs, each of something else. */
void sweep_body_begins(void)
{
    static bool begun;
    if (shared && !shared->first && !begun)
        sweep_from_here();
    begun = true;
}

void sweep_end(void)
{
    if (!shared)
        return;
    shared->took = seconds() - began;
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

/* One test, once, with the i-th thing made to happen; true if it ended as it may, which when
 * nothing happens (i is 0) is: well, or else nothing of it would be swept. Each
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
    bool good = srunner_ntests_run(runner) == 1 && tr_rtype(results[0]) != CK_ERROR
                && (i > 0 || tr_rtype(results[0]) == CK_PASS);
    if (!good)
        tell(test, i, tr_msg(results[0]));
    free(results);
    srunner_free(runner);
    fflush(stdout);
    return good;
}

/* A failure on one side is none that the other side could notice: it waits in vain, and
 * should not do so for long. */
static void set_patience(double took)
{
    char text[32];
    snprintf(text, sizeof text, "%.3f", PATIENCE_MIN_S + 3 * took);
    setenv("HARNESS_PATIENCE", text, 1);
}

static bool is_whole(void)
{
    const char *limit = getenv("SIMUL_FAULT_LIMIT");
    return !limit || atoi(limit) == 0;
}

/* How far apart are those that are made to happen: of a test that loops, some are enough.
 * Awaits are many, and not limited at each place as calls are. */
static int step_of(const struct kind *kind, unsigned long n)
{
    unsigned long most = kind == kinds ? FAULTS_MAX : AWAITS_MAX;
    return is_whole() ? 1 : (int)((n + most - 1) / most);
}

/* How many there are is counted in a run in which nothing happens. */
static int sweep_test(const struct harness_test *test)
{
    unsigned long counts[KINDS];
    memset(shared->counts, 0, sizeof shared->counts);
    unsetenv("HARNESS_PATIENCE");
    int bad = !run_once(test, 0);
    set_patience(shared->took);
    memcpy(counts, shared->counts, sizeof counts);
    for (int k = 0; k < KINDS; k++) {
        now = &kinds[k];
        if (!is_wanted(now))
            continue;
        int step = step_of(now, counts[k]);
        for (int i = 1; i <= (int)counts[k]; i += step) {
            bad += !run_once(test, i);
            atomic_fetch_add(&sum->totals[k], 1);
        }
    }
    return bad;
}

/* Each worker takes the next test that nobody has: what waits costs no processor. */
static void work(struct harness_test *tests)
{
    const char *only = getenv("CK_RUN_CASE");
    unsigned long mine = 0, i = 0;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    shared = share(sizeof *shared);
    sm_fault_report_to(&shared->site);
    mine = atomic_fetch_add(&sum->next, 1);
    for (struct harness_test *test = tests; test; test = test->next) {
        if (only && strcmp(only, test->name) != 0)
            continue;
        if (i++ != mine)
            continue;
        shared->first = mine == 0;
        atomic_fetch_add(&sum->bad, sweep_test(test));
        mine = atomic_fetch_add(&sum->next, 1);
        atomic_fetch_add(&sum->ran, 1);
    }
    exit(EXIT_SUCCESS);
}

/* In tests that make files each worker needs a folder of its own (support/folder.c). */
void sweep_worker_enters(int number) __attribute__((weak));

static bool start_workers(struct harness_test *tests, pid_t workers[WORKERS])
{
    fflush(stdout);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            if (sweep_worker_enters)
                sweep_worker_enters(i);
            work(tests);
        }
        if (workers[i] < 0)
            return false;
    }
    return true;
}

static bool await_workers(const pid_t workers[WORKERS])
{
    bool good = true;
    int status;
    for (int i = 0; i < WORKERS && workers[i] > 0; i++)
        good &= waitpid(workers[i], &status, 0) == workers[i] && status == 0;
    return good;
}

int sweep_run(const char *suite, struct harness_test *tests)
{
    pid_t workers[WORKERS] = {0};
    sum = share(sizeof *sum);
    bool good = start_workers(tests, workers);
    good &= await_workers(workers);
    for (int k = 0; k < KINDS; k++)
        printf("%s: %lu %ss, each %s in turn\n", suite, atomic_load(&sum->totals[k]),
               kinds[k].one, kinds[k].what);
    printf("%d runs ended badly\n", atomic_load(&sum->bad));
    return good && !sum->bad && sum->ran ? EXIT_SUCCESS : EXIT_FAILURE;
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

void sweep_from_here(void)
{
}

void sweep_body_begins(void)
{
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
