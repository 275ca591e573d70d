/* SPDX-License-Identifier: MIT */
/*
 * Contexts: what connections have in common. They may be used in several threads.
 *
 *  X1. refs: one for the user's handle, one for each server and each stream that uses it.
 *  X2. sessions, oldest first, are those of a client's servers that may be resumed; at most
 *      SM_TLS_SESSIONS. The lock is theirs. Those of TLS 1.3 are given out once, so that
 *      nobody can see which connections belong together (RFC 8446, C.4).
 */
#ifndef SM_TLS_CONTEXT_H
#define SM_TLS_CONTEXT_H

#include <pthread.h>

#include "base/list.h"
#include "net/stream.h"
#include "tls/ssl.h"

enum { SM_TLS_SESSIONS = 64 };

struct sm_tls_context {
    struct simul_tls_context base;
    struct sm_ssl_store *store; /* owned */
    uint32_t refs;              /* X1 */
    bool resumes;
    bool ragged_eofs; /* are ends */
    simul_tls_sni_fn *sni;
    void *sni_arg;
    pthread_mutex_t lock;
    struct sm_list sessions; /* X2 */
    size_t n_sessions;
};

static inline struct sm_tls_context *sm_tls_context_of(struct simul_tls_context *base)
{
    return sm_container_of(base, struct sm_tls_context, base);
}

/** Keep a session for `key`; it is the context's from now on, also when it is dropped. */
void sm_tls_put_session(struct sm_tls_context *context, const char *key,
                        struct sm_ssl_session *session);

/** The newest for `key`, the caller's; NULL: there is none. */
struct sm_ssl_session *sm_tls_take_session(struct sm_tls_context *context,
                                           const char *key);

/** tls_start.c: struct simul_tls_context.start() */
int sm_tls_start(struct simul_tls_context *context, struct simul_stream *stream,
                 const char *host, const simul_connect_opts *opts);

/** tls_transport.c: struct simul_tls_context.take_off() */
int sm_tls_take_off(struct simul_stream *stream, struct simul_transport *transport);

#endif
