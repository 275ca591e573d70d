/* SPDX-License-Identifier: MIT */
/*
 * The chunked decoder: a state for each place of the grammar in which the input may
 * break off (see chunked.h).
 *
 *     chunk     = size [ extension ] CR LF data CR LF
 *     extension = *( ";" name [ "=" ( token / quoted-string ) ] )
 *     last      = 1*"0" [ extension ] CR LF *( name ":" value CR LF ) CR LF
 */
#include "http/chunked.h"

#include "base/assert.h"
#include "http/parser_impl.h"

#define DIGITS_MAX 16 /* as many as 64 bits have */

enum state {
    SIZE,
    EXT_NAME_START, /* behind ';' */
    EXT_NAME,
    EXT_VALUE_START, /* behind '=' */
    EXT_TOKEN,
    EXT_QUOTED,
    EXT_QUOTED_PAIR, /* behind '\' */
    EXT_QUOTED_END,
    SIZE_LF, /* behind the CR of the size's line */
    DATA,
    DATA_CR, /* behind the data */
    DATA_LF,
    TRAILER_START, /* at the beginning of a line */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF, /* behind the CR of the last line */
};

void sm_http_chunked_init(struct sm_http_chunked *body, uint64_t body_max)
{
    sm_assert(body_max <= INT64_MAX);
    *body = (struct sm_http_chunked){._body_max = body_max};
}

static int refuse(struct sm_http_chunked *body, enum sm_http_refusal why)
{
    body->refusal = why;
    return -SIMUL_EHTTP;
}

static int go(struct sm_http_chunked *body, enum state state)
{
    body->_state = (unsigned char)state;
    return 0;
}

static int expect(struct sm_http_chunked *body, char c, char wanted, enum state state)
{
    return c == wanted ? go(body, state) : refuse(body, SM_HTTP_BAD_CHUNK_END);
}

/* ---- the line with the size ---- */

/* The size is complete: is it within what the body may still have? */
static int size_end(struct sm_http_chunked *body, enum state state)
{
    if (body->_digits == 0)
        return refuse(body, SM_HTTP_BAD_CHUNK_SIZE);
    if (body->_left > body->_body_max - body->total)
        return refuse(body, SM_HTTP_BAD_BODY_LENGTH);
    body->total += body->_left;
    body->_digits = 0;
    return go(body, state);
}

static int size_byte(struct sm_http_chunked *body, char c)
{
    if (c == '\r')
        return size_end(body, SIZE_LF);
    if (c == ';')
        return size_end(body, EXT_NAME_START);
    if (!sm_http_is(c, SM_HTTP_HEX) || body->_digits == DIGITS_MAX)
        return refuse(body, SM_HTTP_BAD_CHUNK_SIZE);
    body->_digits++;
    body->_left = body->_left << 4 | sm_http_hex(c);
    return 0;
}

/* Where a name or a value may end. */
static int extension_end(struct sm_http_chunked *body, char c)
{
    if (c == '\r')
        return go(body, SIZE_LF);
    if (c == ';')
        return go(body, EXT_NAME_START);
    return refuse(body, SM_HTTP_BAD_CHUNK_EXTENSION);
}

static int quoted_byte(struct sm_http_chunked *body, char c)
{
    if (!sm_http_is(c, SM_HTTP_FIELD))
        return refuse(body, SM_HTTP_BAD_CHUNK_EXTENSION);
    if (body->_state == EXT_QUOTED_PAIR)
        return go(body, EXT_QUOTED);
    if (c == '"')
        return go(body, EXT_QUOTED_END);
    return c == '\\' ? go(body, EXT_QUOTED_PAIR) : 0;
}

static int extension_byte(struct sm_http_chunked *body, char c)
{
    enum state state = body->_state;
    bool token = sm_http_is(c, SM_HTTP_TOKEN);
    if (++body->_extensions > SM_HTTP_EXTENSIONS_MAX)
        return refuse(body, SM_HTTP_BAD_CHUNK_OVERHEAD);
    if (state == EXT_QUOTED || state == EXT_QUOTED_PAIR)
        return quoted_byte(body, c);
    if (state == EXT_NAME_START || state == EXT_VALUE_START) {
        if (c == '"' && state == EXT_VALUE_START)
            return go(body, EXT_QUOTED);
        return token ? go(body, state + 1) : refuse(body, SM_HTTP_BAD_CHUNK_EXTENSION);
    }
    if (token && state != EXT_QUOTED_END)
        return 0;
    return c == '=' && state == EXT_NAME ? go(body, EXT_VALUE_START)
                                         : extension_end(body, c);
}

