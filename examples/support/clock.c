/* SPDX-License-Identifier: MIT */
/* See clock.h. */
#define EXAMPLES_CLOCK_ITSELF
#include "clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* On a virtual clock: the time at which the running loop began, each of which begins at 0,
 * and when on its clock somebody looked last. */
static struct {
    double began, seen;
} run;

static bool is_virtual(void)
{
    const char *clock = getenv("SEEDS_CLOCK");
    return clock && strcmp(clock, "virtual") == 0;
}

/* How many times as fast as the real one. */
static double speed(void)
{
    const char *text = is_virtual() ? NULL : getenv("SEEDS_FASTER");
    double number = text ? atof(text) : 0;
    return number > 0 ? number : 1;
}

/* ---- loops ------------------------------------------------------------------------------- */

static simul_loop_opts with_clock(const simul_loop_opts *opts)
{
    simul_loop_opts ours = opts ? *opts : (simul_loop_opts){0};
    ours.virtual_clock |= is_virtual();
    if (!simul_get_running_loop()) {
        run.began += run.seen;
        run.seen = 0;
    }
    return ours;
}

int seeds_run(simul_fn *fn, void *arg, const simul_loop_opts *opts)
{
    const simul_loop_opts ours = with_clock(opts);
    return simul_run_opts(fn, arg, &ours);
}

int seeds_loop_new(simul_loop **ret, const simul_loop_opts *opts)
{
    const simul_loop_opts ours = with_clock(opts);
    return simul_loop_new(ret, &ours);
}

/* ---- time -------------------------------------------------------------------------------- */

double seeds_time(void)
{
    if (!is_virtual())
        return simul_time() * speed();
    if (simul_get_running_loop())
        run.seen = simul_time();
    return run.began + run.seen;
}

int seeds_sleep(double delay)
{
    int r = simul_sleep(delay / speed());
    seeds_time();
    return r;
}

int seeds_wait(simul_future **futures, size_t n, double timeout,
               enum simul_wait_until until)
{
    int r = simul_wait(futures, n, timeout > 0 ? timeout / speed() : timeout, until);
    seeds_time();
    return r;
}

int seeds_call_later(simul_loop *loop, double delay, simul_callback_fn *fn, void *arg,
                     simul_handle **handle)
{
    return simul_call_later(loop, delay / speed(), fn, arg, handle);
}

unsigned seeds_block(unsigned seconds)
{
    if (is_virtual() && !simul_get_running_loop()) {
        run.began += seconds;
        return 0;
    }
    double length = seconds / speed(), whole = (double)(time_t)length;
    struct timespec left = {(time_t)whole, (long)((length - whole) * 1e9)};
    while (nanosleep(&left, &left) < 0)
        continue; /* a signal */
    return 0;
}

/* ---- how long it all takes ------------------------------------------------------------------ */

static double began;

static void check(void)
{
    double least = atof(getenv("SEEDS_TAKES")), took = seeds_time() - began;
    if (is_virtual() ? fabs(took - least) < 1e-6 : took >= least)
        return;
    fprintf(stderr, "it took %.2f seconds, not %.2f\n", took, least);
    _exit(1);
}

__attribute__((constructor)) static void begin(void)
{
    if (!getenv("SEEDS_TAKES"))
        return;
    began = seeds_time();
    atexit(check);
}
