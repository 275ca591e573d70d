/* SPDX-License-Identifier: MIT */
/* What other threads may do: call_soon_threadsafe and cancelling its handle (S4, L09). Also
 * run under ThreadSanitizer. */
#include "task/trace.h"

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { THREADS = 4, CALLS = 500 };

static simul_loop *loop;
static int called;

static void count_call(void *unused)
{
    (void)unused;
    called++;
}

static void *call_often(void *unused)
{
    for (int i = 0; i < CALLS; i++)
        ck_assert_int_eq(simul_call_soon_threadsafe(loop, count_call, NULL, NULL), 0);
    return unused;
}

static void join_all(pthread_t *threads, int n)
{
    for (int i = 0; i < n; i++)
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}

static int called_from_threads(void *fn)
{
    pthread_t threads[THREADS];
    loop = simul_get_running_loop();
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, *(void *(**)(void *))fn, NULL), 0);
    while (called < THREADS * CALLS)
        if (simul_sleep(0.001) < 0)
            break;
    join_all(threads, THREADS);
    return called;
}

TEST(calls_of_many_threads_all_come) /* L09 */
{
    void *(*fn)(void *) = call_often;
    ck_assert_int_eq(simul_run(called_from_threads, &fn), THREADS * CALLS);
}

/* ---- order within a thread ---------------------------------------------------------------- */

static int next_of[THREADS], out_of_order;

static void check_order(void *number)
{
    intptr_t n = (intptr_t)number;
    if (next_of[n / CALLS]++ != n % CALLS)
        out_of_order++;
    called++;
}

static void *call_in_order(void *unused)
{
    static int index;
    intptr_t me = __atomic_fetch_add(&index, 1, __ATOMIC_RELAXED);
    for (intptr_t i = 0; i < CALLS; i++)
        ck_assert_int_eq(simul_call_soon_threadsafe(loop, check_order,
                                                    (void *)(me * CALLS + i), NULL),
                         0);
    return unused;
}

TEST(calls_of_one_thread_come_in_their_order) /* S4 */
{
    void *(*fn)(void *) = call_in_order;
    ck_assert_int_eq(simul_run(called_from_threads, &fn), THREADS * CALLS);
    ck_assert_int_eq(out_of_order, 0);
}

/* ---- waking ---------------------------------------------------------------------------------- */

static void set_it(void *future)
{
    simul_set_result(future, 4);
}

struct wake {
    simul_loop *loop;
    simul_future *future;
};

static void *wake_later(void *arg)
{
    struct wake *wake = arg;
    usleep(20000);
    ck_assert_int_eq(simul_call_soon_threadsafe(wake->loop, set_it, wake->future, NULL),
                     0);
    return NULL;
}

static int wait_to_be_woken(void *unused)
{
    (void)unused;
    pthread_t thread;
    struct wake wake = {simul_get_running_loop(), simul_create_future()};
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_call_later(NULL, 1000, set_it, wake.future, &handle), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, wake_later, &wake), 0);
    int r = simul_await(wake.future);
    pthread_join(thread, NULL);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    simul_release(wake.future);
    return r;
}

TEST(call_of_another_thread_wakes_a_loop_that_sleeps) /* L09, S4 */
{
    ck_assert_int_eq(simul_run(wait_to_be_woken, NULL), 4);
}

static void *stop_later(void *unused)
{
    usleep(20000);
    ck_assert_int_eq(
        simul_call_soon_threadsafe(loop, (simul_callback_fn *)unused, loop, NULL), 0);
    return NULL;
}

static void stop(void *which)
{
    simul_loop_stop(which);
}

TEST(another_thread_stops_a_loop_that_runs_for_ever)
{
    pthread_t thread;
    capture_log();
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_later, (void *)stop), 0);
    ck_assert_int_eq(simul_loop_run_forever(loop), 0);
    pthread_join(thread, NULL);
    simul_loop_close(loop);
}

/* ---- cancelling handles from other threads (S4) ------------------------------------------------- */

static void *call_and_cancel(void *unused)
{
    for (int i = 0; i < CALLS; i++) {
        simul_handle *handle = NULL;
        ck_assert_int_eq(simul_call_soon_threadsafe(loop, count_call, NULL, &handle),
                         0);
        if (i % 2)
            simul_handle_cancel(handle);
        simul_handle_release(handle);
    }
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, set_it, unused, NULL), 0);
    return NULL;
}

static int cancel_from_thread(void *unused)
{
    (void)unused;
    pthread_t thread;
    loop = simul_get_running_loop();
    simul_future *f = simul_create_future();
    ck_assert_int_eq(pthread_create(&thread, NULL, call_and_cancel, f), 0);
    int r = simul_await(f);
    pthread_join(thread, NULL);
    simul_release(f);
    return r;
}

