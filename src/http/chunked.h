/* SPDX-License-Identifier: MIT */
/*
 * The chunked coding (RFC 9112, 7.1), undone piece by piece. Strict, bounded, pull style.
 *
 * The decoder is shown bytes as they come and points at the data among them; it copies
 * nothing and looks at no byte twice:
 *
 *     for (;;) {
 *         n = sm_http_chunked_next(&body, buf, len, &data);
 *         if (n < 0)
 *             … answer body.refusal's status, and close …;
 *         buf += n, len -= n;
 *         if (data.len > 0)
 *             … use data (it lies within the n bytes) …;
 *         else if (body.done)
 *             break;          // the next message begins at buf
 *         else
 *             … len is 0: read more …;
 *     }
 *
 * Strict: CR LF and nothing else ends a line, at most 16 hexadecimal digits are a size
 * (zeros included), extensions have the grammar of the RFC (no white space), trailer lines
 * that of header fields, and none is called Content-Length, Transfer-Encoding or Host.
 * Extensions and trailers are checked and dropped.
 *
 * Bounded: the data by body_max; the extensions of all chunks together, which cost the
 * sender nothing, by SM_HTTP_EXTENSIONS_MAX; the trailers by SM_HTTP_TRAILERS_MAX.
 *
 * Pure: no I/O, no allocation, any thread.
 */
#ifndef SM_HTTP_CHUNKED_H
#define SM_HTTP_CHUNKED_H

#include "http/parser.h"

#define SM_HTTP_EXTENSIONS_MAX 4096 /* bytes, in one body */
#define SM_HTTP_TRAILERS_MAX   8192 /* bytes, in one body */

struct sm_http_chunked {
    uint64_t total; /* bytes of data so far, the current chunk's included */
    bool done;      /* the end was seen */
    enum sm_http_refusal refusal;

    /* private */
    uint64_t _body_max, _left; /* _left: data of the current chunk still to come */
    unsigned _extensions, _trailers;
    unsigned char _state, _digits, _name_len;
    char _name[18]; /* of a trailer field: enough of it to tell those that may not be */
};

/* Ready for a body of at most body_max bytes (at most INT64_MAX). */
void sm_http_chunked_init(struct sm_http_chunked *body, uint64_t body_max);

/*
 * Decodes until the first data, the end of the body, or the end of what was given.
 *
 * Returns how many bytes were taken, >= 0, *data being the data among them (its length is
 * 0 at the end of the body, and if there was none: then all len bytes were taken); or
 * -SIMUL_EHTTP with body->refusal set, which is final. After the end it takes nothing.
 */
ssize_t sm_http_chunked_next(struct sm_http_chunked *body, const char *buf, size_t len,
                             struct sm_http_slice *data);

#endif
