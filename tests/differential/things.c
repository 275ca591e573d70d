/* SPDX-License-Identifier: MIT */
/* What the words of a program name, and how results are written. */
#include "script.h"

#include <stdlib.h>
#include <string.h>

enum {
    FUTURES = 3,
    LOCKS = 2,
    EVENTS = 2,
    CONDITIONS = 2,
    HANDLES = 4,
    HELD = 256,
    QUEUES = 4,
    BARRIERS = 2
};

static simul_future *tasks[TASKS], *futures[FUTURES], *outers[TASKS], *held[HELD];
static simul_as_completed *iterations[HELD];
static int held_count, iteration_count;
static simul_lock locks[LOCKS];
static simul_semaphore semaphores[3];
static simul_event events[EVENTS];
static simul_condition conditions[CONDITIONS];
static simul_barrier barriers[BARRIERS];
static simul_queue *queues[QUEUES];
static simul_handle *handles[HANDLES];

static int compare(const void *a, const void *b)
{
    return (int)((intptr_t)a - (intptr_t)b);
}

static void make_queues(void)
{
    queues[0] = simul_queue_new(1, NULL);
    queues[1] = simul_queue_new(0, NULL);
    queues[2] = simul_lifo_queue_new(2, NULL);
    queues[3] = simul_priority_queue_new(2, NULL, compare);
}

void make_things(void)
{
    make_queues();
    for (int i = 0; i < FUTURES; i++)
        futures[i] = simul_create_future();
    memset(locks, 0, sizeof locks);
    memset(events, 0, sizeof events);
    memset(conditions, 0, sizeof conditions);
    semaphores[0] = (simul_semaphore)SIMUL_SEMAPHORE(1);
    semaphores[1] = (simul_semaphore)SIMUL_BOUNDED_SEMAPHORE(2);
    semaphores[2] = (simul_semaphore)SIMUL_SEMAPHORE(0);
    barriers[0] = (simul_barrier)SIMUL_BARRIER(2);
    barriers[1] = (simul_barrier)SIMUL_BARRIER(3);
}

static int next_of(int *count)
{
    if (*count == HELD) {
        fprintf(stderr, "too many futures\n");
        exit(2);
    }
    return (*count)++;
}

simul_future *hold(simul_future *future)
{
    return held[next_of(&held_count)] = future;
}

simul_as_completed *hold_iteration(simul_as_completed *it)
{
    return iterations[next_of(&iteration_count)] = it;
}

void release_things(void)
{
    simul_release_all(held, (size_t)held_count);
    for (int i = 0; i < iteration_count; i++)
        simul_as_completed_release(iterations[i]);
    held_count = iteration_count = 0;
    for (int i = 0; i < QUEUES; i++)
        simul_queue_release(queues[i]);
    simul_release_all(tasks, TASKS);
    simul_release_all(outers, TASKS);
    simul_release_all(futures, FUTURES);
    for (int i = 0; i < HANDLES; i++) {
        simul_handle_release(handles[i]);
        handles[i] = NULL;
    }
}

static int index_of(const char *word, char letter, int n)
{
    int i = atoi(word + 1);
    if (word[0] != letter || i < 0 || i >= n) {
        fprintf(stderr, "no such thing: %s\n", word);
        exit(2);
    }
    return i;
}

simul_future **future_at(const char *word)
{
    switch (word[0]) {
    case 'f':
        return &futures[index_of(word, 'f', FUTURES)];
    case 'o':
        return &outers[index_of(word, 'o', TASKS)];
    default:
        return &tasks[index_of(word, 't', TASKS)];
    }
}

size_t futures_of(const struct statement *s, int from, simul_future *list[WORDS])
{
    size_t n = 0;
    for (int i = from; i < s->argc; i++)
        if (*future_at(s->argv[i]))
            list[n++] = *future_at(s->argv[i]);
    return n;
}

simul_lock *lock_at(const char *word)
{
    return &locks[index_of(word, 'l', LOCKS)];
}

simul_semaphore *semaphore_at(const char *word)
{
    return &semaphores[index_of(word, 's', 3)];
}

simul_event *event_at(const char *word)
{
    return &events[index_of(word, 'e', EVENTS)];
}

simul_condition *condition_at(const char *word)
{
    return &conditions[index_of(word, 'c', CONDITIONS)];
}

simul_barrier *barrier_at(const char *word)
{
    return &barriers[index_of(word, 'b', BARRIERS)];
}

simul_queue *queue_at(const char *word)
{
    return queues[index_of(word, 'q', QUEUES)];
}

simul_handle **handle_at(const char *word)
{
    return &handles[index_of(word, 'h', HANDLES)];
}

double seconds_of(const char *word)
{
    return strcmp(word, "none") == 0 ? SIMUL_FOREVER : atof(word);
}

static const char *error_name(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = {{-ETIMEDOUT, "timeout"},
                 {-SIMUL_ESTATE, "state"},
                 {-SIMUL_ESHUTDOWN, "shutdown"},
                 {-SIMUL_EBARRIER, "broken"},
                 {-EAGAIN, "again"},
                 {-EDEADLK, "deadlock"}};
    static char other[40];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].error == error)
            return names[i].name;
    if (error <= -ERR)
        snprintf(other, sizeof other, "err %d", -error - ERR);
    else
        snprintf(other, sizeof other, "%s", simul_error_name(error));
    return other;
}

const char *result_text(int r, const char *message)
{
    static char text[SAID];
    bool said = message && strcmp(message, simul_strerror(r)) != 0;
    if (r >= 0)
        snprintf(text, sizeof text, "%d", r);
    else if (r == -ECANCELED)
        snprintf(text, sizeof text, said ? "cancelled:%s" : "cancelled%s",
                 said ? message : "");
    else
        snprintf(text, sizeof text, "%s", error_name(r));
    return text;
}

const char *state_text(simul_future *future)
{
    if (!future)
        return "none";
    if (!simul_done(future))
        return "pending";
    return result_text(simul_error(future), NULL);
}

void say_states(char *said, const struct statement *s, int from)
{
    size_t at = 0;
    for (int i = from; i < s->argc; i++)
        at += (size_t)snprintf(said + at, SAID - at, "%c%s", i == from ? '[' : ',',
                               state_text(*future_at(s->argv[i])));
    snprintf(said + at, SAID - at, "]");
}
