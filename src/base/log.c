/* SPDX-License-Identifier: MIT */
/* The log sink. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fork.h"
#include "base/sys.h"

static void to_stderr(simul_log_level level, const char *message, void *arg);

static struct {
    pthread_mutex_t lock;
    simul_log_fn *log;
    void *arg;
} sink = {PTHREAD_MUTEX_INITIALIZER, to_stderr, NULL};

/* One writev, so that lines of several threads and processes stay whole. When standard
 * error itself fails there is nobody left to tell. */
static void to_stderr(simul_log_level level, const char *message, void *arg)
{
    static const char *const prefixes[] = {
        "simul: error: ", "simul: warning: ", "simul: ", "simul: debug: "};
    const char *prefix = prefixes[level];
    struct iovec parts[] = {
        {(void *)prefix, strlen(prefix)},
        {(void *)message, strlen(message)},
        {(void *)"\n", 1},
    };
    (void)arg;
    (void)sm_writev(STDERR_FILENO, parts, 3);
}

SM_HELD_OVER_FORKS(sink.lock)

void simul_set_log(simul_log_fn *log, void *arg)
{
    pthread_mutex_lock(&sink.lock);
    sink.log = log ? log : to_stderr;
    sink.arg = log ? arg : NULL;
    pthread_mutex_unlock(&sink.lock);
}

/* The lock is not held during the call: a sink may log, or set another sink. */
static void hand_over(simul_log_level level, const char *message)
{
    pthread_mutex_lock(&sink.lock);
    simul_log_fn *log = sink.log;
    void *arg = sink.arg;
    pthread_mutex_unlock(&sink.lock);
    log(level, message, arg);
}

/* errno is preserved: a message must not change what its caller is about to report.
 * Short messages need no memory; a long one that gets none is cut, not dropped. */
void sm_log(simul_log_level level, const char *fmt, ...)
{
    int saved = errno;
    char text[512], *longer = NULL;
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n >= (int)sizeof text && (longer = sm_malloc(n + 1))) {
        va_start(args, fmt);
        vsnprintf(longer, n + 1, fmt, args);
        va_end(args);
    }
    hand_over(level, longer ? longer : text);
    sm_free(longer);
    errno = saved;
}
