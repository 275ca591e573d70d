/* SPDX-License-Identifier: MIT */
/*
 * Nine thousand connections at once, both ends in this process, with 20,000 descriptors.
 * Not swept: what it does it does nine thousand times.
 */
#include "support/harness.h"

#include <simul.h>

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

enum { CONNECTIONS = 9000, DESCRIPTORS = 20000, AT_ONCE = 500 };

struct visitor {
    const char *port;
    int number;
    simul_stream *stream;
};

static int answer(simul_stream *client, void *arg)
{
    char *line;
    ssize_t n;
    (void)arg;
    while ((n = simul_stream_readline(client, &line)) > 0)
        if ((n = simul_stream_write(client, line, (size_t)n)) < 0)
            break;
    return (int)n;
}

static int enter(void *arg)
{
    struct visitor *visitor = arg;
    return simul_open_connection(&visitor->stream, "127.0.0.1", visitor->port, NULL);
}

static int talk(void *arg)
{
    struct visitor *visitor = arg;
    char line[32], *answered;
    int n = snprintf(line, sizeof line, "%d\n", visitor->number);
    ssize_t r = simul_stream_write(visitor->stream, line, (size_t)n);
    if (r >= 0)
        r = simul_stream_readline(visitor->stream, &answered);
    return r < 0 ? (int)r : r == n && strcmp(line, answered) == 0 ? 0 : -EBADMSG;
}

static int visit(void *unused)
{
    static struct visitor visitors[CONNECTIONS];
    char port[8];
    simul_server *server;
    (void)unused;
    ck_assert_int_eq(simul_start_server(&server, "127.0.0.1", "0", answer, NULL,
                                        &(simul_server_opts){.backlog = AT_ONCE}),
                     0);
    snprintf(port, sizeof port, "%d", simul_server_port(server));
    for (int i = 0; i < CONNECTIONS; i++)
        visitors[i] = (struct visitor){port, i, NULL};

    ck_assert_int_eq(
        simul_for_each(visitors, CONNECTIONS, sizeof *visitors, enter, AT_ONCE), 0);
    ck_assert_int_eq(
        simul_for_each(visitors, CONNECTIONS, sizeof *visitors, talk, CONNECTIONS), 0);
    ck_assert_uint_eq(simul_server_clients(server), CONNECTIONS);
    for (int i = 0; i < CONNECTIONS; i++)
        simul_stream_release(visitors[i].stream);
    simul_server_close(server);
    ck_assert_int_eq(simul_server_wait_closed(server), 0);
    simul_server_release(server);
    return 0;
}

TEST_TIMEOUT(nine_thousand_connections_are_open_at_once_and_each_is_answered, 120)
{
    ck_assert_int_eq(simul_run(visit, NULL), 0);
}

int main(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < DESCRIPTORS)
        harness_skip("no more than %ld descriptors are allowed", (long)limit.rlim_max);
    limit.rlim_cur = DESCRIPTORS;
    setrlimit(RLIMIT_NOFILE, &limit);
    harness_need_backend();
    return harness_run("many");
}
