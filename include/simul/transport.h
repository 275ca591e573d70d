/* SPDX-License-Identifier: MIT */
/*
 * Transports and protocols: connections by callbacks, without a task for each. (asyncio: the
 * page "Transports and Protocols".) What is new is mostly easier to write with streams
 * (simul/stream.h); this is for what exists as callbacks, or as a state machine.
 *
 *     static void echo(simul_transport *transport, void *user, const void *data, size_t n)
 *     {
 *         simul_transport_write(transport, data, n);
 *     }
 *     static const simul_protocol echo_protocol = {.data_received = echo};
 *
 * A transport is the connection, a protocol is what is called about it:
 *
 *     connection_made  once, first
 *     data_received    for what comes, in order, never with nothing
 *     eof_received     at most once, when the peer has ended its direction; then no data
 *     pause_writing, resume_writing   in turns, see simul_transport_set_write_buffer_limits()
 *     connection_lost  once, last; only after connection_made
 *
 * Callbacks run on the loop's stack and must not wait; what has to, is done in a task that
 * they start. They run in a copy of the context in which the transport was made (a server's
 * in one of that in which the server was). Those that a protocol has no use for are NULL.
 * pause_writing is called from inside of write(), error_received may be from inside of
 * sendto(), the others are from nowhere but the loop. No
 * callback is called any more once the loop is closed.
 *
 * A transport lives until connection_lost has returned, and until its handle, if somebody
 * took one, is released. Callbacks get it borrowed.
 *
 * Over TLS (opts->tls, or simul_transport_start_tls() of simul/tls.h) all of this is the
 * same, with these additions: connection_made is called after the handshake. The peer's end
 * is his word for it; a connection that ends without is lost with -SIMUL_ETRUNCATED (see
 * simul/tls.h). simul_transport_close() sends what is kept, says the own end and waits up to
 * tls_shutdown_timeout for the peer's; then connection_lost is told -ETIMEDOUT. What is
 * kept for sending is counted as it goes over the wire.
 *
 * Threads:  the loop's, for all functions
 */
#ifndef SIMUL_TRANSPORT_H
#define SIMUL_TRANSPORT_H

#include <simul/datagram.h>
#include <simul/server.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_transport simul_transport;

/** What a connection's events call. `user` is what was given with the protocol.
 *  asyncio: BaseProtocol, Protocol, BufferedProtocol */
typedef struct simul_protocol {
    /** It is connected. asyncio: connection_made() */
    void (*connection_made)(simul_transport *transport, void *user);

    /** It is closed, or lost. `error`: 0 after the own close() or abort(), and after the
     *  peer's end; else what it died of. The socket is closed after the call.
     *  asyncio: connection_lost() */
    void (*connection_lost)(simul_transport *transport, void *user, int error);

    /** n bytes, at least one; valid during the call. asyncio: data_received() */
    void (*data_received)(simul_transport *transport, void *user, const void *data,
                          size_t n);

    /** The peer will send no more. Not 0: the own direction stays open, until the
     *  transport is closed; 0, or no such function: it is closed now.
     *  asyncio: eof_received() */
    int (*eof_received)(simul_transport *transport, void *user);

    /** More than `high` bytes are kept for sending, write no more for now; and: no more
     *  than `low` are. asyncio: pause_writing(), resume_writing() */
    void (*pause_writing)(simul_transport *transport, void *user);
    void (*resume_writing)(simul_transport *transport, void *user);

    /**
     * A protocol with this function receives into memory of its own: it is asked for some
     * before each receive, and told by buffer_updated() how many bytes came; data_received
     * is not called. The memory has to stay until then.
     *
     * @param hint  how many bytes would be welcome; -1: any number
     * @param size  to be set to how many there is room for
     * @return      the memory; NULL, or a size of 0, ends the connection with -ENOBUFS
     *
     * asyncio:  BufferedProtocol.get_buffer()
     */
    void *(*get_buffer)(simul_transport *transport, void *user, ssize_t hint,
                        size_t *size);
    /** asyncio: BufferedProtocol.buffer_updated() */
    void (*buffer_updated)(simul_transport *transport, void *user, size_t n);

    /** A datagram has come, which may be empty; valid during the call. `from`: whose it is;
     *  length 0 if it has no address. asyncio: DatagramProtocol.datagram_received() */
    void (*datagram_received)(simul_transport *transport, void *user, const void *data,
                              size_t n, const simul_address *from);

    /** One could not be sent, or received: -ECONNREFUSED when nobody listens there,
     *  -EMSGSIZE, … The endpoint goes on. asyncio: DatagramProtocol.error_received() */
    void (*error_received)(simul_transport *transport, void *user, int error);

    void *_reserved[2];
} simul_protocol;

