/* SPDX-License-Identifier: MIT */
/* Injection: see the header. The sites lie in the section sm_sites, whose ends the linker
 * names. */
#ifdef SIMUL_FAULTS
#include "base/fault.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
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

/* What is counted, and the number at which it happens (0: never). */
struct countdown {
    atomic_ulong count, at;
    atomic_bool happened;
};

static struct countdown calls, awaits;
static unsigned long limit; /* calls of one site that count; 0: all */
static const char *place;   /* part of the path of those that count; NULL: all */
static const char *log_path;
static const struct sm_fault_site **report;
static pid_t main_process; /* its children do not report totals */
static int descriptors;    /* open at the start */

static void arm(struct countdown *c, unsigned long n)
{
    atomic_store(&c->at, 0);
    atomic_store(&c->happened, false);
    atomic_store(&c->count, 0);
    atomic_store(&c->at, n);
}

static bool disarm(struct countdown *c)
{
    atomic_store(&c->at, 0);
    return atomic_load(&c->happened);
}

/* The number of this call if it is the one, else 0. */
static unsigned long count(struct countdown *c)
{
    unsigned long n = atomic_fetch_add(&c->count, 1) + 1;
    if (n != atomic_load(&c->at))
        return 0;
    atomic_store(&c->happened, true);
    return n;
}

/* One line, one write: several processes append to the same file. */
__attribute__((format(printf, 1, 2))) static void log_line(const char *fmt, ...)
{
    char line[512];
    va_list args;
    if (!log_path)
        return;
    va_start(args, fmt);
    int len = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    int fd = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || write(fd, line, len) != len)
        fprintf(stderr, "simul: cannot write %s\n", log_path);
    if (fd >= 0)
        close(fd);
}

/* How many descriptors this process has open. */
static int open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int n = -1; /* its own */
    while (dir && readdir(dir))
        n++;
    if (dir)
        closedir(dir);
    return n - 2; /* "." and ".." */
}

static void log_totals(void)
{
    if (getpid() != main_process)
        return;
    log_line("descriptors %d %d\n", descriptors, open_descriptors());
    log_line("calls %lu\n", atomic_load(&calls.count));
    log_line("awaits %lu\n", atomic_load(&awaits.count));
}

static unsigned long number_of(const char *name)
{
    const char *text = getenv(name);
    return text ? strtoul(text, NULL, 10) : 0;
}

__attribute__((constructor)) static void read_environment(void)
{
    atomic_store(&calls.at, number_of("SIMUL_FAULT_NTH"));
    atomic_store(&awaits.at, number_of("SIMUL_CANCEL_NTH"));
    limit = number_of("SIMUL_FAULT_LIMIT");
    place = getenv("SIMUL_FAULT_IN");
    log_path = getenv("SIMUL_FAULT_LOG");
    main_process = getpid();
    if (!log_path)
        return;
    for (struct sm_fault_site *site = first_site; site < end_of_sites; site++)
        log_line("site %s:%d %s\n", site->file, site->line, site->call);
    descriptors = open_descriptors();
    atexit(log_totals);
}

bool sm_fault(struct sm_fault_site *site)
{
    if (place && !strstr(site->file, place))
        return false;
    unsigned passed = __atomic_add_fetch(&site->passed, 1, __ATOMIC_RELAXED);
    if (limit && passed > limit)
        return false;
    unsigned long n = count(&calls);
    if (!n)
        return false;
    if (report)
        *report = site;
    log_line("hit %s:%d %s %lu\n", site->file, site->line, site->call, n);
    return true;
}

/* The limit is counted anew, too: what came before (a harness, an earlier test of the
 * same process) must not use it up. */
void sm_fault_arm(unsigned long n)
{
    atomic_store(&calls.at, 0);
    for (struct sm_fault_site *site = first_site; site < end_of_sites; site++)
        __atomic_store_n(&site->passed, 0, __ATOMIC_RELAXED);
    arm(&calls, n);
}

bool sm_fault_disarm(void)
{
    return disarm(&calls);
}

unsigned long sm_fault_calls(void)
{
    return atomic_load(&calls.count);
}

void sm_fault_report_to(const struct sm_fault_site **where)
{
    report = where;
}

bool sm_cancel_due(void)
{
    unsigned long n = count(&awaits);
    if (n)
        log_line("cancel %lu\n", n);
    return n;
}

void sm_cancel_arm(unsigned long n)
{
    arm(&awaits, n);
}

bool sm_cancel_disarm(void)
{
    return disarm(&awaits);
}

unsigned long sm_cancel_awaits(void)
{
    return atomic_load(&awaits.count);
}
#endif
