/* SPDX-License-Identifier: MIT */
/* Responses: their life, and what the engine tells them. (See session.h.) */
#include "http/session.h"

#include <math.h>
#include <string.h>

enum {
    HEAD_MAX = 256 * 1024, /* bytes of a response's fields, and of its status line */
    DROP_MAX = 65536, /* bytes of a redirect's body to read for the connection's sake */
};

/* ---- the end of an exchange ------------------------------------------------------------ */

static void wake(struct simul_response *response)
{
    if (response->waiter)
        simul_set_result(response->waiter, 0); /* too late if it is cancelled */
}

static void give_place(struct simul_response *response)
{
    if (response->place)
        sm_place_give(&response->session->places, response->place);
    response->place = NULL;
}

const char *sm_response_way(const struct simul_response *response, char way[SM_WAY_MAX])
{
    if (!*response->proxy)
        return response->peer;
    snprintf(way, SM_WAY_MAX, "%s through the proxy %s", response->peer,
             response->proxy);
    return way;
}

static void note(struct simul_response *response, int error, const char *what)
{
    char way[SM_WAY_MAX], text[SM_WAY_MAX + 512];
    response->error = error;
    if (error >= 0)
        return;
    snprintf(text, sizeof text, "%s: %s", sm_response_way(response, way), what);
    sm_free(response->what);
    response->what = sm_strdup(text);
}

/* S1. */
static void end(struct simul_response *response, int error, const char *what)
{
    if (response->done)
        return;
    response->done = true;
    note(response, error, what);
    give_place(response);
    wake(response);
}

int sm_response_fail(const struct simul_response *response)
{
    return response->what ? simul_fail(response->error, "%s", response->what)
                          : response->error;
}

void sm_response_abort(struct simul_response *response, int error, const char *what)
{
    sm_transfer_end(response->transfer);
    response->transfer = NULL;
    end(response, error, what);
    give_place(
        response); /* a hop that had no transfer yet was never begun, nor ended */
}

void sm_response_spoil(struct simul_response *response, int error, const char *what)
{
    sm_response_abort(response, error, what);
    if (response->error >= 0)
        note(response, error, what);
}

/* ---- what the engine tells ------------------------------------------------------------- */

static void on_connected(void *user)
{
    struct simul_response *response = user;
    response->connected = true;
    wake(response);
}

/* "HTTP/1.1 404 Not Found"; what it was told before was an interim response. */
static int take_status(struct simul_response *response, const char *text, size_t len)
{
    const char *end_of_text = text + len;
    const char *p = memchr(text, ' ', len);
    int status = 0;
    for (p = p ? p + 1 : end_of_text; p < end_of_text && *p >= '0' && *p <= '9'; p++)
        status = status < 1000 ? status * 10 + (*p - '0') : status;
    if (status < 100 || status > 999)
        return -SIMUL_EHTTP;
    sm_fields_finish(&response->fields);
    sm_decoder_finish(&response->decoder); /* an interim answer may have named one */
    sm_free(response->reason);
    p += p < end_of_text;
    response->reason = sm_malloc((size_t)(end_of_text - p) + 1);
    if (!response->reason)
        return -ENOMEM;
    memcpy(response->reason, p, (size_t)(end_of_text - p));
    response->reason[end_of_text - p] = 0;
    response->status = status;
    return 0;
}

/* curl takes the last of several, and one that it cannot count for none: then nobody would
 * know whether the body is all of it (RFC 9112, 6.3). */
static bool is_length(const struct simul_response *response, struct sm_http_slice value)
{
    uint64_t number;
    const char *before = sm_fields_get(&response->fields, "Content-Length");
    return sm_http_slice_number(value, &number)
           && (!before || sm_http_slice_equal(value, before));
}

static int take_field(struct simul_response *response, const char *text, size_t len)
{
    const char *colon = memchr(text, ':', len);
    struct sm_http_slice value = {text, len};
    if (*text == ' ' || *text == '\t')
        return sm_fields_extend(&response->fields, sm_http_slice_trim(value));
    if (!colon || memchr(text, 0, len))
        return -SIMUL_EHTTP;
    struct sm_http_slice name = {text, (size_t)(colon - text)};
    value = sm_http_slice_trim((struct sm_http_slice){colon + 1, len - name.len - 1});
    if (sm_http_slice_is(name, "Content-Length") && !is_length(response, value))
        return -SIMUL_EHTTP;
    if (!response->undecoded && sm_http_slice_is(name, "Content-Encoding"))
        sm_decoder_add(&response->decoder, value);
    return sm_fields_add(&response->fields, sm_http_slice_trim(name), value);
}

/* Fields that come after the body are not for us. */
static int on_line(void *user, const char *text, size_t len)
{
    struct simul_response *response = user;
    if (response->head_done)
        return 0;
    response->head_size += len;
    if (response->head_size > HEAD_MAX)
        return -SIMUL_ETOOLARGE;
    if (len >= 5 && memcmp(text, "HTTP/", 5) == 0)
        return take_status(response, text, len);
    if (len > 0)
        return take_field(response, text, len);
    if (response->status >= 200) {
        response->head_done = true;
        wake(response);
    }
    return 0;
}

static int on_unwanted(struct simul_response *response, size_t len)
{
    response->dropped += len;
    return response->dropped > DROP_MAX ? -SIMUL_ETOOLARGE : SM_BODY_TAKEN;
}

