/* SPDX-License-Identifier: MIT */
/* A child by callbacks: its life, what is told of it, and what users ask. */
#include "process/subprocess.h"

#include <signal.h>

#include "base/sys.h"
#include "loop/context.h"

/* ---- its life ------------------------------------------------------------------------- */

/* U2 */
void sm_subprocess_look(struct simul_subprocess_transport *it)
{
    if (it->over && !it->held && !it->creator && it->calls == 0)
        sm_free(it);
}

void sm_subprocess_leave(struct simul_subprocess_transport *it)
{
    it->over = true;
    sm_list_remove(&it->at_close.link);
    sm_ring_unreserve_n(&it->loop->ready, SM_SUBPROCESS_PLACES);
    simul_context_release(it->context);
    sm_subprocess_look(it);
}

/* ---- callbacks ------------------------------------------------------------------------ */

static void call(struct simul_subprocess_transport *it, void (*fn)(void *arg))
{
    it->calls++;
    sm_context_call(&it->context, fn, it);
    it->calls--;
}

static void tell_made(void *arg)
{
    struct simul_subprocess_transport *it = arg;
    if (it->protocol->connection_made)
        it->protocol->connection_made(it, it->user);
}

static void tell_exited(void *arg)
{
    struct simul_subprocess_transport *it = arg;
    if (it->protocol->process_exited)
        it->protocol->process_exited(it, it->user);
}

static void tell_lost(void *arg)
{
    struct simul_subprocess_transport *it = arg;
    if (it->protocol->connection_lost)
        it->protocol->connection_lost(it, it->user, 0);
}

void sm_subprocess_finish_if_all_told(struct simul_subprocess_transport *it)
{
    if (!it->told || it->open > 0 || it->ending || it->over)
        return;
    it->ending = true;
    sm_loop_ready(it->loop, &it->end, SM_READY_CALL);
}

static void end(struct sm_ready *ready)
{
    struct simul_subprocess_transport *it =
        sm_container_of(ready, struct simul_subprocess_transport, end);
    call(it, tell_lost);
    sm_subprocess_leave(it);
}

static void exited(struct sm_ready *ready)
{
    struct simul_subprocess_transport *it =
        sm_container_of(ready, struct simul_subprocess_transport, exited);
    call(it, tell_exited);
    it->told = true;
    sm_subprocess_finish_if_all_told(it);
}

static void begin(struct sm_ready *ready)
{
    struct simul_subprocess_transport *it =
        sm_container_of(ready, struct simul_subprocess_transport, begin);
    sm_subprocess_begin_pipes(it);
    call(it, tell_made);
    it->begun = true;
    if (it->has_exited)
        sm_loop_ready(it->loop, &it->exited, SM_READY_CALL);
    if (it->creator)
        sm_wait_finish(it->creator, 0);
}

void sm_subprocess_child_ended(struct sm_child *child)
{
    struct simul_subprocess_transport *it =
        sm_container_of(child, struct simul_subprocess_transport, child);
    it->has_exited = true;
    if (it->begun && !it->loop->closed)
        sm_loop_ready(it->loop, &it->exited, SM_READY_CALL);
}

/* The loop is closed: nothing in its ring will run. */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_subprocess_transport *it =
        sm_container_of(at_close, struct simul_subprocess_transport, at_close);
    sm_child_end_with_loop(&it->child, it->closed);
    sm_subprocess_give_up_pipes(it);
    it->creator = NULL; /* its task is dead */
    it->calls = 0;
    it->closed = true;
    sm_subprocess_leave(it);
}

void sm_subprocess_init(struct simul_subprocess_transport *it)
{
    it->begin.run = begin;
    it->exited.run = exited;
    it->end.run = end;
    it->at_close.close = end_with_loop;
    sm_list_push_front(&it->loop->at_close, &it->at_close.link); /* U3 */
}

void simul_subprocess_release(simul_subprocess_transport *transport)
{
    if (!transport)
        return;
    transport->held = false;
    sm_subprocess_look(transport);
}

/* ---- closing, signals, questions -------------------------------------------------------- */

void simul_subprocess_close(simul_subprocess_transport *transport)
{
    if (transport->closed)
        return;
    transport->closed = true;
    sm_child_signal(&transport->child, SIGKILL);
    for (int i = 0; i < SM_SUBPROCESS_PIPES; i++)
        if (transport->pipes[i].transport)
            simul_transport_abort(transport->pipes[i].transport);
}

bool simul_subprocess_is_closing(const simul_subprocess_transport *transport)
{
    return transport->closed || transport->ending;
}

int simul_subprocess_send_signal(simul_subprocess_transport *transport, int signum)
{
    return sm_child_signal(&transport->child, signum);
}

int simul_subprocess_terminate(simul_subprocess_transport *transport)
{
    return simul_subprocess_send_signal(transport, SIGTERM);
}

int simul_subprocess_kill(simul_subprocess_transport *transport)
{
    return simul_subprocess_send_signal(transport, SIGKILL);
}

pid_t simul_subprocess_get_pid(const simul_subprocess_transport *transport)
{
    return transport->child.pid;
}

int simul_subprocess_get_returncode(const simul_subprocess_transport *transport)
{
    return transport->child.returncode;
}

simul_transport *
simul_subprocess_get_pipe_transport(const simul_subprocess_transport *transport, int fd)
{
    return fd >= 0 && fd < SM_SUBPROCESS_PIPES ? transport->pipes[fd].transport : NULL;
}
