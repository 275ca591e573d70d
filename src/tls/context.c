/* SPDX-License-Identifier: MIT */
/* Contexts: making them, and the sessions that a client's may resume. */
#include "tls/context.h"

#include <string.h>

#include "base/sys.h"

/* ---- sessions ------------------------------------------------------------------------ */

struct kept {
    struct sm_list link;
    struct sm_ssl_session *session; /* owned */
    char key[];
};

static void free_kept(struct kept *kept)
{
    sm_ssl_session_free(kept->session);
    sm_free(kept);
}

static struct kept *take(struct sm_tls_context *context, struct sm_list *link)
{
    sm_list_remove(link);
    context->n_sessions--;
    return sm_container_of(link, struct kept, link);
}

/* The newest, off the list; NULL if there is none. */
static struct kept *find(struct sm_tls_context *context, const char *key)
{
    for (struct sm_list *it = context->sessions.prev; it != &context->sessions;
         it = it->prev) {
        struct kept *kept = sm_container_of(it, struct kept, link);
        if (strcmp(kept->key, key) == 0)
            return take(context, it);
    }
    return NULL;
}

void sm_tls_put_session(struct sm_tls_context *context, const char *key,
                        struct sm_ssl_session *session)
{
    size_t size = strlen(key) + 1;
    struct kept *kept = sm_malloc(sizeof *kept + size), *gone;
    if (!kept) {
        sm_ssl_session_free(session);
        return;
    }
    kept->session = session;
    memcpy(kept->key, key, size);
    pthread_mutex_lock(&context->lock);
    gone = context->n_sessions == SM_TLS_SESSIONS
               ? take(context, context->sessions.next)
               : NULL;
    sm_list_push(&context->sessions, &kept->link);
    context->n_sessions++;
    pthread_mutex_unlock(&context->lock);
    if (gone)
        free_kept(gone);
}

struct sm_ssl_session *sm_tls_take_session(struct sm_tls_context *context,
                                           const char *key)
{
    pthread_mutex_lock(&context->lock);
    struct kept *kept = find(context, key);
    pthread_mutex_unlock(&context->lock);
    struct sm_ssl_session *session = kept ? kept->session : NULL;
    sm_free(kept);
    return session;
}

/* ---- contexts ------------------------------------------------------------------------ */

static void hold(struct simul_tls_context *base)
{
    __atomic_add_fetch(&sm_tls_context_of(base)->refs, 1, __ATOMIC_RELAXED);
}

static void drop(struct simul_tls_context *base)
{
    struct sm_tls_context *context = sm_tls_context_of(base);
    if (__atomic_sub_fetch(&context->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    while (context->n_sessions > 0)
        free_kept(take(context, context->sessions.next));
    sm_ssl_store_free(context->store);
    pthread_mutex_destroy(&context->lock);
    sm_free(context);
}

void simul_tls_context_release(simul_tls_context *context)
{
    if (context)
        drop(context);
}

static struct sm_tls_context *new_context(bool server, const simul_tls_opts *opts)
{
    struct sm_tls_context *context = sm_zalloc(sizeof *context);
    if (!context)
        return NULL;
    context->base = (struct simul_tls_context){
        .server = server,
        .start = sm_tls_start,
        .take_off = sm_tls_take_off,
        .hold = hold,
        .drop = drop,
    };
    context->refs = 1;
    context->resumes = !opts->no_resumption;
    context->ragged_eofs = opts->suppress_ragged_eofs;
    context->sni = opts->sni;
    context->sni_arg = opts->sni_arg;
    sm_list_init(&context->sessions);
    pthread_mutex_init(&context->lock, NULL);
    return context;
}

static int check(const simul_tls_opts *opts)
{
    int least = opts->minimum_version, most = opts->maximum_version;
    if (opts->key_file && !opts->cert_file)
        return -EINVAL;
    if ((least && least != SIMUL_TLS_1_2 && least != SIMUL_TLS_1_3)
        || (most && most != SIMUL_TLS_1_2 && most != SIMUL_TLS_1_3))
        return -EINVAL;
    return most && least > most ? -EINVAL : 0;
}

/* Without one no client could be answered. */
static int check_own(bool server, const simul_tls_opts *opts)
{
    if (!server || opts->cert_file || opts->sni)
        return 0;
    return simul_fail(-EINVAL, "a server needs a certificate: cert_file, or sni");
}

static int make(simul_tls_context **ret, bool server, const simul_tls_opts *opts)
{
    static const simul_tls_opts defaults;
    opts = opts ? opts : &defaults;
    int r = check(opts);
    if (r < 0)
        return r;
    struct sm_tls_context *context = new_context(server, opts);
    if (!context)
        return -ENOMEM;
    r = sm_ssl_store_new(&context->store, context, opts);
    if (r == 0)
        r = check_own(server, opts);
    if (r == 0)
        *ret = &context->base;
    else
        drop(&context->base);
    return r;
}

int simul_tls_client_new(simul_tls_context **context, const simul_tls_opts *opts)
{
    return make(context, false, opts);
}

int simul_tls_server_new(simul_tls_context **context, const simul_tls_opts *opts)
{
    return make(context, true, opts);
}
