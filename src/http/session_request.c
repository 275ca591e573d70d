/* SPDX-License-Identifier: MIT */
/* Requests: from the call to the head of the last response. (See session.h.) */
#include "http/session.h"

#include <jansson.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "http/parser_impl.h"

enum { REDIRECTS = 10 };

/* On the stack of the task that asks. */
struct sm_request {
    LIST_ENTRY(sm_request) link; /* session->requests */
    struct simul_session *session;
    const simul_request_opts *opts;  /* never NULL */
    struct simul_response *response; /* owned */
    struct sm_hop hop;
};

/* ---- what is sent ---------------------------------------------------------------------- */

static int append_json(const char *text, size_t len, void *arg)
{
    return sm_buffer_append(arg, text, len) < 0 ? -1 : 0;
}

/* The text lives as long as the response: curl may send when we have got the head. */
static int take_json(struct sm_request *call)
{
    struct sm_buffer *sent = &call->response->sent;
    if (json_dump_callback(call->opts->json, append_json, sent,
                           JSON_COMPACT | JSON_ENCODE_ANY)
        != 0)
        return simul_fail(-SIMUL_EJSON, "the body cannot be written as JSON");
    call->hop.body = sent->data;
    call->hop.body_size = sent->end;
    return 0;
}

/* NULL suppresses what curl would say of a body that is empty. */
static int set_content_type(struct sm_hop *hop, bool is_json)
{
    if (sm_fields_has(&hop->fields, "Content-Type"))
        return 0;
    return sm_fields_set(&hop->fields, "Content-Type",
                         is_json     ? "application/json"
                         : hop->body ? "application/octet-stream"
                                     : NULL);
}

static int take_body(struct sm_request *call)
{
    const simul_request_opts *opts = call->opts;
    int r = 0;
    if (opts->json && opts->body)
        return -EINVAL;
    call->hop.body = opts->body;
    call->hop.body_size = opts->body ? opts->body_size : 0;
    if (opts->json)
        r = take_json(call);
    return r < 0 ? r : set_content_type(&call->hop, opts->json);
}

static int take_limits(struct sm_request *call)
{
    const struct sm_limits *preset = &call->session->limits;
    struct sm_limits *limits = &call->response->limits;
    const simul_request_opts *opts = call->opts;
    int r = sm_limit_of(opts->total_timeout, preset->total, &limits->total);
    if (r >= 0)
        r = sm_limit_of(opts->connect_timeout, preset->connect, &limits->connect);
    if (r >= 0)
        r = sm_limit_of(opts->read_timeout, preset->read, &limits->read);
    call->response->deadline = simul_time() + limits->total;
    return r;
}

static bool is_method(const char *method)
{
    const char *p = method;
    while (sm_http_is(*p, SM_HTTP_TOKEN))
        p++;
    return p > method && *p == 0;
}

static int prepare(struct sm_request *call, const char *url)
{
    struct sm_hop *hop = &call->hop;
    if (!is_method(hop->method) || call->opts->max_redirects < 0)
        return -EINVAL;
    int r = take_limits(call);
    if (r >= 0)
        r = sm_hop_set_url(hop, (struct sm_http_slice){url, strlen(url)});
    if (r >= 0)
        r = sm_fields_merge(&hop->fields, call->session->headers.list);
    if (r >= 0)
        r = sm_fields_merge(&hop->fields, call->opts->headers);
    return r < 0 ? r : take_body(call);
}

/* ---- a place, and an address ------------------------------------------------------------ */

static int late(const struct simul_response *response, const char *which,
                const char *doing)
{
    char way[SM_WAY_MAX];
    return simul_fail(-ETIMEDOUT, "%s: the %s time-out of %g s is over, %s",
                      sm_response_way(response, way), which,
                      sm_limit_for(&response->limits, which), doing);
}

static int take_place(struct simul_response *response)
{
    simul_timeout scope;
    struct sm_places *places = &response->session->places;
    simul_timeout_enter_at(&scope, response->deadline);
    int r = (int)simul_timeout_exit(
        &scope, sm_place_take(places, response->peer, &response->place));
    return r == -ETIMEDOUT ? late(response, "total", "waiting for a free connection")
                           : r;
}

/* The host to connect to: the proxy if there is one. */
static int find(struct sm_request *call, const char *url, double when, char **resolved)
{
    simul_timeout scope;
    struct simul_response *response = call->response;
    const char *role = *response->proxy ? "proxy" : "host";
    struct sm_http_url parsed;
    char host[SM_HTTP_HOST_MAX + 1];
    int r = sm_http_url_parse(url, strlen(url), &parsed);
    if (r >= 0)
        r = sm_engine_host(url, host, sizeof host);
    if (r < 0)
        return simul_fail(r, "malformed URL: %.200s", url);
    simul_timeout_enter_at(&scope, fmin(when, response->deadline));
    r = (int)simul_timeout_exit(
        &scope, sm_names_find(&call->session->names, host, parsed.port, resolved));
    if (r == -ETIMEDOUT)
        return late(response, when < response->deadline ? "connect" : "total",
                    "looking up the host");
    if (r == -SIMUL_ENONAME)
        return simul_fail(r, "unknown %s: %s", role, host);
    if (r == -SIMUL_EHOSTNAME)
        return simul_fail(r, "cannot look up the %s: %s", role, host);
    return r;
}

