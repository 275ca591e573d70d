/* SPDX-License-Identifier: MIT */
/*
 * Names and lines; see symbols.h.
 *
 * libdw keeps arrays of some hundred kilobytes on the stack, more than a task has. So it is
 * called in a coroutine with a large one, which takes questions for as long as the report
 * takes.
 */
#include "task/symbols.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"
#include "task/coro.h"

enum { STACK_SIZE = 2 << 20 };

/* ---- libdw, as far as we need it ------------------------------------------------------- */

/* Declared here, as it is needed neither to build the library nor to run it. */
struct callbacks {
    void *find_elf, *find_debuginfo, *section_address;
    char **debuginfo_path;
};

static struct {
    void *(*begin)(const struct callbacks *callbacks);
    void (*end)(void *dwfl);
    int (*report)(void *dwfl, pid_t pid);
    int (*report_end)(void *dwfl, void *removed, void *arg);
    void *(*module)(void *dwfl, uint64_t address);
    const char *(*name)(void *module, uint64_t address, uint64_t *offset, void *symbol,
                        void *index, void *elf, void *bias);
    void *(*line)(void *module, uint64_t address);
    const char *(*source)(void *line, uint64_t *address, int *number, int *column,
                          void *mtime, void *length);
    struct callbacks callbacks;
    bool there;
} dw;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void load(void)
{
    void *lib = dlopen("libdw.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!lib)
        return;
    struct {
        const char *name;
        void *to;
    } wanted[] = {
        {"dwfl_begin", &dw.begin},
        {"dwfl_end", &dw.end},
        {"dwfl_linux_proc_report", &dw.report},
        {"dwfl_report_end", &dw.report_end},
        {"dwfl_addrmodule", &dw.module},
        {"dwfl_module_addrinfo", &dw.name},
        {"dwfl_module_getsrc", &dw.line},
        {"dwfl_lineinfo", &dw.source},
        {"dwfl_linux_proc_find_elf", &dw.callbacks.find_elf},
        /* not the standard one, which may ask servers in the network */
        {"dwfl_build_id_find_debuginfo", &dw.callbacks.find_debuginfo},
    };
    dw.there = true;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        void *symbol = dlsym(lib, wanted[i].name);
        memcpy(wanted[i].to, &symbol, sizeof symbol);
        dw.there &= symbol != NULL;
    }
}

/* ---- on the large stack ---------------------------------------------------------------- */

struct sm_symbols {
    struct sm_coro coro;
    void *dwfl;
    uint64_t address; /* the question; 0: no more */
    struct sm_symbol *symbol;
};

static void *look_around(void)
{
    void *dwfl = dw.begin(&dw.callbacks);
    if (!dwfl)
        return NULL;
    if (dw.report(dwfl, getpid()) == 0 && dw.report_end(dwfl, NULL, NULL) == 0)
        return dwfl;
    dw.end(dwfl);
    return NULL;
}

static void answer(struct sm_symbols *symbols)
{
    struct {
        unsigned char bytes[64]; /* a GElf_Sym has 24 */
    } entry;
    struct sm_symbol *symbol = symbols->symbol;
    uint64_t offset = 0, at;
    void *module = dw.module(symbols->dwfl, symbols->address);
    if (!module)
        return;
    const char *name =
        dw.name(module, symbols->address, &offset, &entry, NULL, NULL, NULL);
    if (name) {
        snprintf(symbol->function, sizeof symbol->function, "%s", name);
        symbol->offset = (size_t)offset + 1; /* we look at the byte before */
    }
    void *line = dw.line(module, symbols->address);
    int number = 0;
    const char *file = line ? dw.source(line, &at, &number, NULL, NULL, NULL) : NULL;
    if (file && number > 0) {
        snprintf(symbol->file, sizeof symbol->file, "%s", file);
        symbol->line = number;
    }
}

static void body(struct sm_coro *coro)
{
    struct sm_symbols *symbols = sm_container_of(coro, struct sm_symbols, coro);
    symbols->dwfl = look_around();
    sm_coro_suspend(coro);
    while (symbols->address) {
        if (symbols->dwfl)
            answer(symbols);
        sm_coro_suspend(coro);
    }
    if (symbols->dwfl)
        dw.end(symbols->dwfl);
}

static void nothing(struct sm_coro *coro)
{
    (void)coro; /* nobody else runs while it lives */
}

/* ---- asking ------------------------------------------------------------------------------ */

struct sm_symbols *sm_symbols_open(void)
{
    pthread_once(&once, load);
    struct sm_symbols *symbols = dw.there ? sm_zalloc(sizeof *symbols) : NULL;
    if (!symbols)
        return NULL;
    symbols->coro.body = body;
    symbols->coro.lost = symbols->coro.last_call = nothing;
    symbols->coro.where = "a report";
    if (sm_coro_init(&symbols->coro, false) < 0)
        goto give_back;
    if (sm_coro_begin(&symbols->coro, STACK_SIZE) < 0)
        goto finish;
    sm_coro_enter(&symbols->coro);
    return symbols;

finish:
    sm_coro_finish(&symbols->coro);
give_back:
    sm_free(symbols);
    return NULL;
}

void sm_symbols_close(struct sm_symbols *symbols)
{
    if (!symbols)
        return;
    symbols->address = 0;
    sm_coro_enter(&symbols->coro);
    sm_coro_finish(&symbols->coro);
    sm_free(symbols);
}

/* What the dynamic linker knows. */
static void ask_linker(const char *address, struct sm_symbol *symbol)
{
    Dl_info info;
    if (!dladdr(address, &info))
        return;
    if (info.dli_fname)
        snprintf(symbol->file, sizeof symbol->file, "%s", info.dli_fname);
    symbol->offset = (size_t)(address - (const char *)info.dli_fbase);
    if (!info.dli_sname)
        return;
    snprintf(symbol->function, sizeof symbol->function, "%s", info.dli_sname);
    symbol->offset = (size_t)(address - (const char *)info.dli_saddr);
}

void sm_symbols_find(struct sm_symbols *symbols, const void *address,
                     struct sm_symbol *symbol)
{
    *symbol = (struct sm_symbol){.line = 0};
    /* a call that does not return may be the last instruction of its function */
    ask_linker((const char *)address - 1, symbol);
    symbol->offset++;
    if (!symbols)
        return;
    symbols->address = (uint64_t)(uintptr_t)address - 1;
    symbols->symbol = symbol;
    sm_coro_enter(&symbols->coro);
}

void sm_symbol_print(const char *function, const char *file, int line, size_t offset,
                     FILE *out)
{
    const char *what = function && function[0] ? function : file;
    fprintf(out, "%s+0x%zx", what && what[0] ? what : "?", offset);
    if (line > 0)
        fprintf(out, ", %s:%d", file, line);
}
