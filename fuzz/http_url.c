/* SPDX-License-Identifier: MIT */
/*
 * URLs under libFuzzer. The input is a reference; it must hold that
 *
 *  - the parts of a URL that is accepted, put together again, are the URL;
 *  - what a reference resolves to is accepted, resolves to itself, and fits into the
 *    room that is said to be enough;
 *  - the name of a file is safe, whatever the URL.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <simul/error.h>

#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(x, text)                                                                  \
    ((x) ? (void)0 : (fputs("invariant broken: " text "\n", stderr), abort()))

static void check_file_name(const struct sm_http_url *url)
{
    char name[64];
    size_t len = sm_http_url_file_name(url, name, sizeof name);
    MUST(len > 0 && len < sizeof name && strlen(name) == len, "a name of no length");
    MUST(name[0] != '.' && name[0] != '-', "a name that begins with a dot or a dash");
    for (size_t i = 0; i < len; i++)
        MUST(name[i] >= ' ' && name[i] <= '~' && name[i] != '/' && name[i] != '\\',
             "an unsafe character in a name");
}

/* The separator before a part, and the part; returns the end. */
static const char *follow(const char *p, const char *before, struct sm_http_slice part)
{
    if (!part.ptr)
        return p;
    MUST(memcmp(p, before, strlen(before)) == 0, "a part without its separator");
    MUST(part.ptr == p + strlen(before), "a part in the wrong place");
    return part.ptr + part.len;
}

static void check_parts(const struct sm_http_url *url, const char *text, size_t size)
{
    const char *p = text + (url->https ? 8 : 7);
    if (url->userinfo.ptr)
        p = follow(p, "", url->userinfo) + 1;
    p = follow(p, "", url->authority);
    MUST(url->host.len > 0 && url->host.len <= SM_HTTP_HOST_MAX, "a host of no length");
    MUST(url->port > 0 && url->port < 65536, "a port that is none");
    p = follow(p, "", url->path);
    p = follow(p, "?", url->query);
    MUST(url->target.ptr == url->path.ptr && url->target.ptr + url->target.len == p,
         "a target that is not path and query");
    MUST(follow(p, "#", url->fragment) == text + size, "something behind the URL");
    for (size_t i = 0; i < size; i++)
        MUST(text[i] > ' ' && text[i] < 0x7f, "a character that no URL has");
    check_file_name(url);
}

static void check_resolved(const char *base, const char *ref, size_t size)
{
    size_t room = size * 3 + (base ? strlen(base) : 0) + 4;
    char *out = malloc(room), *again = malloc(room);
    struct sm_http_url url;
    ssize_t n = sm_http_url_resolve(base, ref, size, out, room);
    MUST(n != -SIMUL_ETOOLARGE, "the room that is always enough");
    if (n >= 0) {
        MUST(strlen(out) == (size_t)n, "not terminated");
        MUST(sm_http_url_parse(out, (size_t)n, &url) == 0, "a result that is no URL");
        check_parts(&url, out, (size_t)n);
        MUST(sm_http_url_resolve(base, out, (size_t)n, again, room) == n
                 && strcmp(out, again) == 0,
             "a result that resolves to something else");
        MUST(sm_http_url_resolve(base, ref, size, again, (size_t)n) < 0,
             "it cannot fit");
    }
    free(out);
    free(again);
}

static void check_decoded(const char *text, size_t size)
{
    char *out = malloc(size + 1);
    ssize_t n = sm_http_percent_decode((struct sm_http_slice){text, size}, out);
    MUST(n <= (ssize_t)size && (n < 0 || out[n] == 0), "decoded to more than it was");
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1);
    struct sm_http_url url;
    memcpy(text, data, size);
    if (sm_http_url_parse(text, size, &url) == 0)
        check_parts(&url, text, size);
    check_resolved(NULL, text, size);
    check_resolved("http://a/b/c/d;p?q", text, size);
    check_resolved("https://u:p@[::1]:8", text, size);
    check_decoded(text, size);
    free(text);
    return 0;
}
