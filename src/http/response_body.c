/* SPDX-License-Identifier: MIT */
/* Reading the body of a response. (See session.h.) */
#include "http/session.h"

#include <string.h>

#define BODY_MAX ((size_t)64 * 1024 * 1024)

/* ---- the buffer ------------------------------------------------------------------------ */

/* What was read is forgotten first; then it grows, by half at least. */
static int reserve(struct sm_buffer *buffer, size_t len)
{
    size_t used = buffer->end - buffer->begin;
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
    size_t waiting = buffer->end - buffer->begin;
    size_t n = size < waiting ? size : waiting;
    memcpy(to, buffer->data + buffer->begin, n);
    buffer->begin += n;
    if (buffer->begin == buffer->end)
        buffer->begin = buffer->end = 0;
    return n;
}

static size_t waiting_in(const struct simul_response *response)
{
    return response->body.end - response->body.begin;
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

static ssize_t read_some(struct simul_response *response, void *buf, size_t size)
{
    while (waiting_in(response) == 0 && !response->done) {
        int r = wait_for_news(response);
        if (r < 0)
            return r;
    }
    if (waiting_in(response) == 0)
        return response->error < 0 ? sm_response_fail(response) : 0;
    size_t n = take(&response->body, buf, size);
    if (waiting_in(response) <= SM_BODY_WAITING / 2)
        resume(response);
    return (ssize_t)n;
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

static ssize_t read_all(struct simul_response *response, const void **data, size_t max)
{
    int r = waiting_in(response) > max ? -SIMUL_ETOOLARGE : 0;
    if (r >= 0 && !response->done)
        r = wait_for_end(response, max);
    if (r < 0)
        return r == -SIMUL_ETOOLARGE ? too_large(response) : r;
    if (response->error < 0)
        return sm_response_fail(response);
    r = reserve(&response->body, 1);
    if (r < 0)
        return r;
    response->body.data[response->body.end] = 0;
    *data = response->body.data + response->body.begin;
    return (ssize_t)waiting_in(response);
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
