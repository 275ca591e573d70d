/* SPDX-License-Identifier: MIT */
/*
 * The simultaneous exhibition. Judit Polgar needs 5 seconds for a move, each opponent 55,
 * and a game has 30 pairs of moves. Against 24 opponents, one game after the other, that
 * takes her 12 hours; walking from table to table, one. The clock is virtual, so it takes
 * us some milliseconds. Then the same against 10, where she has to wait for them a little.
 *
 * Python: document 003, "Async IO Analogy: Chess master exhibition"; document 001, "What is
 * Async doing? (The chess analogy)". Usage: chess [BOARDS PAIRS [real]]; "real" is for those
 * who have the time.
 */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>

static const double judit_s = 5, opponent_s = 55;

struct exhibition {
    int boards, pairs;
};

static int opponent(void *arg)
{
    (void)arg;
    return simul_sleep(opponent_s);
}

static void show(const char *what, const struct exhibition *it, double seconds)
{
    int s = (int)(seconds + 0.5);
    printf("%d opponents, %s: %d:%02d:%02d\n", it->boards, what, s / 3600, s / 60 % 60,
           s % 60);
}

/* ---- one game after the other ------------------------------------------------------------ */

static int play(int pairs)
{
    int r = 0;
    for (int i = 0; r == 0 && i < pairs; i++) {
        r = simul_sleep(judit_s);
        if (r == 0)
            r = opponent(NULL);
    }
    return r;
}

static int synchronous(void *arg)
{
    const struct exhibition *it = arg;
    double start = simul_time();
    int r = 0;
    for (int i = 0; r == 0 && i < it->boards; i++)
        r = play(it->pairs);
    if (r == 0)
        show("synchronous", it, simul_time() - start);
    return r;
}

/* ---- from table to table ----------------------------------------------------------------- */

/* She comes to a table: the opponent has answered, or she waits; she moves and leaves. */
static int visit(simul_task **thinking)
{
    int r = *thinking ? simul_await(*thinking) : 0;
    if (r == 0)
        r = simul_sleep(judit_s);
    simul_release(*thinking);
    *thinking = simul_create_task(opponent, NULL);
    return r;
}

static int walk(const struct exhibition *it, simul_task **tables)
{
    double start = simul_time();
    int r = 0;
    for (int i = 0; r == 0 && i < it->pairs * it->boards; i++)
        r = visit(&tables[i % it->boards]);
    if (r == 0)
        show("asynchronous", it, simul_time() - start);
    if (r == 0)
        r = simul_gather(tables, (size_t)it->boards, 0);
    if (r == 0)
        show("  until the last answer", it, simul_time() - start);
    return r;
}

static int asynchronous(void *arg)
{
    const struct exhibition *it = arg;
    simul_task **tables = calloc((size_t)it->boards, sizeof *tables);
    if (!tables)
        return -ENOMEM;
    int r = walk(it, tables);
    simul_release_all(tables, (size_t)it->boards);
    free(tables);
    return r;
}

static int exhibit(struct exhibition it, bool in_real_time)
{
    const simul_loop_opts opts = {.virtual_clock = !in_real_time};
    int r = simul_run_opts(synchronous, &it, &opts);
    return r < 0 ? r : simul_run_opts(asynchronous, &it, &opts);
}

int main(int argc, char **argv)
{
    int r;
    if (argc > 2) {
        r = exhibit((struct exhibition){atoi(argv[1]), atoi(argv[2])}, argc > 3);
    } else {
        r = exhibit((struct exhibition){24, 30}, false);
        if (r == 0)
            r = exhibit((struct exhibition){10, 30}, false);
    }
    return simul_exit(r);
}
