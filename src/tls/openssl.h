/* SPDX-License-Identifier: MIT */
/*
 * What the files openssl*.c share. No other may include this, or anything of OpenSSL's.
 *
 * OpenSSL keeps its own allocator. CRYPTO_set_mem_functions() is for the whole process and
 * only before the first allocation of anybody, and what is allocated then is freed when the
 * process exits: a library that is one of several users of OpenSSL (libcurl, the program
 * itself) cannot say that. What we allocate ourselves is of our allocator, and each call
 * that allocates in OpenSSL can be made to fail here.
 */
#ifndef SM_TLS_OPENSSL_H
#define SM_TLS_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/sys.h"
#include "tls/context.h"

struct sm_ssl_store {
    SSL_CTX *ctx;
    struct sm_tls_context *context; /* borrowed: whose it is */
    bool checks_hostname;
    size_t alpn_len;
    unsigned char alpn[]; /* each with its length before it */
};

struct sm_ssl {
    SSL *ssl;
    struct sm_ssl_io *io; /* borrowed */
    struct sm_tls_context
        *own;        /* chosen by the name (SNI), held; NULL: the first one */
    const char *key; /* borrowed: where sessions are kept; NULL: they are not */
    struct sm_tls_context *home; /* borrowed: the first context */
    bool failed;                 /* it must not be asked for anything any more */
    char host[256];              /* for messages */
    char alpn[256];              /* the protocol; "": none */
    char refused[300];           /* which certificate, and why */
};

/* openssl_cert.c */
/** A certificate as text for messages: its subject, or with `names` whom it is for. What
 *  cannot be read of it is left out, and OpenSSL's queue of errors is as it was. */
void sm_openssl_describe(X509 *cert, bool names, char *text, size_t size);

/* openssl_error.c */
/** The error for what OpenSSL's queue says, with a message that begins with `what`. */
int sm_openssl_fail(const char *what);
/** The same for a connection, after a call has returned ret <= 0. */
int sm_openssl_fail_ssl(struct sm_ssl *ssl, int ret);

#endif