/**
 * Says what protocol a server's client gets; called on the loop's stack right before
 * connection_made.
 *
 * @param arg   what the server was given
 * @param user  may be set: what its callbacks get; NULL
 * @return      the protocol, borrowed until connection_lost has returned; NULL: this client
 *              is not wanted, and closed
 */
typedef const simul_protocol *simul_protocol_factory(void *arg, void **user);

/* ---- connecting --------------------------------------------------------------------- */

/**
 * Connect to a host by TCP, as simul_open_connection() does.
 *
 * @param transport  set on success to a handle, to be released with
 *                   simul_transport_release(), which does not close it; NULL: not wanted
 * @param protocol   borrowed until connection_lost has returned; connection_made was called
 *                   when this returns
 * @param user       what its callbacks get
 * @param opts       as there, but not limit; high_water and low_water are the first
 *                   simul_transport_set_write_buffer_limits(); NULL: all defaults
 * @return           0; and then a cancel that came at the very end stays pending
 * @error -EINVAL    also: no protocol, or low_water is more than high_water
 * @error            else as simul_open_connection(), also what concerns opts->tls; no
 *                   callback was called
 *
 * Awaits:   always
 * asyncio:  loop.create_connection(ssl=…)
 */
SIMUL_API int simul_create_connection(simul_transport **transport, const char *host,
                                      const char *port, const simul_protocol *protocol,
                                      void *user, const simul_connect_opts *opts);

/**
 * The same for a connected socket (TCP, Unix, a socketpair), wherever it is from.
 *
 * @param fd  becomes the transport's on success; stays the caller's on failure, unless the
 *            TLS handshake had begun (see below)
 * @error -ENOTSOCK, -EBADF, -EPROTOTYPE  not a socket of type SOCK_STREAM
 * @error -ENOMEM, -SIMUL_ENOTASK, -ECANCELED, -EINVAL
 * @error           with opts->tls also those of simul_stream_start_tls(). The context may
 *                  be a server's, and server_hostname has no default. When it is not
 *                  -EINVAL, -SIMUL_ENOTASK or one of the first line, the socket was closed
 *
 * Awaits:   always
 * asyncio:  loop.create_connection(sock=…), loop.connect_accepted_socket()
 */
SIMUL_API int simul_create_connection_fd(simul_transport **transport, int fd,
                                         const simul_protocol *protocol, void *user,
                                         const simul_connect_opts *opts);

/**
 * Connect to a Unix socket.
 *
 * @param path  as in simul_address_unix(), with its errors
 * @error -ENOENT, -ECONNREFUSED, -EACCES, …
 * @error                else as simul_create_connection(); with opts->tls, -EINVAL without
 *                       server_hostname, which has no default here
 *
 * Awaits:   always
 * asyncio:  loop.create_unix_connection()
 */
SIMUL_API int simul_create_unix_connection(simul_transport **transport,
                                           const char *path,
                                           const simul_protocol *protocol, void *user,
                                           const simul_connect_opts *opts);

/* ---- pipes -------------------------------------------------------------------------- */

