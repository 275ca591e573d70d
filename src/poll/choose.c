/* SPDX-License-Identifier: MIT */
/* The choice of a backend. A new one is one more row. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "base/valgrind.h"
#include "poll/poll.h"

/* The best first. One that is not of this system is NULL. */
static const struct {
    const char *name;
    const struct sm_poll_ops *ops;
} backends[] = {
#ifdef __linux__
    {"io_uring", &sm_poll_io_uring},
    {"epoll", &sm_poll_epoll},
#else
    {"io_uring", NULL},
    {"epoll", NULL},
#endif
    {"poll", &sm_poll_poll},
};

enum { BACKENDS = sizeof backends / sizeof *backends };

static int open_nth(struct sm_poll **ret, int i)
{
    return backends[i].ops ? backends[i].ops->open(ret) : -ENOSYS;
}

static int open_named(struct sm_poll **ret, const char *name)
{
    for (int i = 0; i < BACKENDS; i++)
        if (strcmp(backends[i].name, name) == 0)
            return open_nth(ret, i);
    return -EINVAL;
}

/* valgrind (3.19) holds its lock while io_uring_enter() waits: no other thread would run.
 * ThreadSanitizer does not know that it waits, and keeps signals back. */
static bool suits(int i)
{
    return !(RUNNING_ON_VALGRIND || SM_TSAN)
           || strcmp(backends[i].name, "io_uring") != 0;
}

/* Whatever the reason, the next one may do; what the last one says is the answer. */
static int open_first(struct sm_poll **ret)
{
    int r = -ENOSYS;
    for (int i = 0; i < BACKENDS && r < 0; i++)
        if (suits(i))
            r = open_nth(ret, i);
    return r;
}

int sm_poll_open(struct sm_poll **ret, const char *name)
{
    int r = sm_watch_forks();
    if (r < 0)
        return r;
    if (!name || !*name)
        name = getenv("SIMUL_BACKEND");
    return name && *name ? open_named(ret, name) : open_first(ret);
}
