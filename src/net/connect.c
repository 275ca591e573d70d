/* SPDX-License-Identifier: MIT */
/*
 * Connecting, as RFC 8305 has it ("happy eyeballs"): addresses are tried in turn, the next
 * one when the one before has failed or has taken attempt_delay; the first that answers
 * wins, the others are cancelled and closed before the call returns.
 *
 * The attempts are operations of the poller, not tasks: their functions run when they
 * complete, and only the caller waits.
 *
 *  A1. An attempt has a descriptor from its beginning until it failed, was dropped, or its
 *      descriptor was given to the caller.
 *  A2. The race is over when somebody has won, all have failed, or the caller is cancelled.
 *      His wait ends when, besides, no operation is pending any more: backends may need a
 *      while to cancel one, and the memory is theirs until then.
 *  A3. The race is on the loop's list (at_close) while it exists: if the loop closes with
 *      the caller still waiting, it is freed from there.
 */
#include "net/connect.h"

#include <math.h>
#include <string.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/socket.h"
#include "net/stream.h"

#define ATTEMPT_DELAY 0.25

struct attempt {
    struct sm_op op;
    struct race *race;
    const simul_address *to;
    socklen_t length;
    int fd;    /* owned; -1: none (A1) */
    int error; /* why it failed */
    bool pending;
};

struct race {
    struct sm_wait wait;
    struct sm_at_close at_close;
    struct sm_timer timer; /* to start the next */
    struct simul_loop *loop;
    const simul_connect_opts *opts;
    simul_address *to, *from; /* owned; n and n_from of them */
    size_t n_from;
    double delay;
    struct attempt *winner;
    bool over;               /* A2 */
    bool cancelled;          /* … by a cancel of the caller */
    bool waiting;            /* the caller is suspended */
    size_t n, next, pending; /* next: the first that has not begun */
    struct attempt attempts[];
};

static void start_next(struct race *race);

/* ---- one attempt --------------------------------------------------------------------- */

static void close_attempt(struct attempt *attempt)
{
    if (attempt->fd >= 0)
        sm_socket_close(attempt->race->loop, attempt->fd);
    attempt->fd = -1;
}

static void fail(struct attempt *attempt, int error)
{
    attempt->error = error;
    close_attempt(attempt);
}

static int bind_locally(struct attempt *attempt)
{
    const struct race *race = attempt->race;
    int family = attempt->to->socket.ss_family;
    for (size_t i = 0; i < race->n_from; i++)
        if (race->from[i].socket.ss_family == family)
            return (int)sm_bind(attempt->fd, sm_address_socket(&race->from[i]),
                                race->from[i].length);
    return race->n_from > 0 ? -EADDRNOTAVAIL : 0;
}

static int open_attempt(struct attempt *attempt)
{
    int family = attempt->to->socket.ss_family;
    int fd = (int)sm_socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    attempt->fd = fd;
    const simul_connect_opts *opts = attempt->race->opts;
    sm_socket_tune(fd, opts->delay, opts->keep_alive);
    return bind_locally(attempt);
}

/* ---- the end of the race ------------------------------------------------------------- */

static void wake_caller(struct race *race)
{
    if (race->over && race->pending == 0 && race->waiting)
        sm_wait_finish(&race->wait, race->cancelled ? -ECANCELED : 0);
}

static void not_pending(struct attempt *attempt)
{
    attempt->pending = false;
    attempt->race->pending--;
    sm_loop_unhold(attempt->race->loop, true);
}

static void drop(struct attempt *attempt)
{
    struct simul_loop *loop = attempt->race->loop;
    if (sm_poll_ops(loop->poll)->cancel(loop->poll, &attempt->op) != SM_OP_REMOVED)
        return; /* connected() is still to come */
    not_pending(attempt);
    close_attempt(attempt);
}

/* No more is begun; what is under way is dropped. */
static void end_race(struct race *race)
{
    race->over = true;
    sm_timer_stop(&race->loop->timers, &race->timer);
    for (size_t i = 0; i < race->next; i++)
        if (race->attempts[i].pending)
            drop(&race->attempts[i]);
    wake_caller(race);
}

/* ---- running it ---------------------------------------------------------------------- */

/* The attempt has come to its end; `error` 0: it is connected. True if that ends the race. */
static bool judge(struct attempt *attempt, int error)
{
    struct race *race = attempt->race;
    if (error < 0 || race->over) {
        fail(attempt, error);
        return false;
    }
    race->winner = attempt;
    return true;
}