/**
 * Read from a pipe, a FIFO, a terminal or another character device, or a socket. Its end is
 * told to eof_received, whose answer does not matter, and connection_lost follows. Writing
 * to the transport is -ENOTSUP.
 *
 * That other processes may share the open file with us is seen to as
 * simul_connect_read_pipe() says.
 *
 * @param transport, protocol, user  as of simul_create_connection()
 * @param fd  becomes the transport's on success; stays the caller's on failure
 * @return    0; and then a cancel that came at the very end stays pending
 * @error -EINVAL         a regular file, a directory, something else that is no pipe; no
 *                        protocol
 * @error -EBADF          not a descriptor
 * @error -EPROTOTYPE     a socket that is not of type SOCK_STREAM
 * @error -ENOMEM, -EMFILE, -SIMUL_ENOTASK, -ECANCELED
 *
 * Awaits:   always
 * asyncio:  loop.connect_read_pipe()
 */
SIMUL_API int simul_connect_read_pipe_protocol(simul_transport **transport, int fd,
                                               const simul_protocol *protocol,
                                               void *user);

/**
 * The same for writing: nothing is received, and simul_transport_write_eof() is as
 * simul_transport_close(). That the reader of a pipe, or the peer of a socket, has left is
 * noticed without writing: connection_lost is told 0, or -EPIPE if something was still to
 * be sent.
 *
 * @return  as simul_connect_read_pipe_protocol()
 *
 * Awaits:   always
 * asyncio:  loop.connect_write_pipe()
 */
SIMUL_API int simul_connect_write_pipe_protocol(simul_transport **transport, int fd,
                                                const simul_protocol *protocol,
                                                void *user);

/* ---- datagrams ---------------------------------------------------------------------- */

/**
 * Open an endpoint for datagrams, as simul_datagram_open() does.
 *
 * Of the protocol connection_made, datagram_received, error_received, pause_writing,
 * resume_writing and connection_lost are called. What comes while reading is paused the
 * kernel keeps, as far as it has room.
 *
 * @param transport, protocol, user  as of simul_create_connection()
 * @param opts  as there
 * @return      0; and then a cancel that came at the very end stays pending
 * @error -EINVAL  also: no protocol
 * @error          else as simul_datagram_open(); no callback was called
 *
 * Awaits:   always
 * asyncio:  loop.create_datagram_endpoint()
 */
SIMUL_API int simul_create_datagram_endpoint(simul_transport **transport,
                                             const simul_protocol *protocol, void *user,
                                             const simul_datagram_opts *opts);

/**
 * The same for a socket; as simul_datagram_open_fd().
 *
 * Awaits:   always
 * asyncio:  loop.create_datagram_endpoint(sock=…)
 */
SIMUL_API int simul_create_datagram_endpoint_fd(simul_transport **transport, int fd,
                                                const simul_protocol *protocol,
                                                void *user);

/**
 * Send a datagram: at once, or, while there is no room, later and in order; then it counts
 * 8 bytes more than it has in the write buffer. What goes wrong in sending is told to
 * error_received, maybe before this returns. When the endpoint is closing nothing is sent,
 * as in simul_transport_write().
 *
 * @param to  NULL: the remote address of the endpoint
 * @return    0
 * @error -EDESTADDRREQ  no address, and the endpoint has no remote one
 * @error -EINVAL        an address other than the remote one of a connected endpoint
 * @error -ENOTSUP       not an endpoint for datagrams (and for those simul_transport_write()
 *                       says so)
 * @error -ENOMEM        there is no room to keep it; it was not sent
 *
 * asyncio:  DatagramTransport.sendto()
 */
SIMUL_API int simul_transport_sendto(simul_transport *transport, const void *data,
                                     size_t n, const simul_address *to);

/* ---- serving ------------------------------------------------------------------------ */

