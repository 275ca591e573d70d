/* SPDX-License-Identifier: MIT */
/* A process from inside. */
#ifndef SM_PROCESS_PROCESS_H
#define SM_PROCESS_PROCESS_H

#include "net/stream.h"
#include "process/child.h"

/*
 *  R1. refs: one of the user's handle, one until the child's end is known.
 *  R2. The streams are there until the user's handle is released.
 *  R3. When the loop closes the child is killed before its pipes are closed: how it ends is
 *      not a matter of luck.
 */
struct simul_process {
    struct sm_child child;
    struct simul_stream *streams[3]; /* owned; NULL: not a pipe */
    size_t fed;                      /* bytes of the input that were written */
    bool closed;                     /* close() was called */
    uint32_t refs;                   /* R1 */
    struct sm_list waiters;          /* tasks in wait() */
    struct sm_at_close at_close;
};

struct sm_redirect;

/* process.c */
/** May this be run here? 0 or an error. */
int sm_process_check(char *const *argv, const simul_process_opts *opts);

/* What runs a command: the words of a shell, and their end. */
struct sm_shell {
    char *argv[4];
};
/** The words for `command`; NULL, and so the shell of none, is refused by
 *  sm_process_check(). */
static inline struct sm_shell sm_shell_of(const char *command)
{
    static char shell[] = "/bin/sh", option[] = "-c";
    return (struct sm_shell){{command ? shell : NULL, option, (char *)command}};
}

/** Run it: the child's number, or -errno; then there is none. */
int sm_process_run(const struct sm_redirect *redirect, char *const *argv,
                   const simul_process_opts *opts);

/* redirect.c */
struct sm_redirect {
    int child[3];  /* what the child gets; -1: the parent's */
    int made;      /* bits: which of them are ours, to be closed */
    int parent[3]; /* our ends of pipes, non-blocking; -1: none */
};

/** Open what the options say. 0 or -errno, and nothing is open. */
int sm_redirect_open(struct sm_redirect *redirect, const simul_process_opts *opts);

/** The child has its ends, or will never get them. */
void sm_redirect_close_child(struct sm_redirect *redirect);
void sm_redirect_close_parent(struct sm_redirect *redirect);

/** Make streams of our ends. On failure (-ENOMEM) some are made, and theirs. */
int sm_redirect_connect(struct sm_redirect *redirect, struct simul_stream *streams[3],
                        struct simul_loop *loop, size_t limit);

#endif
