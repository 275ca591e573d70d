/* SPDX-License-Identifier: MIT */
/* What OpenSSL says of its failures, in our words. */
#include <openssl/pem.h>
#include <string.h>

#include "tls/openssl.h"

enum { ALERTS = 1000 }; /* reasons from here on are the peer's alerts */

/* In a file there is nothing of what is looked for: "unsupported", or "no start line". */
static bool is_missing(unsigned long error)
{
    int lib = ERR_GET_LIB(error);
    return lib == ERR_LIB_OSSL_DECODER
           || (lib == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE);
}

static const char *reason_of(unsigned long error)
{
    const char *text = ERR_reason_error_string(error);
    if (is_missing(error))
        return "nothing of the kind is in it";
    if (ERR_GET_REASON(error) == ERR_R_INTERRUPTED_OR_CANCELLED)
        return "it is locked, and no password is given";
    return text ? text : "unknown reason";
}

static bool is_memory(unsigned long error)
{
    return ERR_GET_REASON(error) == ERR_R_MALLOC_FAILURE;
}

/* The first in the queue is the one that was met; those behind it say where. */
int sm_openssl_fail(const char *what)
{
    unsigned long error = ERR_get_error();
    ERR_clear_error();
    if (ERR_SYSTEM_ERROR(error)) {
        int errnum = ERR_GET_REASON(error);
        return simul_fail(-errnum, "%s: %s", what, simul_strerror(errnum));
    }
    if (is_memory(error))
        return -ENOMEM;
    return simul_fail(-SIMUL_ETLS, "%s: %s", what, reason_of(error));
}

/* Alerts with which a peer says what it does not like about a certificate. */
static bool is_about_certificate(int alert)
{
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL3_AD_NO_CERTIFICATE:
    case TLS13_AD_CERTIFICATE_REQUIRED:
        return true;
    default:
        return false;
    }
}

/* OpenSSL 3.0 says "unknown" of these. */
static const char *alert_name(int alert)
{
    switch (alert) {
    case TLS13_AD_CERTIFICATE_REQUIRED:
        return "certificate required";
    case TLS13_AD_MISSING_EXTENSION:
        return "missing extension";
    case TLS1_AD_INAPPROPRIATE_FALLBACK:
        return "inappropriate fallback";
    default:
        return SSL_alert_desc_string_long(alert);
    }
}

static int alerted(int alert)
{
    int error = is_about_certificate(alert) ? -SIMUL_ECERTIFICATE : -SIMUL_ETLS;
    return simul_fail(error, "the peer has ended the TLS connection: %s",
                      alert_name(alert));
}

static int refused(struct sm_ssl *ssl)
{
    const char *whose = SSL_is_server(ssl->ssl) ? "a client" : ssl->host;
    return simul_fail(-SIMUL_ECERTIFICATE, "the certificate of %s was refused: %s",
                      whose, ssl->refused);
}

static int said(struct sm_ssl *ssl)
{
    unsigned long error = ERR_peek_error();
    int reason = ERR_GET_REASON(error);
    ssl->failed = true;
    if (is_memory(error))
        return -ENOMEM;
    if (ERR_GET_LIB(error) != ERR_LIB_SSL)
        return sm_openssl_fail("TLS");
    if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED && ssl->refused[0])
        return refused(ssl);
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
        return simul_fail(-SIMUL_ECERTIFICATE, "the client has shown no certificate");
    if (reason > ALERTS)
        return alerted(reason - ALERTS);
    return simul_fail(-SIMUL_ETLS, "TLS: %s", reason_of(error));
}

int sm_openssl_fail_ssl(struct sm_ssl *ssl, int ret)
{
    int r = -SIMUL_ETLS;
    switch (SSL_get_error(ssl->ssl, ret)) {
    case SSL_ERROR_WANT_READ:
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SSL:
        r = said(ssl);
        break;
    default: /* of sending: what has come can still be read */
        break;
    }
    ERR_clear_error();
    return ssl->io->error ? ssl->io->error : r;
}
