/* SPDX-License-Identifier: MIT */
/*
 * A connection in OpenSSL's terms. It reads from memory, and writes by a function that
 * never waits, so no call of OpenSSL is ever left half-way: one task may read and another
 * write, though an SSL object does not let two in.
 */
#include <arpa/inet.h>
#include <string.h>

#include "tls/openssl.h"

/* ---- what it reads from and writes to --------------------------------------------------- */

static int io_read(BIO *bio, char *buf, int size)
{
    struct sm_ssl_io *io = BIO_get_data(bio);
    size_t n = (size_t)size < io->in_left ? (size_t)size : io->in_left;
    BIO_clear_retry_flags(bio);
    if (n == 0) {
        BIO_set_retry_read(bio);
        return -1;
    }
    memcpy(buf, io->in, n);
    io->in += n;
    io->in_left -= n;
    return (int)n;
}

static int io_write(BIO *bio, const char *data, int size)
{
    struct sm_ssl_io *io = BIO_get_data(bio);
    BIO_clear_retry_flags(bio);
    if (!io->error)
        io->error = io->send(io, data, (size_t)size);
    return io->error ? -1 : size;
}

static long io_ctrl(BIO *bio, int what, long num, void *ptr)
{
    (void)bio, (void)num, (void)ptr;
    return what == BIO_CTRL_FLUSH;
}

static BIO_METHOD *method;

static void make_method(void)
{
    BIO_METHOD *made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "simul");
    if (!made)
        return;
    BIO_meth_set_read(made, io_read);
    BIO_meth_set_write(made, io_write);
    BIO_meth_set_ctrl(made, io_ctrl);
    method = made;
}

static BIO *new_bio(struct sm_ssl_io *io)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_method);
    BIO *bio = method && !SM_FAULT("BIO_new", ENOMEM) ? BIO_new(method) : NULL;
    if (!bio)
        return NULL;
    BIO_set_data(bio, io);
    BIO_set_init(bio, 1);
    return bio;
}

/* ---- whom it talks to -------------------------------------------------------------------- */

static bool is_address(const char *host)
{
    unsigned char address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1
           || inet_pton(AF_INET6, host, address) == 1;
}

static bool ask_for_address(SSL *ssl, const char *host, bool check)
{
    return !check || X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
}

static bool ask_for_name(SSL *ssl, const char *host, bool check)
{
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set_tlsext_host_name(ssl, host) && (!check || SSL_set1_host(ssl, host));
}

/* "example.org." is the same name, but certificates have it without the dot. */
static bool ask_for(SSL *ssl, const char *host, bool check)
{
    char name[256];
    size_t n = strlen(host);
    if (n == 0)
        return true;
    if (n >= sizeof name || SM_FAULT("SSL_set1_host", ENOMEM))
        return false;
    memcpy(name, host, n + 1);
    if (name[n - 1] == '.')
        name[n - 1] = '\0';
    return is_address(name) ? ask_for_address(ssl, name, check)
                            : ask_for_name(ssl, name, check);
}

/* ---- making -------------------------------------------------------------------------------- */

static int fill(struct sm_ssl *ssl, struct sm_ssl_store *store, const char *host)
{
    ssl->ssl = SM_FAULT("SSL_new", ENOMEM) ? NULL : SSL_new(store->ctx);
    BIO *bio = ssl->ssl ? new_bio(ssl->io) : NULL;
    if (!bio)
        return -ENOMEM;
    SSL_set_bio(ssl->ssl, bio, bio);
    SSL_set_app_data(ssl->ssl, ssl);
    if (store->context->base.server)
        SSL_set_accept_state(ssl->ssl);
    else
        SSL_set_connect_state(ssl->ssl);
    if (host && !ask_for(ssl->ssl, host, store->checks_hostname))
        return strlen(host) < 256 ? -ENOMEM : -EINVAL;
    return 0;
}

int sm_ssl_new(struct sm_ssl **ret, struct sm_ssl_store *store, struct sm_ssl_io *io,
               const char *host)
{
    struct sm_ssl *ssl = sm_zalloc(sizeof *ssl);
    if (!ssl)
        return -ENOMEM;
    ssl->io = io;
    ssl->home = store->context;
    ERR_clear_error();
    snprintf(ssl->host, sizeof ssl->host, "%s", host && *host ? host : "the server");
    int r = fill(ssl, store, host);
    ERR_clear_error();
    if (r == 0)
        *ret = ssl;
    else
        sm_ssl_free(ssl);
    return r;
}

/* A connection that was cut off is no reason not to resume its session: what OpenSSL takes
 * for a sign of tampering is told to the user as an error. */
void sm_ssl_free(struct sm_ssl *ssl)
{
    if (!ssl)
        return;
    if (ssl->ssl && !ssl->failed)
        SSL_set_shutdown(ssl->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl->ssl);
    if (ssl->own)
        ssl->own->base.drop(&ssl->own->base);
    sm_free(ssl);
}

