/* SPDX-License-Identifier: MIT */
/*
 * Datagrams, by UDP and Unix sockets. (asyncio: create_datagram_endpoint() of the page "Event
 * Loop"; here its endpoint is read and written by plain calls.)
 *
 *     simul_datagram *udp;
 *     int r = simul_datagram_open(&udp, &(simul_datagram_opts){.local_port = "9999"});
 *     while (r >= 0) {
 *         ssize_t n = simul_datagram_recvfrom(udp, buf, sizeof buf, &peer);
 *         r = n < 0 ? n : simul_datagram_sendto(udp, buf, n, &peer);
 *     }
 *     simul_datagram_release(udp);
 *
 * One task may wait to receive and another one to send. An error of a call is that call's
 * alone: the endpoint goes on. What nobody receives the kernel keeps, as far as it has room,
 * and drops beyond.
 */
#ifndef SIMUL_DATAGRAM_H
#define SIMUL_DATAGRAM_H

#include <simul/net.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simul_datagram simul_datagram;

/** Keyword arguments of simul_datagram_open(); zero and NULL mean the default. */
typedef struct simul_datagram_opts {
    const char *local_host;  /* where to receive; NULL: all interfaces … */
    const char *local_port;  /* … at a port of the kernel's choice */
    const char *remote_host; /* whom to send to; who is heard, too */
    const char *remote_port;
    const char
        *local_path; /* the same for Unix sockets, see simul_address_unix(); an */
    const char *remote_path; /* endpoint without local_path cannot be answered */
    int family; /* AF_INET or AF_INET6 only; AF_UNIX; needed if there are no addresses */
    bool reuse_port; /* SO_REUSEPORT: several processes may receive at the address */
    bool allow_broadcast;   /* SO_BROADCAST; with remote_host everybody is heard */
    unsigned mode;          /* of the file of local_path; 0: as the umask has it */
    const char *nameserver; /* see simul/net.h */
    void *_reserved[6];
} simul_datagram_opts;

/**
 * Open an endpoint. With remote addresses it is connected: it hears nobody else, and
 * -ECONNREFUSED is told. A socket file at local_path is replaced; it is removed when the
 * endpoint is closed, unless somebody else's has taken its place.
 *
 * @param ret   set on success; to be released with simul_datagram_release()
 * @return      0
 * @error -EINVAL         no address and no family, or a path and a host
 * @error -SIMUL_ENONAME, -SIMUL_EHOSTNAME  as simul_getaddrinfo()
 * @error -EADDRNOTAVAIL  local and remote addresses are of different families
 * @error -EADDRINUSE, -EACCES, -ENETUNREACH, …  of the first address, when all failed
 * @error -ECANCELED      the task was cancelled; nothing was opened
 * @error -ENOMEM, -EMFILE, …
 * @error -SIMUL_ENOTASK  called outside of a task
 *
 * Awaits:   only if a name server has to be asked
 * Threads:  the loop's
 * asyncio:  loop.create_datagram_endpoint()
 */
SIMUL_API int simul_datagram_open(simul_datagram **ret,
                                  const simul_datagram_opts *opts);

/**
 * Make an endpoint of a socket.
 *
 * @param fd  becomes the endpoint's on success, and non-blocking; stays the caller's on
 *            failure
 * @return    0
 * @error -ENOTSOCK, -EBADF, -EPROTOTYPE  not a socket of type SOCK_DGRAM
 * @error -ENOMEM
 * @error -SIMUL_ENOLOOP  no loop runs in this thread
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  loop.create_datagram_endpoint(sock=…)
 */
SIMUL_API int simul_datagram_open_fd(simul_datagram **ret, int fd);

/**
 * Receive a datagram.
 *
 * @param from  filled with whom it is from; length 0 if it has no address; may be NULL
 * @return      its size; 0 for an empty one
 * @error -EMSGSIZE           it has more than n bytes: these are in `buf`, the rest is lost
 * @error -ECONNREFUSED, …    an earlier one did not arrive: nobody listens there
 * @error -SIMUL_ESTATE       the endpoint is closed, or was meanwhile
 * @error -SIMUL_ECONCURRENT  another task waits to receive
 * @error -ECANCELED          the task was cancelled; nothing was taken
 * @error -SIMUL_ENOTASK      called outside of a task
 *
 * Waiting in here does not hold a virtual clock: a datagram may never come.
 *
 * Awaits:   only if nothing is there
 * Threads:  the loop's
 * asyncio:  DatagramProtocol.datagram_received(), .error_received()
 */
SIMUL_API ssize_t simul_datagram_recvfrom(simul_datagram *datagram, void *buf, size_t n,
                                          simul_address *from);

/**
 * Send a datagram; all of it or nothing.
 *
 * @param to  NULL: the remote address of the endpoint
 * @return    n
 * @error -EMSGSIZE           it is too large for the network
 * @error -ECONNREFUSED, …    an earlier one did not arrive; this one was not sent
 * @error -EDESTADDRREQ       no address, and the endpoint has no remote one
 * @error -EINVAL             an address other than the remote one of a connected endpoint
 * @error -ENETUNREACH, -EACCES (broadcast), …  as sendto(2)
 * @error -SIMUL_ESTATE, -SIMUL_ECONCURRENT, -ECANCELED, -SIMUL_ENOTASK  as above
 *
 * Awaits:   only if there is no room
 * Threads:  the loop's
 * asyncio:  DatagramTransport.sendto()
 */
SIMUL_API ssize_t simul_datagram_sendto(simul_datagram *datagram, const void *data,
                                        size_t n, const simul_address *to);

/**
 * The endpoint's own address; the port that the kernel chose.
 *
 * @return  0
 * @error -SIMUL_ESTATE  closed
 *
 * Threads:  the loop's
 * asyncio:  DatagramTransport.get_extra_info("sockname")
 */
SIMUL_API int simul_datagram_sockname(const simul_datagram *datagram,
                                      simul_address *name);

/**
 * The address to which it is connected.
 *
 * @return  0
 * @error -ENOTCONN      to none
 * @error -SIMUL_ESTATE  closed
 *
 * Threads:  the loop's
 * asyncio:  DatagramTransport.get_extra_info("peername")
 */
SIMUL_API int simul_datagram_peername(const simul_datagram *datagram,
                                      simul_address *name);

/**
 * Its descriptor, for setsockopt(2).
 *
 * @return  the endpoint's, do not close it
 * @error -SIMUL_ESTATE  closed
 *
 * Threads:  the loop's
 * asyncio:  DatagramTransport.get_extra_info("socket")
 */
SIMUL_API int simul_datagram_fileno(const simul_datagram *datagram);

/**
 * Close it; what was sent is the kernel's. Those who wait in it get -SIMUL_ESTATE. Twice, or
 * with NULL, does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  DatagramTransport.close(), .abort()
 */
SIMUL_API void simul_datagram_close(simul_datagram *datagram);

/**
 * Close it and give it back. NULL does nothing.
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  (the transport goes out of scope)
 */
SIMUL_API void simul_datagram_release(simul_datagram *datagram);

#ifdef __cplusplus
}
#endif

#endif
