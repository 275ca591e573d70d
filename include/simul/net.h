/* SPDX-License-Identifier: MIT */
/*
 * Names and addresses of the network. (asyncio: getaddrinfo() and getnameinfo() of the page "Event Loop".)
 *
 * Names are looked up without a thread and without blocking: numbers, "localhost" and what
 * /etc/hosts says at once, the rest by questions to the name servers of /etc/resolv.conf,
 * or of $SIMUL_NAMESERVER ("192.0.2.1", "127.0.0.1:5353", several with commas).
 */
#ifndef SIMUL_NET_H
#define SIMUL_NET_H

#include <simul/task.h>
#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One address with its port, as connect(2) takes it. */
typedef struct simul_address {
    socklen_t length;
    struct sockaddr_storage socket; /* AF_INET, AF_INET6, AF_UNIX */
} simul_address;

/** Room for any address as text, "[2001:db8::1%interface]:65535", with its end. */
#define SIMUL_ADDRESS_TEXT 128

/** Keyword arguments of simul_getaddrinfo(); zero and NULL mean the default. */
typedef struct simul_resolve_opts {
    int family;   /* AF_INET or AF_INET6 only; 0: both */
    bool passive; /* to listen at: without a host all interfaces, not loopback */
    bool numeric; /* the host must be a number: no name is looked up */
    const char *nameserver; /* asked instead of those of the system; see above */
    void *_reserved[4];
} simul_resolve_opts;

/**
 * Find the addresses of a host.
 *
 * @param host   a name, or an address as text; NULL or "": this machine
 * @param port   a number, or the name of a service; NULL: 0
 * @param opts   NULL: all defaults
 * @param found  set on success: an array, to be released with simul_addresses_release();
 *               in the order in which they should be tried
 * @return       how many there are, at least 1
 * @error -SIMUL_ENONAME    there is no such host, or it has no address of that family
 * @error -SIMUL_EHOSTNAME  no name server gave a usable answer in time
 * @error -EINVAL           the port is no number up to 65535 and no known service, or the
 *                          host cannot be a name
 * @error -ECANCELED        the task was cancelled; the questions are dropped at once
 * @error -ENOMEM
 *
 * Awaits:   only if a name server has to be asked
 * Threads:  the loop's
 * asyncio:  loop.getaddrinfo()
 */
SIMUL_API int simul_getaddrinfo(const char *host, const char *port,
                                const simul_resolve_opts *opts, simul_address **found);

/**
 * Find the names of an address and of its port.
 *
 * @param address    AF_INET or AF_INET6
 * @param flags      of <netdb.h>: NI_NUMERICHOST (ask nobody), NI_NUMERICSERV, NI_NAMEREQD
 *                   (an error without a name, instead of the number), NI_DGRAM (the
 *                   service's name in UDP); 0: none
 * @param host       filled with at most host_size bytes; NULL: not wanted.
 *                   NI_MAXHOST (1025) is always enough
 * @param port       the same; NI_MAXSERV (32)
 * @return           0
 * @error -SIMUL_ENONAME    with NI_NAMEREQD: it has no name
 * @error -SIMUL_EHOSTNAME  no name server gave a usable answer in time
 * @error -EAFNOSUPPORT     another family
 * @error -EINVAL           another flag
 * @error -ENOSPC           something does not fit
 * @error -ECANCELED        the task was cancelled; the questions are dropped at once
 * @error -ENOMEM
 *
 * Awaits:   only if a name server has to be asked
 * Threads:  the loop's
 * asyncio:  loop.getnameinfo()
 */
SIMUL_API int simul_getnameinfo(const simul_address *address, int flags, char *host,
                                size_t host_size, char *port, size_t port_size);

/**
 * Give back what simul_getaddrinfo() found. NULL does nothing.
 *
 * Threads:  any
 * asyncio:  (a list goes out of scope)
 */
SIMUL_API void simul_addresses_release(simul_address *found);

/**
 * The address of a Unix socket.
 *
 * @param address  set on success
 * @param path     of its file; "@name" is the abstract name "name", which is in no file
 *                 system ("./@name" is a file)
 * @return         0
 * @error -EINVAL        the path is NULL or empty
 * @error -ENAMETOOLONG  it is longer than 107 bytes
 *
 * Threads:  any
 * asyncio:  (a path, or "\\0name", as an address)
 */
SIMUL_API int simul_address_unix(simul_address *address, const char *path);

/**
 * An address as text, with its port: "127.0.0.1:80", "[::1]:80", the path of a Unix socket.
 *
 * @param text  filled with at most size bytes, its end included; SIMUL_ADDRESS_TEXT is
 *              always enough
 * @return      the length of the text
 * @error -ENOSPC        it does not fit; `text` is ""
 * @error -EAFNOSUPPORT  none of the families above; `text` is ""
 *
 * Threads:  any
 * asyncio:  (the tuple of an address)
 */
SIMUL_API int simul_address_text(const simul_address *address, char *text, size_t size);

/**
 * The same without the port and the brackets: "127.0.0.1", "::1".
 *
 * @return  the length of the text; errors as simul_address_text()
 *
 * Threads:  any
 * asyncio:  (the tuple of an address)
 */
SIMUL_API int simul_address_host(const simul_address *address, char *text, size_t size);

/**
 * The port of an address.
 *
 * @return  0 to 65535; 0 for families without ports
 *
 * Threads:  any
 * asyncio:  (the tuple of an address)
 */
SIMUL_API int simul_address_port(const simul_address *address);

#ifdef __cplusplus
}
#endif

#endif
