/* SPDX-License-Identifier: MIT */
/* Names of files for the content of URLs. */
#include "support/harness.h"

#include <simul/http.h>

#include "http/url.h"

static const char *name_of(const char *text, char *out, size_t size)
{
    struct sm_http_url url;
    ck_assert_msg(sm_http_url_parse(text, strlen(text), &url) == 0, "no URL: %s", text);
    size_t len = sm_http_url_file_name(&url, out, size);
    ck_assert_uint_eq(len, strlen(out));
    ck_assert_uint_lt(len, size);
    return out;
}

TEST(names)
{
    static const struct {
        const char *url, *name;
    } cases[] = {
        {"http://a", "index.html"},
        {"http://a/", "index.html"},
        {"http://a/b/", "index.html"},
        {"http://a/b/cat.jpg", "cat.jpg"},
        {"http://a/b/cat.jpg#top", "cat.jpg"},
        {"http://a/list?page=2", "list?page=2"},
        {"http://a/?q", "index.html?q"},
        {"http://a?q", "index.html?q"},
        {"http://a/b?", "b"},
        {"http://a/b?c=/d/../e", "b?c=%2Fd%2F..%2Fe"},
        {"http://a/a%20b", "a b"},
        {"http://a/..", "_."},
        {"http://a/.", "_"},
        {"http://a/.bashrc", "_bashrc"},
        {"http://a/%2e%2e", "_."},
        {"http://a/..%2f..%2fetc%2fpasswd", "_.%2F..%2Fetc%2Fpasswd"},
        {"http://a/-rf", "_rf"},
        {"http://a/%2drf", "_rf"},
        {"http://a/%00", "%00"},
        {"http://a/a%0Ab", "a%0Ab"},
        {"http://a/%c3%a9", "%C3%A9"},
        {"http://a/%25", "%25"},
        {"http://a/%2541", "%2541"},
        {"http://a/?100%", "index.html?100%25"},
        {"http://a/?\\", "index.html?%5C"},
    };
    char out[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        ck_assert_str_eq(name_of(cases[i].url, out, sizeof out), cases[i].name);
}

TEST(a_long_name_is_cut_but_not_within_an_escape)
{
    char out[16];
    ck_assert_str_eq(name_of("http://a/0123456789abcd", out, 16), "0123456789abcd");
    ck_assert_str_eq(name_of("http://a/0123456789abcde", out, 16), "0123456789abcde");
    ck_assert_str_eq(name_of("http://a/0123456789abcdef", out, 16), "0123456789abcde");
    ck_assert_str_eq(name_of("http://a/0123456789ab%ff", out, 16), "0123456789ab%FF");
    ck_assert_str_eq(name_of("http://a/0123456789abc%ff", out, 16), "0123456789abc");
    ck_assert_str_eq(name_of("http://a/0123456789abc%ffd", out, 16), "0123456789abc");
    ck_assert_str_eq(name_of("http://a/0123456789abc%41d", out, 16), "0123456789abcAd");
}

/* What requests take has a name as well. */
TEST(blanks_and_bytes_above_ascii)
{
    static const struct {
        const char *url, *name;
    } cases[] = {
        {"http://a/b c", "b c"},
        {"http://a/\xc3\xa9t\xc3\xa9.jpg", "%C3%A9t%C3%A9.jpg"},
        {"http://a/\xff\xfe?\x80", "%FF%FE?%80"},
        {"http://a/b/..", "index.html"},
        {"http://a/../../etc/passwd", "passwd"},
    };
    char out[200];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ck_assert_int_eq(simul_url_file_name(cases[i].url, out, sizeof out),
                         (int)strlen(cases[i].name));
        ck_assert_str_eq(out, cases[i].name);
    }
}

TEST(what_is_no_url_has_no_name)
{
    char out[16] = "as it was";
    ck_assert_int_eq(simul_url_file_name("", out, sizeof out), -SIMUL_EURL);
    ck_assert_int_eq(simul_url_file_name("a/b", out, sizeof out), -SIMUL_EURL);
    ck_assert_int_eq(simul_url_file_name("ftp://a/b", out, sizeof out), -SIMUL_EURL);
    ck_assert_int_eq(simul_url_file_name("http://a/\n", out, sizeof out), -SIMUL_EURL);
    ck_assert_int_eq(simul_url_file_name("http://a/b", out, 15), -EINVAL);
    ck_assert_str_eq(out, "as it was");
}

HARNESS_MAIN("url_file_name")
