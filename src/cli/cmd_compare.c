/* SPDX-License-Identifier: MIT */
/* simul compare: threads against tasks. See compare.h. */
#include <simul/http.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cli/cli.h"
#include "cli/compare.h"

/* ---- options ----------------------------------------------------------------------------- */

enum { KEY_ROW = 256, KEY_BODY };

struct options {
    struct compare compare;
    int row; /* a child's: the method to run; -1 in the parent */
};

static const struct argp_option argp_options[] = {
    {"frequencies", 'f', "N,N,...", 0, "how many requests (default: 1,10,50,100,500)",
     0},
    {"connections", 'c', "N", 0, "simul: connections at once (default: 100)", 0},
    {"pool", 'p', "N", 0, "threads-pool: threads (default: 10)", 0},
    {"latency", 'l', "SECONDS", 0, "the test server's latency (default: 0.1)", 0},
    {"url", 'u', "URL", 0, "measure against URL in place of the test server", 0},
    {"csv", 's', "FILE", 0, "write the rows to FILE", 0},
    {"json", 'j', NULL, 0, "print one JSON object in place of the tables", 0},
    {"plot", 'o', "FILE.png", 0, "write the plot to FILE.png (default: comparison.png)",
     0},
    {"row", KEY_ROW, "METHOD", OPTION_HIDDEN, "", 0},
    {"known-body", KEY_BODY, NULL, OPTION_HIDDEN, "", 0},
    {0},
};

