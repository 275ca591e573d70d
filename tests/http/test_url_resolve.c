/* SPDX-License-Identifier: MIT */
/* Following references from one URL to another. */
#include "support/harness.h"

#include <simul/error.h>

#include "http/url.h"

struct reference {
    const char *base, *ref, *result; /* result NULL: refused */
};

static void all_resolve(const struct reference *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char out[200];
        ssize_t r = sm_http_url_resolve(cases[i].base, cases[i].ref,
                                        strlen(cases[i].ref), out, sizeof out);
        if (!cases[i].result) {
            ck_assert_msg(r == -SIMUL_EURL, "accepted: %s", cases[i].ref);
            continue;
        }
        ck_assert_msg(r > 0, "refused: %s", cases[i].ref);
        ck_assert_msg(strcmp(out, cases[i].result) == 0, "%s: %s instead of %s",
                      cases[i].ref, out, cases[i].result);
        ck_assert_int_eq(r, (ssize_t)strlen(out));
    }
}
#define ALL_RESOLVE(cases) all_resolve(cases, sizeof(cases) / sizeof *(cases))

#define B "http://a/b/c/d;p?q"

TEST(the_examples_of_rfc_3986)
{
    static const struct reference cases[] = {
        {B, "g", "http://a/b/c/g"},
        {B, "./g", "http://a/b/c/g"},
        {B, "g/", "http://a/b/c/g/"},
        {B, "/g", "http://a/g"},
        {B, "//g", "http://g"},
        {B, "?y", "http://a/b/c/d;p?y"},
        {B, "g?y", "http://a/b/c/g?y"},
        {B, "#s", "http://a/b/c/d;p?q#s"},
        {B, "g#s", "http://a/b/c/g#s"},
        {B, "g?y#s", "http://a/b/c/g?y#s"},
        {B, ";x", "http://a/b/c/;x"},
        {B, "g;x", "http://a/b/c/g;x"},
        {B, "g;x?y#s", "http://a/b/c/g;x?y#s"},
        {B, "", "http://a/b/c/d;p?q"},
        {B, ".", "http://a/b/c/"},
        {B, "./", "http://a/b/c/"},
        {B, "..", "http://a/b/"},
        {B, "../", "http://a/b/"},
        {B, "../g", "http://a/b/g"},
        {B, "../..", "http://a/"},
        {B, "../../", "http://a/"},
        {B, "../../g", "http://a/g"},
        {B, "../../../g", "http://a/g"},
        {B, "../../../../g", "http://a/g"},
        {B, "/./g", "http://a/g"},
        {B, "/../g", "http://a/g"},
        {B, "g.", "http://a/b/c/g."},
        {B, ".g", "http://a/b/c/.g"},
        {B, "g..", "http://a/b/c/g.."},
        {B, "..g", "http://a/b/c/..g"},
        {B, "./../g", "http://a/b/g"},
        {B, "./g/.", "http://a/b/c/g/"},
        {B, "g/./h", "http://a/b/c/g/h"},
        {B, "g/../h", "http://a/b/c/h"},
        {B, "g;x=1/./y", "http://a/b/c/g;x=1/y"},
        {B, "g;x=1/../y", "http://a/b/c/y"},
        {B, "g?y/./x", "http://a/b/c/g?y/./x"},
        {B, "g?y/../x", "http://a/b/c/g?y/../x"},
        {B, "g#s/./x", "http://a/b/c/g#s/./x"},
        {B, "g#s/../x", "http://a/b/c/g#s/../x"},
        {B, "g:h", NULL},    /* a scheme that is not ours */
        {B, "http:g", NULL}, /* strict */
    };
    ALL_RESOLVE(cases);
}

TEST(other_places)
{
    static const struct reference cases[] = {
        {B, "https://x:1/y", "https://x:1/y"},
        {B, "HTTPS://x", "HTTPS://x"},
        {B, "http://x/y/../z", "http://x/z"},
        {B, "http://x/../..", "http://x/"},
        {B, "//x?y", "http://x?y"},
        {"https://u:p@a:1", "b", "https://u:p@a:1/b"},
        {"http://a", "", "http://a"},
        {"http://a", "?b", "http://a?b"},
        {"http://a?b", "c", "http://a/c"},
        {"http://a?b#c", "", "http://a?b"},
        {"http://a/b?c/d", "e", "http://a/e"},
        {"http://[::1]:80/", "x", "http://[::1]:80/x"},
        {"http://a/b//c", "../d", "http://a/b/d"},
        {"http://a/b/../c/d", "e", "http://a/c/e"},
    };
    ALL_RESOLVE(cases);
}

TEST(no_base)
{
    static const struct reference cases[] = {
        {NULL, "http://a/b/../c", "http://a/c"},
        {NULL, "http://a", "http://a"},
        {NULL, "//a", NULL},
        {NULL, "/a", NULL},
        {NULL, "a", NULL},
        {NULL, "", NULL},
        {NULL, "http:", NULL},
        {NULL, "http://", NULL},
    };
    ALL_RESOLVE(cases);
}

TEST(characters_that_no_url_has)
{
    static const struct reference cases[] = {
        {B, "x y", "http://a/b/c/x%20y"},
        {B, "/\xc3\xa9?\xc3\xa9#\xc3\xa9", "http://a/%C3%A9?%C3%A9#%C3%A9"},
        {B, "<\"\\>", "http://a/b/c/%3C%22%5C%3E"},
        {B, "?<\">", "http://a/b/c/d;p?%3C%22%3E"},
        {B, "100%", "http://a/b/c/100%25"},
        {B, "%zz%4", "http://a/b/c/%25zz%254"},
        {B, "%41%7e", "http://a/b/c/%41%7e"},
        {B, "?100%", "http://a/b/c/d;p?100%"},
        {B, "#a#b", "http://a/b/c/d;p?q#a%23b"},
        {B, "a\nb", NULL},
        {B, "a\r\nb", NULL},
        {B, "?\t", NULL},
        {B, "#\x7f", NULL},
        {B, "//x y/", NULL},
        {B, "//\xc3\xa9/", NULL},
        {B, "//x\\@y/", NULL},
        {B, "\\\\x\\y", "http://a/b/c/%5C%5Cx%5Cy"},
        {B, "http://x:port/", NULL},
        {B, "//u@v@x/", NULL},
        {B, "javascript:alert(1)", NULL},
        {"ftp://a/", "b", NULL},
        {"a", "b", NULL},
        {"a", "http://b/c", NULL},
    };
    ALL_RESOLVE(cases);
}

TEST(a_nul_is_refused)
{
    char out[100];
    ck_assert_int_eq(sm_http_url_resolve(B, "a\0b", 3, out, sizeof out), -SIMUL_EURL);
    ck_assert_int_eq(sm_http_url_resolve(B, "//a\0b", 5, out, sizeof out), -SIMUL_EURL);
}

TEST(a_result_that_just_fits_and_one_that_does_not)
{
    const char result[] = "http://a/b/c/%C3%A9";
    for (size_t size = 0; size <= sizeof result; size++) {
        char *out = malloc(size ? size : 1);
        ssize_t r = sm_http_url_resolve(B, "\xc3\xa9", 2, out, size);
        if (size < sizeof result) {
            ck_assert_int_eq(r, -SIMUL_ETOOLARGE);
        } else {
            ck_assert_int_eq(r, (ssize_t)sizeof result - 1);
            ck_assert_str_eq(out, result);
        }
        free(out);
    }
}

HARNESS_MAIN("url_resolve")
