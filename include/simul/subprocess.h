/* SPDX-License-Identifier: MIT */
/*
 * Subprocesses by callbacks. (asyncio: SubprocessTransport and SubprocessProtocol of the page
 * "Transports and Protocols".) With streams, and tasks that wait, it is simul/process.h.
 *
 *     static void said(simul_subprocess_transport *child, void *user, int fd,
 *                      const void *data, size_t n)
 *     {
 *         fwrite(data, 1, n, fd == 1 ? stdout : stderr);
 *     }
 *     static const simul_subprocess_protocol protocol = {.pipe_data_received = said};
 *     …
 *     r = simul_subprocess_exec(NULL, (char *[]){"ls", "-l", NULL}, &protocol, NULL,
 *             &(simul_process_opts){.out = SIMUL_PIPE, .err = SIMUL_PIPE});
 *
 * The callbacks run on the loop's stack and must not wait, in a copy of the context in which
 * the child was started. That it has exited and that its pipes are lost is told in the order
 * in which it happens: output may follow process_exited, and a grandchild may hold a pipe
 * for long. connection_lost comes once, last, when all of that has been told.
 *
 * A transport lives until connection_lost has returned, and until its handle, if somebody
 * took one, is released. A loop that is closed kills the child, and calls nobody.
 *
 * Threads:  the loop's, for all functions
 */
#ifndef SIMUL_SUBPROCESS_H
#define SIMUL_SUBPROCESS_H

#include <simul/process.h>
#include <simul/transport.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_subprocess_transport simul_subprocess_transport;

/** What a child's events call. `fd` is 0, 1 or 2, of those that are SIMUL_PIPE. Functions
 *  that are of no use are NULL. asyncio: SubprocessProtocol */
typedef struct simul_subprocess_protocol {
    /** Once, first: it runs, or has run. asyncio: connection_made() */
    void (*connection_made)(simul_subprocess_transport *transport, void *user);

    /** n bytes, at least one, of its output or errors; valid during the call.
     *  asyncio: pipe_data_received() */
    void (*pipe_data_received)(simul_subprocess_transport *transport, void *user,
                               int fd, const void *data, size_t n);

    /** The pipe has come to its end, or was closed (0), or died of an error.
     *  asyncio: pipe_connection_lost() */
    void (*pipe_connection_lost)(simul_subprocess_transport *transport, void *user,
                                 int fd, int error);

    /** It has ended; simul_subprocess_get_returncode() says how. asyncio:
     *  process_exited() */
    void (*process_exited)(simul_subprocess_transport *transport, void *user);

    /** Once, last; `error` is 0. asyncio: connection_lost() */
    void (*connection_lost)(simul_subprocess_transport *transport, void *user,
                            int error);

    /** The child's input is more than the high-water mark behind; and no more than the
     *  low one. asyncio: pause_writing(), resume_writing() */
    void (*pause_writing)(simul_subprocess_transport *transport, void *user);
    void (*resume_writing)(simul_subprocess_transport *transport, void *user);

    void *_reserved[4];
} simul_subprocess_protocol;

/**
 * Run a program.
 *
 * @param transport  set on success to a handle, to be released with
 *                   simul_subprocess_release(), which does not close it; NULL: not wanted
 * @param argv       as of simul_create_subprocess_exec()
 * @param protocol   borrowed until connection_lost has returned; connection_made was called
 *                   when this returns
 * @param user       what its callbacks get
 * @param opts       as there, but not limit; NULL: all defaults. (Those are to inherit all
 *                   three streams; asyncio's are three pipes.)
 * @return           0; and then a cancel that came at the very end stays pending
 * @error -EINVAL          also: no protocol
 * @error -SIMUL_ENOTASK   called outside of a task
 * @error -ECANCELED       the task was cancelled before; nothing was done
 * @error                  else as simul_create_subprocess_exec(); there is no child, and no
 *                         callback was called
 *
 * Awaits:   always
 * asyncio:  loop.subprocess_exec()
 */
SIMUL_API int simul_subprocess_exec(simul_subprocess_transport **transport,
                                    char *const *argv,
                                    const simul_subprocess_protocol *protocol,
                                    void *user, const simul_process_opts *opts);

/**
 * Run a command of the shell: /bin/sh -c COMMAND.
 *
 * @return  as simul_subprocess_exec()
 *
 * Awaits:   always
 * asyncio:  loop.subprocess_shell()
 */
SIMUL_API int simul_subprocess_shell(simul_subprocess_transport **transport,
                                     const char *command,
                                     const simul_subprocess_protocol *protocol,
                                     void *user, const simul_process_opts *opts);

/** The child's number, also when it has ended. asyncio: SubprocessTransport.get_pid() */
SIMUL_API pid_t simul_subprocess_get_pid(const simul_subprocess_transport *transport);

/** As simul_process_returncode(). asyncio: SubprocessTransport.get_returncode() */
SIMUL_API int
simul_subprocess_get_returncode(const simul_subprocess_transport *transport);

/**
 * The transport of a pipe: to write to (0) or to pause (1, 2), and to close. It has its own
 * protocol, which is not to be replaced.
 *
 * @return  borrowed, valid until pipe_connection_lost was called for it; NULL: there is no
 *          such pipe, or not any more
 *
 * asyncio:  SubprocessTransport.get_pipe_transport()
 */
SIMUL_API simul_transport *
simul_subprocess_get_pipe_transport(const simul_subprocess_transport *transport,
                                    int fd);

/** Send a signal to the child; as simul_process_send_signal().
 *  asyncio: SubprocessTransport.send_signal() */
SIMUL_API int simul_subprocess_send_signal(simul_subprocess_transport *transport,
                                           int signum);

/** SIGTERM; as simul_subprocess_send_signal(). asyncio: SubprocessTransport.terminate() */
SIMUL_API int simul_subprocess_terminate(simul_subprocess_transport *transport);

/** SIGKILL; as simul_subprocess_send_signal(). asyncio: SubprocessTransport.kill() */
SIMUL_API int simul_subprocess_kill(simul_subprocess_transport *transport);

/**
 * Kill the child if it still runs, and close the pipes: input that was not sent is dropped.
 * That it has exited and the pipes are lost is still told, and connection_lost at the end.
 * Twice does nothing.
 *
 * asyncio:  SubprocessTransport.close()
 */
SIMUL_API void simul_subprocess_close(simul_subprocess_transport *transport);

/** Whether it was closed. asyncio: BaseTransport.is_closing() */
SIMUL_API bool simul_subprocess_is_closing(const simul_subprocess_transport *transport);

/** Give a handle back; the child runs on. NULL does nothing. asyncio: (the transport goes out
 *  of scope) */
SIMUL_API void simul_subprocess_release(simul_subprocess_transport *transport);

#ifdef __cplusplus
}
#endif

#endif
