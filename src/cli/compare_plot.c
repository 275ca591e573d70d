/* SPDX-License-Identifier: MIT */
/* The plot of `simul compare`, drawn by gnuplot; written under another name, then renamed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/compare.h"

static int failed_of(const struct compare *compare, int method)
{
    int failed = 0;
    for (int i = 0; i < compare->row_count; i++)
        if ((int)compare->rows[i].method == method)
            failed += compare->rows[i].failed;
    return failed;
}

/* Requests that failed are in the time, so they are in the legend. */
static void write_curve(const struct compare *compare, int method, FILE *out)
{
    int failed = failed_of(compare, method);
    fprintf(out, "%s'-' using 1:2 with linespoints lw 2 pt %d title '%s",
            method ? ", " : "", method + 4, compare_names[method]);
    if (failed > 0)
        fprintf(out, " (%d failed)", failed);
    fprintf(out, "'");
}

static void write_script(const struct compare *compare, const char *path, FILE *out)
{
    fprintf(out,
            "set terminal pngcairo size 960,600 font 'sans,12'\n"
            "set output '%s'\n"
            "set title 'Comparison of Asyncio and Threading'\n"
            "set xlabel 'Frequency (number of requests)'\n"
            "set ylabel 'Total time (seconds)'\n"
            "set key top left\nset grid\nset yrange [0:]\nset xrange [0:]\n"
            "plot ",
            path);
    for (int m = 0; m < COMPARE_METHODS; m++)
        write_curve(compare, m, out);
    fprintf(out, "\n");
    for (int m = 0; m < COMPARE_METHODS; m++) {
        for (int i = 0; i < compare->row_count; i++)
            if ((int)compare->rows[i].method == m)
                fprintf(out, "%d %.6f\n", compare->rows[i].frequency,
                        compare->rows[i].seconds);
        fprintf(out, "e\n");
    }
}

/* gnuplot takes what lies between quotes, so there must be none in it. */
static bool is_quotable(const char *path)
{
    return !strpbrk(path, "'\n\\");
}

/* Whether it can be written at all: gnuplot's own answer is hard to read. */
static int try_path(const char *path)
{
    FILE *out = fopen(path, "w");
    if (!out)
        return -errno;
    fclose(out);
    return 0;
}

/* gnuplot does not say so when the disk is full: the picture lacks its last chunk then. */
static bool is_complete(const char *path)
{
    static const char end[12] = "\0\0\0\0IEND\xae\x42\x60\x82";
    char last[sizeof end];
    FILE *in = fopen(path, "r");
    if (!in)
        return false;
    bool complete = fseek(in, -(long)sizeof last, SEEK_END) == 0
                    && fread(last, sizeof last, 1, in) == 1
                    && memcmp(last, end, sizeof end) == 0;
    fclose(in);
    return complete;
}

static int draw(const struct compare *compare, const char *path)
{
    int r = try_path(path);
    if (r < 0)
        return r;
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    FILE *out = popen("exec gnuplot > /dev/null 2>&1", "w");
    int status = -1;
    if (out) {
        write_script(compare, path, out);
        status = pclose(out);
    }
    signal(SIGPIPE, before);
    if (status >= 0 && WIFEXITED(status) && WEXITSTATUS(status) == 127)
        return -ENOPKG;
    return status == 0 && is_complete(path) ? 0 : -EIO;
}

static const char *reason(int r)
{
    if (r == -ENOPKG)
        return "gnuplot is not installed";
    return r == -EIO ? "gnuplot could not write all of it" : strerror(-r);
}

int compare_write_plot(const struct compare *compare, const char *path)
{
    char unfinished[4096];
    if (!is_quotable(path)
        || snprintf(unfinished, sizeof unfinished, "%s.part", path)
               >= (int)sizeof unfinished) {
        fprintf(stderr, "simul compare: cannot write a plot called %s\n", path);
        return -EINVAL;
    }
    int r = draw(compare, unfinished);
    if (r == 0 && rename(unfinished, path) < 0)
        r = -errno;
    if (r < 0) {
        unlink(unfinished);
        fprintf(stderr, "simul compare: no plot in %s: %s\n", path, reason(r));
    }
    return r;
}
