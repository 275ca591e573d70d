/* SPDX-License-Identifier: MIT */
/*
 * The engine: one multi handle and its transfers. (See engine.h.)
 *
 * curl tells us which descriptors it wants to hear of, and when it wants to be called for
 * the sake of time; we call it for nothing else. Its callbacks run inside our calls of it
 * and must not call it: what has to be done afterwards is noted, and sm_engine_settle()
 * does it at the end of each entry.
 *
 * Without memory for what it keeps of a descriptor, curl loses it: the transfer would wait
 * for ever, and what is left behind makes 7.88 divide by zero when the number of that
 * descriptor is used again. It does not say whose it was. So all that runs fails, and the
 * multi handle goes with its connections; the next transfer makes another.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "http/engine_curl.h"

/* ---- the library ---------------------------------------------------------------------- */

/* curl says "out of memory" also of what it finds too long, as a line of a head of more than
 * 100 KiB. So it is noted whether there was none. */
static __thread bool has_allocated, ran_out;

static void *given(void *ptr)
{
    has_allocated = true;
    ran_out = ran_out || !ptr;
    return ptr;
}

static void *curl_malloc(size_t size)
{
    return given(sm_malloc(size));
}

static void *curl_realloc(void *ptr, size_t size)
{
    return given(sm_realloc(ptr, size));
}

static char *curl_strdup(const char *text)
{
    return given(sm_strdup(text));
}

static void *curl_calloc(size_t n, size_t size)
{
    size_t bytes;
    return given(__builtin_mul_overflow(n, size, &bytes) ? NULL : sm_zalloc(bytes));
}

static bool is_too_long(CURLcode code)
{
    return code == CURLE_OUT_OF_MEMORY && has_allocated && !ran_out;
}

static pthread_mutex_t library_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned library_users; /* engines of all threads */

/* If the program has initialised curl before, its allocator stays. */
static int library_open(void)
{
    CURLcode code = CURLE_OK;
    pthread_mutex_lock(&library_lock);
    if (library_users == 0)
        code = curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, sm_free,
                                    curl_realloc, curl_strdup, curl_calloc);
    if (code == CURLE_OK)
        library_users++;
    pthread_mutex_unlock(&library_lock);
    return code == CURLE_OK ? 0 : -ENOMEM;
}

static void library_close(void)
{
    pthread_mutex_lock(&library_lock);
    if (--library_users == 0)
        curl_global_cleanup();
    pthread_mutex_unlock(&library_lock);
}

/* ---- the multi handle ------------------------------------------------------------------ */

