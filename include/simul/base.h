/* SPDX-License-Identifier: MIT */
/*
 * What a program may replace under the library: where memory comes from, and where
 * messages for people go. (asyncio: the logger "asyncio", described on the page
 * "Developing with asyncio"; allocators belong to the interpreter there.)
 */
#ifndef SIMUL_BASE_H
#define SIMUL_BASE_H

#include <stddef.h>

#include "simul/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- memory ------------------------------------------------------------------------- */

/*
 * Each function as in the C standard, plus the allocator's own `arg`; called from any
 * thread. malloc and realloc return NULL when there is no memory: the call of ours that
 * needed it then fails with -ENOMEM. free is never given NULL.
 */
typedef struct simul_allocator {
    void *(*malloc)(size_t size, void *arg);
    void *(*realloc)(void *ptr, size_t size, void *arg);
    void (*free)(void *ptr, void *arg);
    void *arg; /* borrowed for as long as the process lives */
} simul_allocator;

/**
 * Let all memory of the library come from `allocator` instead of malloc(3).
 *
 * Stacks of tasks are address space of their own, from mmap(2), and do not pass here.
 *
 * @param allocator  copied; NULL goes back to malloc(3)
 * @return           0
 * @error -EINVAL        one of the three functions is missing; nothing has changed
 * @error -SIMUL_ESTATE  memory was allocated already, and must be freed by the allocator
 *                       that it came from; nothing has changed. Call this first in main().
 *
 * Threads: before there is a second one
 */
SIMUL_API int simul_set_allocator(const simul_allocator *allocator);

/* ---- messages ----------------------------------------------------------------------- */

typedef enum simul_log_level {
    SIMUL_LOG_ERROR, /* something was lost or will not work: a task's error nobody saw */
    SIMUL_LOG_WARNING, /* it works, but look at it: a slow callback, a scope left early */
    SIMUL_LOG_INFO,
    SIMUL_LOG_DEBUG
} simul_log_level;

/*
 * `message` has no newline at its end and is valid during the call only. The function
 * must not wait, and may be called from any thread.
 */
typedef void simul_log_fn(simul_log_level level, const char *message, void *arg);

/**
 * Send the library's messages to `log` instead of to standard error, a line each.
 *
 * @param log  NULL goes back to standard error
 * @param arg  passed on to `log`; borrowed until another sink is set
 *
 * Threads: any; a message that is being written meanwhile still goes to the old sink
 * asyncio: logging.getLogger("asyncio").addHandler()
 */
SIMUL_API void simul_set_log(simul_log_fn *log, void *arg);

#ifdef __cplusplus
}
#endif

#endif
