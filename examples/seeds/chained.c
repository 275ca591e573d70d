/* SPDX-License-Identifier: MIT */
/*
 * Coroutines in chains: part2 awaits what part1 has made, and the chains run at the same
 * time. To await a coroutine is to call a function. The numbers are Python's for the seed.
 *
 * Python: document 003, "Chaining Coroutines" (chained.py). Usage: chained [N...]
 */
#include "../support/random.h"

#include <simul.h>
#include <stdio.h>
#include <stdlib.h>

enum { PART = 32, TEXT = 96, CHAINS = 16 };

static int part1(int n, char *result)
{
    int i = random_randint(0, 10);
    printf("part1(%d) sleeping for %d seconds.\n", n, i);
    int r = simul_sleep(i);
    if (r < 0)
        return r;
    snprintf(result, PART, "result%d-1", n);
    printf("Returning part1(%d) == %s.\n", n, result);
    return 0;
}

static int part2(int n, const char *arg, char *result)
{
    int i = random_randint(0, 10);
    printf("part2(%d, '%s') sleeping for %d seconds.\n", n, arg, i);
    int r = simul_sleep(i);
    if (r < 0)
        return r;
    snprintf(result, TEXT, "result%d-2 derived from %s", n, arg);
    printf("Returning part2(%d, '%s') == %s.\n", n, arg, result);
    return 0;
}

static int chain(void *arg)
{
    int n = *(int *)arg;
    char p1[PART], p2[TEXT];
    double start = simul_time();
    int r = part1(n, p1);
    if (r == 0)
        r = part2(n, p1, p2);
    if (r == 0)
        printf("-->Chained result%d => %s (took %.2f seconds).\n", n, p2,
               simul_time() - start);
    return r;
}

static struct arguments {
    int n[CHAINS];
    size_t count;
} arguments = {{1, 2, 3}, 3};

static int entry(void *arg)
{
    struct arguments *args = arg;
    simul_task *chains[CHAINS];
    for (size_t i = 0; i < args->count; i++)
        chains[i] = simul_create_task(chain, &args->n[i]);
    int r = simul_gather(chains, args->count, 0);
    simul_release_all(chains, args->count);
    return r;
}

int main(int argc, char **argv)
{
    random_seed(444);
    if (argc > 1)
        arguments.count = 0;
    for (int i = 1; i < argc && i <= CHAINS; i++)
        arguments.n[arguments.count++] = atoi(argv[i]);
    double start = simul_time();
    int r = simul_run(entry, &arguments);
    if (r == 0)
        printf("Program finished in %.2f seconds.\n", simul_time() - start);
    return simul_exit(r);
}
