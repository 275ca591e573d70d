/* SPDX-License-Identifier: MIT */
/* Starting a child by callbacks. */
#include "base/sys.h"
#include "loop/context.h"
#include "process/subprocess.h"
#include "task/wait.h"

/* What may fail, of the loop's. */
static int get_means(struct simul_subprocess_transport *it)
{
    int r = sm_context_copy(sm_context_current(), &it->context);
    if (r < 0)
        return r;
    r = sm_ring_reserve_n(&it->loop->ready, SM_SUBPROCESS_PLACES);
    if (r < 0)
        simul_context_release(it->context);
    return r;
}

static int start(struct simul_subprocess_transport *it, struct sm_redirect *redirect,
                 char *const *argv, const simul_process_opts *opts)
{
    int r = sm_subprocess_connect(it, redirect);
    if (r == 0)
        r = sm_process_run(redirect, argv, opts);
    if (r > 0)
        r = sm_child_watch(&it->child, it->loop, r, sm_subprocess_child_ended);
    if (r < 0)
        sm_subprocess_give_up_pipes(it);
    return r;
}

static int open_and_start(struct simul_subprocess_transport *it, char *const *argv,
                          const simul_process_opts *opts)
{
    struct sm_redirect redirect;
    int r = sm_redirect_open(&redirect, opts);
    if (r < 0)
        return r;
    r = start(it, &redirect, argv, opts);
    sm_redirect_close_child(&redirect);
    sm_redirect_close_parent(&redirect);
    return r;
}

static int make(struct simul_subprocess_transport **ret, char *const *argv,
                const simul_process_opts *opts)
{
    struct simul_subprocess_transport *it = sm_zalloc(sizeof *it);
    if (!it)
        return -ENOMEM;
    it->loop = sm_running;
    int r = get_means(it);
    if (r < 0) {
        sm_free(it);
        return r;
    }
    sm_subprocess_init(it);
    r = open_and_start(it, argv, opts);
    if (r < 0)
        sm_subprocess_leave(it);
    else
        *ret = it;
    return r;
}

int simul_subprocess_exec(simul_subprocess_transport **transport, char *const *argv,
                          const simul_subprocess_protocol *protocol, void *user,
                          const simul_process_opts *opts)
{
    static const simul_process_opts defaults;
    struct simul_subprocess_transport *it = NULL;
    opts = opts ? opts : &defaults;
    int r = protocol ? sm_process_check(argv, opts) : -EINVAL;
    if (r == 0)
        r = sm_checkpoint();
    if (r == 0)
        r = make(&it, argv, opts);
    if (r < 0)
        return r;
    it->protocol = protocol;
    it->user = user;
    sm_loop_ready(it->loop, &it->begin, SM_READY_CALL);
    sm_wait_for_pass(&it->creator, "subprocess");
    it->held = transport != NULL;
    if (transport)
        *transport = it;
    else
        sm_subprocess_look(it);
    return 0;
}

int simul_subprocess_shell(simul_subprocess_transport **transport, const char *command,
                           const simul_subprocess_protocol *protocol, void *user,
                           const simul_process_opts *opts)
{
    return simul_subprocess_exec(transport, sm_shell_of(command).argv, protocol, user,
                                 opts);
}
