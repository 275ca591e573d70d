/* SPDX-License-Identifier: MIT */
/* Going over to TLS: sessions, putting the layer on, the handshake. */
#include <stdio.h>
#include <string.h>

#include "base/sys.h"
#include "tls/tls.h"

enum { HIGH_WATER = 64 << 10 };

#define HANDSHAKE_TIMEOUT 60.0
#define SHUTDOWN_TIMEOUT  30.0

/* ---- sessions ------------------------------------------------------------------------------ */

/* Those of one host and port are not another's: their certificates were looked at. */
static char *session_key(const struct simul_stream *stream, const char *host)
{
    char key[300];
    simul_address peer = {0};
    const struct sm_layer *top = stream->top;
    if (!host || !*host || strlen(host) > 255)
        return NULL;
    top->ops->info(top, SM_INFO_PEERNAME, &peer);
    snprintf(key, sizeof key, "%s %d", host, simul_address_port(&peer));
    return sm_strdup(key);
}

static void try_to_resume(struct sm_tls *tls, const char *host)
{
    struct sm_tls_context *context = tls->context;
    if (context->base.server || !context->resumes)
        return;
    tls->key = session_key(tls->layer.stream, host);
    if (!tls->key)
        return;
    sm_ssl_keep_sessions(tls->ssl, tls->key);
    struct sm_ssl_session *session = sm_tls_take_session(context, tls->key);
    if (session && sm_ssl_resume(tls->ssl, session))
        sm_tls_put_session(context, tls->key, session);
}

/* ---- putting it on -------------------------------------------------------------------------- */

static int new_layer(struct sm_tls **ret, struct sm_tls_context *context,
                     const char *host, double shutdown_timeout)
{
    struct sm_tls *tls = sm_zalloc(sizeof *tls);
    if (!tls)
        return -ENOMEM;
    int r = sm_ssl_new(&tls->ssl, context->store, &tls->io, host);
    if (r < 0) {
        sm_free(tls);
        return r;
    }
    tls->layer.ops = &sm_tls_ops;
    tls->io.send = sm_tls_send;
    tls->context = context;
    context->base.hold(&context->base);
    tls->shutdown_timeout = shutdown_timeout > 0 ? shutdown_timeout : SHUTDOWN_TIMEOUT;
    tls->high = HIGH_WATER;
    sm_list_init(&tls->turns);
    sm_list_init(&tls->left);
    *ret = tls;
    return 0;
}

static void put_on(struct simul_stream *stream, struct sm_tls *tls)
{
    size_t start = 0, n = 0;
    tls->kept = sm_stream_hand_over(stream, &start, &n);
    tls->io.in = tls->kept ? tls->kept + start : NULL;
    tls->io.in_left = n;
    stream->top->ops->info(stream->top, SM_INFO_HIGH, &tls->high);
    sm_stream_push(stream, &tls->layer);
}

/* ---- the handshake ---------------------------------------------------------------------------- */

static int shake_hands(struct sm_tls *tls)
{
    char idle[SM_TLS_IDLE];
    ssize_t r;
    while ((r = sm_ssl_handshake(tls->ssl)) == -EAGAIN) {
        r = sm_tls_fetch(tls, idle, 0);
        if (tls->closing && r != -ECANCELED)
            return simul_fail(-ECONNABORTED, "closed during the TLS handshake");
        if (r == 0)
            return simul_fail(-ECONNRESET,
                              "the peer has ended the connection during the "
                              "TLS handshake");
        if (r < 0)
            return (int)r;
    }
    int kept = sm_tls_keep_rest(tls, idle);
    return r < 0 ? (int)r : kept;
}

static int shake_hands_in_time(struct sm_tls *tls, double timeout)
{
    simul_timeout limit;
    timeout = timeout > 0 ? timeout : HANDSHAKE_TIMEOUT;
    simul_timeout_enter(&limit, timeout);
    int r = shake_hands(tls);
    r = (int)simul_timeout_exit(&limit, r);
    if (r == -ETIMEDOUT && simul_timeout_expired(&limit))
        return simul_fail(-ECONNABORTED,
                          "the TLS handshake took longer than %g seconds", timeout);
    return r;
}

/* What went wrong is told to the peer, too, unless it was no matter of TLS. */
static void end_failed(struct simul_stream *stream, int r)
{
    stream->told = true;
    if (r == -SIMUL_ETLS || r == -SIMUL_ECERTIFICATE)
        simul_stream_close(stream);
    else
        simul_stream_abort(stream);
}

static int run_handshake(struct simul_stream *stream, struct sm_tls *tls,
                         double timeout)
{
    stream->reading = true; /* nobody else may */
    sm_stream_ref(stream);
    int r = shake_hands_in_time(tls, timeout);
    stream->reading = false;
    tls->state = r == 0 && !tls->closing ? SM_TLS_OPEN : SM_TLS_FAILED;
    if (r < 0)
        end_failed(stream, r);
    sm_stream_unref(stream);
    return r;
}

/* ---- starting it -------------------------------------------------------------------------------- */

int sm_tls_start_now(struct sm_tls_context *context, struct simul_stream *stream,
                     const char *host, double handshake_timeout,
                     double shutdown_timeout)
{
    if (context->base.server)
        host = NULL;
    struct sm_tls *tls;
    int r = new_layer(&tls, context, host, shutdown_timeout);
    if (r < 0) {
        end_failed(stream, r);
        return r;
    }
    put_on(stream, tls);
    try_to_resume(tls, host);
    return run_handshake(stream, tls, handshake_timeout);
}

int sm_tls_start(struct simul_tls_context *context, struct simul_stream *stream,
                 const char *host, const simul_connect_opts *opts)
{
    if (opts->server_hostname)
        host = opts->server_hostname;
    else if (!context->server && !(host && *host))
        return -EINVAL; /* net has looked */
    return sm_tls_start_now(sm_tls_context_of(context), stream, host,
                            opts->tls_handshake_timeout, opts->tls_shutdown_timeout);
}

static int may_start(const struct simul_stream *stream)
{
    if (stream->closing || stream->ended || stream->read_error)
        return stream->read_error ? stream->read_error : -SIMUL_ESTATE;
    return stream->reading || stream->sending ? -SIMUL_ECONCURRENT : 0;
}

/* What was written before is to be out, so that a failing handshake does not drop it. */
static int start_behind_writes(struct simul_stream *stream, simul_tls_context *context,
                               const simul_start_tls_opts *opts)
{
    int r = stream->top->ops->flush(stream->top);
    if (r == 0)
        r = may_start(stream);
    if (r < 0) {
        end_failed(stream, r);
        return r;
    }
    return sm_tls_start_now(sm_tls_context_of(context), stream, opts->server_hostname,
                            opts->handshake_timeout, opts->shutdown_timeout);
}

int simul_stream_start_tls(simul_stream *stream, simul_tls_context *context,
                           const simul_start_tls_opts *opts)
{
    static const simul_start_tls_opts defaults;
    opts = opts ? opts : &defaults;
    if (!stream || !context || (!context->server && !opts->server_hostname))
        return -EINVAL;
    if (!sm_current())
        return -SIMUL_ENOTASK;
    int r = may_start(stream);
    if (r < 0)
        return r;
    sm_stream_ref(stream);
    r = sm_checkpoint();
    if (r == 0)
        r = start_behind_writes(stream, context, opts);
    else
        end_failed(stream, r);
    sm_stream_unref(stream);
    return r;
}
