/* SPDX-License-Identifier: MIT */
/*
 * From hop to hop: URLs as they are sent, and what a redirect changes about a request
 * (RFC 9110, section 15.4, with what browsers have made of 301 and 302).
 */
#include "http/session.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static struct sm_http_slice slice_of(const char *text)
{
    return (struct sm_http_slice){text, strlen(text)};
}

/* hop->url was checked when it was set. */
static struct sm_http_url parse(const char *text)
{
    struct sm_http_url url = {.https = false};
    int r = sm_http_url_parse(text, strlen(text), &url);
    sm_assert(r >= 0);
    (void)r;
    return url;
}

void sm_peer_of(const char *text, char peer[SM_PEER_MAX])
{
    struct sm_http_url url = parse(text);
    snprintf(peer, SM_PEER_MAX, url.ip6 ? "[%.*s]:%u" : "%.*s:%u", (int)url.host.len,
             url.host.ptr, url.port);
    for (char *p = peer; *p; p++)
        *p = (char)tolower((unsigned char)*p);
}

/* ---- user and password ----------------------------------------------------------------- */

static void base64(const char *data, size_t len, char *out)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < len; i += 3) {
        size_t left = len - i;
        unsigned bits = (unsigned)(unsigned char)data[i] << 16;
        bits |= left > 1 ? (unsigned)(unsigned char)data[i + 1] << 8 : 0;
        bits |= left > 2 ? (unsigned char)data[i + 2] : 0;
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = left > 1 ? digits[bits >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[bits & 63] : '=';
    }
    *out = 0;
}

/* "user:password" without escapes; a user alone has an empty password. */
static ssize_t plain_credentials(struct sm_http_slice userinfo, char *out)
{
    ssize_t n = sm_http_percent_decode(userinfo, out);
    if (n >= 0 && !memchr(userinfo.ptr, ':', userinfo.len)) {
        out[n++] = ':';
        out[n] = 0;
    }
    return n;
}

int sm_fields_set_basic(struct sm_fields *fields, const char *name,
                        struct sm_http_slice userinfo)
{
    static const char scheme[] = "Basic ";
    size_t plain_size = userinfo.len + 2;
    char *plain = sm_malloc(plain_size + sizeof scheme + plain_size * 4 / 3 + 8);
    if (!plain)
        return -ENOMEM;
    char *value = plain + plain_size;
    ssize_t n = plain_credentials(userinfo, plain);
    if (n >= 0) {
        strcpy(value, scheme);
        base64(plain, (size_t)n, value + strlen(scheme));
        n = sm_fields_set(fields, name, value);
    }
    sm_free(plain);
    return n < 0 ? (int)n : 0;
}

/* ---- URLs ------------------------------------------------------------------------------ */

/* Takes a part of the URL out, in place. */
static void cut(char *url, const char *from, const char *to)
{
    memmove(url + (from - url), to, strlen(to) + 1);
}

/* What is not for the server to see as a URL. */
static int strip(struct sm_hop *hop, char *text)
{
    struct sm_http_url url = parse(text);
    int r = 0;
    if (url.fragment.ptr)
        text[url.fragment.ptr - text - 1] = 0;
    if (url.userinfo.len > 0)
        r = sm_fields_set_basic(&hop->fields, "Authorization", url.userinfo);
    if (r >= 0 && url.userinfo.ptr)
        cut(text, url.userinfo.ptr, url.authority.ptr);
    return r;
}

static int malformed(struct sm_hop *hop, struct sm_http_slice ref)
{
    return simul_fail(-SIMUL_EURL, "%s: %.*s%s",
                      hop->url ? "redirected to a malformed URL" : "malformed URL",
                      (int)(ref.len < 200 ? ref.len : 200), ref.ptr,
                      ref.len < 200 ? "" : "…");
}

int sm_hop_set_url(struct sm_hop *hop, struct sm_http_slice ref)
{
    size_t size = (hop->url ? strlen(hop->url) : 0) + 3 * ref.len + 16;
    if (ref.len >= SM_URL_MAX)
        return malformed(hop, ref);
    char *text = sm_malloc(size);
    if (!text)
        return -ENOMEM;
    ssize_t n = sm_http_url_resolve(hop->url, ref.ptr, ref.len, text, size);
    int r = n < 0 || n >= SM_URL_MAX ? malformed(hop, ref) : strip(hop, text);
    if (r < 0) {
        sm_free(text);
        return r;
    }
    sm_free(hop->url);
    hop->url = text;
    return 0;
}

/* ---- redirects ------------------------------------------------------------------------- */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307
           || status == 308;
}

static void become_get(struct sm_hop *hop)
{
    static const char *const about_body[] = {
        "Content-Type",     "Content-Length",   "Content-Encoding",
        "Content-Language", "Content-Location", "Transfer-Encoding",
    };
    hop->method = "GET";
    hop->body = NULL;
    hop->body_size = 0;
    for (size_t i = 0; i < sizeof about_body / sizeof *about_body; i++)
        sm_fields_remove(&hop->fields, about_body[i]);
}

static void change_method(struct sm_hop *hop, int status)
{
    bool is_post = strcmp(hop->method, "POST") == 0;
    if ((status == 303 && strcmp(hop->method, "HEAD") != 0)
        || ((status == 301 || status == 302) && is_post))
        become_get(hop);
}

static bool same_origin(const char *a_text, const char *b_text)
{
    struct sm_http_url a = parse(a_text), b = parse(b_text);
    return a.https == b.https && a.port == b.port && a.host.len == b.host.len
           && strncasecmp(a.host.ptr, b.host.ptr, a.host.len) == 0;
}

static void keep_secrets(struct sm_hop *hop)
{
    sm_fields_remove(&hop->fields, "Authorization");
    sm_fields_remove(&hop->fields, "Proxy-Authorization");
    sm_fields_remove(&hop->fields, "Cookie");
    sm_fields_remove(&hop->fields, "Host");
}

/* Whether the secrets may go there is decided before the new URL brings its own. */
static int follow(struct sm_hop *hop, const char *location)
{
    struct sm_hop next = {.url = sm_strdup(hop->url)};
    if (!next.url)
        return -ENOMEM;
    int r = sm_hop_set_url(&next, slice_of(location));
    if (r >= 0 && !same_origin(hop->url, next.url))
        keep_secrets(hop);
    const char *own = sm_fields_get(&next.fields, "Authorization");
    if (r >= 0 && own)
        r = sm_fields_set(&hop->fields, "Authorization", own);
    if (r >= 0) {
        sm_free(hop->url);
        hop->url = next.url;
    } else {
        sm_free(next.url);
    }
    sm_fields_finish(&next.fields);
    return r;
}

int sm_hop_redirect(struct sm_hop *hop, const struct simul_response *response)
{
    const char *location = sm_fields_get(&response->fields, "Location");
    if (!is_redirect(response->status) || !location)
        return 0;
    change_method(hop, response->status);
    int r = follow(hop, location);
    return r < 0 ? r : 1;
}
