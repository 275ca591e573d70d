/* SPDX-License-Identifier: MIT */
/* Names: a name server that never answers holds up neither the loop nor a cancel, and no
 * thread is behind it. */
#include "http/session_fixture.h"

#include <dirent.h>

/* Runs fn() as a task, with a name server that is asked and says nothing. */
static void (*silenced)(void);

static void silence(void)
{
    name_server.silent = true;
    silenced();
}

static void with_silent_server(void (*fn)(void))
{
    silenced = fn;
    with_session(silence, NULL);
}

static int count_threads(void)
{
    DIR *dir = opendir("/proc/self/task");
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

static int get_url(void *url)
{
    simul_response *response;
    int r = simul_session_get(&response, session, url, NULL);
    if (r >= 0)
        simul_response_release(response);
    return r;
}

/* ---- cancel ---------------------------------------------------------------------------- */

static void cancel_look_up(void)
{
    int threads = count_threads();
    simul_task *task = simul_create_task(get_url, "http://silent.example/");
    until(&name_server.questions, 1, task);
    ck_assert_int_eq(count_threads(), threads);

    simul_cancel(task);
    simul_sleep(0); /* the same pass: the task was ready before we are again */
    ck_assert(simul_done(task));
    ck_assert(simul_cancelled(task));
    ck_assert_int_eq(count_threads(), threads);
    simul_release(task);
    simul_response_release(get("/hello"));
}

TEST(a_silent_name_server_does_not_hold_up_a_cancel)
{
    with_silent_server(cancel_look_up);
}

static int count_up(void *arg)
{
    for (;;) {
        int r = simul_sleep(0.001);
        if (r < 0)
            return r;
        ++*(int *)arg;
    }
}

/* How often another task had its turn. */
static int run_beside_for(double seconds)
{
    static int n;
    char text[120];
    n = 0;
    simul_task *other = simul_create_task(count_up, &n);
    simul_response *response;
    int r = simul_session_get(&response, session, "http://silent.example/",
                              &(simul_request_opts){.connect_timeout = seconds});
    ck_assert_int_eq(r, -ETIMEDOUT);
    snprintf(text, sizeof text,
             "silent.example:80: the connect time-out of %g s is over, looking up the "
             "host",
             seconds);
    ck_assert_has(simul_explain(r), text);
    simul_cancel(other);
    simul_release(other);
    return n;
}

/* A machine too slow for a few turns is given twice the time. */
static void run_beside(void)
{
    double seconds = 0.1;
    while (run_beside_for(seconds) <= 5)
        seconds *= 2;
}

TEST(a_silent_name_server_holds_up_nobody_else)
{
    with_silent_server(run_beside);
}

/* ---- together -------------------------------------------------------------------------- */

/* Three ask at once: one question. The one who asks is cancelled: the next one asks. */
static void look_up_together(void)
{
    simul_task *tasks[3];
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(get_url, "http://silent.example/");
    until(&name_server.questions, 1, tasks[0]);
    simul_sleep(0.05);
    int asked = name_server.questions;
    ck_assert_int_le(asked, 2); /* one for each family of addresses */

    simul_cancel(tasks[0]);
    until(&name_server.questions, asked + 1, tasks[1]);
    ck_assert(simul_cancelled(tasks[0]));
    ck_assert(!simul_done(tasks[1]) && !simul_done(tasks[2]));
    simul_cancel(tasks[2]);
    simul_sleep(0);
    ck_assert(simul_cancelled(tasks[2]));
    ck_assert(!simul_done(tasks[1]));
    simul_cancel(tasks[1]);
    ck_assert_int_eq(simul_await(tasks[1]), -ECANCELED);
    simul_release_all(tasks, 3);
}

TEST(a_name_is_asked_for_once)
{
    with_silent_server(look_up_together);
}

static void close_while_looking_up(void)
{
    simul_task *tasks[2];
    for (int i = 0; i < 2; i++)
        tasks[i] = simul_create_task(get_url, "http://silent.example/");
    until(&name_server.questions, 1, tasks[0]);
    simul_session *closing = session;
    ck_assert_int_eq(simul_session_close(closing), 0);
    session = NULL;
    ck_assert_int_eq(simul_await(tasks[0]), -ECONNABORTED);
    ck_assert_int_eq(simul_await(tasks[1]), -ECONNABORTED);
    simul_release_all(tasks, 2);
}

TEST(close_ends_look_ups)
{
    with_silent_server(close_while_looking_up);
}

/* ---- answers --------------------------------------------------------------------------- */

static void get_unknown(void)
{
    get_fails("http://nosuch.example/", -SIMUL_ENONAME, "unknown host: nosuch.example");
    simul_response_release(get("/hello"));
}

TEST(an_unknown_host_is_an_error)
{
    with_session(get_unknown, NULL);
}

/* ---- numbers --------------------------------------------------------------------------- */

static void get_numbers(void)
{
    static const char *const hosts[] = {"127.0.0.1",  "127.1",     "0x7f000001",
                                        "2130706433", "localhost", "LOCALHOST"};
    char url[64];
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        snprintf(url, sizeof url, "http://%s:%d/hello", hosts[i], server.port);
        ck_assert_msg(get_url(url) == 0, "%s", url);
    }
    ck_assert_int_eq(name_server.questions, 0);
}

TEST(numbers_are_not_asked_for)
{
    with_silent_server(get_numbers);
}

HARNESS_MAIN_BACKEND("session_names")
