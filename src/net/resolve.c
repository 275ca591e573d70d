/* SPDX-License-Identifier: MIT */
/* Finding addresses: what needs nobody to be asked is answered here. */
#include "net/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "net/address.h"

enum { PORT_MAX = 65535, HOST_MAX = 255 };

static int service_port(const char *name)
{
    struct servent entry, *found = NULL;
    char room[1024];
    int r = getservbyname_r(name, "tcp", &entry, room, sizeof room, &found);
    return r == 0 && found ? ntohs((uint16_t)found->s_port) : -EINVAL;
}

static int parse_port(const char *port)
{
    if (!port || !*port)
        return 0;
    if (*port < '0' || *port > '9')
        return service_port(port);
    char *end;
    unsigned long number = strtoul(port, &end, 10);
    return *end || number > PORT_MAX ? -EINVAL : (int)number;
}

/* IPv6 first, as RFC 6724 would have it. */
static int both(const void *in6, const void *in, int family, simul_address **found)
{
    simul_address *all = sm_malloc(2 * sizeof *all);
    if (!all)
        return -ENOMEM;
    int n = 0;
    if (family != AF_INET)
        sm_address_set(&all[n++], AF_INET6, in6);
    if (family != AF_INET6)
        sm_address_set(&all[n++], AF_INET, in);
    *found = all;
    return n;
}

static int loopback(int family, simul_address **found)
{
    const uint32_t in = htonl(INADDR_LOOPBACK);
    return both(&in6addr_loopback, &in, family, found);
}

static int all_interfaces(int family, simul_address **found)
{
    const uint32_t in = htonl(INADDR_ANY);
    return both(&in6addr_any, &in, family, found);
}

static int one(const simul_address *address, int family, simul_address **found)
{
    if (family && address->socket.ss_family != family)
        return -SIMUL_ENONAME;
    simul_address *copy = sm_malloc(sizeof *copy);
    if (!copy)
        return -ENOMEM;
    *copy = *address;
    *found = copy;
    return 1;
}

/* RFC 6761: "localhost" and everything under it is loopback, whoever may be asked. */
static bool is_localhost(const char *host)
{
    static const char name[] = "localhost";
    size_t n = strlen(host);
    if (n > 0 && host[n - 1] == '.')
        n--;
    if (n < sizeof name - 1
        || strncasecmp(host + n - (sizeof name - 1), name, sizeof name - 1) != 0)
        return false;
    return n == sizeof name - 1 || host[n - sizeof name] == '.';
}

/* What cannot be a name is not asked for: white space, control characters, too long. */
static bool may_be_name(const char *host)
{
    size_t n = strlen(host);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)host[i] <= ' ' || host[i] == 0x7f)
            return false;
    return n <= HOST_MAX;
}

static int find(const char *host, const simul_resolve_opts *opts, simul_address **found)
{
    simul_address literal;
    if (!host || !*host)
        return opts->passive ? all_interfaces(opts->family, found)
                             : loopback(opts->family, found);
    if (sm_address_parse(&literal, host))
        return one(&literal, opts->family, found);
    if (!may_be_name(host))
        return -EINVAL;
    if (opts->numeric)
        return -SIMUL_ENONAME;
    if (is_localhost(host))
        return loopback(opts->family, found);
    return sm_resolve(host, opts->family, opts->nameserver, found);
}

int simul_getaddrinfo(const char *host, const char *port,
                      const simul_resolve_opts *opts, simul_address **found)
{
    static const simul_resolve_opts defaults;
    if (!opts)
        opts = &defaults;
    int number = parse_port(port);
    if (number < 0
        || (opts->family && opts->family != AF_INET && opts->family != AF_INET6))
        return -EINVAL;
    int n = find(host, opts, found);
    for (int i = 0; i < n; i++)
        sm_address_set_port(&(*found)[i], number);
    return n;
}

void simul_addresses_release(simul_address *found)
{
    sm_free(found);
}
