/* SPDX-License-Identifier: MIT */
/*
 * The HTTP parser under libFuzzer. The input is what came over a connection; how it is
 * cut into pieces, and some limits, are drawn from a hash of it. It must hold that
 *
 *  - fed in pieces, in a buffer that moves, a head and a chunked body give the same as
 *    in one piece; what was complete stays so without the bytes behind it, and is not
 *    complete without its last one;
 *  - slices lie inside the head, in their order; limits are kept;
 *  - the framing says what the fields say, read here once more in a simpler way;
 *  - whatever we understand, Debian's http-parser (where it is installed) understands in
 *    the same way, message for message and byte for byte.
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/chunked.h"
#include "http_transcript.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((noreturn, format(printf, 1, 2))) static void broken(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    fputs("invariant broken: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    abort();
}
#define MUST(x, ...) ((x) ? (void)0 : broken(__VA_ARGS__))

/* ---- chance, the same for the same input ---- */

static uint64_t chance_state;

static void seed_chance(const uint8_t *data, size_t size)
{
    chance_state = 14695981039346656037u;
    for (size_t i = 0; i < size; i++)
        chance_state = (chance_state ^ data[i]) * 1099511628211u;
}

static size_t chance(size_t below)
{
    chance_state ^= chance_state << 13;
    chance_state ^= chance_state >> 7;
    chance_state ^= chance_state << 17;
    return (size_t)(chance_state % below);
}

/* Exactly the size, so that reading beyond it is found. */
static char *copy_of(const char *data, size_t size)
{
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    memcpy(copy, data, size);
    return copy;
}

/* ---- heads ---- */

enum kind { REQUEST, RESPONSE, RESPONSE_TO_HEAD, KINDS };

struct fed {
    ssize_t n;
    char *buf; /* owned */
    struct sm_http_head head;
    struct sm_http_header fields[SM_HTTP_HEADERS_MAX];
};

static ssize_t parse(struct sm_http_head *head, enum kind kind, const char *buf,
                     size_t len)
{
    return kind == REQUEST ? sm_http_request_parse(head, buf, len)
                           : sm_http_response_parse(head, buf, len, kind != RESPONSE);
}

static void feed_whole(struct fed *f, enum kind kind, const char *data, size_t size,
                       const struct sm_http_limits *limits)
{
    f->buf = copy_of(data, size);
    sm_http_head_init(&f->head, f->fields, limits);
    f->n = parse(&f->head, kind, f->buf, size);
}

static void feed_split(struct fed *f, enum kind kind, const char *data, size_t size,
                       const struct sm_http_limits *limits)
{
    size_t step = (size_t)1 << chance(8), len = 0;
    f->buf = NULL;
    sm_http_head_init(&f->head, f->fields, limits);
    for (;;) {
        free(f->buf);
        f->buf = copy_of(data, len);
        f->n = parse(&f->head, kind, f->buf, len);
        if (f->n != SM_HTTP_MORE || len == size)
            return;
        len += 1 + chance(step);
        len = len < size ? len : size;
    }
}

static void check_same_slice(const struct fed *a, struct sm_http_slice in_a,
                             const struct fed *b, struct sm_http_slice in_b)
{
    MUST(in_a.len == in_b.len && !in_a.ptr == !in_b.ptr, "a slice differs when split");
    MUST(!in_a.ptr || in_a.ptr - a->buf == in_b.ptr - b->buf,
         "a slice moved when split");
}

static void check_same(const struct fed *a, const struct fed *b)
{
    const struct sm_http_head *x = &a->head, *y = &b->head;
    MUST(a->n == b->n, "%zd whole, %zd split", a->n, b->n);
    MUST(x->refusal == y->refusal, "%s whole, %s split",
         sm_http_refusal_text(x->refusal), sm_http_refusal_text(y->refusal));
    if (a->n <= 0)
        return;
    check_same_slice(a, x->method, b, y->method);
    check_same_slice(a, x->target, b, y->target);
    check_same_slice(a, x->authority, b, y->authority);
    check_same_slice(a, x->path, b, y->path);
    check_same_slice(a, x->reason, b, y->reason);
    MUST(x->headers_count == y->headers_count,
         "the number of fields differs when split");
    for (unsigned i = 0; i < x->headers_count; i++) {
        check_same_slice(a, x->headers[i].name, b, y->headers[i].name);
        check_same_slice(a, x->headers[i].value, b, y->headers[i].value);
    }
    MUST(x->minor == y->minor && x->keep_alive == y->keep_alive
             && x->status == y->status && x->upgrade == y->upgrade && x->body == y->body
             && x->content_length == y->content_length
             && x->expect_continue == y->expect_continue,
         "the meaning differs when split");
}

