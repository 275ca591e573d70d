/* SPDX-License-Identifier: MIT */
/* How requests end before their time: cancelled, too late, the session closed. */
#include "http/session_fixture.h"

/* ---- time limits ------------------------------------------------------------------------ */

static void request_times_out(const char *path, const simul_request_opts *opts,
                              const char *text)
{
    simul_response *response = NULL;
    int r = simul_session_get(&response, session, URL(path), opts);
    ck_assert_int_eq(r, -ETIMEDOUT);
    ck_assert_has(simul_explain(r), text);
    ck_assert_ptr_null(response);
}

/* A limit of so many seconds, on the whole or on the server's silence. False if it was over
 * before the server had done its part: then a slow machine is given twice the time. */
typedef bool limited_fn(bool total, double seconds);

static simul_request_opts limit(bool total, double seconds)
{
    return total ? (simul_request_opts){.total_timeout = seconds}
                 : (simul_request_opts){.read_timeout = seconds};
}

static const char *message(bool total, double seconds)
{
    static char text[64];
    snprintf(text, sizeof text, "the %s time-out of %g s is over",
             total ? "total" : "read", seconds);
    return text;
}

static bool head_times_out(bool total, double seconds)
{
    simul_request_opts opts = limit(total, seconds);
    int before = server.counts->requests;
    request_times_out("/slow-head", &opts, message(total, seconds));
    return server.counts->requests > before;
}

static bool body_times_out(bool total, double seconds)
{
    simul_request_opts opts = limit(total, seconds);
    simul_response *response;
    char buf[100];
    int r = simul_session_get(&response, session, URL("/slow-body"), &opts);
    if (r == -ETIMEDOUT)
        return false;
    ck_assert_int_eq(r, 0);
    ssize_t n = simul_response_read(response, buf, sizeof buf);
    bool in_time = n != -ETIMEDOUT;
    if (in_time) {
        ck_assert_int_eq(n, 6);
        ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), -ETIMEDOUT);
    }
    ck_assert_has(simul_explain(-ETIMEDOUT), message(total, seconds));
    ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), -ETIMEDOUT);
    simul_response_release(response);
    return in_time;
}

static void try_limits(limited_fn *fn, bool total, double seconds)
{
    while (!fn(total, seconds))
        seconds *= 2;
}

/* The server has noticed that nobody waits any more for what was asked of it. */
static void all_have_left(void)
{
    http_server_until(&server.counts->left, server.counts->requests);
}

static void time_out(void)
{
    for (int total = 0; total < 2; total++) {
        try_limits(head_times_out, total, 0.1);
        all_have_left();
        try_limits(body_times_out, total, 0.1);
        all_have_left();
    }
    ck_assert_int_eq(simul_cancelling(simul_current_task()), 0);
}

TEST(time_limits_say_which)
{
    with_session(time_out, NULL);
}

static void time_out_in_queue(void)
{
    simul_response *first = get("/bytes/10000000");
    request_times_out("/hello", &(simul_request_opts){.total_timeout = 0.03},
                      "waiting for a free connection");
    simul_response_release(first);
}

TEST(the_total_limit_counts_in_the_queue)
{
    with_session(time_out_in_queue, &(simul_session_opts){.limit = 1});
}

static void session_limits(void)
{
    request_times_out("/slow-head", NULL, "the total time-out of 0.05 s is over");
    simul_request_opts longer = {.total_timeout = SIMUL_FOREVER};
    simul_response *response;
    ck_assert_int_eq(simul_session_get(&response, session, URL("/delay/100"), &longer),
                     0);
    simul_response_release(response);
}

TEST(the_session_sets_limits)
{
    with_session(session_limits, &(simul_session_opts){.total_timeout = 0.05});
}

/* The user's own limit is a cancellation to us. */
static bool head_within(bool unused, double seconds)
{
    simul_response *response = NULL;
    int before = server.counts->requests;
    (void)unused;
    int r = simul_within(
        seconds, simul_session_get(&response, session, URL("/slow-head"), NULL));
    ck_assert_int_eq(r, -ETIMEDOUT);
    return server.counts->requests > before;
}

