/* SPDX-License-Identifier: MIT */
/* Sockets to listen at. */
#ifndef SM_NET_LISTEN_H
#define SM_NET_LISTEN_H

#include <simul/server.h>

/**
 * Bind a socket to each of the addresses and listen; none twice. With port 0 all get the
 * same port, where that is to be had. An address that this machine does not have is left
 * out if another one works.
 *
 * @param fds  filled: n of them at most
 * @return     how many, at least 1; or -errno, with nothing left open
 */
int sm_listen_all(simul_address *at, size_t n, const simul_server_opts *opts, int *fds);

/** Check a socket that somebody else has bound, and listen at it. 0 or -errno. */
int sm_listen_at(int fd, const simul_server_opts *opts);

#endif
