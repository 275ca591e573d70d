/* SPDX-License-Identifier: MIT */
/* Starting, waiting for and ending processes: what users call. */
#include "process/process.h"

#include <signal.h>
#include <stdlib.h>

#include "base/sys.h"
#include "process/spawn.h"

enum { IN, OUT, ERR };

/* ---- its life ------------------------------------------------------------------------ */

static void unref(struct simul_process *process)
{
    if (--process->refs > 0)
        return;
    sm_list_remove(&process->at_close.link);
    sm_free(process);
}

static void has_ended(struct sm_child *child)
{
    struct simul_process *process = sm_container_of(child, struct simul_process, child);
    while (sm_waitq_wake(&process->waiters, 0))
        ;
    unref(process);
}

/* The loop is closed. */
static void end_with_loop(struct sm_at_close *at_close)
{
    struct simul_process *process =
        sm_container_of(at_close, struct simul_process, at_close);
    sm_list_init(&process->waiters); /* they never run again */
    sm_child_end_with_loop(&process->child, process->closed);
}

/* What was not sent is nobody's any more, nor that it could not be. */
static void close_streams(struct simul_process *process)
{
    if (process->streams[IN]) {
        process->streams[IN]->told = true;
        simul_stream_abort(process->streams[IN]);
    }
    simul_stream_close(process->streams[OUT]);
    simul_stream_close(process->streams[ERR]);
}

static void release_streams(struct simul_process *process)
{
    for (int i = 0; i < 3; i++)
        simul_stream_release(process->streams[i]);
}

void simul_process_close(simul_process *process)
{
    if (!process || process->closed)
        return;
    process->closed = true;
    sm_child_signal(&process->child, SIGKILL);
    close_streams(process);
}

void simul_process_release(simul_process *process)
{
    if (!process)
        return;
    simul_process_close(process);
    release_streams(process);
    unref(process);
}

/* ---- making -------------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
    int first = *(const int *)a, second = *(const int *)b;
    return (first > second) - (first < second);
}

/* A sorted copy of pass_fds; NULL: no memory. */
static int *sorted_fds(const simul_process_opts *opts)
{
    size_t n = opts->n_pass_fds;
    int *fds = sm_malloc((n + 1) * sizeof *fds);
    if (!fds)
        return NULL;
    for (size_t i = 0; i < n; i++)
        fds[i] = opts->pass_fds[i];
    qsort(fds, n, sizeof *fds, compare);
    return fds;
}

static int say_where(int error, enum sm_spawn_step step, const char *program,
                     const simul_process_opts *opts)
{
    const char *text = simul_strerror(error);
    switch (step) {
    case SM_SPAWN_CWD:
        return simul_fail(error, "enter %s: %s", opts->cwd, text);
    case SM_SPAWN_GROUP:
        return simul_fail(error, "set the process group or session: %s", text);
    case SM_SPAWN_FDS:
        return simul_fail(error, "give descriptors to %s: %s", program, text);
    default:
        return simul_fail(error, "run %s: %s", program, text);
    }
}

int sm_process_run(const struct sm_redirect *redirect, char *const *argv,
                   const simul_process_opts *opts)
{
    const char *program = opts->executable ? opts->executable : argv[0];
    char **paths = sm_program_paths(program, opts->env);
    int *pass = paths ? sorted_fds(opts) : NULL;
    enum sm_spawn_step step;
    int r = -ENOMEM;
    if (pass) {
        struct sm_spawn spawn = {
            .paths = paths,
            .argv = argv,
            .env = opts->env,
            .cwd = opts->cwd,
            .stdio = {redirect->child[IN], redirect->child[OUT], redirect->child[ERR]},
            .pass = pass,
            .n_pass = opts->n_pass_fds,
            .inherit = opts->inherit_fds,
            .default_sigpipe = !opts->keep_signals && sm_ignores_sigpipe(),
            .new_session = opts->start_new_session,
            .group = opts->process_group,
        };
        r = sm_spawn(&spawn, &step);
        if (r < 0)
            say_where(r, step, program, opts);
    }
    sm_free(pass);
    sm_free(paths);
    return r;
}

