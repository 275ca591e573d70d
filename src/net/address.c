/* SPDX-License-Identifier: MIT */
/* Addresses as text. */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/sys.h"
#include "net/address.h"

static const void *socket_of(const simul_address *address)
{
    return &address->socket;
}

static const struct sockaddr_in *in_of(const simul_address *address)
{
    return socket_of(address);
}

static const struct sockaddr_in6 *in6_of(const simul_address *address)
{
    return socket_of(address);
}

/* "fe80::1%eth0": of link-local addresses the interface is a part. */
static int host_in6(const struct sockaddr_in6 *in6, char *text)
{
    char name[IF_NAMESIZE];
    inet_ntop(AF_INET6, &in6->sin6_addr, text, INET6_ADDRSTRLEN);
    size_t n = strlen(text);
    if (in6->sin6_scope_id && if_indextoname(in6->sin6_scope_id, name))
        n += (size_t)snprintf(text + n, SIMUL_ADDRESS_TEXT - n, "%%%s", name);
    else if (in6->sin6_scope_id)
        n += (size_t)snprintf(text + n, SIMUL_ADDRESS_TEXT - n, "%%%u",
                              in6->sin6_scope_id);
    return (int)n;
}

/* The path of a Unix socket, '@' in place of the zero byte of an abstract one; "" if it has
 * none. The length that the kernel gives does not always count an end. */
static int host_un(const simul_address *address, char *text)
{
    const struct sockaddr_un *un = socket_of(address);
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t n = address->length > head ? address->length - head : 0;
    if (n > sizeof un->sun_path)
        n = sizeof un->sun_path;
    if (n > 0 && un->sun_path[0])
        n = strnlen(un->sun_path, n);
    memcpy(text, un->sun_path, n);
    if (n > 0 && !text[0])
        text[0] = '@';
    text[n] = '\0';
    return (int)n;
}

/* Into SIMUL_ADDRESS_TEXT bytes. */
static int host_of(const simul_address *address, char *text)
{
    text[0] = '\0';
    switch (address->socket.ss_family) {
    case AF_INET:
        inet_ntop(AF_INET, &in_of(address)->sin_addr, text, INET_ADDRSTRLEN);
        return (int)strlen(text);
    case AF_INET6:
        return host_in6(in6_of(address), text);
    case AF_UNIX:
        return host_un(address, text);
    default:
        return -EAFNOSUPPORT;
    }
}

static int hand_out(const char *found, int n, char *text, size_t size)
{
    if (size > 0)
        text[0] = '\0';
    if (n < 0)
        return n;
    if ((size_t)n >= size)
        return -ENOSPC;
    memcpy(text, found, (size_t)n + 1);
    return n;
}

int simul_address_host(const simul_address *address, char *text, size_t size)
{
    char host[SIMUL_ADDRESS_TEXT];
    return hand_out(host, host_of(address, host), text, size);
}

int simul_address_text(const simul_address *address, char *text, size_t size)
{
    char host[SIMUL_ADDRESS_TEXT], whole[SIMUL_ADDRESS_TEXT + 10];
    int n = host_of(address, host);
    const char *form = address->socket.ss_family == AF_INET6 ? "[%s]:%d" : "%s:%d";
    if (n < 0 || address->socket.ss_family == AF_UNIX)
        return hand_out(host, n, text, size);
    n = snprintf(whole, sizeof whole, form, host, simul_address_port(address));
    return hand_out(whole, n, text, size);
}

int simul_address_port(const simul_address *address)
{
    switch (address->socket.ss_family) {
    case AF_INET:
        return ntohs(in_of(address)->sin_port);
    case AF_INET6:
        return ntohs(in6_of(address)->sin6_port);
    default:
        return 0;
    }
}

void sm_address_set_port(simul_address *address, int port)
{
    struct sockaddr_storage *socket = &address->socket;
    if (socket->ss_family == AF_INET)
        ((struct sockaddr_in *)socket)->sin_port = htons((uint16_t)port);
    else if (socket->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)socket)->sin6_port = htons((uint16_t)port);
}

void sm_address_set(simul_address *address, int family, const void *bytes)
{
    memset(address, 0, sizeof *address);
    address->socket.ss_family = (sa_family_t)family;
    if (family == AF_INET) {
        address->length = sizeof(struct sockaddr_in);
        memcpy(&((struct sockaddr_in *)&address->socket)->sin_addr, bytes, 4);
    } else {
        address->length = sizeof(struct sockaddr_in6);
        memcpy(&((struct sockaddr_in6 *)&address->socket)->sin6_addr, bytes, 16);
    }
}

static bool same_in6(const struct sockaddr_in6 *a, const struct sockaddr_in6 *b)
{
    return memcmp(&a->sin6_addr, &b->sin6_addr, sizeof a->sin6_addr) == 0
           && a->sin6_scope_id == b->sin6_scope_id;
}

bool sm_address_same(const simul_address *a, const simul_address *b)
{
    if (a->socket.ss_family != b->socket.ss_family
        || simul_address_port(a) != simul_address_port(b))
        return false;
    if (a->socket.ss_family == AF_INET)
        return in_of(a)->sin_addr.s_addr == in_of(b)->sin_addr.s_addr;
    return a->socket.ss_family == AF_INET6 && same_in6(in6_of(a), in6_of(b));
}

/* An interface is given by its name or its number. */
static bool parse_scope(const char *text, uint32_t *scope)
{
    char *end;
    *scope = if_nametoindex(text);
    if (*scope)
        return true;
    *scope = (uint32_t)strtoul(text, &end, 10);
    return *scope && *text >= '0' && *text <= '9' && !*end;
}

static bool parse_in6(simul_address *address, const char *text)
{
    struct in6_addr in6;
    char host[INET6_ADDRSTRLEN];
    const char *percent = strchr(text, '%');
    size_t n = percent ? (size_t)(percent - text) : strlen(text);
    uint32_t scope = 0;
    if (n >= sizeof host || (percent && !parse_scope(percent + 1, &scope)))
        return false;
    memcpy(host, text, n);
    host[n] = '\0';
    if (inet_pton(AF_INET6, host, &in6) != 1)
        return false;
    sm_address_set(address, AF_INET6, &in6);
    ((struct sockaddr_in6 *)&address->socket)->sin6_scope_id = scope;
    return true;
}

bool sm_address_parse(simul_address *address, const char *text)
{
    struct in_addr in;
    if (inet_pton(AF_INET, text, &in) == 1) {
        sm_address_set(address, AF_INET, &in);
        return true;
    }
    return parse_in6(address, text);
}
