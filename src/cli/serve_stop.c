/* SPDX-License-Identifier: MIT */
/* The end of `simul serve`: see serve_stop.h. */
#include "cli/serve_stop.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

const double serve_grace_s = 5;
static const double look_every_s = 0.01;

static const int signals[] = {SIGINT, SIGTERM};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* ---- a further signal ------------------------------------------------------------------ */

struct stop {
    simul_server *server;
    bool at_once;
};

static void hurry(void *arg)
{
    struct stop *stop = arg;
    stop->at_once = true;
    simul_server_abort_clients(stop->server);
    simul_server_cancel_clients(stop->server);
}

static bool is_ignored(int signum)
{
    struct sigaction now;
    return sigaction(signum, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

/* The run's own answer to a second one is to stop in the middle of all tasks, which it then
 * has to report. Where there is no memory for another, that is how it stays. */
static void watch_signals(struct stop *stop)
{
    for (int i = 0; i < SIGNALS; i++)
        if (!is_ignored(signals[i]))
            simul_add_signal_handler(NULL, signals[i], hurry, stop);
}

static void unwatch_signals(void)
{
    for (int i = 0; i < SIGNALS; i++)
        simul_remove_signal_handler(NULL, signals[i]);
}

/* ---- waiting --------------------------------------------------------------------------- */

static void say_why_it_waits(size_t requests)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "answering %zu more request%s (Ctrl-C again: end at once)\n",
                requests, requests == 1 ? "" : "s");
}

/* Handlers that are cancelled need a turn to leave. */
static void wait_for_answers(struct sm_http_service *service)
{
    double end = simul_time() + serve_grace_s;
    bool said = false;
    while (!LIST_EMPTY(&service->active) && simul_time() < end) {
        size_t left = sm_http_cancel_abandoned(service);
        if (left > 0 && !said)
            say_why_it_waits(left);
        said |= left > 0;
        if (simul_sleep(look_every_s) < 0)
            return;
    }
}

bool serve_stop(simul_server *server, struct sm_http_service *service)
{
    struct stop stop = {.server = server};
    simul_cleanup cleanup;
    simul_cleanup_enter(&cleanup);
    watch_signals(&stop);
    service->closing = true;
    simul_server_close(server);
    wait_for_answers(service);
    simul_server_cancel_clients(server);
    simul_server_wait_closed(server);
    unwatch_signals();
    simul_cleanup_exit(&cleanup);
    return !stop.at_once;
}
