/* SPDX-License-Identifier: MIT */
#include "task/trace.h"

#include <pthread.h>
#include <simul/base.h>
#include <stdarg.h>
#include <string.h>

static char words[16384], taken[16384], messages[65536];
static size_t words_length, messages_length;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void trace(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    pthread_mutex_lock(&lock);
    if (words_length)
        words[words_length++] = ' ';
    words_length +=
        (size_t)vsnprintf(words + words_length, sizeof words - words_length, fmt, args);
    ck_assert_uint_lt(words_length + 1, sizeof words);
    pthread_mutex_unlock(&lock);
    va_end(args);
}

void trace_text(void *text)
{
    trace("%s", (const char *)text);
}

void trace_done(simul_future *future, void *text)
{
    ck_assert(simul_done(future));
    trace("%s", (const char *)text);
}

const char *trace_take(void)
{
    pthread_mutex_lock(&lock);
    memcpy(taken, words, words_length);
    taken[words_length] = '\0';
    words_length = 0;
    pthread_mutex_unlock(&lock);
    return taken;
}

void until_traced(void)
{
    while (words_length == 0 && simul_sleep(0.001) == 0)
        ;
}

static void keep(simul_log_level level, const char *message, void *arg)
{
    (void)level;
    (void)arg;
    pthread_mutex_lock(&lock);
    int n = snprintf(messages + messages_length, sizeof messages - messages_length,
                     "%s\n", message);
    if (messages_length + (size_t)n < sizeof messages)
        messages_length += (size_t)n;
    pthread_mutex_unlock(&lock);
}

void capture_log(void)
{
    messages_length = 0;
    messages[0] = '\0';
    simul_set_log(keep, NULL);
}

int logged(const char *text)
{
    int n = 0;
    for (const char *at = messages; (at = strstr(at, text)); at += strlen(text))
        n++;
    return n;
}

static void trace_error(simul_loop *loop, const simul_error_context *context, void *arg)
{
    (void)loop;
    (void)arg;
    trace("(%s: %s)", simul_error_name(context->error), context->message);
}

void trace_errors(void)
{
    simul_set_exception_handler(NULL, trace_error, NULL);
}

const simul_loop_opts like_asyncio = {
    .virtual_clock = true, .poll_interval = 1, .budget = -1};

int run_like_asyncio(simul_fn *fn, void *arg)
{
    return simul_run_opts(fn, arg, &like_asyncio);
}

void let_run(int passes)
{
    while (passes-- > 0)
        simul_sleep(0);
}

void end_all(simul_task **tasks, size_t n)
{
    simul_gather(tasks, n, SIMUL_RETURN_EXCEPTIONS);
    simul_release_all(tasks, n);
}

int sleeper(void *seconds)
{
    return simul_sleep(*(double *)seconds);
}

int sleep_forever(void *unused)
{
    (void)unused;
    return simul_sleep(INFINITY);
}

int nothing(void *unused)
{
    (void)unused;
    return 0;
}
