/* SPDX-License-Identifier: MIT */
/* simul serve: an HTTP server to test against. */
#include <argp.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/serve_routes.h"
#include "cli/serve_stop.h"

struct options {
    const char *host, *port;
    int backlog;
    double latency, timeout;
    bool quiet, reuse_port;
    const char *cert, *key; /* NULL: no TLS */
};

enum { KEY_CERT = 256, KEY_KEY };

static const struct argp_option argp_options[] = {
    {"host", 'h', "HOST", 0, "listen at HOST (default: localhost)", 0},
    {"port", 'p', "PORT", 0, "listen at PORT (default: 8080; 0: any free one)", 0},
    {"latency", 'l', "SECONDS", 0, "answer each request only after SECONDS", 0},
    {"timeout", 't', "SECONDS", 0,
     "close a connection on which no request arrives for so long (default: 60; 0: "
     "never)",
     0},
    {"backlog", 'b', "N", 0, "connections that wait to be accepted (default: 4096)", 0},
    {"reuse-port", 'r', NULL, 0, "let several servers listen at the port", 0},
#ifdef SIMUL_TLS
    {"cert", KEY_CERT, "FILE", 0,
     "speak TLS (https), with the certificate in FILE (PEM)", 0},
    {"key", KEY_KEY, "FILE", 0, "its key, if it is not in the same file", 0},
#endif
    {"quiet", 'q', NULL, 0, "do not say where it listens", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case 'h':
        o->host = arg;
        return 0;
    case 'p':
        o->port = arg;
        return 0;
    case 'l':
        o->latency = cli_seconds(state, "--latency", arg);
        return 0;
    case 't':
        o->timeout = cli_seconds(state, "--timeout", arg);
        return 0;
    case 'b':
        o->backlog = (int)cli_number(state, "--backlog", arg, 1, 1 << 20);
        return 0;
    case 'r':
        o->reuse_port = true;
        return 0;
    case 'q':
        o->quiet = true;
        return 0;
    case KEY_CERT:
        o->cert = arg;
        return 0;
    case KEY_KEY:
        o->key = arg;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "too many arguments: %s", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A URL to go to: a name as it was given, of numbers those of the first socket. */
static void say_where(const struct options *o, simul_server *server)
{
    char at[SIMUL_ADDRESS_TEXT + 256];
    if (o->quiet)
        return;
    if (!*o->host || strchr(o->host, ':'))
        simul_server_sockname(server, 0, at, sizeof at);
    else
        snprintf(at, sizeof at, "%s:%d", o->host, simul_server_port(server));
    printf("listening on http%s://%s\n", o->cert ? "s" : "", at);
    fflush(stdout);
}

struct command {
    struct options options;
    struct serve serve;
    bool cut_off; /* it was not let finish */
};

/* The server holds it. */
#ifdef SIMUL_TLS
static int make_context(simul_tls_context **tls, const struct options *o)
{
    static const char *const protocols[] = {"http/1.1", NULL};
    const simul_tls_opts opts = {
        .cert_file = o->cert, .key_file = o->key, .alpn = protocols};
    return o->cert ? simul_tls_server_new(tls, &opts) : 0;
}

static void drop_context(simul_tls_context *tls)
{
    simul_tls_context_release(tls);
}
#else
static int make_context(simul_tls_context **tls, const struct options *o)
{
    (void)tls, (void)o;
    return 0;
}

static void drop_context(simul_tls_context *tls)
{
    (void)tls;
}
#endif

static int serve_until_told(void *arg)
{
    struct command *command = arg;
    const struct options *o = &command->options;
    simul_server *server;
    simul_tls_context *tls = NULL;
    int r = make_context(&tls, o);
    if (r < 0)
        return r;
    r = simul_start_server(&server, o->host, o->port, sm_http_serve_client,
                           &command->serve.service,
                           &(simul_server_opts){.backlog = o->backlog,
                                                .reuse_port = o->reuse_port,
                                                .tls = tls,
                                                .tls_shutdown_timeout = serve_grace_s});
    drop_context(tls);
    if (r < 0)
        return simul_fail(r, "cannot listen at %s, port %s: %s", o->host, o->port,
                          simul_strerror(r));
    say_where(o, server);
    r = simul_sleep(INFINITY); /* serve_forever() would cut the clients off */
    command->cut_off = !serve_stop(server, &command->serve.service);
    simul_server_release(server);
    return r;
}

int cmd_serve(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        NULL,
        "Answer HTTP requests: /delay/SECONDS, /bytes/N, "
        "/json, /status/CODE, /echo, /stats.\v"
        "Told to stop (SIGINT, SIGTERM) it answers what is "
        "under way, for up to 5 seconds; told so again, it "
        "ends at once, with status 130.",
        NULL,
        NULL,
        NULL};
    static struct command command = {
        .options = {
            .host = "localhost", .port = "8080", .backlog = 4096, .timeout = 60}};
    argp_parse(&argp, argc, argv, 0, NULL, &command.options);

    cli_raise_descriptor_limit();
    command.serve.latency = command.options.latency;
    command.serve.service = (struct sm_http_service){
        .handler = serve_route,
        .arg = &command.serve,
        .limits = SM_HTTP_LIMITS,
        .idle_timeout = command.options.timeout,
    };
    int r = simul_run_opts(serve_until_told, &command,
                           &(simul_loop_opts){.terminate = true});
    return r == -SIMUL_EINTERRUPTED && !command.cut_off ? 0 : simul_exit(r);
}