/* 1 and *proxy, which is the session's or in `text`; 0: none; or an error. */
static int find_proxy(const struct sm_request *call, char text[SM_PROXY_MAX],
                      const char **proxy)
{
    const struct simul_session *session = call->session;
    *proxy = session->proxy;
    if (session->proxy || !session->trust_env)
        return session->proxy != NULL;
    int r = sm_proxy_from_env(call->hop.url, text);
    if (r > 0)
        *proxy = text;
    return r;
}

/* ---- one exchange ---------------------------------------------------------------------- */

static int start(struct sm_request *call, const char *proxy, const char *resolved)
{
    struct simul_session *session = call->session;
    struct simul_response *response = call->response;
    struct sm_engine_request request = {
        .method = call->hop.method,
        .url = call->hop.url,
        .headers = call->hop.fields.list,
        .body = call->hop.body,
        .body_size = call->hop.body_size,
        .resolved = resolved,
        .proxy = proxy,
        .proxy_port = proxy ? sm_proxy_port(proxy) : 0,
        .ca_file = session->ca_file,
        .no_verify = session->no_verify,
        .no_compression = call->opts->no_compression,
    };
    if (session->closed)
        return -ECONNABORTED;
    response->undecoded = call->opts->no_compression;
    int r = sm_transfer_start(&response->transfer, session->engine, &request,
                              &sm_response_events, response);
    if (r >= 0)
        response->done = false;
    return r;
}

static int connect_to(struct sm_request *call, double when)
{
    char text[SM_PROXY_MAX], *resolved = NULL;
    const char *proxy;
    int r = find_proxy(call, text, &proxy);
    if (r > 0)
        sm_peer_of(proxy, call->response->proxy);
    if (r >= 0)
        r = find(call, r > 0 ? proxy : call->hop.url, when, &resolved);
    if (r >= 0)
        r = start(call, proxy, resolved);
    sm_free(resolved);
    return r;
}

static int wait_for_head(struct simul_response *response, double connect_by)
{
    int r = 0;
    while (r >= 0 && !response->connected && !response->head_done && !response->done)
        r = sm_response_wait(response, connect_by, "connect");
    double when = simul_time() + response->limits.read;
    while (r >= 0 && !response->head_done && !response->done)
        r = sm_response_wait(response, when, "read");
    if (r >= 0 && !response->head_done)
        r = sm_response_fail(response);
    return r;
}

static int exchange(struct sm_request *call)
{
    struct simul_response *response = call->response;
    sm_response_reset(response);
    sm_peer_of(call->hop.url, response->peer);
    int r = take_place(response);
    if (r < 0)
        return r;
    double connect_by = simul_time() + response->limits.connect;
    r = connect_to(call, connect_by);
    return r < 0 ? r : wait_for_head(response, connect_by);
}

/* ---- all exchanges --------------------------------------------------------------------- */

/* Reads a redirect's body if it is short, so that the connection can be used again. */
static int drop_body(struct simul_response *response)
{
    int r = 0;
    response->dropping = true;
    if (response->paused)
        sm_transfer_resume(response->transfer);
    double when = simul_time() + response->limits.read;
    while (r >= 0 && !response->done)
        r = sm_response_wait(response, when, "read");
    return r;
}

static int follow(struct sm_request *call)
{
    int left = call->opts->max_redirects ? call->opts->max_redirects : REDIRECTS;
    int r = exchange(call);
    if (call->opts->no_redirects)
        return r;
    while (r >= 0 && (r = sm_hop_redirect(&call->hop, call->response)) > 0) {
        if (left-- == 0)
            return simul_fail(-SIMUL_EREDIRECTS,
                              "too many redirects, the last one to %s", call->hop.url);
        r = drop_body(call->response);
        if (r >= 0)
            r = exchange(call);
    }
    return r;
}

static int run(struct sm_request *call, const char *url)
{
    int r = prepare(call, url);
    if (r >= 0)
        r = follow(call);
    if (r < 0)
        return r;
    call->response->url = call->hop.url;
    call->hop.url = NULL;
    return 0;
}

static void end(struct sm_request *call, bool well)
{
    LIST_REMOVE(call, link);
    sm_fields_finish(&call->hop.fields);
    sm_free(call->hop.url);
    if (!well)
        simul_response_release(call->response);
}

static int request(simul_response **ret, struct sm_request *call, const char *url)
{
    call->response = sm_response_new(call->session);
    if (!call->response)
        return -ENOMEM;
    LIST_INSERT_HEAD(&call->session->requests, call, link);
    int r = run(call, url);
    end(call, r >= 0);
    if (r >= 0)
        *ret = call->response;
    return r;
}

void sm_requests_forget(struct simul_session *session)
{
    struct sm_request *it;
    while ((it = LIST_FIRST(&session->requests)))
        end(it, false);
}

int simul_session_request(simul_response **ret, simul_session *session,
                          const char *method, const char *url,
                          const simul_request_opts *opts)
{
    static const simul_request_opts defaults;
    struct sm_request call = {
        .session = session, .opts = opts ? opts : &defaults, .hop = {.method = method}};
    if (!simul_current_task())
        return -SIMUL_ENOTASK;
    int r = sm_session_enter(session);
    if (r < 0)
        return simul_fail(r, "the session is closed");
    r = request(ret, &call, url);
    if (r == -ECONNABORTED)
        simul_fail(r, "the session was closed");
    sm_session_leave(session);
    return r;
}

int simul_session_get(simul_response **ret, simul_session *session, const char *url,
                      const simul_request_opts *opts)
{
    return simul_session_request(ret, session, "GET", url, opts);
}

int simul_session_post(simul_response **ret, simul_session *session, const char *url,
                       const simul_request_opts *opts)
{
    return simul_session_request(ret, session, "POST", url, opts);
}
