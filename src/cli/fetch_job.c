/* SPDX-License-Identifier: MIT */
/* One URL of simul fetch: asked for, read, tried again, told. See fetch.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sys.h"
#include "cli/fetch.h"

enum { PIECE = 16384 };
#define BACKOFF_FIRST_S 0.5
#define BACKOFF_MAX_S   30.0

struct job {
    struct fetch *fetch;
    bool begun;
    double begin;
    int status;         /* of the last attempt, and so are the following */
    double retry_after; /* seconds, as the server wants it; 0: it says nothing */
    long long bytes;
    char *final_url; /* owned; NULL: none */
    struct fetch_file file;
    char name[FETCH_NAME_MAX + 16]; /* of the file; "": none */
    char error[512];                /* "": none */
    char *piece;                    /* owned; what is being read */
    char url[];
};

/* ---- the end --------------------------------------------------------------------------- */

static void make_room(struct fetch *fetch)
{
    fetch->running--;
    if (fetch->room)
        simul_set_result(fetch->room, 0);
}

static void free_job(void *arg)
{
    struct job *job = arg;
    fetch_file_drop(&job->file);
    make_room(job->fetch);
    sm_free(job->final_url);
    sm_free(job->piece);
    sm_free(job);
}

static int tell(struct job *job)
{
    const struct fetch_result result = {
        .url = job->url,
        .status = job->status,
        .bytes = job->bytes,
        .seconds = simul_time() - job->begin,
        .final_url = job->final_url,
        .file = *job->name ? job->name : NULL,
        .error = *job->error ? job->error : NULL,
    };
    return fetch_report_line(&job->fetch->report, &result);
}

/* ---- one attempt ----------------------------------------------------------------------- */

static void forget_attempt(struct job *job)
{
    fetch_file_drop(&job->file);
    sm_free(job->final_url);
    job->final_url = NULL;
    job->status = 0;
    job->retry_after = 0;
    job->fetch->report.bytes -=
        job->bytes; /* what was kept counts, not what was tried */
    job->bytes = 0;
    *job->error = 0;
}

static int fail(struct job *job, int r, const char *what)
{
    snprintf(job->error, sizeof job->error, "%s", what);
    return r;
}

static int fail_file(struct job *job, int r)
{
    snprintf(job->error, sizeof job->error, "cannot write to %s: %s",
             job->fetch->options->directory, simul_strerror(r));
    return r;
}

/* The body of an error is read, so that the connection is kept, and not written. */
static bool is_written(const struct job *job)
{
    return job->fetch->directory >= 0 && job->status < 400;
}

static int take_piece(struct job *job, size_t n)
{
    job->bytes += (long long)n;
    job->fetch->report.bytes += (long long)n;
    if (!is_written(job))
        return 0;
    int r = fetch_file_write(&job->file, job->piece, n);
    return r < 0 ? fail_file(job, r) : 0;
}

static int read_body(struct job *job, simul_response *response)
{
    ssize_t n;
    while ((n = simul_response_read(response, job->piece, PIECE)) > 0) {
        int r = take_piece(job, (size_t)n);
        if (r < 0)
            return r;
    }
    return n < 0 ? fail(job, (int)n, simul_explain((int)n)) : 0;
}

static int keep_file(struct job *job)
{
    if (!is_written(job))
        return 0;
    int r = fetch_file_keep(&job->file, job->url, job->name, sizeof job->name);
    if (r >= 0)
        return 0;
    *job->name = 0;
    return fail_file(job, r);
}

static int take_head(struct job *job, const simul_response *response)
{
    const char *after = simul_response_header(response, "Retry-After");
    job->status = simul_response_status(response);
    job->retry_after = after ? fmin(fmax(strtod(after, NULL), 0), BACKOFF_MAX_S) : 0;
    job->final_url = sm_strdup(simul_response_url(response));
    if (!job->final_url)
        return fail(job, -ENOMEM, simul_strerror(-ENOMEM));
    if (!is_written(job))
        return 0;
    int r = fetch_file_create(&job->file, job->fetch->directory);
    return r < 0 ? fail_file(job, r) : 0;
}

static int take_response(struct job *job, simul_response *response)
{
    int r = take_head(job, response);
    if (r >= 0)
        r = read_body(job, response);
    if (r >= 0)
        r = keep_file(job);
    if (r >= 0 && job->status >= 400) {
        const char *reason = simul_response_reason(response);
        snprintf(job->error, sizeof job->error, "%d%s%.100s", job->status,
                 *reason ? " " : "", reason);
        r = -SIMUL_EHTTPSTATUS;
    }
    return r;
}

static int attempt(struct job *job)
{
    simul_response *response;
    forget_attempt(job);
    int r = simul_session_get(&response, job->fetch->session, job->url, NULL);
    if (r < 0)
        return fail(job, r, simul_explain(r));
    r = take_response(job, response);
    simul_response_release(response);
    return r;
}

/* ---- again ----------------------------------------------------------------------------- */

/* What may be otherwise in a while. */
static bool may_pass(const struct job *job, int r)
{
    static const int errors[] = {
        ECONNREFUSED, ECONNRESET,  ETIMEDOUT,       EHOSTUNREACH,
        ENETUNREACH,  EPIPE,       SIMUL_EHOSTNAME, SIMUL_EINCOMPLETE,
        EMFILE,       SIMUL_EHTTP, SIMUL_ETRANSFER,
    };
    static const int statuses[] = {408, 429, 500, 502, 503, 504};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
        if (r == -errors[i])
            return true;
    for (size_t i = 0;
         r == -SIMUL_EHTTPSTATUS && i < sizeof statuses / sizeof *statuses; i++)
        if (job->status == statuses[i])
            return true;
    return false;
}

/* Twice as long each time, a little shuffled, lest all come back at once. */
static double backoff(const struct job *job, int tried)
{
    double delay = fmin(ldexp(BACKOFF_FIRST_S, tried), BACKOFF_MAX_S);
    delay *= 0.75 + 0.5 * drand48();
    return fmax(delay, job->retry_after);
}

static int run_job(void *arg)
{
    struct job *job = arg;
    int r = 0;
    job->begin = simul_time();
    for (int tried = 0;; tried++) {
        r = attempt(job);
        if (r >= 0 || r == -ECANCELED || tried == job->fetch->options->retries
            || !may_pass(job, r))
            break;
        r = simul_sleep(backoff(job, tried));
        if (r < 0)
            break;
    }
    return r == -ECANCELED ? r : tell(job);
}

int fetch_job_start(struct fetch *fetch, simul_group *group, const char *url)
{
    size_t len = strlen(url);
    struct job *job = sm_zalloc(sizeof *job + len + 1);
    if (!job)
        return -ENOMEM;
    memcpy(job->url, url, len + 1);
    job->fetch = fetch;
    job->file.fd = -1;
    fetch->running++;
    fetch->begun++;
    job->piece = sm_malloc(PIECE);
    if (!job->piece) {
        free_job(job);
        return -ENOMEM;
    }
    simul_task_opts opts = {.name = "fetch", .release_arg = free_job};
    simul_group_create_task_opts(group, run_job, job,
                                 &opts); /* an error ends the group */
    return 0;
}
