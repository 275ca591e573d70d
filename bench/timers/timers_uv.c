/* SPDX-License-Identifier: MIT */
/* Timers with libuv: uv_timer_start() with a callback; its unit is the millisecond. */
#include <uv.h>

#include "timers.h"

static void fired(uv_timer_t *timer)
{
    (void)timer;
    left_--;
}

static void all(long n)
{
    uv_loop_t *loop = uv_default_loop();
    uv_timer_t *timers = malloc((size_t)n * sizeof *timers);
    if (!timers)
        bench_fail("malloc");
    for (long i = 0; i < n; i++) {
        uv_timer_init(loop, &timers[i]);
        uv_timer_start(&timers[i], fired, (uint64_t)(next_length() * 1000), 0);
    }
    uv_run(loop, UV_RUN_DEFAULT);
    for (long i = 0; i < n; i++)
        uv_close((uv_handle_t *)&timers[i], NULL);
    uv_run(loop, UV_RUN_DEFAULT);
    free(timers);
}

int main(int argc, char **argv)
{
    timers_measure(bench_args(argc, argv));
    return 0;
}
