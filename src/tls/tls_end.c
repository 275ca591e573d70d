/* SPDX-License-Identifier: MIT */
/*
 * The end of TLS. Ours is said at once, behind what was written; then a task in the
 * background reads, and drops, what the peer still sends, until he has said his, the
 * connection has ended, or the time is over. Only then the layer below is closed: a socket
 * that is closed with something unread resets the connection, and takes with it what we
 * have sent.
 */
#include "base/sys.h"
#include "tls/tls.h"

enum { READS_AT_ONCE = 16 };

static void close_below(struct sm_tls *tls, unsigned flags)
{
    tls->below_closed = true;
    tls->layer.below->ops->close(tls->layer.below, flags);
}

/* ---- the peer's end ---------------------------------------------------------------------- */

/* Has it come, or will it not? If not, all that is there was read. Where it was held up our
 * own is said (L5). */
static bool drop_what_came(struct sm_tls *tls)
{
    char dropped[SM_TLS_IDLE];
    ssize_t r;
    while ((r = sm_ssl_read(tls->ssl, dropped, sizeof dropped)) > 0)
        ;
    int sent = sm_tls_go_on(tls);
    return r != -EAGAIN || (sent < 0 && sent != -EAGAIN);
}

/* Behind our end nothing is written there. */
static void end_below(struct sm_tls *tls)
{
    struct sm_layer *below = tls->layer.below;
    if (tls->shut || sm_ssl_in_message(tls->ssl))
        return;
    tls->shut = true;
    below->ops->shutdown(below);
}

/* Is it there already? Nobody else reads. */
static bool has_ended(struct sm_tls *tls)
{
    char idle[SM_TLS_IDLE];
    if (tls->peer_ended || tls->read_error || tls->io.error)
        return true;
    for (int i = 0; i < READS_AT_ONCE && !drop_what_came(tls); i++) {
        ssize_t r = sm_tls_fetch(tls, idle, SM_NOWAIT);
        if (r <= 0)
            return r != -EAGAIN;
    }
    return drop_what_came(tls);
}

/* Not a part of await_end(), or its checkpoint would take the time limit for left: sm_frame(). */
static __attribute__((noinline)) int read_to_end(struct sm_tls *tls)
{
    char idle[SM_TLS_IDLE];
    while (tls->reading && !tls->below_closed) {
        ssize_t r = sm_waitq_sleep(&tls->left, "wait_closed", tls->layer.stream, NULL);
        if (r < 0)
            return (int)r;
    }
    while (!tls->below_closed && !drop_what_came(tls)) {
        end_below(tls);
        int r = sm_checkpoint();
        if (r == 0 && !tls->below_closed)
            r = (int)sm_tls_fetch(tls, idle, 0);
        if (r <= 0)
            return r;
    }
    return 0;
}

static int await_end(void *arg)
{
    struct sm_tls *tls = arg;
    simul_timeout limit;
    simul_timeout_enter(&limit, tls->shutdown_timeout);
    int r = read_to_end(tls);
    return (int)simul_timeout_exit(&limit, r);
}

/* What was held up to the end is lost. */
static void close_at_end(struct sm_tls *tls, int error)
{
    if (tls->held_len > 0 && !tls->io.error)
        tls->layer.stream->close_error = error;
    close_below(tls, tls->held_len > 0 ? SM_ABORT | SM_RESET : 0);
}

/* As in asyncio a peer that never answers is an error for who waits for the end, and
 * nobody else's business. */
static void give_up(struct sm_tls *tls)
{
    tls->layer.stream->close_error = -ETIMEDOUT;
    tls->layer.stream->told = true;
    tls->aborted = true;
    close_below(tls, tls->held_len > 0 ? SM_ABORT | SM_RESET : SM_ABORT);
}

/* Also when it was cancelled before its first step. */
static void closer_ended(struct sm_waiter *waiter, struct simul_future *task)
{
    struct sm_tls *tls = sm_container_of(waiter, struct sm_tls, on_closer);
    struct simul_stream *stream = tls->layer.stream;
    bool late = task->state == SM_FINISHED && task->result == -ETIMEDOUT;
    tls->closer = NULL;
    tls->io.in_left = 0; /* it was in the task's frame */
    task->asked = true;
    sm_future_unref(task);
    if (!tls->below_closed && late)
        give_up(tls);
    else if (!tls->below_closed)
        close_at_end(tls, -SIMUL_ETRUNCATED);
    sm_stream_unref(stream);
}

static bool start_closer(struct sm_tls *tls)
{
    struct simul_stream *stream = tls->layer.stream;
    struct simul_future *task = sm_task_create(sm_sched_of(stream->loop), await_end,
                                               tls, NULL, "simul_stream_close");
    if (!task)
        return false;
    tls->closer = task;
    tls->on_closer.fire = closer_ended;
    sm_future_watch(task, &tls->on_closer);
    sm_stream_ref(stream);
    return true;
}

/* ---- closing ------------------------------------------------------------------------------- */

/* Nobody but the closer reads from now on. */
static void close_gently(struct sm_tls *tls)
{
    struct sm_layer *below = tls->layer.below;
    sm_tls_say_end(tls);
    if (!tls->reading && has_ended(tls)) {
        close_at_end(tls, -SIMUL_ETRUNCATED);
    } else if (!start_closer(tls)) {
        close_at_end(tls, -ENOMEM);
    } else {
        end_below(tls);
        below->ops->wake(below);
    }
}

/* Everything was sent, so the peer may know that it was everything. */
static void say_end_if_clean(struct sm_tls *tls)
{
    if (!tls->closing && !sm_loop_over(tls->layer.stream->loop) && !tls->io.error
        && sm_tls_kept_below(tls) == 0)
        sm_tls_say_end(tls);
}

static void abort_now(struct sm_tls *tls)
{
    say_end_if_clean(tls);
    tls->closing = tls->aborted = true;
    sm_tls_wake_all(tls);
    bool lost = tls->broken || tls->held_len > 0;
    close_below(tls, lost ? SM_ABORT | SM_RESET : SM_ABORT);
}

void sm_tls_close(struct sm_layer *layer, unsigned flags)
{
    struct sm_tls *tls = sm_tls_of(layer);
    tls->broken |= tls->half || flags & SM_RESET;
    if (flags & SM_ABORT || tls->broken || tls->state == SM_TLS_HANDSHAKE) {
        abort_now(tls);
        return;
    }
    if (tls->closing)
        return;
    tls->closing = true;
    sm_tls_wake_all(tls);
    if (tls->state == SM_TLS_OPEN)
        close_gently(tls);
    else
        close_below(tls, 0); /* what it failed of is still told to the peer */
}

void sm_tls_release(struct sm_layer *layer)
{
    struct sm_tls *tls = sm_tls_of(layer);
    if (tls->closer) { /* the loop is closed: it has not ended, and never will */
        tls->closer->asked = true;
        sm_future_unref(tls->closer);
    }
    sm_ssl_free(tls->ssl);
    tls->context->base.drop(&tls->context->base);
    sm_free(tls->key);
    sm_free(tls->kept);
    sm_free(tls->held);
    sm_free(tls);
}
