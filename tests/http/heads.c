/* SPDX-License-Identifier: MIT */
/* Parsing a head in two ways that must agree: see heads.h. */
#include "http/heads.h"

#include <simul/error.h>

static ssize_t parse(struct sm_http_head *head, enum kind kind, const char *buf,
                     size_t len)
{
    return kind == REQUEST ? sm_http_request_parse(head, buf, len)
                           : sm_http_response_parse(head, buf, len, kind != RESPONSE);
}

/* Each step in memory of exactly its size; the last one is left to *buf. */
static void parse_bytewise(struct parsed *parsed, enum kind kind, struct text text,
                           const struct sm_http_limits *limits, char **buf)
{
    *buf = NULL;
    parsed->n = SM_HTTP_MORE;
    sm_http_head_init(&parsed->head, parsed->fields, limits);
    for (size_t len = 0; len <= text.len && parsed->n == SM_HTTP_MORE; len++) {
        char *grown = malloc(len ? len : 1);
        memcpy(grown, text.ptr, len);
        parsed->n = parse(&parsed->head, kind, grown, len);
        free(*buf);
        *buf = grown;
    }
}

static void same_slice(struct sm_http_slice a, const char *base_a,
                       struct sm_http_slice b, const char *base_b)
{
    ck_assert_uint_eq(a.len, b.len);
    ck_assert((a.ptr == NULL) == (b.ptr == NULL));
    if (a.ptr)
        ck_assert_int_eq(a.ptr - base_a, b.ptr - base_b);
}

static void same_fields(const struct sm_http_head *a, const char *base_a,
                        const struct sm_http_head *b, const char *base_b)
{
    ck_assert_uint_eq(a->headers_count, b->headers_count);
    for (unsigned i = 0; i < a->headers_count; i++) {
        same_slice(a->headers[i].name, base_a, b->headers[i].name, base_b);
        same_slice(a->headers[i].value, base_a, b->headers[i].value, base_b);
    }
}

static void same_head(const struct sm_http_head *a, const char *base_a,
                      const struct sm_http_head *b, const char *base_b)
{
    same_slice(a->method, base_a, b->method, base_b);
    same_slice(a->target, base_a, b->target, base_b);
    same_slice(a->authority, base_a, b->authority, base_b);
    same_slice(a->path, base_a, b->path, base_b);
    same_slice(a->reason, base_a, b->reason, base_b);
    same_fields(a, base_a, b, base_b);
    ck_assert_int_eq(a->status, b->status);
    ck_assert_int_eq(a->minor, b->minor);
    ck_assert_int_eq(a->keep_alive, b->keep_alive);
    ck_assert_int_eq(a->upgrade, b->upgrade);
    ck_assert_int_eq(a->expect_continue, b->expect_continue);
    ck_assert_int_eq(a->body, b->body);
    ck_assert_uint_eq(a->content_length, b->content_length);
}

void heads_parse(struct parsed *parsed, enum kind kind, struct text text,
                 const struct sm_http_limits *limits)
{
    static const struct sm_http_limits defaults = SM_HTTP_LIMITS;
    struct parsed slow;
    char *buf;

    sm_http_head_init(&parsed->head, parsed->fields, limits ? limits : &defaults);
    parsed->n = parse(&parsed->head, kind, text.ptr, text.len);
    parse_bytewise(&slow, kind, text, limits ? limits : &defaults, &buf);

    ck_assert_msg(parsed->n == slow.n, "whole %zd, bytewise %zd: %s", parsed->n, slow.n,
                  text.ptr);
    ck_assert_msg(parsed->head.refusal == slow.head.refusal,
                  "whole \"%s\", bytewise \"%s\"",
                  sm_http_refusal_text(parsed->head.refusal),
                  sm_http_refusal_text(slow.head.refusal));
    if (parsed->n > 0)
        same_head(&parsed->head, text.ptr, &slow.head, buf);
    free(buf);
}

void heads_assert_refused(const struct parsed *parsed, struct text text,
                          enum sm_http_refusal why)
{
    ck_assert_msg(parsed->n == -SIMUL_EHTTP, "%zd: not refused, although %s: %s",
                  parsed->n, sm_http_refusal_text(why), text.ptr);
    ck_assert_msg(parsed->head.refusal == why, "\"%s\" instead of \"%s\": %s",
                  sm_http_refusal_text(parsed->head.refusal), sm_http_refusal_text(why),
                  text.ptr);
}

void heads_assert_complete(const struct parsed *parsed, struct text text, size_t len)
{
    ck_assert_msg(parsed->n == (ssize_t)len, "%zd (%s) instead of %zu: %s", parsed->n,
                  sm_http_refusal_text(parsed->head.refusal), len, text.ptr);
}
