/* SPDX-License-Identifier: MIT */
/*
 * Questions about header fields: see headers.h.
 */
#include "http/headers.h"

static unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool sm_http_slice_equal(struct sm_http_slice a, const char *text)
{
    size_t len = strlen(text);
    return a.len == len && (len == 0 || memcmp(a.ptr, text, len) == 0);
}

bool sm_http_slice_is(struct sm_http_slice a, const char *word)
{
    if (a.len != strlen(word))
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(word[i]))
            return false;
    return true;
}

struct sm_http_slice sm_http_slice_trim(struct sm_http_slice a)
{
    while (a.len > 0 && is_blank(a.ptr[a.len - 1]))
        a.len--;
    while (a.len > 0 && is_blank(a.ptr[0])) {
        a.ptr++;
        a.len--;
    }
    return a;
}

const struct sm_http_header *sm_http_header_find(const struct sm_http_header *headers,
                                                 size_t count, const char *name,
                                                 const struct sm_http_header *after)
{
    size_t first = after ? (size_t)(after - headers) + 1 : 0;
    for (size_t i = first; i < count; i++)
        if (sm_http_slice_is(headers[i].name, name))
            return &headers[i];
    return NULL;
}

struct sm_http_slice sm_http_header_value(const struct sm_http_header *headers,
                                          size_t count, const char *name)
{
    const struct sm_http_header *found =
        sm_http_header_find(headers, count, name, NULL);
    return found ? found->value : (struct sm_http_slice){NULL, 0};
}

bool sm_http_list_next(struct sm_http_slice *rest, struct sm_http_slice *item)
{
    while (rest->len > 0) {
        const char *comma = memchr(rest->ptr, ',', rest->len);
        size_t len = comma ? (size_t)(comma - rest->ptr) : rest->len;
        struct sm_http_slice found =
            sm_http_slice_trim((struct sm_http_slice){rest->ptr, len});
        size_t taken = comma ? len + 1 : len;
        rest->ptr += taken;
        rest->len -= taken;
        if (found.len > 0) {
            *item = found;
            return true;
        }
    }
    return false;
}

bool sm_http_list_has(struct sm_http_slice list, const char *token)
{
    struct sm_http_slice item;
    while (sm_http_list_next(&list, &item))
        if (sm_http_slice_is(item, token))
            return true;
    return false;
}

bool sm_http_headers_have(const struct sm_http_header *headers, size_t count,
                          const char *name, const char *token)
{
    const struct sm_http_header *it = NULL;
    while ((it = sm_http_header_find(headers, count, name, it)))
        if (sm_http_list_has(it->value, token))
            return true;
    return false;
}

bool sm_http_slice_number(struct sm_http_slice a, uint64_t *value)
{
    uint64_t sum = 0;
    if (a.len == 0)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        unsigned digit = (unsigned char)a.ptr[i] - (unsigned)'0';
        if (digit > 9 || sum > ((uint64_t)INT64_MAX - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}
