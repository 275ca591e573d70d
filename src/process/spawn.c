/* SPDX-License-Identifier: MIT */
/* The parent's side of spawn.h. */
#include "process/spawn.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sys.h"

/* ---- which program ------------------------------------------------------------------- */

static const char *path_of(char *const *env)
{
    const char *path = NULL;
    for (; env && *env; env++)
        if (strncmp(*env, "PATH=", 5) == 0)
            path = *env + 5;
    return path;
}

static size_t count(const char *text, char c)
{
    size_t n = 0;
    for (; *text; text++)
        n += *text == c;
    return n;
}

/* An empty directory is the current one. */
static char *join(char *to, const char *folder, size_t len, const char *name)
{
    memcpy(to, folder, len);
    to += len;
    if (len > 0)
        *to++ = '/';
    return stpcpy(to, name) + 1;
}

char **sm_program_paths(const char *name, char *const *env)
{
    const char *path = env ? path_of(env) : getenv("PATH");
    if (!path)
        path = "/bin:/usr/bin";
    if (strchr(name, '/') || !*name)
        path = ""; /* itself */
    size_t n = count(path, ':') + 1;
    char **paths =
        sm_malloc((n + 1) * sizeof *paths + strlen(path) + 1 + n * (strlen(name) + 2));
    if (!paths)
        return NULL;
    char *text = (char *)(paths + n + 1);
    for (size_t i = 0; i < n; i++) {
        size_t len = strcspn(path, ":");
        paths[i] = text;
        text = join(text, path, len, name);
        path += len + 1;
    }
    paths[n] = NULL;
    return paths;
}

/* ---- running it ---------------------------------------------------------------------- */

/* In a function of its own: nothing but this frame is alive in both. */
static __attribute__((noinline)) pid_t fork_child(struct sm_spawn *spawn)
{
    pid_t pid = (pid_t)sm_vfork();
    if (pid == 0)
        sm_spawn_child(spawn);
    return pid;
}

static unsigned highest_fd(void)
{
    const rlim_t many = 1 << 16;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > many)
        return (unsigned)many;
    return (unsigned)limit.rlim_cur;
}

/* S1 */
static pid_t fork_undisturbed(struct sm_spawn *spawn)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &spawn->mask);
    pid_t pid = fork_child(spawn);
    pthread_sigmask(SIG_SETMASK, &spawn->mask, NULL);
    return pid;
}

/* S2, S3: 0 when the program runs. */
static int hear(int report, pid_t pid, enum sm_spawn_step *step)
{
    struct sm_spawn_report said = {.step = SM_SPAWN_EXEC};
    ssize_t n = sm_read(report, &said, sizeof said);
    if (n == 0)
        return 0;
    if (n < 0)
        kill(pid, SIGKILL); /* it may well run */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    *step = (enum sm_spawn_step)said.step;
    return n < 0 ? (int)n : -said.error;
}

long sm_above_stdio(int fd)
{
    if (fd < 0 || fd > 2)
        return fd;
    long lifted = sm_fcntl(fd, F_DUPFD_CLOEXEC, 3);
    sm_close(fd);
    return lifted;
}

pid_t sm_spawn(struct sm_spawn *spawn, enum sm_spawn_step *step)
{
    int report[2];
    *step = SM_SPAWN_EXEC;
    long r = sm_pipe(report, O_CLOEXEC);
    if (r < 0)
        return (pid_t)r;
    r = sm_above_stdio(report[1]);
    spawn->report = (int)r;
    spawn->highest_fd = highest_fd();
    if (r >= 0) {
        r = fork_undisturbed(spawn);
        sm_close(spawn->report);
    }
    int failed = r < 0 ? 0 : hear(report[0], (pid_t)r, step);
    sm_close(report[0]);
    return failed ? failed : (pid_t)r;
}