static int configure(const struct sm_engine *engine)
{
    CURLMcode bad =
        curl_multi_setopt(engine->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    if (engine->connections > 0)
        bad |= curl_multi_setopt(engine->multi, CURLMOPT_MAXCONNECTS,
                                 (long)engine->connections);
    return bad == CURLM_OK ? 0 : -ENOTSUP;
}

static void close_multi(struct sm_engine *engine)
{
    sm_engine_stop_listening(engine);
    sm_engine_leave_parents_sockets(engine);
    curl_multi_cleanup(engine->multi);
    sm_engine_stop_listening(engine); /* curl may have wished for something */
    sm_engine_forget_sockets(engine);
    engine->multi = NULL;
    engine->is_lost = false;
}

/* If there is none. */
static int open_multi(struct sm_engine *engine)
{
    if (engine->multi)
        return 0;
    engine->multi = curl_multi_init();
    if (!engine->multi)
        return -ENOMEM;
    int r = configure(engine);
    if (r >= 0 && sm_engine_listen(engine) != CURLM_OK)
        r = -ENOTSUP;
    if (r < 0)
        close_multi(engine);
    return r;
}

/* ---- transfers ------------------------------------------------------------------------- */

void sm_transfer_hold(struct sm_transfer *transfer, bool hold)
{
    if (transfer->holds == hold)
        return;
    transfer->holds = hold;
    if (hold)
        simul_loop_hold(transfer->engine->loop);
    else
        simul_loop_unhold(transfer->engine->loop);
}

void sm_engine_remove(struct sm_engine *engine, struct sm_transfer *transfer)
{
    if (!transfer->running)
        return;
    transfer->running = false;
    LIST_REMOVE(transfer, link);
    sm_transfer_hold(transfer, false);
    sm_engine_leave_parents_sockets(engine);
    curl_multi_remove_handle(engine->multi, transfer->easy);
}

int sm_engine_add(struct sm_engine *engine, struct sm_transfer *transfer)
{
    ran_out = false;
    int r = open_multi(engine);
    if (r < 0)
        return r;
    if (curl_multi_add_handle(engine->multi, transfer->easy) != CURLM_OK)
        return -ENOMEM;
    transfer->running = true;
    LIST_INSERT_HEAD(&engine->running, transfer, link);
    sm_transfer_hold(transfer, true);
    if (sm_engine_recover_timer(engine))
        return 0;
    sm_engine_remove(engine, transfer);
    sm_engine_settle(engine);
    return -ENOMEM;
}

/* `code`: what curl says; an error of our own comes first. */
static void finish(struct sm_transfer *transfer, CURLcode code)
{
    char text[CURL_ERROR_SIZE + 128];
    const char *what = "";
    long os_errno = 0;
    int error = transfer->error;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &os_errno);
    if (!os_errno)
        os_errno = transfer->no_socket;
    sm_engine_remove(transfer->engine, transfer);
    if (!error && is_too_long(code))
        error = -SIMUL_ETOOLARGE;
    if (error)
        what = simul_strerror(error);
    else
        error =
            sm_engine_error(code, os_errno, transfer->detail, text, sizeof text, &what);
    transfer->events->done(transfer->user, error, what);
}

static void finish_done(struct sm_engine *engine)
{
    struct CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(engine->multi, &left))) {
        struct sm_transfer *transfer = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        if (message->msg == CURLMSG_DONE)
            finish(transfer, message->data.result);
    }
}

static void finish_failed(struct sm_engine *engine)
{
    struct sm_transfer *it = LIST_FIRST(&engine->running), *next;
    for (; it; it = next) {
        next = LIST_NEXT(it, link);
        if (it->error)
            finish(it, CURLE_OK);
    }
}

static void fail_all(struct sm_engine *engine)
{
    struct sm_transfer *it;
    LIST_FOREACH(it, &engine->running, link)
    if (!it->error)
        it->error = -ENOMEM;
    engine->has_failed = !LIST_EMPTY(&engine->running);
}

/* To finish one may make another one fail. */
void sm_engine_settle(struct sm_engine *engine)
{
    do {
        engine->has_failed = false;
        finish_done(engine);
        if (engine->is_lost || !sm_engine_recover_timer(engine))
            fail_all(engine);
        finish_failed(engine);
    } while (engine->has_failed);
    if (engine->is_lost)
        close_multi(engine);
}

/* ---- the engine ------------------------------------------------------------------------ */

int sm_engine_new(struct sm_engine **ret, simul_loop *loop, int connections)
{
    int r = library_open();
    if (r < 0)
        return r;
    struct sm_engine *engine = sm_zalloc(sizeof *engine);
    r = -ENOMEM;
    if (engine) {
        engine->loop = loop;
        engine->connections = connections;
        LIST_INIT(&engine->running);
        LIST_INIT(&engine->watches);
        engine->owner = getpid();
        r = open_multi(engine);
    }
    if (r >= 0) {
        *ret = engine;
        return 0;
    }
    sm_free(engine);
    library_close();
    return r;
}

void sm_engine_free(struct sm_engine *engine)
{
    if (!engine)
        return;
    sm_assert(LIST_EMPTY(&engine->running));
    close_multi(engine);
    sm_free(engine);
    library_close();
}
