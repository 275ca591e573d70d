/* SPDX-License-Identifier: MIT */
/* The loop without tasks: callbacks, timers, readers and writers, signals, another thread. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "steps.h"

/* What was scheduled counts as awaited until it has happened; then the loop stops. There is
 * no time limit: if something that was promised does not happen, the program hangs. */
struct state {
    simul_loop *loop;
    int ends[2]; /* of a pipe */
    int awaited, calls, bytes, signals;
};

static int await(struct state *state, int r)
{
    state->awaited += r >= 0;
    return r;
}

static void happened(struct state *state)
{
    if (--state->awaited == 0)
        simul_loop_stop(state->loop);
}

static void count(void *arg)
{
    struct state *state = arg;
    state->calls++;
    happened(state);
}

static void readable(void *arg)
{
    struct state *state = arg;
    char byte;
    state->bytes += read(state->ends[0], &byte, 1) == 1;
    simul_remove_reader(state->loop, state->ends[0]);
    happened(state);
}

static void writable(void *arg)
{
    struct state *state = arg;
    if (write(state->ends[1], "x", 1) == 1)
        simul_remove_writer(state->loop, state->ends[1]);
}

static void signalled(void *arg)
{
    struct state *state = arg;
    state->signals++;
    happened(state);
}

static int plain_calls(struct state *state)
{
    simul_handle *handle = NULL;
    int r = await(state, simul_call_soon(state->loop, count, state, NULL));
    if (r >= 0)
        r = await(state, simul_call_later(state->loop, 0.001, count, state, NULL));
    if (r >= 0)
        r = simul_call_later(state->loop, 0.001, count, state, &handle);
    simul_handle_cancel(handle);
    simul_handle_release(handle);
    return r;
}

/* The writer comes first: without it nothing would ever be readable. */
static int descriptors(struct state *state)
{
    int r = simul_add_writer(state->loop, state->ends[1], writable, state);
    if (r < 0)
        return r;
    return await(state, simul_add_reader(state->loop, state->ends[0], readable, state));
}

static int signals(struct state *state)
{
    int r = simul_add_signal_handler(state->loop, SIGUSR1, signalled, state);
    if (await(state, r) >= 0)
        raise(SIGUSR1);
    return r;
}

struct outside {
    struct state *state;
    int result;
};

static void *from_outside(void *arg)
{
    struct outside *outside = arg;
    struct state *state = outside->state;
    outside->result = simul_call_soon_threadsafe(state->loop, count, state, NULL);
    return NULL;
}

static int thread(struct state *state)
{
    struct outside outside = {state, 0};
    pthread_t id;
    int r = pthread_create(&id, NULL, from_outside, &outside);
    if (r != 0)
        return -r;
    pthread_join(id, NULL);
    return await(state, outside.result);
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
    int ran = state->awaited ? simul_loop_run_forever(state->loop) : 0;
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
