/* SPDX-License-Identifier: MIT */
/*
 * TLS under a protocol (S44): the layer of a stream, without the stream. What it sends is
 * kept by the transport, which sends it; what comes is decrypted when the descriptor says
 * so, as much as the protocol wants to have.
 *
 *  F1. The layer has nothing below, and no stream: only what does without is called of it.
 *  F2. `in_end`: the connection has ended, or broken, in this direction.
 *  F3. When the transport closes, what the peer still sends is read and dropped, until he
 *      has said his end too (`over`), or the time is: closing a socket with something unread
 *      would reset the connection, and take with it what was sent.
 *  F4. Where the layer is held up (L5) the descriptor is watched, also while the user has
 *      paused reading; what is held counts as kept.
 */
#include <string.h>

#include "base/sys.h"
#include "net/transport.h"
#include "tls/tls.h"

enum { ROOM = 64 << 10 };

struct state {
    struct simul_transport *transport;
    struct sm_tls *tls; /* owned */
    struct sm_timer timer;
    bool in_end; /* F2 */
    bool over;   /* F3 */
    bool shut;   /* our direction of the connection */
};

static struct state *state_of(const struct simul_transport *transport)
{
    return transport->tls_state;
}

/* ---- what is held up (F4) -------------------------------------------------------------- */

static size_t held(const struct simul_transport *transport)
{
    return state_of(transport)->tls->held_len;
}

static bool held_up(const struct simul_transport *transport)
{
    const struct state *state = state_of(transport);
    return state->tls->held_up && !state->in_end;
}

static bool has_ended(const struct simul_transport *transport)
{
    return transport->eof || state_of(transport)->in_end;
}

/* The rest of what the peer has begun; it will not come if he has ended. */
static void wait_for_peer(struct simul_transport *transport)
{
    if (held(transport) > 0 && has_ended(transport))
        sm_transport_lose(transport, -SIMUL_ETRUNCATED);
    else if (held_up(transport))
        sm_watch_start(&transport->in);
}

static void go_on(struct simul_transport *transport)
{
    bool waiting = transport->kept_len > 0;
    int r = transport->lost ? 0 : sm_tls_go_on(state_of(transport)->tls);
    sm_transport_push(transport, waiting);
    if (r < 0 && r != -EAGAIN)
        sm_transport_lose(transport, r);
    else if (!transport->lost && transport->writing_paused
             && sm_transport_unsent(transport) <= transport->low)
        sm_transport_again(transport); /* what was held is sent */
}

/* ---- what is sent ---------------------------------------------------------------------- */

/* struct sm_ssl_io.send() */
static int keep(struct sm_ssl_io *io, const void *data, size_t n)
{
    struct sm_tls *tls = sm_container_of(io, struct sm_tls, io);
    return sm_transport_keep(tls->transport, data, n);
}

static int tls_write(struct simul_transport *transport, const struct iovec *pieces,
                     int n)
{
    struct sm_tls *tls = state_of(transport)->tls;
    bool waiting = transport->kept_len > 0;
    ssize_t r = sm_tls_write(&tls->layer, pieces, n, SM_NOWAIT);
    if (r < 0) {
        sm_transport_lose(transport, (int)r);
        return r == -ENOMEM ? (int)r : 0;
    }
    sm_transport_push(transport, waiting);
    wait_for_peer(transport);
    if (!transport->lost)
        sm_transport_pause_if_full(transport);
    return 0;
}

static void say_end(struct simul_transport *transport)
{
    bool waiting = transport->kept_len > 0;
    int r = sm_tls_say_end(state_of(transport)->tls);
    if (r < 0)
        sm_transport_lose(transport, r);
    else
        sm_transport_push(transport, waiting);
    if (!transport->lost && !transport->closing)
        wait_for_peer(transport);
}

/* ---- what comes ------------------------------------------------------------------------ */

static bool has(const struct simul_transport *transport)
{
    const struct state *state = state_of(transport);
    return state->tls->io.in_left > 0 || sm_ssl_has_more(state->tls->ssl)
           || state->in_end;
}

static void drop_if_empty(struct sm_tls *tls)
{
    if (tls->io.in_left > 0)
        return;
    sm_free(tls->kept);
    tls->kept = NULL;
}

static void fetch(struct simul_transport *transport)
{
    struct state *state = state_of(transport);
    struct sm_tls *tls = state->tls;
    drop_if_empty(tls);
    if (tls->io.in_left > 0)
        return;
    tls->kept = sm_malloc(ROOM);
    ssize_t n =
        tls->kept ? transport->wire->receive(transport, tls->kept, ROOM) : -ENOMEM;
    if (n > 0) {
        tls->io.in = tls->kept;
        tls->io.in_left = (size_t)n;
    } else if (n == 0 || (n != -EAGAIN && transport->closing)) {
        state->in_end = true;
    } else if (n != -EAGAIN) {
        sm_transport_lose(transport, (int)n);
    }
}

/* An answer that the peer has asked for may have to be sent. */
static ssize_t decrypt(struct simul_transport *transport, void *data, size_t size)
{
    bool waiting = transport->kept_len > 0;
    ssize_t n = sm_ssl_read(state_of(transport)->tls->ssl, data, size);
    sm_transport_push(transport, waiting);
    go_on(transport);
    return n;
}

static ssize_t tls_receive(struct simul_transport *transport, void *data, size_t size)
{
    const struct state *state = state_of(transport);
    ssize_t n = decrypt(transport, data, size);
    if (transport->lost)
        return -EAGAIN;
    if (n == -EAGAIN && state->in_end)
        return state->tls->context->ragged_eofs ? 0 : -SIMUL_ETRUNCATED;
    return n;
}

