/* SPDX-License-Identifier: MIT */
/* Questions about header fields. */
#include "support/harness.h"

#include "http/headers.h"

static struct sm_http_slice slice(const char *text)
{
    return (struct sm_http_slice){text, strlen(text)};
}

#define F(name, value)                                                                 \
    {                                                                                  \
        {name, sizeof(name) - 1},                                                      \
        {                                                                              \
            value, sizeof(value) - 1                                                   \
        }                                                                              \
    }
static const struct sm_http_header fields[] = {
    F("Host", "a"), F("Accept", "x, y"), F("accept", "z"),
    F("Empty", ""), F("ACCEPT", "w"),
};
enum { N = sizeof fields / sizeof *fields };

TEST(a_field_is_found_whatever_its_case)
{
    ck_assert_ptr_eq(sm_http_header_find(fields, N, "hOST", NULL), &fields[0]);
    ck_assert_ptr_eq(sm_http_header_find(fields, N, "ACCEPT", NULL), &fields[1]);
    ck_assert_ptr_null(sm_http_header_find(fields, N, "Hos", NULL));
    ck_assert_ptr_null(sm_http_header_find(fields, N, "Hosts", NULL));
    ck_assert_ptr_null(sm_http_header_find(fields, 0, "Host", NULL));
}

TEST(fields_of_one_name_are_found_one_after_the_other)
{
    const struct sm_http_header *it = NULL;
    it = sm_http_header_find(fields, N, "accept", it);
    ck_assert_ptr_eq(it, &fields[1]);
    it = sm_http_header_find(fields, N, "accept", it);
    ck_assert_ptr_eq(it, &fields[2]);
    it = sm_http_header_find(fields, N, "accept", it);
    ck_assert_ptr_eq(it, &fields[4]);
    ck_assert_ptr_null(sm_http_header_find(fields, N, "accept", it));
}

TEST(the_value_of_a_field)
{
    ck_assert(sm_http_slice_equal(sm_http_header_value(fields, N, "accept"), "x, y"));
    struct sm_http_slice empty = sm_http_header_value(fields, N, "empty");
    struct sm_http_slice missing = sm_http_header_value(fields, N, "missing");
    ck_assert(empty.ptr && empty.len == 0);
    ck_assert(!missing.ptr && missing.len == 0);
}

TEST(a_token_is_found_in_any_field_of_the_name)
{
    ck_assert(sm_http_headers_have(fields, N, "Accept", "X"));
    ck_assert(sm_http_headers_have(fields, N, "Accept", "z"));
    ck_assert(sm_http_headers_have(fields, N, "Accept", "w"));
    ck_assert(!sm_http_headers_have(fields, N, "Accept", "a"));
    ck_assert(!sm_http_headers_have(fields, N, "Missing", "a"));
}

TEST(letters_only_have_a_case)
{
    ck_assert(sm_http_slice_is(slice("aZ-09"), "Az-09"));
    ck_assert(!sm_http_slice_is(slice("["), "{"));
    ck_assert(!sm_http_slice_is(slice("@"), "`"));
    ck_assert(!sm_http_slice_is(slice("\xc9"), "\xe9"));
    ck_assert(!sm_http_slice_is((struct sm_http_slice){"a\0", 2}, "a"));
    ck_assert(!sm_http_slice_equal(slice("A"), "a"));
}

TEST(lists)
{
    static const struct {
        const char *list;
        const char *items[4];
    } cases[] = {
        {"", {NULL}},
        {" \t", {NULL}},
        {",", {NULL}},
        {" , ,\t,", {NULL}},
        {"a", {"a"}},
        {"close, x", {"close", "x"}},
        {"\t close\t,,x ,", {"close", "x"}},
        {"a b,c", {"a b", "c"}},
        {"\"a,b\"", {"\"a", "b\""}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sm_http_slice rest = slice(cases[i].list), item;
        for (const char *const *want = cases[i].items; *want; want++) {
            ck_assert(sm_http_list_next(&rest, &item));
            ck_assert_msg(sm_http_slice_equal(item, *want), "%s: %.*s", cases[i].list,
                          (int)item.len, item.ptr);
        }
        ck_assert_msg(!sm_http_list_next(&rest, &item), "%s: one more", cases[i].list);
    }
}

TEST(a_token_is_an_element_and_not_a_part_of_one)
{
    ck_assert(sm_http_list_has(slice("x, Close"), "close"));
    ck_assert(!sm_http_list_has(slice("closed, x close"), "close"));
    ck_assert(!sm_http_list_has(slice(""), "close"));
}

TEST(numbers)
{
    static const struct {
        const char *text;
        bool good;
        uint64_t value;
    } cases[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"00000000000000000000000000000009223372036854775807", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"9223372036854775810", false, 0},
        {"18446744073709551617", false, 0},
        {"", false, 0},
        {"+1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1a", false, 0},
        {"/", false, 0},
        {":", false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value = 42;
        bool good = sm_http_slice_number(slice(cases[i].text), &value);
        ck_assert_msg(good == cases[i].good, "%s", cases[i].text);
        ck_assert_uint_eq(value, good ? cases[i].value : 42);
    }
}

HARNESS_MAIN("headers")
