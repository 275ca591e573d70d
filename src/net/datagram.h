/* SPDX-License-Identifier: MIT */
/*
 * An endpoint for datagrams from inside: shared by datagram.c (its life and its calls) and
 * datagram_open.c.
 */
#ifndef SM_NET_DATAGRAM_H
#define SM_NET_DATAGRAM_H

#include <simul/datagram.h>

#include "net/unix_name.h"

/**
 * Make an endpoint of an open socket.
 *
 * @param name  its file; may be NULL. The endpoint's on success, as is `fd`
 * @param peer  where to send to without an address, unless it is connected; may be NULL
 * @return      0 or -ENOMEM
 */
int sm_datagram_make(simul_datagram **ret, int fd, struct sm_unix_name *name,
                     const simul_address *peer);

/** Whom it sends to without an address, though it is not connected; NULL: nobody. */
const simul_address *sm_datagram_peer(const simul_datagram *datagram);

/** Free one without closing its descriptor, which has no file. */
void sm_datagram_give_back(simul_datagram *datagram);

#endif
