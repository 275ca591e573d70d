/* SPDX-License-Identifier: MIT */
/* The session when memory fails: each allocation of some requests in turn. Every request
 * ends, though none has a time limit, and the session works on. */
#include "http/session_fixture.h"

#include <simul.h>

/* ---- an allocator that fails once ------------------------------------------------------ */

static long until_failure; /* allocations; below 1: none fails */

static bool fails(void)
{
    return until_failure > 0 && --until_failure == 0;
}

static void *failing_malloc(size_t size, void *arg)
{
    (void)arg;
    return fails() ? NULL : malloc(size);
}

static void *failing_realloc(void *ptr, size_t size, void *arg)
{
    (void)arg;
    return fails() ? NULL : realloc(ptr, size);
}

static void plain_free(void *ptr, void *arg)
{
    (void)arg;
    free(ptr);
}

/* ---- the sweep ------------------------------------------------------------------------- */

static void still_works(void)
{
    simul_response *response = get("/hello");
    ck_assert_str_eq(text_of(response), "hello\n");
    simul_response_release(response);
}

/* What curl says when zlib has no memory is what it says of a stream it cannot read. */
static bool may_be(int r)
{
    return r == 0 || r == -ENOMEM || r == -SIMUL_EENCODING;
}

/* fn() with the first, second, n-th allocation failing, until it makes fewer. */
static void sweep(int (*fn)(void))
{
    bool failed;
    for (long n = 1;; n++) {
        until_failure = n;
        int r = fn();
        failed = until_failure == 0;
        until_failure = 0;
        if (!failed)
            ck_assert_int_eq(r, 0);
        if (!failed)
            return;
        ck_assert_msg(may_be(r), "%ld: %s", n, simul_explain(r));
        still_works();
    }
}

static void with_failures(void (*fn)(void))
{
    with_session(fn, &(simul_session_opts){.total_timeout = -1, .connect_timeout = -1});
}

/* ---- one request ----------------------------------------------------------------------- */

/* Piece by piece, so that a long body is paused and resumed. */
static int read_all(simul_response *response)
{
    static char piece[5000];
    ssize_t n;
    while ((n = simul_response_read(response, piece, sizeof piece)) > 0)
        ;
    return (int)n;
}

static int fetch(void *path)
{
    simul_response *response;
    int r = simul_session_get(&response, session, URL(path), NULL);
    if (r < 0)
        return r;
    r = read_all(response);
    simul_response_release(response);
    return r;
}

static int fetch_on_kept_connection(void)
{
    return fetch("/redirects/1");
}

static void sweep_kept_connection(void)
{
    still_works();
    sweep(fetch_on_kept_connection);
}

TEST(on_a_kept_connection)
{
    with_failures(sweep_kept_connection);
}

static int fetch_on_new_connection(void)
{
    return fetch("/until-close/100");
}

/* The server closes after each answer. */
static void sweep_new_connection(void)
{
    sweep(fetch_on_new_connection);
}

TEST(on_a_new_connection)
{
    with_failures(sweep_new_connection);
}

static int fetch_long_body(void)
{
    return fetch("/bytes/1000000");
}

static void sweep_long_body(void)
{
    sweep(fetch_long_body);
}

TEST(within_a_body_that_is_paused)
{
    with_failures(sweep_long_body);
}

/* ---- several --------------------------------------------------------------------------- */

/* The first error cancels the others. */
static int fetch_three(void)
{
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, fetch, "/hello");
    simul_group_create_task(&group, fetch, "/until-close/1000");
    simul_group_create_task(&group, fetch, "/gzip/100000");
    return simul_group_exit(&group, 0);
}

static void sweep_three(void)
{
    sweep(fetch_three);
}

TEST(with_several_at_once)
{
    with_failures(sweep_three);
}

/* Nobody cancels: each has to end by itself. */
static int fetch_apart(void)
{
    static char *const paths[] = {"/hello", "/bytes/200000", "/until-close/1000"};
    simul_future *tasks[3] = {NULL};
    int r = 0;
    for (int i = 0; i < 3; i++)
        tasks[i] = simul_create_task(fetch, paths[i]);
    for (int i = 0; i < 3; i++) {
        int of_task = tasks[i] ? simul_await(tasks[i]) : -ENOMEM;
        r = r < 0 ? r : of_task;
        simul_release(tasks[i]);
    }
    return r;
}

static void sweep_apart(void)
{
    sweep(fetch_apart);
}

TEST(with_several_apart)
{
    with_failures(sweep_apart);
}

/* Before anything of the library allocates. */
int main(void)
{
    simul_allocator allocator = {failing_malloc, failing_realloc, plain_free, NULL};
    if (simul_set_allocator(&allocator) < 0)
        return EXIT_FAILURE;
    harness_need_backend();
    return harness_run("session_memory");
}
