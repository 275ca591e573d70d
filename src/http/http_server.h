/* SPDX-License-Identifier: MIT */
/*
 * The server's side of HTTP/1.1, on a stream: exchanges of a request and its answer, one
 * after another on a connection that is kept alive.
 *
 * A handler is called with an exchange whose request head has arrived. It may read the
 * body, and answers exactly once, whole (sm_http_answer) or in pieces (_begin, _write,
 * _end). When it returns without an answer, 500 is sent for it; when it returns an
 * error after the answer has begun, the connection is cut, since the peer must not take
 * the rest for complete.
 *
 *  X1. Slices of the request head point into the stream's buffer until the body is read,
 *      and into a copy from then on; they are valid until the handler returns.
 *  X2. Answers are collected in `out` and sent when it is full, when the client has not sent
 *      another request yet, or when the body of a request is waited for: pipelined
 *      requests cost one send for many.
 *  X3. What a handler leaves of the body is read and dropped, up to a bound; beyond it the
 *      connection is closed after the answer.
 *  X4. A refused request is answered with its status, then the connection is closed without
 *      a reset, so that the answer arrives.
 *  X5. Between requests a connection holds no buffer of its own.
 */
#ifndef SM_HTTP_SERVER_H
#define SM_HTTP_SERVER_H

#include <simul.h>
#include <sys/queue.h>

#include "http/chunked.h"
#include "http/parser.h"

enum { SM_HTTP_OUT = 4096 };

struct sm_http_exchange;
typedef int sm_http_handler(struct sm_http_exchange *exchange, void *arg);

/* How a server behaves, and what it has seen; shared by all its connections. */
struct sm_http_service {
    sm_http_handler *handler;
    void *arg;
    struct sm_http_limits limits;
    double idle_timeout; /* seconds for a head to arrive; 0: none */
    bool closing;        /* answer what is under way, keep nothing alive */
    uint64_t requests, refused;
    LIST_HEAD(, sm_http_exchange) active; /* between head and end of answer */
};

struct sm_http_connection {
    struct sm_http_service *service;
    simul_stream *stream;
    struct sm_http_header headers[SM_HTTP_HEADERS_MAX];
    size_t have; /* bytes that are known to be in the stream's buffer */
    size_t used; /* bytes in out */
    char out[SM_HTTP_OUT];
};

struct sm_http_exchange {
    struct sm_http_connection *connection;
    struct sm_http_head head;

    /* private: who is under way */
    LIST_ENTRY(sm_http_exchange) link; /* service->active */
    simul_task *task;                  /* borrowed */

    /* private: the request's body */
    size_t head_len;
    char *head_copy; /* owned; NULL: the head is still in the stream's buffer (X1) */
    uint64_t body_left;
    struct sm_http_chunked chunked;
    size_t shown; /* bytes given out by the last body_read, not consumed yet */
    bool continued;

    /* private: the answer */
    bool begun, ended, keep_alive, is_head, out_chunked;
    uint64_t out_left; /* of a Content-Length that was promised */
};

/** Serve one client until it, or the service, wants no more. A simul_client_fn. */
int sm_http_serve_client(simul_stream *client, void *service);

/**
 * Cancel handlers that have not begun to answer and whose client sends no more: it has
 * left, or has ended its own direction only, which looks the same until something is sent
 * to it. For the end of a service. Threads: the loop's.
 *
 * @return  how many exchanges are under way, without those
 */
size_t sm_http_cancel_abandoned(struct sm_http_service *service);

/**
 * The next piece of the request's body; valid until the next call or the answer's end.
 *
 * @return  bytes at *data; 0: the body is complete
 * @error -SIMUL_EHTTP  it is malformed, or longer than the limit; return this from the handler
 * @error               as simul_stream_peek()
 */
ssize_t sm_http_body_read(struct sm_http_exchange *exchange, const char **data);

/** How long the body is: its Content-Length; -1 if it is chunked. */
int64_t sm_http_body_length(const struct sm_http_exchange *exchange);

/** Answer in one go. @return 0 or -errno of the stream. */
int sm_http_answer(struct sm_http_exchange *exchange, int status, const char *type,
                   const void *body, size_t len);

/** Begin an answer of `length` bytes; < 0: not known yet (chunked, or to the end of the
 *  connection in HTTP/1.0). `fields`: further header lines, each with its CR LF, or NULL. */
int sm_http_answer_begin(struct sm_http_exchange *exchange, int status,
                         const char *type, int64_t length, const char *fields);
int sm_http_answer_write(struct sm_http_exchange *exchange, const void *data, size_t n);
int sm_http_answer_end(struct sm_http_exchange *exchange);

/* Looking at, and taking, what has arrived; keeps count in `have`. */
ssize_t sm_http_peek(struct sm_http_connection *connection, size_t min, char **data);
int sm_http_consume(struct sm_http_connection *connection, size_t n);

/* answer.c, for http_server.c: send what is collected. */
int sm_http_flush(struct sm_http_connection *connection);

/* request_body.c, for http_server.c: X3; true if the connection can be used again. */
void sm_http_body_begin(struct sm_http_exchange *exchange);
bool sm_http_body_skip(struct sm_http_exchange *exchange);

#endif