/* Inside the head, and not before `from`; returns its end. */
static const char *check_slice(const struct fed *f, struct sm_http_slice slice,
                               const char *from)
{
    MUST(slice.ptr >= from && slice.ptr + slice.len <= f->buf + f->n,
         "a slice outside of the head");
    return slice.ptr + slice.len;
}

static void check_slices(const struct fed *f, enum kind kind)
{
    const char *p = f->buf;
    if (kind == REQUEST) {
        p = check_slice(f, f->head.method, p);
        p = check_slice(f, f->head.target, p);
        MUST(f->head.method.len > 0 && f->head.target.len > 0, "no method or target");
    } else {
        p = check_slice(f, f->head.reason, p);
    }
    for (unsigned i = 0; i < f->head.headers_count; i++) {
        p = check_slice(f, f->head.headers[i].name, p);
        MUST(*p == ':', "a name without its colon");
        p = check_slice(f, f->head.headers[i].value, p);
    }
    if (f->head.authority.ptr)
        check_slice(f, f->head.authority, f->buf);
    if (f->head.path.ptr)
        check_slice(f, f->head.path, f->buf);
}

static void check_limits(const struct fed *f, size_t size,
                         const struct sm_http_limits *limits)
{
    MUST((size_t)f->n <= size && (size_t)f->n <= limits->head_max,
         "a head of %zd bytes", f->n);
    MUST(f->head.headers_count <= limits->headers_max, "too many fields");
    MUST(f->head.content_length <= limits->body_max, "too long a body");
}

