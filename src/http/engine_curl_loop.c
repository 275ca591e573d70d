/* SPDX-License-Identifier: MIT */
/* What the engine has the loop do for curl: its timer and its descriptors. (See engine.h.) */
#include "http/engine_curl.h"

/* ---- time ------------------------------------------------------------------------------ */

static void drop_timer(struct sm_engine *engine)
{
    if (!engine->timer)
        return;
    simul_handle_cancel(engine->timer);
    simul_handle_release(engine->timer);
    engine->timer = NULL;
}

/* After an error curl closes descriptors without a word to us. */
static void act_on(struct sm_engine *engine, curl_socket_t fd, int events)
{
    int running;
    if (curl_multi_socket_action(engine->multi, fd, events, &running) != CURLM_OK) {
        engine->is_lost = true;
        sm_engine_stop_listening(engine);
    }
    sm_engine_settle(engine);
}

static void timer_due(void *arg)
{
    struct sm_engine *engine = arg;
    drop_timer(engine);
    act_on(engine, CURL_SOCKET_TIMEOUT, 0);
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
bool sm_engine_recover_timer(struct sm_engine *engine)
{
    long ms = -1;
    if (!engine->timer_lost)
        return true;
    curl_multi_timeout(engine->multi, &ms);
    start_timer(engine, ms);
    return !engine->timer_lost;
}

/* ---- descriptors ----------------------------------------------------------------------- */

struct sm_watch { /* a descriptor that curl wants to hear of */
    struct sm_engine *engine;
    curl_socket_t fd;
    LIST_ENTRY(sm_watch) link;
};

/* The watch may be gone when these return. */
static void on_readable(void *arg)
{
    struct sm_watch *watch = arg;
    act_on(watch->engine, watch->fd, CURL_CSELECT_IN);
}

static void on_writable(void *arg)
{
    struct sm_watch *watch = arg;
    act_on(watch->engine, watch->fd, CURL_CSELECT_OUT);
}

static int watch_directions(struct sm_watch *watch, bool in, bool out)
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

static void unwatch(struct sm_engine *engine, struct sm_watch *watch)
{
    if (!watch)
        return;
    watch_directions(watch, false, false);
    curl_multi_assign(engine->multi, watch->fd, NULL);
    LIST_REMOVE(watch, link);
    sm_free(watch);
}

static struct sm_watch *new_watch(struct sm_engine *engine, curl_socket_t fd)
{
    struct sm_watch *watch = sm_malloc(sizeof *watch);
    if (!watch)
        return NULL;
    *watch = (struct sm_watch){.engine = engine, .fd = fd};
    if (curl_multi_assign(engine->multi, fd, watch) != CURLM_OK) {
        sm_free(watch);
        return NULL;
    }
    LIST_INSERT_HEAD(&engine->watches, watch, link);
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
    struct sm_watch *watch = of_socket;
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

/* ---- both ------------------------------------------------------------------------------ */

CURLMcode sm_engine_listen(struct sm_engine *engine)
{
    CURLM *multi = engine->multi;
    CURLMcode bad = CURLM_OK;
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    bad |= curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, engine);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    bad |= curl_multi_setopt(multi, CURLMOPT_TIMERDATA, engine);
    return bad;
}

void sm_engine_stop_listening(struct sm_engine *engine)
{
    struct sm_watch *watch;
    while ((watch = LIST_FIRST(&engine->watches)))
        unwatch(engine, watch);
    drop_timer(engine);
    engine->timer_lost = false;
}
