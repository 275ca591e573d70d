/* SPDX-License-Identifier: MIT */
/* What the request parser accepts, and what it makes of it. */
#include "http/heads.h"

#define HEAD "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"
#define OLD  "GET / HTTP/1.0\r\n"
#define END  "\r\n"

static struct text text_of(const char *string)
{
    return (struct text){string, strlen(string)};
}

/* Parses what must be complete, to the last byte. */
static void accept(struct parsed *parsed, const char *string)
{
    struct text text = text_of(string);
    parse_request(parsed, text);
    heads_assert_complete(parsed, text, text.len);
}

TEST(a_request_as_a_browser_sends_it)
{
    struct parsed p;

    accept(&p, "GET /a/b?c=d&e=%20f HTTP/1.1\r\n"
               "Host: example.org:8080\r\n"
               "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
               "Accept:text/html\r\n"
               "X-Blank: \t \r\n"
               "X-Name: \t Ren\xe9 \t Magritte \t\r\n"
               "X-Empty:\r\n"
               "\r\n");

    assert_slice(p.head.method, "GET");
    assert_slice(p.head.target, "/a/b?c=d&e=%20f");
    assert_slice(p.head.path, "/a/b?c=d&e=%20f");
    assert_slice(p.head.authority, "example.org:8080");
    ck_assert_int_eq(p.head.minor, 1);
    ck_assert_uint_eq(p.head.headers_count, 6);
    assert_slice(p.fields[0].name, "Host");
    assert_slice(p.fields[1].value, "Mozilla/5.0 (X11; Linux x86_64)");
    assert_slice(p.fields[2].value, "text/html");
    assert_slice(p.fields[3].value, "");
    assert_slice(p.fields[4].value, "Ren\xe9 \t Magritte");
    assert_slice(p.fields[5].name, "X-Empty");
    assert_slice(p.fields[5].value, "");
    ck_assert_int_eq(p.head.body, SM_HTTP_BODY_NONE);
    ck_assert(p.head.keep_alive && !p.head.upgrade && !p.head.expect_continue);
}

TEST(what_follows_the_head_is_left_alone)
{
    struct parsed p;
    struct text text = T(HEAD END "GET /next HTTP/1.1\r\n");

    parse_request(&p, text);

    heads_assert_complete(&p, text, sizeof(HEAD END) - 1);
}

TEST(a_head_that_is_not_all_there)
{
    struct parsed p;
    const char whole[] = HEAD "A: b\r\n" END;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        parse_request(&p, (struct text){whole, len});
        ck_assert_int_eq(p.n, SM_HTTP_MORE);
        ck_assert_int_eq(p.head.refusal, SM_HTTP_BAD_NONE);
    }
}

TEST(a_complete_head_asked_for_again)
{
    struct parsed p;
    const char whole[] = POST "Content-Length: 3\r\n" END;
    struct text text = T(POST "Content-Length: 3\r\n" END);
    parse_request(&p, text);

    ssize_t again = sm_http_request_parse(&p.head, text.ptr, text.len);
    ssize_t moved = sm_http_request_parse(&p.head, whole, text.len);

    ck_assert_int_eq(again, (ssize_t)text.len);
    ck_assert_int_eq(moved, (ssize_t)text.len);
    ck_assert_ptr_eq(p.head.method.ptr, whole);
    ck_assert_int_eq(p.head.body, SM_HTTP_BODY_LENGTH);
    ck_assert_uint_eq(p.head.content_length, 3);
}

TEST(up_to_two_empty_lines_in_front)
{
    struct parsed p;
    accept(&p, "\r\n" HEAD END);
    assert_slice(p.head.method, "GET");
    accept(&p, "\r\n\r\n" HEAD END);
    assert_slice(p.head.target, "/");
}

TEST(any_token_is_a_method)
{
    struct parsed p;
    accept(&p, "!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\nHost: a\r\n" END);
    assert_slice(p.head.method, "!#$%&'*+-.^_`|~09azAZ");
    accept(&p, "ABCDEFGHIJABCDEFGHIJABCDEFGHIJAB / HTTP/1.1\r\nHost: a\r\n" END);
    ck_assert_uint_eq(p.head.method.len, SM_HTTP_METHOD_MAX);
}

TEST(any_token_is_the_name_of_a_field)
{
    struct parsed p;
    accept(&p, HEAD "!#$%&'*+-.^_`|~09azAZ: x\r\n" END);
    assert_slice(p.fields[1].name, "!#$%&'*+-.^_`|~09azAZ");
}

TEST(targets)
{
    static const struct {
        const char *method, *target, *authority, *path;
    } cases[] = {
        {"GET", "/", "h", "/"},
        {"GET", "//x/../y", "h", "//x/../y"},
        {"GET", "/a;b=c/@:!$&'()*+,=-._~", "h", "/a;b=c/@:!$&'()*+,=-._~"},
        {"GET", "/[]^`{|}?[]^`{|}\\%?/", "h", "/[]^`{|}?[]^`{|}\\%?/"},
        {"GET", "/%00%fF", "h", "/%00%fF"},
        {"GET", "/?", "h", "/?"},
        {"GET", "http://x/y?z", "x", "/y?z"},
        {"GET", "HTTPS://x:1/", "x:1", "/"},
        {"GET", "http://x", "x", ""},
        {"GET", "http://x?z", "x", "?z"},
        {"GET", "http://[::1]:8/z", "[::1]:8", "/z"},
        {"OPTIONS", "*", "h", "*"},
        {"OPTIONS", "/", "h", "/"},
        {"OPTIONS", "http://x", "x", ""},
        {"CONNECT", "x:443", "x:443", ""},
        {"CONNECT", "[::1]:443", "[::1]:443", ""},
    };
    struct parsed p;
    char head[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: h\r\n\r\n",
                 cases[i].method, cases[i].target);
        accept(&p, head);
        assert_slice(p.head.target, cases[i].target);
        assert_slice(p.head.authority, cases[i].authority);
        assert_slice(p.head.path, cases[i].path);
    }
}

