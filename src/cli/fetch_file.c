/* SPDX-License-Identifier: MIT */
/*
 * The files of simul fetch. A body is written under a temporary name; when it is complete
 * the file gets a name after the URL, and never takes the place of another: the second
 * "cat.jpg" is "cat.jpg.1". See fetch.h.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "cli/fetch.h"

int fetch_file_create(struct fetch_file *file, int directory)
{
    static unsigned number;
    *file = (struct fetch_file){.directory = directory, .fd = -1};
    int fd;
    do {
        snprintf(file->temporary, sizeof file->temporary, ".simul-%d-%u.part",
                 (int)getpid(), number++);
        fd = (int)sm_openat(directory, file->temporary,
                            O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    } while (fd == -EEXIST);
    if (fd < 0)
        return fd;
    file->fd = fd;
    return 0;
}

int fetch_file_write(struct fetch_file *file, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = sm_write(file->fd, data, size);
        if (n < 0)
            return (int)n;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

void fetch_file_drop(struct fetch_file *file)
{
    if (file->fd < 0)
        return;
    sm_close(file->fd);
    file->fd = -1;
    sm_unlinkat(file->directory, file->temporary);
}

/* ---- a name ---------------------------------------------------------------------------- */

static void number_name(char *name, size_t size, const char *base, unsigned number)
{
    if (number == 0)
        snprintf(name, size, "%s", base);
    else
        snprintf(name, size, "%s.%u", base, number);
}

static bool is_taken(int directory, const char *base, unsigned number)
{
    struct stat info;
    char name[FETCH_NAME_MAX + 16];
    number_name(name, sizeof name, base, number);
    return fstatat(directory, name, &info, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The first number that is free, if they were given out in turn: in as many steps as it has
 * digits, since there may be ten thousand "index.html". */
static unsigned free_number(int directory, const char *base)
{
    unsigned taken = 0, free = 1;
    if (!is_taken(directory, base, 0))
        return 0;
    while (is_taken(directory, base, free)) {
        taken = free;
        free *= 2;
    }
    while (free - taken > 1) {
        unsigned middle = taken + (free - taken) / 2;
        if (is_taken(directory, base, middle))
            taken = middle;
        else
            free = middle;
    }
    return free;
}

/* Where the file system cannot rename without replacing, a second link does it; where it
 * has no links either, nobody is expected to come between the look and the name. */
static int give_name(struct fetch_file *file, const char *name)
{
    int dir = file->directory;
    int r = (int)sm_renameat2(dir, file->temporary, dir, name, RENAME_NOREPLACE);
    if (r != -EINVAL && r != -ENOSYS)
        return r;
    r = (int)sm_linkat(dir, file->temporary, dir, name);
    if (r == -EPERM || r == -EOPNOTSUPP)
        return (int)sm_renameat2(dir, file->temporary, dir, name, 0);
    if (r >= 0)
        sm_unlinkat(dir, file->temporary);
    return r;
}

static int find_name(struct fetch_file *file, const char *base, char *name, size_t size)
{
    int r;
    do {
        number_name(name, size, base, free_number(file->directory, base));
        r = give_name(file, name);
    } while (r == -EEXIST);
    return r;
}

/* Some file systems tell only now that the disk is full. */
int fetch_file_keep(struct fetch_file *file, const char *url, char *name, size_t size)
{
    char base[FETCH_NAME_MAX];
    int r = (int)sm_close_checked(file->fd);
    file->fd = -1;
    if (r >= 0)
        r = (int)simul_url_file_name(url, base, sizeof base);
    if (r >= 0)
        r = find_name(file, base, name, size);
    if (r < 0)
        sm_unlinkat(file->directory, file->temporary);
    return r;
}