static void within(void)
{
    try_limits(head_within, false, 0.03);
    all_have_left();

    char buf[100];
    simul_response *response = get("/slow-body");
    ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), 6);
    ssize_t n = simul_within(0.03, simul_response_read(response, buf, sizeof buf));
    ck_assert_int_eq(n, -ETIMEDOUT);
    n = simul_within(0.03, simul_response_read(response, buf, sizeof buf));
    ck_assert_int_eq(n, -ETIMEDOUT);
    simul_response_release(response);
    all_have_left();
}

TEST(limits_of_the_user_work)
{
    with_session(within, NULL);
}

/* ---- cancel ---------------------------------------------------------------------------- */

static int get_path(void *path)
{
    simul_response *response;
    int r = simul_session_get(&response, session, URL(path), NULL);
    if (r >= 0)
        simul_response_release(response);
    return r;
}

static void cancel_request(void)
{
    simul_task *task = simul_create_task(get_path, "/slow-head");
    until(&server.counts->requests, 1, task);
    simul_cancel(task);
    simul_sleep(0);
    simul_sleep(0);
    ck_assert(simul_done(task));
    ck_assert(simul_cancelled(task));
    simul_release(task);
    http_server_until(&server.counts->left, 1); /* without a turn of the loop */
}

TEST(cancel_aborts_at_once)
{
    with_session(cancel_request, NULL);
}

static int read_rest(void *arg)
{
    char buf[100];
    return (int)simul_response_read(arg, buf, sizeof buf);
}

/* Nothing is lost: the bytes wait for the next read. */
static void cancel_read(void)
{
    simul_response *response = get("/bytes/1000");
    simul_task *task = simul_create_task(read_rest, response);
    simul_cancel(task);
    simul_sleep(0);
    ck_assert(simul_done(task));
    simul_release(task);
    ck_assert_uint_eq(strlen(text_of(response)), 1000);
    simul_response_release(response);

    response = get("/slow-body");
    char buf[100];
    ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), 6);
    task = simul_create_task(read_rest, response);
    simul_sleep(0);
    ck_assert_int_eq(simul_response_read(response, buf, 1), -SIMUL_ECONCURRENT);
    simul_cancel(task);
    ck_assert_int_eq(simul_await(task), -ECANCELED);
    simul_release(task);
    simul_response_release(response);
    http_server_until(&server.counts->left, 1);
}

TEST(a_cancelled_read_loses_nothing)
{
    with_session(cancel_read, NULL);
}

/* ---- close ----------------------------------------------------------------------------- */

static void release_while_reading(void)
{
    char buf[100];
    simul_response *response = get("/slow-body");
    ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), 6);
    simul_task *task = simul_create_task(read_rest, response);
    simul_sleep(0);
    simul_response_release(response);
    ck_assert_int_eq(simul_await(task), -ECONNABORTED);
    simul_release(task);
}

TEST(release_ends_a_read)
{
    with_session(release_while_reading, NULL);
}

static int seen, has_begun;

static int be_closed_in_get(void *path)
{
    simul_response *response;
    int r = simul_session_get(&response, session, URL(path), NULL);
    if (r == -ECONNABORTED && strstr(simul_explain(r), "session was closed"))
        seen++;
    return 0;
}

static int be_closed_in_read(void *arg)
{
    (void)arg;
    char buf[100];
    simul_response *response = get("/slow-body");
    ck_assert_int_eq(simul_response_read(response, buf, sizeof buf), 6);
    has_begun = 1;
    if (simul_response_read(response, buf, sizeof buf) == -ECONNABORTED)
        seen++;
    simul_response_release(response);
    return 0;
}

/* One waits for a head, one for a body, two for a place. */
static void close_while_used(void)
{
    simul_task *tasks[4];
    seen = has_begun = 0;
    tasks[0] = simul_create_task(be_closed_in_get, "/slow-head");
    tasks[1] = simul_create_task(be_closed_in_read, NULL);
    tasks[2] = simul_create_task(be_closed_in_get, "/hello");
    tasks[3] = simul_create_task(be_closed_in_get, "/hello");
    until(&server.counts->requests, 2, tasks[0]);
    until(&has_begun, 1, tasks[1]);

    simul_session *closing = session;
    ck_assert_int_eq(simul_session_close(closing), 0);
    session = NULL;
    ck_assert_int_eq(seen, 4);
    http_server_until_most(&server.counts->open, 0);
    ck_assert_int_eq(simul_gather(tasks, 4, 0), 0);
    simul_release_all(tasks, 4);
}

