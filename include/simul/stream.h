/* SPDX-License-Identifier: MIT */
/*
 * Streams: connections that are read and written by plain calls. (asyncio: the page
 * "Streams"; StreamReader and StreamWriter are one object here.)
 *
 *     simul_stream *s;
 *     int r = simul_open_connection(&s, "example.org", "80", NULL);
 *     if (r < 0)
 *         return r;
 *     ssize_t n = simul_stream_write(s, "hello\n", 6);
 *     if (n >= 0)
 *         n = simul_stream_readline(s, &line);
 *     simul_stream_close(s);
 *     r = simul_stream_wait_closed(s);    // flushed, or the error that it met
 *     simul_stream_release(s);
 *
 * One task may read and another one write at the same time. A second reader gets
 * -SIMUL_ECONCURRENT. Writers take their turn: each write stays in one piece.
 *
 * Back-pressure is the default. Nothing is received before somebody reads. A write first
 * waits for room: no more than `high_water` bytes are ever kept for sending.
 *
 * Cancelling. A call that returns -ECANCELED has done nothing: bytes that had arrived wait
 * in the stream for the next read, a write has sent and kept none. One exception, since what
 * was sent cannot be called back: when a write of more than high_water bytes is cancelled
 * half-way, the stream is broken. That and every later write return -SIMUL_EBROKEN, what had
 * come can still be read, and closing resets the connection, so that the peer does not take
 * the half for the whole (but a Unix socket cannot be reset).
 *
 * Memory. `char **` results point into the stream, which owns them; they are valid until the
 * next read of any kind from it, or its release, and are followed by a '\0'. An idle stream
 * holds no buffer.
 *
 * Errors. What the connection died of stays: -ECONNRESET, -EPIPE, -ETIMEDOUT (the network's)
 * or another -errno is returned by the call that met it and by each later one of its
 * direction. Reading after simul_stream_close() finds the end of the stream (0), as in
 * asyncio; after simul_stream_abort() it is -ECONNABORTED. Writing after
 * simul_stream_write_eof(), close() or abort() is -SIMUL_ESTATE.
 *
 * Time limits come from outside: simul_within(5.0, simul_stream_read(s, buf, n)).
 */
#ifndef SIMUL_STREAM_H
#define SIMUL_STREAM_H

#include <simul/net.h>
#include <sys/uio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_stream simul_stream;
typedef struct simul_tls_context simul_tls_context; /* see simul/tls.h */

/* ---- connecting --------------------------------------------------------------------- */

/** Keyword arguments of simul_open_connection(); zero and NULL mean the default. */
typedef struct simul_connect_opts {
    size_t limit;      /* bytes that readuntil() and readline() look through; 64 KiB */
    size_t high_water; /* bytes kept for sending, at most; 64 KiB */
    size_t low_water;  /* a write that waits for room goes on when so few are left;
                               a quarter of high_water */
    int family;        /* AF_INET or AF_INET6 only; 0: both */
    const char *local_host; /* the address to connect from */
    const char *local_port;
    double
        attempt_delay; /* seconds until the next address is tried beside the one before
                               (RFC 8305); 0.25; INFINITY: only after that has failed */
    const char *nameserver; /* see simul/net.h */
    bool keep_alive;        /* SO_KEEPALIVE */
    bool delay; /* collect small packets (Nagle); by default TCP_NODELAY is on */
    simul_tls_context *tls; /* TLS: of simul_tls_client_new(); borrowed */
    /* Whom the certificate has to name; the host, which has to be given then. "": the name
     * is not looked at, nor is the peer told one. */
    const char *server_hostname;
    double tls_handshake_timeout; /* seconds; 60 */
    double tls_shutdown_timeout;  /* until the peer has answered the end of TLS; 30 */
    void *_reserved[6];
} simul_connect_opts;

