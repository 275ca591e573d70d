/* SPDX-License-Identifier: MIT */
/* Finding names of addresses. */
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "net/resolve.h"

enum { KNOWN = NI_NUMERICHOST | NI_NUMERICSERV | NI_NAMEREQD | NI_DGRAM };

static int hand_out(const char *found, char *text, size_t size)
{
    size_t n = strlen(found);
    if (n >= size)
        return -ENOSPC;
    memcpy(text, found, n + 1);
    return 0;
}

static int find_host(const simul_address *address, int flags, char *host, size_t size)
{
    char name[NI_MAXHOST];
    int r = flags & NI_NUMERICHOST ? -SIMUL_ENONAME : sm_resolve_name(address, name);
    if (r == -SIMUL_ENONAME && !(flags & NI_NAMEREQD))
        r = simul_address_host(address, name, sizeof name);
    return r < 0 ? r : hand_out(name, host, size);
}

static int find_service(const simul_address *address, int flags, char *port,
                        size_t size)
{
    struct servent entry, *found = NULL;
    char room[1024], text[8];
    int number = simul_address_port(address);
    if (!(flags & NI_NUMERICSERV))
        getservbyport_r(htons((uint16_t)number), flags & NI_DGRAM ? "udp" : "tcp",
                        &entry, room, sizeof room, &found);
    snprintf(text, sizeof text, "%d", number);
    return hand_out(found ? found->s_name : text, port, size);
}

int simul_getnameinfo(const simul_address *address, int flags, char *host,
                      size_t host_size, char *port, size_t port_size)
{
    int family = address->socket.ss_family;
    if (family != AF_INET && family != AF_INET6)
        return -EAFNOSUPPORT;
    if (flags & ~KNOWN)
        return -EINVAL;
    int r = host ? find_host(address, flags, host, host_size) : 0;
    return r < 0 || !port ? r : find_service(address, flags, port, port_size);
}
