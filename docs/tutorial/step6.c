/* SPDX-License-Identifier: MIT */
/* Ten requests at once over one session. Usage: step6 URL */
#include <simul/http.h>
#include <stdio.h>

struct job {
    simul_session *session;
    const char *url;
};

static int fetch(void *arg)
{
    struct job *job = arg;
    simul_response *response;
    const void *body;
    int r = simul_session_get(&response, job->session, job->url, NULL);
    if (r < 0)
        return r;
    ssize_t n = simul_response_bytes(response, &body, 1 << 20);
    printf("%d, %zd bytes\n", simul_response_status(response), n);
    simul_response_release(response);
    return n < 0 ? (int)n : 0;
}

static int entry(void *arg)
{
    struct job job = {.url = arg};
    simul_task *tasks[10];
    int r = simul_session_new(&job.session, NULL);
    if (r < 0)
        return r;
    for (int i = 0; i < 10; i++)
        tasks[i] = simul_create_task(fetch, &job);
    r = simul_gather(tasks, 10, 0);
    simul_release_all(tasks, 10);
    simul_session_close(job.session);
    return r;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: step6 URL\n");
        return 2;
    }
    return simul_exit(simul_run(entry, argv[1]));
}
