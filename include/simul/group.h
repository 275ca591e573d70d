/* SPDX-License-Identifier: MIT */
/*
 * Groups of tasks: nothing that is started in one outlives it. (asyncio: TaskGroup.)
 *
 *     simul_group group;
 *     simul_group_enter(&group);
 *     simul_group_create_task(&group, fetch, &a);
 *     simul_group_create_task(&group, fetch, &b);
 *     r = simul_group_exit(&group, 0);       // awaits all; the first error cancels the rest
 *
 * A group is a scope: a struct on the stack of the function that enters and leaves it.
 *
 * Threads: the loop's own, unless a function says otherwise.
 */
#ifndef SIMUL_GROUP_H
#define SIMUL_GROUP_H

#include <simul/task.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_group {
    uintptr_t _private[20];
} simul_group;

/**
 * Begin.
 *
 * @return  0
 * @error -SIMUL_ENOTASK  outside of a task
 * @error -ENOMEM         as if a child had failed: the next wait is interrupted
 *
 * exit() returns these errors, too, so that the result need not be looked at.
 *
 * Awaits:   never
 * asyncio:  async with TaskGroup()
 */
#define simul_group_enter(group) simul_group_enter_at((group), SIMUL_HERE)
SIMUL_API int simul_group_enter_at(simul_group *group, const char *where);

/**
 * Start fn(arg) in the group. If the group is ending because of an error or a cancel, the
 * task is not started, and `release_arg` of the options is called. A task that could not
 * be made counts as a child that failed with -ENOMEM.
 *
 * @return  the task, which the group owns: retain it to look at it after exit(); NULL if
 *          it was not started
 *
 * asyncio:  TaskGroup.create_task()
 */
#define simul_group_create_task(group, fn, arg)                                        \
    simul_group_create_task_at((group), (fn), (arg), NULL, SIMUL_HERE)

/** The same with keyword arguments, as simul_create_task_opts(). */
#define simul_group_create_task_opts(group, fn, arg, ...)                              \
    simul_group_create_task_at((group), (fn), (arg), (__VA_ARGS__), SIMUL_HERE)

/** What both macros call. */
SIMUL_API simul_task *simul_group_create_task_at(simul_group *group, simul_fn *fn,
                                                 void *arg, const simul_task_opts *opts,
                                                 const char *where);

/**
 * End: wait for all children. The first child that fails (a cancelled one does not count)
 * cancels the others and the body. An r < 0 of the body cancels the children.
 *
 * @param r  the body's result so far
 * @return   the first error of body or children, whichever came first (the others go to
 *           the exception handler); else -ECANCELED if the task was cancelled from
 *           outside; else r. With an error and a cancel from outside: the error, and the
 *           cancel is delivered at the next wait.
 *
 * Awaits:   unless there is no child left; a cleanup scope in itself: a cancel cancels
 *           the children, and they are waited for all the same
 * asyncio:  the end of the block
 */
SIMUL_API int simul_group_exit(simul_group *group, int r);

/**
 * Cancel all children and the body; exit() then returns without an error for it. Before
 * exit() the body runs on to its next wait. Again, or after exit: nothing.
 *
 * asyncio:  TaskGroup.cancel() (3.15)
 */
SIMUL_API void simul_group_cancel(simul_group *group);

/**
 * fn(item) for each item of an array, at most `at_once` at a time (0: all), in a group.
 *
 * @param items  n items of `size` bytes each; fn gets a pointer to one
 * @return       0, or the first error, after which no further item is begun, and those
 *               that run are cancelled and awaited
 *
 * Awaits:   unless n is 0
 * asyncio:  (a semaphore in a TaskGroup)
 */
SIMUL_API int simul_for_each(void *items, size_t n, size_t size, simul_fn *fn,
                             size_t at_once);

#ifdef __cplusplus
}
#endif

#endif
