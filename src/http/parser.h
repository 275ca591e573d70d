/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1 parser: heads of requests and of responses. Strict, bounded, pull style.
 *
 * The caller owns a buffer into which it reads from wherever it likes. Whenever the
 * buffer has grown it asks the parser, which answers: complete (so many bytes), need
 * more, or refused (and the status to answer with). The parser does no I/O, calls
 * nobody back, allocates nothing, and knows nothing of tasks.
 *
 *     struct sm_http_header fields[SM_HTTP_HEADERS_MAX];
 *     struct sm_http_limits limits = SM_HTTP_LIMITS;
 *     struct sm_http_head head;
 *
 *     sm_http_head_init(&head, fields, &limits);
 *     while ((n = sm_http_request_parse(&head, buf, len)) == SM_HTTP_MORE)
 *         len += … read more behind buf + len …;
 *     if (n < 0)
 *         … answer head.refusal's status, and close …;
 *     … head.method, head.target, …; the body begins at buf + n, chunked.h reads it …
 *
 * The contract:
 *
 *  H1. buf is the first byte of the message. Between calls for one message, len never
 *      shrinks and the bytes already shown do not change; the buffer may move (realloc).
 *  H2. Looking is cheap: a line is parsed when its end has arrived, and never twice; no
 *      byte is searched twice for the end of a line. A sender who dribbles one byte
 *      at a time costs no more than one who sends all at once, and gets the same answer.
 *  H3. Slices point into the buffer as of the last call; they are valid as long as the
 *      buffer stays where it is, and only once the head is complete. A call with a buffer
 *      that has moved carries them over.
 *  H4. A refusal is final: further calls repeat it. After one the connection cannot be
 *      used any more, since nobody knows where the next message begins.
 *  H5. Limits are not optional. head_max counts every byte of the head, empty lines in
 *      front included. The parser never asks for more when head_max bytes are there.
 *
 * Strict means RFC 9112 without its "MAY accept"s, since whatever two parties on a
 * connection read differently can be used to smuggle a request past one of them:
 *
 *  - a line ends in CR LF; a bare LF, a bare CR and NUL are refused anywhere;
 *  - at most two empty lines in front of a request (some old clients send one after a
 *    body), one space between the three words of the request line;
 *  - no folded lines, no white space before the colon, names are tokens, values have no
 *    control characters but the tab; bytes from 0x80 on are allowed in values only;
 *  - the body's length is said once: two Content-Length fields (even equal ones), a list
 *    in one, a sign, or anything but digits; Content-Length beside Transfer-Encoding;
 *    a Transfer-Encoding in HTTP/1.0, or not ending in chunked, or with chunked twice, or
 *    with any other coding (there is none that we undo): refused. Leading zeros are fine;
 *  - exactly one Host in HTTP/1.1, at most one in 1.0, and it names a host (or is empty);
 *  - the target fits the method: "*" is for OPTIONS, host:port for CONNECT alone and
 *    CONNECT with nothing else, an absolute http(s) URL or a path for the others. No user
 *    name in it and no fragment. Of the characters that a URL must not have but browsers
 *    send unescaped, those without any meaning of their own are let through
 *    ([ ] ^ ` { | } anywhere, and in the query also \ and a lone %); white space, quotes,
 *    < > # and all that is not ASCII are not;
 *  - HTTP/1.0 and HTTP/1.1 only: any other version is answered 505.
 */
#ifndef SM_HTTP_PARSER_H
#define SM_HTTP_PARSER_H

#include <sys/types.h>

#include "http/headers.h"

/* name, status to answer with, text. The chunked decoder (chunked.h) shares the list. */
#define SM_HTTP_REFUSAL_MAP(X)                                                         \
    X(NONE, 0, "not refused")                                                          \
    X(EMPTY_LINES, 400, "too many empty lines before the request line")                \
    X(BARE_LF, 400, "a line that does not end in CR LF")                               \
    X(REQUEST_LINE, 400, "the request line is not: method, target, version")           \
    X(METHOD, 400, "the method is not a token")                                        \
    X(METHOD_LENGTH, 501, "no method has so long a name")                              \
    X(TARGET, 400, "the request target is malformed")                                  \
    X(TARGET_FORM, 400, "a request target of a form that the method does not take")    \
    X(TARGET_LENGTH, 414, "the request line is too long")                              \
    X(VERSION, 505, "not HTTP/1.0 or HTTP/1.1")                                        \
    X(STATUS_LINE, 400, "the status line is malformed")                                \
    X(HEAD_LENGTH, 431, "the header section is too long")                              \
    X(FIELD_COUNT, 431, "too many header fields")                                      \
    X(FIELD_FOLD, 400, "a header line that begins with white space")                   \
    X(FIELD_NAME, 400, "the name of a header field is not a token")                    \
    X(FIELD_SPACE, 400, "white space before the colon of a header field")              \
    X(FIELD_VALUE, 400, "a control character in the value of a header field")          \
    X(HOST_MISSING, 400, "no Host field")                                              \
    X(HOST_TWICE, 400, "more than one Host field")                                     \
    X(HOST, 400, "the Host field does not name a host")                                \
    X(LENGTH, 400, "Content-Length is not a number")                                   \
    X(LENGTH_TWICE, 400, "more than one Content-Length")                               \
    X(LENGTH_CODING, 400, "both Content-Length and Transfer-Encoding")                 \
    X(BODY_LENGTH, 413, "the body is too long")                                        \
    X(CODING, 400, "Transfer-Encoding is malformed")                                   \
    X(CODING_VERSION, 400, "Transfer-Encoding in HTTP/1.0")                            \
    X(CODING_LAST, 400, "Transfer-Encoding does not end in chunked, once")             \
    X(CODING_UNKNOWN, 501, "a transfer coding other than chunked")                     \
    X(CONNECT_BODY, 400, "CONNECT with a body")                                        \
    X(EXPECTATION, 417, "an expectation other than 100-continue")                      \
    X(CHUNK_SIZE, 400, "the size of a chunk is not a hexadecimal number")              \
    X(CHUNK_EXTENSION, 400, "a chunk extension is malformed")                          \
    X(CHUNK_OVERHEAD, 400, "too many bytes in chunk extensions")                       \
    X(CHUNK_END, 400, "a chunk does not end in CR LF")                                 \
    X(TRAILER, 400, "the trailer section is malformed")                                \
    X(TRAILER_LENGTH, 431, "the trailer section is too long")

enum sm_http_refusal {
#define SM_HTTP_REFUSAL_ENUM(name, status, text) SM_HTTP_BAD_##name,
    SM_HTTP_REFUSAL_MAP(SM_HTTP_REFUSAL_ENUM)
#undef SM_HTTP_REFUSAL_ENUM
};

/* How the end of the body is found. */
enum sm_http_body {
    SM_HTTP_BODY_NONE,
    SM_HTTP_BODY_LENGTH,  /* content_length bytes, at least one */
    SM_HTTP_BODY_CHUNKED, /* see chunked.h */
    SM_HTTP_BODY_CLOSE,   /* a response that ends with its connection */
};

struct sm_http_limits {
    size_t head_max;      /* bytes of the head */
    unsigned headers_max; /* fields, and the size of the array for them */
    uint64_t body_max;    /* bytes of the body, decoded; at most INT64_MAX */
};

#define SM_HTTP_HEAD_MAX    16384
#define SM_HTTP_HEADERS_MAX 100
#define SM_HTTP_METHOD_MAX  32 /* bytes of a method's name */
#define SM_HTTP_LIMITS                                                                 \
    {                                                                                  \
        SM_HTTP_HEAD_MAX, SM_HTTP_HEADERS_MAX, 64ull << 20                             \
    }

struct sm_http_head {
    /* of a request */
    struct sm_http_slice method;    /* case matters; any token, known to us or not */
    struct sm_http_slice target;    /* as it was sent */
    struct sm_http_slice authority; /* host[:port]: the target's if it has one, else
                                       Host's; may be empty */
    struct sm_http_slice path;      /* path and query: may lack the first '/' if the
                                       target was absolute ("http://a?b" gives "?b",
                                       "http://a" the empty string, which means "*" with
                                       OPTIONS, else "/"); empty with CONNECT */
    bool expect_continue;           /* the client waits for a 100 before the body */

    /* of a response */
    int status;
    struct sm_http_slice reason;

    /* of both */
    unsigned char minor; /* HTTP/1.minor: 0 or 1 */
    bool keep_alive;     /* another message may follow on the connection */
    bool upgrade;        /* Upgrade, and named by Connection; never in HTTP/1.0 */
    enum sm_http_body body;
    uint64_t content_length;        /* with SM_HTTP_BODY_LENGTH, else 0 */
    struct sm_http_header *headers; /* the caller's array */
    unsigned headers_count;

    enum sm_http_refusal refusal; /* why, when the result is negative */

    /* private */
    struct sm_http_limits _limits;
    const char *_base; /* where the buffer was at the last call */
    size_t _line;      /* offset of the first line that is not parsed yet */
    size_t _searched;  /* no line end between _line and here */
    unsigned _seen;    /* fields of interest that were met (enum seen) */
    unsigned char _phase, _empty_lines;
};

#define SM_HTTP_MORE 0

/*
 * Makes the head ready for a message; also to use it again for the next one.
 *
 * headers: array of limits->headers_max, borrowed until the caller is done with the head.
 */
void sm_http_head_init(struct sm_http_head *head, struct sm_http_header *headers,
                       const struct sm_http_limits *limits);

/*
 * Parses what has arrived of a request's head.
 *
 * Returns the number of bytes of the head, that is the offset of the body or of the
 * next request, > 0; SM_HTTP_MORE (0); or -SIMUL_EHTTP with head->refusal set.
 * Called again after it was complete, it gives the same number.
 */
ssize_t sm_http_request_parse(struct sm_http_head *head, const char *buf, size_t len);

/*
 * The same for a response. to_head: it answers a HEAD request, so that it has no body
 * whatever it says. A 1xx other than 101 is complete in itself; the final one follows.
 */
ssize_t sm_http_response_parse(struct sm_http_head *head, const char *buf, size_t len,
                               bool to_head);

/* The status to answer a refused request with: 400, 413, 414, 417, 431, 501 or 505. */
int sm_http_refusal_status(enum sm_http_refusal refusal);

/* The reason in words; a static string. */
const char *sm_http_refusal_text(enum sm_http_refusal refusal);

#endif
