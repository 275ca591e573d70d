/* SPDX-License-Identifier: MIT */
/* The door between looking names up (resolve.c) and the library that asks (resolve_cares.c,
 * the only file that knows which one it is). */
#ifndef SM_NET_RESOLVE_H
#define SM_NET_RESOLVE_H

#include <simul/net.h>

/**
 * What /etc/hosts or the name servers say of a host; may wait. `family`: 0 for both.
 * Returns how many addresses, all with port 0, in the order to try them; or an error of
 * simul_getaddrinfo(). When the task is cancelled everything is dropped at once: sockets
 * are closed, nothing will come later.
 */
int sm_resolve(const char *host, int family, const char *nameserver,
               simul_address **found);

/** What /etc/hosts or the name servers say an address is called, into NI_MAXHOST bytes; may
 *  wait, as above. 0 or an error of simul_getaddrinfo(). */
int sm_resolve_name(const simul_address *address, char *name);

#endif
