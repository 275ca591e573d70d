/* SPDX-License-Identifier: MIT */
/* A context in OpenSSL's terms: what is trusted, the own certificate, versions, names. */
#include <string.h>

#include "tls/openssl.h"

/* ---- what is trusted ------------------------------------------------------------------ */

static int trust_files(SSL_CTX *ctx, const char *file, const char *path)
{
    char what[300];
    snprintf(what, sizeof what, "cannot read the authorities in %s",
             file ? file : path);
    if (SM_FAULT("SSL_CTX_load_verify_locations", ENOMEM))
        return -ENOMEM;
    return SSL_CTX_load_verify_locations(ctx, file, path) ? 0 : sm_openssl_fail(what);
}

static int trust(SSL_CTX *ctx, const simul_tls_opts *opts)
{
    if (opts->ca_file || opts->ca_path)
        return trust_files(ctx, opts->ca_file, opts->ca_path);
    if (SM_FAULT("SSL_CTX_set_default_verify_paths", ENOMEM))
        return -ENOMEM;
    return SSL_CTX_set_default_verify_paths(ctx) ? 0 : sm_openssl_fail("TLS");
}

/* Keeps which certificate it was: the connection has forgotten it when it fails. */
static int on_certificate(int ok, X509_STORE_CTX *store)
{
    int index = SSL_get_ex_data_X509_STORE_CTX_idx();
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, index);
    struct sm_ssl *connection = ssl ? SSL_get_app_data(ssl) : NULL;
    if (ok || !connection)
        return ok;
    int error = X509_STORE_CTX_get_error(store);
    bool name = error == X509_V_ERR_HOSTNAME_MISMATCH
                || error == X509_V_ERR_IP_ADDRESS_MISMATCH;
    char which[200];
    sm_openssl_describe(X509_STORE_CTX_get_current_cert(store), name, which,
                        sizeof which);
    snprintf(connection->refused, sizeof connection->refused, "%s (it is for %s)",
             X509_verify_cert_error_string(error), which);
    return ok;
}

static void set_verify(SSL_CTX *ctx, bool server, simul_tls_verify verify)
{
    int mode = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    if (verify == SIMUL_TLS_VERIFY_NONE
        || (server && verify == SIMUL_TLS_VERIFY_DEFAULT))
        mode = SSL_VERIFY_NONE;
    else if (verify == SIMUL_TLS_VERIFY_OPTIONAL)
        mode = SSL_VERIFY_PEER;
    SSL_CTX_set_verify(ctx, mode, on_certificate);
}

static bool verifies(const struct sm_ssl_store *store)
{
    return SSL_CTX_get_verify_mode(store->ctx) != SSL_VERIFY_NONE;
}

/* Whom a server trusts it tells its clients, so that they can choose among theirs. */
static int name_authorities(SSL_CTX *ctx, const char *file)
{
    STACK_OF(X509_NAME) *names = SM_FAULT("SSL_load_client_CA_file", ENOMEM)
                                     ? NULL
                                     : SSL_load_client_CA_file(file);
    if (!names)
        return sm_openssl_fail(file);
    SSL_CTX_set_client_CA_list(ctx, names);
    return 0;
}

static int load_trust(struct sm_ssl_store *store, const simul_tls_opts *opts)
{
    bool server = store->context->base.server;
    set_verify(store->ctx, server, opts->verify);
    if (!verifies(store))
        return 0;
    int r = trust(store->ctx, opts);
    if (r == 0 && server && opts->ca_file)
        r = name_authorities(store->ctx, opts->ca_file);
    return r;
}

/* ---- the own certificate ---------------------------------------------------------------- */

/* Always there: OpenSSL's own would ask at the terminal. */
static int give_password(char *buf, int size, int writing, void *password)
{
    (void)writing;
    size_t n = password ? strlen(password) : 0;
    if (n == 0 || n > (size_t)size)
        return -1;
    memcpy(buf, password, n);
    return (int)n;
}

static int use_chain(SSL_CTX *ctx, const char *file)
{
    char what[300];
    snprintf(what, sizeof what, "cannot use the certificate in %s", file);
    if (SM_FAULT("SSL_CTX_use_certificate_chain_file", ENOMEM))
        return -ENOMEM;
    return SSL_CTX_use_certificate_chain_file(ctx, file) == 1 ? 0
                                                              : sm_openssl_fail(what);
}

static int use_key(SSL_CTX *ctx, const char *file)
{
    char what[300];
    snprintf(what, sizeof what, "cannot use the key in %s", file);
    if (SM_FAULT("SSL_CTX_use_PrivateKey_file", ENOMEM))
        return -ENOMEM;
    if (SSL_CTX_use_PrivateKey_file(ctx, file, SSL_FILETYPE_PEM) != 1)
        return sm_openssl_fail(what);
    return 0; /* OpenSSL has compared it with the certificate */
}

static int load_own(SSL_CTX *ctx, const simul_tls_opts *opts)
{
    SSL_CTX_set_default_passwd_cb(ctx, give_password);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, (void *)opts->key_password);
    int r = 0;
    if (opts->cert_file)
        r = use_chain(ctx, opts->cert_file);
    if (r == 0 && opts->cert_file)
        r = use_key(ctx, opts->key_file ? opts->key_file : opts->cert_file);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);
    return r;
}

/* ---- versions and ciphers ----------------------------------------------------------------- */

