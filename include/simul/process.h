/* SPDX-License-Identifier: MIT */
/*
 * Subprocesses. (asyncio: the page "Subprocesses".)
 *
 *     simul_process *p;
 *     simul_output output;
 *     int r = simul_create_subprocess_exec(&p, (char *[]){"wc", "-l", NULL},
 *                 &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE});
 *     if (r < 0)
 *         return r;
 *     r = simul_process_communicate(p, text, strlen(text), &output);
 *     if (r == 0)
 *         printf("%s", output.out);
 *     simul_process_release(p);
 *
 * The loop that starts a child looks after it: when the child ends its status is collected
 * at once, whether somebody waits for it or not, so there is never a zombie. Neither
 * SIGCHLD nor the main thread is needed for that, and children that others have started are
 * left alone.
 *
 * A child is its handle's: who releases the handle of a child that still runs kills it, and
 * so does a loop that is closed. (asyncio leaves the first to the garbage collector, which
 * does the same.)
 *
 * Signals are never sent to another process that happens to have the same number: not
 * before the status is collected, because nobody else gets the number, nor afterwards.
 *
 * In the child of a fork the processes that its parent has started are not its own: it
 * neither kills them, whatever it closes and releases, nor signals them (-ESRCH).
 *
 * A child that runs holds a virtual clock, and the loop is not taken for deadlocked.
 */
#ifndef SIMUL_PROCESS_H
#define SIMUL_PROCESS_H

#include <limits.h>
#include <simul/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_process simul_process;

/** Where a standard stream of a child goes; else 0, inherited, or a descriptor. */
enum {
    SIMUL_PIPE = -1,    /* to a stream of the process */
    SIMUL_STDOUT = -2,  /* .err only: where .out goes */
    SIMUL_DEVNULL = -3, /* /dev/null */
};

enum {
    SIMUL_RUNNING = INT_MIN, /* the return code of a child that has not ended */
    SIMUL_NEW_GROUP = -1,    /* a process group of the child's own */
};

/** Keyword arguments of simul_create_subprocess_exec() and …_shell(); zero and NULL mean
 *  the default. All are borrowed for the time of the call. */
typedef struct simul_process_opts {
    int in, out, err; /* see above; a descriptor stays the caller's, who may close it
                         afterwards */
    const char *cwd;  /* where the child runs */
    char *const *env; /* its environment, "NAME=value", then NULL */
    const char *executable; /* run this file, though argv[0] says another name */
    const int
        *pass_fds; /* n_pass_fds descriptors that the child inherits, with the same
                               numbers; no others but 0 to 2 are open in it */
    size_t n_pass_fds;
    bool inherit_fds;  /* all that are not close-on-exec are (close_fds=False) */
    bool keep_signals; /* SIGPIPE stays ignored, as it is under a loop; by default it
                               is what it was before (restore_signals=False) */
    bool start_new_session; /* setsid(2) */
    pid_t process_group;    /* 0: the parent's; SIMUL_NEW_GROUP; or one to join */
    size_t limit;           /* of the streams, see simul_connect_opts */
    void *_reserved[6];
} simul_process_opts;

/**
 * Run a program.
 *
 * @param process  set on success; to be released with simul_process_release()
 * @param argv     its arguments, the first its name, then NULL; borrowed. A name without a
 *                 slash is looked for in PATH (that of opts->env if there is one)
 * @param opts     NULL: all defaults
 * @return         0
 * @error -ENOENT, -EACCES, -ENOEXEC, …  the program could not be run, cwd not be entered:
 *                 what the child met on its way; simul_message() of the task says where
 * @error -EINVAL         no argv[0], or options that make no sense
 * @error -EBADF          a descriptor among the options is not open
 * @error -EMFILE, -EAGAIN, -ENOMEM  no descriptors, processes, memory
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 *
 * After an error there is no child, and nothing of it is left. The loop stands still until
 * the child has begun to run its program, which takes a fraction of a millisecond; as
 * nothing is awaited, nothing can be cancelled half-way.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  create_subprocess_exec()
 */
SIMUL_API int simul_create_subprocess_exec(simul_process **process, char *const *argv,
                                           const simul_process_opts *opts);

/**
 * Run a command of the shell: /bin/sh -c COMMAND. Whatever is put into it has to be quoted;
 * simul_create_subprocess_exec() needs no quoting.
 *
 * @return  0; errors as simul_create_subprocess_exec(). That the command is not found is
 *          the shell's return code 127.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  create_subprocess_shell()
 */
