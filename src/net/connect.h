/* SPDX-License-Identifier: MIT */
/* Connecting to one of several addresses; apart from names, so that tests can choose them. */
#ifndef SM_NET_CONNECT_H
#define SM_NET_CONNECT_H

#include <simul/stream.h>

/** Reorder so that the families take turns, beginning with that of the first (RFC 8305). */
void sm_interleave(simul_address *addresses, size_t n);

/**
 * Connect to the first of `to` that answers; awaits. `from`: addresses to bind to, of which
 * the first of the right family is taken; NULL if there are none. Both arrays are the
 * callee's, and freed in any case. Returns the connected socket, or -errno: that of the
 * first address if all failed.
 */
int sm_connect_any(simul_address *to, size_t n_to, simul_address *from, size_t n_from,
                   const simul_connect_opts *opts);

/** Look the host up, and that to connect from, and connect: the socket, or -errno. */
int sm_connect_by_name(const char *host, const char *port,
                       const simul_connect_opts *opts);

/** May a stream to `host` (NULL: none) be secured as `opts` want it? 0 or an error. Both may
 *  be NULL. */
int sm_may_secure(const char *host, const simul_connect_opts *opts);

/** The last step: TLS, if it is wanted. The stream is given back when that fails. */
int sm_secured(simul_stream **ret, simul_stream *made, const char *host,
               const simul_connect_opts *opts);

#endif
