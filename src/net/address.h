/* SPDX-License-Identifier: MIT */
/* Making, comparing and parsing addresses. */
#ifndef SM_NET_ADDRESS_H
#define SM_NET_ADDRESS_H

#include <simul/net.h>

/** AF_INET or AF_INET6, from the 4 or 16 bytes of an address; port 0. */
void sm_address_set(simul_address *address, int family, const void *bytes);

void sm_address_set_port(simul_address *address, int port);

/** "127.0.0.1", "::1", "fe80::1%eth0"; false if it is anything else. */
bool sm_address_parse(simul_address *address, const char *text);

/** The same place, port included. */
bool sm_address_same(const simul_address *a, const simul_address *b);

static inline const struct sockaddr *sm_address_socket(const simul_address *address)
{
    return (const struct sockaddr *)&address->socket;
}

#endif
