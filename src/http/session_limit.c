/* SPDX-License-Identifier: MIT */
/*
 * Places: how many exchanges go on at once, in all and with one host.
 *
 * Who finds no place waits; the place that is given back goes to the one who has waited
 * longest among those whose host has room. It is handed over: nobody can come between.
 *
 *  L1. Nobody waits for whom there is a place: so a newcomer that finds one takes it from
 *      nobody.
 *  L2. A waiter that was granted a place and cancelled in the same pass gives it back.
 */
#include "http/session.h"

#include <limits.h>
#include <string.h>

/* On the stack of the task that waits. */
struct sm_wait_for_place {
    TAILQ_ENTRY(sm_wait_for_place)
    link; /* in its host's waiters, until it is decided */
    simul_future *future;
    uint64_t arrival;
    bool decided; /* it has the place, or an error */
    int error;
};

void sm_places_init(struct sm_places *places, int limit, int limit_per_host)
{
    places->limit = limit;
    places->limit_per_host = limit_per_host;
    TAILQ_INIT(&places->waiting_hosts);
    TAILQ_INIT(&places->any.waiters);
    for (int i = 0; i < SM_HOST_BUCKETS; i++)
        LIST_INIT(&places->hosts[i]);
}

/* ---- hosts ----------------------------------------------------------------------------- */

static bool is_counted(const struct sm_places *places)
{
    return places->limit_per_host != INT_MAX;
}

static unsigned bucket_of(const char *peer)
{
    unsigned hash = 2166136261u;
    for (const char *p = peer; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    return hash % SM_HOST_BUCKETS;
}

static struct sm_host *new_host(struct sm_places *places, const char *peer)
{
    struct sm_host *host = sm_zalloc(sizeof *host);
    if (!host)
        return NULL;
    TAILQ_INIT(&host->waiters);
    snprintf(host->peer, sizeof host->peer, "%s", peer);
    LIST_INSERT_HEAD(&places->hosts[bucket_of(peer)], host, link);
    return host;
}

static struct sm_host *host_of(struct sm_places *places, const char *peer)
{
    struct sm_host *it;
    if (!is_counted(places))
        return &places->any;
    LIST_FOREACH(it, &places->hosts[bucket_of(peer)], link)
    if (strcmp(it->peer, peer) == 0)
        return it;
    return new_host(places, peer);
}

static void drop_if_unused(struct sm_places *places, struct sm_host *host)
{
    if (host == &places->any || host->active > 0 || !TAILQ_EMPTY(&host->waiters))
        return;
    LIST_REMOVE(host, link);
    sm_free(host);
}

static bool has_room(const struct sm_places *places, const struct sm_host *host)
{
    return places->active < places->limit && host->active < places->limit_per_host;
}

static void occupy(struct sm_places *places, struct sm_host *host)
{
    places->active++;
    host->active++;
}

/* ---- waiting --------------------------------------------------------------------------- */

static void enqueue(struct sm_places *places, struct sm_host *host,
                    struct sm_wait_for_place *wait)
{
    wait->arrival = places->arrivals++;
    if (TAILQ_EMPTY(&host->waiters))
        TAILQ_INSERT_TAIL(&places->waiting_hosts, host, waiting_link);
    TAILQ_INSERT_TAIL(&host->waiters, wait, link);
}

static void dequeue(struct sm_places *places, struct sm_host *host,
                    struct sm_wait_for_place *wait)
{
    TAILQ_REMOVE(&host->waiters, wait, link);
    if (TAILQ_EMPTY(&host->waiters))
        TAILQ_REMOVE(&places->waiting_hosts, host, waiting_link);
}

static void decide(struct sm_places *places, struct sm_host *host,
                   struct sm_wait_for_place *wait, int error)
{
    dequeue(places, host, wait);
    wait->decided = true;
    wait->error = error;
    simul_set_result(wait->future, 0); /* too late if it is cancelled: L2 */
}

/* The one who has waited longest and has room; NULL: nobody. */
static struct sm_host *next_host(struct sm_places *places)
{
    struct sm_host *it, *best = NULL;
    TAILQ_FOREACH(it, &places->waiting_hosts, waiting_link)
    if (has_room(places, it)
        && (!best
            || TAILQ_FIRST(&it->waiters)->arrival
                   < TAILQ_FIRST(&best->waiters)->arrival))
        best = it;
    return best;
}

static void grant(struct sm_places *places)
{
    struct sm_host *host;
    while ((host = next_host(places))) {
        occupy(places, host);
        decide(places, host, TAILQ_FIRST(&host->waiters), 0);
    }
}

static void vacate(struct sm_places *places, struct sm_host *host)
{
    places->active--;
    host->active--;
    grant(places);
}

static int wait_for_place(struct sm_places *places, struct sm_host *host)
{
    struct sm_wait_for_place wait = {.future = simul_create_future()};
    if (!wait.future)
        return -ENOMEM;
    enqueue(places, host, &wait);
    int r = simul_await(wait.future);
    simul_release(wait.future);
    if (!wait.decided)
        dequeue(places, host, &wait);
    else if (wait.error < 0)
        return wait.error;
    else if (r < 0)
        vacate(places, host); /* L2 */
    return r;
}

int sm_place_take(struct sm_places *places, const char *peer, struct sm_host **place)
{
    int r = 0;
    struct sm_host *host = host_of(places, peer);
    if (!host)
        return -ENOMEM;
    if (has_room(places, host))
        occupy(places, host);
    else
        r = wait_for_place(places, host);
    if (r >= 0)
        *place = host;
    else
        drop_if_unused(places, host);
    return r;
}

void sm_place_give(struct sm_places *places, struct sm_host *place)
{
    vacate(places, place);
    drop_if_unused(places, place);
}

void sm_places_fail(struct sm_places *places, int error)
{
    struct sm_host *host;
    while ((host = TAILQ_FIRST(&places->waiting_hosts)))
        decide(places, host, TAILQ_FIRST(&host->waiters), error);
}

void sm_places_forget(struct sm_places *places)
{
    struct sm_host *host;
    while ((host = TAILQ_FIRST(&places->waiting_hosts))) {
        struct sm_wait_for_place *wait = TAILQ_FIRST(&host->waiters);
        dequeue(places, host, wait);
        simul_release(wait->future);
        drop_if_unused(places, host);
    }
}
