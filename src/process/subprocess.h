/* SPDX-License-Identifier: MIT */
/*
 * A child whose events are callbacks, from inside (P06, S47): shared by subprocess.c (its
 * life and its callbacks), subprocess_pipe.c (those of its pipes, whose transports are net's)
 * and subprocess_create.c.
 *
 *  U1. connection_made is called from `begin`; process_exited from `exited`, never before
 *      that; connection_lost from `end`, which is put into the ring once, when the exit was
 *      told and no pipe is left. Each has its place there from the beginning on.
 *  U2. It is over when connection_lost has returned, or the loop is closed; and freed when
 *      it is over, and has neither a handle (`held`) nor a creator that waits for `begin`,
 *      and no callback is under way.
 *  U3. As R3: when the loop closes the child is killed before its pipes are closed.
 */
#ifndef SM_PROCESS_SUBPROCESS_H
#define SM_PROCESS_SUBPROCESS_H

#include <simul/subprocess.h>

#include "net/transport.h"
#include "process/process.h"

enum { SM_SUBPROCESS_PIPES = 3, SM_SUBPROCESS_PLACES = 3 };

struct sm_subprocess_pipe {
    struct simul_subprocess_transport *whose;
    struct simul_transport *transport; /* until it is lost; NULL: none */
};

struct simul_subprocess_transport {
    struct sm_child child;
    struct simul_loop *loop; /* valid until it is over */
    const simul_subprocess_protocol *protocol;
    void *user;
    struct simul_context *context; /* the callbacks'; owned */
    struct sm_subprocess_pipe pipes[SM_SUBPROCESS_PIPES];
    unsigned open;                      /* pipes that are not lost */
    struct sm_ready begin, exited, end; /* U1 */
    bool connected;                     /* the pipes' transports have begun */
    bool begun, has_exited, told, ending;
    bool closed; /* close() was called */
    bool over, held;
    unsigned calls;          /* under way, of callbacks */
    struct sm_wait *creator; /* U2; NULL: none */
    struct sm_at_close at_close;
};

/* subprocess.c */
/** Fill a zeroed one in, and have the loop's end seen to. */
void sm_subprocess_init(struct simul_subprocess_transport *it);
/** sm_child.ended */
void sm_subprocess_child_ended(struct sm_child *child);
/** It is over, and freed when nobody needs it. */
void sm_subprocess_leave(struct simul_subprocess_transport *it);
/** Free it, if it is over and nobody needs it. */
void sm_subprocess_look(struct simul_subprocess_transport *it);
/** Something was told; it may have been the last but connection_lost. */
void sm_subprocess_finish_if_all_told(struct simul_subprocess_transport *it);

/* subprocess_pipe.c */
/** Make transports of our ends. On failure some are made, and theirs. */
int sm_subprocess_connect(struct simul_subprocess_transport *it,
                          struct sm_redirect *redirect);
void sm_subprocess_begin_pipes(struct simul_subprocess_transport *it);
/** Close those that have not begun; the others see to their own end. */
void sm_subprocess_give_up_pipes(struct simul_subprocess_transport *it);

#endif
