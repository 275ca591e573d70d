/* SPDX-License-Identifier: MIT */
/* What the files of operations share. */
#ifndef SM_DIFFERENTIAL_OPERATIONS_H
#define SM_DIFFERENTIAL_OPERATIONS_H

#include "script.h"

#define OP(name)                                                                       \
    static int name(struct actor *self, const struct statement *s, char *said)
#define ARG(n) (s->argv[n])
#define UNUSED ((void)self, (void)s, (void)said)

static inline int say(char *said, const char *text)
{
    snprintf(said, SAID, "%s", text);
    return 0;
}

static inline int say_bool(char *said, bool yes)
{
    return say(said, yes ? "yes" : "no");
}

#endif
