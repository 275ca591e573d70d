/* SPDX-License-Identifier: MIT */
/* Reading a program; one that is malformed ends the process. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

enum { STATEMENTS = 4096 };

struct statement *bodies[TASKS];
static struct statement pool[STATEMENTS];
static int used;

static _Noreturn void malformed(const char *line)
{
    fprintf(stderr, "malformed: %s\n", line);
    exit(2);
}

static const struct operation *find_in(const struct operation *table, const char *name)
{
    for (; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static const struct operation *find(const char *name)
{
    const struct operation *const tables[] = {simple_operations, primitive_operations,
                                              block_operations};
    const struct operation *op = NULL;
    for (size_t i = 0; !op && i < sizeof tables / sizeof *tables; i++)
        op = find_in(tables[i], name);
    return op;
}

static struct statement *new_statement(const char *line)
{
    if (used == STATEMENTS || strlen(line) >= sizeof pool->text)
        malformed(line);
    struct statement *s = &pool[used++];
    *s = (struct statement){0};
    strcpy(s->text, line);
    strcpy(s->words, line);
    char *save;
    for (char *word = strtok_r(s->words, " ", &save); word;
         word = strtok_r(NULL, " ", &save)) {
        if (s->argc == WORDS)
            malformed(line);
        s->argv[s->argc++] = word;
    }
    s->op = s->argc ? find(s->argv[0]) : NULL;
    return s;
}

/* "soon h0 cancel t1" and "later 0.5 h0 cancel t1": the callback is a statement, too. */
static void read_callback(struct statement *s)
{
    int words = strcmp(s->argv[0], "soon") == 0 ? 2 : 3;
    const char *at = s->text;
    for (int i = 0; i < words; i++)
        at += strcspn(at, " ") + 1;
    s->part[BODY] = new_statement(at);
    if (!s->part[BODY]->op)
        malformed(at);
}

static bool next_line(FILE *in, char *line, int size)
{
    if (!fgets(line, size, in))
        return false;
    line[strcspn(line, "\n")] = '\0';
    memmove(line, line + strspn(line, " "), strlen(line + strspn(line, " ")) + 1);
    return true;
}

static enum part part_named(const char *line)
{
    static const char *const names[PARTS] = {"", "except", "error", "finally"};
    for (int i = EXCEPT; i < PARTS; i++)
        if (strcmp(line, names[i]) == 0)
            return (enum part)i;
    return BODY;
}

/* The statements up to the end of this part; what ends it is left in `line`. */
static struct statement *read_list(FILE *in, char *line, int size)
{
    struct statement *first = NULL, **last = &first;
    while (next_line(in, line, size)) {
        if (part_named(line) != BODY || strcmp(line, "end") == 0
            || strcmp(line, "run") == 0 || strncmp(line, "task ", 5) == 0)
            return first;
        struct statement *s = new_statement(line);
        if (!s->op)
            malformed(line);
        if (strcmp(s->argv[0], "soon") == 0 || strcmp(s->argv[0], "later") == 0)
            read_callback(s);
        enum part part = BODY;
        for (bool open = s->op->opens; open; open = strcmp(line, "end") != 0) {
            s->has[part] = true;
            s->part[part] = read_list(in, line, size);
            part = part_named(line);
            if (part == BODY && strcmp(line, "end") != 0)
                malformed(line);
        }
        *last = s;
        last = &s->next;
    }
    return first;
}

bool read_program(FILE *in)
{
    char line[128];
    used = 0;
    memset(bodies, 0, sizeof bodies);
    do
        if (!next_line(in, line, sizeof line))
            return false;
    while (strncmp(line, "task ", 5) != 0);
    while (strcmp(line, "run") != 0) {
        int number = atoi(line + 5);
        if (strncmp(line, "task ", 5) != 0 || number < 0 || number >= TASKS)
            malformed(line);
        bodies[number] = read_list(in, line, sizeof line);
    }
    return true;
}
