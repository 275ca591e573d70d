/* SPDX-License-Identifier: MIT */
/* Primitives at which tasks of a loop wait, used from another thread's loop (S33, M11). */
#include "task/trace.h"

#include <errno.h>
#include <pthread.h>
#include <simul/queue.h>
#include <simul/sync.h>

static simul_lock lock;
static simul_event event;
static simul_condition condition;
static simul_semaphore semaphore;
static simul_barrier barrier = SIMUL_BARRIER(3);
static simul_queue *empty, *full;

static int wait_lock(void *unused)
{
    (void)unused;
    return simul_lock_acquire(&lock);
}

static int wait_event(void *unused)
{
    (void)unused;
    return simul_event_wait(&event);
}

static int wait_condition(void *unused)
{
    (void)unused;
    simul_condition_acquire(&condition);
    return simul_condition_wait(&condition);
}

static int wait_semaphore(void *unused)
{
    (void)unused;
    return simul_semaphore_acquire(&semaphore);
}

static int wait_barrier(void *unused)
{
    (void)unused;
    return simul_barrier_wait(&barrier);
}

static int wait_get(void *unused)
{
    void *item;
    (void)unused;
    return simul_queue_get(empty, &item);
}

static int wait_put(void *unused)
{
    return simul_queue_put(full, unused);
}

static int wait_join(void *unused)
{
    (void)unused;
    return simul_queue_join(full);
}

static void use_queues(void)
{
    void *item;
    ck_assert_int_eq(simul_queue_get(empty, &item), -EXDEV);
    ck_assert_int_eq(simul_queue_put(empty, NULL), -EXDEV);
    ck_assert_int_eq(simul_queue_put_nowait(empty, NULL), -EXDEV);
    ck_assert_int_eq(simul_queue_put(full, NULL), -EXDEV);
    ck_assert_int_eq(simul_queue_get(full, &item), -EXDEV);
    ck_assert_int_eq(simul_queue_get_nowait(full, &item), -EXDEV);
    ck_assert_int_eq(simul_queue_join(full), -EXDEV);
    ck_assert_int_eq(simul_queue_task_done(full), -EXDEV);
    ck_assert_int_eq(simul_queue_shutdown(full, true), -EXDEV);
    ck_assert_int_eq(simul_queue_shutdown(empty, true), -EXDEV);
}

static int use_all(void *unused)
{
    use_queues();
    (void)unused;
    ck_assert_int_eq(simul_lock_acquire(&lock), -EXDEV);
    ck_assert_int_eq(simul_lock_release(&lock), -EXDEV);
    ck_assert_int_eq(simul_event_wait(&event), -EXDEV);
    ck_assert_int_eq(simul_event_set(&event), -EXDEV);
    ck_assert_int_eq(simul_condition_acquire(&condition), 0);
    ck_assert_int_eq(simul_condition_wait(&condition), -EXDEV);
    ck_assert_int_eq(simul_condition_notify(&condition, 1), -EXDEV);
    ck_assert_int_eq(simul_condition_notify_all(&condition), -EXDEV);
    ck_assert_int_eq(simul_condition_release(&condition), 0);
    ck_assert_int_eq(simul_semaphore_acquire(&semaphore), -EXDEV);
    ck_assert_int_eq(simul_semaphore_release(&semaphore), -EXDEV);
    ck_assert_int_eq(simul_barrier_wait(&barrier), -EXDEV);
    ck_assert_int_eq(simul_barrier_reset(&barrier), -EXDEV);
    ck_assert_int_eq(simul_barrier_abort(&barrier), -EXDEV);
    return 1;
}

static int result;

static void *in_another_thread(void *unused)
{
    result = run_like_asyncio(use_all, NULL);
    return unused;
}

static void run_thread(void)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, in_another_thread, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(result, 1);
}

TASK_TEST(primitive_at_which_tasks_of_another_loop_wait_is_refused) /* M11, S33 */
{
    simul_fn *const fns[] = {wait_lock,    wait_event, wait_condition, wait_semaphore,
                             wait_barrier, wait_get,   wait_put,       wait_join};
    enum { N = sizeof fns / sizeof *fns };
    simul_task *tasks[N];
    empty = simul_queue_new(0, NULL);
    full = simul_queue_new(1, NULL);
    ck_assert(empty && full);
    simul_queue_put_nowait(full, NULL);
    simul_lock_acquire(&lock);
    for (int i = 0; i < N; i++)
        tasks[i] = simul_create_task(fns[i], NULL);
    let_run(1);

    run_thread();
    for (int i = 0; i < N; i++) {
        ck_assert(!simul_done(tasks[i]));
        simul_cancel(tasks[i]);
    }
    simul_gather(tasks, N, SIMUL_RETURN_EXCEPTIONS);
    simul_release_all(tasks, N);
    ck_assert(simul_lock_locked(&lock));
    ck_assert_uint_eq(simul_queue_qsize(full), 1);
    simul_queue_release(full);
    simul_queue_release(empty);
}

/* A loop that stands still may be woken for from its own thread, but not waited with. */
static int wait_with_a_loop_that_stands(void *unused)
{
    (void)unused;
    return simul_event_wait(&event);
}

TEST(waiting_beside_tasks_of_a_loop_that_stands_is_refused)
{
    simul_loop *loop;
    ck_assert_int_eq(simul_loop_new(&loop, &like_asyncio), 0);
    simul_task *t = simul_loop_create_task(loop, wait_event, NULL, NULL);
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(run_like_asyncio(wait_with_a_loop_that_stands, NULL), -EXDEV);
    ck_assert_int_eq(simul_event_set(&event), 0);
    ck_assert_int_eq(simul_loop_run_until_complete(loop, t), 0);
    simul_release(t);
    simul_loop_close(loop);
}

HARNESS_MAIN_BACKEND("other loop")
