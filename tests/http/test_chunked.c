/* SPDX-License-Identifier: MIT */
/* The chunked coding: each text is decoded in one piece and in pieces of each size. */
#include "support/harness.h"

#include "http/chunked.h"
#include "simul/error.h"

#define BAD(name) SM_HTTP_BAD_##name
#define T(text)   text, sizeof(text) - 1
#define BODY_MAX  1000

struct decoded {
    ssize_t taken; /* of all pieces; < 0: refused */
    bool done;
    enum sm_http_refusal why;
    size_t len;
    char data[65536];
};

/* Shows the decoder the text in pieces of exactly `step` bytes of memory. */
static void decode(struct decoded *d, const char *text, size_t len, size_t step,
                   uint64_t body_max)
{
    struct sm_http_chunked body;
    sm_http_chunked_init(&body, body_max);
    d->taken = 0;
    d->done = false;
    d->why = BAD(NONE);
    d->len = 0; /* the data stay: clearing them would cost more than decoding */
    for (size_t at = 0; at < len && !body.done;) {
        size_t n = len - at < step ? len - at : step;
        char *piece = malloc(n);
        struct sm_http_slice data;
        memcpy(piece, text + at, n);
        ssize_t taken = sm_http_chunked_next(&body, piece, n, &data);
        if (taken < 0) {
            ck_assert_int_eq(taken, -SIMUL_EHTTP);
            d->taken = taken;
            d->why = body.refusal;
            free(piece);
            return;
        }
        /* one check a piece, and only if it fails: Check's own are slow */
        bool inside = data.ptr >= piece && data.ptr + data.len <= piece + taken;
        if (data.len > 0 ? !inside || d->len + data.len > sizeof d->data
                         : !body.done && (size_t)taken != n)
            ck_abort_msg("at %zu: took %zd of %zu, data %zu", at, taken, n, data.len);
        if (data.len > 0)
            memcpy(d->data + d->len, data.ptr, data.len);
        d->len += data.len;
        at += (size_t)taken;
        d->taken += taken;
        free(piece);
    }
    d->done = body.done;
}

static void decode_all_ways(struct decoded *d, const char *text, size_t len,
                            uint64_t body_max)
{
    static struct decoded other;
    decode(d, text, len, len, body_max);
    for (size_t step = 1; step < 20 && step < len; step++) {
        decode(&other, text, len, step, body_max);
        ck_assert_int_eq(other.taken, d->taken);
        ck_assert_int_eq(other.why, d->why);
        ck_assert_int_eq(other.done, d->done);
        if (d->taken >= 0) {
            ck_assert_uint_eq(other.len, d->len);
            ck_assert_mem_eq(other.data, d->data, d->len);
        }
    }
}

