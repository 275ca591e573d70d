/* SPDX-License-Identifier: MIT */
/* What the test server answers; see http_server.h for the paths. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "support/http_server.h"

enum { OPEN = 0, CLOSE = 1 };

/* ---- writing --------------------------------------------------------------------------- */

static int put(struct http_client *client, const void *data, size_t len)
{
    for (const char *p = data; len > 0;) {
        ssize_t n = write(client->fd, p, len);
        if (n <= 0)
            return CLOSE;
        p += n;
        len -= (size_t)n;
    }
    return OPEN;
}

__attribute__((format(printf, 2, 3))) static int say(struct http_client *client,
                                                     const char *fmt, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return put(client, text, (size_t)n);
}

static int answer(struct http_client *client, int status, const char *reason,
                  const char *fields, const char *body)
{
    return say(client, "HTTP/1.1 %d %s\r\n%sContent-Length: %zu\r\n\r\n%s", status,
               reason, fields, strlen(body),
               strcmp(client->method, "HEAD") == 0 ? "" : body);
}

static char *alphabet(size_t n)
{
    char *data = malloc(n + 1);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)('a' + i % 26);
    return data;
}

/* ---- bodies ---------------------------------------------------------------------------- */

static int bytes(struct http_client *client, size_t n)
{
    char *data = alphabet(n);
    int r = say(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
    if (r == OPEN && strcmp(client->method, "HEAD") != 0)
        r = put(client, data, n);
    free(data);
    return r;
}

static int until_close(struct http_client *client, size_t n)
{
    char *data = alphabet(n);
    say(client, "HTTP/1.0 200 OK\r\n\r\n");
    put(client, data, n);
    free(data);
    return CLOSE;
}

static int chunked(struct http_client *client, size_t n, const char *end)
{
    char *data = alphabet(n);
    int r = say(client, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (size_t i = 0, len; r == OPEN && i < n; i += len) {
        len = n - i < 1000 ? n - i : 1000;
        say(client, "%zx\r\n", len);
        put(client, data + i, len);
        r = say(client, "\r\n");
    }
    free(data);
    return r == OPEN ? say(client, "%s", end) : r;
}

/* bits: 31 for gzip, 15 for zlib's own format ("deflate"), -15 for that without its header.
 * The last `missing` bytes are not sent. */
static int compressed(struct http_client *client, size_t n, int bits, const char *name,
                      size_t missing)
{
    char *data = alphabet(n);
    z_stream z = {.next_in = (Bytef *)data, .avail_in = (uInt)n};
    size_t size = n / 2 + 1024;
    char *out = malloc(size);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)size;
    deflateInit2(&z, 9, Z_DEFLATED, bits, 9, Z_DEFAULT_STRATEGY);
    deflate(&z, Z_FINISH);
    int r =
        say(client,
            "HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %lu\r\n\r\n",
            name, z.total_out - missing);
    if (r == OPEN)
        r = put(client, out, z.total_out - missing);
    deflateEnd(&z);
    free(out);
    free(data);
    return r;
}

/* What arrived, as text: the request line and the fields, then the body. */
static int echo(struct http_client *client)
{
    size_t len = client->head_len + client->body_len;
    int r = say(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);
    if (r == OPEN)
        r = put(client, client->head, client->head_len);
    return r == OPEN ? put(client, client->body, client->body_len) : r;
}

/* ---- slowness and breakage -------------------------------------------------------------- */

/* Until the client has had enough. */
static int hang(struct http_client *client)
{
    char byte;
    while (read(client->fd, &byte, 1) > 0)
        ;
    __atomic_add_fetch(&client->counts->left, 1, __ATOMIC_SEQ_CST);
    return CLOSE;
}

static int reset(struct http_client *client)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    say(client, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc");
    setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    return CLOSE;
}

static int endless_head(struct http_client *client)
{
    int r = say(client, "HTTP/1.1 200 OK\r\n");
    while (r == OPEN)
        r = say(client, "X-More: %0512d\r\n", 0);
    return CLOSE;
}

static int endless_line(struct http_client *client)
{
    int r = say(client, "HTTP/1.1 200 OK\r\nX-More: ");
    while (r == OPEN)
        r = say(client, "%0512d", 0);
    return CLOSE;
}

static int delay(struct http_client *client, long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
    return answer(client, 200, "OK", "", "late\n");
}

static int when_told(struct http_client *client)
{
    while (!__atomic_load_n(&client->counts->told, __ATOMIC_SEQ_CST))
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return answer(client, 200, "OK", "", "told\n");
}

/* ---- redirects ------------------------------------------------------------------------- */

static int redirect(struct http_client *client, int status, const char *to,
                    const char *body)
{
    char field[2100];
    snprintf(field, sizeof field, "Location: %s\r\n", to);
    return answer(client, status, "Elsewhere", field, body);
}

static int redirects(struct http_client *client, long n)
{
    char to[64];
    snprintf(to, sizeof to, n > 1 ? "/redirects/%ld" : "/hello", n - 1);
    return redirect(client, 302, to, "");
}

static int redirect_body(struct http_client *client, size_t n)
{
    char *data = alphabet(n);
    int r =
        say(client,
            "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: %zu\r\n\r\n", n);
    if (r == OPEN)
        r = put(client, data, n);
    free(data);
    return r;
}

/* ---- which ----------------------------------------------------------------------------- */

/* What is always the same, and what becomes of the connection then. */
static const struct {
    const char *path, *text;
    int then;
} fixed[] = {
    {"/hello", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", OPEN},
    {"/json",
     "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n"
     "{\"number\": 42}\n",
     OPEN},
    {"/text-with-nul", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nabc@def", OPEN},
    {"/interim",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n",
     OPEN},
    {"/folded",
     "HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 6\r\n\r\nhello\n",
     OPEN},
    {"/no-reason", "HTTP/1.1 200\r\nContent-Length: 6\r\n\r\nhello\n", OPEN},
    {"/drop-next", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello\n", CLOSE},
    {"/bad-gzip",
     "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 6\r\n\r\nhello\n",
     OPEN},
    {"/unknown-coding",
     "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 6\r\n\r\nhello\n",
     OPEN},
    {"/two-lengths",
     "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nContent-Length: 5\r\n\r\nhello\n", CLOSE},
    {"/huge-length",
     "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nhello\n", CLOSE},
    {"/cut", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello\n", CLOSE},
    {"/cut-chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello\n\r\n6\r\nhe",
     CLOSE},
    {"/cut-head", "HTTP/1.1 200 OK\r\nContent-Len", CLOSE},
    {"/nothing", "", CLOSE},
    {"/garbage", "SSH-2.0-OpenSSH_9.2\r\n", CLOSE},
    {"/bad-chunk",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nhello\n\r\n0\r\n\r\n",
     CLOSE},
    {"/bad-field", "HTTP/1.1 200 OK\r\nno colon here\r\nContent-Length: 0\r\n\r\n",
     CLOSE},
    {"/bad-length", "HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\nhello\n", CLOSE},
};

static int answer_fixed(struct http_client *client, int *then)
{
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
        if (strcmp(client->path, fixed[i].path) != 0)
            continue;
        size_t len = strlen(fixed[i].text);
        char *text = strdup(fixed[i].text);
        for (char *at = strchr(text, '@'); at; at = NULL)
            *at = 0; /* stands for a NUL */
        *then = put(client, text, len) == CLOSE ? CLOSE : fixed[i].then;
        free(text);
        return 1;
    }
    return 0;
}

/* "/name/NUMBER": the number is all that follows. */
static int has_number(const char *path, const char *name, long *number)
{
    size_t len = strlen(name);
    if (strncmp(path, name, len) != 0)
        return 0;
    *number = strtol(path + len, NULL, 10);
    return 1;
}

static int answer_number(struct http_client *client, int *then)
{
    const char *path = client->path;
    const char *query = strchr(path, '?');
    long n;
    if (has_number(path, "/bytes/", &n))
        *then = bytes(client, (size_t)n);
    else if (has_number(path, "/until-close/", &n))
        *then = until_close(client, (size_t)n);
    else if (has_number(path, "/chunked/", &n))
        *then = chunked(client, (size_t)n, "0\r\n\r\n");
    else if (has_number(path, "/gzip/", &n))
        *then = compressed(client, (size_t)n, 31, "gzip", 0);
    else if (has_number(path, "/cut-gzip/", &n))
        *then = compressed(client, (size_t)n, 31, "gzip", 9);
    else if (has_number(path, "/deflate/", &n))
        *then = compressed(client, (size_t)n, 15, "deflate", 0);
    else if (has_number(path, "/raw-deflate/", &n))
        *then = compressed(client, (size_t)n, -15, "deflate", 0);
    else if (has_number(path, "/status/", &n))
        *then = answer(client, (int)n, "As Asked", "", "status\n");
    else if (has_number(path, "/delay/", &n))
        *then = delay(client, n);
    else if (has_number(path, "/redirects/", &n))
        *then = redirects(client, n);
    else if (has_number(path, "/redirect-body/", &n))
        *then = redirect_body(client, (size_t)n);
    else if (has_number(path, "/redirect/", &n))
        *then = redirect(client, (int)n, query ? query + 1 : "/", "gone\n");
    else
        return 0;
    return 1;
}

int http_pages_answer(struct http_client *client)
{
    const char *path = client->path;
    int then = CLOSE;
    if (answer_fixed(client, &then) || answer_number(client, &then))
        return then;
    if (strncmp(path, "/echo", 5) == 0)
        return echo(client);
    if (strcmp(path, "/loop") == 0)
        return redirect(client, 302, "/loop", "");
    if (strcmp(path, "/trailers") == 0)
        return chunked(client, 100, "0\r\nX-Trailer: late\r\n\r\n");
    if (strcmp(path, "/when-told") == 0)
        return when_told(client);
    if (strcmp(path, "/slow-head") == 0)
        return hang(client);
    if (strcmp(path, "/slow-body") == 0) {
        say(client, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhello\n");
        return hang(client);
    }
    if (strcmp(path, "/reset") == 0)
        return reset(client);
    if (strcmp(path, "/endless-head") == 0)
        return endless_head(client);
    if (strcmp(path, "/endless-line") == 0)
        return endless_line(client);
    return answer(client, 404, "Not Found", "", "not found\n");
}