TEST(handles_cancelled_by_the_thread_that_made_them) /* S4 */
{
    ck_assert_int_eq(simul_run(cancel_from_thread, NULL), 4);
    ck_assert_int_ge(called, CALLS / 2);
    ck_assert_int_le(called, CALLS);
}

/* Both in one pass: what is cancelled after it was moved to the loop is not called. */
TEST(handle_cancelled_before_the_loop_looks_is_not_called)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, count_call, NULL, &handle), 0);
    simul_handle_cancel(handle);
    ck_assert(simul_handle_cancelled(handle));
    simul_loop_run_once(loop, 0);
    ck_assert_int_eq(called, 0);
    simul_handle_release(handle);
    simul_loop_close(loop);
}

TEST(what_a_thread_scheduled_is_dropped_when_the_loop_closes)
{
    simul_handle *handle = NULL;
    ck_assert_int_eq(simul_loop_new(&loop, NULL), 0);
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, count_call, NULL, &handle), 0);
    ck_assert_int_eq(simul_call_soon_threadsafe(loop, count_call, NULL, NULL), 0);
    simul_loop_close(loop);
    ck_assert_int_eq(called, 0);
    ck_assert(simul_handle_cancelled(handle));
    simul_handle_release(handle);
}

/* ---- what they may not do (L14) ------------------------------------------------------------ */

static void *misuse(void *other)
{
    trace("%d", simul_call_soon(other, count_call, NULL, NULL) == -SIMUL_ENOLOOP);
    trace("%d", simul_call_later(other, 1, count_call, NULL, NULL) == -SIMUL_ENOLOOP);
    trace("%d", simul_add_reader(other, 0, count_call, NULL) == -SIMUL_ENOLOOP);
    trace("%d", simul_loop_create_task(other, nothing, NULL, NULL) == NULL);
    trace("%d", simul_loop_create_future(other) == NULL);
    trace("%d", simul_loop_run_forever(other) == -SIMUL_ERUNNING);
    trace("%d", simul_loop_close(other) == -SIMUL_ERUNNING);
    return NULL;
}

static int be_misused(void *unused)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, misuse, simul_get_running_loop()),
                     0);
    pthread_join(thread, NULL);
    (void)unused;
    return 0;
}

TEST(what_belongs_to_the_loops_thread_is_refused_in_others) /* L14, S58 */
{
    ck_assert_int_eq(simul_run(be_misused, NULL), 0);
    ck_assert_trace("1 1 1 1 1 1 1");
    ck_assert_int_eq(called, 0);
}

/* ---- two loops that call each other ------------------------------------------------------------------ */

struct player {
    simul_loop *loop; /* atomic; set when it runs */
    simul_future *done;
    int left;
    struct player *other;
};

static struct player players[2];

static void play(void *arg)
{
    struct player *p = arg;
    p->left--;
    ck_assert_int_eq(simul_call_soon_threadsafe(p->other->loop, play, p->other, NULL),
                     0);
    if (p->left == 0)
        simul_set_result(p->done, 0);
}

static int play_along(void *arg)
{
    struct player *p = arg;
    p->done = simul_create_future();
    __atomic_store_n(&p->loop, simul_get_running_loop(), __ATOMIC_RELEASE);
    while (!__atomic_load_n(&p->other->loop, __ATOMIC_ACQUIRE))
        if (simul_sleep(0.001) < 0)
            return -ECANCELED;
    if (p == &players[0])
        ck_assert_int_eq(simul_call_soon(NULL, play, p, NULL), 0);
    int r = simul_await(p->done);
    simul_release(p->done);
    return r;
}

static pthread_barrier_t both_done;

static void *play_in_thread(void *arg)
{
    struct player *p = arg;
    simul_task *t;
    simul_loop *mine;
    ck_assert_int_eq(simul_loop_new(&mine, NULL), 0);
    t = simul_loop_create_task(mine, play_along, p, NULL);
    int r = simul_loop_run_until_complete(mine, t);
    simul_release(t);
    ck_assert_int_eq(r, 0);           /* the other would wait for ever */
    pthread_barrier_wait(&both_done); /* nobody calls a loop that is closed */
    simul_loop_close(mine);
    return arg;
}

TEST(loops_of_two_threads_call_each_other)
{
    pthread_t threads[2];
    capture_log();
    pthread_barrier_init(&both_done, NULL, 2);
    for (int i = 0; i < 2; i++)
        players[i] = (struct player){.left = 300, .other = &players[1 - i]};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, play_in_thread, &players[i]),
                         0);
    for (int i = 0; i < 2; i++) {
        void *result;
        pthread_join(threads[i], &result);
        ck_assert_ptr_eq(result, &players[i]);
    }
    pthread_barrier_destroy(&both_done);
}

HARNESS_MAIN_BACKEND("threads")
