/* SPDX-License-Identifier: MIT */
/* How many at once, and who comes first. */
#include "http/session_fixture.h"

enum { MANY = 30 };

struct fetch {
    const char *url;
    int order; /* of its end, from 1 */
    int error;
};

static int ended;

static int fetch(void *arg)
{
    struct fetch *it = arg;
    simul_response *response;
    const char *text;
    it->error = simul_session_get(&response, session, it->url, NULL);
    if (it->error >= 0) {
        ssize_t n = simul_response_text(response, &text, 0);
        it->error = n < 0 ? (int)n : 0;
        simul_response_release(response);
    }
    it->order = ++ended;
    return 0;
}

static void fetch_all(struct fetch *all, size_t n)
{
    ck_assert_int_eq(simul_for_each(all, n, sizeof *all, fetch, 0), 0);
    for (size_t i = 0; i < n; i++)
        ck_assert_int_eq(all[i].error, 0);
}

static void fetch_many(void)
{
    struct fetch all[MANY] = {{0}};
    char url[64];
    snprintf(url, sizeof url, "%s", URL("/delay/20"));
    for (int i = 0; i < MANY; i++)
        all[i].url = url;
    fetch_all(all, MANY);
}

/* ---- in all ---------------------------------------------------------------------------- */

static void limited_in_all(void)
{
    fetch_many();
    ck_assert_int_eq(server.counts->requests, MANY);
    ck_assert_int_eq(server.counts->connections, 3);
    ck_assert_int_le(server.counts->active_max, 3);
}

TEST(no_more_than_the_limit_are_in_use)
{
    with_session(limited_in_all, &(simul_session_opts){.limit = 3});
}

static void unlimited(void)
{
    fetch_many();
    ck_assert_int_eq(server.counts->connections, MANY);
}

TEST(without_a_limit_all_go_at_once)
{
    with_session(unlimited, &(simul_session_opts){.limit = -1});
}

