/* SPDX-License-Identifier: MIT */
/* The pipes of a child by callbacks: each is a transport, whose protocol passes on what it is
 * told. */
#include "base/sys.h"
#include "net/pipe.h"
#include "process/subprocess.h"

enum { IN };

static int number_of(const struct sm_subprocess_pipe *pipe)
{
    return (int)(pipe - pipe->whose->pipes);
}

static void pipe_data(simul_transport *transport, void *user, const void *data,
                      size_t n)
{
    const struct sm_subprocess_pipe *pipe = user;
    struct simul_subprocess_transport *it = pipe->whose;
    (void)transport;
    if (it->protocol->pipe_data_received)
        it->protocol->pipe_data_received(it, it->user, number_of(pipe), data, n);
}

static void pipe_lost(simul_transport *transport, void *user, int error)
{
    struct sm_subprocess_pipe *pipe = user;
    struct simul_subprocess_transport *it = pipe->whose;
    (void)transport;
    it->calls++;
    if (it->protocol->pipe_connection_lost)
        it->protocol->pipe_connection_lost(it, it->user, number_of(pipe), error);
    pipe->transport = NULL;
    it->open--;
    it->calls--;
    sm_subprocess_finish_if_all_told(it);
}

static void pipe_pause(simul_transport *transport, void *user)
{
    const struct sm_subprocess_pipe *pipe = user;
    struct simul_subprocess_transport *it = pipe->whose;
    (void)transport;
    if (it->protocol->pause_writing)
        it->protocol->pause_writing(it, it->user);
}

static void pipe_resume(simul_transport *transport, void *user)
{
    const struct sm_subprocess_pipe *pipe = user;
    struct simul_subprocess_transport *it = pipe->whose;
    (void)transport;
    if (it->protocol->resume_writing)
        it->protocol->resume_writing(it, it->user);
}

static const simul_protocol of_pipe = {
    .data_received = pipe_data,
    .connection_lost = pipe_lost,
    .pause_writing = pipe_pause,
    .resume_writing = pipe_resume,
};

static int connect_pipe(struct simul_subprocess_transport *it,
                        struct sm_redirect *redirect, int i)
{
    struct sm_subprocess_pipe *pipe = &it->pipes[i];
    struct sm_pipe_end end;
    sm_pipe_end_made(&end, redirect->parent[i]);
    int r = sm_transport_of_pipe(&pipe->transport, it->loop, &end, i == IN);
    if (r < 0)
        return r;
    redirect->parent[i] = -1;
    pipe->whose = it;
    it->open++;
    simul_transport_set_protocol(pipe->transport, &of_pipe, pipe);
    return 0;
}

int sm_subprocess_connect(struct simul_subprocess_transport *it,
                          struct sm_redirect *redirect)
{
    int r = 0;
    for (int i = 0; i < SM_SUBPROCESS_PIPES && r == 0; i++)
        if (redirect->parent[i] >= 0)
            r = connect_pipe(it, redirect, i);
    return r;
}

void sm_subprocess_begin_pipes(struct simul_subprocess_transport *it)
{
    for (int i = 0; i < SM_SUBPROCESS_PIPES; i++)
        if (it->pipes[i].transport)
            sm_transport_begin(it->pipes[i].transport, NULL);
    it->connected = true;
}

void sm_subprocess_give_up_pipes(struct simul_subprocess_transport *it)
{
    for (int i = 0; i < SM_SUBPROCESS_PIPES; i++) {
        if (!it->connected)
            sm_transport_never_begun(it->pipes[i].transport);
        it->pipes[i].transport = NULL;
    }
}
