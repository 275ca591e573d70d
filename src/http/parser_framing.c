/* SPDX-License-Identifier: MIT */
/*
 * The fields that say where a message ends, whom it is for, and what becomes of the
 * connection: Host, Content-Length, Transfer-Encoding, Connection, Upgrade, Expect.
 *
 * Each is looked at when it is met; what they say together is judged after the last
 * one. Whatever could be read in two ways is refused (parser.h lists it).
 */
#include "http/parser_impl.h"
#include "http/url.h"

enum seen {
    HOST = 1 << 0,
    LENGTH = 1 << 1,
    CODING = 1 << 2,         /* Transfer-Encoding */
    CHUNKED = 1 << 3,        /* … with chunked as the last so far */
    CODING_UNKNOWN = 1 << 4, /* … with another coding too */
    CLOSE = 1 << 5,
    KEEP_ALIVE = 1 << 6,
    UPGRADE_OPTION = 1 << 7, /* Connection: upgrade */
    UPGRADE = 1 << 8,
    CONTINUE = 1 << 9,
    EXPECT_OTHER = 1 << 10,
};

/* ---- one field ---- */

/* A response has no use for Host, and may have any. */
static int host(struct sm_http_head *head, struct sm_http_slice value)
{
    struct sm_http_authority authority;
    if (head->status)
        return 0;
    if (head->_seen & HOST)
        return sm_http_refuse(head, SM_HTTP_BAD_HOST_TWICE);
    if (value.len > 0 && sm_http_authority_parse(value, &authority) < 0)
        return sm_http_refuse(head, SM_HTTP_BAD_HOST);
    head->_seen |= HOST;
    if (!head->authority.ptr)
        head->authority = value;
    return 0;
}

static int content_length(struct sm_http_head *head, struct sm_http_slice value)
{
#ifndef SM_FUZZ_PLANT /* the fuzzer's negative control: it must miss this */
    if (head->_seen & LENGTH)
        return sm_http_refuse(head, SM_HTTP_BAD_LENGTH_TWICE);
#endif
    if (!sm_http_slice_number(value, &head->content_length))
        return sm_http_refuse(head, SM_HTTP_BAD_LENGTH);
    head->_seen |= LENGTH;
    return 0;
}

static bool is_token(struct sm_http_slice word)
{
    for (size_t i = 0; i < word.len; i++)
        if (!sm_http_is(word.ptr[i], SM_HTTP_TOKEN))
            return false;
    return word.len > 0;
}

/* No coding takes a parameter, chunked the least; empty elements are a way of hiding. */
static int one_coding(struct sm_http_head *head, struct sm_http_slice coding)
{
    if (!is_token(coding))
        return sm_http_refuse(head, SM_HTTP_BAD_CODING);
    if (head->_seen & CHUNKED)
        return sm_http_refuse(head, SM_HTTP_BAD_CODING_LAST);
    head->_seen |= sm_http_slice_is(coding, "chunked") ? CHUNKED : CODING_UNKNOWN;
    return 0;
}

static int transfer_encoding(struct sm_http_head *head, struct sm_http_slice value)
{
    const char *comma;
    head->_seen |= CODING;
    do {
        comma = memchr(value.ptr, ',', value.len);
        size_t len = comma ? (size_t)(comma - value.ptr) : value.len;
        int r = one_coding(head,
                           sm_http_slice_trim((struct sm_http_slice){value.ptr, len}));
        if (r < 0)
            return r;
        value.ptr += len + 1;
        value.len -= comma ? len + 1 : len;
    } while (comma);
    return 0;
}

static int connection(struct sm_http_head *head, struct sm_http_slice value)
{
    struct sm_http_slice option;
    while (sm_http_list_next(&value, &option))
        if (sm_http_slice_is(option, "close"))
            head->_seen |= CLOSE;
        else if (sm_http_slice_is(option, "keep-alive"))
            head->_seen |= KEEP_ALIVE;
        else if (sm_http_slice_is(option, "upgrade"))
            head->_seen |= UPGRADE_OPTION;
    return 0;
}

static int upgrade(struct sm_http_head *head, struct sm_http_slice value)
{
    if (value.len > 0)
        head->_seen |= UPGRADE;
    return 0;
}

