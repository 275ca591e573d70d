/* SPDX-License-Identifier: MIT */
/*
 * Names: the addresses of hosts, looked up once for all requests of the session that ask at
 * the same time, and kept for ten seconds (as aiohttp does).
 *
 * The first task that asks for a name looks it up; others who come meanwhile wait for it.
 * If the first is cancelled, the next one begins anew.
 */
#include "http/session.h"

#include <arpa/inet.h>
#include <math.h>
#include <string.h>

enum { NAMES_MAX = 256 }; /* kept at most, beside those in use */
#define KEPT_S 10.0

struct wait_for_name { /* on the stack of the task that waits */
    TAILQ_ENTRY(wait_for_name) link;
    simul_future *future;
    bool woken;
};

struct sm_name {
    TAILQ_ENTRY(sm_name) link;
    int users; /* tasks inside find_addresses() for it: it is not dropped */
    simul_timeout *looked_up; /* a task is doing that now, in this scope */
    unsigned round;           /* counts the answers */
    int error;                /* of the last one, or 0 */
    char *message;            /* owned; of the error; may be NULL */
    double until;             /* simul_time(): so long the addresses are good */
    char *resolved;           /* owned; as the engine takes it; NULL: not known */
    TAILQ_HEAD(, wait_for_name) waiters;
    unsigned port;
    char host[]; /* a name */
};

void sm_names_init(struct sm_names *names)
{
    TAILQ_INIT(&names->list);
}

/* ---- the list -------------------------------------------------------------------------- */

static void drop(struct sm_names *names, struct sm_name *name)
{
    TAILQ_REMOVE(&names->list, name, link);
    names->count--;
    sm_free(name->resolved);
    sm_free(name->message);
    sm_free(name);
}

void sm_names_finish(struct sm_names *names)
{
    struct sm_name *name;
    while ((name = TAILQ_FIRST(&names->list)))
        drop(names, name);
}

/* The oldest ones that nobody uses. */
static void make_room(struct sm_names *names)
{
    struct sm_name *it = TAILQ_FIRST(&names->list), *next;
    for (; it && names->count >= NAMES_MAX; it = next) {
        next = TAILQ_NEXT(it, link);
        if (it->users == 0)
            drop(names, it);
    }
}

static struct sm_name *name_of(struct sm_names *names, const char *host, unsigned port)
{
    struct sm_name *it;
    TAILQ_FOREACH(it, &names->list, link)
    if (it->port == port && strcmp(it->host, host) == 0)
        return it;
    make_room(names);
    it = sm_zalloc(sizeof *it + strlen(host) + 1);
    if (!it)
        return NULL;
    strcpy(it->host, host);
    it->port = port;
    TAILQ_INIT(&it->waiters);
    TAILQ_INSERT_TAIL(&names->list, it, link);
    names->count++;
    return it;
}

/* ---- looking up ------------------------------------------------------------------------ */

/* "host:port:address,address", the answer good for a while in the engine, too ('+'). */
static char *resolved_of(const struct sm_name *name, const simul_address *found, int n)
{
    char address[SIMUL_ADDRESS_TEXT];
    size_t size = strlen(name->host) + 16 + (size_t)n * (sizeof address + 3);
    char *text = sm_malloc(size);
    if (!text)
        return NULL;
    int len = snprintf(text, size, "+%s:%u:", name->host, name->port);
    for (int i = 0; i < n; i++) {
        if (simul_address_host(&found[i], address, sizeof address) <= 0)
            continue;
        bool ip6 = found[i].socket.ss_family == AF_INET6;
        len += snprintf(text + len, size - (size_t)len, ip6 ? "%s[%s]" : "%s%s",
                        text[len - 1] == ':' ? "" : ",", address);
    }
    return text;
}

static void wake_waiters(struct sm_name *name)
{
    struct wait_for_name *wait;
    while ((wait = TAILQ_FIRST(&name->waiters))) {
        TAILQ_REMOVE(&name->waiters, wait, link);
        wait->woken = true;
        simul_set_result(wait->future, 0);
    }
}

