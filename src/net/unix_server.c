/* SPDX-License-Identifier: MIT */
/* Servers at Unix sockets. */
#include "base/sys.h"
#include "net/server.h"
#include "net/unix_name.h"

/* `name`: NULL for an abstract one. On failure the file is removed, the name is freed. */
static int serve_at(simul_server **server, int fd, struct sm_unix_name *name,
                    const struct sm_service *service, const simul_server_opts *opts)
{
    int r = sm_server_start_fds(server, &fd, 1, service, opts);
    if (r == 0 && name && opts->keep_socket)
        sm_free(name);
    else if (r == 0)
        (*server)->unix_name = name;
    else
        sm_unix_name_end(name);
    return r;
}

static int bind_and_serve(simul_server **server, int fd, const char *path,
                          const struct sm_service *service,
                          const simul_server_opts *opts)
{
    struct sm_unix_name *name;
    int r = sm_unix_bind(&name, fd, path, opts->mode);
    return r < 0 ? r : serve_at(server, fd, name, service, opts);
}

static int start(simul_server **server, const char *path,
                 const struct sm_service *service, const simul_server_opts *opts)
{
    int fd = (int)sm_socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    int r = bind_and_serve(server, fd, path, service, opts);
    if (r < 0)
        sm_close(fd);
    return r;
}

int sm_server_start_unix(struct simul_server **server, const char *path,
                         const struct sm_service *service,
                         const simul_server_opts *opts)
{
    static const simul_server_opts defaults;
    opts = opts ? opts : &defaults;
    int r = sm_server_check(service, opts);
    bool none = true;
    if (r == 0 && opts->systemd)
        r = sm_start_systemd(server, service, opts, &none);
    return r < 0 || !none ? r : start(server, path, service, opts);
}

int simul_start_unix_server(simul_server **server, const char *path,
                            simul_client_fn *handler, void *arg,
                            const simul_server_opts *opts)
{
    return sm_server_start_unix(
        server, path, &(struct sm_service){.handler = handler, .arg = arg}, opts);
}
