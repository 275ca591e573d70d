/* SPDX-License-Identifier: MIT */
/* The transcript of Debian's http-parser: see http_transcript.h. */
#include "http_transcript.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names and values come in pieces of any size. */
struct piece {
    char *ptr; /* owned */
    size_t len;
};

struct oracle {
    struct transcript *t;
    struct piece target, name, value;
    bool in_value, in_trailers, abstains;
};

static void add(struct piece *piece, const char *at, size_t len)
{
    piece->ptr = realloc(piece->ptr, piece->len + len + 1);
    if (!piece->ptr)
        abort();
    memcpy(piece->ptr + piece->len, at, len);
    piece->len += len;
}

static void finish_field(struct oracle *o)
{
    if (o->in_value)
        transcript_field(o->t, o->name.ptr, o->name.len, o->value.ptr, o->value.len);
    o->name.len = o->value.len = 0;
    o->in_value = false;
}

static void write_request_line(struct oracle *o, http_parser *parser)
{
    const char *method = http_method_str(parser->method);
    transcript_line(o->t, "method", method, strlen(method));
    transcript_line(o->t, "target", o->target.ptr, o->target.len);
}

static int on_begin(http_parser *parser)
{
    struct oracle *o = parser->data;
    o->target.len = o->name.len = o->value.len = 0;
    o->in_value = o->in_trailers = false;
    return 0;
}

static int on_url(http_parser *parser, const char *at, size_t len)
{
    struct oracle *o = parser->data;
    add(&o->target, at, len);
    return 0;
}

static int on_field(http_parser *parser, const char *at, size_t len)
{
    struct oracle *o = parser->data;
    if (o->in_trailers)
        return 0;
    if (o->in_value)
        finish_field(o);
    else if (o->name.len == 0)
        add(&o->value, "", 0);
    if (o->target.len > 0) {
        write_request_line(o, parser);
        o->target.len = 0;
    }
    add(&o->name, at, len);
    return 0;
}

/* It takes any name that begins so for the field itself. */
static bool is_mistaken(const struct piece *name)
{
    static const char coding[] = "transfer-encoding";
    return name->len > sizeof coding - 1
           && strncasecmp(name->ptr, coding, sizeof coding - 1) == 0;
}

static int on_value(http_parser *parser, const char *at, size_t len)
{
    struct oracle *o = parser->data;
    if (o->in_trailers)
        return 0;
    o->in_value = true;
    o->abstains |= is_mistaken(&o->name);
    add(&o->value, at, len);
    return 0;
}

static int on_head(http_parser *parser)
{
    struct oracle *o = parser->data;
    finish_field(o);
    if (o->target.len > 0)
        write_request_line(o, parser);
    o->in_trailers = true;
    transcript_head(o->t, parser->http_major, parser->http_minor,
                    http_should_keep_alive(parser));
    return 0;
}

static int on_body(http_parser *parser, const char *at, size_t len)
{
    struct oracle *o = parser->data;
    transcript_body(o->t, at, len);
    return 0;
}

static int on_end(http_parser *parser)
{
    struct oracle *o = parser->data;
    transcript_end(o->t);
    return 0;
}

static const http_parser_settings settings = {
    .on_message_begin = on_begin,
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_end,
};

const char *transcript_oracle(struct transcript *t, const char *data, size_t size,
                              bool *abstains)
{
    struct oracle o = {.t = t};
    http_parser parser;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &o;
    size_t n = http_parser_execute(&parser, &settings, data, size);
    enum http_errno error = HTTP_PARSER_ERRNO(&parser);
    /* RFC 9110 has blanks and tabs behind a value; for it only blanks are */
    bool tab = error == HPE_INVALID_CONTENT_LENGTH && n < size && data[n] == '\t';
    *abstains = o.abstains || tab || error == HPE_INVALID_METHOD
                || (error == HPE_CLOSED_CONNECTION && t->minor == 0)
                || (parser.upgrade && n < size);
    transcript_flush(t);
    free(o.target.ptr);
    free(o.name.ptr);
    free(o.value.ptr);
    return error == HPE_OK ? NULL : http_errno_name(error);
}
