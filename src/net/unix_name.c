/* SPDX-License-Identifier: MIT */
#include "net/unix_name.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "loop/loop.h"
#include "net/address.h"

/* What was made, to tell it from what others put in its place. */
struct sm_unix_name {
    dev_t device;
    ino_t inode;
    unsigned forks; /* sm_forks when it was made */
    char path[];
};

void sm_unix_name_end(struct sm_unix_name *name)
{
    struct stat now;
    if (name && name->forks == sm_forks && sm_stat(name->path, &now) == 0
        && now.st_dev == name->device && now.st_ino == name->inode)
        sm_unlink(name->path);
    sm_free(name);
}

static struct sm_unix_name *new_name(const char *path)
{
    struct sm_unix_name *name = sm_zalloc(sizeof *name + strlen(path) + 1);
    if (!name)
        return NULL;
    name->forks = sm_forks;
    strcpy(name->path, path);
    return name;
}

/* What cannot be removed bind() will tell of. */
static void remove_stale(const char *path)
{
    struct stat old;
    if (sm_stat(path, &old) == 0 && S_ISSOCK(old.st_mode))
        sm_unlink(path);
}

/* Nobody can connect yet: listen() is still to come. */
static int set_up(struct sm_unix_name *name, unsigned mode)
{
    struct stat made;
    int r = mode ? (int)sm_chmod(name->path, mode) : 0;
    if (r == 0)
        r = (int)sm_stat(name->path, &made);
    if (r < 0) {
        remove_stale(name->path);
        return r;
    }
    name->device = made.st_dev;
    name->inode = made.st_ino;
    return 0;
}

static int bind_file(int fd, const simul_address *at, struct sm_unix_name *name,
                     unsigned mode)
{
    remove_stale(name->path);
    int r = (int)sm_bind(fd, sm_address_socket(at), at->length);
    return r < 0 ? r : set_up(name, mode);
}

static int explain(int error, const char *path)
{
    return simul_fail(error, "bind to %s: %s", path, simul_strerror(error));
}

int sm_unix_bind(struct sm_unix_name **name, int fd, const char *path, unsigned mode)
{
    simul_address at;
    int r = simul_address_unix(&at, path);
    if (r < 0)
        return r;
    bool abstract = path[0] == '@';
    struct sm_unix_name *made = abstract ? NULL : new_name(path);
    if (!abstract && !made)
        return -ENOMEM;
    r = abstract ? (int)sm_bind(fd, sm_address_socket(&at), at.length)
                 : bind_file(fd, &at, made, mode);
    if (r == 0)
        *name = made;
    else
        sm_free(made);
    return r < 0 ? explain(r, path) : 0;
}
