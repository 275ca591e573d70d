/* SPDX-License-Identifier: MIT */
/* Servers at Unix sockets, and the files that these have. */
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "net/address.h"
#include "net/server.h"

/* The file of a socket: what was made, to tell it from what others put in its place. */
struct sm_unix_name {
    dev_t device;
    ino_t inode;
    char path[];
};

/* ---- the file ---------------------------------------------------------------------------- */

void sm_unix_name_end(struct sm_unix_name *name)
{
    struct stat now;
    if (name && sm_stat(name->path, &now) == 0 && now.st_dev == name->device
        && now.st_ino == name->inode)
        sm_unlink(name->path);
    sm_free(name);
}

static struct sm_unix_name *new_name(const char *path)
{
    struct sm_unix_name *name = sm_zalloc(sizeof *name + strlen(path) + 1);
    if (name)
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
static int set_up(struct sm_unix_name *name, const simul_server_opts *opts)
{
    struct stat made;
    int r = opts->mode ? (int)sm_chmod(name->path, opts->mode) : 0;
    if (r == 0)
        r = (int)sm_stat(name->path, &made);
    if (r < 0) {
        sm_unlink(name->path);
        return r;
    }
    name->device = made.st_dev;
    name->inode = made.st_ino;
    return 0;
}

static int bind_to_file(int fd, const simul_address *at, struct sm_unix_name *name,
                        const simul_server_opts *opts)
{
    remove_stale(name->path);
    int r = (int)sm_bind(fd, sm_address_socket(at), at->length);
    return r < 0 ? r : set_up(name, opts);
}

/* ---- starting ---------------------------------------------------------------------------- */

static int explain(int error, const char *path)
{
    return simul_fail(error, "listen at %s: %s", path, simul_strerror(error));
}

/* `name`: NULL for an abstract one. On failure the file is removed, the name is freed. */
static int serve_at(simul_server **server, int fd, struct sm_unix_name *name,
                    simul_client_fn *handler, void *arg, const simul_server_opts *opts)
{
    int r = simul_start_server_fds(server, &fd, 1, handler, arg, opts);
    if (r == 0 && name && opts->keep_socket)
        sm_free(name);
    else if (r == 0)
        (*server)->unix_name = name;
    else
        sm_unix_name_end(name);
    return r;
}

static int bind_and_serve(simul_server **server, int fd, const simul_address *at,
                          const char *path, simul_client_fn *handler, void *arg,
                          const simul_server_opts *opts)
{
    if (path[0] == '@') {
        int r = (int)sm_bind(fd, sm_address_socket(at), at->length);
        return r < 0 ? explain(r, path)
                     : serve_at(server, fd, NULL, handler, arg, opts);
    }
    struct sm_unix_name *name = new_name(path);
    if (!name)
        return -ENOMEM;
    int r = bind_to_file(fd, at, name, opts);
    if (r < 0) {
        sm_free(name);
        return explain(r, path);
    }
    return serve_at(server, fd, name, handler, arg, opts);
}

static int start(simul_server **server, const char *path, simul_client_fn *handler,
                 void *arg, const simul_server_opts *opts)
{
    simul_address at;
    int r = simul_address_unix(&at, path);
    if (r < 0)
        return r;
    int fd = (int)sm_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    r = bind_and_serve(server, fd, &at, path, handler, arg, opts);
    if (r < 0)
        sm_close(fd);
    return r;
}

int simul_start_unix_server(simul_server **server, const char *path,
                            simul_client_fn *handler, void *arg,
                            const simul_server_opts *opts)
{
    static const simul_server_opts defaults;
    opts = opts ? opts : &defaults;
    int r = sm_server_check(handler, opts);
    bool none = true;
    if (r == 0 && opts->systemd)
        r = sm_start_systemd(server, handler, arg, opts, &none);
    return r < 0 || !none ? r : start(server, path, handler, arg, opts);
}
