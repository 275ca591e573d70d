/* SPDX-License-Identifier: MIT */
/* The limits of the parser: what is exactly as much as allowed, and one more. */
#include "http/heads.h"

#define START "GET /"
#define REST  " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct sm_http_limits head_max(size_t max)
{
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    limits.head_max = max;
    return limits;
}

static void assert_status(const struct parsed *p, struct text text, int status)
{
    ck_assert_msg(p->n < 0 && sm_http_refusal_status(p->head.refusal) == status,
                  "%zd, %d: %s", p->n, sm_http_refusal_status(p->head.refusal),
                  text.ptr);
}

TEST(a_head_of_exactly_the_limit)
{
    struct parsed p;
    struct text text = T(START REST "body");
    size_t len = sizeof(START REST) - 1;
    struct sm_http_limits enough = head_max(len), short_of = head_max(len - 1);

    heads_parse(&p, REQUEST, text, &enough);
    heads_assert_complete(&p, text, len);

    heads_parse(&p, REQUEST, text, &short_of);
    heads_assert_refused(&p, text, SM_HTTP_BAD_HEAD_LENGTH);
    assert_status(&p, text, 431);
}

TEST(empty_lines_in_front_count)
{
    struct parsed p;
    struct text text = T("\r\n" START REST);
    struct sm_http_limits enough = head_max(text.len),
                          short_of = head_max(text.len - 1);

    heads_parse(&p, REQUEST, text, &enough);
    heads_assert_complete(&p, text, text.len);
    heads_parse(&p, REQUEST, text, &short_of);
    heads_assert_refused(&p, text, SM_HTTP_BAD_HEAD_LENGTH);
}

TEST(a_request_line_beyond_the_limit)
{
    struct parsed p;
    struct text text = T(START "0123456789012345678901234567890123456789" REST);
    struct sm_http_limits limits = head_max(40);

    heads_parse(&p, REQUEST, text, &limits);

    heads_assert_refused(&p, text, SM_HTTP_BAD_TARGET_LENGTH);
    assert_status(&p, text, 414);
}

TEST(the_limit_is_reached_without_any_line_end)
{
    struct parsed p;
    struct text text = T("GETGETGETGETGETGET");
    struct sm_http_limits limits = head_max(text.len), more = head_max(text.len + 1);

    heads_parse(&p, REQUEST, text, &limits);
    heads_assert_refused(&p, text, SM_HTTP_BAD_TARGET_LENGTH);
    heads_parse(&p, REQUEST, text, &more);
    ck_assert_int_eq(p.n, SM_HTTP_MORE);
}

TEST(an_error_beyond_the_limit_is_not_looked_at)
{
    struct parsed p;
    struct text text = T(START " HTTP/1.1\r\nHost: a\r\nA: b\r\nC : d\r\n\r\n");
    struct sm_http_limits limits = head_max(sizeof START + 30);

    heads_parse(&p, REQUEST, text, &limits);

    heads_assert_refused(&p, text, SM_HTTP_BAD_HEAD_LENGTH);
}

TEST(as_many_fields_as_allowed_and_one_more)
{
    struct parsed p;
    struct text text = T(START " HTTP/1.1\r\nHost: a\r\nA: b\r\nC: d\r\n\r\n");
    struct sm_http_limits enough = SM_HTTP_LIMITS, short_of = SM_HTTP_LIMITS;
    enough.headers_max = 3;
    short_of.headers_max = 2;

    heads_parse(&p, REQUEST, text, &enough);
    heads_assert_complete(&p, text, text.len);
    ck_assert_uint_eq(p.head.headers_count, 3);

    heads_parse(&p, REQUEST, text, &short_of);
    heads_assert_refused(&p, text, SM_HTTP_BAD_FIELD_COUNT);
    assert_status(&p, text, 431);
}

TEST(a_body_as_long_as_allowed_and_one_more)
{
    struct parsed p;
    struct text text = T(START " HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
    struct sm_http_limits enough = SM_HTTP_LIMITS, short_of = SM_HTTP_LIMITS;
    enough.body_max = 1000;
    short_of.body_max = 999;

    heads_parse(&p, REQUEST, text, &enough);
    heads_assert_complete(&p, text, text.len);
    ck_assert_uint_eq(p.head.content_length, 1000);

    heads_parse(&p, REQUEST, text, &short_of);
    heads_assert_refused(&p, text, SM_HTTP_BAD_BODY_LENGTH);
    assert_status(&p, text, 413);
}

TEST(the_longest_length_there_is)
{
    struct parsed p;
    struct text text =
        T(START " HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n");
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    limits.body_max = INT64_MAX;

    heads_parse(&p, REQUEST, text, &limits);

    heads_assert_complete(&p, text, text.len);
    ck_assert_uint_eq(p.head.content_length, INT64_MAX);
}

HARNESS_MAIN("parser_limits")