/**
 * Connect to a host by TCP. All its addresses are tried, IPv6 and IPv4 in turn, the next one
 * when the one before has failed or has taken attempt_delay; the first that answers wins.
 *
 * @param stream  set on success; to be released with simul_stream_release()
 * @param host    as in simul_getaddrinfo()
 * @param port    a number or the name of a service
 * @param opts    NULL: all defaults
 * @return        0
 * @error -SIMUL_ENONAME, -SIMUL_EHOSTNAME, -EINVAL  as simul_getaddrinfo()
 * @error -ECONNREFUSED, -ENETUNREACH, -ETIMEDOUT, …  of the first address, when all failed;
 *                      simul_message() of the task says of which
 * @error -EADDRNOTAVAIL  local_host has no address of the families that were found
 * @error -ECANCELED    the task was cancelled; all attempts are closed
 * @error -EMFILE, -ENOMEM, …
 * @error -SIMUL_ENOTASK  called outside of a task
 * @error               with opts->tls also those of simul_stream_start_tls(); -EINVAL if it
 *                      is a server's context, or neither host nor server_hostname is given
 *
 * A connection under way holds a virtual clock: attempt_delay takes its time on either.
 *
 * Awaits:   unless it is connected, or fails, at once
 * Threads:  the loop's
 * asyncio:  open_connection(host, port, ssl=…)
 */
SIMUL_API int simul_open_connection(simul_stream **stream, const char *host,
                                    const char *port, const simul_connect_opts *opts);

/**
 * Make a stream of a connected socket (TCP, Unix, a socketpair).
 *
 * @param fd    becomes the stream's on success, and non-blocking; stays the caller's on
 *              failure
 * @param opts  limit, high_water and low_water count, and those of TLS; NULL: all defaults
 * @return      0
 * @error -ENOTSOCK, -EBADF, -EPROTOTYPE  not a socket of type SOCK_STREAM
 * @error -ENOMEM
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 * @error                 with opts->tls also those of simul_stream_start_tls(); when one of
 *                        them is returned, the socket was closed, unless it is -EINVAL or
 *                        -SIMUL_ENOTASK. The context may be a server's, and
 *                        server_hostname has no default
 *
 * Awaits:   only with opts->tls
 * Threads:  the loop's
 * asyncio:  open_connection(sock=…)
 */
SIMUL_API int simul_open_connection_fd(simul_stream **stream, int fd,
                                       const simul_connect_opts *opts);

/**
 * Connect to a Unix socket.
 *
 * @param stream  set on success; to be released with simul_stream_release()
 * @param path    as in simul_address_unix()
 * @param opts    limit, high_water and low_water count, and those of TLS; NULL: all defaults
 * @return        0
 * @error -ENOENT, -ECONNREFUSED, -EACCES, -EPROTOTYPE, …  as connect(2); simul_message() of
 *                        the task names the path
 * @error -EAGAIN         the server's queue is full: try again later
 * @error -EINVAL, -ENAMETOOLONG  as simul_address_unix()
 * @error -ECANCELED      the task was cancelled; there is no connection
 * @error -EMFILE, -ENOMEM, …
 * @error -SIMUL_ENOTASK  called outside of a task
 * @error                 with opts->tls also those of simul_stream_start_tls();
 *                        server_hostname has no default: -EINVAL without it
 *
 * Awaits:   unless it is connected, or fails, at once
 * Threads:  the loop's
 * asyncio:  open_unix_connection(path)
 */
SIMUL_API int simul_open_unix_connection(simul_stream **stream, const char *path,
                                         const simul_connect_opts *opts);

/* ---- pipes and standard streams ------------------------------------------------------ */

