/* SPDX-License-Identifier: MIT */
/*
 * Children of `simul compare`: the server, and one process per row, so that its CPU time
 * and memory are its own. A child dies with its parent.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <simul/error.h>

#include "base/sys.h"
#include "cli/compare.h"

/* Start this program again with other arguments, its standard output into *out. */
static pid_t start(char *const argv[], FILE **out)
{
    int pipe_fds[2];
    long r = SM_SYS("pipe2", EMFILE, pipe2(pipe_fds, O_CLOEXEC));
    if (r < 0)
        return (pid_t)r;
    pid_t parent = getpid();
    pid_t pid = (pid_t)SM_SYS("fork", EAGAIN, fork());
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(127);
        dup2(pipe_fds[1], STDOUT_FILENO);
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    close(pipe_fds[1]);
    *out = pid < 0 ? NULL : fdopen(pipe_fds[0], "r");
    if (!*out)
        close(pipe_fds[0]);
    return pid;
}

/* ---- the server ------------------------------------------------------------------------ */

int compare_start_server(struct compare_server *server, double latency)
{
    char line[200], text[32];
    snprintf(text, sizeof text, "%.9g", latency);
    char *argv[] = {"simul", "serve",     "--host", "127.0.0.1", "--port",
                    "0",     "--latency", text,     NULL};
    FILE *out;
    server->pid = start(argv, &out);
    if (server->pid < 0)
        return server->pid;
    bool said = out && fgets(line, sizeof line, out);
    if (out)
        fclose(out);
    char *url = said ? strstr(line, "http://") : NULL;
    if (!url) {
        compare_stop_server(server);
        return -EIO;
    }
    url[strcspn(url, "\n")] = '\0';
    snprintf(server->url, sizeof server->url, "%s", url);
    return 0;
}

void compare_stop_server(struct compare_server *server)
{
    if (server->pid <= 0)
        return;
    kill(server->pid, SIGTERM);
    SM_SYS("waitpid", ECHILD, waitpid(server->pid, NULL, 0));
    server->pid = 0;
}

/* ---- a row ------------------------------------------------------------------------------ */

/* What compare_run_row() writes; false if the child died before it was through. */
static bool read_result(FILE *out, struct compare_row *row,
                        compare_progress_fn *progress, void *arg)
{
    int c, done = 0, broken;
    while ((c = fgetc(out)) == '.' || c == '!')
        progress(row, ++done, arg);
    if (c != '=' || fscanf(out, "%lf %d %d", &row->seconds, &row->failed, &broken) != 3)
        return false;
    fgetc(out);
    if (fgets(row->error, sizeof row->error, out))
        row->error[strcspn(row->error, "\n")] = '\0';
    return broken == 0;
}

static void take_usage(struct compare_row *row, const struct rusage *usage)
{
    row->cpu_seconds =
        (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec)
        + (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1e-6;
    row->peak_memory = usage->ru_maxrss * 1024;
}

static pid_t start_row(const struct compare *compare, const struct compare_row *row,
                       FILE **out)
{
    char method[16], frequency[16], connections[16], pool[16];
    snprintf(method, sizeof method, "%d", (int)row->method);
    snprintf(frequency, sizeof frequency, "%d", row->frequency);
    snprintf(connections, sizeof connections, "%d", compare->connections);
    snprintf(pool, sizeof pool, "%d", compare->pool);
    char *argv[] = {"simul",
                    "compare",
                    "--row",
                    method,
                    "--frequencies",
                    frequency,
                    "--connections",
                    connections,
                    "--pool",
                    pool,
                    "--url",
                    (char *)compare->url,
                    compare->own_server ? "--known-body" : NULL,
                    NULL};
    return start(argv, out);
}

int compare_spawn_row(const struct compare *compare, struct compare_row *row,
                      compare_progress_fn *progress, void *arg)
{
    FILE *out;
    struct rusage usage = {0};
    int status = 0;
    pid_t pid = start_row(compare, row, &out);
    if (pid < 0)
        return pid;
    bool whole = out && read_result(out, row, progress, arg);
    if (out)
        fclose(out);
    long r = SM_SYS("wait4", ECHILD, wait4(pid, &status, 0, &usage));
    if (r < 0)
        return (int)r;
    take_usage(row, &usage);
    if (whole && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (!row->error[0])
        snprintf(row->error, sizeof row->error, "its process %s %d",
                 WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGINT ? -SIMUL_EINTERRUPTED
                                                             : -EIO;
}
