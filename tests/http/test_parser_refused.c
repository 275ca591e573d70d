/* SPDX-License-Identifier: MIT */
/* What the request parser refuses, rule by rule, and why. */
#include "http/heads.h"

#define BAD(name) SM_HTTP_BAD_##name
#define HEAD      "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST      "POST / HTTP/1.1\r\nHost: a\r\n"
#define END       "\r\n"

struct refused {
    struct text text;
    enum sm_http_refusal why;
};

static void all_refused(const struct refused *cases, size_t n)
{
    struct parsed parsed;
    for (size_t i = 0; i < n; i++) {
        parse_request(&parsed, cases[i].text);
        heads_assert_refused(&parsed, cases[i].text, cases[i].why);
    }
}
#define ALL_REFUSED(cases) all_refused(cases, sizeof(cases) / sizeof *(cases))

TEST(line_ends_other_than_cr_lf)
{
    static const struct refused cases[] = {
        {T("GET / HTTP/1.1\nHost: a\r\n\r\n"), BAD(BARE_LF)},
        {T("GET / HTTP/1.1\r\nHost: a\n\r\n"), BAD(BARE_LF)},
        {T(HEAD "\n"), BAD(BARE_LF)},
        {T("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), BAD(BARE_LF)},
        {T("GET / HTTP/1.1\r\nHost: a\r\n\n\r\n"), BAD(BARE_LF)},
        {T(HEAD "A: b\rX: y\r\n" END), BAD(FIELD_VALUE)},
        {T(HEAD "A: b\r\r\n" END), BAD(FIELD_VALUE)},
        {T(HEAD "A\r: b\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "\r\r\n"), BAD(FIELD_NAME)},
        {T("GET / HTTP/1.1\rX: y\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/1.1\r\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET /\r HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("\r\r\nGET / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
    };
    ALL_REFUSED(cases);
}

TEST(empty_lines_in_front)
{
    static const struct refused cases[] = {
        {T("\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n" END), BAD(EMPTY_LINES)},
        {T("\r\n\r\n\r\n\r\n"), BAD(EMPTY_LINES)},
    };
    ALL_REFUSED(cases);
}

TEST(request_lines)
{
    static const struct refused cases[] = {
        {T(" GET / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("\tGET / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("GET\t/ HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("G(T / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("G\0T / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("G\xc3\xa9T / HTTP/1.1\r\nHost: a\r\n" END), BAD(METHOD)},
        {T("GET\r\n" END), BAD(METHOD)},
        {T("\x16\x03\x01\x02"), BAD(METHOD)},
        {T("ABCDEFGHIJABCDEFGHIJABCDEFGHIJABC / HTTP/1.1\r\nHost: a\r\n" END),
         BAD(METHOD_LENGTH)},
        {T("GET /\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / \r\n" END), BAD(REQUEST_LINE)},
        {T("GET  HTTP/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET  / HTTP/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET /  HTTP/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET /\tHTTP/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/1.1 \r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / a HTTP/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / http/1.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/1,1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/11\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/1.10\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/x.1\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/1.x\r\nHost: a\r\n" END), BAD(REQUEST_LINE)},
        {T("GET / HTTP/0.9\r\nHost: a\r\n" END), BAD(VERSION)},
        {T("GET / HTTP/1.2\r\nHost: a\r\n" END), BAD(VERSION)},
        {T("GET / HTTP/2.0\r\nHost: a\r\n" END), BAD(VERSION)},
        {T("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), BAD(VERSION)},
    };
    ALL_REFUSED(cases);
}

TEST(targets_with_characters_that_no_url_has)
{
    static const struct refused cases[] = {
        {T("GET /a\"b HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /<a> HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /a\\b HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /a#b HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /?a#b HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /a\tb HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /a\0b HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /a\x7f HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /?\xc3\xa9 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /?\"a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /% HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /%1 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /%1g HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET /%g1 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
    };
    ALL_REFUSED(cases);
}

TEST(targets_that_do_not_fit_the_method)
{
    static const struct refused cases[] = {
        {T("GET * HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET_FORM)},
        {T("options * HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET_FORM)},
        {T("OPTIONS ** HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET a:80 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET ?a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET ftp://a/ HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http:/a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http:///a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http://@a/ HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http://a/#f HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http://a/# HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("GET http://a:x/ HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT / HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT * HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT a HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT a: HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT a:0 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT a:65536 HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT a:1/x HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
        {T("CONNECT http://a:1/ HTTP/1.1\r\nHost: a\r\n" END), BAD(TARGET)},
    };
    ALL_REFUSED(cases);
}

TEST(header_lines)
{
    static const struct refused cases[] = {
        {T(HEAD "A: b\r\n c\r\n" END), BAD(FIELD_FOLD)},
        {T(HEAD "A: b\r\n\tc: d\r\n" END), BAD(FIELD_FOLD)},
        {T("GET / HTTP/1.1\r\n Host: a\r\n" END), BAD(FIELD_FOLD)},
        {T(HEAD " \r\n" END), BAD(FIELD_FOLD)},
        {T(HEAD "A : b\r\n" END), BAD(FIELD_SPACE)},
        {T(HEAD "A\t: b\r\n" END), BAD(FIELD_SPACE)},
        {T(POST "Transfer-Encoding : chunked\r\n" END), BAD(FIELD_SPACE)},
        {T(POST "Content-Length \t: 5\r\n" END), BAD(FIELD_SPACE)},
        {T(HEAD "A b: c\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD ": b\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "A\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "A\0: b\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "\0: b\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "A(b): c\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "A\x7f: c\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "\"A\": c\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "\xc3\xa9: c\r\n" END), BAD(FIELD_NAME)},
        {T(HEAD "A/b: c\r\n" END), BAD(FIELD_NAME)},
    };
    ALL_REFUSED(cases);
}

TEST(control_characters_in_values)
{
    struct parsed parsed;
    /* long enough that the byte is met eight at a time, and at the end one at a time */
    for (size_t at = 0; at < 20; at++)
        for (int c = 0; c < 256; c++) {
            char head[] = HEAD "Name:abcdefghijklmnopqrst\r\n\r\n";
            struct text text = {head, sizeof head - 1};
            bool control = (c < ' ' && c != '\t') || c == 0x7f;
            head[sizeof(HEAD "Name:") - 1 + at] = (char)c;

            parse_request(&parsed, text);

            if (c == '\n')
                heads_assert_refused(&parsed, text, BAD(BARE_LF));
            else if (control)
                heads_assert_refused(&parsed, text, BAD(FIELD_VALUE));
            else
                heads_assert_complete(&parsed, text, text.len);
        }
}

TEST(hosts)
{
    static const struct refused cases[] = {
        {T("GET / HTTP/1.1\r\n" END), BAD(HOST_MISSING)},
        {T("GET http://a/ HTTP/1.1\r\n" END), BAD(HOST_MISSING)},
        {T("CONNECT a:1 HTTP/1.1\r\n" END), BAD(HOST_MISSING)},
        {T("GET / HTTP/1.1\r\nXHost: a\r\n" END), BAD(HOST_MISSING)},
        {T(HEAD "Host: a\r\n" END), BAD(HOST_TWICE)},
        {T(HEAD "hOST: b\r\n" END), BAD(HOST_TWICE)},
        {T("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n" END), BAD(HOST_TWICE)},
        {T("GET / HTTP/1.1\r\nHost:\r\nHost: b\r\n" END), BAD(HOST_TWICE)},
        {T("GET / HTTP/1.1\r\nHost: a b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a, b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a/b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: u@a\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: http://a\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a?b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a#b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a\\b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: %61\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: \xc3\xa9\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: :80\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a:b\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a:-1\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a:99999\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: a:1:2\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: ::1\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: [::1\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: [::g]\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.1\r\nHost: [1.2.3.4]\r\n" END), BAD(HOST)},
        {T("GET / HTTP/1.0\r\nHost: a b\r\n" END), BAD(HOST)},
    };
    ALL_REFUSED(cases);
}

TEST(content_lengths)
{
    static const struct refused cases[] = {
        {T(POST "Content-Length: 5\r\nContent-Length: 6\r\n" END), BAD(LENGTH_TWICE)},
        {T(POST "Content-Length: 5\r\ncontent-length: 5\r\n" END), BAD(LENGTH_TWICE)},
        {T(POST "Content-Length: 0\r\nContent-Length: 5\r\n" END), BAD(LENGTH_TWICE)},
        {T(POST "Content-Length: 5, 5\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 5,6\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 5,\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: +5\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: -5\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: -0\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 5 5\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 0x5\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: a\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 5.0\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: \"5\"\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: \xb2\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length:\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 9223372036854775808\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 18446744073709551616\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 18446744073709551621\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 99999999999999999999999999\r\n" END), BAD(LENGTH)},
        {T(POST "Content-Length: 9223372036854775807\r\n" END), BAD(BODY_LENGTH)},
    };
    ALL_REFUSED(cases);
}

TEST(transfer_encodings)
{
#define TE "Transfer-Encoding: "
    static const struct refused cases[] = {
        {T(POST TE "chunked\r\nContent-Length: 5\r\n" END), BAD(LENGTH_CODING)},
        {T(POST "Content-Length: 5\r\n" TE "chunked\r\n" END), BAD(LENGTH_CODING)},
        {T(POST "Content-Length: 0\r\n" TE "chunked\r\n" END), BAD(LENGTH_CODING)},
        {T(POST "Content-Length: 5\r\n" TE "identity\r\n" END), BAD(LENGTH_CODING)},
        {T("POST / HTTP/1.0\r\nHost: a\r\n" TE "chunked\r\n" END), BAD(CODING_VERSION)},
        {T("POST / HTTP/1.0\r\n" TE "chunked\r\nContent-Length: 5\r\n" END),
         BAD(CODING_VERSION)},
        {T(POST TE "gzip\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "identity\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "xchunked\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunkedx\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunked, gzip\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunked, identity\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunked, chunked\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunked\r\n" TE "chunked\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "chunked\r\n" TE "identity\r\n" END), BAD(CODING_LAST)},
        {T(POST TE "gzip, chunked\r\n" END), BAD(CODING_UNKNOWN)},
        {T(POST TE "identity, chunked\r\n" END), BAD(CODING_UNKNOWN)},
        {T(POST TE "gzip\r\n" TE "chunked\r\n" END), BAD(CODING_UNKNOWN)},
        {T(POST TE "\r\n" END), BAD(CODING)},
        {T(POST TE "chunked\r\n" TE "\r\n" END), BAD(CODING)},
        {T(POST TE ",chunked\r\n" END), BAD(CODING)},
        {T(POST TE "chunked,\r\n" END), BAD(CODING)},
        {T(POST TE "chunked;q=1\r\n" END), BAD(CODING)},
        {T(POST TE "\"chunked\"\r\n" END), BAD(CODING)},
        {T(POST TE "chun ked\r\n" END), BAD(CODING)},
        {T(POST TE "\x0b"
                   "chunked\r\n" END),
         BAD(FIELD_VALUE)},
        {T(POST TE "\xa0"
                   "chunked\r\n" END),
         BAD(CODING)},
    };
    ALL_REFUSED(cases);
}

TEST(bodies_of_connect_and_expectations)
{
    static const struct refused cases[] = {
        {T("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" END),
         BAD(CONNECT_BODY)},
        {T("CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" END),
         BAD(CONNECT_BODY)},
        {T("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n" TE "chunked\r\n" END),
         BAD(CONNECT_BODY)},
        {T(POST "Expect: 200-ok\r\n" END), BAD(EXPECTATION)},
        {T(POST "Expect: 100-continue, x\r\n" END), BAD(EXPECTATION)},
    };
    ALL_REFUSED(cases);
}

TEST(a_refusal_is_final)
{
    static const char bad[] = "GET / HTTP/1.1\r\nA : b\r\n\r\n";
    struct sm_http_header fields[4];
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    struct sm_http_head head;
    limits.headers_max = 4;
    sm_http_head_init(&head, fields, &limits);

    ssize_t once = sm_http_request_parse(&head, bad, sizeof bad - 3);
    ssize_t again = sm_http_request_parse(&head, bad, sizeof bad - 1);

    ck_assert_int_lt(once, 0);
    ck_assert_int_eq(once, again);
    ck_assert_int_eq(head.refusal, BAD(FIELD_SPACE));
}

TEST(every_refusal_has_a_status_and_a_text)
{
    for (int why = BAD(NONE) + 1; why <= BAD(TRAILER_LENGTH); why++) {
        ck_assert_int_ge(sm_http_refusal_status(why), 400);
        ck_assert_int_lt(sm_http_refusal_status(why), 600);
        ck_assert_uint_gt(strlen(sm_http_refusal_text(why)), 0);
    }
    ck_assert_int_eq(sm_http_refusal_status(BAD(BARE_LF)), 400);
    ck_assert_int_eq(sm_http_refusal_status(BAD(BODY_LENGTH)), 413);
    ck_assert_int_eq(sm_http_refusal_status(BAD(TARGET_LENGTH)), 414);
    ck_assert_int_eq(sm_http_refusal_status(BAD(EXPECTATION)), 417);
    ck_assert_int_eq(sm_http_refusal_status(BAD(HEAD_LENGTH)), 431);
    ck_assert_int_eq(sm_http_refusal_status(BAD(FIELD_COUNT)), 431);
    ck_assert_int_eq(sm_http_refusal_status(BAD(METHOD_LENGTH)), 501);
    ck_assert_int_eq(sm_http_refusal_status(BAD(CODING_UNKNOWN)), 501);
    ck_assert_int_eq(sm_http_refusal_status(BAD(VERSION)), 505);
}

HARNESS_MAIN("parser_refused")