TEST(close_ends_what_is_under_way)
{
    with_session(close_while_used, &(simul_session_opts){.limit = 2});
}

static void keep_response(void)
{
    char buf[4];
    simul_response *whole = get("/hello"), *part = get("/slow-body");
    ck_assert_int_eq(simul_response_read(part, buf, sizeof buf), 4);
    ck_assert_int_eq(simul_session_close(session), 0);
    session = NULL;
    ck_assert_str_eq(text_of(whole), "hello\n");
    ck_assert_int_eq(simul_response_read(part, buf, sizeof buf), 2);
    ck_assert_int_eq(simul_response_read(part, buf, sizeof buf), -ECONNABORTED);
    ck_assert_int_eq(simul_response_status(part), 200);
    simul_response_release(part);
    simul_response_release(whole);
}

TEST(responses_outlive_the_session)
{
    with_session(keep_response, NULL);
}

static void leave_connections(void)
{
    simul_response_release(get("/hello"));
    ck_assert_int_eq(server.counts->open, 1);
    ck_assert_int_eq(simul_session_close(session), 0);
    session = NULL;
    http_server_until_most(&server.counts->open, 0);
}

TEST(close_ends_idle_connections)
{
    with_session(leave_connections, NULL);
}

static int leave_session_to_main(void *arg)
{
    return simul_session_new(arg, NULL);
}

/* In a callback nobody can wait. */
static void close_it(void *arg)
{
    simul_session *it = session;
    session = NULL;
    ck_assert_int_eq(simul_session_close(it), 0);
    *(bool *)arg = true;
}

static void close_in_callback(void)
{
    bool closed = false;
    simul_task *task = simul_create_task(get_path, "/slow-head");
    until(&server.counts->requests, 1, task);
    ck_assert_int_eq(simul_call_soon(NULL, close_it, &closed, NULL), 0);
    ck_assert_int_eq(simul_await(task), -ECONNABORTED);
    ck_assert(closed);
    simul_release(task);
    ck_assert_int_eq(simul_run(leave_session_to_main, &session), -SIMUL_ERUNNING);
}

TEST(close_works_in_a_callback)
{
    with_session(close_in_callback, NULL);
}

/* ---- in the child of a fork (S57) ----------------------------------------------------------- */

static int close_session(void *unused)
{
    (void)unused;
    return simul_session_close(session);
}

static int release_response(void *response)
{
    simul_response_release(response);
    return close_session(NULL);
}

static int get_when_told(void *response)
{
    return simul_session_get(response, session, URL("/when-told"), NULL);
}

/* One connection is idle, one waits for an answer, one for the rest of a body. */
static void go_on_after_child(void)
{
    char buf[8];
    simul_response *told = NULL, *body = get("/slow-body"), *idle = get("/hello");
    ck_assert_str_eq(text_of(idle), "hello\n");
    simul_task *task = simul_create_task(get_when_told, &told);
    until(&server.counts->requests, 3, task);
    simul_response *again = get("/hello");
    simul_response_release(again);
    ck_assert_int_eq(server.counts->connections, 3);

    ck_assert_int_eq(harness_in_child(close_session, NULL), 0);
    ck_assert_int_eq(harness_in_child(release_response, body), 0);

    __atomic_store_n(&server.counts->told, 1, __ATOMIC_SEQ_CST);
    ck_assert_int_eq(simul_await(task), 0);
    ck_assert_str_eq(text_of(told), "told\n");
    again = get("/hello");
    ck_assert_str_eq(text_of(again), "hello\n");
    ck_assert_int_eq(server.counts->connections, 3);
    ck_assert_int_eq(server.counts->left, 0);
    ck_assert_int_eq(simul_response_read(body, buf, sizeof buf), 6);
    simul_release(task);
    simul_response_release(told);
    simul_response_release(body);
    simul_response_release(idle);
    simul_response_release(again);
}

TEST(a_session_that_is_closed_in_the_child_goes_on_in_the_parent)
{
    with_session(go_on_after_child, NULL);
}

/* ---- the loop closes under it --------------------------------------------------------------- */

static void leave_idle(void)
{
    told_of_sessions = 0;
    simul_response_release(get("/hello"));
    ck_assert_int_eq(server.counts->open, 1);
}

static void close_late(void)
{
    http_server_until_most(&server.counts->open, 0);
    ck_assert_int_eq(simul_session_close(session), 0);
}

