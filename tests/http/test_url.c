/* SPDX-License-Identifier: MIT */
/* Taking URLs apart. */
#include "support/harness.h"

#include <simul/error.h>

#include "http/url.h"

/* In memory without a byte to spare, so that reading on is noticed. */
static int parse(const char *text, struct sm_http_url *url, char **copy)
{
    size_t len = strlen(text);
    *copy = malloc(len ? len : 1);
    memcpy(*copy, text, len);
    return sm_http_url_parse(*copy, len, url);
}

static bool is(struct sm_http_slice slice, const char *text)
{
    return text ? slice.ptr && sm_http_slice_equal(slice, text) : !slice.ptr;
}

TEST(urls_that_are_accepted)
{
    static const struct {
        const char *text;
        bool https, ip6;
        unsigned port;
        const char *userinfo, *authority, *host, *path, *query, *target, *fragment;
    } cases[] = {
        {"http://a", false, false, 80, NULL, "a", "a", "", NULL, "", NULL},
        {"https://a/", true, false, 443, NULL, "a", "a", "/", NULL, "/", NULL},
        {"HtTpS://A.b:8443/c/d?e=f#g", true, false, 8443, NULL, "A.b:8443", "A.b",
         "/c/d", "e=f", "/c/d?e=f", "g"},
        {"http://a:/", false, false, 80, NULL, "a:", "a", "/", NULL, "/", NULL},
        {"http://a:00080/", false, false, 80, NULL, "a:00080", "a", "/", NULL, "/",
         NULL},
        {"http://a:65535", false, false, 65535, NULL, "a:65535", "a", "", NULL, "",
         NULL},
        {"http://a?", false, false, 80, NULL, "a", "a", "", "", "?", NULL},
        {"http://a#", false, false, 80, NULL, "a", "a", "", NULL, "", ""},
        {"http://a?b?c/d#e?f/", false, false, 80, NULL, "a", "a", "", "b?c/d", "?b?c/d",
         "e?f/"},
        {"http://u:p%40@a/", false, false, 80, "u:p%40", "a", "a", "/", NULL, "/",
         NULL},
        {"http://@a/", false, false, 80, "", "a", "a", "/", NULL, "/", NULL},
        {"http://a/@b", false, false, 80, NULL, "a", "a", "/@b", NULL, "/@b", NULL},
        {"http://[::1]:8/", false, true, 8, NULL, "[::1]:8", "::1", "/", NULL, "/",
         NULL},
        {"http://[2001:DB8::1.2.3.4]", false, true, 80, NULL, "[2001:DB8::1.2.3.4]",
         "2001:DB8::1.2.3.4", "", NULL, "", NULL},
        {"http://127.0.0.1/%7E[]^`{|}", false, false, 80, NULL, "127.0.0.1",
         "127.0.0.1", "/%7E[]^`{|}", NULL, "/%7E[]^`{|}", NULL},
        {"http://a/?100%\\", false, false, 80, NULL, "a", "a", "/", "100%\\",
         "/?100%\\", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sm_http_url url;
        char *copy;
        int r = parse(cases[i].text, &url, &copy);
        ck_assert_msg(r == 0, "refused: %s", cases[i].text);
        ck_assert_msg(
            url.https == cases[i].https && url.ip6 == cases[i].ip6
                && url.port == cases[i].port && is(url.userinfo, cases[i].userinfo)
                && is(url.authority, cases[i].authority) && is(url.host, cases[i].host)
                && is(url.path, cases[i].path) && is(url.query, cases[i].query)
                && is(url.target, cases[i].target)
                && is(url.fragment, cases[i].fragment),
            "wrong parts: %s", cases[i].text);
        free(copy);
    }
}

TEST(urls_that_are_refused)
{
    static const char *const cases[] = {
        "",
        "a",
        "/a",
        "//a",
        "http",
        "http:",
        "http:/",
        "http://",
        "http:a",
        "http:/a",
        "http:///a",
        "http://?a",
        "http://#a",
        "ftp://a/",
        "file:///a",
        "httpx://a/",
        " http://a",
        "http://a ",
        "http ://a",
        "http://a b/",
        "http://a/b c",
        "http://a/\t",
        "http://a/\n",
        "http://a/\r\nX: y",
        "http://a/\x7f",
        "http://a/\xc3\xa9",
        "http://\xc3\xa9/",
        "http://a/?\xc3\xa9",
        "http://a/#\xc3\xa9",
        "http://a/?b c",
        "http://a/#b c",
        "http://a/#b#c",
        "http://a/<b>",
        "http://a/\"",
        "http://a/\\",
        "http://a\\b/",
        "http://a/%",
        "http://a/%1",
        "http://a/%1g",
        "http://a/%g1",
        "http://%61/",
        "http://a:b/",
        "http://a:-1/",
        "http://a:+1/",
        "http://a:0/",
        "http://a:65536/",
        "http://a:4294967376/",
        "http://a:18446744073709551696/",
        "http://a:1:2/",
        "http://:80/",
        "http://u@/",
        "http://u@@a/",
        "http://u@b@a/",
        "http://u v@a/",
        "http://u%4@a/",
        "http://[::1",
        "http://[::1]a",
        "http://[]/",
        "http://[::g]/",
        "http://[1.2.3.4]/",
        "http://[::1%25eth0]/",
        "http://[v1.a]/",
        "http://::1/",
        "http://a[::1]/",
        "http://[1:2:3:4:5:6:7:8:9]/",
        "http://[1111:2222:3333:4444:5555:6666:7777:8888:9999:1111:2222:3333]/",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sm_http_url url = {.port = 42};
        char *copy;
        int r = parse(cases[i], &url, &copy);
        ck_assert_msg(r == -SIMUL_EURL, "accepted: %s", cases[i]);
        ck_assert_uint_eq(url.port, 42);
        free(copy);
    }
}

TEST(a_nul_is_in_no_url)
{
    struct sm_http_url url;
    ck_assert_int_eq(sm_http_url_parse("http://a\0b/", 11, &url), -SIMUL_EURL);
    ck_assert_int_eq(sm_http_url_parse("http://a/\0", 10, &url), -SIMUL_EURL);
    ck_assert_int_eq(sm_http_url_parse("http://[::1\0]/", 14, &url), -SIMUL_EURL);
}

TEST(a_host_as_long_as_allowed_and_one_more)
{
    char text[8 + SM_HTTP_HOST_MAX + 1] = "http://";
    struct sm_http_url url;
    memset(text + 7, 'a', SM_HTTP_HOST_MAX + 1);

    ck_assert_int_eq(sm_http_url_parse(text, 7 + SM_HTTP_HOST_MAX, &url), 0);
    ck_assert_uint_eq(url.host.len, SM_HTTP_HOST_MAX);
    ck_assert_int_eq(sm_http_url_parse(text, 7 + SM_HTTP_HOST_MAX + 1, &url),
                     -SIMUL_EURL);
}

TEST(authorities)
{
    struct sm_http_authority a;
    ck_assert_int_eq(sm_http_authority_parse((struct sm_http_slice){"a:1", 3}, &a), 0);
    ck_assert(is(a.host, "a") && a.port == 1 && !a.ip6);
    ck_assert_int_eq(sm_http_authority_parse((struct sm_http_slice){"[::1]", 5}, &a),
                     0);
    ck_assert(is(a.host, "::1") && a.port == 0 && a.ip6);
    ck_assert_int_eq(sm_http_authority_parse((struct sm_http_slice){"", 0}, &a),
                     -SIMUL_EURL);
    ck_assert_int_eq(sm_http_authority_parse((struct sm_http_slice){"u@a", 3}, &a),
                     -SIMUL_EURL);
}

TEST(paths)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"/", true},     {"/a?b", true},  {"//", true},   {"/%41", true},
        {"", false},     {"a", false},    {"?a", false},  {"*", false},
        {"/a#b", false}, {"/a b", false}, {"/%4", false}, {"/a?b#c", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sm_http_slice text = {cases[i].text, strlen(cases[i].text)};
        ck_assert_msg(sm_http_path_is_valid(text) == cases[i].good, "%s",
                      cases[i].text);
    }
}

