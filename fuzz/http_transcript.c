/* SPDX-License-Identifier: MIT */
/* Writing transcripts, and that of our own parser: see http_transcript.h. */
#include "http_transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/chunked.h"

static void *grown(void *ptr, size_t *size, size_t wanted)
{
    if (wanted <= *size)
        return ptr;
    *size = wanted * 2;
    ptr = realloc(ptr, *size);
    if (!ptr)
        abort();
    return ptr;
}

static void put(struct transcript *t, const char *ptr, size_t len)
{
    t->text = grown(t->text, &t->size, t->len + len + 1);
    if (len > 0)
        memcpy(t->text + t->len, ptr, len);
    t->len += len;
}

static void put_word(struct transcript *t, const char *word)
{
    put(t, word, strlen(word));
}

void transcript_free(struct transcript *t)
{
    free(t->text);
    free(t->pending);
    *t = (struct transcript){.text = NULL};
}

void transcript_line(struct transcript *t, const char *word, const char *ptr,
                     size_t len)
{
    put_word(t, word);
    put_word(t, " ");
    put(t, ptr, len);
    put_word(t, "\n");
}

void transcript_field(struct transcript *t, const char *name, size_t name_len,
                      const char *value, size_t value_len)
{
    struct sm_http_slice trimmed =
        sm_http_slice_trim((struct sm_http_slice){value, value_len});
    put_word(t, "field ");
    put(t, name, name_len);
    put_word(t, "=");
    put(t, trimmed.ptr, trimmed.len);
    put_word(t, "\n");
}

void transcript_head(struct transcript *t, int major, int minor, bool keep_alive)
{
    char version[32];
    int len = snprintf(version, sizeof version, "%d.%d", major, minor);
    transcript_line(t, "head", version, (size_t)len);
    t->minor = minor;
    t->keep_alive = keep_alive;
}

void transcript_body(struct transcript *t, const char *ptr, size_t len)
{
    t->pending = grown(t->pending, &t->pending_size, t->body + len + 1);
    memcpy(t->pending + t->body, ptr, len);
    t->body += len;
}

void transcript_flush(struct transcript *t)
{
    char length[32];
    if (t->body == 0)
        return;
    snprintf(length, sizeof length, "body %zu", t->body);
    transcript_line(t, length, t->pending, t->body);
    t->body = 0;
}

void transcript_end(struct transcript *t)
{
    transcript_flush(t);
    put_word(t, "end\n");
}

bool transcript_equal(const struct transcript *a, const struct transcript *b)
{
    return a->len == b->len && (a->len == 0 || memcmp(a->text, b->text, a->len) == 0);
}

/* ---- our parser ---- */

static void head(struct transcript *t, const struct sm_http_head *head)
{
    transcript_line(t, "method", head->method.ptr, head->method.len);
    transcript_line(t, "target", head->target.ptr, head->target.len);
    for (unsigned i = 0; i < head->headers_count; i++)
        transcript_field(t, head->headers[i].name.ptr, head->headers[i].name.len,
                         head->headers[i].value.ptr, head->headers[i].value.len);
    transcript_head(t, 1, head->minor, head->keep_alive);
}

/* Returns how much was understood; *done if that was all of it. */
static size_t chunked(struct transcript *t, const char *data, size_t size, bool *done)
{
    struct sm_http_chunked body;
    struct sm_http_slice slice;
    size_t at = 0;
    sm_http_chunked_init(&body, INT64_MAX);
    do {
        ssize_t n = sm_http_chunked_next(&body, data + at, size - at, &slice);
        if (n < 0)
            return at;
        at += (size_t)n;
        if (slice.len > 0)
            transcript_body(t, slice.ptr, slice.len);
    } while (!body.done && at < size);
    *done = body.done;
    return at;
}

static size_t body(struct transcript *t, const struct sm_http_head *head,
                   const char *data, size_t size, bool *done)
{
    if (head->body == SM_HTTP_BODY_CHUNKED)
        return chunked(t, data, size, done);
    size_t len = head->content_length < size ? (size_t)head->content_length : size;
    if (len > 0)
        transcript_body(t, data, len);
    *done = len == head->content_length;
    return len;
}

size_t transcript_ours(struct transcript *t, const char *data, size_t size)
{
    struct sm_http_limits limits = SM_HTTP_LIMITS;
    struct sm_http_header fields[SM_HTTP_HEADERS_MAX];
    struct sm_http_head request;
    size_t at = 0;
    bool done = true;
    limits.body_max = INT64_MAX;
    do {
        sm_http_head_init(&request, fields, &limits);
        ssize_t n = sm_http_request_parse(&request, data + at, size - at);
        if (n <= 0)
            break;
        at += (size_t)n;
        head(t, &request);
        done = false;
        at += body(t, &request, data + at, size - at, &done);
        if (done)
            transcript_end(t);
    } while (done && request.keep_alive && !request.upgrade
             && !sm_http_slice_equal(request.method, "CONNECT"));
    transcript_flush(t);
    return at;
}