static void connected(struct sm_op *op)
{
    struct attempt *attempt = op->user;
    struct race *race = attempt->race;
    not_pending(attempt);
    if (judge(attempt, (int)op->result))
        end_race(race);
    else if (!race->over)
        start_next(race);
    else
        wake_caller(race);
}

/* 0 or -errno if it has ended at once; 1 if it is pending. */
static int begin(struct attempt *attempt)
{
    struct simul_loop *loop = attempt->race->loop;
    int r = open_attempt(attempt);
    if (r < 0)
        return r;
    attempt->length = attempt->to->length;
    attempt->op = (struct sm_op){.done = connected,
                                 .fd = attempt->fd,
                                 .code = SM_OP_CONNECT,
                                 .user = attempt,
                                 .addr = (struct sockaddr *)&attempt->to->socket,
                                 .addr_len = &attempt->length};
    if (sm_poll_ops(loop->poll)->submit(loop->poll, &attempt->op))
        return (int)attempt->op.result;
    attempt->pending = true;
    attempt->race->pending++;
    sm_loop_hold(loop, true);
    return 1;
}

/* Without memory for the timer the next is tried at once: early rather than never. */
static bool arm(struct race *race)
{
    sm_timer_stop(&race->loop->timers, &race->timer);
    return race->next == race->n
           || sm_timer_start(&race->loop->timers, &race->timer,
                             simul_loop_time(race->loop) + race->delay)
                  == 0;
}

static void start_next(struct race *race)
{
    sm_timer_stop(&race->loop->timers, &race->timer);
    while (race->next < race->n) {
        struct attempt *attempt = &race->attempts[race->next++];
        int r = begin(attempt);
        if (r == 1 && arm(race))
            return;
        if (r <= 0 && judge(attempt, r)) {
            end_race(race);
            return;
        }
    }
    if (race->pending == 0)
        end_race(race); /* all have failed */
}

static void timer_fired(struct sm_timer *timer)
{
    start_next(sm_container_of(timer, struct race, timer));
}

/* ---- the caller ---------------------------------------------------------------------- */

static bool abort_race(struct sm_wait *wait)
{
    struct race *race = sm_container_of(wait, struct race, wait);
    if (race->loop->closed)
        return true; /* A3 */
    race->cancelled = true;
    end_race(race);
    return true;
}

static void free_race(struct race *race)
{
    for (size_t i = 0; i < race->next; i++)
        close_attempt(&race->attempts[i]);
    sm_timer_stop(&race->loop->timers, &race->timer);
    sm_list_remove(&race->at_close.link);
    sm_free(race->to);
    sm_free(race->from);
    sm_free(race);
}

static void free_with_loop(struct sm_at_close *at_close)
{
    free_race(sm_container_of(at_close, struct race, at_close));
}

/* Why it failed: that of the first address; the text names them all. */
static int error_of(const struct race *race)
{
    char text[400] = "", address[SIMUL_ADDRESS_TEXT];
    size_t used = 0;
    for (size_t i = 0; i < race->next && used < sizeof text; i++) {
        const struct attempt *attempt = &race->attempts[i];
        simul_address_text(attempt->to, address, sizeof address);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s: %s",
                                 i > 0 ? "; " : "", address,
                                 simul_strerror(attempt->error));
    }
    return simul_fail(race->attempts[0].error, "connect to %s", text);
}

static struct race *new_race(simul_address *to, size_t n)
{
    struct race *race = sm_zalloc(sizeof *race + n * sizeof race->attempts[0]);
    if (!race)
        return NULL;
    race->loop = sm_running;
    race->to = to;
    race->n = n;
    race->timer.fire = timer_fired;
    race->at_close.close = free_with_loop;
    sm_list_push(&race->loop->at_close, &race->at_close.link);
    for (size_t i = 0; i < n; i++) {
        race->attempts[i].race = race;
        race->attempts[i].to = &to[i];
        race->attempts[i].fd = -1;
    }
    return race;
}

/* The wait is abortable until the race is over and nothing is pending. A cancel ends the
 * race; what was won until then is closed with the rest. */
static int run(struct race *race)
{
    ssize_t r = 0;
    start_next(race);
    if (!race->over || race->pending > 0) {
        sm_wait_prepare(&race->wait, "connect", abort_race);
        race->waiting = true;
        r = sm_wait_suspend(&race->wait);
        race->waiting = false;
    }
    if (r < 0)
        return (int)r;
    if (!race->winner)
        return error_of(race);
    int fd = race->winner->fd;
    race->winner->fd = -1;
    return fd;
}