/**
 * Read from a pipe, a FIFO, a terminal or another character device as from any stream.
 *
 * That other processes may share the open file with us, and expect it to block, is seen to:
 * a pipe or a terminal is opened anew where the system allows it (the stream's descriptor
 * is another one then), and otherwise made blocking again when the stream is closed.
 * Writing to the stream is -EBADF. A socket is taken as simul_open_connection_fd() does. On
 * the master of a pty, that the other side has hung up is -EIO, as the system says it.
 *
 * @param stream  set on success; to be released with simul_stream_release()
 * @param fd      becomes the stream's on success; stays the caller's on failure
 * @param opts    limit, high_water and low_water count; NULL: all defaults
 * @return        0
 * @error -EINVAL         a regular file, a directory, something else that is no pipe
 * @error -EBADF          not a descriptor
 * @error -EPROTOTYPE     a socket that is not of type SOCK_STREAM
 * @error -ENOMEM
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  loop.connect_read_pipe()
 */
SIMUL_API int simul_connect_read_pipe(simul_stream **stream, int fd,
                                      const simul_connect_opts *opts);

/**
 * The same for writing. simul_stream_write_eof() closes the descriptor, and so does
 * closing. That the reader of a pipe has left is noticed without writing:
 * simul_stream_is_closing() says so, and writes are -EPIPE. Reading is -EBADF.
 *
 * @return  0; errors as simul_connect_read_pipe()
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  loop.connect_write_pipe()
 */
SIMUL_API int simul_connect_write_pipe(simul_stream **stream, int fd,
                                       const simul_connect_opts *opts);

/**
 * A stream over standard input, output or error, whatever it is: a pipe, a terminal, a
 * socket, a regular file (whose reads and writes do not wait for the disk in the
 * background, but keep the loop for that time).
 *
 * The stream has a descriptor of its own: closing it leaves 0, 1 or 2 open, and what other
 * processes share with it blocking. Where a terminal of another user cannot be opened anew
 * it is asked before each call whether that would wait; then a write to it may still be
 * held up for a moment. What a stream over standard input has read is not there for
 * another one, nor for stdio's.
 *
 * @param stream  set on success; to be released with simul_stream_release()
 * @return        0
 * @error -EBADF          the standard stream is closed. In a program that begins without one,
 *                        what is opened next has its number, and is taken for it: open
 *                        /dev/null in its place first
 * @error -EINVAL         a directory, or something else that is no stream of bytes
 * @error -EPROTOTYPE     a socket that is not of type SOCK_STREAM
 * @error -ENOMEM, -EMFILE
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  loop.connect_read_pipe(sys.stdin), loop.connect_write_pipe(sys.stdout)
 */
SIMUL_API int simul_stdin(simul_stream **stream);
SIMUL_API int simul_stdout(simul_stream **stream);
SIMUL_API int simul_stderr(simul_stream **stream);

/* ---- reading ------------------------------------------------------------------------ */

/**
 * Read what is there, at least a byte, at most n. Goes straight into `buf` when nothing is
 * kept in the stream.
 *
 * @param buf  the caller's; with -ECANCELED its content is undefined, but nothing is lost
 * @return     how many bytes; 0 at the end of the stream, or if n is 0
 * @error -ECANCELED           the task was cancelled; nothing was taken from the stream
 * @error -SIMUL_ECONCURRENT   another task is reading
 * @error -SIMUL_ENOTASK       called outside of a task
 * @error -ECONNRESET, …       the connection is lost
 *
 * These five go for every function that reads.
 *
 * Awaits:   only if nothing is there
 * Threads:  the loop's
 * asyncio:  StreamReader.read(n)
 */
SIMUL_API ssize_t simul_stream_read(simul_stream *stream, void *buf, size_t n);

/**
 * Read exactly n bytes.
 *
 * @return  n
 * @error -SIMUL_EINCOMPLETE  the stream ended before; `buf` holds the bytes that had come,
 *                            simul_stream_partial() of them
 * @error                     else as simul_stream_read(); nothing was taken then
 *
 * Awaits:   only if they are not there
 * Threads:  the loop's
 * asyncio:  StreamReader.readexactly(n)
 */
SIMUL_API ssize_t simul_stream_readexactly(simul_stream *stream, void *buf, size_t n);

