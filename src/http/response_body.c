/* SPDX-License-Identifier: MIT */
/* Reading the body of a response. (See session.h.) */
#include "http/session.h"

#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)64 * 1024 * 1024)

enum {
    DECODED_IN_A_ROW = 1 << 20, /* bytes, until others get their turn */
    DECODED_PIECE = 16384,      /* bytes to make room for */
};

/* ---- the buffer ------------------------------------------------------------------------ */

static size_t waiting_in(const struct sm_buffer *buffer)
{
    return buffer->end - buffer->begin;
}

/* What was read is forgotten first; then it grows, by half at least. */
static int reserve(struct sm_buffer *buffer, size_t len)
{
    size_t used = waiting_in(buffer);
    if (len <= buffer->capacity - buffer->end)
        return 0;
    if (buffer->begin > 0) {
        memmove(buffer->data, buffer->data + buffer->begin, used);
        buffer->begin = 0;
        buffer->end = used;
    }
    if (len <= buffer->capacity - used)
        return 0;
    size_t capacity = buffer->capacity + buffer->capacity / 2;
    if (capacity < used + len)
        capacity = used + len;
    char *data = sm_realloc(buffer->data, capacity);
    if (!data)
        return -ENOMEM;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
}

int sm_buffer_append(struct sm_buffer *buffer, const char *data, size_t len)
{
    int r = reserve(buffer, len);
    if (r < 0)
        return r;
    memcpy(buffer->data + buffer->end, data, len);
    buffer->end += len;
    return 0;
}

static size_t take(struct sm_buffer *buffer, void *to, size_t size)
{
    size_t waiting = waiting_in(buffer);
    size_t n = size < waiting ? size : waiting;
    memcpy(to, buffer->data + buffer->begin, n);
    buffer->begin += n;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
    return n;
}

/* ---- one reader at a time -------------------------------------------------------------- */

static void resume(struct simul_response *response)
{
    if (!response->paused || response->done)
        return;
    response->paused = false;
    sm_transfer_resume(response->transfer);
}

/* The next news. A closed session lets nobody in, but then nothing goes on either. */
static int wait_for_news(struct simul_response *response)
{
    if (response->reading)
        return -SIMUL_ECONCURRENT;
    int r = sm_session_enter(response->session);
    if (r < 0)
        return r;
    response->reading = true;
    double when = simul_time() + response->limits.read;
    r = sm_response_wait(response, when, "read");
    response->reading = false;
    sm_session_leave(response->session);
    return r;
}

/* ---- part by part ---------------------------------------------------------------------- */

static void took(struct simul_response *response)
{
    if (waiting_in(&response->body) <= SM_BODY_WAITING / 2)
        resume(response);
}

/* 1: something of it is there; 0: it has ended. */
static int wait_for_body(struct simul_response *response)
{
    while (waiting_in(&response->body) == 0 && !response->done) {
        int r = wait_for_news(response);
        if (r < 0)
            return r;
    }
    if (waiting_in(&response->body) > 0)
        return 1;
    return response->error < 0 ? sm_response_fail(response) : 0;
}

static ssize_t read_plain(struct simul_response *response, void *buf, size_t size)
{
    int r = wait_for_body(response);
    if (r <= 0)
        return r;
    size_t n = take(&response->body, buf, size);
    took(response);
    return (ssize_t)n;
}

/* ---- what was compressed --------------------------------------------------------------- */

static int spoil(struct simul_response *response, int error)
{
    char text[200];
    if (error == -SIMUL_EENCODING)
        snprintf(text, sizeof text, "the body could not be decompressed: %s",
                 sm_decoder_fault(&response->decoder));
    else
        snprintf(text, sizeof text, "%s",
                 error == -ENOMEM
                     ? "no memory"
                     : "the body was cut short: its compressed data go on");
    sm_response_spoil(response, error, text);
    return sm_response_fail(response);
}

/* As much as fits of what can be made of what is there; 0: nothing. */
static ssize_t decode(struct simul_response *response, void *buf, size_t size)
{
    struct sm_buffer *body = &response->body;
    size_t len = waiting_in(body);
    const char *data = len > 0 ? body->data + body->begin : "";
    ssize_t n = sm_decoder_run(&response->decoder, data, &len, buf, size);
    if (n < 0)
        return spoil(response, (int)n);
    body->begin += len;
    response->decoded_in_a_row += (size_t)n;
    took(response);
    return n;
}