/* An answer, good or bad: for all who wait. A cancellation is this task's only. */
static void keep_answer(struct sm_name *name, int r, char *resolved)
{
    if (r != -ECANCELED) {
        name->round++;
        name->error = r < 0 ? r : 0;
        sm_free(name->message);
        name->message = r < 0 ? sm_strdup(simul_explain(r)) : NULL;
        sm_free(name->resolved);
        name->resolved = resolved;
        name->until = simul_time() + KEPT_S;
    }
    wake_waiters(name);
}

static int ask(const struct sm_name *name, char **resolved)
{
    simul_address *found;
    char port[8];
    snprintf(port, sizeof port, "%u", name->port);
    int n = simul_getaddrinfo(name->host, port, NULL, &found);
    if (n < 0)
        return n;
    *resolved = resolved_of(name, found, n);
    simul_addresses_release(found);
    return *resolved ? 0 : -ENOMEM;
}

/* The scope has no end of its own: sm_names_close() gives it one. */
static int look_up(struct sm_name *name)
{
    simul_timeout scope;
    char *resolved = NULL;
    simul_timeout_enter(&scope, INFINITY);
    name->looked_up = &scope;
    int r = (int)simul_timeout_exit(&scope, ask(name, &resolved));
    name->looked_up = NULL;
    if (r == -ETIMEDOUT)
        r = -ECONNABORTED;
    keep_answer(name, r, resolved);
    return r;
}

void sm_names_close(struct sm_names *names)
{
    struct sm_name *it;
    names->closed = true;
    TAILQ_FOREACH(it, &names->list, link)
    if (it->looked_up) /* without memory it ends by itself */
        simul_timeout_reschedule(it->looked_up, simul_time());
}

/* ---- waiting for another one's answer ---------------------------------------------------- */

static int wait_for_answer(struct sm_name *name)
{
    struct wait_for_name wait = {.future = simul_create_future()};
    if (!wait.future)
        return -ENOMEM;
    TAILQ_INSERT_TAIL(&name->waiters, &wait, link);
    int r = simul_await(wait.future);
    simul_release(wait.future);
    if (!wait.woken)
        TAILQ_REMOVE(&name->waiters, &wait, link);
    return r;
}

void sm_names_forget(struct sm_names *names)
{
    struct sm_name *it;
    TAILQ_FOREACH(it, &names->list, link)
    {
        struct wait_for_name *wait;
        it->looked_up = NULL;
        it->users = 0;
        while ((wait = TAILQ_FIRST(&it->waiters))) {
            TAILQ_REMOVE(&it->waiters, wait, link);
            simul_release(wait->future);
        }
    }
    names->closed = true;
}

static int error_of(const struct sm_name *name)
{
    return name->message ? simul_fail(name->error, "%s", name->message) : name->error;
}

static int find_addresses(const struct sm_names *names, struct sm_name *name)
{
    unsigned round = name->round;
    int r = 0;
    while (r >= 0) {
        if (names->closed)
            return -ECONNABORTED;
        if (name->resolved && simul_time() < name->until)
            return 0;
        if (name->round != round && name->error < 0)
            return error_of(name);
        r = name->looked_up ? wait_for_answer(name) : look_up(name);
    }
    return r;
}

static bool is_number(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET, host, &address) == 1
           || inet_pton(AF_INET6, host, &address) == 1;
}

int sm_names_find(struct sm_names *names, const char *host, unsigned port, char **text)
{
    *text = NULL;
    if (is_number(host))
        return 0;
    struct sm_name *name = name_of(names, host, port);
    if (!name)
        return -ENOMEM;
    name->users++;
    int r = find_addresses(names, name);
    name->users--;
    if (r >= 0 && !(*text = sm_strdup(name->resolved)))
        r = -ENOMEM;
    return r;
}