TEST(escapes_are_undone)
{
    static const struct {
        const char *text, *decoded; /* NULL: refused */
    } cases[] = {
        {"", ""},        {"a+b", "a+b"},   {"%41%6a%6A", "Ajj"}, {"%2f%25", "/%"},
        {"%ff", "\xff"}, {"%2541", "%41"}, {"%", NULL},          {"a%4", NULL},
        {"a%", NULL},    {"%4g", NULL},    {"%g4", NULL},        {"%00", NULL},
        {"%%41", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = strlen(cases[i].text);
        char out[16], *exact = malloc(len ? len : 1);
        memcpy(exact, cases[i].text, len);
        ssize_t n = sm_http_percent_decode((struct sm_http_slice){exact, len}, out);
        free(exact);
        if (!cases[i].decoded) {
            ck_assert_int_eq(n, -SIMUL_EURL);
            continue;
        }
        ck_assert_int_eq(n, (ssize_t)strlen(cases[i].decoded));
        ck_assert_str_eq(out, cases[i].decoded);
    }
}

TEST(escapes_are_undone_in_place)
{
    char text[] = "a%20b%20c";
    ssize_t n =
        sm_http_percent_decode((struct sm_http_slice){text, strlen(text)}, text);
    ck_assert_int_eq(n, 5);
    ck_assert_str_eq(text, "a b c");
}

HARNESS_MAIN("url")
