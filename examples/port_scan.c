/* SPDX-License-Identifier: MIT */
/*
 * Which ports are open? A hundred are tried at once, and each has a second to answer.
 * (asyncio: a semaphore in a TaskGroup, wait_for) Usage: port_scan HOST FIRST LAST
 */
#include <simul.h>
#include <stdio.h>
#include <stdlib.h>

enum { AT_ONCE = 100, PORTS = 65536 };

struct probe {
    const char *host;
    int port;
    bool open;
};

/* No error: that a port is closed is what one wants to know. */
static int try(void *arg)
{
    struct probe *probe = arg;
    char port[8];
    simul_stream *stream;
    snprintf(port, sizeof port, "%d", probe->port);
    int r = simul_within(1.0, simul_open_connection(&stream, probe->host, port, NULL));
    if (r == 0) {
        probe->open = true;
        simul_stream_release(stream);
    }
    return r == -ECANCELED || r == -SIMUL_ENONAME || r == -SIMUL_EHOSTNAME ? r : 0;
}

struct range {
    const char *host;
    int first, n;
};

static int scan(struct probe *probes, const struct range *range)
{
    for (int i = 0; i < range->n; i++)
        probes[i] = (struct probe){.host = range->host, .port = range->first + i};
    int r = simul_for_each(probes, (size_t)range->n, sizeof *probes, try, AT_ONCE);
    for (int i = 0; i < range->n; i++)
        if (probes[i].open)
            printf("%d is open\n", probes[i].port);
    return r;
}

static int entry(void *arg)
{
    const struct range *range = arg;
    struct probe *probes = calloc((size_t)range->n, sizeof *probes);
    int r = probes ? scan(probes, range) : -ENOMEM;
    free(probes);
    return r;
}

int main(int argc, char **argv)
{
    int first = argc == 4 ? atoi(argv[2]) : 0, last = argc == 4 ? atoi(argv[3]) : 0;
    if (first <= 0 || last < first || last >= PORTS) {
        fprintf(stderr, "usage: port_scan HOST FIRST LAST\n");
        return 2;
    }
    struct range range = {argv[1], first, last - first + 1};
    return simul_exit(simul_run(entry, &range));
}