/**
 * Read up to and with a separator.
 *
 * @param separator  of any bytes, at least one
 * @param data       set on success and with -SIMUL_EINCOMPLETE; the stream's, see above
 * @return           its length, with the separator
 * @error -SIMUL_EINCOMPLETE  the stream ended before one came; data is all that was left,
 *                            simul_stream_partial() bytes
 * @error -SIMUL_ELIMIT       more than `limit` bytes come before it, or without one. They
 *                            stay in the stream; simul_stream_partial() of them may be read
 *                            without running into the separator.
 * @error -EINVAL             an empty separator
 * @error -ENOMEM             what has come could not be kept; if a part of it is lost by
 *                            that, every later read says -ENOMEM, too
 * @error                     else as simul_stream_read()
 *
 * Awaits:   only if it is not there
 * Threads:  the loop's
 * asyncio:  StreamReader.readuntil(separator)
 */
SIMUL_API ssize_t simul_stream_readuntil(simul_stream *stream, const void *separator,
                                         size_t separator_len, char **data);

/**
 * Read a line.
 *
 * @param line  set on success; the stream's, see above
 * @return      its length, with its '\n'; without one it is what was left at the end of the
 *              stream; 0 when nothing is left
 * @error -SIMUL_ELIMIT  longer than `limit`. As in asyncio it is dropped, or everything
 *                       that is there if its end has not come yet.
 * @error                else as simul_stream_readuntil()
 *
 * Awaits:   only if it is not there
 * Threads:  the loop's
 * asyncio:  StreamReader.readline()
 */
SIMUL_API ssize_t simul_stream_readline(simul_stream *stream, char **line);

/**
 * Read to the end of the stream.
 *
 * @param data  set on success; the stream's, see above
 * @param max   bytes; 0: as many as come
 * @return      its length
 * @error -SIMUL_ETOOLARGE  there is more; what has come stays in the stream
 * @error -ENOMEM           as simul_stream_readuntil()
 * @error                   else as simul_stream_read(); what has come stays in the stream
 *
 * Awaits:   only if the end is not there
 * Threads:  the loop's
 * asyncio:  StreamReader.read(-1)
 */
SIMUL_API ssize_t simul_stream_read_all(simul_stream *stream, char **data, size_t max);

/**
 * Look at what is there, without taking it: for parsers. simul_stream_consume() takes it.
 *
 * @param min   waits until so many bytes are there, or the stream has ended; 0: whatever
 *              is there, at least one
 * @param data  set on success; the stream's, see above
 * @return      how many are there; less than min only at the end of the stream, 0 if
 *              nothing is left
 * @error -SIMUL_ELIMIT  min is more than `limit` (and more than is there)
 * @error -ENOMEM        as simul_stream_readuntil()
 * @error                else as simul_stream_read()
 *
 * Awaits:   only if they are not there
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API ssize_t simul_stream_peek(simul_stream *stream, size_t min, char **data);

/**
 * Take n bytes that simul_stream_peek() has shown. What it pointed to is not moved before
 * the next read.
 *
 * @return  0
 * @error -EINVAL             so many are not there; nothing was taken
 * @error -SIMUL_ECONCURRENT  another task is reading
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (none)
 */
SIMUL_API int simul_stream_consume(simul_stream *stream, size_t n);

/**
 * What the last -SIMUL_EINCOMPLETE or -SIMUL_ELIMIT of the stream was about: how many bytes
 * it gave, or how many may be read without running into the separator.
 *
 * @return  bytes
 *
 * Threads:  the loop's
 * asyncio:  len(IncompleteReadError.partial), LimitOverrunError.consumed
 */
SIMUL_API size_t simul_stream_partial(const simul_stream *stream);

/**
 * Whether the peer has ended the stream and everything was read.
 *
 * @return  false as long as nobody has read up to there
 *
 * Threads:  the loop's
 * asyncio:  StreamReader.at_eof()
 */
SIMUL_API bool simul_stream_at_eof(const simul_stream *stream);

/* ---- writing ------------------------------------------------------------------------ */

