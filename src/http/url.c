/* SPDX-License-Identifier: MIT */
/*
 * Taking a URL apart: see url.h.
 */
#include "http/url.h"

#include <arpa/inet.h>
#include <strings.h>

#include "http/parser_impl.h"

#define PORT_MAX 65535

static struct sm_http_slice span(const char *from, const char *to)
{
    return (struct sm_http_slice){from, (size_t)(to - from)};
}

/* The first byte that is neither of the classes nor a complete escape. */
static const char *skip_escaped(const char *p, const char *end, unsigned classes)
{
    for (;; p += 3) {
        while (p < end && sm_http_is(*p, classes))
            p++;
        if (end - p < 3 || *p != '%' || !sm_http_is(p[1], SM_HTTP_HEX)
            || !sm_http_is(p[2], SM_HTTP_HEX))
            return p;
    }
}

static const char *skip(const char *p, const char *end, unsigned classes)
{
    while (p < end && sm_http_is(*p, classes))
        p++;
    return p;
}

/* ---- host and port ---- */

/* Only what the resolver's own function takes; no zone. */
static bool is_ip6(struct sm_http_slice host)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr address;
    if (host.len >= sizeof text || memchr(host.ptr, 0, host.len))
        return false;
    memcpy(text, host.ptr, host.len);
    text[host.len] = 0;
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* The address between brackets; returns what is behind them, or NULL. */
static const char *bracketed(const char *p, const char *end,
                             struct sm_http_authority *a)
{
    const char *close = memchr(p, ']', (size_t)(end - p));
    if (!close)
        return NULL;
    a->host = span(p + 1, close);
    a->ip6 = true;
    return is_ip6(a->host) ? close + 1 : NULL;
}

static const char *named(const char *p, const char *end, struct sm_http_authority *a)
{
    const char *behind = skip(p, end, SM_HTTP_HOST);
    a->host = span(p, behind);
    return a->host.len > 0 && a->host.len <= SM_HTTP_HOST_MAX ? behind : NULL;
}

/* What is behind the host: nothing, or a colon and perhaps a number. */
static bool port(const char *p, const char *end, unsigned *port)
{
    uint64_t number;
    if (p == end)
        return true;
    if (*p++ != ':')
        return false;
    if (p == end)
        return true;
    if (!sm_http_slice_number(span(p, end), &number) || number == 0
        || number > PORT_MAX)
        return false;
    *port = (unsigned)number;
    return true;
}

int sm_http_authority_parse(struct sm_http_slice text,
                            struct sm_http_authority *authority)
{
    const char *end = text.ptr + text.len;
    struct sm_http_authority a = {.port = 0};
    if (text.len == 0)
        return -SIMUL_EURL;
    const char *p =
        *text.ptr == '[' ? bracketed(text.ptr, end, &a) : named(text.ptr, end, &a);
    if (!p || !port(p, end, &a.port))
        return -SIMUL_EURL;
    *authority = a;
    return 0;
}

/* ---- the whole ---- */

/* What is behind "http://"; NULL if it is something else. */
static const char *scheme(const char *text, size_t len, struct sm_http_url *url)
{
    if (len >= 7 && strncasecmp(text, "http://", 7) == 0)
        return text + 7;
    if (len < 8 || strncasecmp(text, "https://", 8) != 0)
        return NULL;
    url->https = true;
    return text + 8;
}

static const char *authority_end(const char *p, const char *end)
{
    while (p < end && *p != '/' && *p != '?' && *p != '#')
        p++;
    return p;
}

/* [user@]host[:port]. A second @ is none of a host's characters. */
static int authority(const char *p, const char *end, struct sm_http_url *url)
{
    struct sm_http_authority a;
    const char *at = memchr(p, '@', (size_t)(end - p));
    if (at) {
        url->userinfo = span(p, at);
        if (skip_escaped(p, at, SM_HTTP_USER) != at)
            return -SIMUL_EURL;
        p = at + 1;
    }
    url->authority = span(p, end);
    int r = sm_http_authority_parse(url->authority, &a);
    if (r < 0)
        return r;
    url->host = a.host;
    url->ip6 = a.ip6;
    url->port = a.port ? a.port : url->https ? 443 : 80;
    return 0;
}

/* [/path][?query]; returns the first byte that belongs to neither. */
static const char *target(const char *p, const char *end, struct sm_http_url *url)
{
    const char *start = p;
    p = skip_escaped(p, end, SM_HTTP_PATH);
    url->path = span(start, p);
    if (p < end && *p == '?') {
        const char *query = p + 1;
        p = skip(query, end, SM_HTTP_QUERY);
        url->query = span(query, p);
    }
    url->target = span(start, p);
    return p;
}

static bool fragment(const char *p, const char *end, struct sm_http_url *url)
{
    if (p == end)
        return true;
    if (*p != '#' || skip(p + 1, end, SM_HTTP_QUERY) != end)
        return false;
    url->fragment = span(p + 1, end);
    return true;
}

int sm_http_url_parse(const char *text, size_t len, struct sm_http_url *url)
{
    struct sm_http_url parsed = {.https = false};
    const char *end = text + len, *p = scheme(text, len, &parsed);
    if (!p)
        return -SIMUL_EURL;
    const char *rest = authority_end(p, end);
    int r = authority(p, rest, &parsed);
    if (r < 0)
        return r;
    if (!fragment(target(rest, end, &parsed), end, &parsed))
        return -SIMUL_EURL;
    *url = parsed;
    return 0;
}

bool sm_http_path_is_valid(struct sm_http_slice text)
{
    struct sm_http_url url;
    const char *end = text.ptr + text.len;
    return text.len > 0 && *text.ptr == '/' && target(text.ptr, end, &url) == end;
}

ssize_t sm_http_percent_decode(struct sm_http_slice text, char *out)
{
    const char *p = text.ptr, *end = text.ptr + text.len;
    char *to = out;
    while (p < end) {
        char c = *p++;
        if (c == '%') {
            if (end - p < 2 || !sm_http_is(p[0], SM_HTTP_HEX)
                || !sm_http_is(p[1], SM_HTTP_HEX))
                return -SIMUL_EURL;
            c = (char)(sm_http_hex(p[0]) << 4 | sm_http_hex(p[1]));
            p += 2;
            if (c == 0)
                return -SIMUL_EURL;
        }
        *to++ = c;
    }
    *to = 0;
    return to - out;
}
