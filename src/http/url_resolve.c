/* SPDX-License-Identifier: MIT */
/*
 * Following a reference: RFC 3986, section 5.2, in its words (see url.h).
 */
#include "http/url.h"

#include "http/parser_impl.h"

/* Any reference, taken apart without judging it (RFC 3986, appendix B). */
struct parts {
    struct sm_http_slice scheme, authority, path, query,
        fragment; /* ptr NULL: missing */
};

/* Where the URL is written to; once it does not fit or is refused it stays so. */
struct writer {
    char *out;
    size_t len, size;
    int error;
};

static void put(struct writer *w, char c)
{
    if (w->len + 1 < w->size)
        w->out[w->len++] = c;
    else if (!w->error)
        w->error = -SIMUL_ETOOLARGE;
}

static void put_slice(struct writer *w, struct sm_http_slice text)
{
    for (size_t i = 0; i < text.len; i++)
        put(w, text.ptr[i]);
}

static void put_escape(struct writer *w, char c)
{
    static const char digits[] = "0123456789ABCDEF";
    put(w, '%');
    put(w, digits[(unsigned char)c >> 4]);
    put(w, digits[(unsigned char)c & 15]);
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

static bool is_escape(const char *p, const char *end)
{
    return end - p >= 3 && *p == '%' && sm_http_is(p[1], SM_HTTP_HEX)
           && sm_http_is(p[2], SM_HTTP_HEX);
}

/* Characters of the class and escapes as they are, controls never, others escaped. */
static void put_escaped(struct writer *w, struct sm_http_slice text, unsigned classes)
{
    const char *end = text.ptr + text.len;
    for (const char *p = text.ptr; p < end; p++)
        if (sm_http_is(*p, classes) || is_escape(p, end))
            put(w, *p);
        else if (is_control(*p))
            w->error = -SIMUL_EURL;
        else
            put_escape(w, *p);
}

/* ---- taking the reference apart ---- */

static const char *find_any(const char *p, const char *end, const char *stops)
{
    while (p < end && (*p == 0 || !strchr(stops, *p)))
        p++;
    return p;
}

static struct sm_http_slice cut(const char **p, const char *to)
{
    struct sm_http_slice part = {*p, (size_t)(to - *p)};
    *p = to;
    return part;
}

static bool is_scheme(struct sm_http_slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
        bool later = sm_http_is(c, SM_HTTP_DIGIT) || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !later))
            return false;
    }
    return text.len > 0;
}

static struct parts split(const char *text, size_t len)
{
    struct parts parts = {.path = {NULL, 0}};
    const char *p = text, *end = text + len;
    const char *colon = find_any(p, end, ":/?#");
    if (colon < end && *colon == ':'
        && is_scheme((struct sm_http_slice){p, (size_t)(colon - p)})) {
        parts.scheme = cut(&p, colon);
        p++;
    }
    if (end - p >= 2 && p[0] == '/' && p[1] == '/') {
        p += 2;
        parts.authority = cut(&p, find_any(p, end, "/?#"));
    }
    parts.path = cut(&p, find_any(p, end, "?#"));
    if (p < end && *p == '?') {
        p++;
        parts.query = cut(&p, find_any(p, end, "#"));
    }
    if (p < end) {
        p++;
        parts.fragment = cut(&p, end);
    }
    return parts;
}

/* ---- putting the target together ---- */

/* Everything up to the last '/' of the base's path. */
static struct sm_http_slice directory(struct sm_http_slice path)
{
    while (path.len > 0 && path.ptr[path.len - 1] != '/')
        path.len--;
    return path.len > 0 ? path : (struct sm_http_slice){"/", 1};
}

/* Takes /. and /.. out of an absolute path, in place; returns its new end. */
static char *remove_dots(char *path, char *end)
{
    char *to = path;
    for (char *from = path, *next; from < end; from = next) {
        next = memchr(from + 1, '/', (size_t)(end - from - 1));
        if (!next)
            next = end;
        size_t len = (size_t)(next - from);
        bool up = len == 3 && memcmp(from, "/..", 3) == 0;
        bool here = len == 2 && memcmp(from, "/.", 2) == 0;
        if (!up && !here) {
            memmove(to, from, len);
            to += len;
            continue;
        }
        while (up && to > path && *--to != '/')
            ;
        if (next == end)
            *to++ = '/';
    }
    return to;
}

static void put_path(struct writer *w, const struct parts *base,
                     const struct parts *ref)
{
    size_t start = w->len;
    bool own = ref->scheme.ptr || ref->authority.ptr;
    if (!own && ref->path.len > 0 && ref->path.ptr[0] != '/')
        put_escaped(w, directory(base->path), SM_HTTP_PATH);
    put_escaped(w, own || ref->path.len > 0 ? ref->path : base->path, SM_HTTP_PATH);
    if (!w->error)
        w->len = (size_t)(remove_dots(w->out + start, w->out + w->len) - w->out);
}

static void put_query(struct writer *w, const struct parts *base,
                      const struct parts *ref)
{
    bool own =
        ref->query.ptr || ref->path.len > 0 || ref->authority.ptr || ref->scheme.ptr;
    struct sm_http_slice query = own ? ref->query : base->query;
    if (query.ptr) {
        put(w, '?');
        put_escaped(w, query, SM_HTTP_QUERY);
    }
    if (ref->fragment.ptr) {
        put(w, '#');
        put_escaped(w, ref->fragment, SM_HTTP_QUERY);
    }
}

static void put_all(struct writer *w, const struct parts *base, const struct parts *ref)
{
    bool own = ref->scheme.ptr || ref->authority.ptr;
    put_slice(w, ref->scheme.ptr ? ref->scheme : base->scheme);
    put(w, ':');
    put(w, '/');
    put(w, '/');
    put_slice(w, own ? ref->authority : base->authority);
    put_path(w, base, ref);
    put_query(w, base, ref);
}

/* The base's parts. Without a base only an absolute reference will do; a scheme without
 * a host ("http:page") never does. */
static int split_base(const char *base, const struct parts *ref, struct parts *parts)
{
    struct sm_http_url url;
    if (ref->scheme.ptr ? !ref->authority.ptr : !base)
        return -SIMUL_EURL;
    if (!base)
        return 0;
    *parts = split(base, strlen(base));
    return sm_http_url_parse(base, strlen(base), &url);
}

ssize_t sm_http_url_resolve(const char *base, const char *ref, size_t ref_len,
                            char *out, size_t size)
{
    struct parts from = {.path = {NULL, 0}}, to = split(ref, ref_len);
    struct writer w = {.out = out, .size = size};
    struct sm_http_url url;
    int r = split_base(base, &to, &from);
    if (r < 0)
        return r;
    put_all(&w, &from, &to);
    if (w.error)
        return w.error;
    w.out[w.len] = 0;
    r = sm_http_url_parse(w.out, w.len, &url);
    return r < 0 ? r : (ssize_t)w.len;
}