static int on_body(void *user, const char *data, size_t len)
{
    struct simul_response *response = user;
    size_t waiting = response->body.end - response->body.begin;
    if (response->dropping)
        return on_unwanted(response, len);
    if (response->decoder.coding == SM_CODING_OTHER)
        return -SIMUL_EENCODING;
    bool full = waiting + len > response->body_max;
    if (full && response->body_is_limit)
        return -SIMUL_ETOOLARGE;
    if (full && waiting > 0) {
        response->paused = true;
        return SM_BODY_PAUSE;
    }
    int r = sm_buffer_append(&response->body, data, len);
    if (r < 0)
        return r;
    wake(response);
    return SM_BODY_TAKEN;
}

static const char *head_or_body(const struct simul_response *response)
{
    if (response->head_done)
        return "the body is larger than the limit";
    return response->head_size > HEAD_MAX
               ? "the head of the answer is larger than 256 KiB"
               : "the head of the answer has a line larger than 100 KiB";
}

static void on_done(void *user, int error, const char *what)
{
    struct simul_response *response = user;
    if (error == 0 && !response->head_done) {
        error = -SIMUL_EINCOMPLETE;
        what = "closed the connection within the head of the answer";
    } else if (error == -SIMUL_ETOOLARGE) {
        what = head_or_body(response);
    } else if (error == -SIMUL_EENCODING) {
        what = "the body could not be decompressed: neither gzip nor deflate";
    } else if (error == -SIMUL_EHTTP && !*what) {
        what = "the answer is not HTTP";
    }
    end(response, error, what);
}

const struct sm_engine_events sm_response_events = {
    .connected = on_connected,
    .line = on_line,
    .body = on_body,
    .done = on_done,
};

/* ---- waiting --------------------------------------------------------------------------- */

static int wait_for_engine(struct simul_response *response)
{
    response->waiter = simul_create_future();
    if (!response->waiter)
        return -ENOMEM;
    int r = simul_await(response->waiter);
    simul_release(response->waiter);
    response->waiter = NULL;
    return r;
}

double sm_limit_for(const struct sm_limits *limits, const char *which)
{
    return *which == 't'   ? limits->total
           : *which == 'c' ? limits->connect
                           : limits->read;
}

int sm_response_wait(struct simul_response *response, double when, const char *which)
{
    simul_timeout scope;
    char text[64];
    if (when > response->deadline)
        which = "total";
    simul_timeout_enter_at(&scope, fmin(when, response->deadline));
    int r = (int)simul_timeout_exit(&scope, wait_for_engine(response));
    if (r != -ETIMEDOUT)
        return r;
    snprintf(text, sizeof text, "the %s time-out of %g s is over", which,
             sm_limit_for(&response->limits, which));
    sm_response_abort(response, r, text);
    return sm_response_fail(response);
}

/* ---- life ------------------------------------------------------------------------------ */

struct simul_response *sm_response_new(struct simul_session *session)
{
    struct simul_response *response = sm_zalloc(sizeof *response);
    if (!response)
        return NULL;
    response->refs = 1;
    response->session = session;
    session->refs++;
    LIST_INSERT_HEAD(&session->responses, response, link);
    response->done = true; /* nothing goes on yet */
    return response;
}

void sm_response_reset(struct simul_response *response)
{
    sm_transfer_end(response->transfer);
    response->transfer = NULL;
    sm_fields_finish(&response->fields);
    response->connected = response->head_done = response->paused = false;
    response->dropping = false;
    response->done = true;
    response->error = response->status = 0;
    response->head_size = response->dropped = 0;
    response->body.begin = response->body.end = 0;
    sm_decoder_finish(&response->decoder);
    response->body_max = SM_BODY_WAITING;
    *response->proxy = 0;
}

void sm_response_unref(struct simul_response *response)
{
    if (--response->refs > 0)
        return;
    struct simul_session *session = response->session;
    sm_fields_finish(&response->fields);
    sm_free(response->what);
    sm_free(response->reason);
    sm_free(response->url);
    sm_free(response->body.data);
    sm_decoder_finish(&response->decoder);
    sm_free(response->decoded.data);
    sm_free(response->sent.data);
    sm_free(response);
    sm_session_unref(session);
}

/* Those of tasks inside of its calls were counted; the user's is left, or a request's. */
void sm_response_forget(struct simul_response *response)
{
    simul_release(response->waiter);
    response->waiter = NULL;
    response->reading = false;
    response->refs = 1;
    sm_response_abort(response, -ECONNABORTED, "the loop was closed");
}

void simul_response_release(simul_response *response)
{
    if (!response)
        return;
    sm_response_abort(response, -ECONNABORTED, "the response was released");
    LIST_REMOVE(response, link);
    sm_response_unref(response);
}

/* ---- questions ------------------------------------------------------------------------- */

int simul_response_status(const simul_response *response)
{
    return response->status;
}

const char *simul_response_reason(const simul_response *response)
{
    return response->reason;
}

const char *simul_response_url(const simul_response *response)
{
    return response->url;
}

const char *simul_response_header(const simul_response *response, const char *name)
{
    return sm_fields_get(&response->fields, name);
}

const simul_http_header *simul_response_headers(const simul_response *response)
{
    static const simul_http_header none = {NULL, NULL};
    return response->fields.list ? response->fields.list : &none;
}

int simul_response_raise_for_status(const simul_response *response)
{
    if (response->status < 400)
        return 0;
    return simul_fail(-SIMUL_EHTTPSTATUS, "%d%s%s: %s", response->status,
                      *response->reason ? " " : "", response->reason, response->url);
}
