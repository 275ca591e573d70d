/* SPDX-License-Identifier: MIT */
/*
 * Failure injection. Every allocation and system call asks sm_fault() whether it is to
 * fail; the sites themselves lie in the section sm_sites, whose ends the linker names.
 * Threads share one counter: which thread makes the n-th call may differ from run to
 * run, that exactly one call fails does not.
 */
#ifdef SIMUL_FAULTS
#include "base/fault.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sys.h"

/* Weak: a program in which no site is linked has no such section. */
extern struct sm_fault_site first_site[] __asm__("__start_sm_sites")
    __attribute__((weak, visibility("hidden")));
extern struct sm_fault_site end_of_sites[] __asm__("__stop_sm_sites")
    __attribute__((weak, visibility("hidden")));

static atomic_ulong calls;   /* that counted */
static atomic_ulong failing; /* the number of the call that is to fail; 0: none */
static atomic_bool failed;
static unsigned long limit; /* calls of one site that count; 0: all */
static const char *log_path;

/* One line, one write: several processes append to the same file. */
static void log_line(const char *kind, const struct sm_fault_site *site,
                     unsigned long n)
{
    char line[512];
    int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return;
    int len = site ? snprintf(line, sizeof line, "%s %s:%d %s %lu\n", kind, site->file,
                              site->line, site->call, n)
                   : snprintf(line, sizeof line, "%s %lu\n", kind, n);
    if (write(fd, line, len) != len)
        fprintf(stderr, "simul: cannot write %s\n", log_path);
    close(fd);
}

static void log_sites(void)
{
    for (struct sm_fault_site *site = first_site; site < end_of_sites; site++)
        log_line("site", site, site->passed);
    log_line("calls", NULL, atomic_load(&calls));
}

static unsigned long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void read_environment(void)
{
    atomic_store(&failing, number_of("SIMUL_FAULT_NTH"));
    limit = number_of("SIMUL_FAULT_LIMIT");
    log_path = getenv("SIMUL_FAULT_LOG");
    if (log_path && atexit(log_sites) != 0)
        log_path = NULL;
}

bool sm_fault(struct sm_fault_site *site)
{
    unsigned passed = __atomic_add_fetch(&site->passed, 1, __ATOMIC_RELAXED);
    if (limit && passed > limit)
        return false;
    unsigned long n = atomic_fetch_add(&calls, 1) + 1;
    if (n != atomic_load(&failing))
        return false;
    __atomic_add_fetch(&site->hits, 1, __ATOMIC_RELAXED);
    atomic_store(&failed, true);
    if (log_path)
        log_line("hit", site, n);
    return true;
}

void sm_fault_arm(unsigned long n)
{
    atomic_store(&failing, 0);
    atomic_store(&failed, false);
    atomic_store(&calls, 0);
    atomic_store(&failing, n);
}

bool sm_fault_disarm(void)
{
    atomic_store(&failing, 0);
    return atomic_load(&failed);
}

unsigned long sm_fault_calls(void)
{
    return atomic_load(&calls);
}
#endif