/* 1: there may be more to decode; 0: it has ended. */
static int wait_for_more(struct simul_response *response)
{
    response->decoded_in_a_row = 0;
    int r = wait_for_body(response);
    if (r == 0 && !sm_decoder_may_end(&response->decoder))
        return spoil(response, -SIMUL_EINCOMPLETE);
    return r;
}

/* A few bytes may become very many, without any wait. */
static int let_others_run(struct simul_response *response)
{
    if (response->decoded_in_a_row < DECODED_IN_A_ROW)
        return 0;
    int r = simul_sleep(0);
    if (r >= 0)
        response->decoded_in_a_row = 0;
    return r;
}

static ssize_t read_decoded(struct simul_response *response, void *buf, size_t size)
{
    ssize_t n = let_others_run(response);
    while (n >= 0 && (n = decode(response, buf, size)) == 0) {
        n = wait_for_more(response);
        if (n == 0)
            break;
    }
    return n;
}

static ssize_t read_some(struct simul_response *response, void *buf, size_t size)
{
    if (waiting_in(&response->decoded) > 0)
        return (ssize_t)take(&response->decoded, buf, size);
    return response->decoder.coding ? read_decoded(response, buf, size)
                                    : read_plain(response, buf, size);
}

ssize_t simul_response_read(simul_response *response, void *buf, size_t size)
{
    if (size == 0)
        return -EINVAL;
    response->refs++;
    ssize_t n = read_some(response, buf, size);
    sm_response_unref(response);
    return n;
}

/* ---- all of it ------------------------------------------------------------------------- */

/* Meanwhile it does not pause, but ends, when there is more than that. */
static int wait_for_end(struct simul_response *response, size_t max)
{
    int r = 0;
    response->body_max = max;
    response->body_is_limit = true;
    resume(response);
    while (r >= 0 && !response->done)
        r = wait_for_news(response);
    response->body_max = SM_BODY_WAITING;
    response->body_is_limit = false;
    return r;
}

static int too_large(struct simul_response *response)
{
    response->error = 0; /* the abort's, if it was not done */
    sm_response_abort(response, -SIMUL_ETOOLARGE, "the body is larger than the limit");
    return simul_fail(-SIMUL_ETOOLARGE, "%s: the body is larger than the limit",
                      response->peer);
}

static int receive_all(struct simul_response *response, size_t max)
{
    if (waiting_in(&response->body) > max)
        return -SIMUL_ETOOLARGE;
    int r = response->done ? 0 : wait_for_end(response, max);
    return r < 0 || response->error >= 0 ? r : sm_response_fail(response);
}

/* No pointer into the buffer is kept over a wait: another task may read meanwhile. */
static int decode_all(struct simul_response *response, size_t max)
{
    struct sm_buffer *all = &response->decoded;
    for (int more = 1; more != 0;) {
        more = let_others_run(response);
        if (more >= 0)
            more = reserve(all, DECODED_PIECE);
        if (more < 0)
            return more;
        ssize_t n = decode(response, all->data + all->end, all->capacity - all->end);
        if (n < 0)
            return (int)n;
        all->end += (size_t)n;
        if (waiting_in(all) > max)
            return -SIMUL_ETOOLARGE;
        more = n > 0 ? 1 : wait_for_more(response);
        if (more < 0)
            return more;
    }
    return 0;
}

static ssize_t read_all(struct simul_response *response, const void **data, size_t max)
{
    bool coded = response->decoder.coding != SM_CODING_NONE;
    struct sm_buffer *all = coded ? &response->decoded : &response->body;
    int r = coded ? decode_all(response, max) : receive_all(response, max);
    if (r < 0)
        return r == -SIMUL_ETOOLARGE ? too_large(response) : r;
    r = reserve(all, 1);
    if (r < 0)
        return r;
    all->data[all->end] = 0;
    *data = all->data + all->begin;
    return (ssize_t)waiting_in(all);
}

ssize_t simul_response_bytes(simul_response *response, const void **data, size_t max)
{
    response->refs++;
    ssize_t n = read_all(response, data, max ? max : BODY_MAX);
    sm_response_unref(response);
    return n;
}

ssize_t simul_response_text(simul_response *response, const char **text, size_t max)
{
    const void *data;
    ssize_t n = simul_response_bytes(response, &data, max);
    if (n < 0)
        return n;
    if (memchr(data, 0, (size_t)n))
        return simul_fail(-EILSEQ, "%s: the body is not text", response->peer);
    *text = data;
    return n;
}
