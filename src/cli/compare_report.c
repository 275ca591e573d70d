/* SPDX-License-Identifier: MIT */
/* What `simul compare` shows: tables, CSV, JSON. */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "cli/compare.h"

/* The source document's own measurement, over a network where a request took 0.93 s. */
static const struct {
    int frequency;
    double threading, asyncio;
} document[] = {{1, 0.933773, 0.952614},
                {10, 1.723719, 1.678606},
                {50, 5.962061, 5.917851},
                {100, 10.166483, 2.160664},
                {500, 47.217773, 7.411433}};

int compare_connections(const struct compare *compare, enum compare_method method,
                        int frequency)
{
    int most = method == COMPARE_POOL    ? compare->pool
               : method == COMPARE_SIMUL ? compare->connections
                                         : frequency;
    return most < frequency ? most : frequency;
}

static const struct compare_row *find(const struct compare *compare, int frequency,
                                      enum compare_method method)
{
    for (int i = 0; i < compare->row_count; i++)
        if (compare->rows[i].frequency == frequency
            && compare->rows[i].method == method)
            return &compare->rows[i];
    return NULL;
}

/* ---- tables ----------------------------------------------------------------------------- */

static void print_seconds(const struct compare *compare, int frequency, FILE *out)
{
    fprintf(out, "%9d", frequency);
    for (int m = 0; m < COMPARE_METHODS; m++) {
        const struct compare_row *row = find(compare, frequency, m);
        if (row)
            fprintf(out, " %14.3f%s", row->seconds, row->failed ? "!" : " ");
        else
            fprintf(out, " %14s ", "-");
    }
    const struct compare_row *pool = find(compare, frequency, COMPARE_POOL);
    const struct compare_row *simul = find(compare, frequency, COMPARE_SIMUL);
    if (pool && simul && simul->seconds > 0)
        fprintf(out, " %8.1fx", pool->seconds / simul->seconds);
    else
        fprintf(out, " %9s", "-");
    for (size_t i = 0; i < sizeof document / sizeof *document; i++)
        if (document[i].frequency == frequency)
            fprintf(out, " | %9.3f %9.3f", document[i].threading, document[i].asyncio);
    fprintf(out, "\n");
}

static void print_costs(const struct compare *compare, FILE *out)
{
    fprintf(out, "\n%9s %-16s %11s %9s %11s %10s %7s\n", "Frequency", "Method",
            "Connections", "Seconds", "CPU seconds", "Peak MiB", "Failed");
    for (int i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        fprintf(out, "%9d %-16s %11d %9.3f %11.3f %10.1f %7d\n", row->frequency,
                compare_names[row->method], row->connections, row->seconds,
                row->cpu_seconds, (double)row->peak_memory / 1048576, row->failed);
    }
}

void compare_print_tables(const struct compare *compare, FILE *out)
{
    fprintf(out, "Total time in seconds%68s\n", "the document's own figures");
    fprintf(out, "%9s", "Frequency");
    for (int m = 0; m < COMPARE_METHODS; m++)
        fprintf(out, " %14s ", compare_names[m]);
    fprintf(out, " %9s | %9s %9s\n", "pool/simul", "Threading", "Asyncio");
    for (int i = 0; i < compare->count; i++)
        print_seconds(compare, compare->frequencies[i], out);
    print_costs(compare, out);
}

/* ---- files ------------------------------------------------------------------------------- */

int compare_flush(FILE *out)
{
    errno = 0; /* of an earlier write it is lost */
    return fflush(out) == 0 && !ferror(out) ? 0 : errno ? -errno : -EIO;
}

static int close_file(FILE *out)
{
    int r = compare_flush(out);
    return fclose(out) == 0 || r < 0 ? r : -errno;
}

int compare_print_json(const struct compare *compare, FILE *out)
{
    json_t *rows = json_array();
    for (int i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        json_array_append_new(
            rows, json_pack("{s:i, s:s, s:i, s:f, s:f, s:I, s:i}", "frequency",
                            row->frequency, "method", compare_names[row->method],
                            "connections", row->connections, "seconds", row->seconds,
                            "cpu_seconds", row->cpu_seconds, "peak_memory_bytes",
                            (json_int_t)row->peak_memory, "failed", row->failed));
    }
    json_t *all = json_pack("{s:s, s:o}", "url", compare->url, "rows", rows);
    if (!all)
        return -ENOMEM;
    json_dumpf(all, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
    fputc('\n', out);
    json_decref(all);
    return 0;
}

int compare_write_csv(const struct compare *compare, const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return -errno;
    fprintf(out, "frequency,method,connections,seconds,cpu_seconds,peak_memory_bytes,"
                 "failed\n");
    for (int i = 0; i < compare->row_count; i++) {
        const struct compare_row *row = &compare->rows[i];
        fprintf(out, "%d,%s,%d,%.6f,%.6f,%ld,%d\n", row->frequency,
                compare_names[row->method], row->connections, row->seconds,
                row->cpu_seconds, row->peak_memory, row->failed);
    }
    return close_file(out);
}
