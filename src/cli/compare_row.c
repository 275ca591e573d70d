/* SPDX-License-Identifier: MIT */
/*
 * One row: `frequency` fetches of one URL by one method, each response checked. All methods
 * use the same session and engine. A thread that does blocking requests is a thread
 * that runs a loop with one task: it does one thing at a time, and the kernel does the rest.
 */
#include <pthread.h>
#include <simul/http.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "cli/compare.h"

const char *const compare_names[COMPARE_METHODS] = {"threads-pool", "threads", "simul",
                                                    "simul-unlimited"};

struct row {
    const struct compare *compare;
    FILE *out;
    pthread_mutex_t lock; /* of what follows, as threads share it */
    int left;             /* requests not begun */
    int failed;
    char error[160];
};

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* ---- one fetch ------------------------------------------------------------------------ */

/* Our own server's body says where each byte stands; of others only the end is known. */
static int check_body(const struct compare *compare, const char *data, ssize_t n)
{
    if (!compare->own_server)
        return n > 0 ? 0 : simul_fail(-SIMUL_ETRANSFER, "an empty body");
    if (n != COMPARE_BODY)
        return simul_fail(-SIMUL_ETRANSFER, "a body of %zd bytes, not %d", n,
                          COMPARE_BODY);
    for (ssize_t i = 0; i < n; i++)
        if (data[i] != (char)('a' + i % 26))
            return simul_fail(-SIMUL_ETRANSFER, "byte %zd of the body is wrong", i);
    return 0;
}

static int check(const struct compare *compare, simul_response *response)
{
    const void *data;
    if (simul_response_status(response) != 200)
        return simul_fail(-SIMUL_EHTTPSTATUS, "status %d",
                          simul_response_status(response));
    ssize_t n = simul_response_bytes(response, &data, 64 << 20);
    return n < 0 ? (int)n : check_body(compare, data, n);
}

static int fetch(const struct compare *compare, simul_session *session)
{
    simul_response *response;
    int r = simul_session_get(&response, session, compare->url, NULL);
    if (r < 0)
        return r;
    r = check(compare, response);
    simul_response_release(response);
    return r;
}

static void ended(struct row *row, int r, const char *message)
{
    pthread_mutex_lock(&row->lock);
    if (r < 0 && row->failed++ == 0)
        snprintf(row->error, sizeof row->error, "%s", message);
    fputc(r < 0 ? '!' : '.', row->out);
    pthread_mutex_unlock(&row->lock);
}

/* ---- threads --------------------------------------------------------------------------- */

static bool take(struct row *row)
{
    pthread_mutex_lock(&row->lock);
    bool any = row->left > 0;
    row->left -= any;
    pthread_mutex_unlock(&row->lock);
    return any;
}

static void fetch_and_tell(struct row *row, simul_session *session)
{
    int r = fetch(row->compare, session);
    ended(row, r, r < 0 ? simul_explain(r) : NULL);
}

static int work(void *arg)
{
    struct row *row = arg;
    simul_session *session;
    int r = simul_session_new(&session, &(simul_session_opts){.limit = 1});
    while (take(row)) {
        if (r < 0)
            ended(row, r, simul_strerror(r));
        else
            fetch_and_tell(row, session);
    }
    return r < 0 ? r : simul_session_close(session);
}

static int work_once(void *arg)
{
    struct row *row = arg;
    simul_session *session;
    int r = simul_session_new(&session, &(simul_session_opts){.limit = 1});
    if (r < 0) {
        ended(row, r, simul_strerror(r));
        return r;
    }
    fetch_and_tell(row, session);
    return simul_session_close(session);
}

struct thread {
    pthread_t id;
    struct row *row;
    simul_fn *work;
    bool started;
};

static void *thread_main(void *arg)
{
    struct thread *thread = arg;
    int r = simul_run_opts(thread->work, thread->row,
                           &(simul_loop_opts){.no_signals = true});
    if (r == -EMFILE || r == -ENOMEM
        || r == -EAGAIN) /* it did not come to its requests */
        ended(thread->row, r, simul_strerror(r));
    return NULL;
}

static int run_threads(struct row *row, int n, simul_fn *work_of)
{
    struct thread *threads = sm_zalloc((size_t)n * sizeof *threads);
    if (!threads)
        return -ENOMEM;
    for (int i = 0; i < n; i++) {
        threads[i] = (struct thread){.row = row, .work = work_of};
        int r = pthread_create(&threads[i].id, NULL, thread_main, &threads[i]);
        threads[i].started = r == 0;
        if (r != 0)
            ended(row, -r, "no more threads");
    }
    for (int i = 0; i < n; i++)
        if (threads[i].started)
            pthread_join(threads[i].id, NULL);
    sm_free(threads);
    return 0;
}

/* ---- tasks ------------------------------------------------------------------------------ */

struct tasks {
    struct row *row;
    int n, limit;
};

struct one {
    struct row *row;
    simul_session *session;
};

static int fetch_one(void *arg)
{
    struct one *one = arg;
    return fetch(one->row->compare, one->session);
}

static void tell(simul_future *task, void *arg)
{
    ended(arg, simul_error(task), simul_message(task));
}

static int fetch_all(struct row *row, simul_session *session, int n)
{
    struct one one = {row, session};
    simul_task **tasks = sm_zalloc((size_t)n * sizeof *tasks);
    if (!tasks)
        return -ENOMEM;
    for (int i = 0; i < n; i++) {
        tasks[i] = simul_create_task(fetch_one, &one);
        if (simul_add_done_callback(tasks[i], tell, row) < 0)
            ended(row, -ENOMEM, "no memory");
    }
    int r = simul_gather(tasks, (size_t)n, SIMUL_RETURN_EXCEPTIONS);
    simul_release_all(tasks, (size_t)n);
    sm_free(tasks);
    return r;
}

static int tasks_main(void *arg)
{
    struct tasks *tasks = arg;
    simul_session *session;
    int r = simul_session_new(&session, &(simul_session_opts){.limit = tasks->limit});
    if (r < 0)
        return r;
    r = fetch_all(tasks->row, session, tasks->n);
    simul_sleep(0); /* the last callbacks */
    simul_session_close(session);
    return r;
}

/* ---- the row ---------------------------------------------------------------------------- */

static int run_method(struct row *row, enum compare_method method, int frequency)
{
    const struct compare *compare = row->compare;
    int pool = compare->pool < frequency ? compare->pool : frequency;
    struct tasks tasks = {row, frequency, compare->connections};
    switch (method) {
    case COMPARE_POOL:
        return run_threads(row, pool, work);
    case COMPARE_THREADS:
        return run_threads(row, frequency, work_once);
    case COMPARE_UNLIMITED:
        tasks.limit = -1;
        break;
    default:
        break;
    }
    return simul_run(tasks_main, &tasks);
}

int compare_run_row(const struct compare *compare, enum compare_method method,
                    int frequency, FILE *out)
{
    struct row row = {.compare = compare,
                      .out = out,
                      .lock = PTHREAD_MUTEX_INITIALIZER,
                      .left = frequency};
    double start = now();
    int r = run_method(&row, method, frequency);
    double seconds = now() - start;
    if (r < 0 && row.failed == 0)
        snprintf(row.error, sizeof row.error, "%s", simul_strerror(r));
    fprintf(out, "=%.6f %d %d %s\n", seconds, row.failed, r < 0 ? -1 : 0, row.error);
    return r < 0 ? r : 0;
}
