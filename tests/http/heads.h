/* SPDX-License-Identifier: MIT */
/*
 * Heads for the tests of the parser. Each is parsed twice, in one piece and byte by byte
 * in a buffer that moves and has no byte to spare; both ways must agree in everything.
 */
#ifndef SM_TESTS_HTTP_HEADS_H
#define SM_TESTS_HTTP_HEADS_H

#include "support/harness.h"

#include "http/parser.h"

/* A text with its length, so that it may have NULs. */
struct text {
    const char *ptr;
    size_t len;
};
#define T(literal)                                                                     \
    {                                                                                  \
        literal, sizeof(literal) - 1                                                   \
    }

struct parsed {
    ssize_t n;
    struct sm_http_head head;
    struct sm_http_header fields[SM_HTTP_HEADERS_MAX];
};

enum kind { REQUEST, RESPONSE, RESPONSE_TO_HEAD };

/* The default limits where limits is NULL. */
void heads_parse(struct parsed *parsed, enum kind kind, struct text text,
                 const struct sm_http_limits *limits);

static inline void parse_request(struct parsed *parsed, struct text text)
{
    heads_parse(parsed, REQUEST, text, NULL);
}

/* Fails the test, saying which text it was, unless it was refused for this reason. */
void heads_assert_refused(const struct parsed *parsed, struct text text,
                          enum sm_http_refusal why);

/* … unless it was complete, and so long. */
void heads_assert_complete(const struct parsed *parsed, struct text text, size_t len);

#define assert_slice(slice, text)                                                      \
    ck_assert_msg(sm_http_slice_equal(slice, text), "%s is \"%.*s\", not \"%s\"",      \
                  #slice, (int)(slice).len, (slice).ptr, text)

#endif