TEST(a_session_that_is_left_open_is_told_of_in_debug_mode)
{
    for (int debug = 0; debug < 2; debug++) {
        leave_session(leave_idle, close_late, NULL, &(simul_loop_opts){.debug = debug});
        ck_assert_int_eq(told_of_sessions, debug);
    }
}

static void leave_nothing(void)
{
    told_of_sessions = 0;
    simul_response_release(get("/hello"));
    ck_assert_int_eq(simul_session_close(session), 0);
}

static void nothing(void)
{
}

TEST(one_that_was_closed_is_not)
{
    leave_session(leave_nothing, nothing, NULL, &(simul_loop_opts){.debug = true});
    ck_assert_int_eq(told_of_sessions, 0);
}

enum { LEFT = 5 };
static simul_task *left[LEFT];
static simul_response *left_in_read;

static int read_to_end(void *arg)
{
    (void)arg;
    char buf[100];
    left_in_read = get("/slow-body");
    ck_assert_int_eq(simul_response_read(left_in_read, buf, sizeof buf), 6);
    has_begun = 1;
    return (int)simul_response_read(left_in_read, buf, sizeof buf);
}

static int get_unknown(void *unused)
{
    simul_response *response;
    (void)unused;
    return simul_session_get(&response, session, "http://nosuch.example/", NULL);
}

/* One waits for a head, one for a body, two for the same name, one for a place. */
static void leave_tasks(void)
{
    has_begun = 0;
    name_server.silent = true;
    left[0] = simul_create_task(get_path, "/slow-head");
    left[1] = simul_create_task(read_to_end, NULL);
    left[2] = simul_create_task(get_unknown, NULL);
    left[3] = simul_create_task(get_unknown, NULL);
    left[4] = simul_create_task(get_path, "/hello");
    until(&server.counts->requests, 2, left[0]);
    until(&has_begun, 1, left[1]);
    until(&name_server.questions, 1, left[2]);
}

static void close_behind_tasks(void)
{
    char buf[4];
    simul_release_all(left, LEFT);
    http_server_until_most(&server.counts->open, 0);
    ck_assert_int_eq(simul_session_close(session), 0);
    ck_assert_int_eq(simul_response_status(left_in_read), 200);
    ck_assert_int_eq(simul_response_read(left_in_read, buf, sizeof buf), -ECONNABORTED);
    simul_response_release(left_in_read);
}

TEST(a_loop_that_closes_under_requests_leaves_nothing_of_them)
{
    leave_session(leave_tasks, close_behind_tasks, &(simul_session_opts){.limit = 4},
                  NULL);
}

static int close_and_wait(void *unused)
{
    (void)unused;
    return simul_session_close(session);
}

static void leave_while_it_closes(void)
{
    left[0] = simul_create_task(get_path, "/slow-head");
    until(&server.counts->requests, 1, left[0]);
    left[1] = simul_create_task(close_and_wait, NULL);
    simul_sleep(0);
    ck_assert(!simul_done(left[1]));
}

static void all_is_closed(void)
{
    simul_release_all(left, 2);
    http_server_until_most(&server.counts->open, 0);
}

TEST(a_loop_that_closes_under_a_close_gives_the_session_back)
{
    leave_session(leave_while_it_closes, all_is_closed, NULL, NULL);
}

/* ---- the clock ------------------------------------------------------------------------- */

static int fetch_slowly(void *arg)
{
    simul_response *response;
    *(double *)arg = simul_time();
    ck_assert_int_eq(simul_session_new(&session, NULL), 0);
    ck_assert_int_eq(simul_session_get(&response, session, URL("/delay/50"), NULL), 0);
    simul_response_release(response);
    ck_assert_int_eq(simul_session_close(session), 0);
    *(double *)arg = simul_time() - *(double *)arg;
    return 0;
}

/* The total limit of 300 s is a timer: a clock that jumped would be there at once. */
TEST(a_virtual_clock_waits_for_transfers)
{
    double took;
    simul_loop_opts opts = {.virtual_clock = true};
    http_server_start(&server);
    ck_assert_int_eq(simul_run_opts(fetch_slowly, &took, &opts), 0);
    http_server_stop(&server);
    ck_assert_double_lt(took, 300);
}

HARNESS_MAIN_BACKEND("session_end")