/* Lines end in CR LF and no other way; as many as there are fields. */
static void check_lines(const struct fed *f)
{
    const char *p = f->buf, *end = f->buf + f->n;
    unsigned lines = 0;
    while (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
        p += 2;
    for (; p < end; p++) {
        MUST(*p != 0, "a NUL in a head");
        MUST((*p == '\n') == (p > f->buf && p[-1] == '\r'),
             "a bare CR or LF in a head");
        lines += *p == '\n';
    }
    MUST(lines == f->head.headers_count + 2, "%u lines and %u fields", lines,
         f->head.headers_count);
    MUST(memcmp(end - 4, "\r\n\r\n", 4) == 0, "a head without its end");
}

static unsigned count(const struct fed *f, const char *name,
                      struct sm_http_slice *value)
{
    unsigned n = 0;
    for (unsigned i = 0; i < f->head.headers_count; i++) {
        const struct sm_http_header *field = &f->head.headers[i];
        if (field->name.len == strlen(name)
            && strncasecmp(field->name.ptr, name, field->name.len) == 0) {
            *value = field->value;
            n++;
        }
    }
    return n;
}

static uint64_t number(struct sm_http_slice digits)
{
    uint64_t value = 0;
    MUST(digits.len > 0, "an empty Content-Length");
    for (size_t i = 0; i < digits.len; i++) {
        MUST(digits.ptr[i] >= '0' && digits.ptr[i] <= '9', "a strange Content-Length");
        MUST(!__builtin_mul_overflow(value, 10, &value)
                 && !__builtin_add_overflow(value, digits.ptr[i] - '0', &value),
             "a Content-Length that overflows");
    }
    return value;
}

/* The request's length is said once and clearly, and read so. */
static void check_framing(const struct fed *f)
{
    struct sm_http_slice length = {NULL, 0}, coding = {NULL, 0}, host;
    unsigned lengths = count(f, "Content-Length", &length);
    unsigned codings = count(f, "Transfer-Encoding", &coding);
    unsigned hosts = count(f, "Host", &host);
    MUST(lengths + codings <= 1, "%u Content-Length, %u Transfer-Encoding", lengths,
         codings);
    MUST(hosts <= 1 && hosts + (f->head.minor == 0) > 0, "%u Host", hosts);
    MUST((codings > 0) == (f->head.body == SM_HTTP_BODY_CHUNKED), "chunked or not?");
    if (codings > 0)
        MUST(coding.len == 7 && strncasecmp(coding.ptr, "chunked", 7) == 0
                 && f->head.minor == 1,
             "not chunked");
    if (lengths > 0)
        MUST(f->head.content_length == number(length), "another length than was sent");
    else
        MUST(f->head.content_length == 0, "a length that was not sent");
}

/* What is behind the head does not matter; its last byte does. */
static void check_prefix(const struct fed *whole, enum kind kind,
                         const struct sm_http_limits *limits)
{
    struct fed part;
    feed_whole(&part, kind, whole->buf, (size_t)whole->n, limits);
    check_same(whole, &part);
    free(part.buf);
    feed_whole(&part, kind, whole->buf, (size_t)whole->n - 1, limits);
    MUST(part.n == SM_HTTP_MORE, "%zd without the last byte", part.n);
    free(part.buf);
}

static void check_head(enum kind kind, const char *data, size_t size,
                       const struct sm_http_limits *limits)
{
    struct fed whole, split;
    feed_whole(&whole, kind, data, size, limits);
    feed_split(&split, kind, data, size, limits);
    check_same(&whole, &split);
    MUST(whole.n >= 0 || sm_http_refusal_status(whole.head.refusal) >= 400,
         "refused without a status");
    if (whole.n > 0) {
        check_slices(&whole, kind);
        check_limits(&whole, size, limits);
        check_lines(&whole);
        if (kind == REQUEST)
            check_framing(&whole);
        check_prefix(&whole, kind, limits);
    }
    free(whole.buf);
    free(split.buf);
}

static struct sm_http_limits some_limits(size_t size)
{
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    if (chance(4) == 0)
        limits.head_max = 1 + chance(size + 2);
    if (chance(4) == 0)
        limits.headers_max = (unsigned)chance(4);
    if (chance(4) == 0)
        limits.body_max = chance(16);
    return limits;
}

/* ---- chunked bodies ---- */

struct decoded {
    ssize_t taken;
    bool done;
    enum sm_http_refusal refusal;
    char *data; /* owned */
    size_t len;
};

static void decode(struct decoded *d, const char *data, size_t size, size_t step,
                   uint64_t body_max)
{
    struct sm_http_chunked body;
    sm_http_chunked_init(&body, body_max);
    *d = (struct decoded){.data = copy_of("", 0)};
    d->data = realloc(d->data, size + 1);
    for (size_t at = 0, len; at < size && !body.done; at = (size_t)d->taken) {
        struct sm_http_slice found;
        len = 1 + chance(step);
        len = len < size - at ? len : size - at;
        char *piece = copy_of(data + at, len);
        ssize_t n = sm_http_chunked_next(&body, piece, len, &found);
        if (n >= 0) {
            MUST((size_t)n <= len, "took more than there was");
            MUST(found.len > 0 || body.done || (size_t)n == len, "took too little");
            MUST(found.len == 0
                     || (found.ptr >= piece && found.ptr + found.len <= piece + n),
                 "data outside of what was taken");
            if (found.len > 0)
                memcpy(d->data + d->len, found.ptr, found.len);
            d->len += found.len;
        }
        free(piece);
        if (n < 0) {
            d->taken = n;
            break;
        }
        d->taken += n;
    }
    d->done = body.done;
    d->refusal = body.refusal;
}

static void check_chunked(const char *data, size_t size)
{
    struct decoded whole, split;
    uint64_t body_max = chance(2) ? INT64_MAX : chance(64);
    decode(&whole, data, size, size + 1, body_max);
    decode(&split, data, size, (size_t)1 << chance(8), body_max);
    MUST(whole.taken == split.taken && whole.done == split.done
             && whole.refusal == split.refusal,
         "a chunked body differs when split: %s, %s",
         sm_http_refusal_text(whole.refusal), sm_http_refusal_text(split.refusal));
    /* after a refusal, how much of the data was seen before it depends on the pieces */
    if (whole.taken >= 0)
        MUST(whole.len == split.len && memcmp(whole.data, split.data, whole.len) == 0,
             "chunked data differ when split");
    MUST(whole.len <= body_max, "too long a chunked body");
    free(whole.data);
    free(split.data);
}

/* ---- the oracle ---- */

#ifdef HAVE_HTTP_PARSER
static void check_oracle(const char *data, size_t size)
{
    struct transcript ours = {.text = NULL}, theirs = {.text = NULL};
    bool abstains;
    size_t n = transcript_ours(&ours, data, size);
    const char *error = transcript_oracle(&theirs, data, n, &abstains);
    if (!abstains) {
        MUST(!error, "the oracle refuses: %s", error);
        MUST(transcript_equal(&ours, &theirs),
             "the oracle differs:\n%.*s---- and ----\n%.*s", (int)ours.len, ours.text,
             (int)theirs.len, theirs.text);
        MUST(!ours.keep_alive || theirs.keep_alive || ours.minor == 0,
             "the oracle closes the connection");
    }
    transcript_free(&ours);
    transcript_free(&theirs);
}
#else
static void check_oracle(const char *data, size_t size)
{
    struct transcript ours = {.text = NULL};
    MUST(transcript_ours(&ours, data, size) <= size, "understood more than there was");
    transcript_free(&ours);
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct sm_http_limits defaults = SM_HTTP_LIMITS;
    const char *text = (const char *)data;
    seed_chance(data, size);
    struct sm_http_limits limits = some_limits(size);
    for (enum kind kind = REQUEST; kind < KINDS; kind++) {
        check_head(kind, text, size, &defaults);
        check_head(kind, text, size, &limits);
    }
    check_chunked(text, size);
    check_oracle(text, size);
    return 0;
}
