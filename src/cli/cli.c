/* SPDX-License-Identifier: MIT */
/* What the commands of the program share: numbers of options. */
#include "cli/cli.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

long cli_number(const struct argp_state *state, const char *option, const char *text,
                long min, long max)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (end == text || *end || errno || n < min || n > max)
        argp_error(state, "%s takes a whole number from %ld to %ld, not '%s'", option,
                   min, max, text);
    return n;
}

double cli_seconds(const struct argp_state *state, const char *option, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end || !(seconds >= 0) || isinf(seconds))
        argp_error(state, "%s takes seconds, a number from 0 on, not '%s'", option,
                   text);
    return seconds;
}

void cli_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}
