/* SPDX-License-Identifier: MIT */
/*
 * What tasks are compared with in docs/questions.md: threads and processes of the system, and
 * what is cheaper than a task, a generator's step and a call. No peer of a library, so
 * bench/run does not know it. Usage: questions SHAPE N REPETITIONS, and SHAPE is one of
 *
 *     switch     two threads hand over to each other, with a condition variable
 *     start      a thread that returns at once is started and joined
 *     sleepers   N threads that wait, and what the process holds for each
 *     process    a process is forked that exits at once, and waited for
 *     gen        a value of a generator
 *     call       a call through a pointer
 *     together   a computation twice, in turn and in two threads, on the clock on the wall: the
 *                least of all repetitions (gil.py does the same in Python)
 */
#include "support/bench.h"

#include <math.h>
#include <pthread.h>
#include <simul.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- threads ----------------------------------------------------------------------------- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned[2] = {PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER};
static int turn;
static long rounds;

static void *hand_over(void *arg)
{
    int me = arg != NULL;
    pthread_mutex_lock(&mutex);
    for (long i = 0; i < rounds; i++) {
        while (turn != me)
            pthread_cond_wait(&turned[me], &mutex);
        turn = !me;
        pthread_cond_signal(&turned[!me]);
    }
    pthread_mutex_unlock(&mutex);
    return NULL;
}

static void start(pthread_t *thread, void *fn(void *), void *arg)
{
    if (pthread_create(thread, NULL, fn, arg) != 0)
        bench_fail("pthread_create");
}

static void switch_threads(long n)
{
    pthread_t other;
    rounds = n / 2;
    start(&other, hand_over, &mutex);
    hand_over(NULL);
    pthread_join(other, NULL);
}

static void *nothing(void *arg)
{
    return arg;
}

static void start_threads(long n)
{
    for (long i = 0; i < n; i++) {
        pthread_t thread;
        start(&thread, nothing, NULL);
        pthread_join(thread, NULL);
    }
}

/* ---- many of them ------------------------------------------------------------------------ */

static pthread_cond_t begun = PTHREAD_COND_INITIALIZER, end = PTHREAD_COND_INITIALIZER;
static long sleeping;
static bool over;

static void *sleep_until_the_end(void *arg)
{
    pthread_mutex_lock(&mutex);
    sleeping++;
    pthread_cond_signal(&begun);
    while (!over)
        pthread_cond_wait(&end, &mutex);
    pthread_mutex_unlock(&mutex);
    return arg;
}

static void wake_all(pthread_t *threads, long n)
{
    over = true;
    pthread_cond_broadcast(&end);
    pthread_mutex_unlock(&mutex);
    for (long i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    sleeping = 0;
    over = false;
}

static void sleepers(long n)
{
    pthread_t *threads = bench_array(n, sizeof *threads);
    double resident = bench_resident(), before = bench_cpu();
    for (long i = 0; i < n; i++)
        start(&threads[i], sleep_until_the_end, NULL);
    pthread_mutex_lock(&mutex);
    while (sleeping < n)
        pthread_cond_wait(&begun, &mutex);
    bench_print_one("questions.sleepers.cold", "ns", n,
                    (bench_cpu() - before) / (double)n * 1e9);
    bench_print_one("questions.sleepers.bytes", "B", n,
                    (bench_resident() - resident) / (double)n);
    wake_all(threads, n);
    free(threads);
}

/* ---- processes, generators, calls -------------------------------------------------------- */

static void fork_processes(long n)
{
    for (long i = 0; i < n; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        if (child < 0 || waitpid(child, NULL, 0) < 0)
            bench_fail("fork");
    }
}

static int count_on(simul_gen *self, void *arg)
{
    int r;
    do
        r = simul_yield(self, arg, NULL);
    while (r == 0);
    return r;
}

static void next_values(long n)
{
    simul_gen *gen = simul_gen_new(count_on, NULL);
    void *value;
    for (long i = 0; i < n; i++)
        if (simul_gen_next(gen, &value) != 1)
            bench_fail("simul_gen_next");
    simul_gen_release(gen);
}

static void *(*volatile called)(void *) = nothing;

static void call(long n)
{
    for (long i = 0; i < n; i++)
        called(NULL);
}

static const struct shape {
    const char *name;
    void (*run)(long n);
} shapes[] = {
    {"switch", switch_threads}, {"start", start_threads}, {"process", fork_processes},
    {"gen", next_values},       {"call", call},
};

/* CPU seconds, those of children included that were waited for. */
static double cpu(void)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    return bench_cpu() + (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec)
           + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static void measure(const struct shape *shape, const struct bench *bench)
{
    double raw[BENCH_REPETITIONS_MAX];
    char name[64];
    for (int i = 0; i < bench->repetitions; i++) {
        double begin = cpu();
        shape->run(bench->n);
        raw[i] = (cpu() - begin) / (double)bench->n * 1e9;
    }
    snprintf(name, sizeof name, "questions.%s", shape->name);
    bench_print(name, "ns", bench->n, bench->repetitions, raw);
}

/* ---- computing --------------------------------------------------------------------------- */

static void *compute(void *n)
{
    volatile long sum = 0;
    for (long i = 0; i < *(long *)n; i++)
        sum += i * i % 7;
    return NULL;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static void compute_together(struct bench *bench)
{
    double in_turn = INFINITY, together = INFINITY;
    for (int i = 0; i < bench->repetitions; i++) {
        pthread_t threads[2];
        double begin = bench_now();
        compute(&bench->n);
        compute(&bench->n);
        in_turn = least(in_turn, bench_now() - begin);
        begin = bench_now();
        start(&threads[0], compute, &bench->n);
        start(&threads[1], compute, &bench->n);
        pthread_join(threads[0], NULL);
        pthread_join(threads[1], NULL);
        together = least(together, bench_now() - begin);
    }
    bench_print_one("questions.in_turn", "ms", bench->n, in_turn * 1e3);
    bench_print_one("questions.together", "ms", bench->n, together * 1e3);
}

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        if (strcmp(bench.shape, shapes[i].name) == 0)
            measure(&shapes[i], &bench);
    if (strcmp(bench.shape, "sleepers") == 0)
        sleepers(bench.n);
    if (strcmp(bench.shape, "together") == 0)
        compute_together(&bench);
    return 0;
}
