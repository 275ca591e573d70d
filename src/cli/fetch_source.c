/* SPDX-License-Identifier: MIT */
/* Where simul fetch has its URLs from: the command line, then the lines of a file, which
 * may be a pipe or a terminal that the loop must not wait for. See fetch.h. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/fetch.h"

enum { BUFFER = 16384 }; /* longer than any URL may be */

int fetch_source_open(struct fetch_source *source, const struct fetch_options *options)
{
    struct stat info;
    *source = (struct fetch_source){
        .urls = options->urls, .left = options->url_count, .fd = -1};
    if (!options->list)
        return 0;
    bool is_stdin = strcmp(options->list, "-") == 0;
    int fd =
        is_stdin ? STDIN_FILENO : (int)sm_open(options->list, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    source->fd = fd;
    source->may_wait = fstat(fd, &info) < 0 || !S_ISREG(info.st_mode);
    source->buffer = sm_malloc(BUFFER + 1);
    if (source->buffer)
        return 0;
    fetch_source_close(source);
    return -ENOMEM;
}

void fetch_source_close(struct fetch_source *source)
{
    if (source->fd > STDERR_FILENO)
        sm_close(source->fd);
    source->fd = -1;
    sm_free(source->buffer);
    source->buffer = NULL;
}

/* ---- more bytes ------------------------------------------------------------------------ */

static void on_readable(void *future)
{
    simul_set_result(future, 0); /* again in each pass until we have taken note */
}

static int wait_readable(int fd)
{
    simul_future *readable = simul_create_future();
    int r = simul_add_reader(NULL, fd, on_readable, readable);
    if (r >= 0) {
        r = simul_await(readable);
        simul_remove_reader(NULL, fd);
    }
    simul_release(readable);
    return r;
}

static int read_more(struct fetch_source *source)
{
    size_t have = source->end - source->begin;
    memmove(source->buffer, source->buffer + source->begin, have);
    source->begin = 0;
    source->end = have;
    int r = source->may_wait ? wait_readable(source->fd) : 0;
    if (r < 0)
        return r;
    ssize_t n = sm_read(source->fd, source->buffer + have, BUFFER - have);
    if (n < 0)
        return (int)n;
    source->end += (size_t)n;
    source->ended = n == 0;
    return 0;
}

/* ---- lines ----------------------------------------------------------------------------- */

/* The next line, cut where the buffer ends; its length, or -1: there is none yet. */
static ssize_t line_length(const struct fetch_source *source)
{
    size_t have = source->end - source->begin;
    const char *begin = source->buffer + source->begin;
    const char *newline = memchr(begin, '\n', have);
    if (newline)
        return newline - begin;
    return have == BUFFER || (source->ended && have > 0) ? (ssize_t)have : -1;
}

/* Ended by a NUL in the place of its newline; one inside it makes it no URL. */
static char *take_line(struct fetch_source *source, size_t len)
{
    char *line = source->buffer + source->begin;
    bool cut = source->begin + len == source->end; /* without a newline */
    source->begin += cut ? len : len + 1;
    line[len] = 0;
    for (char *nul; (nul = memchr(line, 0, len));)
        *nul = '\1';
    bool was_skipped = source->skips;
    source->skips = cut && !source->ended;
    return was_skipped ? NULL : line;
}

static char *trim(char *line)
{
    line += strspn(line, " \t");
    size_t len = strlen(line);
    while (len > 0 && strchr(" \t\r", line[len - 1]))
        line[--len] = 0;
    return line;
}

/* Empty lines and those that begin with # are nobody's URL. */
static int next_line(struct fetch_source *source, const char **url)
{
    for (;;) {
        ssize_t len = line_length(source);
        if (len < 0 && source->ended)
            return 0;
        if (len < 0) {
            int r = read_more(source);
            if (r < 0)
                return r;
            continue;
        }
        char *line = take_line(source, (size_t)len);
        if (!line)
            continue;
        *url = trim(line);
        if (**url && **url != '#')
            return 1;
    }
}

int fetch_source_next(struct fetch_source *source, const char **url)
{
    if (source->left > 0) {
        source->left--;
        *url = *source->urls++;
        return 1;
    }
    return source->fd >= 0 ? next_line(source, url) : 0;
}
