/* SPDX-License-Identifier: MIT */
/* The loop without tasks: callbacks, timers, readers and writers, signals, another thread. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "steps.h"

struct state {
    simul_loop *loop;
    int ends[2]; /* of a pipe */
    int calls, bytes, signals;
};

static void count(void *arg)
{
    ((struct state *)arg)->calls++;
}

static void stop(void *arg)
{
    simul_loop_stop(((struct state *)arg)->loop);
}

static void readable(void *arg)
{
    struct state *state = arg;
    char byte;
    state->bytes += read(state->ends[0], &byte, 1) == 1;
    simul_remove_reader(state->loop, state->ends[0]);
}

static void writable(void *arg)
{
    struct state *state = arg;
    if (write(state->ends[1], "x", 1) == 1)
        simul_remove_writer(state->loop, state->ends[1]);
}

static void signalled(void *arg)
{
    ((struct state *)arg)->signals++;
}

static void *from_outside(void *arg)
{
    struct state *state = arg;
    simul_call_soon_threadsafe(state->loop, count, state, NULL);
    return NULL;
}

static int plain_calls(struct state *state)
{
    simul_handle *handle = NULL;
    int r = simul_call_soon(state->loop, count, state, NULL);
    if (r >= 0)
        r = simul_call_later(state->loop, 0.001, count, state, NULL);
    if (r >= 0)
        r = simul_call_later(state->loop, 0.001, count, state, &handle);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    return r;
}

static int descriptors(struct state *state)
{
    int r = simul_add_reader(state->loop, state->ends[0], readable, state);
    return r < 0 ? r : simul_add_writer(state->loop, state->ends[1], writable, state);
}

static int signals(struct state *state)
{
    int r = simul_add_signal_handler(state->loop, SIGUSR1, signalled, state);
    if (r >= 0)
        raise(SIGUSR1);
    return r;
}

static int thread(struct state *state)
{
    pthread_t id;
    int r = pthread_create(&id, NULL, from_outside, state);
    if (r != 0)
        return -r;
    pthread_join(id, NULL);
    return 0;
}

/* Each on its own, whatever happened to the others; the first error. */
static int schedule_all(struct state *state)
{
    int (*const parts[])(struct state *) = {plain_calls, descriptors, signals, thread};
    int first = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        int r = parts[i](state);
        if (first >= 0 && r < 0)
            first = r;
    }
    return first;
}

static void remove_all(struct state *state)
{
    simul_remove_reader(state->loop, state->ends[0]);
    simul_remove_writer(state->loop, state->ends[1]);
    simul_remove_signal_handler(state->loop, SIGUSR1);
}

static int run(struct state *state)
{
    int r = schedule_all(state);
    int stopping = simul_call_later(state->loop, 0.05, stop, state, NULL);
    int ran = stopping < 0 ? stopping : simul_loop_run_forever(state->loop);
    remove_all(state);
    if (r < 0 || ran < 0)
        return r < 0 ? r : ran;
    return STEP_CHECK(state->calls == 3 && state->bytes == 1 && state->signals == 1);
}

static int with_loop(struct state *state)
{
    int r = simul_loop_new(&state->loop, NULL);
    if (r < 0)
        return r;
    r = run(state);
    int closed = simul_loop_close(state->loop);
    return r < 0 ? r : closed;
}

int main(void)
{
    struct state state = {0};
    steps_need_backend();
    if (pipe(state.ends) < 0)
        return 1;
    int r = with_loop(&state);
    close(state.ends[0]);
    close(state.ends[1]);
    return simul_exit(r);
}
