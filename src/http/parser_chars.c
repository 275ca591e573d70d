/* SPDX-License-Identifier: MIT */
/*
 * The classes of characters of RFC 9110 and RFC 3986, as a table that the compiler works
 * out from the grammar's own words.
 */
#include "http/parser_impl.h"

#define ALPHA(c) (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))
#define DIGIT(c) ((c) >= '0' && (c) <= '9')
#define HEX(c)   (DIGIT(c) || ((c) >= 'a' && (c) <= 'f') || ((c) >= 'A' && (c) <= 'F'))
#define ANY5(c, v, w, x, y, z)                                                         \
    ((c) == (v) || (c) == (w) || (c) == (x) || (c) == (y) || (c) == (z))

/* RFC 9110, 5.6.2: tchar */
#define TOKEN(c)                                                                       \
    (ALPHA(c) || DIGIT(c) || ANY5(c, '!', '#', '$', '%', '&')                          \
     || ANY5(c, '\'', '*', '+', '-', '.') || ANY5(c, '^', '_', '`', '|', '~'))

/* RFC 9110, 5.5: VCHAR, obs-text, and the blanks between them */
#define FIELD(c) ((c) == '\t' || ((c) >= ' ' && (c) != 0x7f))

/* RFC 3986, 2.2 and 2.3 */
#define UNRESERVED(c) (ALPHA(c) || DIGIT(c) || ANY5(c, '-', '.', '_', '~', '~'))
#define SUB_DELIM(c)                                                                   \
    (ANY5(c, '!', '$', '&', '\'', '(') || ANY5(c, ')', '*', '+', ',', ';')             \
     || (c) == '=')

/* No part of any URL, but sent by browsers and harmless: they delimit nothing. */
#define TOLERATED(c) (ANY5(c, '[', ']', '^', '`', '{') || (c) == '|' || (c) == '}')

#define HOST(c)  (UNRESERVED(c) || SUB_DELIM(c))
#define USER(c)  (HOST(c) || (c) == ':')
#define PATH(c)  (HOST(c) || ANY5(c, ':', '@', '/', '/', '/') || TOLERATED(c))
#define QUERY(c) (PATH(c) || ANY5(c, '?', '%', '\\', '?', '?'))

#define CLASSES(c)                                                                     \
    ((TOKEN(c) ? SM_HTTP_TOKEN : 0) | (FIELD(c) ? SM_HTTP_FIELD : 0)                   \
     | (PATH(c) ? SM_HTTP_PATH : 0) | (QUERY(c) ? SM_HTTP_QUERY : 0)                   \
     | (HOST(c) ? SM_HTTP_HOST : 0) | (USER(c) ? SM_HTTP_USER : 0)                     \
     | (HEX(c) ? SM_HTTP_HEX : 0) | (DIGIT(c) ? SM_HTTP_DIGIT : 0))

#define FOUR(c)      CLASSES(c), CLASSES(c + 1), CLASSES(c + 2), CLASSES(c + 3)
#define SIXTEEN(c)   FOUR(c), FOUR(c + 4), FOUR(c + 8), FOUR(c + 12)
#define SIXTYFOUR(c) SIXTEEN(c), SIXTEEN(c + 16), SIXTEEN(c + 32), SIXTEEN(c + 48)

const unsigned char sm_http_chars[256] = {SIXTYFOUR(0), SIXTYFOUR(64), SIXTYFOUR(128),
                                          SIXTYFOUR(192)};
