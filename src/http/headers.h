/* SPDX-License-Identifier: MIT */
/*
 * Slices of a message, and questions about header fields.
 *
 * A slice points into a buffer that somebody else owns; it is not terminated. Names of
 * fields and tokens are compared without regard to the case of ASCII letters, and to
 * nothing else: no locale.
 *
 * Pure: no I/O, no allocation, any thread.
 */
#ifndef SM_HTTP_HEADERS_H
#define SM_HTTP_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sm_http_slice {
    const char *ptr;
    size_t len;
};

struct sm_http_header {
    struct sm_http_slice name, value; /* value: without the white space around it */
};

/* The same bytes. */
bool sm_http_slice_equal(struct sm_http_slice a, const char *text);

/* The same word, whatever the case of its letters. */
bool sm_http_slice_is(struct sm_http_slice a, const char *word);

/* Without the spaces and tabs at both ends. */
struct sm_http_slice sm_http_slice_trim(struct sm_http_slice a);

/*
 * The first field called name, or the next after `after` (NULL: from the beginning).
 * NULL if there is none.
 */
const struct sm_http_header *sm_http_header_find(const struct sm_http_header *headers,
                                                 size_t count, const char *name,
                                                 const struct sm_http_header *after);

/* The value of the first field called name; {NULL, 0} if there is none. */
struct sm_http_slice sm_http_header_value(const struct sm_http_header *headers,
                                          size_t count, const char *name);

/*
 * Takes the next element off a list of tokens ("close, x"): true and *item, or false at
 * the end. Empty elements are skipped, as RFC 9110 section 5.6.1 wants. Quotes have no
 * meaning: for lists of tokens only (Connection, Expect, Vary, Accept-Encoding, …).
 */
bool sm_http_list_next(struct sm_http_slice *rest, struct sm_http_slice *item);

/* Is the token an element of the list? */
bool sm_http_list_has(struct sm_http_slice list, const char *token);

/* Is the token an element of any field called name? */
bool sm_http_headers_have(const struct sm_http_header *headers, size_t count,
                          const char *name, const char *token);

/*
 * A number as Content-Length has it: digits, nothing else, any number of leading zeros.
 * False, and *value untouched, if it is anything else or above INT64_MAX.
 */
bool sm_http_slice_number(struct sm_http_slice a, uint64_t *value);

#endif
