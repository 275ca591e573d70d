/* SPDX-License-Identifier: MIT */
/* Timers with GNU Pth: threads in pth_nap(). Fewer of them: see sleepers_pth.c. */
#include <pth.h>

#include "timers.h"

static void *sleeper(void *arg)
{
    pth_nap(pth_time(0, (long)arg));
    left_--;
    return NULL;
}

static void all(long n)
{
    pth_t *threads = bench_array(n, sizeof *threads);
    for (long i = 0; i < n; i++) {
        long length = (long)(next_length() * 1e6);
        threads[i] = pth_spawn(PTH_ATTR_DEFAULT, sleeper, (void *)length);
        if (!threads[i])
            bench_fail("pth_spawn");
    }
    for (long i = 0; i < n; i++)
        pth_join(threads[i], NULL);
    free(threads);
}

int main(int argc, char **argv)
{
    if (!pth_init())
        bench_fail("pth_init");
    timers_measure(bench_args(argc, argv));
    return 0;
}
