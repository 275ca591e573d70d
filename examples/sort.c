/* SPDX-License-Identifier: MIT */
/*
 * Words through sort(1), by callbacks: no task waits but the one that wants the result.
 * (asyncio: SubprocessProtocol, loop.subprocess_exec) Usage: sort [WORD...]
 */
#include <simul.h>
#include <stdio.h>
#include <string.h>

struct sorting {
    char **words;
    simul_event over;
};

static void made(simul_subprocess_transport *child, void *user)
{
    const struct sorting *sorting = user;
    simul_transport *in = simul_subprocess_get_pipe_transport(child, 0);
    for (char **word = sorting->words; *word; word++) {
        simul_transport_write(in, *word, strlen(*word));
        simul_transport_write(in, "\n", 1);
    }
    simul_transport_write_eof(in);
}

static void sorted(simul_subprocess_transport *child, void *user, int fd,
                   const void *data, size_t n)
{
    (void)child;
    (void)user;
    fwrite(data, 1, n, fd == 1 ? stdout : stderr);
}

/* All of its output was there before. */
static void lost(simul_subprocess_transport *child, void *user, int error)
{
    struct sorting *sorting = user;
    (void)error;
    printf("ended with %d\n", simul_subprocess_get_returncode(child));
    simul_event_set(&sorting->over);
}

static const simul_subprocess_protocol protocol = {
    .connection_made = made,
    .pipe_data_received = sorted,
    .connection_lost = lost,
};

static int entry(void *words)
{
    static struct sorting sorting; /* callbacks may come when this has been cancelled */
    simul_subprocess_transport *child;
    sorting.words = words;
    int r = simul_subprocess_exec(
        &child, (char *[]){"sort", NULL}, &protocol, &sorting,
        &(simul_process_opts){.in = SIMUL_PIPE, .out = SIMUL_PIPE, .err = SIMUL_PIPE});
    if (r < 0)
        return r;
    r = simul_event_wait(&sorting.over);
    simul_subprocess_close(child); /* that ends it, if this was cancelled */
    simul_subprocess_release(child);
    return r;
}

int main(int argc, char **argv)
{
    char *shown[] = {"pear", "apple", "fig", NULL};
    return simul_exit(simul_run(entry, argc > 1 ? argv + 1 : shown));
}
