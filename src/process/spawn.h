/* SPDX-License-Identifier: MIT */
/*
 * Starting a program in a child.
 *
 * The child is made by vfork(2), which copies no page tables and whose cost does not grow
 * with the parent: until it runs its program it uses the parent's memory and stack, while
 * the parent stands still. So everything that needs memory is done before, and what the
 * child does (spawn_child.c) is system calls only.
 *
 *  S1. All signals are blocked from before the vfork until the child has given up the
 *      parent's handlers: none of them may run in the child.
 *  S2. The child says through a close-on-exec pipe what it met. Its end is the sign that
 *      the program runs. (The memory is shared, but under a sanitizer or valgrind a vfork
 *      may be a fork.)
 *  S3. A child that could not run its program is reaped before sm_spawn() returns.
 *  S4. Descriptors that only the child is to have are above 2, as is the pipe: 0 to 2 are
 *      what the child makes of them.
 */
#ifndef SM_PROCESS_SPAWN_H
#define SM_PROCESS_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct simul_process_opts;

struct sm_spawn {
    char *const *paths; /* the program: each is tried in turn; ends with NULL */
    char *const *argv, *const *env;
    const char *cwd; /* NULL: the parent's */
    int stdio[3];    /* what becomes 0, 1 and 2; -1: the parent's */
    const int *pass; /* n_pass descriptors that stay open, in ascending order … */
    size_t n_pass;
    bool inherit; /* … or all that are not close-on-exec */
    bool default_sigpipe, new_session;
    pid_t group;         /* as in simul_process_opts */
    unsigned highest_fd; /* of the process, at the most */
    int report;          /* S2: the writing end */
    sigset_t mask;       /* the program's */
};

enum sm_spawn_step { SM_SPAWN_GROUP, SM_SPAWN_CWD, SM_SPAWN_FDS, SM_SPAWN_EXEC };

/* What the child says (S2). */
struct sm_spawn_report {
    int step; /* enum sm_spawn_step */
    int error;
};

/** Run it: the child's number, or -errno and in *step what could not be done. */
pid_t sm_spawn(struct sm_spawn *spawn, enum sm_spawn_step *step);

/** What happens in the child. */
__attribute__((noreturn)) void sm_spawn_child(struct sm_spawn *spawn);

/** S4. The number above 2, or -errno; what was given is closed if it is not that. */
long sm_above_stdio(int fd);

/** The files that `name` may mean, in one block of memory; NULL: no memory. */
char **sm_program_paths(const char *name, char *const *env);

#endif
