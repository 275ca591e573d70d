/* SPDX-License-Identifier: MIT */
/* One connection of a server, exchange after exchange; see http_server.h. */
#include "http/http_server.h"

#include <poll.h>

#include "base/sys.h"

enum { LINGER_BYTES = 256 * 1024 };

static const double linger_s = 2;

/* ---- what has arrived ------------------------------------------------------------------ */

ssize_t sm_http_peek(struct sm_http_connection *c, size_t min, char **data)
{
    ssize_t n = simul_stream_peek(c->stream, min, data);
    if (n >= 0)
        c->have = (size_t)n;
    return n;
}

int sm_http_consume(struct sm_http_connection *c, size_t n)
{
    c->have -= n;
    return simul_stream_consume(c->stream, n);
}

/* ---- the end of a connection --------------------------------------------------------- */

/* X4: a close with unread bytes would reset the connection and take the answer along. */
static int linger(struct sm_http_connection *c)
{
    char *data;
    size_t dropped = 0;
    int r = simul_stream_write_eof(c->stream);
    if (r < 0)
        return r;
    simul_timeout limit;
    simul_timeout_enter(&limit, linger_s);
    ssize_t n;
    while (dropped < LINGER_BYTES && (n = sm_http_peek(c, 0, &data)) > 0) {
        dropped += (size_t)n;
        sm_http_consume(c, (size_t)n);
    }
    return (int)simul_timeout_exit(&limit, 0);
}

/* The peer went away, or was too slow: nothing that anybody need hear of. */
static bool is_ordinary_end(int r)
{
    return r == -ECONNRESET || r == -EPIPE || r == -ETIMEDOUT || r == -SIMUL_EEOF
           || r == -SIMUL_EHTTP || r == -SIMUL_ELIMIT;
}

/* ---- the head -------------------------------------------------------------------------- */

/* > 0: bytes of the head; 0: the client has left between two requests; or an error. What is
 * there already is looked at first; X2 says to send before waiting for more. */
static ssize_t wait_for_head(struct sm_http_exchange *x)
{
    struct sm_http_connection *c = x->connection;
    for (size_t min = c->have;; min = c->have + 1) {
        char *data;
        int r = min > c->have || min == 0 ? sm_http_flush(c) : 0;
        if (r < 0)
            return r;
        size_t before = c->have;
        ssize_t n = sm_http_peek(c, min, &data);
        if (n < 0)
            return n;
        if ((size_t)n < min || n == 0)
            return before > 0 ? -SIMUL_EEOF : 0;
        ssize_t len = sm_http_request_parse(&x->head, data, c->have);
        if (len != SM_HTTP_MORE)
            return len;
    }
}

static ssize_t read_head(struct sm_http_exchange *x)
{
    struct sm_http_connection *c = x->connection;
    sm_http_head_init(&x->head, c->headers, &c->service->limits);
    if (c->service->idle_timeout <= 0)
        return wait_for_head(x);
    simul_timeout limit;
    simul_timeout_enter(&limit, c->service->idle_timeout);
    return simul_timeout_exit(&limit, wait_for_head(x));
}

static int refuse(struct sm_http_exchange *x, enum sm_http_refusal refusal)
{
    struct sm_http_connection *c = x->connection;
    const char *text = sm_http_refusal_text(refusal);
    c->service->refused++;
    x->keep_alive = false;
    x->is_head = false;
    int r = sm_http_answer(x, sm_http_refusal_status(refusal), "text/plain", text,
                           strlen(text));
    if (r == 0)
        r = sm_http_flush(c);
    return r < 0 ? r : linger(c);
}

/* ---- an exchange ---------------------------------------------------------------------- */

static int call_handler(struct sm_http_exchange *x)
{
    struct sm_http_service *service = x->connection->service;
    int r = service->handler(x, service->arg);
    if (r == -SIMUL_EHTTP && !x->begun && x->chunked.refusal)
        return refuse(x, x->chunked.refusal);
    if (r < 0 || (x->begun && !x->ended))
        return r < 0 ? r : -SIMUL_ESTATE;
    if (!x->begun)
        r = sm_http_answer(x, 500, "text/plain", "no answer\n", 10);
    return r;
}

/* 1: another may follow; 0: that was the last; or an error. */
static int exchange(struct sm_http_connection *c)
{
    struct sm_http_exchange x = {.connection = c, .keep_alive = false};
    ssize_t n = read_head(&x);
    if (n == -SIMUL_EHTTP)
        return refuse(&x, x.head.refusal);
    if (n <= 0)
        return (int)n;
    x.head_len = (size_t)n;
    x.keep_alive = x.head.keep_alive && !c->service->closing;
    x.is_head = sm_http_slice_equal(x.head.method, "HEAD");
    sm_http_body_begin(&x);

    c->service->requests++;
    x.task = simul_current_task();
    LIST_INSERT_HEAD(&c->service->active, &x, link);
    int r = call_handler(&x);
    bool clean =
        r >= 0 && x.keep_alive && !c->service->closing && sm_http_body_skip(&x);
    LIST_REMOVE(&x, link);
    if (!x.head_copy)
        sm_http_consume(c, x.head_len);
    sm_free(x.head_copy);
    if (r < 0 || clean)
        return r < 0 ? r : 1;
    r = sm_http_flush(c);
    return r < 0 ? r : linger(c);
}

/* What it has sent before may be unread. */
static bool is_abandoned(const struct sm_http_exchange *x)
{
    const struct timespec now = {0, 0};
    struct pollfd client = {.fd = simul_stream_fileno(x->connection->stream),
                            .events = POLLRDHUP};
    return !x->begun && sm_ppoll(&client, 1, &now) > 0;
}

size_t sm_http_cancel_abandoned(struct sm_http_service *service)
{
    size_t left = 0;
    struct sm_http_exchange *it;
    LIST_FOREACH(it, &service->active, link)
    if (is_abandoned(it))
        simul_cancel(it->task);
    else
        left++;
    return left;
}

/* Exchanges for as long as bytes of the client are there; 1: it may send more. */
static int serve_what_is_there(simul_stream *client, struct sm_http_service *service,
                               size_t have)
{
    struct sm_http_connection *c = sm_malloc(sizeof *c);
    if (!c)
        return -ENOMEM;
    c->service = service;
    c->stream = client;
    c->have = have;
    c->used = 0;
    int r;
    do
        r = exchange(c);
    while (r > 0 && c->have > 0);
    if (r > 0) {
        int e = sm_http_flush(c);
        r = e < 0 ? e : r;
    }
    sm_free(c);
    return r;
}

/* X5: between requests a client is a task that waits, and holds no buffer. */
static ssize_t wait_for_client(simul_stream *client,
                               const struct sm_http_service *service)
{
    char *data;
    if (service->idle_timeout <= 0)
        return simul_stream_peek(client, 0, &data);
    return simul_within(service->idle_timeout, simul_stream_peek(client, 0, &data));
}

int sm_http_serve_client(simul_stream *client, void *arg)
{
    struct sm_http_service *service = arg;
    ssize_t r = 1;
    while (r > 0 && !service->closing) {
        r = wait_for_client(client, service);
        if (r > 0)
            r = serve_what_is_there(client, service, (size_t)r);
    }
    return r >= 0 || is_ordinary_end((int)r) ? 0 : (int)r;
}
