/* SPDX-License-Identifier: MIT */
/*
 * TLS: streams whose bytes nobody else can read or change. (asyncio: the `ssl=` arguments
 * and start_tls() of the page "Streams"; contexts are those of Python's module ssl.)
 *
 *     simul_tls_context *context;
 *     int r = simul_tls_client_new(&context, NULL);
 *     …
 *     r = simul_open_connection(&stream, "example.org", "443",
 *                               &(simul_connect_opts){.tls = context});
 *     if (r < 0)
 *         printf("%s\n", simul_explain(r));
 *
 * and a server is simul_start_server() with simul_server_opts.tls. What comes of it is a
 * stream like any other. With protocols (simul/transport.h) it is the same.
 *
 * A client is careful by default: the certificate has to be signed by an authority of the
 * system's store, to be valid now, and to name the host. A refusal is -SIMUL_ECERTIFICATE,
 * and simul_explain() says what was wrong with which certificate. TLS 1.2 is the least, and
 * there is no renegotiation.
 *
 * The end of a stream is the peer's word for it (close_notify). A connection that ends
 * without, as an attacker could bring about, reads as -SIMUL_ETRUNCATED behind all that had
 * come; asyncio takes it for the end. Many peers are careless there: where the protocol
 * above says how much is to come, nobody reads as far, and for the rest there is
 * simul_tls_opts.suppress_ragged_eofs.
 *
 * A handshake takes 16 KiB of its task's stack, of the 64 that a task has by default.
 *
 * A write waits for room before it encrypts, so that a cancel finds nothing sent; writes of
 * more than 16 KiB are several records, and are broken if they are cancelled in between.
 */
#ifndef SIMUL_TLS_H
#define SIMUL_TLS_H

#include <simul/stream.h>
#include <simul/transport.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- contexts ------------------------------------------------------------------------ */

/** Whether the peer has to show a certificate that holds. */
typedef enum simul_tls_verify {
    SIMUL_TLS_VERIFY_DEFAULT,  /* clients: required; servers: none */
    SIMUL_TLS_VERIFY_NONE,     /* none is asked for, or looked at: for tests */
    SIMUL_TLS_VERIFY_OPTIONAL, /* servers: if the client has one, it has to hold */
    SIMUL_TLS_VERIFY_REQUIRED,
} simul_tls_verify;

typedef enum simul_tls_version {
    SIMUL_TLS_DEFAULT = 0, /* at least 1.2, at most the newest there is */
    SIMUL_TLS_1_2 = 0x0303,
    SIMUL_TLS_1_3 = 0x0304,
} simul_tls_version;

/** By what a server's context chooses another one (opts.sni), whose certificate and protocols
 *  then count; NULL: its own. The name is NULL if the client has told none. */
typedef simul_tls_context *simul_tls_sni_fn(const char *server_hostname, void *arg);

/** Arguments of a context; zero and NULL mean the default. All are borrowed for the call
 *  only, but sni_arg. */
typedef struct simul_tls_opts {
    const char *ca_file;   /* PEM: the authorities that are trusted, in place of the
                              system's store */
    const char *ca_path;   /* a directory of such, with OpenSSL's names */
    const char *cert_file; /* PEM: the own certificate, then those that signed it */
    const char *key_file;  /* PEM: its key; default: it stands in cert_file, too */
    const char *key_password;
    simul_tls_verify verify;
    bool no_check_hostname; /* clients: the certificate may be another host's */
    simul_tls_version minimum_version, maximum_version;
    const char *ciphers;      /* of TLS 1.2, as openssl-ciphers(1) has them */
    const char *ciphersuites; /* of TLS 1.3 */
    const char *const *alpn;  /* protocols, the preferred first; ended by NULL. A server
                                 goes on without when the client's have none in common */
    bool no_resumption;       /* each connection shakes hands in full */
    bool suppress_ragged_eofs; /* an end without the peer's word is an end, see above */
    simul_tls_sni_fn
        *sni; /* servers: choose the context by the name that the client asked
                              for; it must not wait. What it returns stays its own */
    void *sni_arg;
    void *_reserved[6];
} simul_tls_opts;

/**
 * Make a context for clients: what they trust, and the sessions that they may resume. Used
 * for any number of connections, whose servers it remembers, so keep it.
 *
 * Reads the files, which may block for some milliseconds. In a task, simul_explain() names
 * the file that is wrong.
 *
 * @param context  set on success; to be released with simul_tls_context_release()
 * @param opts     NULL: all defaults
 * @return         0
 * @error -ENOENT, -EACCES, …  a file could not be read
 * @error -SIMUL_ETLS          a file has not the right contents, the key is not that of the
 *                             certificate, the password is wrong, or no such ciphers exist
 * @error -EINVAL              the versions, an empty protocol or one of more than 255 bytes,
 *                             a key without certificate, a server without
 * @error -ENOMEM
 *
 * Awaits:   never
 * Threads:  any; one context may be used in several at once
 * asyncio:  ssl.create_default_context()
 */
SIMUL_API int simul_tls_client_new(simul_tls_context **context,
                                   const simul_tls_opts *opts);

/**
 * Make a context for servers; opts->cert_file is needed, unless opts->sni always chooses.
 *
 * @return  as simul_tls_client_new()
 *
 * Awaits:   never
 * Threads:  any; one context may be used in several at once
 * asyncio:  ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
 */
SIMUL_API int simul_tls_server_new(simul_tls_context **context,
                                   const simul_tls_opts *opts);

/**
 * Give a context back; servers and streams that use it keep it alive. NULL does nothing.
 *
 * Threads:  any
 * asyncio:  (the context goes out of scope)
 */
SIMUL_API void simul_tls_context_release(simul_tls_context *context);

