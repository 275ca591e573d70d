/* SPDX-License-Identifier: MIT */
/* Sessions: making and closing. (See session.h.) */
#include "http/session.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT = 100 };
#define TOTAL_TIMEOUT   300.0
#define CONNECT_TIMEOUT 30.0

/* ---- making ---------------------------------------------------------------------------- */

int sm_limit_of(double wanted, double preset, double *limit)
{
    if (isnan(wanted))
        return -EINVAL;
    *limit = wanted == 0 ? preset : wanted < 0 ? INFINITY : wanted;
    return 0;
}

static int take_limits(struct simul_session *session, const simul_session_opts *opts)
{
    struct sm_limits *limits = &session->limits;
    int r = sm_limit_of(opts->total_timeout, TOTAL_TIMEOUT, &limits->total);
    if (r >= 0)
        r = sm_limit_of(opts->connect_timeout, CONNECT_TIMEOUT, &limits->connect);
    if (r >= 0)
        r = sm_limit_of(opts->read_timeout, INFINITY, &limits->read);
    return r;
}

/* NULL stays NULL. */
static int copy(char **to, const char *text)
{
    if (!text)
        return 0;
    *to = sm_strdup(text);
    return *to ? 0 : -ENOMEM;
}

/* Now, where the error can be told from others; the engine reads it again and again. */
static int check_readable(const char *path)
{
    if (!path)
        return 0;
    int fd = (int)sm_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    sm_close(fd);
    return 0;
}

static int check_proxy(const char *proxy)
{
    struct sm_http_url url;
    return !proxy || sm_http_url_parse(proxy, strlen(proxy), &url) >= 0 ? 0 : -EINVAL;
}

static int take_opts(struct simul_session *session, const simul_session_opts *opts)
{
    int r = take_limits(session, opts);
    if (r >= 0)
        r = check_proxy(opts->proxy);
    if (r >= 0)
        r = check_readable(opts->ca_file);
    if (r >= 0)
        r = sm_fields_merge(&session->headers, opts->headers);
    if (r >= 0)
        r = copy(&session->ca_file, opts->ca_file);
    if (r >= 0)
        r = copy(&session->proxy, opts->proxy);
    session->no_verify = opts->no_verify;
    session->trust_env = opts->trust_env;
    return r;
}

/* No task will return from a call that it was in: what is its own there is given back here,
 * and so is the reference of a close() that was waiting. The user's stays. */
static void end_with_loop(void *arg)
{
    struct simul_session *session = arg;
    static const simul_error_context left_open = {
        .message = "an HTTP session was not closed before its loop"};
    struct simul_response *it;
    bool closing = session->all_left;
    if (!session->closed && simul_loop_get_debug(session->loop))
        simul_call_exception_handler(session->loop, &left_open);
    session->closed = true;
    sm_places_forget(&session->places);
    sm_names_forget(&session->names);
    LIST_FOREACH(it, &session->responses, link)
    sm_response_forget(it);
    sm_requests_forget(session);
    sm_engine_free(session->engine);
    session->engine = NULL;
    simul_release(session->all_left);
    session->all_left = NULL;
    session->refs -= (unsigned)session->calls;
    session->calls = 0;
    if (closing)
        sm_session_unref(session);
}

static int any_if_negative(int limit, int preset)
{
    return limit == 0 ? preset : limit < 0 ? INT_MAX : limit;
}

int simul_session_new(simul_session **ret, const simul_session_opts *opts)
{
    static const simul_session_opts defaults;
    simul_loop *loop = simul_get_running_loop();
    if (!opts)
        opts = &defaults;
    if (!loop)
        return -SIMUL_ENOLOOP;
    struct simul_session *session = sm_zalloc(sizeof *session);
    if (!session)
        return -ENOMEM;
    session->refs = 1;
    session->loop = loop;
    LIST_INIT(&session->responses);
    LIST_INIT(&session->requests);
    sm_names_init(&session->names);
    int limit = any_if_negative(opts->limit, LIMIT);
    sm_places_init(&session->places, limit,
                   any_if_negative(opts->limit_per_host, INT_MAX));

    int r = take_opts(session, opts);
    if (r >= 0)
        r = sm_engine_new(&session->engine, loop, limit == INT_MAX ? 0 : limit);
    if (r >= 0)
        r = simul_loop_on_close(loop, &session->on_close, end_with_loop, session);
    if (r < 0) {
        sm_session_unref(session);
        return r;
    }
    *ret = session;
    return 0;
}

/* ---- closing --------------------------------------------------------------------------- */

void sm_session_unref(struct simul_session *session)
{
    if (--session->refs > 0)
        return;
    simul_on_close_remove(&session->on_close);
    sm_engine_free(session->engine);
    sm_names_finish(&session->names);
    sm_fields_finish(&session->headers);
    sm_free(session->ca_file);
    sm_free(session->proxy);
    sm_free(session);
}

int sm_session_enter(struct simul_session *session)
{
    if (session->closed)
        return -ECONNABORTED;
    session->refs++;
    session->calls++;
    return 0;
}

void sm_session_leave(struct simul_session *session)
{
    if (--session->calls == 0 && session->all_left)
        simul_set_result(session->all_left, 0);
    sm_session_unref(session);
}

/* The connections of what is under way, and those that were kept alive. */
static void close_connections(struct simul_session *session)
{
    struct simul_response *it;
    session->closed = true;
    LIST_FOREACH(it, &session->responses, link)
    sm_response_abort(it, -ECONNABORTED, "the session was closed");
    sm_places_fail(&session->places, -ECONNABORTED);
    sm_names_close(&session->names);
    sm_engine_free(session->engine);
    session->engine = NULL;
}

/* Until the tasks that were inside have taken note. */
static int wait_for_calls(struct simul_session *session)
{
    simul_cleanup cleanup;
    if (session->calls == 0 || !simul_current_task())
        return 0;
    session->all_left = simul_create_future();
    if (!session->all_left)
        return 0; /* they hold references: it is enough that it is closed */
    simul_cleanup_enter(&cleanup);
    int r = simul_await(session->all_left);
    simul_cleanup_exit(&cleanup);
    simul_release(session->all_left);
    session->all_left = NULL;
    return r;
}

int simul_session_close(simul_session *session)
{
    if (!session)
        return 0;
    close_connections(session);
    int r = wait_for_calls(session);
    sm_session_unref(session);
    return r;
}
