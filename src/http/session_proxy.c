/* SPDX-License-Identifier: MIT */
/*
 * The proxy that the environment asks for, for those who want to be asked: http_proxy (not
 * in capitals: a CGI program has that from its client), https_proxy, all_proxy, no_proxy, as
 * curl understands them.
 */
#include "http/session.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *variable(const char *name, const char *capitals)
{
    const char *value = getenv(name);
    if ((!value || !*value) && capitals)
        value = getenv(capitals);
    return value && *value ? value : NULL;
}

/* ---- whom it is not for ---------------------------------------------------------------- */

/* How many bits the address has, 0: it is a name. */
static unsigned number_of(struct sm_http_slice text, unsigned char bytes[16])
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len >= sizeof copy)
        return 0;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = 0;
    if (inet_pton(AF_INET, copy, bytes) == 1)
        return 32;
    return inet_pton(AF_INET6, copy, bytes) == 1 ? 128 : 0;
}

static bool same_bits(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    unsigned rest = bits % 8;
    if (memcmp(a, b, bits / 8) != 0)
        return false;
    return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

/* "10.0.0.0/8", "::1": an address, or all that begin as it does. */
static bool covers_number(struct sm_http_slice entry, const unsigned char *host,
                          unsigned host_bits)
{
    unsigned char bytes[16];
    const char *slash = memchr(entry.ptr, '/', entry.len);
    unsigned long bits = slash ? strtoul(slash + 1, NULL, 10) : host_bits;
    if (slash)
        entry.len = (size_t)(slash - entry.ptr);
    return number_of(entry, bytes) == host_bits && bits <= host_bits
           && same_bits(bytes, host, (unsigned)bits);
}

/* "example.com" and ".example.com" stand for the host and all below it. */
static bool covers_name(struct sm_http_slice entry, struct sm_http_slice host)
{
    if (*entry.ptr == '.') {
        entry.ptr++;
        entry.len--;
    }
    if (entry.len == 0 || entry.len > host.len)
        return false;
    const char *tail = host.ptr + host.len - entry.len;
    return strncasecmp(tail, entry.ptr, entry.len) == 0
           && (tail == host.ptr || tail[-1] == '.');
}

static bool covers(struct sm_http_slice entry, struct sm_http_slice host)
{
    unsigned char bytes[16];
    unsigned bits = number_of(host, bytes);
    if (sm_http_slice_equal(entry, "*"))
        return true;
    return bits ? covers_number(entry, bytes, bits) : covers_name(entry, host);
}

/* Between commas or blanks. */
static bool is_exempt(struct sm_http_slice host)
{
    const char *p = variable("no_proxy", "NO_PROXY");
    if (!p)
        return false;
    for (p += strspn(p, ", \t"); *p; p += strspn(p, ", \t")) {
        struct sm_http_slice entry = {p, strcspn(p, ", \t")};
        if (covers(entry, host))
            return true;
        p += entry.len;
    }
    return false;
}

/* ---- which ----------------------------------------------------------------------------- */

static const char *wanted_for(const struct sm_http_url *url)
{
    const char *proxy = url->https ? variable("https_proxy", "HTTPS_PROXY")
                                   : variable("http_proxy", NULL);
    if (!proxy)
        proxy = variable("all_proxy", "ALL_PROXY");
    return proxy && !is_exempt(url->host) ? proxy : NULL;
}

/* What it says is not told: there may be a password in it. */
int sm_proxy_from_env(const char *text, char proxy[SM_PROXY_MAX])
{
    struct sm_http_url url;
    int r = sm_http_url_parse(text, strlen(text), &url);
    const char *wanted = r >= 0 ? wanted_for(&url) : NULL;
    if (!wanted)
        return r;
    int len = snprintf(proxy, SM_PROXY_MAX, "%s%s",
                       strstr(wanted, "://") ? "" : "http://", wanted);
    if (len >= SM_PROXY_MAX || sm_http_url_parse(proxy, (size_t)len, &url) < 0)
        return simul_fail(-SIMUL_EURL,
                          "the proxy that the environment names is no http URL");
    return 1;
}

unsigned sm_proxy_port(const char *proxy)
{
    struct sm_http_url url = {.port = 0};
    return sm_http_url_parse(proxy, strlen(proxy), &url) < 0 ? 0 : url.port;
}
