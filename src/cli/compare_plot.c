/* SPDX-License-Identifier: MIT */
/* The plot of `simul compare`, drawn by gnuplot; written under another name, then renamed. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/compare.h"

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
        fprintf(out, "%s'-' using 1:2 with linespoints lw 2 pt %d title '%s'",
                m ? ", " : "", m + 4, compare_names[m]);
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
    return status == 0 && access(path, R_OK) == 0 ? 0 : -EIO;
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
        fprintf(stderr, "simul compare: no plot: %s\n",
                r == -ENOPKG ? "gnuplot is not installed" : strerror(-r));
    }
    return r;
}