SIMUL_API int simul_create_subprocess_shell(simul_process **process,
                                            const char *command,
                                            const simul_process_opts *opts);

/**
 * The stream to the child's standard input. It may be closed, to say the end; it is the
 * process's, and released with it.
 *
 * @return  NULL if that is no SIMUL_PIPE
 *
 * Threads:  the loop's
 * asyncio:  Process.stdin
 */
SIMUL_API simul_stream *simul_process_stdin(const simul_process *process);

/** The same for what the child writes. asyncio: Process.stdout. Threads: the loop's */
SIMUL_API simul_stream *simul_process_stdout(const simul_process *process);

/** The same for its errors. asyncio: Process.stderr. Threads: the loop's */
SIMUL_API simul_stream *simul_process_stderr(const simul_process *process);

/** The child's number, also when it has ended. asyncio: Process.pid. Threads: the loop's */
SIMUL_API pid_t simul_process_pid(const simul_process *process);

/**
 * How the child has ended: its exit status; -N if signal N has killed it; SIMUL_RUNNING if
 * it has not. 255 if somebody else has collected its status (a waitpid(-1, …) of a library,
 * an ignored SIGCHLD); a warning says so.
 *
 * Threads:  the loop's
 * asyncio:  Process.returncode
 */
SIMUL_API int simul_process_returncode(const simul_process *process);

/**
 * Wait until the child has ended. Any number of tasks may. It does not wait for the pipes:
 * a grandchild may hold them on. If the child writes to a pipe that nobody reads, it will
 * not end: use simul_process_communicate() then.
 *
 * @param returncode  set on success, see simul_process_returncode(); may be NULL
 * @return            0, however it has ended
 * @error -ECANCELED      the task was cancelled; the child is not touched
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if it has not ended
 * Threads:  the loop's
 * asyncio:  Process.wait()
 */
SIMUL_API int simul_process_wait(simul_process *process, int *returncode);

/** What a child has written; NULL and 0 for what is no SIMUL_PIPE. It is followed by a '\0',
 *  and is the process's: valid until the next read of the stream, or the release. */
typedef struct simul_output {
    char *out;
    size_t out_len;
    char *err;
    size_t err_len;
} simul_output;

/**
 * Write the input to the child and end it, read all that it writes to the ends of both
 * streams, and wait for the child: all at once, so that no full pipe stops anybody. A child
 * that does not want its input is no error.
 *
 * After -ECANCELED (a time limit, say) nothing is lost: called again with the same input it
 * goes on where it was.
 *
 * @param input   len bytes, borrowed; NULL and 0 for none: the child's input is ended in any
 *                case
 * @param output  set on success; may be NULL
 * @return        0; then simul_process_returncode() is known
 * @error -EINVAL             input, and .in is no SIMUL_PIPE
 * @error -SIMUL_ECONCURRENT  another task reads one of the streams
 * @error -ENOMEM
 * @error -ECANCELED          the task was cancelled; the child is not touched
 * @error -SIMUL_ENOTASK      called outside of a task
 *
 * Awaits:   unless all is over
 * Threads:  the loop's
 * asyncio:  Process.communicate()
 */
SIMUL_API int simul_process_communicate(simul_process *process, const void *input,
                                        size_t len, simul_output *output);

/**
 * Send a signal to the child (and only to it: for all of a shell's children give them a
 * process group, and use killpg(2)).
 *
 * @return  0
 * @error -ESRCH   it has ended
 * @error -EINVAL  no such signal
 * @error -EPERM   it has become somebody else's
 *
 * Threads:  the loop's
 * asyncio:  Process.send_signal()
 */
SIMUL_API int simul_process_send_signal(simul_process *process, int signum);

/** SIGTERM; as simul_process_send_signal(). asyncio: Process.terminate(). Threads: the loop's */
SIMUL_API int simul_process_terminate(simul_process *process);

/** SIGKILL; as simul_process_send_signal(). asyncio: Process.kill(). Threads: the loop's */
SIMUL_API int simul_process_kill(simul_process *process);

/**
 * Kill the child if it still runs, and close the streams: input that was not sent is
 * dropped. simul_process_wait() then waits for its end. Twice, or with NULL, does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  SubprocessTransport.close()
 */
SIMUL_API void simul_process_close(simul_process *process);

/**
 * Give the process back. If it was not closed, simul_process_close() comes first. Its
 * status is still collected, in the background. NULL does nothing. Not while a task waits
 * in a call of it.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (the process goes out of scope)
 */
SIMUL_API void simul_process_release(simul_process *process);

#ifdef __cplusplus
}
#endif

#endif
