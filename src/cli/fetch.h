/* SPDX-License-Identifier: MIT */
/*
 * simul fetch: many URLs at once, over one session.
 *
 * The main task reads URLs, one at a time as there is room, and starts a task for each;
 * never more than --connections of them. So the memory that is needed does not grow with
 * the number of URLs: they are read as they are needed, times go to a histogram, names of
 * files are looked for in the directory.
 *
 *   fetch_source.c   where the URLs come from
 *   fetch_job.c      one URL, from the request to its line
 *   fetch_file.c     one body, under a temporary name until it is complete
 *   fetch_report.c   lines, progress, summary
 */
#ifndef SM_CLI_FETCH_H
#define SM_CLI_FETCH_H

#include <simul.h>
#include <simul/http.h>

struct fetch_options {
    int connections, per_host; /* per_host 0: any number */
    int retries;
    double timeout; /* seconds for each attempt; 0: the session's default; < 0: any */
    const char *directory, *list, *ca_file; /* NULL: none */
    bool json;
    char **urls; /* borrowed; of the command line */
    int url_count;
};

/* ---- where the URLs come from ---- */

struct fetch_source {
    char **urls; /* borrowed; these first */
    int left;
    int fd;        /* then the lines of this; -1: none */
    bool may_wait; /* it is no regular file */
    bool skips;    /* the rest of a line that was too long */
    bool ended;
    char *buffer;      /* owned */
    size_t begin, end; /* of what was read and not given out */
};

/* 0 or -errno: the list cannot be opened. */
int fetch_source_open(struct fetch_source *source, const struct fetch_options *options);
void fetch_source_close(struct fetch_source *source);
/* The next URL: 1 and *url, borrowed until the next call; 0: no more. May wait. */
int fetch_source_next(struct fetch_source *source, const char **url);

/* ---- files ---- */

enum { FETCH_NAME_MAX = 200 };

struct fetch_file {
    int directory; /* borrowed */
    int fd;        /* -1: none */
    char temporary[64];
};

/* A file for a body under a temporary name; -errno. */
int fetch_file_create(struct fetch_file *file, int directory);
int fetch_file_write(struct fetch_file *file, const char *data, size_t size);
/* It is complete: gives it a name after the URL that no other file has. name: what it became.
 * After an error it is gone. */
int fetch_file_keep(struct fetch_file *file, const char *url, char *name, size_t size);
/* It is not wanted. Nothing if there is none. */
void fetch_file_drop(struct fetch_file *file);

/* ---- what is told ---- */

struct fetch_result {
    const char *url; /* as it was given */
    int status;      /* 0: no response */
    long long bytes;
    double seconds;
    const char *final_url; /* NULL: no response */
    const char *file;      /* NULL: none */
    const char *error;     /* NULL: success */
};

/* Times by the logarithm: as exact as the buckets are fine, 2 %, in any number. */
enum { FETCH_BUCKETS = 1024 };

struct fetch_report {
    bool json, progress; /* progress: standard error is a terminal */
    bool progress_shown;
    simul_handle *tick;
    double begin;
    long done, failed;
    long long bytes;      /* of bodies, as they come */
    long long last_bytes; /* at the last tick */
    double last_time;
    double max;
    unsigned times[FETCH_BUCKETS];
    long timed;
    int broken; /* the error of writing to standard output */
};

void fetch_report_begin(struct fetch_report *report, bool json);
/* 0, or the error with which standard output refuses the line. */
int fetch_report_line(struct fetch_report *report, const struct fetch_result *result);
/* `left`: URLs that were begun and not ended. */
void fetch_report_end(struct fetch_report *report, bool interrupted, long left);
double fetch_percentile(const struct fetch_report *report, double part);

/* ---- all together ---- */

struct fetch {
    const struct fetch_options *options;
    simul_session *session;
    struct fetch_source source;
    struct fetch_report report;
    int directory; /* -1: none */
    long begun;
    int running;
    simul_future
        *room; /* the main task waits for running < connections; NULL: it does not */
};

/* Starts the task for one URL, which is copied. */
int fetch_job_start(struct fetch *fetch, simul_group *group, const char *url);

#endif