static void in_order(void)
{
    struct fetch all[MANY] = {{0}};
    char url[64];
    snprintf(url, sizeof url, "%s", URL("/hello"));
    for (int i = 0; i < MANY; i++)
        all[i].url = url;
    fetch_all(all, MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert_int_eq(all[i].order, i + 1);
    ck_assert_int_eq(server.counts->connections, 1);
}

TEST(who_came_first_is_served_first)
{
    with_session(in_order, &(simul_session_opts){.limit = 1});
}

/* ---- for a host ------------------------------------------------------------------------ */

static void limited_for_a_host(void)
{
    fetch_many();
    ck_assert_int_eq(server.counts->connections, 2);
    ck_assert_int_le(server.counts->active_max, 2);
}

TEST(no_more_than_the_limit_go_to_a_host)
{
    with_session(limited_for_a_host,
                 &(simul_session_opts){.limit = 10, .limit_per_host = 2});
}

/* The slow host answers when the quick one has answered all. */
static int tell_in_the_end(void *unused)
{
    (void)unused;
    for (int turns = 0; ended < 4 && turns < 10000; turns++)
        if (simul_sleep(0.001) < 0)
            break;
    __atomic_store_n(&server.counts->told, 1, __ATOMIC_SEQ_CST);
    return 0;
}

/* Those who wait for a slow host let others pass. */
static void hosts_do_not_block_each_other(void)
{
    struct fetch all[8] = {{0}};
    char slow[64], quick[64];
    snprintf(slow, sizeof slow, "%s", URL("/when-told"));
    snprintf(quick, sizeof quick, "http://localhost:%d/hello", server.port);
    for (int i = 0; i < 8; i++)
        all[i].url = i < 4 ? slow : quick;
    ended = 0;
    simul_task *teller = simul_create_task(tell_in_the_end, NULL);
    fetch_all(all, 8);
    ck_assert_int_eq(simul_await(teller), 0);
    simul_release(teller);
    for (int i = 0; i < 4; i++)
        ck_assert_int_gt(all[i].order, all[i + 4].order);
    for (int i = 1; i < 8; i++)
        if (i != 4)
            ck_assert_int_gt(all[i].order, all[i - 1].order);
}

TEST(a_host_without_room_holds_up_nobody_else)
{
    with_session(hosts_do_not_block_each_other,
                 &(simul_session_opts){.limit = 4, .limit_per_host = 1});
}

/* ---- places come back -------------------------------------------------------------------- */

/* A response whose body is there, read or not, takes no place; one whose body is still to
 * come does. */
static void held_responses(void)
{
    simul_response *small = get("/hello");
    simul_response *other = get("/hello");
    simul_response_release(small);
    simul_response_release(other);

    simul_response *large = get("/bytes/10000000"), *response = NULL;
    int r =
        simul_within(0.05, simul_session_get(&response, session, URL("/hello"), NULL));
    ck_assert_int_eq(r, -ETIMEDOUT);
    simul_response_release(large);
    simul_response_release(get("/hello"));
}

TEST(a_place_is_free_when_the_body_is_there)
{
    with_session(held_responses, &(simul_session_opts){.limit = 1});
}

static void fail_and_go_on(void)
{
    for (int i = 0; i < 5; i++) {
        get_fails("/nothing", -SIMUL_EINCOMPLETE, "");
        get_fails("http://nosuch.example/", -SIMUL_ENONAME, "");
        get_fails("/loop", -SIMUL_EREDIRECTS, "");
    }
    simul_response_release(get("/hello"));
}

TEST(errors_give_their_places_back)
{
    with_session(fail_and_go_on, &(simul_session_opts){.limit = 1});
}

/* The one in the middle of the queue is cancelled; the others keep their order. */
static void cancel_in_queue(void)
{
    char hello[64], slow[64];
    snprintf(hello, sizeof hello, "%s", URL("/hello"));
    snprintf(slow, sizeof slow, "%s", URL("/delay/30"));
    struct fetch all[4] = {
        {.url = slow}, {.url = hello}, {.url = hello}, {.url = hello}};
    simul_task *tasks[4];
    ended = 0;
    for (int i = 0; i < 4; i++)
        tasks[i] = simul_create_task(fetch, &all[i]);
    simul_sleep(0);
    simul_cancel(tasks[2]);
    ck_assert_int_eq(simul_gather(tasks, 4, SIMUL_RETURN_EXCEPTIONS), 0);
    ck_assert(simul_cancelled(tasks[2]));
    ck_assert_int_eq(all[2].error, -ECANCELED);
    ck_assert_int_eq(all[2].order, 1);
    ck_assert_int_eq(all[0].order, 2);
    ck_assert_int_eq(all[1].order, 3);
    ck_assert_int_eq(all[3].order, 4);
    ck_assert_int_eq(server.counts->requests, 3);
    simul_release_all(tasks, 4);
}

TEST(a_cancelled_waiter_leaves_the_queue)
{
    with_session(cancel_in_queue, &(simul_session_opts){.limit = 1});
}

/* Cancelled in the very pass in which it was given the place. */
static void cancel_when_granted(void)
{
    char hello[64];
    snprintf(hello, sizeof hello, "%s", URL("/hello"));
    struct fetch both[2] = {{.url = hello}, {.url = hello}};
    simul_response *first = get("/bytes/10000000");
    simul_task *tasks[2];
    for (int i = 0; i < 2; i++)
        tasks[i] = simul_create_task(fetch, &both[i]);
    simul_sleep(0);
    simul_response_release(first); /* grants it to the first in the queue */
    simul_cancel(tasks[0]);
    ck_assert_int_eq(simul_gather(tasks, 2, SIMUL_RETURN_EXCEPTIONS), 0);
    ck_assert_int_eq(both[0].error, -ECANCELED);
    ck_assert_int_eq(both[1].error, 0);
    simul_release_all(tasks, 2);
}

TEST(a_place_granted_to_the_cancelled_goes_on)
{
    with_session(cancel_when_granted, &(simul_session_opts){.limit = 1});
}

HARNESS_MAIN_BACKEND("session_limits")