/**
 * Write all of it. Is tried at once; what the network does not take is sent in the
 * background, up to high_water bytes of it; while there is more, the call waits.
 *
 * @param data  borrowed until the call returns
 * @return      n
 * @error -ECANCELED      the task was cancelled; nothing was written
 * @error -SIMUL_EBROKEN  … and part of it was, or was in an earlier call; see above
 * @error -SIMUL_ESTATE   after write_eof(), close() or abort()
 * @error -EPIPE, -ECONNRESET, …  the connection is lost, maybe by an earlier write
 * @error -ENOMEM         nothing was written; if part of it was, -SIMUL_EBROKEN
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Over TLS nothing can be sent while only a part of one of its own messages (a ticket of
 * several records) has come: the call waits for the rest, and reads it where nobody else
 * does. If the peer ends there it is -SIMUL_ETRUNCATED.
 *
 * Awaits:   only if there is no room, or as above
 * Threads:  the loop's
 * asyncio:  StreamWriter.write(), and drain()
 */
SIMUL_API ssize_t simul_stream_write(simul_stream *stream, const void *data, size_t n);

/**
 * The same with several pieces, in one piece and where possible in one system call.
 *
 * @param iov  borrowed until the call returns; not changed
 * @param n    pieces; at most 1024
 * @return     bytes in all; errors as simul_stream_write(), and -EINVAL for n out of bounds
 *
 * Awaits:   as simul_stream_write()
 * Threads:  the loop's
 * asyncio:  StreamWriter.writelines()
 */
SIMUL_API ssize_t simul_stream_writev(simul_stream *stream, const struct iovec *iov,
                                      int n);

/**
 * Wait until all that was written has been handed to the kernel. Any number of tasks may.
 * (Not needed for back-pressure, as it is in asyncio: write() has it.)
 *
 * @return  0
 * @error   as simul_stream_write(); errors of the connection also when nothing is kept
 *
 * Awaits:   only if something is kept for sending
 * Threads:  the loop's
 * asyncio:  StreamWriter.drain()
 */
SIMUL_API int simul_stream_drain(simul_stream *stream);

/**
 * Send a file, or a part of it, behind everything that was written; without copying it where
 * the system can, and else (over TLS) read by a thread, with back-pressure.
 *
 * Nobody may write meanwhile: -SIMUL_ESTATE. Closing the stream in the middle of it resets
 * the connection, so that the peer does not take the half for the whole; so does a cancel.
 *
 * @param file    stands behind what was sent when this returns, also with an error
 * @param offset  where in the file to begin
 * @param count   bytes, or as many as there are; 0: to the end
 * @return        how many bytes were sent
 * @error -ECANCELED          the task was cancelled; nothing was sent
 * @error -SIMUL_EBROKEN      the task was cancelled when a part was sent: the connection was
 *                            reset
 * @error -SIMUL_ECONCURRENT  another task is writing
 * @error -SIMUL_ESTATE       the stream is closed, or was meanwhile, or a file is being sent
 * @error -EINVAL             offset is negative
 * @error -ESPIPE, -EIO, …    the file could not be read; a part may have been sent
 * @error -EPIPE, -ECONNRESET, …  the connection is lost
 * @error -SIMUL_ENOTASK      called outside of a task
 *
 * Awaits:   until all is sent, or kept for sending
 * Threads:  the loop's
 * asyncio:  loop.sendfile()
 */
SIMUL_API ssize_t simul_sendfile(simul_stream *stream, int file, off_t offset,
                                 size_t count);

/**
 * End the own direction, after what was written: the peer reads the end of the stream. Its
 * own direction stays open. Twice does nothing.
 *
 * @return  0
 * @error -SIMUL_ESTATE   after close() or abort()
 * @error -SIMUL_EBROKEN, -EPIPE, -ECONNRESET, …  as simul_stream_write()
 * @error -ENOTSUP        what lies below cannot end one direction only
 *
 * Over TLS it is the end of TLS (close_notify) that the peer reads; asyncio's answers it by
 * closing, ours and OpenSSL may go on writing. Where simul_stream_write() would wait for the
 * rest of a message of TLS, so does the end: it is sent when a read, drain() or close() has
 * met it.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  StreamWriter.write_eof()
 */