static int expect(struct sm_http_head *head, struct sm_http_slice value)
{
    struct sm_http_slice item;
    while (sm_http_list_next(&value, &item))
        head->_seen |= sm_http_slice_is(item, "100-continue") ? CONTINUE : EXPECT_OTHER;
    return 0;
}

/* The names differ in length: most fields cost one look into this table. */
static const struct interest {
    const char *name;
    int (*look)(struct sm_http_head *head, struct sm_http_slice value);
} interests[] = {
    [4] = {"host", host},
    [6] = {"expect", expect},
    [7] = {"upgrade", upgrade},
    [10] = {"connection", connection},
    [14] = {"content-length", content_length},
    [17] = {"transfer-encoding", transfer_encoding},
};

int sm_http_framing_field(struct sm_http_head *head, const struct sm_http_header *field)
{
    size_t len = field->name.len;
    if (len >= sizeof interests / sizeof *interests || !interests[len].name
        || !sm_http_slice_is(field->name, interests[len].name))
        return 0;
    return interests[len].look(head, field->value);
}

/* ---- all together ---- */

static int body(struct sm_http_head *head)
{
    unsigned seen = head->_seen;
    if (seen & CODING) {
        if (head->minor == 0)
            return sm_http_refuse(head, SM_HTTP_BAD_CODING_VERSION);
        if (seen & LENGTH)
            return sm_http_refuse(head, SM_HTTP_BAD_LENGTH_CODING);
        if (!(seen & CHUNKED))
            return sm_http_refuse(head, SM_HTTP_BAD_CODING_LAST);
        if (seen & CODING_UNKNOWN)
            return sm_http_refuse(head, SM_HTTP_BAD_CODING_UNKNOWN);
        head->body = SM_HTTP_BODY_CHUNKED;
    } else if (head->content_length > 0) {
        head->body = SM_HTTP_BODY_LENGTH;
    }
    return 0;
}

static int body_limit(struct sm_http_head *head)
{
    if (head->body == SM_HTTP_BODY_LENGTH
        && head->content_length > head->_limits.body_max)
        return sm_http_refuse(head, SM_HTTP_BAD_BODY_LENGTH);
    return 0;
}

/* "close" wins over "keep-alive"; HTTP/1.0 knows no Upgrade (RFC 9110, 7.8). */
static void connection_options(struct sm_http_head *head)
{
    unsigned seen = head->_seen;
    head->keep_alive = !(seen & CLOSE) && (head->minor > 0 || seen & KEEP_ALIVE);
    head->upgrade = head->minor > 0 && seen & UPGRADE && seen & UPGRADE_OPTION;
}

/* HTTP/1.0 knows no Expect, and without a body there is nothing to wait for. */
static int expectation(struct sm_http_head *head)
{
    if (head->minor == 0)
        return 0;
    if (head->_seen & EXPECT_OTHER)
        return sm_http_refuse(head, SM_HTTP_BAD_EXPECTATION);
    head->expect_continue = head->_seen & CONTINUE && head->body != SM_HTTP_BODY_NONE;
    return 0;
}

/* What follows a CONNECT is the tunnel's: a length would be read by one side only. */
static int connect_has_no_body(struct sm_http_head *head)
{
    if (head->_seen & (LENGTH | CODING) && sm_http_slice_equal(head->method, "CONNECT"))
        return sm_http_refuse(head, SM_HTTP_BAD_CONNECT_BODY);
    return 0;
}

int sm_http_framing_finish_request(struct sm_http_head *head)
{
    int r;
    if (head->minor > 0 && !(head->_seen & HOST))
        return sm_http_refuse(head, SM_HTTP_BAD_HOST_MISSING);
    if ((r = body(head)) < 0 || (r = connect_has_no_body(head)) < 0
        || (r = body_limit(head)) < 0)
        return r;
    connection_options(head);
    return expectation(head);
}

static bool never_has_body(const struct sm_http_head *head)
{
    return head->status < 200 || head->status == 204 || head->status == 304;
}

int sm_http_framing_finish_response(struct sm_http_head *head, bool to_head)
{
    int r = body(head);
    if (r < 0)
        return r;
    connection_options(head);
    if (to_head || never_has_body(head)) {
        head->body = SM_HTTP_BODY_NONE;
        head->content_length = 0;
    } else if (!(head->_seen & (LENGTH | CODING))) {
        head->body = SM_HTTP_BODY_CLOSE;
        head->keep_alive = false;
    }
    return body_limit(head);
}
