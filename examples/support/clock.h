/* SPDX-License-Identifier: MIT */
/*
 * The clock of the programs in examples/seeds, from outside. They use simul_run(),
 * simul_sleep() and simul_time() and know nothing of this; our build puts this header in
 * front of each (-include), and then three variables of the environment count:
 *
 *     SEEDS_CLOCK=virtual   nobody waits: the clock jumps to whatever comes next
 *     SEEDS_FASTER=100      the clock goes a hundred times as fast as the real one
 *     SEEDS_TAKES=12        it ends with 1 if it took less than 12 seconds of that clock; on
 *                           the virtual one, also if it took more
 *
 * None changes what is printed: a program that would take a minute says so.
 */
#ifndef EXAMPLES_CLOCK_H
#define EXAMPLES_CLOCK_H

#include <simul.h>
#include <unistd.h>

int seeds_run(simul_fn *fn, void *arg, const simul_loop_opts *opts);
int seeds_loop_new(simul_loop **ret, const simul_loop_opts *opts);
int seeds_sleep(double delay);
int seeds_wait(simul_future **futures, size_t n, double timeout,
               enum simul_wait_until until);
int seeds_call_later(simul_loop *loop, double delay, simul_callback_fn *fn, void *arg,
                     simul_handle **handle);
double seeds_time(void);

/* time.sleep(): blocks the thread, and everything with it. */
unsigned seeds_block(unsigned seconds);

#ifndef EXAMPLES_CLOCK_ITSELF
#undef simul_run
#define simul_run(fn, arg)                 seeds_run((fn), (arg), NULL)
#define simul_run_opts(fn, arg, ...)       seeds_run((fn), (arg), (__VA_ARGS__))
#define simul_loop_new(ret, opts)          seeds_loop_new((ret), (opts))
#define simul_sleep(delay)                 seeds_sleep(delay)
#define simul_wait(all, n, timeout, until) seeds_wait((all), (n), (timeout), (until))
#define simul_call_later(loop, delay, fn, arg, handle)                                 \
    seeds_call_later((loop), (delay), (fn), (arg), (handle))
#define simul_time()   seeds_time()
#define sleep(seconds) seeds_block(seconds)
#endif

#endif