TEST(bodies_that_are_accepted)
{
    static const struct {
        const char *text;
        size_t len;
        const char *data;
    } cases[] = {
        {T("0\r\n\r\n"), ""},
        {T("5\r\nhello\r\n0\r\n\r\n"), "hello"},
        {T("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), "hello world"},
        {T("A\r\n0123456789\r\n0\r\n\r\n"), "0123456789"},
        {T("a\r\n0123456789\r\n000\r\n\r\n"), "0123456789"},
        {T("0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n"), "hello"},
        {T("2\r\n\r\n\r\n0\r\n\r\n"), "\r\n"},
        {T("5;a\r\nhello\r\n0;b=c\r\n\r\n"), "hello"},
        {T("5;a=b;c=\"d;\\\" \\\t\xe9\";e\r\nhello\r\n0\r\n\r\n"), "hello"},
        {T("5;a=\"\"\r\nhello\r\n0\r\n\r\n"), "hello"},
        {T("0\r\nContent-Length-: a\r\nTransfer-Encodings: b\r\nHos: c\r\n\r\n"), ""},
        {T("0\r\nA: b\r\nC:\r\nD: \te\xe9\r\n\r\n"), ""},
    };
    static struct decoded d;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        decode_all_ways(&d, cases[i].text, cases[i].len, BODY_MAX);
        ck_assert_msg(d.taken == (ssize_t)cases[i].len && d.done, "%zd (%s): %s",
                      d.taken, sm_http_refusal_text(d.why), cases[i].text);
        ck_assert_uint_eq(d.len, strlen(cases[i].data));
        ck_assert_mem_eq(d.data, cases[i].data, d.len);
    }
}

TEST(bodies_that_are_refused)
{
    static const struct {
        const char *text;
        size_t len;
        enum sm_http_refusal why;
    } cases[] = {
        {T("\r\nhello"), BAD(CHUNK_SIZE)},
        {T(";a\r\nhello"), BAD(CHUNK_SIZE)},
        {T("g\r\nhello"), BAD(CHUNK_SIZE)},
        {T("0x5\r\nhello"), BAD(CHUNK_SIZE)},
        {T("+5\r\nhello"), BAD(CHUNK_SIZE)},
        {T("-5\r\nhello"), BAD(CHUNK_SIZE)},
        {T(" 5\r\nhello"), BAD(CHUNK_SIZE)},
        {T("5 \r\nhello"), BAD(CHUNK_SIZE)},
        {T("5 ;a\r\nhello"), BAD(CHUNK_SIZE)},
        {T("5\t\r\nhello"), BAD(CHUNK_SIZE)},
        {T("5_0\r\nhello"), BAD(CHUNK_SIZE)},
        {T("5\0\r\nhello"), BAD(CHUNK_SIZE)},
        {T("5\nhello"), BAD(CHUNK_SIZE)},
        {T("00000000000000005\r\nhello"), BAD(CHUNK_SIZE)},
        {T("10000000000000005\r\nhello"), BAD(CHUNK_SIZE)},
        {T("FFFFFFFFFFFFFFFF\r\nhello"), BAD(BODY_LENGTH)},
        {T("8000000000000000\r\nhello"), BAD(BODY_LENGTH)},
        {T("5\r\nhello\r\nFFFFFFFFFFFFFFFC\r\n"), BAD(BODY_LENGTH)},
        {T("5\rhello"), BAD(CHUNK_END)},
        {T("5\r\rhello"), BAD(CHUNK_END)},
        {T("5\r\nhello0\r\n"), BAD(CHUNK_END)},
        {T("5\r\nhello\n0\r\n"), BAD(CHUNK_END)},
        {T("5\r\nhello\r0\r\n"), BAD(CHUNK_END)},
        {T("5\r\nhello\n\n0\r\n\r\n"), BAD(CHUNK_END)},
        {T("4\r\nhello\r\n"), BAD(CHUNK_END)},
        {T("5;\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;;a\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5; a\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a \r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;=b\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=b=c\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;\"a\"\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=b\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\"b\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\"b\n\"\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\"b\\\n\"\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\"b\"c\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\"b\0\"\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a=\x7f\r\nhello"), BAD(CHUNK_EXTENSION)},
        {T("5;a\r5"), BAD(CHUNK_END)},
        {T("0\r\n\n"), BAD(TRAILER)},
        {T("0\r\n\r\r"), BAD(TRAILER)},
        {T("0\r\nA\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\n: b\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\n A: b\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA : b\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA: b\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA: b\r\r\n"), BAD(TRAILER)},
        {T("0\r\nA: b\r\n c\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA: \0\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nContent-Length: 5\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA: b\r\ntransfer-encoding: chunked\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nA: b\r\nC: d\r\nHOST: a\r\n\r\n"), BAD(TRAILER)},
        {T("0\r\nGET / HTTP/1.1\r\n\r\n"), BAD(TRAILER)},
    };
    static struct decoded d;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        decode_all_ways(&d, cases[i].text, cases[i].len, BODY_MAX);
        ck_assert_msg(d.taken < 0 && d.why == cases[i].why,
                      "\"%s\" instead of \"%s\": %s", sm_http_refusal_text(d.why),
                      sm_http_refusal_text(cases[i].why), cases[i].text);
    }
}

TEST(what_follows_the_body_is_left_alone)
{
    static struct decoded d;
    const char text[] = "1\r\nx\r\n0\r\n\r\nGET /next";

    decode_all_ways(&d, text, sizeof text - 1, BODY_MAX);

    ck_assert_int_eq(d.taken, sizeof "1\r\nx\r\n0\r\n\r\n" - 1);
    ck_assert(d.done);
}

