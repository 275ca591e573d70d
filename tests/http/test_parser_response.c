/* SPDX-License-Identifier: MIT */
/* Heads of responses. */
#include "http/heads.h"

#define BAD(name) SM_HTTP_BAD_##name
#define OK        "HTTP/1.1 200 OK\r\n"

TEST(a_response_as_servers_send_it)
{
    struct parsed p;
    struct text text =
        T("HTTP/1.1 404 Not  Found \xe9\r\nContent-Length: 9\r\n\r\nnot found");

    heads_parse(&p, RESPONSE, text, NULL);

    heads_assert_complete(&p, text, text.len - 9);
    ck_assert_int_eq(p.head.status, 404);
    ck_assert_int_eq(p.head.minor, 1);
    assert_slice(p.head.reason, "Not  Found \xe9");
    ck_assert_int_eq(p.head.body, SM_HTTP_BODY_LENGTH);
    ck_assert_uint_eq(p.head.content_length, 9);
    ck_assert(p.head.keep_alive);
}

TEST(a_response_without_a_reason)
{
    struct parsed p;
    struct text with = T("HTTP/1.1 200 \r\n\r\n"), without = T("HTTP/1.1 200\r\n\r\n");

    heads_parse(&p, RESPONSE, with, NULL);
    heads_assert_complete(&p, with, with.len);
    assert_slice(p.head.reason, "");
    heads_parse(&p, RESPONSE, without, NULL);
    heads_assert_complete(&p, without, without.len);
    ck_assert_int_eq(p.head.status, 200);
}

TEST(how_the_end_of_the_body_is_found)
{
    static const struct {
        enum kind kind;
        struct text text;
        enum sm_http_body body;
        uint64_t length;
        bool keep_alive;
    } cases[] = {
        {RESPONSE, T(OK "\r\n"), SM_HTTP_BODY_CLOSE, 0, false},
        {RESPONSE, T(OK "Content-Length: 0\r\n\r\n"), SM_HTTP_BODY_NONE, 0, true},
        {RESPONSE, T(OK "Content-Length: 7\r\n\r\n"), SM_HTTP_BODY_LENGTH, 7, true},
        {RESPONSE, T(OK "Transfer-Encoding: chunked\r\n\r\n"), SM_HTTP_BODY_CHUNKED, 0,
         true},
        {RESPONSE, T(OK "Connection: close\r\nContent-Length: 7\r\n\r\n"),
         SM_HTTP_BODY_LENGTH, 7, false},
        {RESPONSE, T("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n"),
         SM_HTTP_BODY_LENGTH, 7, false},
        {RESPONSE, T("HTTP/1.1 100 Continue\r\n\r\n"), SM_HTTP_BODY_NONE, 0, true},
        {RESPONSE, T("HTTP/1.1 204 No Content\r\nContent-Length: 7\r\n\r\n"),
         SM_HTTP_BODY_NONE, 0, true},
        {RESPONSE, T("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"),
         SM_HTTP_BODY_NONE, 0, true},
        {RESPONSE_TO_HEAD, T(OK "Content-Length: 7\r\n\r\n"), SM_HTTP_BODY_NONE, 0,
         true},
        {RESPONSE_TO_HEAD, T(OK "\r\n"), SM_HTTP_BODY_NONE, 0, true},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        heads_parse(&p, cases[i].kind, cases[i].text, NULL);
        heads_assert_complete(&p, cases[i].text, cases[i].text.len);
        ck_assert_int_eq(p.head.body, cases[i].body);
        ck_assert_uint_eq(p.head.content_length, cases[i].length);
        ck_assert_msg(p.head.keep_alive == cases[i].keep_alive, "%s",
                      cases[i].text.ptr);
    }
}

TEST(fields_that_only_requests_care_for)
{
    struct parsed p;
    struct text text = T(OK "Host: a\r\nHost: no host\r\nContent-Length: 0\r\n\r\n");

    heads_parse(&p, RESPONSE, text, NULL);

    heads_assert_complete(&p, text, text.len);
}

TEST(responses_that_are_refused)
{
    static const struct {
        struct text text;
        enum sm_http_refusal why;
    } cases[] = {
        {T("HTTP/1.1 20 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 2000 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 099 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 600 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 2x0 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1  200 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1\t200 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 200\tOK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 200 O\x01K\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 200 O\rK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1 200 O\0K\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/1.1\r\n\r\n"), BAD(STATUS_LINE)},
        {T("ICY 200 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("http/1.1 200 OK\r\n\r\n"), BAD(STATUS_LINE)},
        {T("HTTP/2.0 200 OK\r\n\r\n"), BAD(VERSION)},
        {T("HTTP/1.1 200 OK\nA: b\r\n\r\n"), BAD(BARE_LF)},
        {T(OK "A: b\r\n c\r\n\r\n"), BAD(FIELD_FOLD)},
        {T(OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"), BAD(LENGTH_TWICE)},
        {T(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
         BAD(LENGTH_CODING)},
        {T("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
         BAD(CODING_VERSION)},
        {T(OK "Content-Length: 99999999999\r\n\r\n"), BAD(BODY_LENGTH)},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        heads_parse(&p, RESPONSE, cases[i].text, NULL);
        heads_assert_refused(&p, cases[i].text, cases[i].why);
    }
}

HARNESS_MAIN("parser_response")