SIMUL_API int simul_stream_write_eof(simul_stream *stream);

/* ---- closing ------------------------------------------------------------------------ */

/**
 * Begin to close: what was written is still sent, in the background, then the connection
 * is closed. Nothing can be read or written any more; a task that waits in a read finds the
 * end of the stream, one that waits in a write -SIMUL_ESTATE. Twice, or with NULL, does
 * nothing. Over TLS the end is agreed on: a task in the background waits for the peer's
 * (close_notify, or that of the connection), for up to tls_shutdown_timeout.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  StreamWriter.close()
 */
SIMUL_API void simul_stream_close(simul_stream *stream);

/**
 * Wait until the stream is closed, by whomever. A cleanup scope in itself: a task that was
 * cancelled before can wait here. Any number of tasks may.
 *
 * @return  0
 * @error -EPIPE, -ECONNRESET, …  not everything that was written could be sent
 * @error -SIMUL_EBROKEN          a write was cut off
 * @error -ETIMEDOUT              the peer did not answer the end of TLS in time
 * @error -ECANCELED              a new cancel came: if close() had begun, the stream was
 *                                aborted, and is closed now
 * @error -SIMUL_ENOTASK          called outside of a task
 *
 * Awaits:   only if something is still to be sent, or nobody has closed it yet
 * Threads:  the loop's
 * asyncio:  StreamWriter.wait_closed()
 */
SIMUL_API int simul_stream_wait_closed(simul_stream *stream);

/**
 * Close at once. What was not sent yet is dropped, and if there was any, the connection is
 * reset. Twice, or with NULL, does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  WriteTransport.abort()
 */
SIMUL_API void simul_stream_abort(simul_stream *stream);

/**
 * Give the stream back. If it was not closed, simul_stream_close() comes first; an error
 * that the rest then meets goes to the loop's exception handler. NULL does nothing. Not
 * while a task waits in a call of the stream.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (the writer goes out of scope)
 */
SIMUL_API void simul_stream_release(simul_stream *stream);

/**
 * Whether close() or abort() was called, or the connection is lost.
 *
 * @return  true from then on
 *
 * Threads:  the loop's
 * asyncio:  StreamWriter.is_closing()
 */
SIMUL_API bool simul_stream_is_closing(const simul_stream *stream);

/* ---- questions ---------------------------------------------------------------------- */

/**
 * The address of the other end, or of this one, as text: "127.0.0.1:7777", "[::1]:7777".
 *
 * @param text  filled with at most size bytes; SIMUL_ADDRESS_TEXT is always enough
 * @return      the length of the text; 0 for a Unix socket without a name
 * @error -ENOTCONN, -SIMUL_ESTATE  it is not connected, or closed; `text` is ""
 * @error -ENOSPC                   it does not fit; `text` is ""
 *
 * Threads:  the loop's
 * asyncio:  get_extra_info("peername"), get_extra_info("sockname")
 */
SIMUL_API int simul_stream_peername(const simul_stream *stream, char *text,
                                    size_t size);
SIMUL_API int simul_stream_sockname(const simul_stream *stream, char *text,
                                    size_t size);

/**
 * The descriptor at the bottom, to set options of the socket.
 *
 * @return  the stream's, do not close it
 * @error -SIMUL_ESTATE  closed
 * @error -ENOTSUP       there is none
 *
 * Threads:  the loop's
 * asyncio:  get_extra_info("socket")
 */
SIMUL_API int simul_stream_fileno(const simul_stream *stream);

/**
 * How many bytes are kept for sending.
 *
 * @return  bytes
 *
 * Threads:  the loop's
 * asyncio:  WriteTransport.get_write_buffer_size()
 */
SIMUL_API size_t simul_stream_write_buffer_size(const simul_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
