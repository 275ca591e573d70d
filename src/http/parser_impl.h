/* SPDX-License-Identifier: MIT */
/*
 * What the files of the parser share: character classes, the driver that cuts a head
 * into lines, and the fields that decide about framing.
 */
#ifndef SM_HTTP_PARSER_IMPL_H
#define SM_HTTP_PARSER_IMPL_H

#include <simul/error.h>

#include "http/parser.h"

/* ---- classes of characters (parser_chars.c) ---- */

enum {
    SM_HTTP_TOKEN = 1, /* tchar: methods, names of fields, elements of lists */
    SM_HTTP_FIELD = 2, /* in the value of a field */
    SM_HTTP_PATH = 4,  /* in a path, '%' not included */
    SM_HTTP_QUERY = 8, /* in a query or fragment, '%' included */
    SM_HTTP_HOST = 16, /* in a name of a host */
    SM_HTTP_USER = 32, /* in the user information of a URL, '%' not included */
    SM_HTTP_HEX = 64,
    SM_HTTP_DIGIT = 128,
};

extern const unsigned char sm_http_chars[256] __attribute__((visibility("hidden")));

static inline bool sm_http_is(char c, unsigned classes)
{
    return sm_http_chars[(unsigned char)c] & classes;
}

/* The value of a hexadecimal digit. */
static inline unsigned sm_http_hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* ---- the driver (parser.c) ---- */

/* Marks the head as refused; the result of the parsing function. */
int sm_http_refuse(struct sm_http_head *head, enum sm_http_refusal why);

/* Parses the first line; 0 or the result of sm_http_refuse(). */
typedef int sm_http_first_line(struct sm_http_head *head, struct sm_http_slice line);

ssize_t sm_http_head_parse(struct sm_http_head *head, const char *buf, size_t len,
                           sm_http_first_line *first_line);

/* Does the text, which has so many bytes, read "HTTP/digit.digit"? */
#define SM_HTTP_VERSION_LEN 8
bool sm_http_is_version(const char *text);

/* The version if it is one of ours. */
int sm_http_version_parse(struct sm_http_head *head, const char *text);

/* The target against the method; fills authority and path. (parser_target.c) */
int sm_http_target_parse(struct sm_http_head *head);

/* ---- fields that matter to the connection (parser_framing.c) ---- */

/* Looks at one field; called for each, in their order. */
int sm_http_framing_field(struct sm_http_head *head,
                          const struct sm_http_header *field);

/* After the last field: what they say together. */
int sm_http_framing_finish_request(struct sm_http_head *head);
int sm_http_framing_finish_response(struct sm_http_head *head, bool to_head);

#endif
