/* SPDX-License-Identifier: MIT */
/*
 * The door between TLS as the streams have it and the library that does it (openssl.c and
 * openssl_store.c, the only files that know which one it is).
 *
 * None of these functions waits. What fails has a message (simul_explain()).
 */
#ifndef SM_TLS_SSL_H
#define SM_TLS_SSL_H

#include <simul/tls.h>

struct sm_tls_context;

/* ---- what connections of one context have in common ----------------------------------- */

struct sm_ssl_store;
struct sm_ssl_session; /* what is resumed */

/** The errors of simul_tls_client_new(). `context`: whom the store belongs to. */
int sm_ssl_store_new(struct sm_ssl_store **store, struct sm_tls_context *context,
                     const simul_tls_opts *opts);
void sm_ssl_store_free(struct sm_ssl_store *store);
void sm_ssl_session_free(struct sm_ssl_session *session);

/* ---- a connection ---------------------------------------------------------------------- */

struct sm_ssl;

/* Where it reads what the peer has sent, and whom it gives what is to be sent. */
struct sm_ssl_io {
    const char *in; /* in_left bytes are there; it takes them from the beginning */
    size_t in_left;
    int (*send)(struct sm_ssl_io *io, const void *data, size_t n); /* 0 or error */
    int error; /* that of send(), which stays */
};

/** `host`: whose certificate is asked for; NULL: anybody's, or a client's. */
int sm_ssl_new(struct sm_ssl **ssl, struct sm_ssl_store *store, struct sm_ssl_io *io,
               const char *host);
void sm_ssl_free(struct sm_ssl *ssl);

/** 0 when it is done; -EAGAIN: more has to come from the peer. */
int sm_ssl_handshake(struct sm_ssl *ssl);

/** Bytes, at least one; 0: the peer's word that there are no more; -EAGAIN as above. */
ssize_t sm_ssl_read(struct sm_ssl *ssl, void *buf, size_t n);

/** Whether sm_ssl_read() has some, though nothing is left of what has come. */
bool sm_ssl_has_more(const struct sm_ssl *ssl);

/** Has the peer begun, and not ended, a message that is no data (a ticket of several records,
 *  a change of keys)? Till then nothing can be sent, nor the end said. */
bool sm_ssl_in_message(const struct sm_ssl *ssl);

/** Read on in it, and no further: 0 when there is none any more, or -EAGAIN. */
int sm_ssl_end_message(struct sm_ssl *ssl);

/** At most SM_SSL_RECORD bytes, not in such a message: 0 when they were sent, as one record. */
int sm_ssl_write(struct sm_ssl *ssl, const void *data, size_t n);
enum { SM_SSL_RECORD = 16 << 10, SM_SSL_OVERHEAD = 256 };

/** Say that no more will come; not in such a message. */
int sm_ssl_end(struct sm_ssl *ssl);

/** Resume a session, before the handshake. It is the connection's from now on; true if it
 *  may be used once more, and is the caller's, too. */
bool sm_ssl_resume(struct sm_ssl *ssl, struct sm_ssl_session *session);

/** Sessions that come are kept in the context under `key`, borrowed; NULL: none is. */
void sm_ssl_keep_sessions(struct sm_ssl *ssl, const char *key);

/* ---- questions ------------------------------------------------------------------------- */

enum sm_ssl_word { SM_SSL_VERSION, SM_SSL_CIPHER, SM_SSL_ALPN, SM_SSL_HOSTNAME };
const char *sm_ssl_word(const struct sm_ssl *ssl, enum sm_ssl_word which);
bool sm_ssl_resumed(const struct sm_ssl *ssl);
int sm_ssl_peercert(const struct sm_ssl *ssl, simul_tls_certificate **certificate);

#endif
