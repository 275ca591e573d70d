/* SPDX-License-Identifier: MIT */
/* What curl's results mean in our words. */
#include <string.h>

#include "http/engine_curl.h"

static const struct {
    CURLcode code;
    int error;
    const char *what; /* curl's own detail follows, unless it is `whole` */
    bool whole;
} table[] = {
    {CURLE_OUT_OF_MEMORY, ENOMEM, "no memory", true},
    {CURLE_URL_MALFORMAT, SIMUL_EURL, "malformed URL", false},
    {CURLE_UNSUPPORTED_PROTOCOL, SIMUL_EHTTP, "the answer is not HTTP", true},
    {CURLE_WEIRD_SERVER_REPLY, SIMUL_EHTTP, "the answer is not HTTP", false},
    {CURLE_HTTP_RETURNED_ERROR, SIMUL_EHTTP, "the answer is not HTTP", false},
    {CURLE_COULDNT_RESOLVE_HOST, SIMUL_EHOSTNAME, "the host was not resolved", false},
    {CURLE_COULDNT_RESOLVE_PROXY, SIMUL_EHOSTNAME, "the proxy was not resolved", false},
    {CURLE_PROXY, SIMUL_ETRANSFER, "the proxy failed", false},
    {CURLE_PARTIAL_FILE, SIMUL_EINCOMPLETE, "the body was cut short", false},
    {CURLE_GOT_NOTHING, SIMUL_EINCOMPLETE, "closed the connection without an answer",
     true},
    {CURLE_PEER_FAILED_VERIFICATION, SIMUL_ECERTIFICATE, "the certificate was refused",
     false},
    {CURLE_SSL_ISSUER_ERROR, SIMUL_ECERTIFICATE, "the certificate was refused", false},
    {CURLE_SSL_INVALIDCERTSTATUS, SIMUL_ECERTIFICATE, "the certificate was refused",
     false},
    {CURLE_SSL_CACERT_BADFILE, SIMUL_ETLS, "the file of authorities is unusable",
     false},
    {CURLE_SSL_CONNECT_ERROR, SIMUL_ETLS, "TLS failed", false},
    {CURLE_SSL_CIPHER, SIMUL_ETLS, "TLS failed", false},
    {CURLE_SSL_ENGINE_INITFAILED, SIMUL_ETLS, "TLS failed", false},
    {CURLE_USE_SSL_FAILED, SIMUL_ETLS, "TLS failed", false},
};

/* Errors behind which the kernel's own word stands. */
static int system_error(CURLcode code, long os_errno, const char **what)
{
    switch (code) {
    case CURLE_COULDNT_CONNECT:
        *what = "cannot connect";
        return os_errno ? (int)os_errno : ECONNREFUSED;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        *what = "the connection broke";
        return os_errno ? (int)os_errno : ECONNRESET;
    default:
        return 0;
    }
}

/* Where curl has one code for two things, its text tells them apart. */
static CURLcode sharpen(CURLcode code, const char *detail)
{
    if (code == CURLE_RECV_ERROR && strstr(detail, "chunked"))
        return CURLE_WEIRD_SERVER_REPLY;
    if (code == CURLE_RECV_ERROR && strstr(detail, "CONNECT"))
        return CURLE_PROXY;
    if (code == CURLE_OUT_OF_MEMORY && strstr(detail, "header"))
        return CURLE_WEIRD_SERVER_REPLY;
    return code;
}

static void join(char *text, size_t size, const char *what, const char *detail)
{
    if (*detail)
        snprintf(text, size, "%s: %s", what, detail);
    else
        snprintf(text, size, "%s", what);
}

int sm_engine_error(CURLcode code, long os_errno, const char *detail, char *text,
                    size_t size, const char **what)
{
    const char *begin;
    if (code == CURLE_OK)
        return 0;
    *what = text;
    code = sharpen(code, detail);
    int error = system_error(code, os_errno, &begin);
    if (error) {
        join(text, size, begin, simul_strerror(-error));
        return -error;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].code == code) {
            join(text, size, table[i].what, table[i].whole ? "" : detail);
            return -table[i].error;
        }
    join(text, size, "the transfer failed",
         *detail ? detail : curl_easy_strerror(code));
    return -SIMUL_ETRANSFER;
}
