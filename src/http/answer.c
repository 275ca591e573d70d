/* SPDX-License-Identifier: MIT */
/* Answers: the head, the body whole or in pieces, and when they are sent (X2). */
#include <stdio.h>
#include <sys/uio.h>
#include <time.h>

#include "base/sys.h"
#include "http/http_server.h"

/* ---- collecting ------------------------------------------------------------------------ */

int sm_http_flush(struct sm_http_connection *c)
{
    if (c->used == 0)
        return 0;
    ssize_t n = simul_stream_write(c->stream, c->out, c->used);
    if (n >= 0)
        c->used = 0;
    return n < 0 ? (int)n : 0;
}

/* Into out if it fits; else out and the data go together, without a copy. */
static int put(struct sm_http_connection *c, const void *data, size_t n)
{
    if (n <= sizeof c->out - c->used) {
        memcpy(c->out + c->used, data, n);
        c->used += n;
        return 0;
    }
    struct iovec iov[2] = {{c->out, c->used}, {(void *)data, n}};
    ssize_t r = simul_stream_writev(c->stream, iov, 2);
    if (r >= 0)
        c->used = 0;
    return r < 0 ? (int)r : 0;
}

/* ---- the head -------------------------------------------------------------------------- */

static const char *reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } table[] = {
        {100, "Continue"},
        {101, "Switching Protocols"},
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {205, "Reset Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {417, "Expectation Failed"},
        {418, "I'm a teapot"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].status == status)
            return table[i].reason;
    return "Unknown";
}

/* RFC 9110: every answer of an origin server with a clock has a Date; made once a second. */
static const char *date(void)
{
    static __thread char text[40];
    static __thread time_t made;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (now.tv_sec != made) {
        struct tm tm;
        gmtime_r(&now.tv_sec, &tm);
        strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        made = now.tv_sec;
    }
    return text;
}

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

/* Content-Length, chunked, or to the end of the connection. */
static void choose_framing(struct sm_http_exchange *x, int status, int64_t length,
                           char *line, size_t size)
{
    line[0] = '\0';
    x->out_left = length > 0 ? (uint64_t)length : 0;
    if (has_no_body(status))
        x->out_left = 0;
    else if (length >= 0)
        snprintf(line, size, "Content-Length: %lld\r\n", (long long)length);
    else if (x->head.minor >= 1) {
        x->out_chunked = true;
        snprintf(line, size, "Transfer-Encoding: chunked\r\n");
    } else {
        x->out_left = UINT64_MAX;
        x->keep_alive = false;
    }
}

int sm_http_answer_begin(struct sm_http_exchange *x, int status, const char *type,
                         int64_t length, const char *fields)
{
    char head[1024], framing[64];
    if (x->begun)
        return -SIMUL_ESTATE;
    choose_framing(x, status, length, framing, sizeof framing);
    int n = snprintf(head, sizeof head,
                     "HTTP/1.1 %d %s\r\nServer: simul\r\nDate: %s\r\n%s%s%s%s%s%s\r\n",
                     status, reason(status), date(), type ? "Content-Type: " : "",
                     type ? type : "", type ? "\r\n" : "", framing,
                     x->keep_alive ? (x->head.minor ? "" : "Connection: keep-alive\r\n")
                                   : "Connection: close\r\n",
                     fields ? fields : "");
    if (n >= (int)sizeof head)
        return -EINVAL;
    x->begun = true;
    return put(x->connection, head, (size_t)n);
}

/* ---- the body -------------------------------------------------------------------------- */

static int put_chunk(struct sm_http_exchange *x, const void *data, size_t n)
{
    char size[24];
    int len = snprintf(size, sizeof size, "%zx\r\n", n);
    int r = put(x->connection, size, (size_t)len);
    if (r == 0)
        r = put(x->connection, data, n);
    return r < 0 ? r : put(x->connection, "\r\n", 2);
}

int sm_http_answer_write(struct sm_http_exchange *x, const void *data, size_t n)
{
    if (!x->begun || x->ended)
        return -SIMUL_ESTATE;
    if (n == 0)
        return 0;
    if (!x->out_chunked && n > x->out_left)
        return -EINVAL; /* more than was promised */
    if (!x->out_chunked && x->out_left != UINT64_MAX)
        x->out_left -= n;
    if (x->is_head)
        return 0;
    return x->out_chunked ? put_chunk(x, data, n) : put(x->connection, data, n);
}

int sm_http_answer_end(struct sm_http_exchange *x)
{
    if (!x->begun || x->ended)
        return -SIMUL_ESTATE;
    if (!x->out_chunked && x->out_left > 0 && x->out_left != UINT64_MAX && !x->is_head)
        return -EINVAL; /* less than was promised: the connection has to be cut */
    x->ended = true;
    return x->out_chunked && !x->is_head ? put(x->connection, "0\r\n\r\n", 5) : 0;
}

int sm_http_answer(struct sm_http_exchange *x, int status, const char *type,
                   const void *body, size_t len)
{
    int r = sm_http_answer_begin(x, status, type, (int64_t)len, NULL);
    if (r == 0 && !has_no_body(status))
        r = sm_http_answer_write(x, body, len);
    return r < 0 ? r : sm_http_answer_end(x);
}