int sm_connect_any(simul_address *to, size_t n_to, simul_address *from, size_t n_from,
                   const simul_connect_opts *opts)
{
    int r = sm_checkpoint();
    struct race *race = r < 0 ? NULL : new_race(to, n_to);
    if (!race) {
        sm_free(to);
        sm_free(from);
        return r < 0 ? r : -ENOMEM;
    }
    race->from = from;
    race->n_from = n_from;
    race->opts = opts;
    race->delay = opts->attempt_delay > 0 ? opts->attempt_delay : ATTEMPT_DELAY;
    r = run(race);
    free_race(race);
    return r;
}

void sm_interleave(simul_address *addresses, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        int last = addresses[i - 1].socket.ss_family;
        size_t other = i;
        while (other < n && addresses[other].socket.ss_family == last)
            other++;
        if (other == n)
            return; /* only this family is left */
        simul_address moved = addresses[other];
        memmove(&addresses[i + 1], &addresses[i], (other - i) * sizeof moved);
        addresses[i] = moved;
    }
}

/* ---- names, and the stream ----------------------------------------------------------- */

static int look_up(const char *host, const char *port, bool passive,
                   const simul_connect_opts *opts, simul_address **found)
{
    const simul_resolve_opts how = {
        .family = opts->family, .passive = passive, .nameserver = opts->nameserver};
    return simul_getaddrinfo(host, port, &how, found);
}

int sm_connect_by_name(const char *host, const char *port,
                       const simul_connect_opts *opts)
{
    simul_address *to, *from = NULL;
    int n_from = 0, n_to = look_up(host, port, false, opts, &to);
    if (n_to < 0)
        return n_to;
    sm_interleave(to, (size_t)n_to);
    if (opts->local_host || opts->local_port)
        n_from = look_up(opts->local_host, opts->local_port, true, opts, &from);
    if (n_from < 0) {
        simul_addresses_release(to);
        return n_from;
    }
    return sm_connect_any(to, (size_t)n_to, from, (size_t)n_from, opts);
}

/* Nobody is let in without being asked for his name, unless that was asked for: "". */
int sm_may_secure(const char *host, const simul_connect_opts *opts)
{
    if (!opts || !opts->tls)
        return 0;
    if (!sm_current())
        return -SIMUL_ENOTASK;
    bool named = opts->server_hostname || (host && *host);
    return opts->tls->server || named ? 0 : -EINVAL;
}

int sm_secured(simul_stream **ret, simul_stream *made, const char *host,
               const simul_connect_opts *opts)
{
    int r = opts && opts->tls ? opts->tls->start(opts->tls, made, host, opts) : 0;
    if (r == 0)
        *ret = made;
    else
        simul_stream_release(made);
    return r;
}

int simul_open_connection(simul_stream **stream, const char *host, const char *port,
                          const simul_connect_opts *opts)
{
    static const simul_connect_opts defaults;
    if (!opts)
        opts = &defaults;
    if (!sm_current())
        return -SIMUL_ENOTASK;
    if (isnan(opts->attempt_delay) || !port || !*port)
        return -EINVAL;
    int r = opts->tls && opts->tls->server ? -EINVAL : sm_may_secure(host, opts);
    if (r < 0)
        return r;
    int fd = sm_connect_by_name(host, port, opts);
    if (fd < 0)
        return fd;
    simul_stream *made;
    r = sm_stream_of_socket(&made, sm_running, fd, opts);
    if (r < 0)
        sm_socket_close(sm_running, fd);
    return r < 0 ? r : sm_secured(stream, made, host, opts);
}

int simul_open_connection_fd(simul_stream **stream, int fd,
                             const simul_connect_opts *opts)
{
    if (!sm_running)
        return -SIMUL_ENOLOOP;
    int r = sm_may_secure(NULL, opts);
    if (r == 0)
        r = sm_socket_adopt(fd);
    if (r < 0)
        return r;
    if (opts)
        sm_socket_tune(fd, opts->delay, opts->keep_alive);
    simul_stream *made;
    r = sm_stream_of_socket(&made, sm_running, fd, opts);
    return r < 0 ? r : sm_secured(stream, made, NULL, opts);
}
