/* SPDX-License-Identifier: MIT */
/* pth_spawn(), pth_join(). */
#include <pth.h>
#include <stddef.h>

typedef pth_t handle_t;

static void *nothing(void *arg)
{
    (void)arg;
    return NULL;
}

static inline handle_t create(void)
{
    return pth_spawn(PTH_ATTR_DEFAULT, nothing, NULL);
}

static inline void join(handle_t thread)
{
    pth_join(thread, NULL);
}

#include "spawn.h"

int main(int argc, char **argv)
{
    if (!pth_init())
        bench_fail("pth_init");
    spawn_measure(bench_args(argc, argv));
    return 0;
}