/* ---- sessions -------------------------------------------------------------------------------- */

void sm_ssl_session_free(struct sm_ssl_session *session)
{
    SSL_SESSION_free((SSL_SESSION *)session);
}

bool sm_ssl_resume(struct sm_ssl *ssl, struct sm_ssl_session *resumed)
{
    SSL_SESSION *session = (SSL_SESSION *)resumed;
    bool usable =
        SSL_SESSION_is_resumable(session) && SSL_set_session(ssl->ssl, session);
    if (usable && SSL_SESSION_get_protocol_version(session) < TLS1_3_VERSION)
        return true;
    SSL_SESSION_free(session);
    return false;
}

void sm_ssl_keep_sessions(struct sm_ssl *ssl, const char *key)
{
    ssl->key = key;
}

/* ---- handshake, bytes, end ---------------------------------------------------------------------- */

/* OpenSSL has it without an end. */
static void keep_alpn(struct sm_ssl *ssl)
{
    const unsigned char *name;
    unsigned n;
    SSL_get0_alpn_selected(ssl->ssl, &name, &n);
    if (n > 0 && n < sizeof ssl->alpn)
        memcpy(ssl->alpn, name, n);
}

int sm_ssl_handshake(struct sm_ssl *ssl)
{
    ERR_clear_error();
    int r = SM_FAULT("SSL_do_handshake", ENOMEM) ? -ENOMEM : SSL_do_handshake(ssl->ssl);
    if (r == 1) {
        keep_alpn(ssl);
        return ssl->io->error;
    }
    if (r == -ENOMEM)
        return r;
    r = sm_openssl_fail_ssl(ssl, r);
    return r == 0 ? -ECONNRESET : r; /* it has said goodbye in the middle */
}

ssize_t sm_ssl_read(struct sm_ssl *ssl, void *buf, size_t n)
{
    if (ssl->failed)
        return -SIMUL_ETLS;
    size_t got;
    ERR_clear_error();
    int r = SSL_read_ex(ssl->ssl, buf, n, &got);
    return r == 1 ? (ssize_t)got : sm_openssl_fail_ssl(ssl, r);
}

bool sm_ssl_has_more(const struct sm_ssl *ssl)
{
    return !ssl->failed && SSL_pending(ssl->ssl) > 0;
}

/* OpenSSL handles such a message as it does the handshake, and writes nothing meanwhile. */
bool sm_ssl_in_message(const struct sm_ssl *ssl)
{
    return !ssl->failed && !ssl->io->error && SSL_in_init(ssl->ssl);
}

int sm_ssl_end_message(struct sm_ssl *ssl)
{
    if (ssl->failed || ssl->io->error)
        return ssl->io->error ? ssl->io->error : -SIMUL_ETLS;
    ERR_clear_error();
    int r = SSL_do_handshake(ssl->ssl);
    if (r == 1)
        return ssl->io->error;
    r = sm_openssl_fail_ssl(ssl, r);
    return r == 0 ? -SIMUL_ETRUNCATED : r;
}

int sm_ssl_write(struct sm_ssl *ssl, const void *data, size_t n)
{
    if (ssl->failed || ssl->io->error)
        return ssl->io->error ? ssl->io->error : -SIMUL_ETLS;
    size_t done;
    ERR_clear_error();
    int r = SSL_write_ex(ssl->ssl, data, n, &done);
    if (r == 1)
        return ssl->io->error;
    r = sm_openssl_fail_ssl(ssl, r);
    return r == -EAGAIN || r == 0 ? -SIMUL_ETLS : r;
}

int sm_ssl_end(struct sm_ssl *ssl)
{
    if (ssl->failed || ssl->io->error)
        return ssl->io->error ? ssl->io->error : -SIMUL_ETLS;
    ERR_clear_error();
    int r = SSL_shutdown(ssl->ssl);
    if (r >= 0)
        return ssl->io->error;
    return sm_openssl_fail_ssl(ssl, r);
}

/* ---- questions --------------------------------------------------------------------------------------- */

const char *sm_ssl_word(const struct sm_ssl *ssl, enum sm_ssl_word which)
{
    switch (which) {
    case SM_SSL_VERSION:
        return SSL_get_version(ssl->ssl);
    case SM_SSL_CIPHER:
        return SSL_get_cipher_name(ssl->ssl);
    case SM_SSL_ALPN:
        return ssl->alpn[0] ? ssl->alpn : NULL;
    case SM_SSL_HOSTNAME:
        return SSL_get_servername(ssl->ssl, TLSEXT_NAMETYPE_host_name);
    }
    return NULL;
}

bool sm_ssl_resumed(const struct sm_ssl *ssl)
{
    return SSL_session_reused(ssl->ssl);
}