/* ---- in the middle of a connection ------------------------------------------------------ */

/** Arguments of simul_stream_start_tls(); zero and NULL mean the default. */
typedef struct simul_start_tls_opts {
    const char *server_hostname; /* as in simul_connect_opts; clients have to give it */
    double handshake_timeout;    /* seconds; 60 */
    double shutdown_timeout;     /* seconds; 30 */
    void *_reserved[4];
} simul_start_tls_opts;

/**
 * Go over to TLS on a connection that is open ("STARTTLS"): as the client, or as the server
 * if the context is a server's. No other task may be in a call of the stream.
 *
 * A second time, it is TLS inside of TLS, as with a proxy that is spoken to by TLS itself.
 *
 * What was read from the peer too early, and not taken, belongs to TLS: if somebody has
 * slipped in plain text there, the handshake fails, and it is never taken for protected.
 *
 * @param context  the stream holds it for as long as it needs it
 * @param opts     NULL: all defaults (for servers)
 * @return         0; from now on everything goes through TLS
 * @error -SIMUL_ECERTIFICATE  the peer's certificate was refused, or the own one by the peer;
 *                        simul_explain() says why
 * @error -SIMUL_ETLS     the peer does not speak TLS, or has no version, cipher, … in common
 * @error -ECONNRESET     it has ended the connection meanwhile
 * @error -ECONNABORTED   the handshake took too long, or somebody closed the stream
 * @error -ECANCELED      the task was cancelled
 * @error -EPIPE, …       of the connection
 * @error -ENOMEM
 *
 * After these the stream is closed. After the following nothing has happened:
 *
 * @error -EINVAL              a client without server_hostname
 * @error -SIMUL_ESTATE        the stream is closed or ended (write_eof())
 * @error -SIMUL_ECONCURRENT   another task is reading
 * @error -SIMUL_ENOTASK       called outside of a task
 *
 * Awaits:   nearly always
 * Threads:  the loop's
 * asyncio:  StreamWriter.start_tls()
 */
SIMUL_API int simul_stream_start_tls(simul_stream *stream, simul_tls_context *context,
                                     const simul_start_tls_opts *opts);

/**
 * The same with a transport, which stays the same one, and so does its protocol;
 * connection_made is not called again. What was written before goes out before, and in
 * plain. Until this returns nothing is received, and nothing can be written. Call it as soon
 * as the protocol of both has said so: what the peer sends meanwhile belongs to TLS, but
 * what was delivered before was not protected. The transport stays until this returns; but
 * one that a callback was given, and nobody has a handle to, may be gone before this is
 * called: connection_lost says so.
 *
 * @error -ENOTSUP  a transport of datagrams or pipes, or one that has TLS already
 * @error           else as simul_stream_start_tls(); what is lost there is told to
 *                  connection_lost, too (0 after a cancel)
 *
 * Awaits:   nearly always
 * Threads:  the loop's
 * asyncio:  loop.start_tls()
 */
SIMUL_API int simul_transport_start_tls(simul_transport *transport,
                                        simul_tls_context *context,
                                        const simul_start_tls_opts *opts);

/* ---- questions -------------------------------------------------------------------------- */

/**
 * Whether a stream has TLS, and what was agreed on.
 *
 * The version is "TLSv1.3" or "TLSv1.2"; the cipher "TLS_AES_256_GCM_SHA384"; alpn the
 * protocol that both have; server_hostname the one that the client has asked for.
 *
 * @return  the stream's, valid until its release; NULL if it has no TLS, or of what was not
 *          agreed on
 *
 * Threads:  the loop's
 * asyncio:  SSLObject.version(), get_extra_info("cipher"), selected_alpn_protocol(),
 *           server_hostname
 */
SIMUL_API const char *simul_stream_tls_version(const simul_stream *stream);
SIMUL_API const char *simul_stream_tls_cipher(const simul_stream *stream);
SIMUL_API const char *simul_stream_tls_alpn(const simul_stream *stream);
SIMUL_API const char *simul_stream_tls_hostname(const simul_stream *stream);

/**
 * Whether the handshake was a short one, as the two had a session from before.
 *
 * @return  false also without TLS
 *
 * Threads:  the loop's
 * asyncio:  SSLObject.session_reused
 */
SIMUL_API bool simul_stream_tls_resumed(const simul_stream *stream);

/** What a certificate says. Texts are printable; control characters are escaped. */
typedef struct simul_tls_certificate {
    const char *subject; /* "CN=localhost,O=Example" (RFC 2253) */
    const char *issuer;
    const char *const
        *names; /* whom it is for: "DNS:localhost", "IP Address:127.0.0.1",
                                 "email:…", "URI:…" */
    size_t n_names;
    const char *serial;            /* hexadecimal */
    int64_t not_before, not_after; /* seconds since 1970 */
    const unsigned char *der;      /* all of it */
    size_t der_len;
} simul_tls_certificate;

/**
 * The peer's certificate.
 *
 * @param certificate  set on success; to be released with simul_tls_certificate_release()
 * @return             0
 * @error -ENODATA        it has shown none
 * @error -SIMUL_ESTATE   the stream has no TLS
 * @error -ENOMEM
 *
 * Awaits:   never
 * Threads:  the loop's
 * asyncio:  get_extra_info("peercert"), SSLObject.getpeercert()
 */
SIMUL_API int simul_stream_tls_peercert(const simul_stream *stream,
                                        simul_tls_certificate **certificate);

/**
 * Give a certificate back, with all its texts. NULL does nothing.
 *
 * Threads:  any
 * asyncio:  (a dict goes out of scope)
 */
SIMUL_API void simul_tls_certificate_release(simul_tls_certificate *certificate);

#ifdef __cplusplus
}
#endif

#endif
