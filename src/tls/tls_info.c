/* SPDX-License-Identifier: MIT */
/* What was agreed on, told to who asks a stream or a transport. */
#include "base/sys.h"
#include "tls/tls.h"

/* ---- streams --------------------------------------------------------------------------- */

static const struct sm_tls *layer_of(const struct simul_stream *stream)
{
    if (!stream)
        return NULL;
    for (struct sm_layer *it = stream->top; it; it = it->below)
        if (it->ops == &sm_tls_ops)
            return sm_tls_of(it)->state == SM_TLS_OPEN ? sm_tls_of(it) : NULL;
    return NULL;
}

static const char *word_of(const simul_stream *stream, enum sm_ssl_word which)
{
    const struct sm_tls *tls = layer_of(stream);
    return tls ? sm_ssl_word(tls->ssl, which) : NULL;
}

const char *simul_stream_tls_version(const simul_stream *stream)
{
    return word_of(stream, SM_SSL_VERSION);
}

const char *simul_stream_tls_cipher(const simul_stream *stream)
{
    return word_of(stream, SM_SSL_CIPHER);
}

const char *simul_stream_tls_alpn(const simul_stream *stream)
{
    return word_of(stream, SM_SSL_ALPN);
}

const char *simul_stream_tls_hostname(const simul_stream *stream)
{
    return word_of(stream, SM_SSL_HOSTNAME);
}

bool simul_stream_tls_resumed(const simul_stream *stream)
{
    const struct sm_tls *tls = layer_of(stream);
    return tls && sm_ssl_resumed(tls->ssl);
}

int simul_stream_tls_peercert(const simul_stream *stream,
                              simul_tls_certificate **certificate)
{
    const struct sm_tls *tls = layer_of(stream);
    return tls ? sm_ssl_peercert(tls->ssl, certificate) : -SIMUL_ESTATE;
}

void simul_tls_certificate_release(simul_tls_certificate *certificate)
{
    sm_free(certificate);
}

/* ---- transports ------------------------------------------------------------------------ */

static int word(const char *text, void *answer)
{
    if (!text)
        return -ENODATA;
    *(const char **)answer = text;
    return 0;
}

int sm_tls_info(const struct sm_tls *tls, simul_extra_info what, void *answer)
{
    switch (what) {
    case SIMUL_INFO_TLS_VERSION:
        return word(sm_ssl_word(tls->ssl, SM_SSL_VERSION), answer);
    case SIMUL_INFO_TLS_CIPHER:
        return word(sm_ssl_word(tls->ssl, SM_SSL_CIPHER), answer);
    case SIMUL_INFO_TLS_ALPN:
        return word(sm_ssl_word(tls->ssl, SM_SSL_ALPN), answer);
    case SIMUL_INFO_TLS_HOSTNAME:
        return word(sm_ssl_word(tls->ssl, SM_SSL_HOSTNAME), answer);
    case SIMUL_INFO_TLS_RESUMED:
        *(bool *)answer = sm_ssl_resumed(tls->ssl);
        return 0;
    case SIMUL_INFO_TLS_CONTEXT:
        *(simul_tls_context **)answer = &tls->context->base;
        return 0;
    case SIMUL_INFO_TLS_PEERCERT:
        return sm_ssl_peercert(tls->ssl, answer);
    default:
        return -EINVAL;
    }
}
