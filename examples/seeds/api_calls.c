/* SPDX-License-Identifier: MIT */
/*
 * Two hundred calls of an API, a hundred of each kind, all at once over one session, which
 * has a hundred connections at most and uses them again. Their answers, JSON, in the order
 * of the calls.
 *
 * Python: document 000, "EXAMPLE MAKING HTTP CALLS ASYNC - 3".
 * Usage: api_calls URL [OTHER_URL [CALLS]]
 */
#include <jansson.h>
#include <simul/http.h>
#include <stdio.h>
#include <stdlib.h>

enum { CALLS_MAX = 200 };

static struct call {
    simul_session *session;
    const char *url;
    json_t *answer;
} calls[CALLS_MAX];
static size_t n_calls = CALLS_MAX;

static int api_call(void *arg)
{
    struct call *call = arg;
    simul_response *response;
    int r = simul_session_get(&response, call->session, call->url, NULL);
    if (r < 0)
        return r;
    r = simul_response_raise_for_status(response);
    if (r == 0)
        r = simul_response_json(response, &call->answer);
    simul_response_release(response);
    return r;
}

static int gather_calls(simul_session *session, char *urls[2])
{
    simul_task *tasks[CALLS_MAX];
    for (size_t i = 0; i < n_calls; i++) {
        calls[i] = (struct call){.session = session, .url = urls[i % 2]};
        tasks[i] = simul_create_task(api_call, &calls[i]);
    }
    int r = simul_gather(tasks, n_calls, 0);
    simul_release_all(tasks, n_calls);
    return r;
}

static int entry(void *urls)
{
    simul_session *session;
    int r = simul_session_new(&session, NULL);
    if (r < 0)
        return r;
    r = gather_calls(session, urls);
    simul_session_close(session); /* waits for those that are under way */
    return r;
}

static void print_answers(void)
{
    for (size_t i = 0; i < n_calls; i++) {
        fputs(i == 0 ? "[" : ", ", stdout);
        json_dumpf(calls[i].answer, stdout, 0);
    }
    puts("]");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: api_calls URL [OTHER_URL [CALLS]]\n");
        return 2;
    }
    char *urls[2] = {argv[1], argc > 2 ? argv[2] : argv[1]};
    if (argc > 3 && atoi(argv[3]) > 0 && atoi(argv[3]) < CALLS_MAX)
        n_calls = (size_t)atoi(argv[3]);
    double start = simul_time();
    int r = simul_run(entry, urls);
    if (r == 0) {
        printf("total time %.3f\n", simul_time() - start);
        print_answers();
    }
    for (size_t i = 0; i < n_calls; i++)
        json_decref(calls[i].answer);
    return simul_exit(r);
}
