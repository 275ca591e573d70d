/* SPDX-License-Identifier: MIT */
/* The request's body: shown where it lies in the stream's buffer, piece by piece. */
#include "base/sys.h"
#include "http/http_server.h"

enum { SKIP_MAX = 64 * 1024 };

void sm_http_body_begin(struct sm_http_exchange *x)
{
    const struct sm_http_limits *limits = &x->connection->service->limits;
    x->body_left = x->head.body == SM_HTTP_BODY_LENGTH ? x->head.content_length : 0;
    if (x->head.body == SM_HTTP_BODY_CHUNKED)
        sm_http_chunked_init(&x->chunked, limits->body_max);
}

int64_t sm_http_body_length(const struct sm_http_exchange *x)
{
    if (x->head.body == SM_HTTP_BODY_CHUNKED)
        return -1;
    return (int64_t)(x->head.body == SM_HTTP_BODY_LENGTH ? x->head.content_length : 0);
}

static bool complete(const struct sm_http_exchange *x)
{
    return x->head.body == SM_HTTP_BODY_CHUNKED ? x->chunked.done : x->body_left == 0;
}

/* X1: the buffer will move on, so the head moves out of it. */
static int keep_head(struct sm_http_exchange *x)
{
    char *data;
    if (x->head_copy)
        return 0;
    ssize_t n = sm_http_peek(x->connection, 0, &data);
    if (n < 0)
        return (int)n;
    x->head_copy = sm_malloc(x->head_len);
    if (!x->head_copy)
        return -ENOMEM;
    memcpy(x->head_copy, data, x->head_len);
    sm_http_request_parse(&x->head, x->head_copy, x->head_len);
    return sm_http_consume(x->connection, x->head_len);
}

/* The client waits for a word before it sends the body; and whoever waits, sends first. */
static int before_waiting(struct sm_http_exchange *x)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct sm_http_connection *c = x->connection;
    int r = sm_http_flush(c);
    if (r < 0 || !x->head.expect_continue || x->continued || x->begun)
        return r;
    x->continued = true;
    ssize_t n = simul_stream_write(c->stream, text, sizeof text - 1);
    return n < 0 ? (int)n : 0;
}

static int take_shown(struct sm_http_exchange *x)
{
    size_t n = x->shown;
    x->shown = 0;
    return n ? sm_http_consume(x->connection, n) : 0;
}

static ssize_t plain(struct sm_http_exchange *x, const char *buf, size_t len,
                     const char **data)
{
    size_t n = len < x->body_left ? len : (size_t)x->body_left;
    x->body_left -= n;
    x->shown = n;
    *data = buf;
    return (ssize_t)n;
}

/* 0: nothing among these bytes, or the end */
static ssize_t chunked(struct sm_http_exchange *x, const char *buf, size_t len,
                       const char **data)
{
    struct sm_http_slice piece;
    ssize_t taken = sm_http_chunked_next(&x->chunked, buf, len, &piece);
    if (taken < 0)
        return taken;
    x->shown = (size_t)taken;
    *data = piece.ptr;
    return (ssize_t)piece.len;
}

ssize_t sm_http_body_read(struct sm_http_exchange *x, const char **data)
{
    int r = complete(x) && x->shown == 0 ? 0 : keep_head(x);
    if (r < 0)
        return r;
    while ((r = take_shown(x)) == 0 && !complete(x)) {
        char *buf;
        r = before_waiting(x);
        if (r < 0)
            return r;
        ssize_t len = sm_http_peek(x->connection, 0, &buf);
        if (len <= 0)
            return len < 0 ? len : -SIMUL_EEOF;
        bool is_chunked = x->head.body == SM_HTTP_BODY_CHUNKED;
        ssize_t n = is_chunked ? chunked(x, buf, (size_t)len, data)
                               : plain(x, buf, (size_t)len, data);
        if (n != 0)
            return n;
    }
    return r;
}

bool sm_http_body_skip(struct sm_http_exchange *x)
{
    const char *data;
    size_t skipped = 0;
    if (x->head.expect_continue && !x->continued && !complete(x))
        return false; /* it may or may not send the body: nobody can tell */
    while (skipped < SKIP_MAX) {
        ssize_t n = sm_http_body_read(x, &data);
        if (n <= 0)
            return n == 0;
        skipped += (size_t)n;
    }
    return false;
}
