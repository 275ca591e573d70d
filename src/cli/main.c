/* SPDX-License-Identifier: MIT */
/* The program simul: a table of commands. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

const char *argp_program_version = "simul 0.1.0";

static const struct command {
    const char *name, *what;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"compare", "threads against tasks, fetching a URL again and again", cmd_compare},
    {"fetch", "fetch URLs concurrently", cmd_fetch},
    {"serve", "an HTTP server to test against", cmd_serve},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static int usage(FILE *out, int status)
{
    fprintf(out, "Usage: simul COMMAND [ARGUMENTS...]\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].what);
    fprintf(out, "\nsimul COMMAND --help says more about each.\n");
    return status;
}

static int run(const struct command *command, int argc, char **argv)
{
    char name[32]; /* what --help calls it */
    snprintf(name, sizeof name, "simul %s", command->name);
    argv[0] = name;
    return command->run(argc, argv);
}

/* What is opened next would take the place of a standard stream that is closed, and be read
 * or written as if it were that. These can be neither. */
static void occupy_closed_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    occupy_closed_streams();
    if (argc < 2)
        return usage(stderr, 2);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(stdout, 0);
    if (strcmp(argv[1], "--version") == 0)
        return puts(argp_program_version) < 0;
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return run(&commands[i], argc - 1, argv + 1);
    fprintf(stderr, "simul: there is no command '%s'\n", argv[1]);
    return usage(stderr, 2);
}