static int size_lf(struct sm_http_chunked *body, char c)
{
    return expect(body, c, '\n', body->_left > 0 ? DATA : TRAILER_START);
}

/* ---- trailers ---- */

/* Fields that decide about the message come too late here, and whoever puts trailers
 * among the header fields would be deceived (RFC 9110, 6.5.1). */
static bool is_forbidden(const struct sm_http_chunked *body)
{
    struct sm_http_slice name = {body->_name, body->_name_len};
    return sm_http_slice_is(name, "content-length")
           || sm_http_slice_is(name, "transfer-encoding")
           || sm_http_slice_is(name, "host");
}

static int trailer_name_byte(struct sm_http_chunked *body, char c)
{
    if (sm_http_is(c, SM_HTTP_TOKEN)) {
        if (body->_name_len < sizeof body->_name)
            body->_name[body->_name_len++] = c;
        return go(body, TRAILER_NAME);
    }
    if (c != ':' || body->_state != TRAILER_NAME || is_forbidden(body))
        return refuse(body, SM_HTTP_BAD_TRAILER);
    body->_name_len = 0;
    return go(body, TRAILER_VALUE);
}

static int trailer_byte(struct sm_http_chunked *body, char c)
{
    if (++body->_trailers > SM_HTTP_TRAILERS_MAX)
        return refuse(body, SM_HTTP_BAD_TRAILER_LENGTH);
    if (body->_state == TRAILER_VALUE && sm_http_is(c, SM_HTTP_FIELD))
        return 0;
    if (c == '\r' && body->_state != TRAILER_NAME)
        return go(body, body->_state == TRAILER_START ? END_LF : TRAILER_LF);
    return body->_state == TRAILER_VALUE ? refuse(body, SM_HTTP_BAD_TRAILER)
                                         : trailer_name_byte(body, c);
}

static int line_feed(struct sm_http_chunked *body, char c)
{
    if (c != '\n')
        return refuse(body, SM_HTTP_BAD_TRAILER);
    if (body->_state == TRAILER_LF)
        return go(body, TRAILER_START);
    body->done = true;
    return 0;
}

/* ---- all ---- */

static int one_byte(struct sm_http_chunked *body, char c)
{
    switch ((enum state)body->_state) {
    case SIZE:
        return size_byte(body, c);
    case SIZE_LF:
        return size_lf(body, c);
    case DATA_CR:
        return expect(body, c, '\r', DATA_LF);
    case DATA_LF:
        return expect(body, c, '\n', SIZE);
    case TRAILER_START:
    case TRAILER_NAME:
    case TRAILER_VALUE:
        return trailer_byte(body, c);
    case TRAILER_LF:
    case END_LF:
        return line_feed(body, c);
    default:
        return extension_byte(body, c);
    }
}

static struct sm_http_slice take_data(struct sm_http_chunked *body, const char *p,
                                      const char *end)
{
    size_t here = (size_t)(end - p);
    size_t len = body->_left < here ? (size_t)body->_left : here;
    body->_left -= len;
    if (body->_left == 0)
        body->_state = DATA_CR;
    return (struct sm_http_slice){p, len};
}

ssize_t sm_http_chunked_next(struct sm_http_chunked *body, const char *buf, size_t len,
                             struct sm_http_slice *data)
{
    const char *p = buf, *end = buf + len;
    *data = (struct sm_http_slice){NULL, 0};
    if (body->refusal)
        return -SIMUL_EHTTP;
    while (p < end && !body->done) {
        if (body->_state == DATA) {
            *data = take_data(body, p, end);
            return p - buf + (ssize_t)data->len;
        }
        int r = one_byte(body, *p++);
        if (r < 0)
            return r;
    }
    return p - buf;
}
