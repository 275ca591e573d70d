/* SPDX-License-Identifier: MIT */
/*
 * The experiment of the source document: threads against asyncio, fetching one URL so and so
 * many times. Its parts:
 *
 *   cmd_compare.c     the command: options, one row after another, what is wrong at the end
 *   compare_row.c     one row's fetches; runs in a child of its own
 *   compare_child.c   starting that child and the server, and what they say and cost
 *   compare_report.c  tables, CSV, JSON
 *   compare_plot.c    the plot, by gnuplot
 */
#ifndef SM_CLI_COMPARE_H
#define SM_CLI_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

enum compare_method {
    COMPARE_POOL,    /* `pool` threads, each doing one blocking request after another */
    COMPARE_THREADS, /* a thread per request */
    COMPARE_SIMUL,   /* a task per request, `connections` at once */
    COMPARE_UNLIMITED, /* a task per request, all at once */
    COMPARE_METHODS
};

extern const char *const compare_names[COMPARE_METHODS];

enum { COMPARE_BODY = 1024, COMPARE_FREQUENCIES_MAX = 32 };

struct compare_row {
    int frequency;
    enum compare_method method;
    int connections; /* at once */
    double seconds, cpu_seconds;
    long peak_memory; /* bytes */
    int failed;
    char error[160]; /* why the first failed one did; or why the row could not be run */
};

struct compare {
    int frequencies[COMPARE_FREQUENCIES_MAX], count; /* of frequencies */
    int connections, pool;
    double latency;
    const char *url; /* what to fetch */
    bool own_server; /* its body is known, and its requests are counted */
    bool progress, as_json;
    const char *csv, *plot;
    bool plot_asked;
    struct compare_row rows[COMPARE_FREQUENCIES_MAX * COMPARE_METHODS];
    int row_count;
};

/* compare_row.c: fetch, tell progress on `out` ('.' or '!' each), end with a result line. */
int compare_run_row(const struct compare *compare, enum compare_method method,
                    int frequency, FILE *out);

/* compare_child.c */
struct compare_server {
    pid_t pid;
    char url[256];
};
int compare_start_server(struct compare_server *server, double latency);
void compare_stop_server(struct compare_server *server);
/* Called with how many of the row's requests have ended. */
typedef void compare_progress_fn(const struct compare_row *row, int done, void *arg);
int compare_spawn_row(const struct compare *compare, struct compare_row *row,
                      compare_progress_fn *progress, void *arg);

/* compare_report.c */
int compare_connections(const struct compare *compare, enum compare_method method,
                        int frequency);
void compare_print_tables(const struct compare *compare, FILE *out);
int compare_print_json(const struct compare *compare, FILE *out);
/* 0, or -errno if something of what was written is lost. */
int compare_flush(FILE *out);
int compare_write_csv(const struct compare *compare, const char *path);

/* compare_plot.c: 0, or -errno and a line on standard error. */
int compare_write_plot(const struct compare *compare, const char *path);

#endif
