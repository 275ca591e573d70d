/* SPDX-License-Identifier: MIT */
/* Whose callbacks they are, and what is known of a transport. */
#include "net/transport.h"

void simul_transport_set_protocol(simul_transport *transport,
                                  const simul_protocol *protocol, void *user)
{
    transport->protocol = protocol;
    transport->user = user;
}

const simul_protocol *simul_transport_get_protocol(const simul_transport *transport,
                                                   void **user)
{
    if (user)
        *user = transport->user;
    return transport->protocol;
}

static int name_of(const simul_address *name, simul_address *answer)
{
    if (name->length == 0)
        return -ENOTCONN;
    *answer = *name;
    return 0;
}

int simul_transport_get_extra_info(const simul_transport *transport,
                                   simul_extra_info what, void *answer)
{
    switch (what) {
    case SIMUL_INFO_PEERNAME:
        return name_of(&transport->peername, answer);
    case SIMUL_INFO_SOCKNAME:
        return name_of(&transport->sockname, answer);
    case SIMUL_INFO_SOCKET:
        if (transport->fd < 0)
            return -SIMUL_ESTATE;
        *(int *)answer = transport->fd;
        return 0;
    default:
        break;
    }
    if (what < SIMUL_INFO_TLS_VERSION || what > SIMUL_INFO_TLS_PEERCERT)
        return -EINVAL;
    return transport->tls ? transport->tls->info(transport, what, answer) : -ENODATA;
}
