/* SPDX-License-Identifier: MIT */
/* Two threads, a mutex, a condition variable for each direction, and nothing else. They
 * signal without holding the mutex, so that who wakes need not wait for it. */
#include <pthread.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct word {
    pthread_cond_t said;
    bool is_said;
};

static struct word question = {PTHREAD_COND_INITIALIZER, false};
static struct word answer = {PTHREAD_COND_INITIALIZER, false};

static inline void say(struct word *word)
{
    pthread_mutex_lock(&lock);
    word->is_said = true;
    pthread_mutex_unlock(&lock);
    pthread_cond_signal(&word->said);
}

static inline void hear(struct word *word)
{
    pthread_mutex_lock(&lock);
    while (!word->is_said)
        pthread_cond_wait(&word->said, &lock);
    word->is_said = false;
    pthread_mutex_unlock(&lock);
}

static inline void call(void)
{
    say(&question);
    hear(&answer);
}

static void *serve(void *arg)
{
    for (;;) {
        hear(&question);
        say(&answer);
    }
    return arg;
}

#include "threads.h"

int main(int argc, char **argv)
{
    struct bench bench = bench_args(argc, argv);
    pthread_t thread;
    if (pthread_create(&thread, NULL, serve, NULL) != 0)
        bench_fail("pthread_create");
    threads_measure(bench);
    return 0;
}