TEST(hosts_in_the_host_field)
{
    static const char *const hosts[] = {
        "a", "A.example.org", "127.0.0.1:80", "[::1]", "[fe80::1]:8080", "a:", "a_b",
        "",
    };
    struct parsed p;
    char head[100];
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", hosts[i]);
        accept(&p, head);
        assert_slice(p.head.authority, hosts[i]);
    }
    accept(&p, OLD END);
    ck_assert_ptr_null(p.head.authority.ptr);
}

TEST(bodies)
{
    static const struct {
        const char *head;
        enum sm_http_body body;
        uint64_t length;
    } cases[] = {
        {POST END, SM_HTTP_BODY_NONE, 0},
        {POST "Content-Length: 0\r\n" END, SM_HTTP_BODY_NONE, 0},
        {POST "Content-Length: 5\r\n" END, SM_HTTP_BODY_LENGTH, 5},
        {POST "content-LENGTH:\t 5 \r\n" END, SM_HTTP_BODY_LENGTH, 5},
        {POST "Content-Length: 00000000000000000000000000000005\r\n" END,
         SM_HTTP_BODY_LENGTH, 5},
        {HEAD "Content-Length: 5\r\n" END, SM_HTTP_BODY_LENGTH, 5},
        {OLD "Content-Length: 5\r\n" END, SM_HTTP_BODY_LENGTH, 5},
        {POST "Transfer-Encoding: chunked\r\n" END, SM_HTTP_BODY_CHUNKED, 0},
        {POST "transfer-ENCODING:\tChunKed \r\n" END, SM_HTTP_BODY_CHUNKED, 0},
        {POST "TE: gzip\r\nX-Transfer-Encoding: gzip\r\nContent-Lengt: 5\r\n" END,
         SM_HTTP_BODY_NONE, 0},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(&p, cases[i].head);
        ck_assert_int_eq(p.head.body, cases[i].body);
        ck_assert_uint_eq(p.head.content_length, cases[i].length);
    }
}

TEST(whether_the_connection_stays)
{
    static const struct {
        const char *head;
        bool keep_alive;
    } cases[] = {
        {HEAD END, true},
        {HEAD "Connection: close\r\n" END, false},
        {HEAD "Connection: x, CLOSE ,y\r\n" END, false},
        {HEAD "Connection: x\r\nConnection: close\r\n" END, false},
        {HEAD "Connection: keep-alive, close\r\n" END, false},
        {HEAD "Connection: close, keep-alive\r\n" END, false},
        {HEAD "Connection: closed, x-close\r\n" END, true},
        {HEAD "Connection:\r\n" END, true},
        {HEAD "Proxy-Connection: close\r\n" END, true},
        {OLD END, false},
        {OLD "Connection: Keep-Alive\r\n" END, true},
        {OLD "Connection: keep-alive, close\r\n" END, false},
        {OLD "Connection: keep-alive\r\nConnection: close\r\n" END, false},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(&p, cases[i].head);
        ck_assert_msg(p.head.keep_alive == cases[i].keep_alive, "%s", cases[i].head);
    }
}

TEST(an_upgrade_is_asked_for_in_two_fields)
{
    static const struct {
        const char *head;
        bool upgrade;
    } cases[] = {
        {HEAD "Upgrade: websocket\r\nConnection: Upgrade\r\n" END, true},
        {HEAD "Connection: keep-alive, upgrade\r\nUpgrade: h2c\r\n" END, true},
        {HEAD "Upgrade: websocket\r\n" END, false},
        {HEAD "Connection: upgrade\r\n" END, false},
        {HEAD "Connection: upgrade\r\nUpgrade:\r\n" END, false},
        {OLD "Connection: upgrade\r\nUpgrade: websocket\r\n" END, false},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(&p, cases[i].head);
        ck_assert_msg(p.head.upgrade == cases[i].upgrade, "%s", cases[i].head);
    }
}

TEST(a_client_that_waits_for_a_100)
{
    static const struct {
        const char *head;
        bool waits;
    } cases[] = {
        {POST "Expect: 100-continue\r\nContent-Length: 5\r\n" END, true},
        {POST "Transfer-Encoding: chunked\r\nExpect: 100-Continue\r\n" END, true},
        {POST "Expect: 100-continue\r\n" END, false},
        {POST "Expect:\r\nContent-Length: 5\r\n" END, false},
        {OLD "Expect: 100-continue\r\nContent-Length: 5\r\n" END, false},
        {OLD "Expect: the unexpected\r\n" END, false},
    };
    struct parsed p;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        accept(&p, cases[i].head);
        ck_assert_msg(p.head.expect_continue == cases[i].waits, "%s", cases[i].head);
    }
}

TEST(a_head_can_be_used_again)
{
    struct parsed p;
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    accept(&p, POST "Connection: close\r\nContent-Length: 5\r\n" END);

    sm_http_head_init(&p.head, p.fields, &limits);
    ssize_t n = sm_http_request_parse(&p.head, HEAD END, sizeof(HEAD END) - 1);

    ck_assert_int_eq(n, sizeof(HEAD END) - 1);
    ck_assert_int_eq(p.head.body, SM_HTTP_BODY_NONE);
    ck_assert(p.head.keep_alive);
    ck_assert_uint_eq(p.head.headers_count, 1);
}

HARNESS_MAIN("parser_request")