int sm_process_check(char *const *argv, const simul_process_opts *opts)
{
    if (!argv || !argv[0] || opts->process_group < SIMUL_NEW_GROUP)
        return -EINVAL;
    return sm_loop_usable(sm_running);
}

/* The child is not known before this succeeds; and it may be over then. */
static int start(struct simul_process *process, struct sm_redirect *redirect,
                 char *const *argv, const simul_process_opts *opts)
{
    int r = sm_redirect_connect(redirect, process->streams, sm_running, opts->limit);
    if (r == 0)
        r = sm_process_run(redirect, argv, opts);
    if (r < 0)
        return r;
    sm_list_init(&process->waiters);
    process->refs = 2; /* R1 */
    return sm_child_watch(&process->child, sm_running, r, has_ended);
}

static int create(struct simul_process *process, char *const *argv,
                  const simul_process_opts *opts)
{
    struct sm_redirect redirect;
    int r = sm_redirect_open(&redirect, opts);
    if (r < 0)
        return r;
    r = start(process, &redirect, argv, opts);
    sm_redirect_close_child(&redirect);
    sm_redirect_close_parent(&redirect);
    if (r < 0) {
        close_streams(process);
        release_streams(process);
    }
    return r;
}

int simul_create_subprocess_exec(simul_process **ret, char *const *argv,
                                 const simul_process_opts *opts)
{
    static const simul_process_opts defaults;
    opts = opts ? opts : &defaults;
    int r = sm_process_check(argv, opts);
    if (r < 0)
        return r;
    struct simul_process *process = sm_zalloc(sizeof *process);
    if (!process)
        return -ENOMEM;
    r = create(process, argv, opts);
    if (r < 0) {
        sm_free(process);
        return r;
    }
    process->at_close.close = end_with_loop;
    sm_list_push_front(&sm_running->at_close, &process->at_close.link); /* R3 */
    *ret = process;
    return 0;
}

int simul_create_subprocess_shell(simul_process **process, const char *command,
                                  const simul_process_opts *opts)
{
    return simul_create_subprocess_exec(process, sm_shell_of(command).argv, opts);
}

/* ---- waiting ------------------------------------------------------------------------- */

int simul_process_wait(simul_process *process, int *returncode)
{
    if (!process)
        return -EINVAL;
    ssize_t r = sm_checkpoint();
    if (r == 0 && process->child.returncode == SIMUL_RUNNING)
        r = sm_waitq_sleep(&process->waiters, "process", process, NULL);
    if (r < 0)
        return (int)r;
    if (returncode)
        *returncode = process->child.returncode;
    return 0;
}

/* ---- signals and questions ------------------------------------------------------------- */

int simul_process_send_signal(simul_process *process, int signum)
{
    return process ? sm_child_signal(&process->child, signum) : -EINVAL;
}

int simul_process_terminate(simul_process *process)
{
    return simul_process_send_signal(process, SIGTERM);
}

int simul_process_kill(simul_process *process)
{
    return simul_process_send_signal(process, SIGKILL);
}

int simul_process_returncode(const simul_process *process)
{
    return process ? process->child.returncode : SIMUL_RUNNING;
}

pid_t simul_process_pid(const simul_process *process)
{
    return process ? process->child.pid : -EINVAL;
}

simul_stream *simul_process_stdin(const simul_process *process)
{
    return process ? process->streams[IN] : NULL;
}

simul_stream *simul_process_stdout(const simul_process *process)
{
    return process ? process->streams[OUT] : NULL;
}

simul_stream *simul_process_stderr(const simul_process *process)
{
    return process ? process->streams[ERR] : NULL;
}
