/* SPDX-License-Identifier: MIT */
/*
 * Two runs, one after the other, each on a loop of its own: a counter, one request and the
 * time that it takes, then six (or ten) at once, which take about as long as the one.
 *
 * Python: document 000, "Yes we can do this!!" (main and main2).
 * Usage: timed_fetches URL OTHER_URL
 */
#include <simul/http.h>
#include <stdio.h>

enum { CALLS_MAX = 10 };

static int counter(int idx)
{
    printf("Counter %d started\n", idx);
    int r = simul_sleep(idx);
    if (r == 0)
        puts("Exiting the counter");
    return r;
}

static int fetch(int idx, const char *url)
{
    simul_session *session;
    simul_response *response;
    int r = simul_session_new(&session, NULL);
    if (r < 0)
        return r;
    r = simul_session_get(&response, session, url, NULL);
    if (r == 0) {
        printf("%d-%s → %d\n", idx, url, simul_response_status(response));
        simul_response_release(response);
    }
    simul_session_close(session);
    return r;
}

static struct call {
    int idx;
    const char *url;
} calls[CALLS_MAX];

static int fetch_task(void *arg)
{
    const struct call *call = arg;
    return fetch(call->idx, call->url);
}

static int fetch_all(const char *url, int n)
{
    simul_task *tasks[CALLS_MAX];
    for (int i = 0; i < n; i++) {
        calls[i] = (struct call){i, url};
        tasks[i] = simul_create_task(fetch_task, &calls[i]);
    }
    int r = simul_gather(tasks, (size_t)n, 0);
    simul_release_all(tasks, (size_t)n);
    return r;
}

static int one_then_many(int idx, const char *url, int many)
{
    double start = simul_time();
    int r = fetch(idx, url); /* wait for this one before all others */
    double end = simul_time();
    if (r < 0)
        return r;
    printf("Time for a single API call is %.3f\n", end - start);
    r = fetch_all(url, many);
    if (r == 0)
        printf("All API call time is %.3f\n", simul_time() - end);
    return r;
}

static int first(void *url)
{
    int r = counter(2);
    return r < 0 ? r : one_then_many(10000, url, 6);
}

static int second(void *url)
{
    int r = counter(3);
    return r < 0 ? r : one_then_many(100, url, 10);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: timed_fetches URL OTHER_URL\n");
        return 2;
    }
    int r = simul_run(first, argv[1]);
    if (r == 0)
        r = simul_run(second, argv[2]);
    return simul_exit(r);
}