static void deliver(struct simul_transport *transport)
{
    while (simul_transport_is_reading(transport) && !transport->eof && has(transport))
        sm_transport_readable(transport);
}

/* ---- the end --------------------------------------------------------------------------- */

/* Ours was said and sent: so that it is seen also by who does not look for it in TLS. */
static void shut_down(struct state *state)
{
    if (!state->shut)
        sm_shutdown(state->transport->fd, SHUT_WR);
    state->shut = true;
}

static void settle(struct simul_transport *transport)
{
    struct state *state = state_of(transport);
    if (transport->lost || transport->kept_len > 0)
        return;
    if (state->over && held(transport) > 0)
        sm_transport_lose(transport,
                          has_ended(transport) ? -SIMUL_ETRUNCATED : -ENOMEM);
    else if (state->over)
        sm_transport_lose(transport, 0);
    else if (!state->tls->held_up)
        shut_down(state);
}

static void tls_drained(struct simul_transport *transport)
{
    if (transport->closing)
        settle(transport);
}

static void wait_no_longer(struct simul_transport *transport)
{
    struct state *state = state_of(transport);
    sm_timer_stop(&transport->loop->timers, &state->timer);
    sm_watch_stop(&transport->in);
    state->over = true;
    settle(transport);
}

static void drop_what_came(struct simul_transport *transport)
{
    char dropped[SM_TLS_IDLE];
    ssize_t n;
    do
        n = decrypt(transport, dropped, sizeof dropped);
    while (n > 0);
    if (!transport->lost && (n != -EAGAIN || state_of(transport)->in_end))
        wait_no_longer(transport);
}

static void timer_fired(struct sm_timer *timer)
{
    sm_transport_lose(sm_container_of(timer, struct state, timer)->transport,
                      -ETIMEDOUT);
}

/* False: there is no need, or no memory. */
static bool begin_to_wait(struct simul_transport *transport)
{
    struct state *state = state_of(transport);
    struct simul_loop *loop = transport->loop;
    if (transport->eof || loop->closed)
        return false;
    return sm_timer_start(&loop->timers, &state->timer,
                          simul_loop_time(loop) + state->tls->shutdown_timeout)
           == 0;
}

/* That nobody is there to hear our end is no error, if it is all that was to be sent. */
static void tls_close(struct simul_transport *transport)
{
    bool only_end = sm_transport_unsent(transport) == 0;
    state_of(transport)->over = !begin_to_wait(transport);
    say_end(transport);
    if (transport->lost) {
        if (only_end)
            transport->error = 0;
        return;
    }
    if (!state_of(transport)->over)
        sm_transport_again(transport);
    settle(transport);
}

/* ---- the rest of the table ---------------------------------------------------------------- */

static void take(struct simul_transport *transport)
{
    if (transport->closing)
        drop_what_came(transport);
    else
        deliver(transport);
    drop_if_empty(state_of(transport)->tls);
}

static bool wants_to_read(const struct simul_transport *transport)
{
    return transport->closing || held_up(transport)
           || (!transport->paused && !transport->eof);
}

static void tls_readable(struct simul_transport *transport)
{
    fetch(transport);
    go_on(transport);
    if (!transport->lost)
        take(transport);
    if (transport->lost)
        return;
    wait_for_peer(transport);
    if (!wants_to_read(transport))
        sm_watch_stop(&transport->in);
}

/* What was left over is taken; on it goes with what comes. Also after going over to TLS,
 * when nothing may be left to send. */
static void tls_again(struct simul_transport *transport)
{
    sm_transport_resume_if_drained(transport); /* which may abort */
    if (!transport->lost)
        take(transport);
    if (transport->closing && !transport->lost && !state_of(transport)->over)
        sm_watch_start(&transport->in);
    else
        sm_transport_start_reading(transport);
}

static void tls_lost(struct simul_transport *transport)
{
    if (!transport->loop->closed)
        sm_timer_stop(&transport->loop->timers, &state_of(transport)->timer);
    sm_tls_drop_held(state_of(transport)->tls);
}

static void tls_release(struct simul_transport *transport)
{
    struct state *state = state_of(transport);
    sm_tls_release(&state->tls->layer);
    sm_free(state);
}

static int info(const struct simul_transport *transport, simul_extra_info what,
                void *answer)
{
    return sm_tls_info(state_of(transport)->tls, what, answer);
}

static const struct sm_transport_tls table = {
    .again = tls_again,
    .has = has,
    .receive = tls_receive,
    .write = tls_write,
    .end = say_end,
    .close = tls_close,
    .drained = tls_drained,
    .lost = tls_lost,
    .release = tls_release,
    .held = held,
    .held_up = held_up,
    .info = info,
};

int sm_tls_take_off(struct simul_stream *stream, struct simul_transport *transport)
{
    struct state *state = sm_zalloc(sizeof *state);
    if (!state)
        return -ENOMEM;
    struct sm_tls *tls = sm_tls_of(stream->top);
    stream->top = tls->layer.below;
    tls->layer.below = NULL; /* F1 */
    tls->layer.stream = NULL;
    tls->io.send = keep;
    tls->transport = transport;
    *state =
        (struct state){.transport = transport, .tls = tls, .timer.fire = timer_fired};
    transport->tls = &table;
    transport->tls_state = state;
    transport->readable = tls_readable;
    return 0;
}
