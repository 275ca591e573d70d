/* SPDX-License-Identifier: MIT */
/* What simul fetch tells: a line for each URL, how far it is, a summary. See fetch.h. */
#include <jansson.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/fetch.h"

#define TICK_S 0.2

/* ---- numbers for people ---------------------------------------------------------------- */

static const char *in_bytes(char text[16], double n)
{
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB"};
    size_t i = 0;
    for (; n >= 1000 && i < sizeof units / sizeof *units - 1; i++)
        n /= 1000;
    snprintf(text, 16, i == 0 ? "%.0f %s" : "%.1f %s", n, units[i]);
    return text;
}

/* ---- times: from a microsecond on, each bucket 2 % longer than the one before ------------- */

#define SHORTEST 1e-6
#define GROWTH   1.02

static void add_time(struct fetch_report *report, double seconds)
{
    double bucket = seconds > SHORTEST ? log(seconds / SHORTEST) / log(GROWTH) : 0;
    int i = bucket < FETCH_BUCKETS - 1 ? (int)bucket : FETCH_BUCKETS - 1;
    report->times[i]++;
    report->timed++;
    report->max = fmax(report->max, seconds);
}

double fetch_percentile(const struct fetch_report *report, double part)
{
    long rank = (long)ceil((double)report->timed * part), sum = 0;
    for (int i = 0; i < FETCH_BUCKETS; i++) {
        sum += report->times[i];
        if (sum >= rank && sum > 0)
            return fmin(SHORTEST * pow(GROWTH, i + 1), report->max);
    }
    return 0;
}

/* ---- progress -------------------------------------------------------------------------- */

static void clear_progress(struct fetch_report *report)
{
    if (report->progress_shown)
        fputs("\r\033[K", stderr);
    report->progress_shown = false;
}

static void show_progress(struct fetch_report *report)
{
    char all[16], rate[16];
    double now = simul_time(), passed = now - report->last_time;
    double per_s =
        passed > 0 ? (double)(report->bytes - report->last_bytes) / passed : 0;
    report->last_time = now;
    report->last_bytes = report->bytes;
    fprintf(stderr, "\r%ld done, %ld failed, %s, %s/s\033[K", report->done,
            report->failed, in_bytes(all, (double)report->bytes),
            in_bytes(rate, per_s));
    report->progress_shown = true;
}

static void start_ticking(struct fetch_report *report);

static void tick(void *arg)
{
    struct fetch_report *report = arg;
    simul_handle_release(report->tick);
    report->tick = NULL;
    show_progress(report);
    start_ticking(report);
}

/* Without memory for it nothing is shown any more: no reason to fail. */
static void start_ticking(struct fetch_report *report)
{
    if (simul_call_later(NULL, TICK_S, tick, report, &report->tick) < 0)
        report->tick = NULL;
}

void fetch_report_begin(struct fetch_report *report, bool json)
{
    *report = (struct fetch_report){.json = json,
                                    .progress = isatty(STDERR_FILENO),
                                    .begin = simul_time(),
                                    .last_time = simul_time()};
    if (report->progress)
        start_ticking(report);
}

/* ---- a line ---------------------------------------------------------------------------- */

/* What a URL or a message may hold does not reach the terminal as commands. */
static void put_plain(const char *text)
{
    for (const char *p = text; *p; p++)
        putchar((unsigned char)*p < ' ' || *p == 0x7f ? '?' : *p);
}

static void put_text(const struct fetch_result *result)
{
    if (result->status)
        printf("%3d", result->status);
    else
        printf("---");
    printf(" %10lld B %8.3f s  ", result->bytes, result->seconds);
    put_plain(result->url);
    if (result->final_url && strcmp(result->final_url, result->url) != 0) {
        printf(" -> ");
        put_plain(result->final_url);
    }
    if (result->file) {
        printf("  [%s]", result->file);
    }
    if (result->error) {
        printf("  error: ");
        put_plain(result->error);
    }
    putchar('\n');
}

/* JSON is UTF-8; what was given on the command line need not be. */
static json_t *string_of(const char *text)
{
    json_t *json = text ? json_string(text) : json_null();
    if (json)
        return json;
    char *copy = sm_strdup(text);
    if (!copy)
        return NULL;
    for (char *p = copy; *p; p++)
        if ((unsigned char)*p >= 0x80)
            *p = '?';
    json = json_string(copy);
    sm_free(copy);
    return json;
}

static int put_json(const struct fetch_result *result)
{
    json_t *json = json_pack(
        "{s:o,s:o,s:I,s:f,s:o}", "url", string_of(result->url), "status",
        result->status ? json_integer(result->status) : json_null(), "bytes",
        (json_int_t)result->bytes, "seconds", round(result->seconds * 1e6) / 1e6,
        "final_url", string_of(result->final_url));
    int bad = !json;
    if (result->file)
        bad |= json_object_set_new(json, "file", string_of(result->file));
    if (result->error)
        bad |= json_object_set_new(json, "error", string_of(result->error));
    if (!bad) {
        json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
        putchar('\n');
    }
    json_decref(json);
    return bad ? -ENOMEM : 0;
}

int fetch_report_line(struct fetch_report *report, const struct fetch_result *result)
{
    int r = 0;
    report->done += !result->error;
    report->failed += result->error != NULL;
    if (!result->error)
        add_time(report, result->seconds);
    clear_progress(report);
    errno = 0;
    if (report->json)
        r = put_json(result);
    else
        put_text(result);
    if (fflush(stdout) != 0 || ferror(stdout))
        r = report->broken = errno ? -errno : -EIO;
    return r;
}

/* ---- the summary ----------------------------------------------------------------------- */

static void put_times(const struct fetch_report *report, FILE *out)
{
    if (report->timed == 0)
        return;
    fprintf(out, "seconds a URL: p50 %.3f, p90 %.3f, p99 %.3f, max %.3f\n",
            fetch_percentile(report, 0.5), fetch_percentile(report, 0.9),
            fetch_percentile(report, 0.99), report->max);
}

/* Beside lines of JSON it is not for the same reader. */
void fetch_report_end(struct fetch_report *report, bool interrupted, long left)
{
    FILE *out = report->json || report->broken ? stderr : stdout;
    double seconds = simul_time() - report->begin;
    char all[16], rate[16];
    if (report->tick)
        simul_handle_cancel(report->tick);
    simul_handle_release(report->tick);
    clear_progress(report);
    if (interrupted)
        fprintf(out, "interrupted: %ld under way given up\n", left);
    fprintf(out, "%ld done, %ld failed, %s in %.3f s, %s/s, %.1f URLs/s\n",
            report->done, report->failed, in_bytes(all, (double)report->bytes), seconds,
            in_bytes(rate, seconds > 0 ? (double)report->bytes / seconds : 0),
            seconds > 0 ? (double)(report->done + report->failed) / seconds : 0);
    put_times(report, out);
    fflush(out);
}
