/* SPDX-License-Identifier: MIT */
/* What `simul serve` answers, in the manner of httpbin. */
#include "cli/serve_routes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double delay_max_s = 3600;

/* ---- the target ------------------------------------------------------------------------ */

/* The rest of the path behind `prefix`, without the query, as a C string; NULL if it is
 * another path or too long. */
static const char *rest_of(struct sm_http_exchange *x, const char *prefix, char *text,
                           size_t size)
{
    struct sm_http_slice path = x->head.path;
    size_t skip = strlen(prefix);
    if (path.len < skip || memcmp(path.ptr, prefix, skip) != 0)
        return NULL;
    const char *query = memchr(path.ptr, '?', path.len);
    size_t len = (query ? (size_t)(query - path.ptr) : path.len);
    if (len < skip || len - skip >= size)
        return NULL;
    memcpy(text, path.ptr + skip, len - skip);
    text[len - skip] = '\0';
    return text;
}

static int bad_request(struct sm_http_exchange *x, const char *what)
{
    char text[160];
    int n = snprintf(text, sizeof text, "400: %s\n", what);
    return sm_http_answer(x, 400, "text/plain", text, (size_t)n);
}

/* ---- the routes ------------------------------------------------------------------------ */

static int get_root(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    static const char text[] = "simul serve\n"
                               "/delay/SECONDS  answers after so long\n"
                               "/bytes/N        N bytes\n"
                               "/json           a JSON document\n"
                               "/status/CODE    that status\n"
                               "/echo           the body of the request\n"
                               "/stats          what the server has counted, as JSON\n";
    (void)serve, (void)rest;
    return sm_http_answer(x, 200, "text/plain", text, sizeof text - 1);
}

static int get_delay(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    char *end, text[64];
    double seconds = strtod(rest, &end);
    (void)serve;
    if (end == rest || *end || !(seconds >= 0) || seconds > delay_max_s)
        return bad_request(x, "/delay/SECONDS takes a number from 0 to 3600");
    int r = simul_sleep(seconds);
    if (r < 0)
        return r;
    int n = snprintf(text, sizeof text, "{\"delay\": %g}\n", seconds);
    return sm_http_answer(x, 200, "application/json", text, (size_t)n);
}

/* A pattern that tells where a byte stands, so that nothing can be missing unnoticed. */
static void fill(char *buf, size_t n, uint64_t at)
{
    for (size_t i = 0; i < n; i++)
        buf[i] = (char)('a' + (at + i) % 26);
}

static int get_bytes(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    char *end, buf[2048];
    errno = 0;
    unsigned long long total = strtoull(rest, &end, 10);
    (void)serve;
    if (end == rest || *end || rest[0] == '-' || errno || total > INT64_MAX)
        return bad_request(x, "/bytes/N takes a number");
    int r =
        sm_http_answer_begin(x, 200, "application/octet-stream", (int64_t)total, NULL);
    for (uint64_t at = 0; r == 0 && at < total && !x->is_head;) {
        size_t n = total - at < sizeof buf ? (size_t)(total - at) : sizeof buf;
        fill(buf, n, at);
        r = sm_http_answer_write(x, buf, n);
        at += n;
    }
    return r < 0 ? r : sm_http_answer_end(x);
}

static int get_json(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    static const char text[] =
        "{\"slideshow\": {\"author\": \"Yours Truly\", \"slides\": "
        "[{\"title\": \"Wake up to simul!\", \"type\": \"all\"}, "
        "{\"title\": \"Overview\", \"type\": \"all\"}], "
        "\"title\": \"Sample Slide Show\"}}\n";
    (void)serve, (void)rest;
    return sm_http_answer(x, 200, "application/json", text, sizeof text - 1);
}

static int get_status(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    char *end, text[32];
    long status = strtol(rest, &end, 10);
    (void)serve;
    if (end == rest || *end || status < 200 || status > 599)
        return bad_request(x, "/status/CODE takes a number from 200 to 599");
    int n = snprintf(text, sizeof text, "%ld\n", status);
    return sm_http_answer(x, (int)status, "text/plain", text, (size_t)n);
}

static int echo(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    (void)serve, (void)rest;
    char type[128] = "application/octet-stream";
    struct sm_http_slice given =
        sm_http_header_value(x->head.headers, x->head.headers_count, "Content-Type");
    if (given.ptr && given.len < sizeof type)
        snprintf(type, sizeof type, "%.*s", (int)given.len, given.ptr);
    const char *data;
    ssize_t n = sm_http_body_read(x, &data); /* before the answer: it may be refused */
    if (n < 0)
        return (int)n;
    int r = sm_http_answer_begin(x, 200, type, sm_http_body_length(x), NULL);
    while (r == 0 && n > 0) {
        r = sm_http_answer_write(x, data, (size_t)n);
        if (r == 0 && (n = sm_http_body_read(x, &data)) < 0)
            r = (int)n;
    }
    return r < 0 ? r : sm_http_answer_end(x);
}

static int get_stats(struct sm_http_exchange *x, struct serve *serve, const char *rest)
{
    char text[160];
    (void)rest;
    int n = snprintf(text, sizeof text,
                     "{\"requests\": %llu, \"refused\": %llu, \"answered\": %llu}\n",
                     (unsigned long long)serve->service.requests,
                     (unsigned long long)serve->service.refused,
                     (unsigned long long)serve->answered);
    return sm_http_answer(x, 200, "application/json", text, (size_t)n);
}

/* ---- choosing one ---------------------------------------------------------------------- */

static const struct route {
    const char *path;
    bool has_rest; /* an argument follows */
    bool takes_any_method;
    int (*answer)(struct sm_http_exchange *x, struct serve *serve, const char *rest);
} routes[] = {
    {"/", false, false, get_root},        {"/delay/", true, true, get_delay},
    {"/bytes/", true, false, get_bytes},  {"/json", false, false, get_json},
    {"/status/", true, true, get_status}, {"/echo", false, true, echo},
    {"/stats", false, false, get_stats},
};

static bool is_get(const struct sm_http_exchange *x)
{
    return x->is_head || sm_http_slice_equal(x->head.method, "GET");
}

static int not_allowed(struct sm_http_exchange *x)
{
    static const char text[] = "405: GET and HEAD only\n";
    int r = sm_http_answer_begin(x, 405, "text/plain", sizeof text - 1,
                                 "Allow: GET, HEAD\r\n");
    if (r == 0)
        r = sm_http_answer_write(x, text, sizeof text - 1);
    return r < 0 ? r : sm_http_answer_end(x);
}

int serve_route(struct sm_http_exchange *x, void *arg)
{
    struct serve *serve = arg;
    char rest[64];
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct route *route = &routes[i];
        if (!rest_of(x, route->path, rest, sizeof rest)
            || (rest[0] != '\0') != route->has_rest)
            continue;
        if (!route->takes_any_method && !is_get(x))
            return not_allowed(x);
        if (route->answer == get_stats) /* neither late nor counted */
            return get_stats(x, serve, rest);
        int r = serve->latency > 0 ? simul_sleep(serve->latency) : 0;
        if (r == 0)
            r = route->answer(x, serve, rest);
        serve->answered += r == 0;
        return r;
    }
    return sm_http_answer(x, 404, "text/plain", "404: nothing here\n", 18);
}