/**
 * Listen by TCP; each client gets the protocol that the factory gives. All functions of
 * simul_server are for this one, too: closing and aborting clients is
 * simul_transport_close() and _abort() for each, who counts as a client until
 * connection_lost has returned. There are no tasks for simul_server_cancel_clients() to
 * cancel, but those in which clients shake hands, if there is TLS; who fails in that is
 * closed, and the factory not asked.
 *
 * @param factory  and `arg`: borrowed until the server and all its clients have ended
 * @param opts     as of simul_start_server(), but not limit; stack_size is for handshakes
 * @error          as simul_start_server()
 *
 * Awaits:   only if a name server has to be asked
 * asyncio:  loop.create_server(ssl=…)
 */
SIMUL_API int simul_create_server(simul_server **server, const char *host,
                                  const char *port, simul_protocol_factory *factory,
                                  void *arg, const simul_server_opts *opts);

/**
 * The same at sockets that are bound (TCP or Unix); as simul_start_server_fds().
 *
 * Awaits:   never
 * asyncio:  loop.create_server(sock=…), loop.create_unix_server(sock=…)
 */
SIMUL_API int simul_create_server_fds(simul_server **server, const int *fds, size_t n,
                                      simul_protocol_factory *factory, void *arg,
                                      const simul_server_opts *opts);

/**
 * The same at a Unix socket; as simul_start_unix_server().
 *
 * Awaits:   never
 * asyncio:  loop.create_unix_server()
 */
SIMUL_API int simul_create_unix_server(simul_server **server, const char *path,
                                       simul_protocol_factory *factory, void *arg,
                                       const simul_server_opts *opts);

/* ---- the end ------------------------------------------------------------------------ */

/**
 * Close: nothing more is received, what is kept is still sent; then connection_lost is
 * called. Twice does nothing.
 *
 * asyncio:  BaseTransport.close()
 */
SIMUL_API void simul_transport_close(simul_transport *transport);

/**
 * Close now: what is kept is dropped, connection_lost is called in the next pass. Also after
 * simul_transport_close(), while that still sends.
 *
 * asyncio:  WriteTransport.abort()
 */
SIMUL_API void simul_transport_abort(simul_transport *transport);

/** Whether it is closed, closing, or lost. asyncio: BaseTransport.is_closing() */
SIMUL_API bool simul_transport_is_closing(const simul_transport *transport);

/** Give a handle back; the connection goes on. NULL does nothing.
 *  asyncio: (the transport goes out of scope) */
SIMUL_API void simul_transport_release(simul_transport *transport);

/* ---- reading ------------------------------------------------------------------------ */

/**
 * No data and no end are delivered until simul_transport_resume_reading(). Called in
 * connection_made it holds from the first byte on. Twice, or when it is closing, neither
 * does anything.
 *
 * asyncio:  ReadTransport.pause_reading(), resume_reading()
 */
SIMUL_API void simul_transport_pause_reading(simul_transport *transport);
SIMUL_API void simul_transport_resume_reading(simul_transport *transport);

/** Neither paused nor closing. asyncio: ReadTransport.is_reading() */
SIMUL_API bool simul_transport_is_reading(const simul_transport *transport);

/* ---- writing ------------------------------------------------------------------------ */

/**
 * Send n bytes: at once what the kernel takes, the rest is copied and sent in the
 * background. There is no bound to that but pause_writing.
 *
 * When the connection is closing or lost nothing is written, and 0 is returned; from the
 * fifth time on that is warned of in the log. An error in sending is told to
 * connection_lost.
 *
 * @return  0
 * @error -SIMUL_ESTATE  after simul_transport_write_eof(), or while
 *                       simul_transport_start_tls() is under way; nothing was written
 * @error -EINVAL        n (or the sum of all pieces) is more than SSIZE_MAX
 * @error -ENOMEM        no room to keep the rest: the connection is lost by that, which
 *                       connection_lost will be told
 *
 * asyncio:  WriteTransport.write()
 */
SIMUL_API int simul_transport_write(simul_transport *transport, const void *data,
                                    size_t n);