TEST(a_body_that_is_not_all_there)
{
    static struct decoded d;
    const char text[] = "5;a=\"b\"\r\nhello\r\n0\r\nA: b\r\n\r\n";
    for (size_t len = 1; len < sizeof text - 1; len++) {
        decode_all_ways(&d, text, len, BODY_MAX);
        ck_assert_int_eq(d.taken, (ssize_t)len);
        ck_assert(!d.done);
    }
}

TEST(a_body_as_long_as_allowed_and_one_more)
{
    static struct decoded d;
    const char text[] = "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";

    decode_all_ways(&d, text, sizeof text - 1, 5);
    ck_assert(d.done && d.len == 5);
    decode_all_ways(&d, text, sizeof text - 1, 4);
    ck_assert_int_eq(d.why, BAD(BODY_LENGTH));
}

/* prefix, `n` times `filling`, suffix */
static char *filled(const char *prefix, const char *filling, size_t n,
                    const char *suffix)
{
    char *text = malloc(strlen(prefix) + strlen(filling) * n + strlen(suffix) + 1);
    strcpy(text, prefix);
    char *p = text + strlen(text);
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, filling);
    strcpy(p, suffix);
    return text;
}

static enum sm_http_refusal why_refused(char *text)
{
    static struct decoded d;
    decode_all_ways(&d, text, strlen(text), BODY_MAX);
    free(text);
    ck_assert((d.taken < 0) == (d.why != BAD(NONE)));
    return d.why;
}

TEST(extensions_are_bounded_in_one_chunk)
{
    /* the CR counts too */
    const size_t max = SM_HTTP_EXTENSIONS_MAX - 1;
    ck_assert_int_eq(why_refused(filled("0;", "a", max, "\r\n\r\n")), BAD(NONE));
    ck_assert_int_eq(why_refused(filled("0;", "a", max + 1, "\r\n\r\n")),
                     BAD(CHUNK_OVERHEAD));
    ck_assert_int_eq(why_refused(filled("0;a=\"", "a", max, "\"\r\n\r\n")),
                     BAD(CHUNK_OVERHEAD));
}

TEST(extensions_are_bounded_in_all_chunks_together)
{
    const char chunk[] = "1;abcdef=\r\nx\r\n", good[] = "1;abcdef\r\nx\r\n";
    size_t fit = SM_HTTP_EXTENSIONS_MAX / strlen("abcdef\r");
    ck_assert_int_eq(why_refused(filled("", chunk, 1, "")), BAD(CHUNK_EXTENSION));
    ck_assert_int_eq(why_refused(filled("", good, fit, "0\r\n\r\n")), BAD(NONE));
    ck_assert_int_eq(why_refused(filled("", good, fit + 1, "0\r\n\r\n")),
                     BAD(CHUNK_OVERHEAD));
}

TEST(trailers_are_bounded)
{
    size_t max = SM_HTTP_TRAILERS_MAX - strlen("A:\r\r"); /* without LFs */
    ck_assert_int_eq(why_refused(filled("0\r\nA:", "b", max, "\r\n\r\n")), BAD(NONE));
    ck_assert_int_eq(why_refused(filled("0\r\nA:", "b", max + 1, "\r\n\r\n")),
                     BAD(TRAILER_LENGTH));
    ck_assert_int_eq(why_refused(filled("0\r\n", "A:b\r\n", SM_HTTP_TRAILERS_MAX, "")),
                     BAD(TRAILER_LENGTH));
}

TEST(after_the_end_nothing_is_taken)
{
    struct sm_http_chunked body;
    struct sm_http_slice data;
    sm_http_chunked_init(&body, BODY_MAX);

    ck_assert_int_eq(sm_http_chunked_next(&body, T("0\r\n\r\n"), &data), 5);
    ck_assert_int_eq(sm_http_chunked_next(&body, T("0\r\n\r\n"), &data), 0);
    ck_assert(body.done);
    ck_assert_uint_eq(data.len, 0);
}

TEST(a_refusal_is_final)
{
    struct sm_http_chunked body;
    struct sm_http_slice data;
    sm_http_chunked_init(&body, BODY_MAX);

    ck_assert_int_lt(sm_http_chunked_next(&body, T("x"), &data), 0);
    ck_assert_int_lt(sm_http_chunked_next(&body, T("0\r\n\r\n"), &data), 0);
    ck_assert_int_eq(body.refusal, BAD(CHUNK_SIZE));
}

HARNESS_MAIN("chunked")
