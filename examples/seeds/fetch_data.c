/* SPDX-License-Identifier: MIT */
/*
 * Data from an API: a GET request, and what it answers as JSON; any status but 200 is an
 * error.
 *
 * Python: document 003, "Python package asyncio", "Example". Usage: fetch_data URL
 */
#include <jansson.h>
#include <simul/http.h>
#include <stdio.h>

/* Makes a GET request and parses the JSON response. */
static int fetch_data(const char *url, json_t **data)
{
    simul_session *session;
    simul_response *response;
    int r = simul_session_new(&session, NULL);
    if (r < 0)
        return r;
    r = simul_session_get(&response, session, url, NULL);
    if (r == 0) {
        int status = simul_response_status(response);
        if (status == 200)
            r = simul_response_json(response, data);
        else
            r = simul_fail(-SIMUL_EHTTPSTATUS, "Error: %d", status);
        simul_response_release(response);
    }
    simul_session_close(session);
    return r;
}

static int entry(void *arg)
{
    json_t *data;
    int r = fetch_data(arg, &data);
    if (r < 0)
        return r;
    json_dumpf(data, stdout, 0);
    puts("");
    json_decref(data);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: fetch_data URL\n");
        return 2;
    }
    return simul_exit(simul_run(entry, argv[1]));
}