static void parse_frequencies(struct compare *compare, char *text,
                              const struct argp_state *state)
{
    compare->count = 0;
    for (char *rest = text, *word; (word = strsep(&rest, ","));) {
        if (compare->count == COMPARE_FREQUENCIES_MAX)
            argp_error(state, "at most %d frequencies", COMPARE_FREQUENCIES_MAX);
        compare->frequencies[compare->count++] =
            (int)cli_number(state, "--frequencies", word, 1, 1000000);
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *options = state->input;
    struct compare *compare = &options->compare;
    switch (key) {
    case 'f':
        parse_frequencies(compare, arg, state);
        return 0;
    case 'c':
        compare->connections = (int)cli_number(state, "--connections", arg, 1, 1000000);
        return 0;
    case 'p':
        compare->pool = (int)cli_number(state, "--pool", arg, 1, 10000);
        return 0;
    case 'l':
        compare->latency = cli_seconds(state, "--latency", arg);
        return 0;
    case 'u':
        compare->url = arg;
        return 0;
    case 's':
        compare->csv = arg;
        return 0;
    case 'j':
        compare->as_json = true;
        return 0;
    case 'o':
        compare->plot = arg;
        compare->plot_asked = true;
        return 0;
    case KEY_ROW:
        options->row = (int)cli_number(state, "--row", arg, 0, COMPARE_METHODS - 1);
        return 0;
    case KEY_BODY:
        compare->own_server = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "too many arguments: %s", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- progress ------------------------------------------------------------------------------ */

struct progress {
    const struct compare *compare;
    long done_before, total;
};

static void show_progress(const struct compare_row *row, int done, void *arg)
{
    const struct progress *p = arg;
    enum { WIDTH = 30 };
    if (!p->compare->progress)
        return;
    long all = p->done_before + done;
    int filled = (int)(all * WIDTH / p->total);
    fprintf(stderr, "\r[%.*s%*s] %3ld%%  %s x %d\033[K", filled,
            "##############################", WIDTH - filled, "", all * 100 / p->total,
            compare_names[row->method], row->frequency);
    fflush(stderr);
}

static void clear_progress(const struct compare *compare)
{
    if (compare->progress)
        fprintf(stderr, "\r\033[K");
}

/* ---- the server's own count ------------------------------------------------------------------ */

struct count {
    char url[300];
    long long answered;
};

static int get_count(void *arg)
{
    struct count *count = arg;
    simul_session *session;
    simul_response *response;
    int r = simul_session_new(&session, NULL);
    if (r < 0)
        return r;
    r = simul_session_get(&response, session, count->url, NULL);
    if (r >= 0) {
        json_t *json = NULL;
        r = simul_response_json(response, &json);
        if (r >= 0)
            count->answered = json_integer_value(json_object_get(json, "answered"));
        json_decref(json);
        simul_response_release(response);
    }
    simul_session_close(session);
    return r < 0 ? r : 0;
}

/* Each request of the table must have been one of the server's, and none else was. */
static int check_count(const struct compare *compare,
                       const struct compare_server *server)
{
    struct count count;
    long long expected = 0;
    for (int i = 0; i < compare->row_count; i++)
        expected += compare->rows[i].frequency - compare->rows[i].failed;
    snprintf(count.url, sizeof count.url, "%s/stats", server->url);
    int r = simul_run(get_count, &count);
    if (r < 0) {
        fprintf(stderr, "simul compare: the server does not say what it counted: %s\n",
                simul_strerror(r));
        return r;
    }
    if (count.answered == expected)
        return 0;
    fprintf(stderr,
            "simul compare: the server answered %lld requests, the table has %lld\n",
            count.answered, expected);
    return -EIO;
}

/* ---- the rows ---------------------------------------------------------------------------------- */

static long total_requests(const struct compare *compare)
{
    long total = 0;
    for (int i = 0; i < compare->count; i++)
        total += compare->frequencies[i];
    return total * COMPARE_METHODS;
}

/* 0, or an error that ends the experiment; failed requests do not. */
static int run_rows(struct compare *compare)
{
    struct progress p = {compare, 0, total_requests(compare)};
    for (int i = 0; i < compare->count; i++)
        for (int m = 0; m < COMPARE_METHODS; m++) {
            struct compare_row *row = &compare->rows[compare->row_count++];
            *row =
                (struct compare_row){.frequency = compare->frequencies[i], .method = m};
            row->connections = compare_connections(compare, m, row->frequency);
            show_progress(row, 0, &p);
            int r = compare_spawn_row(compare, row, show_progress, &p);
            if (r < 0) {
                clear_progress(compare);
                fprintf(stderr, "simul compare: %s x %d: %s\n", compare_names[m],
                        row->frequency, row->error[0] ? row->error : simul_strerror(r));
                return r;
            }
            p.done_before += row->frequency;
        }
    clear_progress(compare);
    return 0;
}

static int report_failed(const struct compare *compare)
{
    int failed = 0;
    for (int i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        if (row->failed == 0)
            continue;
        failed++;
        fprintf(stderr, "simul compare: %s x %d: %d failed, the first: %s\n",
                compare_names[row->method], row->frequency, row->failed, row->error);
    }
    return failed ? -EIO : 0;
}

static int print_result(const struct compare *compare)
{
    int r = 0;
    if (compare->as_json)
        r = compare_print_json(compare, stdout);
    else
        compare_print_tables(compare, stdout);
    if (r == 0)
        r = compare_flush(stdout);
    if (r < 0)
        fprintf(stderr, "simul compare: cannot write to standard output: %s\n",
                simul_strerror(r));
    return r;
}

static int report(const struct compare *compare)
{
    int r = print_result(compare);
    if (compare->csv) {
        int e = compare_write_csv(compare, compare->csv);
        if (e < 0)
            fprintf(stderr, "simul compare: %s: %s\n", compare->csv, simul_strerror(e));
        r = r < 0 ? r : e;
    }
    int e = compare_write_plot(compare, compare->plot);
    if (e == 0 && !compare->as_json)
        printf("\nThe plot is in %s\n", compare->plot);
    if (e < 0 && compare->plot_asked)
        r = r < 0 ? r : e;
    return r;
}

static int experiment(struct compare *compare)
{
    struct compare_server server = {0};
    char url[300];
    if (!compare->url) {
        int r = compare_start_server(&server, compare->latency);
        if (r < 0) {
            fprintf(stderr, "simul compare: the test server does not start: %s\n",
                    simul_strerror(r));
            return r;
        }
        snprintf(url, sizeof url, "%s/bytes/%d", server.url, COMPARE_BODY);
        compare->url = url;
        compare->own_server = true;
    }
    int r = run_rows(compare), counted = 0;
    if (r == 0 && compare->own_server)
        counted = check_count(compare, &server);
    compare_stop_server(&server);
    if (r == 0)
        r = report(compare); /* also what is in doubt: that was said */
    int failed = report_failed(compare);
    return r < 0 ? r : counted < 0 ? counted : failed;
}

int cmd_compare(int argc, char **argv)
{
    static const struct argp argp = {
        argp_options,
        parse,
        NULL,
        "Fetch a URL again and again, by threads and by tasks, and compare.",
        NULL,
        NULL,
        NULL};
    static struct options options = {.row = -1,
                                     .compare = {.frequencies = {1, 10, 50, 100, 500},
                                                 .count = 5,
                                                 .connections = 100,
                                                 .pool = 10,
                                                 .latency = 0.1,
                                                 .plot = "comparison.png"}};
    argp_parse(&argp, argc, argv, 0, NULL, &options);
    struct compare *compare = &options.compare;
    if (options.row >= 0)
        return compare_run_row(compare, options.row, compare->frequencies[0], stdout)
               < 0;
    compare->progress = isatty(STDERR_FILENO);
    return experiment(compare) < 0;
}
