/* SPDX-License-Identifier: MIT */
/*
 * Names and lines for addresses of code, for reports.
 *
 * libdw (of elfutils) knows static functions and source lines. It is looked for with
 * dlopen(3) when the first report is written, so that no program has to load it and what it
 * needs; where it is missing dladdr(3) knows the functions that the dynamic linker does.
 */
#ifndef SM_TASK_SYMBOLS_H
#define SM_TASK_SYMBOLS_H

#include <stddef.h>
#include <stdio.h>

struct sm_symbol {
    char function[128]; /* "": not known */
    char
        file[256]; /* source file, or with line 0 the program or library; "": neither */
    int line;
    size_t offset; /* in the function, or without one in the program or library */
};

/* A look at what the process has loaded, for one report. */
struct sm_symbols;

/** NULL: no libdw, or no memory for it; the others then do what they can. */
struct sm_symbols *sm_symbols_open(void);
void sm_symbols_close(struct sm_symbols *symbols);

/** What a return address belongs to. */
void sm_symbols_find(struct sm_symbols *symbols, const void *address,
                     struct sm_symbol *symbol);

/** A line of a report, "name+0x12, file.c:34", without a newline. */
void sm_symbol_print(const char *function, const char *file, int line, size_t offset,
                     FILE *out);

#endif
