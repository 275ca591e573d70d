/* SPDX-License-Identifier: MIT */
/* What the child of a fork finds of the locks of the process's other threads. */
#include <semaphore.h>
#include <time.h>

#include "base/fork.h"
#include "base/mutex.h"
#include "base/sanitizers.h"
#include "support/harness.h"

static pthread_mutex_t of_process = PTHREAD_MUTEX_INITIALIZER;
SM_HELD_OVER_FORKS(of_process)

#if SM_TSAN
/* To it the child has leaked the thread, which only the parent has. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "report_thread_leaks=0";
}
#endif

static sem_t has_it;

static void *hold_a_while(void *unused)
{
    const struct timespec while_ = {0, 20000000};
    pthread_mutex_lock(&of_process);
    sem_post(&has_it);
    nanosleep(&while_, NULL);
    pthread_mutex_unlock(&of_process);
    return unused;
}

static int is_taken(void *unused)
{
    (void)unused;
    return pthread_mutex_trylock(&of_process);
}

TEST(a_fork_waits_for_a_lock_of_the_process)
{
    pthread_t thread;
    ck_assert_int_eq(sm_watch_forks(), 0);
    sem_init(&has_it, 0, 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, hold_a_while, NULL), 0);
    while (sem_wait(&has_it) < 0)
        ;
    ck_assert_int_eq(harness_in_child(is_taken, NULL), 0);
    pthread_join(thread, NULL);
    ck_assert_int_eq(pthread_mutex_trylock(&of_process), 0);
    pthread_mutex_unlock(&of_process);
}

/* Twice, as it would be if others were there. */
static int take_it(void *mutex)
{
    sm_mutex_lock(mutex);
    sm_mutex_lock(mutex);
    sm_mutex_unlock(mutex);
    sm_mutex_finish(mutex);
    return sm_mutex_is_shared(mutex);
}

TEST(the_lock_of_an_object_is_nothing_to_the_child)
{
    struct sm_mutex mutex;
    ck_assert_int_eq(sm_watch_forks(), 0);
    sm_mutex_init(&mutex);
    sm_mutex_lock(&mutex);
    ck_assert_int_eq(harness_in_child(take_it, &mutex), 0);
    ck_assert(sm_mutex_is_shared(&mutex));
    sm_mutex_unlock(&mutex);
    sm_mutex_finish(&mutex);
}

HARNESS_MAIN("held_over_forks")