static int set_versions(SSL_CTX *ctx, const simul_tls_opts *opts)
{
    int least = opts->minimum_version ? (int)opts->minimum_version : TLS1_2_VERSION;
    if (!SSL_CTX_set_min_proto_version(ctx, least)
        || !SSL_CTX_set_max_proto_version(ctx, (int)opts->maximum_version))
        return sm_openssl_fail("TLS versions");
    if (opts->ciphers && !SSL_CTX_set_cipher_list(ctx, opts->ciphers))
        return sm_openssl_fail(opts->ciphers);
    if (opts->ciphersuites && !SSL_CTX_set_ciphersuites(ctx, opts->ciphersuites))
        return sm_openssl_fail(opts->ciphersuites);
    return 0;
}

/* ---- protocols (ALPN) ---------------------------------------------------------------------- */

/* The length on the wire, or -EINVAL. */
static ssize_t alpn_size(const char *const *protocols)
{
    size_t size = 0;
    for (; protocols && *protocols; protocols++) {
        size_t n = strlen(*protocols);
        if (n == 0 || n > 255)
            return -EINVAL;
        size += 1 + n;
    }
    return size > UINT16_MAX ? -EINVAL : (ssize_t)size;
}

static void write_alpn(struct sm_ssl_store *store, const char *const *protocols)
{
    unsigned char *at = store->alpn;
    for (; protocols && *protocols; protocols++) {
        size_t n = strlen(*protocols);
        *at++ = (unsigned char)n;
        memcpy(at, *protocols, n);
        at += n;
    }
    store->alpn_len = (size_t)(at - store->alpn);
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                   const unsigned char *in, unsigned in_len, void *arg)
{
    const struct sm_ssl_store *store = arg;
    unsigned char *chosen;
    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_len, store->alpn, (unsigned)store->alpn_len,
                              in, in_len)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int offer_alpn(struct sm_ssl_store *store)
{
    if (store->alpn_len == 0)
        return 0;
    if (store->context->base.server)
        SSL_CTX_set_alpn_select_cb(store->ctx, on_alpn, store);
    else if (SM_FAULT("SSL_CTX_set_alpn_protos", ENOMEM)
             || SSL_CTX_set_alpn_protos(store->ctx, store->alpn,
                                        (unsigned)store->alpn_len))
        return -ENOMEM;
    return 0;
}

/* ---- names (SNI) --------------------------------------------------------------------------- */

static int on_name(SSL *ssl, int *alert, void *arg)
{
    struct sm_tls_context *context = arg;
    struct sm_ssl *connection = SSL_get_app_data(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)alert;
    ERR_set_mark(); /* what the user met on his way is not the handshake's error */
    struct simul_tls_context *chosen = context->sni(name, context->sni_arg);
    ERR_pop_to_mark();
    if (!chosen || !chosen->server || chosen == &context->base || connection->own)
        return SSL_TLSEXT_ERR_OK;
    connection->own = sm_tls_context_of(chosen);
    chosen->hold(chosen);
    SSL_set_SSL_CTX(ssl, connection->own->store->ctx);
    return SSL_TLSEXT_ERR_OK;
}

/* ---- sessions ------------------------------------------------------------------------------- */

static int on_session(SSL *ssl, SSL_SESSION *session)
{
    struct sm_ssl *connection = SSL_get_app_data(ssl);
    if (!connection || !connection->key)
        return 0;
    sm_tls_put_session(connection->home, connection->key,
                       (struct sm_ssl_session *)session);
    return 1; /* it is ours */
}

/* Servers remember by tickets: the clients keep what is needed. */
static void set_sessions(struct sm_ssl_store *store)
{
    static const unsigned char name[] = "simul";
    SSL_CTX *ctx = store->ctx;
    SSL_CTX_set_session_id_context(ctx, name, sizeof name - 1);
    if (!store->context->resumes) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ctx, 0);
    } else if (store->context->base.server) {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    } else {
        SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT
                                                | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(ctx, on_session);
    }
}

/* ---- making ----------------------------------------------------------------------------------- */

static void set_modes(struct sm_ssl_store *store)
{
    SSL_CTX *ctx = store->ctx;
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                 | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (store->context->sni) {
        SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
        SSL_CTX_set_tlsext_servername_arg(ctx, store->context);
    }
    set_sessions(store);
}

static int fill(struct sm_ssl_store *store, const simul_tls_opts *opts)
{
    const SSL_METHOD *method =
        store->context->base.server ? TLS_server_method() : TLS_client_method();
    store->ctx = SM_FAULT("SSL_CTX_new", ENOMEM) ? NULL : SSL_CTX_new(method);
    if (!store->ctx)
        return -ENOMEM;
    set_modes(store);
    int r = set_versions(store->ctx, opts);
    if (r == 0)
        r = load_trust(store, opts);
    if (r == 0)
        r = load_own(store->ctx, opts);
    return r < 0 ? r : offer_alpn(store);
}

int sm_ssl_store_new(struct sm_ssl_store **ret, struct sm_tls_context *context,
                     const simul_tls_opts *opts)
{
    ssize_t size = alpn_size(opts->alpn);
    if (size < 0)
        return (int)size;
    struct sm_ssl_store *store = sm_zalloc(sizeof *store + (size_t)size);
    if (!store)
        return -ENOMEM;
    store->context = context;
    store->checks_hostname = !opts->no_check_hostname;
    write_alpn(store, opts->alpn);
    ERR_clear_error();
    int r = fill(store, opts);
    ERR_clear_error();
    if (r == 0)
        *ret = store;
    else
        sm_ssl_store_free(store);
    return r;
}

void sm_ssl_store_free(struct sm_ssl_store *store)
{
    if (!store)
        return;
    SSL_CTX_free(store->ctx);
    sm_free(store);
}
