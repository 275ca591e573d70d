/* SPDX-License-Identifier: MIT */
/*
 * URLs of the schemes http and https: taking one apart, following a reference from one
 * to the next, finding a name for the file to keep its content in.
 *
 * The parser is strict RFC 3986, with two exceptions that browsers have made common:
 * [ ] ^ ` { | } count as ordinary characters of paths and queries, and in a query so do
 * \ and a lone %. Control characters, white space and bytes above ASCII are refused:
 * sm_http_url_resolve() escapes the latter two, for what people type and servers send.
 *
 * Pure: no I/O, no allocation, any thread.
 */
#ifndef SM_HTTP_URL_H
#define SM_HTTP_URL_H

#include <sys/types.h>

#include "http/headers.h"

#define SM_HTTP_HOST_MAX 255

struct sm_http_authority {
    struct sm_http_slice host; /* not empty; an IPv6 address is without its brackets */
    unsigned port;             /* 1 to 65535; 0: none is given ("host", "host:") */
    bool ip6;
};

/* Slices point into the text; ptr is NULL where the part is missing. */
struct sm_http_url {
    bool https;
    bool ip6;                       /* the host is an IPv6 address */
    unsigned port;                  /* given, or that of the scheme */
    struct sm_http_slice userinfo;  /* without the @ */
    struct sm_http_slice authority; /* host and port as written, for a Host field */
    struct sm_http_slice host;      /* an IPv6 address is without its brackets */
    struct sm_http_slice path;      /* may be empty, which means "/" */
    struct sm_http_slice query;     /* without the ? */
    struct sm_http_slice target;    /* path and query together */
    struct sm_http_slice fragment;  /* without the # */
};

/*
 * Takes an absolute URL apart. 0, or -SIMUL_EURL and *url untouched if it is malformed,
 * relative, of another scheme, or names no host, a port that is none, a host that is
 * longer than SM_HTTP_HOST_MAX or has escapes in it.
 */
int sm_http_url_parse(const char *text, size_t len, struct sm_http_url *url);

/* Takes host[:port] apart. 0, or -SIMUL_EURL and *authority untouched. */
int sm_http_authority_parse(struct sm_http_slice text,
                            struct sm_http_authority *authority);

/* Is this a path that begins with '/', and perhaps a query? (origin-form) */
bool sm_http_path_is_valid(struct sm_http_slice text);

/*
 * The URL that a reference leads to, seen from a base (RFC 3986, section 5); ./ and ../
 * are resolved, and characters that no URL may have are escaped. The result is
 * a URL that sm_http_url_parse() takes.
 *
 * base: NULL if there is none, for an absolute reference
 * out:  receives the terminated URL; must not overlap with the base or the reference
 * size: base and reference together, with 3 for each character that is escaped and 4 to
 *       spare, is always enough; a path needs its room before ../ is taken out
 *
 * Returns its length, or -SIMUL_EURL (the base or the result would be no URL of ours, or
 * the reference has control characters), or -SIMUL_ETOOLARGE (it does not fit). What out
 * holds after an error is not specified.
 */
ssize_t sm_http_url_resolve(const char *base, const char *ref, size_t ref_len,
                            char *out, size_t size);

/*
 * Undoes percent-escapes. out may be text.ptr itself; it needs text.len + 1 bytes.
 *
 * Returns the length (a NUL is put behind), or -SIMUL_EURL for a % without two
 * hexadecimal digits, and for %00, which no C string survives.
 */
ssize_t sm_http_percent_decode(struct sm_http_slice text, char *out);

/*
 * A name for a file, made of the last part of the path and the query, so that one can
 * tell from the URL what it will be: "/a/cat.jpg" gives "cat.jpg", "/list?page=2"
 * "list?page=2", "/" "index.html".
 *
 * It is safe to create in a directory: not empty, no '/', no control character, no '.'
 * or '-' in front, printable ASCII only. Escapes are undone where that keeps it safe.
 * Cut to size - 1 bytes, terminated. size: at least 16; 200 leaves room for a suffix.
 *
 * Returns its length.
 */
size_t sm_http_url_file_name(const struct sm_http_url *url, char *out, size_t size);

#endif
