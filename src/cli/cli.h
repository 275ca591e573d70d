/* SPDX-License-Identifier: MIT */
/* What the commands of the program share. */
#ifndef SM_CLI_CLI_H
#define SM_CLI_CLI_H

#include <argp.h>
#include <simul.h>

/* A command: its arguments as main() has them, argv[0] being "simul NAME". Its result is the
 * exit status. */
int cmd_compare(int argc, char **argv);
int cmd_fetch(int argc, char **argv);
int cmd_serve(int argc, char **argv);

/** A number of an option's argument; anything else is an error of usage, and ends the program
 *  with a message that names the option. */
long cli_number(const struct argp_state *state, const char *option, const char *text,
                long min, long max);

/** The same for a time in seconds: a number >= 0, not infinite. */
double cli_seconds(const struct argp_state *state, const char *option,
                   const char *text);

/** Each connection is a descriptor: have as many as we may. */
void cli_raise_descriptor_limit(void);

#endif
