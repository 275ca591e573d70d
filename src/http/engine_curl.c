/* SPDX-License-Identifier: MIT */
/*
 * The engine: one multi handle, its sockets and its timer on our loop. (See engine.h.)
 *
 * curl tells us which descriptors it wants to hear of, and when it wants to be called for
 * the sake of time; we call it for nothing else. Its callbacks run inside our calls of it
 * and must not call it: what has to be done afterwards is noted, and sm_engine_settle()
 * does it at the end of each entry.
 */
#include <pthread.h>
#include <string.h>

#include "http/engine_curl.h"

/* ---- the library ---------------------------------------------------------------------- */

static void *curl_malloc(size_t size)
{
    return sm_malloc(size);
}

static void *curl_realloc(void *ptr, size_t size)
{
    return sm_realloc(ptr, size);
}

static char *curl_strdup(const char *text)
{
    return sm_strdup(text);
}

static void *curl_calloc(size_t n, size_t size)
{
    size_t bytes;
    return __builtin_mul_overflow(n, size, &bytes) ? NULL : sm_zalloc(bytes);
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

/* ---- time ------------------------------------------------------------------------------ */

static void drop_timer(struct sm_engine *engine)
{
    if (!engine->timer)
        return;
    simul_handle_cancel(engine->timer);
    simul_handle_release(engine->timer);
    engine->timer = NULL;
}

static void timer_due(void *arg)
{
    struct sm_engine *engine = arg;
    int running;
    drop_timer(engine);
    curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    sm_engine_settle(engine);
}

static void start_timer(struct sm_engine *engine, long ms)
{
    drop_timer(engine);
    engine->timer_lost = ms >= 0
                         && simul_call_later(engine->loop, (double)ms * 1e-3, timer_due,
                                             engine, &engine->timer)
                                < 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    start_timer(arg, ms);
    return 0;
}

/* Without its timer nothing would go on. Once more, since memory may have come back. */
static bool recover_timer(struct sm_engine *engine)
{
    long ms = -1;
    if (!engine->timer_lost)
        return true;
    curl_multi_timeout(engine->multi, &ms);
    start_timer(engine, ms);
    return !engine->timer_lost;
}

/* ---- descriptors ----------------------------------------------------------------------- */

struct watch { /* a descriptor that curl wants to hear of */
    struct sm_engine *engine;
    curl_socket_t fd;
};

/* The watch may be gone when curl returns. */
static void act(struct watch *watch, int events)
{
    struct sm_engine *engine = watch->engine;
    int running;
    curl_multi_socket_action(engine->multi, watch->fd, events, &running);
    sm_engine_settle(engine);
}

static void on_readable(void *arg)
{
    act(arg, CURL_CSELECT_IN);
}

static void on_writable(void *arg)
{
    act(arg, CURL_CSELECT_OUT);
}

static int watch_directions(struct watch *watch, bool in, bool out)
{
    simul_loop *loop = watch->engine->loop;
    int r = 0;
    if (in)
        r = simul_add_reader(loop, watch->fd, on_readable, watch);
    else
        simul_remove_reader(loop, watch->fd);
    if (r >= 0 && out)
        r = simul_add_writer(loop, watch->fd, on_writable, watch);
    else
        simul_remove_writer(loop, watch->fd);
    return r;
}

static void unwatch(struct sm_engine *engine, struct watch *watch)
{
    if (!watch)
        return;
    watch_directions(watch, false, false);
    curl_multi_assign(engine->multi, watch->fd, NULL);
    sm_free(watch);
}

static struct watch *new_watch(struct sm_engine *engine, curl_socket_t fd)
{
    struct watch *watch = sm_malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct watch){engine, fd};
    if (curl_multi_assign(engine->multi, fd, watch) != CURLM_OK) {
        sm_free(watch);
        return NULL;
    }
    return watch;
}

/* The transfer whose descriptor cannot be watched would wait for ever: it fails. */
static void fail(CURL *easy, int error)
{
    struct sm_transfer *transfer = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer);
    if (!transfer || transfer->error)
        return;
    transfer->error = error;
    transfer->engine->has_failed = true;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *of_socket)
{
    struct sm_engine *engine = arg;
    struct watch *watch = of_socket;
    if (what == CURL_POLL_REMOVE) {
        unwatch(engine, watch);
        return 0;
    }
    if (!watch)
        watch = new_watch(engine, fd);
    int r = watch ? watch_directions(watch, what & CURL_POLL_IN, what & CURL_POLL_OUT)
                  : -ENOMEM;
    if (r < 0)
        fail(easy, r);
    return 0;
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
    curl_multi_remove_handle(engine->multi, transfer->easy);
}

int sm_engine_add(struct sm_engine *engine, struct sm_transfer *transfer)
{
    if (curl_multi_add_handle(engine->multi, transfer->easy) != CURLM_OK)
        return -ENOMEM;
    transfer->running = true;
    LIST_INSERT_HEAD(&engine->running, transfer, link);
    sm_transfer_hold(transfer, true);
    if (recover_timer(engine))
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
    sm_engine_remove(transfer->engine, transfer);
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
    engine->has_failed = true;
}

/* To finish one may make another one fail. */
void sm_engine_settle(struct sm_engine *engine)
{
    do {
        engine->has_failed = false;
        finish_done(engine);
        if (!recover_timer(engine) && !LIST_EMPTY(&engine->running))
            fail_all(engine);
        finish_failed(engine);
    } while (engine->has_failed);
}

/* ---- the engine ------------------------------------------------------------------------ */

static int configure(struct sm_engine *engine, int connections)
{
    CURLM *multi = engine->multi;
    CURLMcode bad = CURLM_OK;
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine);
    bad |= curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
    if (connections > 0)
        bad |= curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)connections);
    return bad == CURLM_OK ? 0 : -ENOTSUP;
}

int sm_engine_new(struct sm_engine **ret, simul_loop *loop, int connections)
{
    int r = library_open();
    if (r < 0)
        return r;
    struct sm_engine *engine = sm_zalloc(sizeof *engine);
    if (engine) {
        engine->loop = loop;
        LIST_INIT(&engine->running);
        engine->multi = curl_multi_init();
    }
    r = engine && engine->multi ? configure(engine, connections) : -ENOMEM;
    if (r >= 0) {
        *ret = engine;
        return 0;
    }
    if (engine && engine->multi)
        curl_multi_cleanup(engine->multi);
    sm_free(engine);
    library_close();
    return r;
}

void sm_engine_free(struct sm_engine *engine)
{
    if (!engine)
        return;
    sm_assert(LIST_EMPTY(&engine->running));
    curl_multi_cleanup(engine->multi);
    drop_timer(engine);
    sm_free(engine);
    library_close();
}
