/* SPDX-License-Identifier: MIT */
/*
 * What is awaited is finished before anything else begins: the counter, then one request;
 * what is gathered runs all at once: ten requests.
 *
 * Python: document 000, "Using the async-await keywords", first program.
 * Usage: counter_and_fetches URL
 */
#include <simul/http.h>
#include <stdio.h>

enum { CALLS = 10 };

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
} calls[CALLS];

static int fetch_task(void *arg)
{
    const struct call *call = arg;
    return fetch(call->idx, call->url);
}

static int entry(void *url)
{
    simul_task *tasks[CALLS];
    int r = counter(2); /* must finish before going ahead */
    if (r == 0)
        r = fetch(10000, url); /* wait for this one before all others */
    if (r < 0)
        return r;
    for (int i = 0; i < CALLS; i++) {
        calls[i] = (struct call){i, url};
        tasks[i] = simul_create_task(fetch_task, &calls[i]);
    }
    r = simul_gather(tasks, CALLS, 0); /* run all at the same time */
    simul_release_all(tasks, CALLS);
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: counter_and_fetches URL\n");
        return 2;
    }
    return simul_exit(simul_run(entry, argv[1]));
}
