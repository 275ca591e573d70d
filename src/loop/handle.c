/* SPDX-License-Identifier: MIT */
/*
 * Handles: callbacks that were scheduled, by call_soon (in the ring) or call_at (in the
 * timers). The loop holds one reference while it is scheduled, the user another if he
 * asked for the handle.
 */
#include <math.h>

#include "base/sys.h"
#include "loop/context.h"
#include "loop/loop.h"

static void unref(struct simul_handle *handle)
{
    if (__atomic_sub_fetch(&handle->refs, 1, __ATOMIC_ACQ_REL) > 0)
        return;
    simul_context_release(handle->context);
    sm_free(handle);
}

static void run(struct sm_ready *ready)
{
    struct simul_handle *handle =
        sm_container_of(ready, struct simul_handle, post.ready);
    sm_post_arrived(handle->loop, &handle->post);
    if (!__atomic_load_n(&handle->cancelled, __ATOMIC_ACQUIRE))
        sm_context_call(&handle->context, handle->fn, handle->arg);
    unref(handle);
}

static void fire(struct sm_timer *timer)
{
    struct simul_handle *handle = sm_container_of(timer, struct simul_handle, timer);
    sm_list_remove(&handle->post.link);
    handle->in_timers = false;
    sm_post_schedule(handle->loop, &handle->post);
}

/* The loop closes: it will not be called. */
static void drop(struct sm_post *post)
{
    struct simul_handle *handle = sm_container_of(post, struct simul_handle, post);
    sm_timer_stop(&handle->loop->timers, &handle->timer);
    handle->in_timers = false;
    __atomic_store_n(&handle->cancelled, true, __ATOMIC_RELEASE);
    unref(handle);
}

int sm_handle_make(struct simul_loop *loop, simul_callback_fn *fn, void *arg,
                   struct simul_handle **ret)
{
    struct simul_handle *handle = sm_zalloc(sizeof *handle);
    if (!handle)
        return -ENOMEM;
    if (sm_context_copy(sm_context_current(), &handle->context) < 0) {
        sm_free(handle);
        return -ENOMEM;
    }
    handle->post.ready.run = run;
    handle->post.drop = drop;
    handle->timer.fire = fire;
    handle->loop = loop;
    handle->fn = fn;
    handle->arg = arg;
    handle->refs = 1;
    *ret = handle;
    return 0;
}

/* A handle with a place in the ring of a loop that is open. */
static int make_reserved(struct simul_loop *loop, simul_callback_fn *fn, void *arg,
                         struct simul_handle **ret)
{
    int r = sm_loop_mine(loop);
    if (r < 0)
        return r;
    r = sm_ring_reserve(&loop->ready);
    if (r < 0)
        return r;
    r = sm_handle_make(loop, fn, arg, ret);
    if (r < 0)
        sm_ring_unreserve(&loop->ready);
    return r;
}

static void give(struct simul_handle *handle, struct simul_handle **ret)
{
    if (!ret)
        return;
    handle->refs++;
    *ret = handle;
}

int simul_call_soon(simul_loop *loop, simul_callback_fn *fn, void *arg,
                    simul_handle **ret)
{
    struct simul_handle *handle;
    int r = make_reserved(sm_loop_or_running(loop), fn, arg, &handle);
    if (r < 0)
        return r;
    give(handle, ret);
    sm_post_schedule(handle->loop, &handle->post);
    return 0;
}

int simul_call_at(simul_loop *loop, double when, simul_callback_fn *fn, void *arg,
                  simul_handle **ret)
{
    if (isnan(when))
        return -EINVAL;
    struct simul_handle *handle;
    loop = sm_loop_or_running(loop);
    int r = make_reserved(loop, fn, arg, &handle);
    if (r < 0)
        return r;
    r = sm_timer_start(&loop->timers, &handle->timer, when);
    if (r < 0) {
        sm_ring_unreserve(&loop->ready);
        unref(handle);
        return r;
    }

    handle->when = when;
    handle->in_timers = true;
    sm_list_push(&loop->timed, &handle->post.link);
    give(handle, ret);
    return 0;
}

int simul_call_later(simul_loop *loop, double delay, simul_callback_fn *fn, void *arg,
                     simul_handle **ret)
{
    return simul_call_at(loop, simul_loop_time(loop) + delay, fn, arg, ret);
}

void simul_handle_cancel(simul_handle *handle)
{
    if (!handle || __atomic_exchange_n(&handle->cancelled, true, __ATOMIC_ACQ_REL))
        return;
    if (!handle->in_timers)
        return; /* it is skipped when its turn comes */
    struct simul_loop *loop = handle->loop;
    handle->in_timers = false;
    sm_timer_stop(&loop->timers, &handle->timer);
    sm_list_remove(&handle->post.link);
    sm_ring_unreserve(&loop->ready);
    unref(handle);
}

bool simul_handle_cancelled(const simul_handle *handle)
{
    return !handle || __atomic_load_n(&handle->cancelled, __ATOMIC_ACQUIRE);
}

double simul_handle_when(const simul_handle *handle)
{
    return handle ? handle->when : 0;
}

void simul_handle_release(simul_handle *handle)
{
    if (handle)
        unref(handle);
}