/** The same for several pieces, as one. asyncio: WriteTransport.writelines() */
SIMUL_API int simul_transport_writelines(simul_transport *transport,
                                         const struct iovec *pieces, int n);

/**
 * End the own direction behind everything that was written; receiving goes on. Twice, or
 * when it is closing, does nothing.
 *
 * asyncio:  WriteTransport.write_eof()
 */
SIMUL_API void simul_transport_write_eof(simul_transport *transport);

/** Whether that can be: not with datagrams, nor what is only read. asyncio:
 *  WriteTransport.can_write_eof() */
SIMUL_API bool simul_transport_can_write_eof(const simul_transport *transport);

/** How many bytes are kept for sending. asyncio: WriteTransport.get_write_buffer_size() */
SIMUL_API size_t
simul_transport_get_write_buffer_size(const simul_transport *transport);

/**
 * When the protocol is told to stop writing: when more than `high` bytes are kept; and to
 * go on: when no more than `low` are. With high 0 it is whenever something is kept.
 *
 * @param high, low  bytes; -1: high is 4 * low, or 64 KiB if that is -1, too; low is
 *                   high / 4
 * @return           0
 * @error -EINVAL    not 0 <= low <= high
 *
 * asyncio:  WriteTransport.set_write_buffer_limits()
 */
SIMUL_API int simul_transport_set_write_buffer_limits(simul_transport *transport,
                                                      ssize_t high, ssize_t low);

/** Each may be NULL. asyncio: WriteTransport.get_write_buffer_limits() */
SIMUL_API void simul_transport_get_write_buffer_limits(const simul_transport *transport,
                                                       size_t *low, size_t *high);

/* ---- protocols and questions --------------------------------------------------------- */

/**
 * Another protocol from the next event on; connection_made is not called for it.
 *
 * @param protocol  borrowed, as that of simul_create_connection()
 *
 * asyncio:  BaseTransport.set_protocol()
 */
SIMUL_API void simul_transport_set_protocol(simul_transport *transport,
                                            const simul_protocol *protocol, void *user);

/** Returns its protocol, and in *user (unless that is NULL) what its callbacks get; NULL: a
 *  client that was not wanted. asyncio: BaseTransport.get_protocol() */
SIMUL_API const simul_protocol *
simul_transport_get_protocol(const simul_transport *transport, void **user);

/** Of simul_transport_get_extra_info(). */
typedef enum simul_extra_info {
    SIMUL_INFO_SOCKET,   /* int: the descriptor; the transport's, do not close it */
    SIMUL_INFO_PEERNAME, /* simul_address: of the other end, as it was at first */
    SIMUL_INFO_SOCKNAME, /* simul_address: of this one */
    /* Of TLS; the texts are those of simul_stream_tls_version() and so on, const char *,
     * valid as long as the transport. */
    SIMUL_INFO_TLS_VERSION,
    SIMUL_INFO_TLS_CIPHER,
    SIMUL_INFO_TLS_ALPN,
    SIMUL_INFO_TLS_HOSTNAME,
    SIMUL_INFO_TLS_RESUMED,  /* bool */
    SIMUL_INFO_TLS_CONTEXT,  /* simul_tls_context *: the transport's */
    SIMUL_INFO_TLS_PEERCERT, /* simul_tls_certificate *: to be released with
                                simul_tls_certificate_release() */
} simul_extra_info;

/**
 * What is known about it.
 *
 * @param answer  set on success; of the type that stands at `what`
 * @return        0
 * @error -ENOTCONN       there is no such name
 * @error -ENODATA        there is no TLS, it was not agreed on, the peer has shown none
 * @error -SIMUL_ESTATE   the socket is closed (names are known on)
 * @error -ENOMEM         (of a certificate)
 * @error -EINVAL         no such question
 *
 * asyncio:  BaseTransport.get_extra_info()
 */
SIMUL_API int simul_transport_get_extra_info(const simul_transport *transport,
                                             simul_extra_info what, void *answer);

#ifdef __cplusplus
}
#endif

#endif
