/* SPDX-License-Identifier: MIT */
/*
 * Run a command and show what it writes, line by line as it comes, its errors marked, and
 * in the end how it went. It gets ten seconds.
 * (asyncio: create_subprocess_shell and readline) Usage: run COMMAND
 */
#include <simul.h>
#include <stdio.h>

struct output {
    simul_stream *stream;
    const char *mark;
};

static int show(void *arg)
{
    const struct output *output = arg;
    char *line;
    ssize_t n;
    while ((n = simul_stream_readline(output->stream, &line)) > 0)
        printf("%s %s%s", output->mark, line, line[n - 1] == '\n' ? "" : "\n");
    return (int)n;
}

/* Both outputs at once, then the end. */
static int follow(simul_process *process, int *returncode)
{
    struct output out = {simul_process_stdout(process), "|"};
    struct output err = {simul_process_stderr(process), "!"};
    simul_group group;
    simul_group_enter(&group);
    simul_group_create_task(&group, show, &out);
    simul_group_create_task(&group, show, &err);
    int r = simul_group_exit(&group, 0);
    return r < 0 ? r : simul_process_wait(process, returncode);
}

static int entry(void *command)
{
    simul_process *process;
    int returncode = 0;
    int r = simul_create_subprocess_shell(&process, command,
                                          &(simul_process_opts){.in = SIMUL_DEVNULL,
                                                                .out = SIMUL_PIPE,
                                                                .err = SIMUL_PIPE});
    if (r < 0)
        return r;
    r = simul_within(10.0, follow(process, &returncode));
    simul_process_release(process); /* that ends it, if time was up */
    if (r == 0 && returncode < 0)
        printf("killed by signal %d\n", -returncode);
    else if (r == 0)
        printf("ended with %d\n", returncode);
    return r;
}

int main(int argc, char **argv)
{
    const char *shown =
        "echo one; sleep 0.1; echo two >&2; sleep 0.1; echo three; exit 4";
    return simul_exit(simul_run(entry, argc > 1 ? argv[1] : (char *)shown));
}
