/* SPDX-License-Identifier: MIT */
/*
 * Sockets that the program made itself. (asyncio: "Working with socket objects directly" on
 * the page "Event Loop".)
 *
 * The descriptors stay the caller's in every case, and must be non-blocking: accepting at,
 * connecting and sending a file to a blocking one is refused with -EINVAL, the rest too in
 * debug mode. Each call first tries, and waits only if it would block.
 *
 * One task may wait to receive from (or accept at) a descriptor and another one to send to
 * it. A second one in the same direction gets -SIMUL_ECONCURRENT, as does one beside
 * simul_add_reader() or simul_add_writer(). A descriptor must not be closed while a task
 * waits on it.
 *
 * Cancelling takes nothing from the socket: what had come waits there for the next call.
 *
 * Errors of every function here, beside its own:
 *   -ECANCELED          the task was cancelled; nothing was received or sent
 *   -EINVAL             the descriptor is a blocking one; see above
 *   -SIMUL_ECONCURRENT  another task waits for the same
 *   -SIMUL_ENOTASK      called outside of a task
 *   -EBADF, -ENOTSOCK, -ENOMEM, …
 */
#ifndef SIMUL_SOCK_H
#define SIMUL_SOCK_H

#include <simul/net.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Receive up to n bytes.
 *
 * @return  how many; 0 at the end of the connection (or an empty datagram)
 * @error -ECONNRESET, -ECONNREFUSED, …  as recv(2)
 *
 * Awaits:   only if nothing is there
 * Threads:  the loop's
 * asyncio:  loop.sock_recv(), loop.sock_recv_into()
 */
SIMUL_API ssize_t simul_sock_recv(int fd, void *buf, size_t n);

/**
 * Receive a datagram; what does not fit into `buf` is lost.
 *
 * @param from  filled with whom it is from; length 0 if it has no address; may be NULL
 * @return      its size, as far as it fits
 *
 * Waiting in here does not hold a virtual clock: a datagram may never come.
 *
 * Awaits:   only if nothing is there
 * Threads:  the loop's
 * asyncio:  loop.sock_recvfrom(), loop.sock_recvfrom_into()
 */
SIMUL_API ssize_t simul_sock_recvfrom(int fd, void *buf, size_t n, simul_address *from);

/**
 * Send all of n bytes.
 *
 * @return  n
 * @error -ECANCELED     the task was cancelled and nothing was sent
 * @error -SIMUL_EBROKEN the task was cancelled when a part was sent; nobody knows how much
 * @error -EPIPE, -ECONNRESET, …  as send(2); a part may have been sent. No SIGPIPE is raised
 *
 * Awaits:   only if there is no room
 * Threads:  the loop's
 * asyncio:  loop.sock_sendall()
 */
SIMUL_API ssize_t simul_sock_sendall(int fd, const void *data, size_t n);

/**
 * Send a datagram.
 *
 * @param to  NULL: the peer to whom the socket is connected
 * @return    n
 * @error -EMSGSIZE, -ECONNREFUSED, -EACCES, …  as sendto(2)
 *
 * Awaits:   only if there is no room
 * Threads:  the loop's
 * asyncio:  loop.sock_sendto()
 */
SIMUL_API ssize_t simul_sock_sendto(int fd, const void *data, size_t n,
                                    const simul_address *to);

/**
 * Send a file, or a part of it, without copying it where the system can.
 *
 * @param fd      a socket of type SOCK_STREAM
 * @param file    stands behind what was sent when this returns, also with an error
 * @param offset  where in the file to begin
 * @param count   bytes, or as many as there are; 0: to the end
 * @return        how many bytes were sent
 * @error -EPROTOTYPE    a socket of another type
 * @error -ESPIPE        the file has no positions: it is a pipe
 * @error -ECANCELED     the task was cancelled and nothing was sent
 * @error -SIMUL_EBROKEN the task was cancelled when a part was sent
 * @error -EIO, -EPIPE, -ECONNRESET, …  a part may have been sent
 *
 * What the system cannot send by itself is read by a thread (simul/file.h).
 *
 * Awaits:   only if there is no room, or a thread reads
 * Threads:  the loop's
 * asyncio:  loop.sock_sendfile()
 */
SIMUL_API ssize_t simul_sock_sendfile(int fd, int file, off_t offset, size_t count);

/**
 * Take in a connection.
 *
 * @param peer  filled with whom it is from; may be NULL
 * @return      a descriptor, non-blocking and close-on-exec, the caller's
 * @error -ECANCELED             none was taken: the next call gets it
 * @error -EMFILE, -ENFILE, …    as accept(2); the listener goes on
 *
 * Waiting in here does not hold a virtual clock.
 *
 * Awaits:   only if nobody is there
 * Threads:  the loop's
 * asyncio:  loop.sock_accept()
 */
SIMUL_API int simul_sock_accept(int fd, simul_address *peer);

/**
 * Connect to an address.
 *
 * @return  0
 * @error -ECONNREFUSED, -ETIMEDOUT, …  as connect(2); simul_message() of the task says to
 *                    whom
 * @error -EAGAIN     the queue of a Unix socket is full: try again later
 * @error -ECANCELED  the task was cancelled; the connection may still come about, so the
 *                    descriptor is fit for closing only
 *
 * Awaits:   unless it is connected, or fails, at once
 * Threads:  the loop's
 * asyncio:  loop.sock_connect()
 */
SIMUL_API int simul_sock_connect(int fd, const simul_address *to);

/**
 * The same to a host: to the first of its addresses that is of the socket's family.
 *
 * @param host, port  as in simul_getaddrinfo()
 * @return            0
 * @error -SIMUL_ENONAME, -SIMUL_EHOSTNAME, -EINVAL  as simul_getaddrinfo(); -EINVAL also for
 *                    a socket that is neither AF_INET nor AF_INET6
 * @error             else as simul_sock_connect()
 *
 * Awaits:   as simul_getaddrinfo() and simul_sock_connect() do
 * Threads:  the loop's
 * asyncio:  loop.sock_connect()
 */
SIMUL_API int simul_sock_connect_host(int fd, const char *host, const char *port);

#ifdef __cplusplus
}
#endif

#endif
