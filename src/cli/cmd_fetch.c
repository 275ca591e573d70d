/* SPDX-License-Identifier: MIT */
/* simul fetch: fetch URLs concurrently. See fetch.h. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "cli/cli.h"
#include "cli/fetch.h"

enum { KEY_RETRY = 256, KEY_JSON, KEY_PER_HOST, KEY_CACERT };

#define NEVER (-1.0)

static const struct argp_option argp_options[] = {
    {"connections", 'c', "N", 0, "fetch N at once (default: 100)", 0},
    {"per-host", KEY_PER_HOST, "N", 0, "no more than N of them from one host", 0},
    {"timeout", 't', "SECONDS", 0,
     "give up an attempt after SECONDS, body included (default: 300; 0: never)", 0},
    {"output", 'o', "DIR", 0,
     "keep each body in a file in DIR, named after its URL; nothing there is replaced",
     0},
    {"retry", KEY_RETRY, "N", 0,
     "try up to N times more, after 0.5, 1, 2, … seconds, what may be otherwise then: "
     "broken and refused connections, time-outs, statuses 408, 429, 500, 502, 503, 504",
     0},
    {"json", KEY_JSON, NULL, 0, "print an object a line; the summary goes to stderr",
     0},
    {"file", 'f', "FILE", 0, "read more URLs from FILE, one a line; -: standard input",
     0},
    {"cacert", KEY_CACERT, "FILE", 0, "trust the authorities in FILE only", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct fetch_options *options = state->input;
    switch (key) {
    case 'c':
        options->connections = (int)cli_number(state, "--connections", arg, 1, 1000000);
        return 0;
    case KEY_PER_HOST:
        options->per_host = (int)cli_number(state, "--per-host", arg, 1, 1000000);
        return 0;
    case 't':
        options->timeout = cli_seconds(state, "--timeout", arg);
        if (options->timeout == 0)
            options->timeout = NEVER;
        return 0;
    case 'o':
        options->directory = arg;
        return 0;
    case KEY_RETRY:
        options->retries = (int)cli_number(state, "--retry", arg, 0, 1000);
        return 0;
    case KEY_JSON:
        options->json = true;
        return 0;
    case 'f':
        options->list = arg;
        return 0;
    case KEY_CACERT:
        options->ca_file = arg;
        return 0;
    case ARGP_KEY_ARGS:
        options->urls = state->argv + state->next;
        options->url_count = state->argc - state->next;
        return 0;
    case ARGP_KEY_END:
        if (options->url_count == 0 && !options->list)
            argp_error(state, "no URL is given, and no file with URLs");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the run --------------------------------------------------------------------------- */

static int wait_for_room(struct fetch *fetch)
{
    if (fetch->running < fetch->options->connections)
        return 0;
    fetch->room = simul_create_future();
    int r = simul_await(fetch->room);
    simul_release(fetch->room);
    fetch->room = NULL;
    return r;
}

/* Until there are no more URLs, which is 0. */
static int start_next(struct fetch *fetch, simul_group *group)
{
    const char *url;
    int r = wait_for_room(fetch);
    if (r < 0)
        return r;
    r = fetch_source_next(&fetch->source, &url);
    if (r < 0 && r != -ECANCELED)
        return simul_fail(r, "cannot read the list of URLs: %s", simul_strerror(r));
    if (r > 0 && fetch_job_start(fetch, group, url) < 0)
        return -ENOMEM;
    return r;
}

/* A list that breaks off is an error, but no reason to give up what runs. */
static int fetch_all(struct fetch *fetch)
{
    simul_group group;
    int r;
    simul_group_enter(&group);
    do
        r = start_next(fetch, &group);
    while (r > 0);
    int ended = simul_group_exit(&group, r == -ECANCELED ? r : 0);
    return ended < 0 ? ended : r;
}

static int open_session(struct fetch *fetch)
{
    const struct fetch_options *options = fetch->options;
    simul_session_opts opts = {
        .limit = options->connections,
        .limit_per_host = options->per_host,
        .total_timeout = options->timeout,
        .ca_file = options->ca_file,
        .trust_env = true,
    };
    if (options->timeout == NEVER) /* nor to connect */
        opts.connect_timeout = NEVER;
    int r = simul_session_new(&fetch->session, &opts);
    return r < 0 ? simul_fail(r, "cannot open the session: %s", simul_strerror(r)) : r;
}

static int run(void *arg)
{
    struct fetch *fetch = arg;
    int r = open_session(fetch);
    if (r < 0)
        return r;
    fetch_report_begin(&fetch->report, fetch->options->json);
    r = fetch_all(fetch);
    simul_session_close(fetch->session);
    const struct fetch_report *report = &fetch->report;
    fetch_report_end(&fetch->report, r == -ECANCELED,
                     fetch->begun - report->done - report->failed);
    if (report->broken)
        return simul_fail(r, "cannot write to standard output: %s", simul_strerror(r));
    return r;
}

/* ---- before it ------------------------------------------------------------------------- */

static int complain(const char *what, const char *name, int r)
{
    fprintf(stderr, "simul fetch: cannot %s %s: %s\n", what, name, simul_strerror(r));
    return r;
}

static int open_directory(const char *name)
{
    int r = (int)sm_mkdir(name, 0777);
    if (r == -EEXIST || r >= 0)
        r = (int)sm_open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    return r < 0 ? complain("write to", name, r) : r;
}

static int prepare(struct fetch *fetch)
{
    const struct fetch_options *options = fetch->options;
    int r = fetch_source_open(&fetch->source, options);
    if (r < 0)
        return complain("read", options->list, r);
    fetch->directory = -1;
    if (!options->directory)
        return 0;
    r = open_directory(options->directory);
    if (r < 0)
        fetch_source_close(&fetch->source);
    else
        fetch->directory = r;
    return r;
}

int cmd_fetch(int argc, char **argv)
{
    struct fetch_options options = {.connections = 100};
    static struct fetch fetch; /* large, for its histogram */
    const struct argp argp = {
        argp_options,
        parse,
        "[URL...]",
        "Fetch URLs concurrently, over one session.\v"
        "A line is printed for each: status, bytes, seconds, the URL and where it led "
        "to, "
        "and an error if there is one. A status of 400 or above is an error. The exit "
        "status is 1 if there was any.\n\n"
        "The environment variables http_proxy, https_proxy, all_proxy and no_proxy "
        "count.",
        NULL,
        NULL,
        NULL};
    if (argp_parse(&argp, argc, argv, 0, NULL, &options) != 0)
        return 2;
    cli_raise_descriptor_limit();
    fetch.options = &options;
    if (prepare(&fetch) < 0)
        return 1;
    int r = simul_run_opts(run, &fetch, &(simul_loop_opts){.terminate = true});
    fetch_source_close(&fetch.source);
    if (fetch.directory >= 0)
        sm_close(fetch.directory);
    return r < 0 ? simul_exit(r) : fetch.report.failed > 0;
}
